# SPDX-License-Identifier: MIT
import csv
import gzip
import json
import math
import os

from harness import Case, cohort, main, read, table, trained


def attention(path):
    opened = gzip.open(path, "rt", encoding="utf-8") if path.endswith(".gz") else open(path, encoding="utf-8")
    with opened as file:
        return list(csv.DictReader(file, delimiter="\t"))


class Predict(Case):
    @classmethod
    def prepare(cls):
        cohort("c.h5")
        cohort("new.h5", seed=2, n_bag=12)
        trained("a", "c.h5")
        trained("b", "c.h5", "--seed=3")
        trained("two", "c.h5", "--model.pooling.n_query=2")

    def test_evaluate_leaves_out_what_was_seen(self):
        done = self.good("evaluate", "a/model.safetensors", "c.h5")
        self.assertRegex(done.stdout, r"^new AUC \d\.\d{3} \(8 bags\)")
        self.assertIn("24 training bags and 8 validation bags of the model", done.stderr)
        result = json.loads(self.good("evaluate", "a/model.safetensors", "c.h5", "--json").stdout)
        self.assertEqual(list(result["parts"]), ["new"])
        self.assertEqual(result["left_out"], {"train": 24, "validation": 8})
        with open("a/summary.json", encoding="utf-8") as file:
            test = json.load(file)["parts"]["test"]
        self.assertEqual(result["parts"]["new"], test)

    def test_evaluate_all_parts(self):
        result = json.loads(self.good("evaluate", "a", "c.h5", "--part=all", "--json").stdout)
        with open("a/summary.json", encoding="utf-8") as file:
            parts = json.load(file)["parts"]
        self.assertEqual(result["parts"], {"train": parts["train"], "validation": parts["validation"], "new": parts["test"]})
        lines = self.good("evaluate", "a", "c.h5", "--part=all").stdout.splitlines()
        self.assertEqual([line.split()[0] for line in lines], ["new", "train", "validation"])

    def test_evaluate_with_all_seen(self):
        with open("all.tsv", "w", encoding="utf-8") as file:
            file.write("bag\tpart\n" + "".join(f"sim{i:05}\t{('train', 'validation')[i % 4 == 3]}\n" for i in range(40)))
        trained("all", "c.h5", "--splits=all.tsv")
        self.assertEqual(len(self.good("evaluate", "all", "c.h5", "--part=all").stdout.splitlines()), 2)

    def test_evaluate_other_data_and_one_class(self):
        result = json.loads(self.good("evaluate", "a", "new.h5", "--json").stdout)
        self.assertEqual((result["parts"]["new"]["n_bags"], result["left_out"]), (12, {"train": 0, "validation": 0}))
        rows = json.loads(self.good("inspect", "new.h5", "--json").stdout)
        self.assertTrue(rows)
        bags = [row["bag"] for row in self.predict("a", "new.h5", "one.tsv")]
        with open("positive.tsv", "w", encoding="utf-8") as file:
            file.write("ID\tstatus\n" + "".join(f"{bag}\t+\n" for bag in bags))
        done = self.good("evaluate", "a", "new.h5", "--metadata=positive.tsv", "--json")
        scores = json.loads(done.stdout)["parts"]["new"]["tasks"]["status"]
        self.assertIsNone(scores["auc"])
        self.assertIsNone(scores["auc_ci95"])
        self.assertIn("undefined", self.good("evaluate", "a", "new.h5", "--metadata=positive.tsv").stdout)

    def predict(self, model, data, out, *args):
        self.good("predict", *model.split(), data, "-o", out, "--force", *args)
        return table(out)

    def test_predict_repeats_the_run(self):
        rows = {row["bag"]: row for row in self.predict("a/model.safetensors", "c.h5", "p.tsv")}
        self.assertEqual(len(rows), 40)
        for old in table("a/predictions.tsv"):
            new = rows[old["bag"]]
            self.assertEqual((new["output"], new["probability"], new["target"]), (old["output"], old["probability"], old["target"]))
            self.assertEqual(new["part"], "new" if old["part"] == "test" else old["part"])
            self.assertEqual((new["repeat"], new["fold"]), ("", ""))

    def test_threads_give_the_same_bits(self):
        for threads in (1, 2, 3, 4):
            self.predict("a", "c.h5", f"t{threads}.tsv", f"--attention=t{threads}.att.tsv", f"--threads={threads}")
            self.assertEqual(read("t1.tsv"), read(f"t{threads}.tsv"))
            self.assertEqual(read("t1.att.tsv"), read(f"t{threads}.att.tsv"))

    def test_several_models_are_averaged(self):
        a, b = (self.predict(name, "new.h5", f"{name}.tsv") for name in "ab")
        both = self.predict("a b", "new.h5", "ab.tsv")
        for x, y, z in zip(a, b, both):
            mean = (float(x["output"]) + float(y["output"])) / 2
            self.assertTrue(math.isclose(float(z["output"]), mean, rel_tol=1e-6, abs_tol=1e-6))

    def test_attention(self):
        self.predict("a", "new.h5", "p.tsv", "--attention=att.tsv.gz")
        rows = attention("att.tsv.gz")
        self.assertEqual(list(rows[0]), "bag instance junction_aa v_call j_call duplicate_count query head logit weight rank".split())
        self.assertEqual(len(rows), 12 * 60)
        for bag in {row["bag"] for row in rows}:
            mine = [row for row in rows if row["bag"] == bag]
            self.assertEqual([int(row["rank"]) for row in mine], list(range(1, 61)))
            self.assertEqual({int(row["instance"]) for row in mine}, set(range(60)))
            logits = [float(row["logit"]) for row in mine]
            self.assertEqual(logits, sorted(logits, reverse=True))
            weights = [float(row["weight"]) for row in mine]
            self.assertAlmostEqual(sum(weights), 1, places=5)
            self.assertEqual([w > 0 for w in weights], [True] * 6 + [False] * 54)  # the top tenth
        top = self.good("predict", "a", "new.h5", "-o", "-", "--attention=top.tsv", "--top=5")
        self.assertEqual(top.stdout, read("p.tsv").decode())
        self.assertEqual(attention("top.tsv"), [row for row in rows if int(row["rank"]) <= 5])

    def test_attention_of_two_queries(self):
        self.predict("two", "new.h5", "p2.tsv", "--attention=two.tsv")
        rows = attention("two.tsv")
        self.assertEqual(len(rows), 12 * 60 * 2)
        self.assertEqual([(r["query"], r["head"]) for r in rows[:120]], [("0", "0")] * 60 + [("1", "0")] * 60)

    def test_labels_are_optional(self):
        with open("none.tsv", "w", encoding="utf-8") as file:
            file.write("ID\tage\nsim00001\t40\n")
        rows = self.predict("a", "new.h5", "unlabelled.tsv", "--metadata=none.tsv")
        self.assertEqual({row["target"] for row in rows}, {""})

    def test_dry_run(self):
        self.assertIn("12 bags", self.good("predict", "a", "new.h5", "-o", "dry.tsv", "--dry-run").stdout)
        self.assertFalse(os.path.exists("dry.tsv"))

    def test_bench(self):
        result = json.loads(self.good("bench", "c.h5", "--json", "--repeats=3", "--model.embedder.n_kernel=8").stdout)
        self.assertGreater(result["pass"]["sequences_per_s"], 0)
        self.assertGreater(result["update"]["seconds"], 0)
        self.assertEqual(result["pass"]["instances"], 40 * 60)
        self.assertIn("blas_kernel", result["machine"])
        self.assertRegex(self.good("bench", "c.h5", "--repeats=3", "--data.compat=deeprc").stdout, r"compat deeprc")


main()
