#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Methods of baseline and stacks on new data: predict, evaluate, inspect."""
import json
import math
import os
import shutil

from harness import Case, main, read, run, table

METHODS = "kmer-3", "nuisance", "clones"


def raw_scale(model):
    """The calibration of a model of a method, which its outputs bear."""
    with open(model, "rb") as file:
        head = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return json.loads(head["__metadata__"]["hopsack"]).get("rival", {}).get("calibration") or (1, 0)


def outputs(path):
    return {r["bag"]: float(r["output"]) for r in table(path)}


class Predict(Case):
    @classmethod
    def done(cls, *words, **options):
        got = run(*words, **options)
        assert got.returncode == 0, got.stderr
        return got

    @classmethod
    def prepare(cls):
        for name, n, seed in ("old", 40, 1), ("new", 12, 2):
            cls.done("simulate", "-o", f"{name}.h5", f"--simulate.n_bag={n}", "--simulate.n_seq=80", "--rho=0.1", f"--seed={seed}")
            cls.done("export", f"{name}.h5", "-o", f"{name}.tables")
            os.rename(f"{name}.tables/metadata.tsv", f"{name}.labels.tsv")
            cls.done("import", f"--metadata={name}.labels.tsv", "-o", f"{name}.h5", f"{name}.tables", "--force")
        # Calibrated models would give outputs on the scale of their probabilities; test_scores.py has those.
        cls.done("baseline", "old.h5", "--target=status", "--splits.n_fold=3", "--calibrate=none", "-o", "rivals", *(f"--method={m}" for m in METHODS))
        cls.done("crossval", "old.h5", "tiny.yaml", "--target=status", "--splits=rivals/splits.tsv", "--inner=3", "-o", "network")
        cls.done("stack", "network", "rivals", "-o", "stacks/real")  # a network's own inner outputs
        cls.fake_inner("network")
        cls.done("stack", "network", "rivals", "-o", "stacks/choice")
        cls.done("stack", "rivals", "network", "--weigh", "-o", "stacks/weights")

    @classmethod
    def fake_inner(cls, run_folder):
        """Outputs on bags that the models were trained on, and the labels: the best column inside."""
        inner = {(r["fold"], r["bag"]): r["inner"] for r in table("rivals/kmer-3/inner.tsv")}
        with open(f"{run_folder}/inner.tsv", "w", encoding="utf-8") as file:
            head = read(f"{run_folder}/predictions.tsv").decode().splitlines()[0].split("\t")
            print(*head, "inner", sep="\t", file=file)
            for fold in range(3):
                for row in table(f"{run_folder}/rep00/fold{fold:02d}/predictions.tsv"):
                    if row["part"] == "test":
                        continue
                    row.update(part="inner", repeat="0", fold=str(fold), output=float(row["output"]) / 9 + 5 * int(row["target"]))
                    print(*(row[h] for h in head), inner[str(fold), row["bag"]], sep="\t", file=file)

    def refused(self, code, sentence, *words):
        got = run(*words)
        self.assertEqual(got.returncode, code, got.stderr)
        self.assertRegex(got.stderr, sentence)

    # ---- predict ----

    def test_own_bags(self):
        """Each bag by the fold that has not seen it: the run's own predictions.tsv. Outputs of methods are calibrated."""
        for word in "rivals/kmer-3", "rivals/nuisance", "rivals/clones", "stacks/choice", "stacks/weights":
            self.done("predict", word, "old.h5", "-o", "own.tsv", "--force")
            own, kept = table("own.tsv"), {r["bag"]: r for r in table(f"{word}/predictions.tsv")}
            self.assertEqual({r["part"] for r in own}, {"test"}, word)
            for r in own:
                self.assertAlmostEqual(float(r["probability"]), float(kept[r["bag"]]["probability"]), 5, (word, r["bag"]))
                if word.startswith("stacks"):
                    self.assertAlmostEqual(float(r["output"]), float(kept[r["bag"]]["output"]), 4, (word, r["bag"]))

    def test_new_bags(self):
        """The mean over the outer folds."""
        for word in ("rivals/kmer-3", "rivals/clones"):
            self.done("predict", word, "new.h5", "-o", "mean.tsv", "--force")
            each = []
            for fold in range(3):
                self.done("predict", f"{word}/models/rep00_fold{fold:02d}_task0.safetensors", "new.h5", "-o", f"f{fold}.tsv", "--force")
                each.append(outputs(f"f{fold}.tsv"))
            for bag, y in outputs("mean.tsv").items():
                self.assertAlmostEqual(y, sum(e[bag] for e in each) / 3, 5)
            self.assertEqual({r["part"] for r in table("mean.tsv")}, {"new"})

    def test_methods_with_the_config_of_a_network(self):
        """Keys that need validation bags, of which methods have none, keep no model from being read."""
        with open("careful.yaml", "w", encoding="utf-8") as file:
            file.write("train: {patience: 3, calibrate: platt, refit: true, operating: sensitivity:0.9}\n")
        self.done("baseline", "old.h5", "careful.yaml", "--target=status", "--splits=rivals/splits.tsv", "--method=kmer-3", "-o", "careful")
        self.done("predict", "careful/kmer-3", "new.h5", "-o", "careful.tsv")
        self.done("baseline", "careful/config.yaml", "--method=nuisance", "-o", "careful2")

    def test_stack_on_new_bags(self):
        with open("stacks/choice/stack.json", encoding="utf-8") as file:
            saved = json.load(file)
        with open("stacks/choice/summary.json", encoding="utf-8") as file:
            self.assertEqual(json.load(file)["tasks"]["status"]["carried_by"], "network")
        self.done("predict", "stacks/choice", "new.h5", "-o", "stacked.tsv")
        want = dict.fromkeys(outputs("stacked.tsv"), 0.0)
        for fold in saved["tasks"][0]["folds"]:
            folder = f"stacks/choice/{saved['columns'][fold['column']]['path']}"
            model = f"rep00/fold{fold['fold']:02d}/model.safetensors"
            if not os.path.exists(f"{folder}/{model}"):
                model = f"models/rep00_fold{fold['fold']:02d}_task0.safetensors"
            self.done("predict", f"{folder}/{model}", "new.h5", "-o", "voice.tsv", "--force")
            slope, shift = fold["calibration"]
            a, b = raw_scale(f"{folder}/{model}")
            for bag, y in outputs("voice.tsv").items():
                want[bag] += (slope * (y - b) / a + shift) / 3
        for bag, y in outputs("stacked.tsv").items():
            self.assertAlmostEqual(y, want[bag], 4)
        for r in table("stacked.tsv"):
            self.assertAlmostEqual(float(r["probability"]), 1 / (1 + math.exp(-float(r["output"]))), 5)

    def test_weights_on_new_bags(self):
        with open("stacks/weights/stack.json", encoding="utf-8") as file:
            saved = json.load(file)
        self.done("predict", "stacks/weights", "new.h5", "-o", "weighed.tsv")
        want = dict.fromkeys(outputs("weighed.tsv"), 0.0)
        for fold in saved["tasks"][0]["folds"]:
            w = fold["weights"]
            for bag in want:
                want[bag] += w["bias"][0] / 3
            for column, c in zip(saved["columns"], w["columns"]):
                model = f"stacks/weights/{column['path']}/models/rep00_fold{fold['fold']:02d}_task0.safetensors"
                if column["name"] == "network":
                    model = f"network/rep00/fold{fold['fold']:02d}/model.safetensors"
                self.done("predict", model, "new.h5", "-o", "voice.tsv", "--force")
                a, b = raw_scale(model)
                for bag, y in outputs("voice.tsv").items():
                    want[bag] += c["weight"] * c["scale"] * ((y - b) / a - c["shift"][0]) / 3
        for bag, y in outputs("weighed.tsv").items():
            self.assertAlmostEqual(y, want[bag], 2)

    def test_stack_of_stacks(self):
        self.done("stack", "stacks/choice", "stacks/weights", "rivals/nuisance", "-o", "tower")
        self.done("predict", "tower", "old.h5", "-o", "tower.tsv")
        kept = outputs("tower/predictions.tsv")
        for bag, y in outputs("tower.tsv").items():
            self.assertAlmostEqual(y, kept[bag], 4)

    def test_raw_tables(self):
        for word in "rivals/kmer-3", "stacks/choice":
            self.done("predict", word, "new.h5", "-o", "a.tsv", "--force")
            self.done("predict", word, "new.tables", "-o", "b.tsv", "--force", "--metadata=new.labels.tsv")
            self.assertEqual(outputs("a.tsv"), outputs("b.tsv"))
        first = sorted(os.listdir("new.tables"))[0]
        self.done("predict", "rivals/clones", f"new.tables/{first}", "-o", "one.tsv")
        self.assertEqual(len(table("one.tsv")), 1)

    def test_threads(self):
        for word in "stacks/choice", "stacks/weights", "rivals/clones":
            for threads in 1, 4:
                self.done("predict", word, "new.h5", "-o", f"t{threads}.tsv", "--force", threads=threads)
            self.assertEqual(read("t1.tsv"), read("t4.tsv"))

    def test_moved(self):
        """Stack and columns move together; without its columns a stack says what is missing."""
        os.makedirs("elsewhere")
        for name in "rivals", "network", "stacks":
            shutil.copytree(name, f"elsewhere/{name}")
        self.done("predict", "stacks/choice", "new.h5", "-o", "here.tsv")
        self.done("predict", "elsewhere/stacks/choice", "new.h5", "-o", "there.tsv")
        self.assertEqual(read("here.tsv"), read("there.tsv"))
        shutil.rmtree("elsewhere/network")
        self.refused(6, r"the column network of the stack elsewhere/stacks/choice is not there", "predict",
                     "elsewhere/stacks/choice", "new.h5")
        self.assertIn("which is not there", run("inspect", "elsewhere/stacks/choice").stdout)
        shutil.rmtree("elsewhere")

    def test_bad_words(self):
        self.refused(2, r"rivals holds several methods; name one \(rivals/", "predict", "rivals", "new.h5")
        self.refused(2, r"hopsack stack RIVALS RUN -o OUT", "predict", "rivals/kmer-3", "network", "new.h5")
        self.refused(2, r"hopsack stack RIVALS RUN -o OUT", "predict", "stacks/choice", "stacks/weights", "new.h5")
        self.refused(2, r"unlike methods", "predict", "rivals/kmer-3", "rivals/nuisance", "new.h5")
        self.refused(2, r"--attention is of networks", "predict", "rivals/kmer-3", "new.h5", "--attention=a.tsv")
        shutil.copytree("rivals/kmer-3", "broken")
        os.remove("broken/models/rep00_fold01_task0.safetensors")
        self.refused(4, r"rep00_fold01_task0\.safetensors is missing", "predict", "broken", "new.h5")
        with open("broken/models/rep00_fold01_task0.safetensors", "wb") as file:
            file.write(read("rivals/kmer-3/models/rep00_fold00_task0.safetensors")[:-100])
        self.refused(4, r"rep00_fold01_task0\.safetensors", "predict", "broken", "new.h5")
        shutil.rmtree("broken")
        shutil.copytree("stacks/choice", "stacks/torn")
        for text in "{}", '{"tasks": [{"folds": [{"repeat": 0, "fold": 0, "column": 9}]}]}', "no JSON":
            with open("stacks/torn/stack.json", "w", encoding="utf-8") as file:
                file.write(text)
            self.refused(4, r"stacks/torn", "predict", "stacks/torn", "new.h5")
        shutil.rmtree("stacks/torn")

    def test_no_run_in_its_folder(self):
        for words in (["crossval", "--resume"], ["crossval", "old.h5", "--target=status", "--force"],
                      ["baseline", "old.h5", "--target=status", "--force"]):
            self.refused(6, r"stacks/choice holds a stack", *words, "-o", "stacks/choice")

    # ---- evaluate, inspect ----

    def test_evaluate(self):
        for word in "rivals/clones", "stacks/choice":
            got = self.done("evaluate", word, "new.h5", "--json")
            scores = json.loads(got.stdout)["parts"]["new"]["tasks"]["status"]
            self.assertEqual(scores["n_bags"], 12)
            self.refused(3, r"all 40 labelled bags are those of the cross-validation", "evaluate", word, "old.h5")
        got = self.done("evaluate", "--each", "rivals/clones", "stacks/choice", "network", "new.h5", "--json")
        self.assertEqual([r["n_bags"] for r in json.loads(got.stdout)["rows"]], [12] * 3)

    def test_predict_says_that_models_hold_residues(self):
        for word, holds in ("rivals/kmer-3", True), ("rivals/nuisance", False), ("network", False), ("stacks/weights", True):
            said = self.done("predict", word, "new.h5", "-o", "said.tsv", "--force").stderr
            self.assertEqual("holds residues of the sequences" in said, holds, word)

    def test_inspect(self):
        told = self.done("inspect", "rivals/kmer-3").stdout
        self.assertIn("method kmer-3", told)
        self.assertIn("holds residues of the sequences", told)
        self.assertRegex(told, r"status, repetition 0, fold 2: .*C ")
        got = json.loads(self.done("inspect", "--json", "rivals/kmer-3/models/rep00_fold02_task0.safetensors").stdout)["rival"]
        self.assertEqual([got["method"], got["fold"], got["holds_residues"]], ["kmer-3", 2, True])
        self.assertTrue(all(len(row["feature"]) == 3 for row in got["top"]))
        sizes = [abs(row["weight"]) for row in got["top"]]
        self.assertEqual(sizes, sorted(sizes, reverse=True))
        self.assertNotIn("residues", self.done("inspect", "rivals/nuisance").stdout)
        top = json.loads(self.done("inspect", "--json", "rivals/clones").stdout)["method"]["top"]
        sequences = {cell for name in os.listdir("old.tables") for line in read(f"old.tables/{name}").decode().splitlines()
                     for cell in line.split("\t")}
        self.assertTrue(top and all(row["feature"] in sequences for row in top))
        told = self.done("inspect", "stacks/choice").stdout
        self.assertIn("column network", told)
        self.assertRegex(told, r"column kmer-3 at \.\./\.\./rivals/kmer-3, whose models hold residues")
        self.assertIn("kmer-3", self.done("inspect", "rivals").stdout)
        self.assertIn("weights of columns", self.done("inspect", "stacks/weights").stdout)


if __name__ == "__main__":
    main()
