# SPDX-License-Identifier: MIT
import json
import math
import os
import random
import re
import shutil
import signal
import subprocess
import time

from harness import HOPSACK, TINY, Case, auc, cohort, main, read, run, snapshot, table, without_times

QUICK = "--train.updates=30", "--train.evaluate_every=15"
BITS = "model.safetensors", "predictions.tsv", "splits.tsv", "config.yaml"


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def bits(path):
    """All that must be equal in two runs, by file."""
    found = {}
    for where, _, names in os.walk(path):
        for name in names:
            full = os.path.join(where, name)
            short = os.path.relpath(full, path)
            if name in BITS:
                found[short] = read(full)
            elif name in ("summary.json", "metrics.jsonl"):
                found[short] = without_times(full)
    return found


def mean(values):
    values = [v for v in values if not math.isnan(v)]
    return sum(values) / len(values)


def std(values):
    middle = mean(values)
    return math.sqrt(sum((v - middle) ** 2 for v in values) / (len(values) - 1))


class Crossval(Case):
    COMMON = "crossval", TINY, "--data.path=c.h5", "--target=status", "--splits.n_repeat=2", "--splits.n_fold=4"

    @classmethod
    def prepare(cls):
        cohort("c.h5", n_seq=30)
        done = run(*cls.COMMON, "-o", "a", threads=2)
        assert done.returncode == 0, done.stderr
        cls.said = done

    def same(self, one, other):
        a, b = bits(one), bits(other)
        self.assertEqual(sorted(a), sorted(b))
        for name in a:
            self.assertEqual(a[name], b[name], f"{one}/{name} and {other}/{name}")

    # ---- what is written ----

    def test_folder_is_whole(self):
        self.assertEqual(set(os.listdir("a")), {"bags.tsv", "config.yaml", "manifest.json", "summary.json", "summary.md", "predictions.tsv",
                                                "splits.tsv", "rep00", "rep01", "lock"})
        folds = {f"a/rep{r:02}/fold{f:02}" for r in range(2) for f in range(4)}
        for fold in folds:
            self.assertIn("model.safetensors", os.listdir(fold))
        splits = table("a/splits.tsv")
        self.assertEqual(list(splits[0]), ["bag", "rep00", "rep01"])
        for r in ("rep00", "rep01"):
            self.assertEqual(sorted(row[r] for row in splits), sorted("0123" * 10))
        self.assertNotEqual([row["rep00"] for row in splits], [row["rep01"] for row in splits])
        number = {row["bag"]: (row["rep00"], row["rep01"]) for row in splits}
        rows = table("a/predictions.tsv")
        self.assertEqual(list(rows[0]), "bag task class target output probability part repeat fold".split())
        self.assertEqual(len(rows), 80)
        for row in rows:
            self.assertEqual(row["part"], "test")
            self.assertEqual(number[row["bag"]][int(row["repeat"])], row["fold"])
        inside = [row for row in table("a/rep01/fold02/predictions.tsv") if row["part"] == "test"]
        self.assertEqual(inside, [row for row in rows if (row["repeat"], row["fold"]) == ("1", "2")])

    def test_summary_is_what_the_predictions_say(self):
        rows, summary = table("a/predictions.tsv"), load("a/summary.json")["tasks"]["status"]
        areas = [[auc([x for x in rows if (x["repeat"], x["fold"]) == (str(r), str(f))]) for f in range(4)] for r in range(2)]
        means = [mean(a) for a in areas]
        self.assertAlmostEqual(summary["auc_mean"], mean(means), 12)
        self.assertAlmostEqual(summary["auc_std_repeats"], std(means), 12)
        self.assertAlmostEqual(summary["auc_std_folds"], std(sum(areas, [])), 12)
        pooled = [auc([x for x in rows if x["repeat"] == str(r)]) for r in range(2)]
        self.assertAlmostEqual(summary["auc_pooled"], mean(pooled), 12)
        hits = [(float(x["output"]) > 0) == (x["target"] == "1") for x in rows]
        self.assertAlmostEqual(summary["accuracy_mean"], sum(hits) / 80, 12)  # folds are equally large
        self.assertEqual((summary["n_bags"], summary["n_folds"], summary["n_repeats"]), (40, 8, 2))
        low, high = summary["auc_ci95"]
        self.assertTrue(0 <= low < summary["auc_mean"] < high <= 1, summary["auc_ci95"])
        self.assertGreater(summary["seconds"], 0)
        for r, repeat in enumerate(summary["repeats"]):
            self.assertEqual((repeat["repeat"], repeat["n_bags"], repeat["n_folds"]), (r, 40, 4))
            self.assertAlmostEqual(repeat["auc_mean"], means[r], 12)
            self.assertAlmostEqual(repeat["auc_pooled"], pooled[r], 12)
            self.assertEqual([f["fold"] for f in repeat["folds"]], [0, 1, 2, 3])
            for f, fold in enumerate(repeat["folds"]):
                self.assertAlmostEqual(fold["auc"], areas[r][f], 12)
        said = self.good("crossval", "--resume", "-o", "a", "--json")
        self.assertEqual(json.loads(said.stdout), load("a/summary.json"))

    def test_interval_covers_what_resampling_gives(self):
        """Another program's draws, the same definition: one repetition, bags drawn within the test folds."""
        rows, repeat = table("a/predictions.tsv"), load("a/summary.json")["tasks"]["status"]["repeats"][0]
        folds = [[x for x in rows if (x["repeat"], x["fold"]) == ("0", str(f))] for f in range(4)]
        draw = random.Random(1)
        found = sorted(mean([auc(draw.choices(fold, k=len(fold))) for fold in folds]) for _ in range(2000))
        self.assertAlmostEqual(repeat["auc_ci95"][0], found[50], delta=0.02)
        self.assertAlmostEqual(repeat["auc_ci95"][1], found[1949], delta=0.02)

    def test_table_for_people(self):
        text, summary = read("a/summary.md").decode(), load("a/summary.json")["tasks"]["status"]
        self.assertIn(f"**AUC {summary['auc_mean']:.3f} ± {summary['auc_std_folds']:.3f}**", text)
        self.assertIn("{:.3f} to {:.3f}".format(*summary["auc_ci95"]), text)
        self.assertEqual(len(re.findall(r"^\| [01] \| [0-3] \| 10 \|", text, re.M)), 8)
        self.assertEqual(len(re.findall(r"^\| [01] \| mean ± std \| 40 \|", text, re.M)), 2)
        self.assertIn(f"status: AUC {summary['auc_mean']:.3f} ± ", self.said.stdout)
        self.assertEqual(len(re.findall(r"^rep0[01]/fold0[0-3] done: test auc ", self.said.stderr, re.M)), 8)

    # ---- the same bits ----

    def test_threads_and_shards(self):
        for threads in (1, 3):
            self.good(*self.COMMON, "-o", f"t{threads}", threads=threads)
            self.same("a", f"t{threads}")
        for k in (3, 1, 2):
            done = self.good(*self.COMMON, "-o", "shards", f"--shard={k}/3")
            self.assertEqual("of 8 folds are done" in done.stdout, k != 2, done.stdout)
        self.same("a", "shards")

    def test_one_after_the_other_is_the_same(self):
        """Bags that are not held are read by one training at a time."""
        self.good(*self.COMMON, "-o", "read", "--data.cache=1KB", threads=2)
        a, b = bits("a"), bits("read")
        for name in a:
            if "predictions" in name:
                self.assertEqual(a[name], b[name], name)

    def test_fold_alone_is_the_same(self):
        words = ["train" if word == "crossval" else word for word in self.COMMON]
        self.good(*words, "--splits.repeat=1", "--fold=2", "-o", "alone")
        for file in BITS:
            self.assertEqual(read(f"a/rep01/fold02/{file}"), read(f"alone/{file}"), file)
        self.assertEqual(without_times("a/rep01/fold02/summary.json"), without_times("alone/summary.json"))

    def test_own_splits_are_read_back(self):
        self.good("crossval", TINY, "--data.path=c.h5", "--target=status", "--splits=a/splits.tsv", "-o", "again")
        for file in ("predictions.tsv", "splits.tsv"):
            self.assertEqual(read(f"a/{file}"), read(f"again/{file}"), file)

    def test_groups_stay_together(self):
        rows = table("a/splits.tsv")
        with open("donors.tsv", "w", encoding="utf-8") as file:
            file.write("ID\tstatus\tdonor\n")
            for i, row in enumerate(rows):
                file.write(f"{row['bag']}\t{'+-'[i // 2 % 2]}\td{i // 2}\n")
        self.good("crossval", TINY, *QUICK, "--data.path=c.h5", "--metadata=donors.tsv", "--target=status", "--group=donor",
                  "--splits.n_fold=3", "-o", "g")
        splits = table("g/splits.tsv")
        self.assertEqual(list(splits[0]), ["bag", "rep00", "group"])
        self.assertEqual(len({(row["group"], row["rep00"]) for row in splits}), 20)

    # ---- beginning, continuing, overwriting ----

    def test_resume_of_a_finished_run_changes_nothing(self):
        before = bits("a")
        self.good("crossval", "--resume", "-o", "a")
        self.assertEqual(before, bits("a"))

    def test_longer_training_goes_on(self):
        self.good(*self.COMMON, *QUICK, "-o", "long")
        self.good(*self.COMMON, *QUICK[1:], "--train.updates=40", "-o", "long", "--resume", "--shard=1/2")
        self.assertNotIn("summary.json", os.listdir("long"))  # that of 30 updates would be a lie
        self.good(*self.COMMON, *QUICK[1:], "--train.updates=40", "-o", "long", "--resume")
        self.good(*self.COMMON, *QUICK[1:], "--train.updates=40", "-o", "long40")
        self.same("long", "long40")

    def test_damaged_fold_is_done_again(self):
        shutil.copytree("a", "hurt")
        with open("hurt/rep01/fold01/summary.json", "r+", encoding="utf-8") as file:
            file.truncate(100)
        os.remove("hurt/rep00/fold03/model.safetensors")
        self.good("crossval", "--resume", "-o", "hurt")
        self.same("a", "hurt")

    def test_force_begins_anew(self):
        shutil.copytree("a", "old")
        self.good(*self.COMMON[:4], *QUICK, "--splits.n_fold=3", "-o", "old", "--force")
        self.assertEqual(sorted(os.listdir("old/rep00")), ["fold00", "fold01", "fold02"])
        self.assertFalse(os.path.exists("old/rep01"))

    def test_dry_run(self):
        before = snapshot(".")
        plan = json.loads(self.good(*self.COMMON, "-o", "plan", "--dry-run", "--json", threads=2).stdout)
        self.assertEqual((plan["jobs"], plan["done"], plan["mine"], plan["at_once"]), (8, 0, 8, 2))
        plan = json.loads(self.good("crossval", "-o", "a", "--shard=1/2", "--dry-run", "--json").stdout)
        self.assertEqual((plan["jobs"], plan["done"], plan["mine"]), (8, 8, 0))
        self.assertEqual(before, snapshot("."))

    # ---- data ----

    def test_fold_of_one_class_and_other_tasks(self):
        rows = table("a/splits.tsv")
        with open("odd.tsv", "w", encoding="utf-8") as file:
            file.write("ID\tstatus\tage\tkind\tfold\n")
            for i, row in enumerate(rows):
                label = "+-"[i % 2]
                file.write(f"{row['bag']}\t{label}\t{20 + i}\t{'abc'[i % 3]}\t{0 if label == '+' and i < 20 else 1 + i % 3}\n")
        with open("odd.yaml", "w", encoding="utf-8") as file:
            file.write("data: {path: c.h5, metadata: odd.tsv}\nsplits: {file: odd.tsv, validation: 0.2}\ntasks:\n"
                       "  - {name: ill, column: status, kind: binary}\n"
                       "  - {name: age, column: age, kind: regression, weight: 0.1}\n"
                       "  - {name: hla, column: kind, kind: multiclass, classes: [a, b, c]}\n"
                       "train: {updates: 30, evaluate_every: 15}\nmodel: {embedder: {n_kernel: 8}, pooling: {n_unit: 8}}\n")
        done = self.good("crossval", "odd.yaml", "-o", "odd")
        tasks = load("odd/summary.json")["tasks"]
        folds = tasks["ill"]["repeats"][0]["folds"]
        self.assertIsNone(folds[0]["auc"])
        self.assertEqual((tasks["ill"]["n_folds"], tasks["ill"]["n_bags"]), (3, 40))
        self.assertAlmostEqual(tasks["ill"]["auc_mean"], mean([f["auc"] for f in folds[1:]]), 12)
        rows = [row for row in table("odd/predictions.tsv") if row["task"] == "age"]
        errors = [mean([abs(float(x["output"]) - float(x["target"])) for x in rows if x["fold"] == str(f)]) for f in range(4)]
        self.assertAlmostEqual(tasks["age"]["mae_mean"], mean(errors), 4)
        self.assertAlmostEqual(tasks["age"]["mae_std_folds"], std(errors), 4)
        self.assertEqual(tasks["hla"]["kind"], "multiclass")
        self.assertIn("bacc_mean", tasks["hla"])
        self.assertEqual([line.split(":")[0] for line in done.stdout.splitlines()], ["ill", "age", "hla"])
        self.assertNotIn("auc_mean_tasks", load("odd/summary.json"))  # one task has an AUC
        self.assertIn("–", read("odd/summary.md").decode())

    def test_mean_over_tasks(self):
        """Of the AUC of each fold; a task whose AUC is not defined there does not count."""
        keys = [row["bag"] for row in table("a/splits.tsv")]
        with open("many.tsv", "w", encoding="utf-8") as file:
            file.write("ID\tx\ty\tz\tage\tone\ttwo\n")
            for i, key in enumerate(keys):
                z = 0 if i % 4 == 0 else i // 4 % 2  # fold 0 of column one has no 1
                file.write(f"{key}\t{i % 2}\t{i // 3 % 2}\t{z}\t{i}\t{i % 4}\t{i // 5 % 4}\n")
        with open("many.yaml", "w", encoding="utf-8") as file:
            file.write("data: {path: c.h5, metadata: many.tsv}\nsplits: {file: many.tsv, columns: [one, two], validation: none}\ntasks:\n"
                       + "".join(f"  - {{name: {t}, column: {t}, kind: binary, positive: '1'}}\n" for t in "xyz")
                       + "  - {name: age, column: age, kind: regression, weight: 0.1}\n"
                       "train: {updates: 10, keep: last}\nmodel: {embedder: {n_kernel: 4}, pooling: {n_unit: 4}}\n")
        done = self.good("crossval", "many.yaml", "-o", "many")
        summary, rows = load("many/summary.json"), table("many/predictions.tsv")
        folds = [[mean([auc([r for r in rows if (r["task"], r["repeat"], r["fold"]) == (t, str(c), str(f))]) for t in "xyz"]) for f in range(4)]
                 for c in range(2)]
        for got, want in zip(summary["auc_mean_tasks_folds"], folds):
            for a, b in zip(got, want):
                self.assertAlmostEqual(a, b, 12)
        means = [mean(f) for f in folds]
        self.assertIsNone(summary["tasks"]["z"]["repeats"][0]["folds"][0]["auc"])
        self.assertAlmostEqual(summary["auc_mean_tasks"], mean(means), 12)
        self.assertAlmostEqual(summary["auc_mean_tasks_std_folds"], std(folds[0] + folds[1]), 12)
        self.assertAlmostEqual(summary["auc_mean_tasks_std_repeats"], std(means), 12)
        text = f"{mean(means):.3f} ± {std(folds[0] + folds[1]):.3f}"
        self.assertEqual(done.stdout.splitlines()[4], f"mean over tasks: AUC {text} over 8 folds, ± {std(means):.3f} over 2 repetitions")
        self.assertIn(f"**AUC, mean over tasks: {text}**", read("many/summary.md").decode())

    def test_diverged_fold_is_named(self):
        done = run(*self.COMMON, "--train.lr=1000", "--model.output.n_hidden=8",
                   "--model.output.n_unit=256", "-o", "wild")
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertRegex(done.stderr, r"\nhopsack: rep0\d/fold0\d: the (loss|parameters)")
        self.assertFalse(os.path.exists("wild/summary.json"))

    def test_predict_takes_the_mean_of_the_folds(self):
        cohort("fresh.h5", seed=9)
        self.good("predict", "a", "fresh.h5", "-o", "mean.tsv")
        models = [f"a/rep{r:02}/fold{f:02}" for r in range(2) for f in range(4)]
        self.good("predict", *models, "fresh.h5", "-o", "eight.tsv")
        self.assertEqual(read("mean.tsv"), read("eight.tsv"))
        outputs = []
        for i, model in enumerate(models):
            self.good("predict", model, "fresh.h5", "-o", f"one{i}.tsv")
            outputs.append([float(row["output"]) for row in table(f"one{i}.tsv")])
        for row, values in zip(table("mean.tsv"), zip(*outputs)):
            self.assertAlmostEqual(float(row["output"]), sum(values) / 8, 5)
        self.assertIn("repetitions 2, folds 4", self.good("inspect", "a").stdout)

    def test_evaluate_names_the_scores_of_its_own_bags(self):
        done = run("evaluate", "a", "c.h5")
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr, r"c.h5: all \d+ labelled bags are those of the cross-validation; a/summary.md has the scores")


class Ensemble(Case):
    """Several models a fold, whose outputs are averaged."""

    QUICK = "crossval", TINY, "--data.path=c.h5", "--target=status", "--splits.n_fold=3", *QUICK

    @classmethod
    def prepare(cls):
        cohort("c.h5", n_bag=24)
        for name, words in (("one", ()), ("two", ("--crossval.ensemble=2",))):
            done = run(*cls.QUICK, *words, "-o", name, threads=2)
            assert done.returncode == 0, done.stderr

    def test_files_and_scores_are_of_all_models_together(self):
        fold = "two/rep00/fold01"
        self.assertEqual(sorted(os.listdir(fold)), ["model00", "model01", "predictions.tsv", "summary.json"])
        self.assertIn("model.safetensors", os.listdir(f"{fold}/model01"))
        means, first, second = (table(f"{fold}/{name}predictions.tsv") for name in ("", "model00/", "model01/"))
        for mean_row, a, b in zip(means, first, second):
            self.assertEqual([mean_row[c] for c in ("bag", "target", "part", "fold")], [a[c] for c in ("bag", "target", "part", "fold")])
            self.assertAlmostEqual(float(mean_row["output"]), (float(a["output"]) + float(b["output"])) / 2, 5)
            self.assertAlmostEqual(float(mean_row["probability"]), 1 / (1 + math.exp(-float(mean_row["output"]))), 5)
        tests = [row for row in means if row["part"] == "test"]
        summary, whole = load(f"{fold}/summary.json"), load("two/summary.json")
        self.assertEqual(summary["models"], 2)
        self.assertAlmostEqual(summary["parts"]["test"]["tasks"]["status"]["auc"], auc(tests), 12)
        self.assertEqual(whole["n_models"], 2)
        self.assertAlmostEqual(whole["tasks"]["status"]["repeats"][0]["folds"][1]["auc"], auc(tests), 12)
        self.assertEqual([row for row in table("two/predictions.tsv") if row["fold"] == "1"], tests)
        self.assertIn("mean output of 2 models", read("two/summary.md").decode())
        self.assertIn("folds 3, each the mean of 2 models", self.good("inspect", "two").stdout)
        self.assertIn("the mean of 2 models", self.good("inspect", fold).stdout)

    def test_a_model_is_what_train_makes_of_its_seed(self):
        """Outputs of the first are those of a run without an ensemble; the second's config alone repeats it."""
        keys = "bag", "target", "output", "part"
        a, b = (table(f"{name}/predictions.tsv") for name in ("one/rep00/fold02", "two/rep00/fold02/model00"))
        self.assertEqual([[row[k] for k in keys] for row in a], [[row[k] for k in keys] for row in b])
        self.good("train", "two/rep00/fold02/model01/config.yaml", "-o", "again")
        self.assertEqual(read("again/predictions.tsv"), read("two/rep00/fold02/model01/predictions.tsv"))
        self.assertEqual(read("again/model.safetensors"), read("two/rep00/fold02/model01/model.safetensors"))

    def test_predict_uses_all(self):
        cohort("new.h5", seed=9)
        self.good("predict", "two", "new.h5", "-o", "all.tsv")
        models = [f"two/rep00/fold{f:02}/model{m:02}" for f in range(3) for m in range(2)]
        self.good("predict", *models, "new.h5", "-o", "six.tsv")
        self.assertEqual(read("all.tsv"), read("six.tsv"))
        self.good("predict", "two/rep00/fold00", "c.h5", "-o", "fold.tsv")
        new = {row["bag"]: row for row in table("fold.tsv")}
        for row in table("two/rep00/fold00/predictions.tsv"):
            self.assertAlmostEqual(float(row["output"]), float(new[row["bag"]]["output"]), 6)

    def test_interrupted_and_resumed(self):
        expected = bits("two")
        for number in (signal.SIGTERM, signal.SIGKILL):
            for update in (0, 7, 15):
                where = f"s{number}-{update}"
                done = run(*self.QUICK, "--crossval.ensemble=2", "-o", where, threads=2,
                           env=dict(os.environ, HOPSACK_TEST_STOP_AT=f"{update}:{int(number)}"))
                self.assertEqual(done.returncode, -9 if number == signal.SIGKILL else 143)
                if number == signal.SIGTERM:
                    self.assertRegex(done.stderr, r"terminated; \d of 6 models are done, and --resume goes on")
                self.assertFalse(os.path.exists(f"{where}/summary.json"))
                self.bad(4, "has not ended", "predict", where, "c.h5", "-o", "none.tsv")
                self.good("crossval", "--resume", "-o", where)
                self.assertEqual(expected, bits(where), where)

    def test_shards(self):
        expected = bits("two")
        said = self.good(*self.QUICK, "--crossval.ensemble=2", "-o", "shards", "--shard=1/3").stdout
        self.assertIn("2 of 6 models are done", said)
        self.good("crossval", "-o", "shards", "--shard=2/3")
        self.bad(4, "not all models of this fold are trained", "predict", "shards/rep00/fold00", "c.h5", "-o", "none.tsv")
        self.good("crossval", "-o", "shards", "--shard=3/3")
        self.assertEqual(expected, bits("shards"))

    def test_every_kind_of_task(self):
        with open("odd.tsv", "w", encoding="utf-8") as file:
            file.write("ID\tstatus\tage\tkind\n")
            for i, row in enumerate(table("one/splits.tsv")):
                file.write(f"{row['bag']}\t{'' if i == 5 else '+-'[i % 2]}\t{20 + i}\t{'abc'[i % 3]}\n")
        with open("odd.yaml", "w", encoding="utf-8") as file:
            file.write("data: {path: c.h5, metadata: odd.tsv}\nsplits: {kind: random, n_fold: 3, validation: 0.2}\ntasks:\n"
                       "  - {name: age, column: age, kind: regression}\n"
                       "  - {name: hla, column: kind, kind: multiclass, classes: [a, b, c]}\n"
                       "  - {name: ill, column: status, kind: binary}\n"
                       "train: {updates: 20, evaluate_every: 10}\ncrossval: {ensemble: 3}\n"
                       "model: {embedder: {n_kernel: 8}, pooling: {n_unit: 8}}\n")
        self.good("crossval", "odd.yaml", "-o", "odd")
        for f in range(3):
            fold = f"odd/rep00/fold{f:02}"
            models = [table(f"{fold}/model{m:02}/predictions.tsv") for m in range(3)]
            together = table(f"{fold}/predictions.tsv")
            self.assertEqual({len(rows) for rows in models}, {len(together)})
            for row, *rest in zip(together, *models):
                for column in ("bag", "task", "class", "target", "part", "repeat", "fold"):
                    self.assertEqual({x[column] for x in rest}, {row[column]})
                wanted = mean([float(x["output"]) for x in rest])
                self.assertAlmostEqual(float(row["output"]), wanted, delta=1e-5 * (1 + abs(wanted)))
            tests = [row for row in together if row["part"] == "test"]
            ages = [row for row in tests if row["task"] == "age"]
            scores = load(f"{fold}/summary.json")["parts"]["test"]["tasks"]
            self.assertAlmostEqual(scores["age"]["mae"], mean([abs(float(x["output"]) - float(x["target"])) for x in ages]), 4)
            kinds = [[float(x["probability"]) for x in tests if x["task"] == "hla" and x["bag"] == row["bag"]] for row in ages]
            self.assertTrue(all(abs(sum(p) - 1) < 1e-5 for p in kinds))

    CLASSES = ("train", "--data.path=c.h5", "--data.metadata=abc.tsv", "--tasks.0.name=hla", "--tasks.0.column=kind",
               "--tasks.0.kind=multiclass", "--splits.kind=random", "--splits.n_fold=4", "--train.updates=5",
               "--model.embedder.n_kernel=8", "--model.pooling.n_unit=8")

    def test_models_of_other_classes_are_not_averaged(self):
        with open("abc.tsv", "w", encoding="utf-8") as file:
            file.write("ID\tkind\n" + "".join(f"{row['bag']}\t{'abc'[i % 3]}\n" for i, row in enumerate(table("one/splits.tsv"))))
        for classes in ("a,b,c", "c,b,a"):
            self.good(*self.CLASSES, f"--tasks.0.classes={classes}", "-o", classes)
        self.bad(4, "do not predict the same tasks and classes", "predict", "a,b,c", "c,b,a", "c.h5", "-o", "mean.tsv")

    def test_a_training_part_may_lack_the_first_class(self):
        rows = table("one/splits.tsv")
        for name, train in (("two", "bc"), ("one", "c")):
            with open("abc.tsv", "w", encoding="utf-8") as file:
                file.write("ID\tkind\tpart\n")
                for i, row in enumerate(rows):
                    kind = "abc"[i % 3]
                    file.write(f"{row['bag']}\t{kind}\t{'train' if kind in train else 'test'}\n")
            command = (*self.CLASSES, "--tasks.0.classes=a,b,c", "--splits.file=abc.tsv", "-o", f"{name}_classes")
            if name == "two":
                self.good(*command)
            else:
                self.bad(3, r"labelled bags of the training part are of one class; a model needs several", *command)

    def test_another_number_of_models_is_another_run(self):
        self.bad(2, "crossval.ensemble", "crossval", "--crossval.ensemble=3", "--resume", "-o", "two")
        shutil.copytree("two", "over")
        self.good(*self.QUICK, "-o", "over", "--force")
        self.assertEqual(bits("one"), bits("over"))
        plan = self.good(*self.QUICK, "--crossval.ensemble=4", "-o", "plan", "--dry-run", threads=1).stdout
        self.assertIn("would train 12 of 12 models (1 x 3 folds x 4 models, 0 done)", plan)


class Interrupted(Case):
    """Signals and kills: the same bits, no fold twice."""

    QUICK = "crossval", TINY, "--data.path=c.h5", "--target=status", "--splits.n_fold=3", "--train.updates=20", "--train.evaluate_every=10"
    LONG = ("crossval", TINY, "--data.path=c.h5", "--target=status", "--splits.n_fold=4", "--splits.n_repeat=2",
            "--train.updates=1500", "--train.evaluate_every=250", "--train.checkpoint_minutes=0.002")

    @classmethod
    def prepare(cls):
        cohort("c.h5", n_bag=24)
        for name, words in (("quick", cls.QUICK), ("long", cls.LONG)):
            done = run(*words, "-o", name)
            assert done.returncode == 0, done.stderr

    def test_signal_at_every_update(self):
        expected = bits("quick")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            for update in range(20):
                where = f"s{number}-{update}"
                done = run(*self.QUICK, "-o", where, threads=1 + update % 2,
                           env=dict(os.environ, HOPSACK_TEST_STOP_AT=f"{update}:{int(number)}"))
                if number == signal.SIGKILL:
                    self.assertEqual(done.returncode, -9)
                else:
                    self.assertEqual(done.returncode, 128 + number, done.stderr)
                    self.assertRegex(done.stderr, r"hopsack: (interrupted|terminated); \d of 3 folds are done, and --resume goes on")
                self.assertFalse(os.path.exists(f"{where}/summary.json"))
                self.good("crossval", "--resume", "-o", where)
                self.assertEqual(expected, bits(where), where)
                shutil.rmtree(where)

    def start(self, log):
        with open(log, "w", encoding="utf-8") as file:
            return subprocess.Popen([HOPSACK, *self.LONG, "-o", "shared", "--resume", "--threads=1", "--verbose"],
                                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=file)

    def test_three_processes_and_kills(self):
        draw = random.Random(7)
        running, ended, killed = {}, [], set()
        deadline = time.monotonic() + 150
        while not (ended and not running and os.path.exists("shared/summary.json")):
            self.assertLess(time.monotonic(), deadline)
            while len(running) < 3 and not os.path.exists("shared/summary.json"):
                log = f"log{len(ended) + len(running)}"
                running[log] = self.start(log)
            time.sleep(0.02 + 0.1 * draw.random())
            if len(killed) < 12 and running:
                log = draw.choice(sorted(running))
                if running[log].poll() is None:
                    running[log].kill()
                    killed.add(log)
            for log, process in list(running.items()):
                if process.poll() is None:
                    continue
                self.assertEqual(process.wait(), -9 if log in killed and process.returncode == -9 else 0, read(log))
                ended.append(log)
                del running[log]
        self.check(ended)
        self.assertGreater(len(killed), 5)
        self.assertEqual(bits("long"), bits("shared"))

    def check(self, logs):
        """Every fold is ended once; who began it and did not end it was killed."""
        begun, done = {}, {}
        for log in logs:
            text = read(log).decode()
            mine = re.findall(r"^shared/(rep\d+/fold\d+) begins$", text, re.M)
            self.assertEqual(len(mine), len(set(mine)), f"{log}: a fold was begun twice by one process")
            for job in mine:
                begun.setdefault(job, []).append(log)
            for job in re.findall(r"^(rep\d+/fold\d+) done", text, re.M):
                self.assertIn(log, begun[job])
                done.setdefault(job, []).append(log)
        self.assertEqual(len(begun), 8)
        for job, by in begun.items():
            ends = done.get(job, [])
            self.assertLessEqual(len(ends), 1, f"{job} was done by {ends}")
            for log in by:
                if log not in ends:
                    self.assertNotIn("s wall", read(log).decode(), f"{job} was begun by {log}, which ended well without doing it")
            resumed = load(f"shared/{job}/manifest.json").get("resumed", [])
            self.assertLessEqual(len(resumed) + 1, len(by))


class Shuffled(Case):
    """Labels shuffled over bags: the whole protocol gives 0.5."""

    def test_chance(self):
        cohort("c.h5", n_bag=60)
        self.good("crossval", TINY, "--data.path=c.h5", "--target=status", "-o", "real")
        self.assertGreater(load("real/summary.json")["tasks"]["status"]["auc_mean"], 0.8)
        bags = [row["bag"] for row in table("real/splits.tsv")]
        labels, draw, test, train = list("+-" * 30), random.Random(3), [], []
        for k in range(16):
            draw.shuffle(labels)
            with open("labels.tsv", "w", encoding="utf-8") as file:
                file.write("ID\tstatus\n" + "".join(f"{bag}\t{label}\n" for bag, label in zip(bags, labels)))
            self.good("crossval", TINY, "--data.path=c.h5", "--metadata=labels.tsv", "--target=status", f"--seed={k}", "-o", f"r{k}")
            test.append(load(f"r{k}/summary.json")["tasks"]["status"]["auc_mean"])
            train.append(mean([load(f"r{k}/rep00/fold{f:02}/summary.json")["parts"]["train"]["tasks"]["status"]["auc"]
                               for f in range(5)]))
        error = std(test) / math.sqrt(len(test))
        self.assertLess(abs(mean(test) - 0.5), 3 * error, f"{mean(test)} ± {error}")
        self.assertLess(error, 0.04)
        self.assertGreater(mean(train), 0.5 + 3 * error)  # such an error is large enough to be seen: on training bags it is


if __name__ == "__main__":
    main()
