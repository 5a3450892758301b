# SPDX-License-Identifier: MIT
"""Rivals made of shared sequences, from import to predictions; the clone kernel against NumPy."""
import gzip
import json
import math
import os
import random

from harness import Case, main, read, run, table

HEAD = "productive\tv_call\tj_call\tjunction_aa\tduplicate_count\n"
PEOPLE, DEPTH = 48, 70
METHODS = "clones", "clones-1", "public", "public-vj", "public-eb", "public-eb-vj"


def draw_cohort():
    """{bag: [(sequence, V, J)]}: many are shared; positive bags have more of ten sequences with genes of their own."""
    source = random.Random(4)
    pool = ["CA" + "".join(source.choices("ADEGLNPQRSTY", k=source.randint(5, 9))) + "F" for _ in range(1500)]
    own = [("CASSPLANTED" + a + "F", "TRBV7", "TRBJ1") for a in "ACDEFGHIKL"]
    bags = {}
    for person in range(PEOPLE):
        rows = {(pool[int(1500 * source.random() ** 2)], f"TRBV{source.randint(1, 3)}", "TRBJ2") for _ in range(DEPTH)}
        for s in own:
            if source.random() < (0.5 if person % 2 else 0.05):
                rows.add(s)
        bags[f"r{person:02}"] = sorted({s: (s, v, j) for s, v, j in sorted(rows)}.values())
    return bags


def fold_of(name):
    return int(name[1:]) // 2 % 4


class Clones(Case):
    @classmethod
    def prepare(cls):
        cls.bags = draw_cohort()
        os.mkdir("in")
        for name, rows in cls.bags.items():
            with gzip.open(f"in/{name}.tsv.gz", "wt") as file:
                file.write(HEAD + "".join(f"T\t{v}\t{j}\t{s}\t1\n" for s, v, j in rows))
        with open("labels.tsv", "w") as file:
            file.write("filename\tstatus\tkind\tage\n" + "".join(
                f"{name}.tsv.gz\t{'+-'[int(name[1:]) % 2 == 0]}\t{'abc'[int(name[1:]) % 3]}\t{20 + int(name[1:])}\n"
                for name in cls.bags))
        with open("folds.tsv", "w") as file:
            file.write("bag\trep00\n" + "".join(f"{name}.tsv.gz\t{fold_of(name)}\n" for name in cls.bags))
        done = run("import", "--metadata=labels.tsv", "-o", "c.h5", "in")
        assert done.returncode == 0, done.stderr
        cls.rivals("one", "--target=status", "--important=15", *(f"--method={m}" for m in METHODS), threads=1)

    @classmethod
    def rivals(cls, folder, *args, **options):
        done = run("baseline", "c.h5", "--splits=folds.tsv", "-o", folder, *args, **options)
        assert done.returncode == 0, done.stderr
        return done

    def test_threads_give_the_same_bytes(self):
        self.rivals("three", "--target=status", "--important=15", *(f"--method={m}" for m in METHODS), threads=3)
        for method in METHODS:
            for name in ("predictions.tsv", "inner.tsv", "important_sequences.tsv"):
                self.assertEqual(read(f"one/{method}/{name}"), read(f"three/{method}/{name}"), f"{method} {name}")
            for fold in range(4):
                name = f"{method}/models/rep00_fold0{fold}_task0.safetensors"
                self.assertEqual(read(f"one/{name}"), read(f"three/{name}"), name)

    def test_planted_sequences_are_found(self):
        for method in METHODS:
            rows = table(f"one/{method}/important_sequences.tsv")
            planted = [r["junction_aa"].startswith("CASSPLANTED") for r in rows[:8]]
            self.assertGreaterEqual(sum(planted), 7 if method in ("clones-1", "public-eb-vj") else 8, f"{method}: {rows[:8]}")

    def test_kinds_of_labels(self):
        for column, kind, says in ("kind", "multiclass", "more"), ("age", "regression", "numbers as labels"):
            task = f"--target={column}", f"--kind={kind}"
            self.rivals(kind, *task, "--method=clones", "--method=clones-1")
            self.bad(2, f"public tells two classes apart; this task has {says}", "baseline", "c.h5", *task,
                     "--splits=folds.tsv", "--method=public", "-o", "no")

    def test_depth_is_no_signal(self):
        """Positive bags are twice as deep, and nothing else differs: neither deep nor shallow bags are called positive."""
        self.good("simulate", "-o", "deep.h5", "--simulate.n_bag=100", "--simulate.n_seq=6000", "--simulate.size=lognormal:0.15",
                  "--simulate.size_effect=0.7", "--simulate.rate=0", "--seed=7")
        self.good("baseline", "deep.h5", "--target=status", "--method=public-eb", "-o", "deep")
        with open("deep/summary.json", encoding="utf-8") as file:
            auc = json.load(file)["methods"]["public-eb"]["tasks"]["status"]["auc_mean"]
        self.assertTrue(0.3 < auc < 0.7, auc)

    def test_files_without_genes(self):
        with gzip.open("plain.tsv.gz", "wt") as file:
            file.write("repertoire_id\tproductive\tjunction_aa\tduplicate_count\n" + "".join(
                f"{name}.tsv.gz\tT\t{s}\t1\n" for name, rows in self.bags.items() for s, _, _ in rows))
        self.good("import", "--metadata=labels.tsv", "-o", "plain.h5", "plain.tsv.gz")
        for method in "public-vj", "public-eb-vj":
            self.bad(3, f"has no genes, which {method} needs", "baseline", "plain.h5", "--target=status", "--splits=folds.tsv",
                     f"--method={method}", "-o", "no")

    # ---- the kernel ----

    def forms(self, name, patterns):
        found = set()
        for sequence, _, _ in self.bags[name]:
            found |= ({sequence[:t] + "." + sequence[t + 1:] for t in range(len(sequence))} if patterns else {sequence})
        return found

    def gram(self, train, power, patterns):
        """Inner products of all bags, by the training bags: as in bagkernel.h before centring."""
        import numpy as np

        names = sorted(self.bags)
        forms = [self.forms(name, patterns) for name in names]
        held = {}
        for i in train:
            for form in forms[i]:
                held[form] = held.get(form, 0) + 1
        square = {form: math.log(len(train) / n) ** 2 for form, n in held.items() if n >= 2}
        size = [len({s for s, _, _ in self.bags[name]}) ** power for name in names]
        return np.array([[sum(square.get(form, 0) for form in a & b) / size[i] / size[j] for j, b in enumerate(forms)]
                         for i, a in enumerate(forms)])

    def outputs(self, train, k, cost):
        """Logistic regression on the kernel, by Newton's method; classes balanced."""
        import numpy as np

        inside = k[np.ix_(train, train)]
        mean, centre = inside.mean(0), inside.mean()
        centred = k[:, train] - k[:, train].mean(1, keepdims=True) - mean + centre
        centred /= (np.diag(inside) - 2 * mean + centre).mean()
        value, vector = np.linalg.eigh((centred[train] + centred[train].T) / 2)
        good = value > 1e-10 * value.max()
        x = centred @ vector[:, good] / np.sqrt(value[good])
        x = np.hstack([x, np.ones((len(x), 1))])
        y = np.array(train) % 2
        weight = cost * len(train) / 2 / np.where(y, y.sum(), len(y) - y.sum())
        w, shrink = np.zeros(x.shape[1]), np.eye(x.shape[1])
        shrink[-1, -1] = 0
        for _ in range(60):
            p = 1 / (1 + np.exp(-x[train] @ w))
            w -= np.linalg.solve((x[train].T * (weight * p * (1 - p))) @ x[train] + shrink,
                                 x[train].T @ (weight * (p - y)) + shrink @ w)
        return x @ w

    def test_kernel_against_numpy(self):
        names = sorted(self.bags)
        for method in ("clones", "clones-1"):
            rows = {r["bag"].split(".")[0]: float(r["output"]) for r in table(f"one/{method}/predictions.tsv")}
            with open(f"one/{method}/summary.json", encoding="utf-8") as file:
                chosen = {c["fold"]: c for c in json.load(file)["tasks"]["status"]["chosen"]}
            for fold in (0, 3):
                train = [i for i, name in enumerate(names) if fold_of(name) != fold]
                k = self.gram(train, chosen[fold]["power"], method == "clones-1")
                y = self.outputs(train, k, chosen[fold]["C"])
                for i, name in enumerate(names):
                    if fold_of(name) == fold:
                        self.assertAlmostEqual(y[i], rows[name], delta=1e-6, msg=f"{method} {name}")


if __name__ == "__main__":
    main()
