# SPDX-License-Identifier: MIT
"""hopsack baseline against plain NumPy and scikit-learn: same outputs to 1e-6, given the same folds and inner folds."""
import importlib.util
import json
import os
import random
import sys
import unittest

if not (importlib.util.find_spec("numpy") and importlib.util.find_spec("sklearn")):
    print("needs NumPy and scikit-learn (Debian: python3-numpy python3-sklearn)")
    sys.exit(77)

import numpy as np

import rivals_reference as reference
from harness import Case, main, run, table

KERNELS = {"clones": reference.CloneKernel, "clones-1": lambda bags: reference.CloneKernel(bags, wildcard=True),
           "public-eb": reference.Odds,
           **{name: lambda bags, v=views: reference.KmerKernel(bags, v) for name, views in reference.MASKS.items()}}
FITS = {"public-eb": reference.fit_odds}


def knows(method):
    return run("baseline", "c.h5", "--target=status", f"--method={method}", "--dry-run", "-o", "dry").returncode == 0


def write_cohort(n_bag=36, seed=3):
    """Bags of different sizes that share sequences of a pool; positives prefer some of them, and one k-mer."""
    draw = random.Random(seed)

    def junction():
        return "CAS" + "".join(draw.choices("ADEGLNPQRSTVY", k=draw.randint(4, 9))) + draw.choice(["EQYF", "EAFF", "TQYF"])

    pool = [junction() for _ in range(120)]
    os.makedirs("airr")
    with open("labels.tsv", "w", encoding="utf-8") as labels:
        labels.write("ID\tstatus\n")
        for b in range(n_bag):
            positive, bag = b % 3 == 0, set()
            for _ in range(draw.randint(40, 90)):
                s = draw.choice(pool[:40] if positive and draw.random() < 0.3 else pool) if draw.random() < 0.4 else junction()
                bag.add(s[:4] + "WQ" + s[6:] if positive and draw.random() < 0.05 else s)
            with open(f"airr/b{b}.tsv", "w", encoding="utf-8") as file:
                file.write("junction_aa\tv_call\tj_call\tduplicate_count\n")
                file.writelines(f"{s}\tTRBV1\tTRBJ1\t{draw.randint(1, 9)}\n" for s in sorted(bag))
            labels.write(f"b{b}\t{'+' if positive else '-'}\n")


def read_bags():
    return {name[:-4]: [row["junction_aa"] for row in table(f"airr/{name}")] for name in os.listdir("airr")}


class RivalsNumpy(Case):
    @classmethod
    def prepare(cls):
        write_cohort()
        done = run("import", "--metadata=labels.tsv", "-o", "c.h5", "airr")
        assert done.returncode == 0, done.stderr
        cls.methods = [m for m in KERNELS if knows(m)]
        if not cls.methods:
            return
        done = run("baseline", "c.h5", "--target=status", "--splits.n_fold=3", "--splits.n_repeat=1", "--splits.seed=2",
                   *(f"--method={m}" for m in cls.methods), "-o", "out")
        assert done.returncode == 0, done.stderr

    def test_all_kernels(self):
        if not self.methods:
            self.skipTest("this build has none of " + ", ".join(KERNELS))
        bags = read_bags()
        names = sorted(bags)
        for method in self.methods:
            with self.subTest(method):
                self.compare(method, KERNELS[method]([bags[n] for n in names]), names)

    def compare(self, method, kernel, names):
        row_of = {n: i for i, n in enumerate(names)}
        tested, trained = table(f"out/{method}/predictions.tsv"), table(f"out/{method}/inner.tsv")
        self.assertEqual(len(tested), len(names))
        for fold in sorted({r["fold"] for r in tested}):
            test = [r for r in tested if r["fold"] == fold]
            train = [r for r in trained if r["fold"] == fold]
            self.assertEqual({r["part"] for r in train}, {"inner"})
            self.assertEqual(sorted(r["bag"] for r in test + train), names)
            rows, others = (np.array([row_of[r["bag"]] for r in t]) for t in (train, test))
            label, inner = (np.array([int(r[k]) for r in train]) for k in ("target", "inner"))
            output, held, chosen = FITS.get(method, reference.fit)(kernel, rows, label, inner, others)
            words = f"{method}, fold {fold}, chosen {chosen}"
            self.near(held, train, words + ", inner")
            self.near(output, test, words)

    def near(self, expected, rows, words):
        found = np.array([float(r["output"]) for r in rows])
        self.assertGreater(np.ptp(expected), 0.01, words)
        self.assertLess(np.abs(found - expected).max(), 1e-6 * max(1, np.ptp(expected)), words)


class Reference(unittest.TestCase):
    """What the reference stands on, by hand."""

    def test_windows(self):
        kmers = {s: list(reference.kmers_of("ACDEFGHIKLMNPQ", "xxxx", s)) for s in ("core", "left", "right", "start", "middle", "end", "all")}
        self.assertEqual(kmers["core"], ["FGHI", "GHIK", "HIKL"])
        self.assertEqual((kmers["left"], kmers["right"]), (["FGHI", "GHIK"], ["GHIK", "HIKL"]))
        self.assertEqual(kmers["start"] + kmers["middle"] + kmers["end"], kmers["all"])
        self.assertEqual(kmers["start"], ["ACDE", "CDEF", "DEFG"])  # centres 2, 3, 4 of 14
        self.assertEqual(list(reference.kmers_of("ACDEFG", "x..xx", "all")), ["A..EF", "C..FG"])

    def test_clones(self):
        """Three training bags; a is in two of them, b in all (weight 0), c in one (left out)."""
        kernel = reference.CloneKernel([["a", "b"], ["a", "b", "c"], ["b"], ["a", "c"]])
        weight = np.log(3 / 2)**2
        gram = kernel.gram(np.array([0, 1, 2]), 0.5)
        self.assertAlmostEqual(gram[0, 1], weight / np.sqrt(6))
        self.assertAlmostEqual(gram[3, 3], weight / 2)
        self.assertEqual(gram[2, 1], 0)
        k = reference.centred(gram, np.array([0, 1, 2]))
        self.assertAlmostEqual(np.diag(k)[:3].mean(), 1)
        self.assertAlmostEqual(k[3, :3].sum(), 0)
        self.assertEqual(reference.clones_of("CAF", True), [".AF", "C.F", "CA."])


if __name__ == "__main__":
    main()
