# SPDX-License-Identifier: MIT
"""What a network reads beside sequences: clone counts as weights in the pooling, numbers of the bag."""
import json
import os
import random

from harness import TINY, Case, auc, main, read, run, table, without_times

LETTERS = "ACDEFGHIKLMNPQRSTVWY"


def clones(folder, n_bag=80, n_seq=60):
    """Every bag has the same number of sequences with a motif; in positive bags these are the large clones."""
    draw = random.Random(3)
    os.makedirs(folder)
    with open(os.path.join(folder, "meta.tsv"), "w", encoding="utf-8") as meta:
        meta.write("ID\tstatus\n")
        for b in range(n_bag):
            meta.write(f"b{b:02}\t{'-+'[b % 2]}\n")
            rows = []
            for i in range(n_seq):
                middle = "".join(draw.choice(LETTERS) for _ in range(draw.randint(5, 9)))
                large = i // 5 == 1 - b % 2
                rows.append(("CASS" + ("SFEN" + middle[4:] if i < 5 else middle) + "EQYF",
                             draw.randint(20, 60) if large else draw.randint(1, 2)))
            draw.shuffle(rows)
            with open(os.path.join(folder, f"b{b:02}.tsv"), "w", encoding="utf-8") as file:
                file.write("junction_aa\tduplicate_count\n" + "".join(f"{s}\t{c}\n" for s, c in rows))


class CountWeight(Case):
    @classmethod
    def prepare(cls):
        clones("clones")
        run("import", "clones", "-o", "clones.h5", "--metadata=clones/meta.tsv")
        cls.words = ["train", TINY, "clones.h5", "--target=status", "--positive=+", "--train.evaluate_every=200"]

    def score(self, folder, part="test"):
        return auc([r for r in table(os.path.join(folder, "predictions.tsv")) if r["part"] == part])

    def test_expanded_clones_are_found(self):
        self.good(*self.words, "--train.updates=400", "-o", "plain")
        self.good(*self.words, "--train.updates=400", "--model.pooling.count_weight=raw", "-o", "raw", threads=1)
        self.good(*self.words, "--train.updates=400", "--model.pooling.count_weight=raw", "-o", "again", threads=2)
        self.assertLess(self.score("plain"), 0.8)
        self.assertGreater(self.score("raw"), 0.95)
        self.assertEqual(read("raw/model.safetensors"), read("again/model.safetensors"))
        self.assertNotIn("count_weight", read("plain/config.yaml").decode())
        self.good("predict", "raw", "clones.h5", "-o", "out.tsv")
        before = {r["bag"]: float(r["output"]) for r in table("raw/predictions.tsv")}
        for row in table("out.tsv"):
            self.assertAlmostEqual(float(row["output"]), before[row["bag"]], places=4)

    def test_where_it_cannot_be(self):
        for words, sentence in (
            (["--model.pooling.kind=max", "--model.selection.kind=all"], "max has no use for weights"),
            (["--model.pooling.kind=hopfield", "--model.pooling.steps=2"], "only if it retrieves once"),
            (["--data.compat=deeprc"], "weighs no counts"),
        ):
            result = run(*self.words, "--model.pooling.count_weight=log1p", *words, "-o", "no")
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn("model.pooling.count_weight", result.stderr)
            self.assertIn(sentence, result.stderr)

    def test_poolings_side_by_side(self):
        with open("list.yaml", "w", encoding="utf-8") as file:
            file.write("base: tiny.yaml\nmodel:\n  pooling:\n    - {kind: attention, n_unit: 8, count_weight: raw}\n"
                       "    - {kind: max}\n  selection: {kind: all}\n")
        words = ["train", "list.yaml", "clones.h5", "--target=status", "--positive=+", "--train.updates=300"]
        self.good(*words, "-o", "list", threads=1)
        self.assertGreater(self.score("list"), 0.95)
        self.assertEqual(read("list/config.yaml").decode().count("count_weight"), 1)
        self.good("train", "list/config.yaml", "-o", "list-again", threads=2)
        self.assertEqual(read("list/model.safetensors"), read("list-again/model.safetensors"))
        self.good(*words, "--model.pooling.0.count_weight=none", "--model.pooling.1.kind=mean",
                  "--model.pooling.1.count_weight=log1p", "-o", "list-mean")
        self.good("predict", "list-mean", "clones.h5", "-o", "list.tsv")
        self.bad(2, "max has no use for weights", *words, "--model.pooling.1.count_weight=raw", "-o", "no")
        self.bad(2, "entries differ in count_weight", *words, "--model.pooling.1.kind=mean",
                 "--model.pooling.1.count_weight=log1p", "-o", "no")

    def test_vectors_have_none(self):
        with open("v.csv", "w", encoding="utf-8") as file:
            file.write("bag,x,y,label\n" + "".join(f"b{i // 3},{i % 7},{i % 5},{i // 3 % 2}\n" for i in range(60)))
        self.good("import", "v.csv", "-o", "v.h5")
        result = run("train", "v.h5", "--target=label", "--model.embedder.kind=mlp", "--model.pooling.count_weight=raw",
                     "-o", "no")
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("holds vectors, which have no counts", result.stderr)

    def test_models_that_count_differently_are_not_averaged(self):
        for weight in ("raw", "log1p"):
            self.good(*self.words, "--train.updates=1", f"--model.pooling.count_weight={weight}", "-o", f"by-{weight}")
        self.good(*self.words, "--train.updates=1", "-o", "by-none")
        for folders in (["by-raw", "by-log1p"], ["by-none", "by-raw", "by-log1p"]):
            result = run("predict", *folders, "clones.h5", "-o", "out.tsv")
            self.assertEqual(result.returncode, 4, result.stderr)
            self.assertIn("read counts differently", result.stderr)

    def test_models_with_and_without_weights_are_averaged(self):
        outputs = {}
        for name, words in (("one", []), ("other", ["--model.pooling.count_weight=raw"])):
            self.good(*self.words, "--train.updates=5", *words, "-o", "average-" + name)
            outputs[name] = {r["bag"]: float(r["output"]) for r in table(f"average-{name}/predictions.tsv")}
        for first, second in (("one", "other"), ("other", "one")):
            self.good("predict", "average-" + first, "average-" + second, "clones.h5", "--force", "-o", "average.tsv")
            for row in table("average.tsv"):
                mean = (outputs["one"][row["bag"]] + outputs["other"][row["bag"]]) / 2
                self.assertAlmostEqual(float(row["output"]), mean, places=4)

    def test_a_search_turns_weights_off(self):
        """Where they help a fold takes them; a trial without them has the bits of a run without."""
        words = ["crossval", *self.words[1:], "--train.updates=300", "--splits.n_fold=2", "--splits.validation=none", "--train.keep=last"]
        weights = ["--model.pooling.count_weight=raw", "--search.kind=grid", "--search.inner_folds=2"]
        self.good(*words, *weights, "--search.space.model.pooling.count_weight=none,raw", "-o", "search")
        self.assertEqual([r["model.pooling.count_weight"] for r in table("search/trials.tsv") if r["chosen"] == "1"],
                         ["raw", "raw"])
        self.good(*words, *weights, "--search.space.model.pooling.count_weight=none", "-o", "search-off")
        self.good(*words, "-o", "search-never")
        for f in range(2):
            name = f"rep00/fold{f:02}/predictions.tsv"
            self.assertEqual(read("search-off/" + name), read("search-never/" + name))


class BagInputs(Case):
    @classmethod
    def prepare(cls):
        draw = random.Random(5)
        os.makedirs("deep")
        with open("deep/meta.tsv", "w", encoding="utf-8") as meta:
            meta.write("ID\tstatus\tage\tsex\n")
            for b in range(80):
                age = "" if b == 7 else f"{draw.gauss(60 if b % 2 else 40, 4):.1f}"
                meta.write(f"b{b:02}\t{'-+'[b % 2]}\t{age}\t{draw.choice('FM')}\n")
                with open(f"deep/b{b:02}.tsv", "w", encoding="utf-8") as file:
                    file.write("junction_aa\tv_call\tj_call\n")
                    for _ in range((60 if b % 2 else 40) + draw.randint(-4, 4)):
                        middle = "".join(draw.choice(LETTERS) for _ in range(7))
                        v = 1 if draw.random() < (0.4 if b % 2 else 0.1) else draw.randint(2, 5)
                        file.write(f"CASS{middle}EQYF\tTRBV{v}*01\tTRBJ2-{draw.randint(1, 2)}\n")
        run("import", "deep", "-o", "deep.h5", "--metadata=deep/meta.tsv")
        cls.words = ["train", TINY, "deep.h5", "--target=status", "--positive=+", "--train.updates=300",
                     "--train.evaluate_every=150", "--model.selection.kind=all",
                     "--model.embedder.n_kernel=2"]

    def score(self, folder):
        return auc([r for r in table(os.path.join(folder, "predictions.tsv")) if r["part"] == "test"])

    def test_each_input_finds_its_own(self):
        self.good(*self.words, "-o", "without")
        self.assertLess(self.score("without"), 0.8)
        self.assertNotIn("bag_inputs", read("without/config.yaml").decode())
        for words in (["--model.bag_inputs.nuisance"], ["--model.bag_inputs.genes"],
                      ["--model.bag_inputs.columns=age,sex", "--model.bag_inputs.dropout=0.1"]):
            folder = words[0][19:].partition("=")[0]
            done = self.good(*self.words, *words, "-o", folder, threads=1)
            self.assertGreater(self.score(folder), 0.9, folder)
            self.assertIn("of the bag as a whole (model.bag_inputs)", read(folder + "/summary.json").decode(), done.stdout)
            self.good(*self.words, *words, "-o", folder + "-2", threads=2)
            self.assertEqual(read(folder + "/model.safetensors"), read(folder + "-2/model.safetensors"))
            self.good("predict", folder, "deep.h5", "-o", "out.tsv", "--force")
            before = {r["bag"]: r["output"] for r in table(folder + "/predictions.tsv")}
            self.assertEqual({r["bag"]: r["output"] for r in table("out.tsv")}, before)
            self.assertIn("bag_inputs.mean", self.good("inspect", folder + "/model.safetensors").stdout)

    def test_the_start_predicts(self):
        """Before the first update a network that starts linear predicts as well as the numbers do."""
        words = [w for w in self.words if "updates" not in w and "evaluate" not in w]
        words += ["--model.norm=bags", "--model.pooling.mean", "--model.bag_inputs.nuisance", "--train.updates=1", "--train.lr=0.000001"]
        self.good(*words, "--model.bag_inputs.start=random", "-o", "start-random")
        self.good(*words, "-o", "start-linear", threads=1)
        self.good(*words, "-o", "start-linear-2", threads=2)
        self.assertLess(self.score("start-random"), 0.9)
        self.assertGreater(self.score("start-linear"), 0.95)
        self.assertEqual(read("start-linear/model.safetensors"), read("start-linear-2/model.safetensors"))
        for more in (["--model.bag_inputs.n_unit=8"], ["--model.output.n_hidden=1"]):  # nothing to start there
            self.good(*words, *more, "-o", "start-a", "--force")
            self.good(*words, *more, "--model.bag_inputs.start=random", "-o", "start-b", "--force")
            self.assertEqual(read("start-a/predictions.tsv"), read("start-b/predictions.tsv"))

    def test_the_start_suits_every_task(self):
        with open("tasks.tsv", "w", encoding="utf-8") as file:
            file.write("ID\tstatus\tage\tlevel\n")
            for r in table("deep/meta.tsv"):
                b = int(r["ID"][1:])
                age = r["age"] or "50"
                file.write(f"{r['ID']}\t{r['status']}\t{age}\t{'low' if float(age) < 40 else 'mid' if float(age) < 60 else 'high'}\n")
        for name, task, key in (("age", "regression", "r2"), ("level", "multiclass", "accuracy")):
            score = {}
            for start in ("linear", "random"):
                self.good("train", TINY, "deep.h5", "--metadata=tasks.tsv", "--target=" + name, "--kind=" + task, "--train.updates=1",
                          "--train.lr=0.000001", "--model.selection.kind=all", "--model.bag_inputs.columns=age",
                          "--model.bag_inputs.start=" + start, "-o", f"task-{name}-{start}")
                parts = json.loads(read(f"task-{name}-{start}/summary.json"))["parts"]
                score[start] = parts["train"]["tasks"][name][key]
            self.assertGreater(score["linear"], score["random"] + 0.3, name)

    def test_other_cohorts_and_averages(self):
        self.good(*self.words, "--model.bag_inputs.columns=age", "-o", "age")
        self.good(*self.words, "--model.bag_inputs.nuisance", "-o", "shape")
        with open("other.tsv", "w", encoding="utf-8") as file:
            file.write("ID\tsex\n" + "".join(f"b{b:02}\tF\n" for b in range(80)))
        done = self.good("predict", "age", "deep.h5", "--metadata=other.tsv", "-o", "other.out")
        self.assertIn("other.tsv: the label table lacks the column 'age', which age/model.safetensors reads; the mean of "
                      "the training bags stands for it", done.stderr)
        self.good("predict", "age", "shape", "deep.h5", "-o", "both.out")
        both, age = table("both.out"), {r["bag"]: float(r["output"]) for r in table("age/predictions.tsv")}
        shape = {r["bag"]: float(r["output"]) for r in table("shape/predictions.tsv")}
        for r in both:
            self.assertAlmostEqual(float(r["output"]), (age[r["bag"]] + shape[r["bag"]]) / 2, places=4)

    def test_a_search_turns_them_off(self):
        """A fold of which they say much takes them; a trial without them has the bits of a run without."""
        words = ["crossval", *self.words[1:], "--splits.n_fold=2", "--splits.validation=none",
                 "--train.keep=last", "--no-crossval.without"]
        inputs = ["--model.bag_inputs.nuisance", "--model.bag_inputs.columns=age"]
        with open("off.yaml", "w", encoding="utf-8") as file:
            file.write("base: " + os.path.abspath(TINY) + "\nsearch:\n  kind: list\n  inner_folds: 2\n  list:\n"
                       "    - {model.bag_inputs.nuisance: false, model.bag_inputs.columns: []}\n    - {}\n")
        words[words.index(TINY)] = "off.yaml"
        self.good(*words, *inputs, "-o", "search")
        self.assertEqual([r["trial"] for r in table("search/trials.tsv") if r["chosen"] == "1"], ["1", "1"])
        self.good("predict", "search", "deep.h5", "-o", "search.out")
        with open("off.yaml", encoding="utf-8") as file:
            only = file.read().replace("    - {}\n", "")
        with open("off.yaml", "w", encoding="utf-8") as file:
            file.write(only)
        self.good(*words, *inputs, "-o", "search-off")
        self.good(*words, "--search.kind=none", "-o", "search-never")
        for f in range(2):
            name = f"rep00/fold{f:02}/predictions.tsv"
            self.assertEqual(read("search-off/" + name), read("search-never/" + name))
        self.good("predict", "search-off", "deep.h5", "-o", "search-off.out")
        with open("off.yaml", "w", encoding="utf-8") as file:
            file.write(only.replace("columns: []", "columns: [sex]"))
        done = self.good("crossval", os.path.join(os.environ["HOPSACK_TEST_SOURCE"], "configs/repertoire-inputs.yaml"), "deep.h5",
                         "--target=status", "--dry-run", "-o", "no")
        self.assertIn("5 trials on 5 inner folds", done.stdout)
        self.bad(2, r"trial 0 has another model\.bag_inputs than the config", *words, *inputs, "-o", "no")

    def test_crossval_is_killed_and_resumes(self):
        """To the same bits, with all inputs and dropout; the cross-validation without them too."""
        words = ["crossval", *self.words[1:], "--train.updates=40", "--splits.n_fold=3", "--model.bag_inputs.nuisance",
                 "--model.bag_inputs.genes", "--model.bag_inputs.columns=age,sex", "--model.bag_inputs.dropout=0.2"]
        words.remove("--train.updates=300")
        words[words.index("--train.evaluate_every=150")] = "--train.evaluate_every=10"
        self.good(*words, "-o", "cv", threads=1)
        for stop in ("20:9", "15:15", "30:9", "35:2"):
            stopped = run(*words, "-o", "killed", "--resume", threads=2, env={**os.environ, "HOPSACK_TEST_STOP_AT": stop})
            self.assertIn(stopped.returncode, (-9, 143, 130), stopped.stderr)
        self.good(*words, "-o", "killed", "--shard=1/2")
        self.good(*words, "-o", "killed", "--shard=2/2")
        names = [f"{at}rep00/fold{f:02}/{name}" for at in ("", "without-inputs/") for f in range(3)
                 for name in ("model.safetensors", "predictions.tsv", "metrics.jsonl", "config.yaml")]
        for name in [*names, "predictions.tsv", "without-inputs/predictions.tsv"]:
            if name.endswith("l") and not name.endswith("yaml"):
                self.assertEqual(without_times("cv/" + name), without_times("killed/" + name), name)
            else:
                self.assertEqual(read("cv/" + name), read("killed/" + name), name)
        self.assertEqual(without_times("cv/summary.json"), without_times("killed/summary.json"))
        self.good("predict", "cv", "deep.h5", "-o", "cv.out")

    def test_a_summary_shows_the_row_without(self):
        words = ["crossval", *self.words[1:], "--splits.n_fold=4"]
        self.good(*words, "-o", "plain")
        done = self.good(*words, "--model.bag_inputs.genes", "-o", "both")
        task = json.loads(read("both/summary.json"))["tasks"]["status"]
        plain = json.loads(read("plain/summary.json"))["tasks"]["status"]
        for key in ("auc_mean", "auc_ci95", "auc_std_folds", "n_folds", "n_bags"):
            self.assertEqual(task["without_inputs"][key], plain[key])
        self.assertEqual(read("plain/predictions.tsv"), read("both/without-inputs/predictions.tsv"))
        self.assertNotIn("bag_inputs", read("both/without-inputs/config.yaml").decode())
        self.assertGreater(task["auc_mean"], plain["auc_mean"] + 0.2)
        sentence = f"the AUC on the same folds is {plain['auc_mean']:.3f} (4 folds"
        self.assertIn(sentence, read("both/summary.md").decode())
        self.assertIn(sentence, done.stdout)
        self.assertNotIn("run the same command", read("both/summary.md").decode())
        self.good(*words, "--model.bag_inputs.genes", "--no-crossval.without", "--force", "-o", "both")
        self.assertFalse(os.path.exists("both/without-inputs"))
        self.assertIn("run the same command", read("both/summary.md").decode())
        before = read("both/predictions.tsv")
        self.good("crossval", "--resume", "--crossval.without", "-o", "both")
        self.assertIn(sentence, read("both/summary.md").decode())
        self.assertEqual(before, read("both/predictions.tsv"))
        said = self.good(*words, "--model.bag_inputs.genes", "--dry-run", "-o", "no").stdout
        self.assertIn("would train 8 of 8 models", said)

    def test_what_is_not_there(self):
        self.bad(3, "no column", *self.words, "--model.bag_inputs.columns=weight", "-o", "no")
        self.bad(2, "model.bag_inputs", *self.words, "--model.bag_inputs.nuisance", "--data.compat=deeprc", "-o", "no")


main()
