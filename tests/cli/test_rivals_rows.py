# SPDX-License-Identifier: MIT
"""Rivals that know a bag by a small row of numbers: nuisance, genes; and k-mers with an L1 penalty."""
import json
import math
import os
import random
import struct
import unittest

from harness import Case, auc, is_built, main, read, run, table

AMINO = "ACDEFGHIKLMNPQRSTVWY"
V = [f"TRBV{g}*01" for g in ("2", "5-1", "7-9", "12-3", "20-1", "28")]
J = [f"TRBJ{g}*01" for g in ("1-1", "1-2", "2-7")]
N_BAG = 40


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def tensors(path):
    """Numbers of a safetensors file by name, and its metadata."""
    data = read(path)
    size = struct.unpack("<Q", data[:8])[0]
    head = json.loads(data[8:8 + size])
    facts = json.loads(head.pop("__metadata__")["hopsack"])
    out = {}
    for name, entry in head.items():
        first, end = entry["data_offsets"]
        if entry["dtype"] == "F64":
            out[name] = struct.unpack(f"<{(end - first) // 8}d", data[8 + size + first:8 + size + end])
    return out, facts


def write_cohort(folder, genes=True, seed=3):
    """Positive repertoires use one V gene more often, are a little deeper, and have WKT in one sequence of five."""
    draw = random.Random(seed)
    os.mkdir(folder)
    bags = {}
    with open(f"{folder}.tsv", "w", encoding="utf-8") as file:
        file.write("ID\tstatus\tthree\tage\tsex\n")
        file.writelines(f"b{b}\t{b % 2}\t{'xyz'[b % 3]}\t{30 + b}\t{'FM'[b // 2 % 2] if b != 5 else ''}\n" for b in range(N_BAG))
    for b in range(N_BAG):
        rows = []
        for i in range(draw.randint(40, 60)):
            middle = "".join(draw.choice(AMINO) for _ in range(draw.randint(5, 8)))
            if b % 2 and i % 5 == 0:
                middle = middle[:1] + "WKT" + middle[1:]
            v = V[5] if b % 2 and draw.random() < 0.25 else draw.choice(V)
            rows.append([f"CA{middle}{draw.choice('FW')}", v, draw.choice(J), draw.choice([1, 1, 1, draw.randint(2, 9 + 9 * (b % 2))])])
        bags[f"b{b}"] = rows
        with open(f"{folder}/b{b}.tsv", "w", encoding="utf-8") as file:
            file.write("junction_aa\t" + ("v_call\tj_call\t" if genes else "") + "duplicate_count\n")
            file.writelines("\t".join(map(str, row if genes else [row[0], row[3]])) + "\n" for row in rows)
    done = run("import", "--format=airr", f"--metadata={folder}.tsv", "-o", f"{folder}.h5", folder)
    assert done.returncode == 0, done.stderr
    return bags


class Rows(Case):
    @classmethod
    def prepare(cls):
        cls.bags = write_cohort("genes")
        write_cohort("plain", genes=False)
        done = run("baseline", "genes.h5", "--target=status", "--method=nuisance", "--method=genes", "--columns=age",
                   "--columns=sex", "--splits.n_fold=4", "-o", "out")
        assert done.returncode == 0, done.stderr

    def test_shifts_of_use_and_depth_are_found(self):
        self.assertGreater(auc(table("out/genes/predictions.tsv")), 0.8)
        self.assertGreater(auc(table("out/nuisance/predictions.tsv")), 0.7)
        for method in ("nuisance", "genes"):
            inner = table(f"out/{method}/inner.tsv")
            self.assertEqual(len(inner), 3 * N_BAG)
            self.assertGreater(auc(inner), 0.6)

    def test_a_model_names_its_columns(self):
        numbers, facts = tensors("out/nuisance/models/rep00_fold00_task0.safetensors")
        names = [column["name"] for column in facts["rival"]["facts"]["columns"]]
        self.assertEqual(names, ["sequences", "log_depth", "clonality", "largest_clone", "singletons", "smallest_count",
                                 "length_mean", "length_sd", "without_c_fw", "age", "sex = F", "sex = M"])
        self.assertEqual(len(numbers["weight"]), len(names))
        self.assertIn("C", facts["rival"]["choice"])
        numbers, facts = tensors("out/genes/models/rep00_fold00_task0.safetensors")
        columns = facts["rival"]["facts"]["columns"]
        self.assertEqual(len(columns), 2 * (len(V) + len(J) + len(V) * len(J)))
        self.assertIn({"by": "clones", "name": "TRBV20-1 by clones", "v": "TRBV20-1"}, columns)
        weight = dict(zip((c["name"] for c in columns), numbers["weight"]))
        self.assertEqual(max((n for n in weight if "J" not in n and "clones" in n), key=weight.get), "TRBV28 by clones")

    def test_each_number_alone(self):
        single = load("out/summary.json")["methods"]["nuisance"]["tasks"]["status"]["single"]
        rows = [{"target": str(b % 2), "output": self.numbers_of(b)[1]} for b in range(N_BAG)]
        self.assertAlmostEqual(single["log_depth"], auc(rows), places=9)
        self.assertGreater(single["log_depth"], 0.7)
        self.assertEqual(single["without_c_fw"], 0.5)
        self.assertIn(f" log_depth {single['log_depth']:.2f};", read("out/summary.md").decode())
        self.assertNotIn("single", load("out/summary.json")["methods"]["genes"]["tasks"]["status"])

    def numbers_of(self, b):
        """As nuisance has them, without the columns of the table."""
        rows = self.bags[f"b{b}"]
        count, length = {}, {}
        for sequence, *_, c in rows:  # equal sequences are one
            count[sequence] = count.get(sequence, 0) + c
            length[sequence] = len(sequence)
        n, depth = len(count), sum(count.values())
        mean = sum(length.values()) / n
        entropy = -sum(c / depth * math.log(c / depth) for c in count.values())
        return [n, math.log(depth), 1 - entropy / math.log(n), max(count.values()) / depth,
                sum(c == 1 for c in count.values()) / n, min(count.values()), mean,
                math.sqrt(sum((x - mean) ** 2 for x in length.values()) / n), 0]

    def test_outputs_are_those_of_scikit_learn(self):
        try:
            import numpy as np
            from sklearn.linear_model import LogisticRegression
        except ImportError:
            self.skipTest("no scikit-learn")
        self.good("baseline", "genes.h5", "--target=status", "--method=nuisance", "--splits.n_fold=4", "-o", "bare")
        x = np.array([self.numbers_of(b) for b in range(N_BAG)])
        y = np.arange(N_BAG) % 2
        for fold in range(4):
            numbers, facts = tensors(f"bare/nuisance/models/rep00_fold{fold:02}_task0.safetensors")
            rows = [r for r in table("bare/nuisance/predictions.tsv") if r["fold"] == str(fold)]
            test = [int(r["bag"][1:]) for r in rows]
            train = np.array([b not in test for b in range(N_BAG)])
            live = x[train].std(0) > 1e-9
            z = (x[:, live] - x[train][:, live].mean(0)) / x[train][:, live].std(0)
            z /= math.sqrt(live.sum())  # mean diagonal 1
            learned = LogisticRegression(C=facts["rival"]["choice"]["C"], class_weight="balanced", tol=1e-10, max_iter=10000)
            expected = learned.fit(z[train], y[train]).decision_function(z[test])
            by_weights = x[test] @ np.array(numbers["weight"]) + numbers["offset"][0] + numbers["intercept"][0]
            for row, value, own in zip(rows, expected, by_weights):
                self.assertAlmostEqual(float(row["output"]), value, places=3)
                self.assertAlmostEqual(float(row["output"]), own, places=5)

    def test_the_same_bits_for_any_threads(self):
        for threads in (1, 3):
            self.good("baseline", "genes.h5", "--target=status", "--method=nuisance", "--method=genes", "--columns=age",
                      "--columns=sex", "--splits.n_fold=4", "-o", f"t{threads}", threads=threads)
            for name in ("predictions.tsv", "inner.tsv", "models/rep00_fold01_task0.safetensors"):
                for method in ("nuisance", "genes"):
                    self.assertEqual(read(f"t{threads}/{method}/{name}"), read(f"out/{method}/{name}"), name)

    def test_rarefied_bags(self):
        self.good("baseline", "genes.h5", "--target=status", "--method=nuisance", "--method=genes", "--data.rarefy=20", "-o",
                  "rare")
        facts = tensors("rare/nuisance/models/rep00_fold00_task0.safetensors")
        self.assertEqual(facts[0]["mean"][0], 20)
        self.assertEqual(facts[0]["weight"][0], 0)
        numbers, facts = tensors("rare/genes/models/rep00_fold00_task0.safetensors")
        shares = [math.expm1(m) / 1e5 for m, c in zip(numbers["mean"], facts["rival"]["facts"]["columns"])
                  if c["by"] == "clones" and "v" not in c]
        self.assertTrue(0.9 < sum(shares) < 1.01, shares)

    def test_several_classes_and_numbers(self):
        for kind, column in (("multiclass", "three"), ("regression", "age")):
            self.good("baseline", "genes.h5", f"--target={column}", f"--kind={kind}", "--method=nuisance", "--method=genes",
                      "--splits.n_fold=3", "-o", kind)
            self.assertEqual(len({r["bag"] for r in table(f"{kind}/genes/predictions.tsv")}), N_BAG)

    def outputs(self, table_lines, out):
        """Of the model of fold 0, with another label table."""
        with open("new.tsv", "w", encoding="utf-8") as file:
            file.writelines("\t".join(map(str, line)) + "\n" for line in table_lines)
        done = self.good("predict", "out/nuisance/models/rep00_fold00_task0.safetensors", "genes.h5", "--metadata=new.tsv", "-o", out)
        return [float(r["output"]) for r in table(out)], done.stderr

    def test_columns_that_another_table_lacks(self):
        numbers, facts = tensors("out/nuisance/models/rep00_fold00_task0.safetensors")
        at = [column["name"] for column in facts["rival"]["facts"]["columns"]].index("age")
        sex = [("ID", "sex")] + [(f"b{b}", "FM"[b // 2 % 2]) for b in range(N_BAG)]
        with_mean = [(*row, "age" if k == 0 else repr(numbers["mean"][at])) for k, row in enumerate(sex)]
        expected, quiet = self.outputs(with_mean, "mean.out")
        self.assertNotIn("warning", quiet)
        found, said = self.outputs(sex, "lacks.out")
        for one, other in zip(found, expected):
            self.assertAlmostEqual(one, other, places=6)
        self.assertIn("new.tsv: the label table lacks the column 'age', which the model of nuisance reads; the mean of the "
                      "training bags stands for it", said)
        self.assertNotIn("sex", said)
        _, said = self.outputs([("ID", "sex", "age"), ("b0", "male", "old"), ("b1", "male", "30"), ("b2", "F", "")], "unknown.out")
        self.assertIn("2 bags have a value of column 'sex' that the model of nuisance does not know, such as 'male'; it counts as "
                      "none of the known values", said)
        self.assertIn("1 bag has a value of column 'age' that the model of nuisance does not know, such as 'old'; it is no number",
                      said)

    def test_another_cohort_without_genes(self):
        self.bad(4, "plain.h5: has no genes, which a model of genes needs", "predict", "out/genes", "plain.h5", "-o", "x.tsv")
        self.bad(4, "plain/b1.tsv: has no genes, which a model of genes needs", "predict", "out/genes", "plain/b1.tsv", "-o", "x.tsv")
        with open("long.tsv", "w", encoding="utf-8") as file:
            file.write("ID\tstatus\nb1\t1\nghost\t0\n")
        self.bad(3, "1 ID of column 'ID' is not in genes/b1.tsv: 'ghost'", "evaluate", "out/genes", "genes/b1.tsv",
                 "--metadata=long.tsv")

    def test_what_is_wrong_is_said(self):
        self.bad(3, "plain.h5 has no V and J genes, which the baseline genes compares; import a table that holds them",
                 "baseline", "plain.h5", "--target=status", "--method=genes", "-o", "x")
        self.bad(2, "--columns=status: this is the label of task 'status'", "baseline", "genes.h5", "--target=status",
                 "--method=nuisance", "--columns=status", "-o", "x")
        self.bad(3, "no column 'agge' .*did you mean 'age'", "baseline", "genes.h5", "--target=status", "--method=nuisance",
                 "--columns=agge", "-o", "x")


class Vectors(Case):
    def test_the_distribution_of_values(self):
        draw = random.Random(1)
        with open("v.csv", "w", encoding="utf-8") as file:
            file.write("bag_id,label,a,b\n")
            for b in range(30):
                for _ in range(draw.randint(2, 6)):
                    file.write(f"b{b},{b % 2},{draw.gauss(0, 1 + b % 2)},{draw.gauss(0, 1 + b % 2)}\n")
        self.good("import", "--format=csv", "--bag=bag_id", "--label=label", "-o", "v.h5", "v.csv")
        self.good("baseline", "v.h5", "--target=label", "--method=nuisance-vectors", "-o", "v")
        self.assertGreater(auc(table("v/nuisance-vectors/predictions.tsv")), 0.7)
        _, facts = tensors("v/nuisance-vectors/models/rep00_fold00_task0.safetensors")
        self.assertEqual([c["name"] for c in facts["rival"]["facts"]["columns"]],
                         ["instances", "value_mean", "value_sd", "value_min", "value_max", "value_zeros"])


@unittest.skipIf("liblinear" in run("help", "baseline").stdout, "built without liblinear")
class L1(Case):
    @classmethod
    def prepare(cls):
        cls.bags = write_cohort("seq", genes=False)
        if not is_built("kmer-3-l1", "seq.h5", "status"):
            raise unittest.SkipTest("built without liblinear")

    def frequencies(self):
        """ln(1 + 100 000 · frequency) of 3-mers, by bag."""
        import numpy as np

        x = np.zeros((N_BAG, 8000))
        for b in range(N_BAG):
            for s in {row[0] for row in self.bags[f"b{b}"]}:
                for t in range(len(s) - 2):
                    x[b, 400 * AMINO.index(s[t]) + 20 * AMINO.index(s[t + 1]) + AMINO.index(s[t + 2])] += 1
        return np.log1p(1e5 * x / x.sum(1, keepdims=True))

    def test_the_least_is_that_of_scikit_learn(self):
        try:
            import numpy as np
            from sklearn.linear_model import LogisticRegression
        except ImportError:
            self.skipTest("no scikit-learn")
        self.good("baseline", "seq.h5", "--target=status", "--method=kmer-3-l1", "--splits.n_fold=3", "--inner=2", "-o", "sk")
        x, y = self.frequencies(), np.arange(N_BAG) % 2 * 2 - 1
        for fold in range(3):
            test = [int(r["bag"][1:]) for r in table("sk/kmer-3-l1/predictions.tsv") if r["fold"] == str(fold)]
            train = np.array([b not in test for b in range(N_BAG)])
            numbers, facts = tensors(f"sk/kmer-3-l1/models/rep00_fold{fold:02}_task0.safetensors")
            own, cost = np.array(numbers["weight"]), facts["rival"]["choice"]["C"]
            live = ((x[train] > 0).sum(0) >= 2) & (x[train].std(0) > 1e-9)
            self.assertFalse(own[~live].any())
            sd = x[train][:, live].std(0)
            z = x[:, live] / sd
            theirs = LogisticRegression(penalty="l1", solver="liblinear", C=cost, intercept_scaling=100, tol=1e-8, max_iter=10000)
            theirs.fit(z[train], y[train])

            def loss(w, b):
                return np.abs(w).sum() + abs(b) / 100 + cost * np.log1p(np.exp(-y[train] * (z[train] @ w + b))).sum()

            least = loss(theirs.coef_[0], theirs.intercept_[0])
            self.assertLess(loss(own[live] * sd, -numbers["offset"][0]), 1.01 * least)
            for row in table("sk/kmer-3-l1/predictions.tsv"):
                if row["fold"] == str(fold):
                    self.assertAlmostEqual(float(row["output"]), x[int(row["bag"][1:])] @ own - numbers["offset"][0], places=4)

    def test_few_kmers_get_a_weight(self):
        self.good("baseline", "seq.h5", "--target=status", "--method=kmer-3-l1", "--splits.n_fold=3", "--inner=3",
                  "--important=5", "-o", "l1")
        self.assertGreater(auc(table("l1/kmer-3-l1/predictions.tsv")), 0.9)
        numbers, facts = tensors("l1/kmer-3-l1/models/rep00_fold00_task0.safetensors")
        choice = facts["rival"]["choice"]
        self.assertIn(choice["C"], (10.5, 3.9, 1.45, 0.537, 0.2, 0.0741, 0.0275))
        self.assertEqual(sum(w != 0 for w in numbers["weight"]), choice["n_weights"])
        self.assertLess(choice["n_weights"], 100)
        cell = 0
        for letter in "WKT":
            cell = 20 * cell + AMINO.index(letter)
        self.assertEqual(max(range(8000), key=numbers["weight"].__getitem__), cell)
        for row in table("l1/kmer-3-l1/important_sequences.tsv"):
            self.assertIn("WKT", row["junction_aa"])
        for threads in (1, 3):
            self.good("baseline", "seq.h5", "--target=status", "--method=kmer-3-l1", "--splits.n_fold=3", "--inner=3", "-o",
                      f"l1-{threads}", threads=threads)
            for name in ("predictions.tsv", "inner.tsv", "models/rep00_fold02_task0.safetensors"):
                self.assertEqual(read(f"l1-{threads}/kmer-3-l1/{name}"), read(f"l1/kmer-3-l1/{name}"))

    def test_wider_families(self):
        for method in ("kmer-4-l1", "gapped-l1"):
            self.good("baseline", "seq.h5", "--target=status", f"--method={method}", "--splits.n_fold=2", "--splits.validation=none", "--inner=2", "-o", method)
            self.assertGreater(auc(table(f"{method}/{method}/predictions.tsv")), 0.7)

    def test_two_classes_alone(self):
        self.bad(2, "the baseline kmer-3-l1 is for tasks of two classes; this one has more", "baseline", "seq.h5",
                 "--target=three", "--kind=multiclass", "--method=kmer-3-l1", "-o", "x")
        self.bad(2, "kmer-3-l1 .*numbers as labels", "baseline", "seq.h5", "--target=age", "--kind=regression",
                 "--method=kmer-3-l1", "-o", "x")


if __name__ == "__main__":
    main()
