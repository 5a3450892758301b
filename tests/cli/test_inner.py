# SPDX-License-Identifier: MIT
"""Inner trainings of a cross-validation, permuted labels, whole batches left out, and the baseline beside."""
import json
import os
import random
import re
import shutil
import signal
import subprocess

from harness import HOPSACK, TINY, Case, auc, cohort, main, read, run, table, without_times

BITS = "model.safetensors", "predictions.tsv", "splits.tsv", "config.yaml", "inner.tsv"


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def bits(path, ignore=()):
    """All that must be equal in two runs, by file."""
    found = {}
    for where, _, names in os.walk(path):
        for name in names:
            full = os.path.join(where, name)
            short = os.path.relpath(full, path)
            if name in ignore:
                continue
            if name in BITS:
                found[short] = read(full)
            elif name == "summary.json":
                found[short] = without_times(full)
    return found


def vectors(path, change=None, rate=1.0, n_bag=48, batches=4):
    """Bags of 4 to 7 vectors; the label shifts the first feature. Two bags a donor; a batch shifts the second feature and has
    a label of its own most of the time. change: {bag: (factor, label)}."""
    draw = random.Random(7)
    rows, meta = [], []
    for b in range(n_bag):
        batch = b // 2 % batches
        label = int(draw.random() < (0.3, 0.7)[batch % 2])
        shift, said = label * rate, label
        factor, said = (change or {}).get(b, (1, said))
        for _ in range(draw.randrange(4, 8)):
            x = [draw.gauss(shift, 1), draw.gauss(batch, 1), draw.gauss(0, 1)]
            rows.append(f"b{b:02}," + ",".join(f"{v * factor:.4f}" for v in x) + f",{said}")
        meta.append(f"b{b:02}\t{said}\td{b // 2}\tplate{batch}")
    with open(path + ".csv", "w", encoding="utf-8") as file:
        file.write("\n".join(["bag_id,x,y,z,label", *rows]) + "\n")
    with open(path + ".tsv", "w", encoding="utf-8") as file:
        file.write("\n".join(["ID\tstatus\tdonor\tplate", *meta]) + "\n")
    done = run("import", "--format=csv", "--bag=bag_id", "--label=label", "-o", path + ".h5", path + ".csv")
    assert done.returncode == 0, done.stderr


class Inner(Case):
    COMMON = "crossval", "v.yaml", "--target=status", "--splits.n_fold=3", "--splits.n_repeat=2"

    @classmethod
    def prepare(cls):
        with open("v.yaml", "w", encoding="utf-8") as file:
            file.write("train: {updates: 30, evaluate_every: 10, lr: 0.01}\n"
                       "model: {embedder: {kind: mlp, n_layer: 1, n_unit: 4}, pooling: {kind: mean}, selection: {kind: all}}\n")
        vectors("c")
        done = run(*cls.COMMON, "c.h5", "--metadata=c.tsv", "--group=donor", "-o", "plain", threads=2)
        assert done.returncode == 0, done.stderr
        cls.said = done
        cls.good(cls(), *cls.COMMON, "c.h5", "--metadata=c.tsv", "--group=donor", "--inner=3", "-o", "a", threads=4)

    def crossval(self, out, *args, data="c", threads=2, **options):
        return self.good(*self.COMMON, f"{data}.h5", f"--metadata={data}.tsv", "--group=donor", *args, "-o", out, threads=threads,
                         **options)

    def same(self, one, other, ignore=()):
        a, b = bits(one, ignore), bits(other, ignore)
        self.assertEqual(sorted(a), sorted(b))
        for name in a:
            self.assertEqual(a[name], b[name], f"{one}/{name} and {other}/{name}")

    # ---- what is written ----

    def test_outer_trainings_are_as_without(self):
        for name in ("predictions.tsv", "splits.tsv"):
            self.assertEqual(read(f"plain/{name}"), read(f"a/{name}"))
        for r in range(2):
            for f in range(3):
                for name in ("model.safetensors", "config.yaml", "predictions.tsv", "splits.tsv"):
                    where = f"rep{r:02}/fold{f:02}/{name}"
                    self.assertEqual(read(f"plain/{where}"), read(f"a/{where}"), where)
        self.assertNotIn(b"inner", read("plain/config.yaml"))
        self.assertNotIn(b"permute", read("plain/config.yaml"))
        self.assertIn(b"crossval:\n  ensemble: 1\n  inner: 3\n", read("a/config.yaml"))

    def test_table(self):
        rows, outer = table("a/inner.tsv"), table("a/splits.tsv")
        donor = {row["ID"]: row["donor"] for row in table("c.tsv")}
        self.assertEqual(list(rows[0]), "bag task class target output probability part repeat fold inner".split())
        self.assertEqual({row["part"] for row in rows}, {"inner"})
        for r in range(2):
            for f in range(3):
                own = [row for row in rows if (row["repeat"], row["fold"]) == (str(r), str(f))]
                self.assertEqual(sorted(row["bag"] for row in own), sorted(row["bag"] for row in outer if row[f"rep{r:02}"] != str(f)))
                groups = {}
                for row in own:
                    groups.setdefault(donor[row["bag"]], set()).add(row["inner"])
                self.assertEqual({len(g) for g in groups.values()}, {1})
                for i in range(3):
                    where = f"a/rep{r:02}/fold{f:02}/inner{i:02}"
                    held = [row for row in own if row["inner"] == str(i)]
                    self.assertEqual({row["target"] for row in held}, {"0", "1"})
                    tested = [row for row in table(f"{where}/predictions.tsv") if row["part"] == "test"]
                    self.assertEqual([row["output"] for row in tested], [row["output"] for row in held])
                    parts = {row["bag"]: row["part"] for row in table(f"{where}/splits.tsv")}
                    self.assertEqual(sorted(parts), sorted(row["bag"] for row in own))
                    self.assertEqual(sum(p == "test" for p in parts.values()), len(held))
                    self.assertIn("validation", parts.values())

    def test_scores_of_inner_folds(self):
        rows, task = table("a/inner.tsv"), load("a/summary.json")["tasks"]["status"]
        means = []
        for r, repeat in enumerate(task["repeats"]):
            for f, fold in enumerate(repeat["folds"]):
                of = [auc([x for x in rows if (x["repeat"], x["fold"], x["inner"]) == (str(r), str(f), str(i))]) for i in range(3)]
                self.assertAlmostEqual(fold["inner_auc"], sum(of) / 3, 9)
                means.append(fold["inner_auc"])
        self.assertAlmostEqual(task["inner_auc_mean"], sum(means) / 6, 9)
        self.assertIn("| inner_auc |", read("a/summary.md").decode())

    def test_a_training_alone_is_the_same(self):
        self.good("train", "v.yaml", "c.h5", "--metadata=c.tsv", "--target=status", "--group=donor", "--splits.n_fold=3",
                  "--splits.n_repeat=2", "--splits.repeat=1", "--fold=2", "--splits.inner=1/3", "-o", "alone")
        for name in ("model.safetensors", "predictions.tsv", "splits.tsv", "config.yaml"):
            self.assertEqual(read(f"alone/{name}"), read(f"a/rep01/fold02/inner01/{name}"), name)

    # ---- the same bytes ----

    def test_added_later(self):
        shutil.copytree("plain", "later")
        said = self.crossval("later", "--resume", "--inner=3", threads=1).stderr
        self.assertEqual(len(re.findall(r"inner\d\d done", said)), 18)
        self.assertEqual(len(re.findall(r"fold\d\d done", said)), 0, "outer folds are done already")
        self.same("a", "later")
        again = self.good("crossval", "--resume", "-o", "later")
        self.assertNotIn("done", again.stderr)
        self.same("a", "later")
        self.bad(2, "crossval.inner was 3 .* and is 4 now", "crossval", "--resume", "--inner=4", "-o", "later")

    def test_shards(self):
        for k in (2, 1):
            self.crossval("shards", "--inner=3", f"--shard={k}/2")
        self.same("a", "shards")

    def test_killed_and_resumed(self):
        for k, number in enumerate((signal.SIGTERM, signal.SIGKILL)):
            out = f"killed{k}"
            for _ in range(3):
                words = [HOPSACK, *self.COMMON, "c.h5", "--metadata=c.tsv", "--group=donor", "--inner=3", "--resume", "-o", out, "--threads=2"]
                env = dict(os.environ, HOPSACK_TEST_STOP_AT=f"17:{int(number)}")
                done = subprocess.run(words, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100)
                self.assertIn(done.returncode, (143, -9), done.stderr)
            self.crossval(out, "--inner=3", "--resume")
            self.same("a", out)

    def test_dry_run(self):
        said = self.crossval("none", "--inner=3", "--dry-run").stdout
        self.assertIn("would train 24 of 24 models (2 x 3 folds, 3 inner folds each, 0 done)", said)
        said = self.crossval("plain", "--inner=3", "--resume", "--dry-run").stdout
        self.assertIn("would train 18 of 24 models (2 x 3 folds, 3 inner folds each, 6 done)", said)
        said = self.crossval("none", "--permute=2", "--batch-column=plate", "--batches", "--dry-run").stdout
        self.assertRegex(said, r"would train \d+ of \d+ models \(2 x 3 folds, 9 further cross-validations, 0 done\)")
        self.assertFalse(os.path.exists("none"))

    def test_an_ensemble_has_ensembles_inside(self):
        self.crossval("e", "--inner=2", "--crossval.ensemble=2")
        mean = [float(row["output"]) for row in table("e/inner.tsv") if row["repeat"] == row["fold"] == row["inner"] == "0"]
        one, two = ([float(row["output"]) for row in table(f"e/rep00/fold00/inner00/model{m:02}/predictions.tsv") if row["part"] == "test"]
                    for m in range(2))
        self.assertEqual(len(mean), len(one))
        for m, a, b in zip(mean, one, two):
            self.assertAlmostEqual(m, (a + b) / 2, 5)
        self.crossval("e", "--force")
        self.same("plain", "e")
        self.assertFalse(os.path.exists("e/rep00/fold00/inner00"))

    # ---- nothing of the test part is seen ----

    def test_test_bags_have_no_influence(self):
        """Other labels and contents of one fold's test bags: its inner outputs stay; those of other folds need not."""
        with open("folds.tsv", "w", encoding="utf-8") as file:
            file.write("bag\tfold\n" + "".join(f"b{b:02}\t{b // 2 % 3}\n" for b in range(48)))
        tested = [b for b in range(48) if b // 2 % 3 == 1]
        was = {f"b{b:02}": row["status"] for b, row in zip(range(48), table("c.tsv"))}
        vectors("changed", {b: (3, 1 - int(was[f"b{b:02}"])) for b in tested})
        for refit in ("false", "true"):
            for data in ("c", "changed"):
                self.good("crossval", "v.yaml", f"{data}.h5", f"--metadata={data}.tsv", "--target=status", "--splits=folds.tsv", "--inner=2",
                          f"--train.refit={refit}", "--data.scale=standard", "-o", f"leak-{data}-{refit}", threads=2)
            one, two = ([row for row in table(f"leak-{data}-{refit}/inner.tsv") if row["fold"] == "1"] for data in ("c", "changed"))
            self.assertEqual(one, two)
            one, two = ([row["output"] for row in table(f"leak-{data}-{refit}/inner.tsv") if row["fold"] == "0"] for data in ("c", "changed"))
            self.assertNotEqual(one, two)

    def test_test_bags_have_no_influence_on_kmers(self):
        cohort("s.h5", n_bag=40, n_seq=40)
        self.good("export", "s.h5", "-o", "s")
        meta = table("s/metadata.tsv")
        with open("folds-s.tsv", "w", encoding="utf-8") as file:
            file.write("bag\tfold\n" + "".join(f"{row['ID']}\t{k // 2 % 2}\n" for k, row in enumerate(meta)))
        shutil.copytree("s", "t")
        for k, row in enumerate(meta):
            if k // 2 % 2 == 1: # turned round: other k-mers, the same sizes
                head, *lines = read(f"t/{row['filename']}").decode().splitlines()
                at = head.split("\t").index("junction_aa")
                cells = [line.split("\t") for line in lines]
                for c in cells:
                    c[at] = c[at][::-1]
                with open(f"t/{row['filename']}", "w", encoding="utf-8") as file:
                    file.write("\n".join([head, *("\t".join(c) for c in cells)]) + "\n")
        for name in "st":
            self.good("import", f"--metadata={name}/metadata.tsv", "-o", f"{name}2.h5", name)
            self.good("crossval", TINY, f"{name}2.h5", "--target=status", "--splits=folds-s.tsv", "--splits.validation=none",
                      "--model.embedder.start=kmers", "--model.embedder.min_z=1", "--inner=3", "-o", f"kmers-{name}", threads=3)
        for i in range(3):
            one, two = (table(f"kmers-{name}/rep00/fold01/inner{i:02}/kmers.tsv") for name in "st")
            self.assertGreater(len(one), 0)
            self.assertEqual(one, two)
        one, two = ([row for row in table(f"kmers-{name}/inner.tsv") if row["fold"] == "1"] for name in "st")
        self.assertEqual(one, two)
        one, two = ([row for row in table(f"kmers-{name}/inner.tsv") if row["fold"] == "0"] for name in "st")
        self.assertNotEqual(one, two)
        self.good("train", TINY, "s2.h5", "--target=status", "--splits=folds-s.tsv", "--splits.validation=none", "--fold=1",
                  "--model.embedder.start=kmers", "--model.embedder.min_z=1", "--splits.inner=2/3", "-o", "kmers-alone")
        for name in ("kmers.tsv", "model.safetensors"):
            self.assertEqual(read(f"kmers-alone/{name}"), read(f"kmers-s/rep00/fold01/inner02/{name}"), name)

    # ---- few bags ----

    def test_few_bags_of_a_class(self):
        """Two positive bags are tested in turn: the validation part of an inner training never takes the other. One is too few."""
        def label(positive, out):
            with open(f"{out}.tsv", "w", encoding="utf-8") as file:
                file.write("ID\tstatus\tfold\n" + "".join(f"b{b:02}\t{'+' if b in positive else '-'}\t{b % 3}\n" for b in range(48)))
            return self.good("crossval", "v.yaml", "c.h5", f"--metadata={out}.tsv", "--target=status", f"--splits={out}.tsv",
                             "--splits.columns=fold", "--splits.validation=0.3", "--inner=5", "-o", out, threads=2)
        label((0, 1, 2), "few")
        for f in range(3):
            self.assertEqual(sorted(name for name in os.listdir(f"few/rep00/fold{f:02}") if "inner" in name), ["inner00", "inner01"])
            for i in range(2):
                parts = {row["bag"]: row["part"] for row in table(f"few/rep00/fold{f:02}/inner{i:02}/splits.tsv")}
                self.assertEqual(sorted(parts[f"b{b:02}"] for b in range(3) if b != f), ["test", "train"])
        said = label((0, 1, 2, 5), "fewer").stderr
        self.assertNotIn("too few", said)
        said = label((0, 1), "none").stderr
        self.assertIn("in 2 folds (the first: repetition 0, fold 0) the smallest class has too few bags or groups", said)
        self.assertEqual({row["fold"] for row in table("none/inner.tsv")}, {"2"})

    # ---- wrong input ----

    def test_bad_settings(self):
        say = "train", "v.yaml", "c.h5", "--metadata=c.tsv", "--target=status", "-o", "bad"
        self.bad(2, "splits.inner.*'5/5' is not I/K", *say, "--splits.inner=5/5")
        self.bad(2, "splits.inner.*'2' is not I/K", *say, "--splits.inner=2")
        self.bad(2, "splits.permute.*'labels' is not none", *say, "--splits.permute=labels")
        self.bad(2, "splits.permute.*batches needs the column", *say, "--splits.permute=batches:0")
        say = *self.COMMON, "c.h5", "--metadata=c.tsv", "-o", "bad"
        self.bad(2, "crossval.inner.*one inner fold leaves nothing", *say, "--inner=1")
        self.bad(2, "crossval.batches.*column of the batches is missing", *say, "--batches")
        self.bad(2, "crossval.batches.*folds are batches already", *say, "--batches", "--batch-column=plate", "--splits.kind=batch")
        self.bad(2, "splits.inner.*single training", *say, "--splits.inner=0/2")
        self.bad(3, "inner folds; take fewer", "train", "v.yaml", "c.h5", "--metadata=c.tsv", "--target=status", "--splits.inner=90/100", "-o", "bad")


class Further(Case):
    COMMON = "crossval", "v.yaml", "c.h5", "--metadata=c.tsv", "--target=status", "--splits.n_fold=3", "--batch-column=plate"

    @classmethod
    def prepare(cls):
        with open("v.yaml", "w", encoding="utf-8") as file:
            file.write("train: {updates: 30, evaluate_every: 10, lr: 0.01}\n"
                       "model: {embedder: {kind: mlp, n_layer: 1, n_unit: 4}, pooling: {kind: mean}, selection: {kind: all}}\n")
        vectors("c", rate=1.5)
        cls.said = cls.good(cls(), *cls.COMMON, "--permute=9", "--batches", "--inner=2", "-o", "a", threads=4)

    def same(self, one, other):
        a, b = bits(one), bits(other)
        self.assertEqual(sorted(a), sorted(b))
        for name in a:
            self.assertEqual(a[name], b[name], f"{one}/{name} and {other}/{name}")

    def test_folders_are_runs(self):
        self.assertEqual(sorted(os.listdir("a/permuted")), [f"{k:02}" for k in range(9)])
        self.assertEqual(sorted(os.listdir("a/batch-permuted")), [f"{k:02}" for k in range(6)])
        for folder in ("leave-batch-out", "permuted/03", "batch-permuted/05"):
            names = set(os.listdir(f"a/{folder}"))
            self.assertLessEqual({"summary.json", "summary.md", "predictions.tsv", "inner.tsv", "splits.tsv", "config.yaml"}, names)
            self.good("inspect", f"a/{folder}")
            before = bits(f"a/{folder}")
            self.good("crossval", "--resume", "-o", f"a/{folder}")
            self.assertEqual(before, bits(f"a/{folder}"))
        self.assertIn(b"permute: labels:3\n", read("a/permuted/03/config.yaml"))
        self.assertIn(b"permute: batches:5\n", read("a/batch-permuted/05/config.yaml"))
        self.assertIn(b"kind: batch\n", read("a/leave-batch-out/config.yaml"))

    def test_labels_move_and_folds_stay(self):
        true = {row["bag"]: row["target"] for row in table("a/predictions.tsv")}
        seen = set()
        for k in range(9):
            self.assertEqual(read("a/splits.tsv"), read(f"a/permuted/{k:02}/splits.tsv"))
            rows = table(f"a/permuted/{k:02}/predictions.tsv")
            self.assertEqual(sorted(row["target"] for row in rows), sorted(true.values()))
            seen.add(tuple(row["target"] for row in rows))
            inner = table(f"a/permuted/{k:02}/inner.tsv")
            target = {row["bag"]: row["target"] for row in rows}
            self.assertTrue(all(target[row["bag"]] == row["target"] for row in inner))
        self.assertEqual(len(seen), 9)
        plate = {row["ID"]: row["plate"] for row in table("c.tsv")}
        for row in table("a/leave-batch-out/splits.tsv"):
            self.assertEqual(plate[row["bag"]], f"plate{row['rep00']}")

    def test_summary(self):
        task = load("a/summary.json")["tasks"]["status"]
        areas = [load(f"a/permuted/{k:02}/summary.json")["tasks"]["status"]["auc_mean"] for k in range(9)]
        self.assertEqual(task["permuted"]["auc"], areas)
        self.assertEqual(task["permuted"]["n"], 9)
        self.assertAlmostEqual(task["permuted"]["p"], (1 + sum(a >= task["auc_mean"] for a in areas)) / 10, 12)
        self.assertEqual(task["permuted"]["p"], 0.1)
        areas = [load(f"a/batch-permuted/{k:02}/summary.json")["tasks"]["status"]["auc_mean"] for k in range(6)]
        self.assertEqual(task["batch_permuted"]["auc"], areas)
        self.assertAlmostEqual(task["batch_permuted"]["auc_mean"], sum(areas) / 6, 12)
        out = load("a/leave-batch-out/summary.json")["tasks"]["status"]
        for key in ("auc_mean", "auc_ci95", "n_folds"):
            self.assertEqual(task["leave_batch_out"][key], out[key])
        words = read("a/summary.md").decode()
        for said in (words, self.said.stdout):
            self.assertRegex(said, r"On permuted labels, 9 further cross-validations reached AUC 0\.\d+ on average .* 0 of them reached .*: p = 0\.1")
            self.assertRegex(said, r"With whole batches left out, the AUC is 0\.\d+ \(4 batches")
            self.assertRegex(said, r"On labels permuted over batches, 6 further cross-validations reached AUC 0\.\d+ on average")

    def test_added_one_after_the_other(self):
        """One thread, with interruptions: the same bytes."""
        said = self.good(*self.COMMON, "-o", "b", threads=1)
        self.assertIn("the same command with --resume --batches tests each batch", said.stderr)
        self.assertIn("the same command with --resume --batches tests each batch", read("b/summary.md").decode())
        self.good("crossval", "--resume", "--permute=2", "-o", "b", threads=1)
        self.assertEqual(load("b/summary.json")["tasks"]["status"]["permuted"]["n"], 2)
        self.good("crossval", "--resume", "--inner=2", "-o", "b", threads=1)
        words = [HOPSACK, "crossval", "--resume", "--permute=9", "--batches", "-o", "b", "--threads=2"]
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGTERM):
            env = dict(os.environ, HOPSACK_TEST_STOP_AT=f"25:{int(number)}")
            done = subprocess.run(words, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100)
            self.assertIn(done.returncode, (143, -9), done.stderr)
        for k in (1, 2):
            done = self.good("crossval", f"--shard={k}/2", "-o", "b")
        self.same("a", "b")
        self.assertIn("p = 0.1", done.stdout)
        self.bad(2, "crossval.permute was 9 .* and is 3 now", "crossval", "--resume", "--permute=3", "-o", "b")
        self.good(*self.COMMON, "--force", "-o", "b")
        self.assertEqual([name for name in os.listdir("b") if name.endswith(("permuted", "out"))], [])

    def test_no_signal_gives_no_small_p(self):
        vectors("n", rate=0.0)
        self.good("crossval", "v.yaml", "n.h5", "--metadata=n.tsv", "--target=status", "--splits.n_fold=3", "--data.scale=standard", "--permute=19",
                  "--splits.permute=labels:77", "-o", "n", threads=2)
        task = load("n/summary.json")["tasks"]["status"]
        self.assertGreater(task["permuted"]["p"], 0.05)
        self.assertLess(abs(sum(task["permuted"]["auc"]) / 19 - 0.5), 0.1)

    def test_two_batches_of_one_class_each(self):
        """No model can be trained without one of them: said, and the rest is done."""
        rows = table("c.tsv")
        with open("two.tsv", "w", encoding="utf-8") as file:
            file.write("ID\tstatus\tplate\n" + "".join(f"{r['ID']}\t{r['status']}\tp{r['status']}\n" for r in rows))
        done = self.good("crossval", "v.yaml", "c.h5", "--metadata=two.tsv", "--target=status", "--splits.n_fold=3", "--batch-column=plate", "--batches",
                         "-o", "two", threads=2)
        self.assertIn("There is no figure with whole batches left out", done.stdout)
        self.assertIn("reason", load("two/summary.json")["tasks"]["status"]["leave_batch_out"])

    def test_donors_in_several_batches(self):
        """A bag is left out of the outer training where its donor lies in the validation batch; inner folds have it, as those of
        baselines do, so that a stack can choose there too."""
        with open("wide.tsv", "w", encoding="utf-8") as file:
            file.write("ID\tstatus\tdonor\tplate\n")
            for i, row in enumerate(table("c.tsv")):
                file.write(f"{row['ID']}\t{row['status']}\td{i // 2}\tp{i // 6 % 4 if i % 8 else (i // 6 + 1) % 4}\n")
        words = "c.h5", "--metadata=wide.tsv", "--target=status", "--group=donor", "--batch-column=plate", "--inner=2", "--splits.n_fold=3"
        said = self.good("crossval", "v.yaml", *words, "--batches", "-o", "wide/a", threads=2).stderr
        self.assertIn("lies in the tested batch or the validation batch too", said)
        self.good("baseline", *words, "--method=stats-logistic", "-o", "wide/rivals")
        one, other = ({(r["fold"], r["bag"]): r["inner"] for r in table(f"wide/{folder}/leave-batch-out/inner.tsv")}
                      for folder in ("a", "rivals/stats-logistic"))
        self.assertEqual(one, other)
        self.good("stack", "wide/a", "wide/rivals", "-o", "wide/stack")
        self.assertIn("auc_mean", load("wide/stack/summary.json")["tasks"]["status"]["leave_batch_out"])
        self.good("crossval", "v.yaml", *words[:-1], "--splits.kind=batch", "-o", "batches/a", threads=2)
        again = "--method=stats-logistic", "--splits=batches/a/splits.tsv"
        self.bad(3, "if the folds are batches, splits.kind=batch", "baseline", *words[:-1], *again, "-o", "batches/b")
        self.good("baseline", "batches/a/config.yaml", *again, "-o", "batches/b")  # as the summary of the run says
        self.good("stack", "batches/a", "batches/b", "-o", "batches/stack")

    # ---- the baseline beside ----

    def test_the_missing_baseline_is_named(self):
        done = self.good("crossval", "--resume", "-o", "a")
        sentence = "no baseline was run on these folds: hopsack baseline a/config.yaml --splits=a/splits.tsv -o a-baseline"
        self.assertIn(sentence, done.stderr)
        self.assertIn(sentence, read("a/summary.md").decode())
        self.assertNotIn("beside", load("a/summary.json"))
        shutil.copytree("a", "named/a")
        done = self.good("crossval", "--resume", "-o", "named/a")
        words = re.search(r"hopsack (baseline \S+ \S+ -o \S+)", done.stderr).group(1).split()
        self.good(*words)
        done = self.good("crossval", "--resume", "-o", "named/a")
        self.assertNotIn("no baseline", done.stderr)
        self.assertIn("named/a-baseline/summary.md", done.stderr)

    def test_the_figure_is_chosen_by_inner_folds(self):
        os.makedirs("near", exist_ok=True)
        shutil.copytree("a", "near/a")
        os.makedirs("near/rivals")
        shutil.copy("a/splits.tsv", "near/rivals/splits.tsv")

        def method(inner, test):
            folds = [{"fold": f, "auc": t} for f, t in enumerate(test)]
            chosen = [{"repeat": 0, "fold": f, "inner_auc": i} for f, i in enumerate(inner)]
            return {"tasks": {"status": {"kind": "binary", "repeats": [{"repeat": 0, "folds": folds}], "chosen": chosen}}}

        with open("near/rivals/summary.json", "w", encoding="utf-8") as file:
            json.dump({"methods": {"one": method((0.9, 0.8, 0.6), (0.70, 0.72, 0.99)), "two": method((0.5, 0.5, 0.7), (0.99, 0.99, 0.74))}}, file)
        done = self.good("crossval", "--resume", "-o", "near/a")
        self.assertRegex(done.stderr, r"the best baseline by inner folds has AUC 0\.720, against 0\.\d+ here \(one in 2 of 3 folds; near/rivals")
        with open("near/rivals/splits.tsv", "a", encoding="utf-8") as file:
            file.write("more\t0\n")
        self.assertIn("no baseline", self.good("crossval", "--resume", "-o", "near/a").stderr)


if __name__ == "__main__":
    main()
