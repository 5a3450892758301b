# SPDX-License-Identifier: MIT
"""scripts/peer_kmer.py on tiny simulated cohorts."""
import importlib.util
import json
import os
import subprocess
import sys
import unittest

from harness import TINY, Case, auc, cohort, main, table, trained

SCRIPTS = os.path.join(os.environ.get("HOPSACK_TEST_SOURCE", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")), "scripts")
HAS_PEER = importlib.util.find_spec("h5py") and importlib.util.find_spec("sklearn")
DENSE = "--simulate.signal=dense", "--simulate.dense=composition", "--simulate.spread=0.05"


def peer(*args):
    return subprocess.run([sys.executable, os.path.join(SCRIPTS, "peer_kmer.py"), *args], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=250, check=False)


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


@unittest.skipUnless(HAS_PEER, "needs scikit-learn and h5py")
class PeerKmer(Case):
    @classmethod
    def prepare(cls):
        cohort("dense.h5", *DENSE, "--simulate.shift=0.5", n_bag=60, n_seq=100)
        cohort("random.h5", *DENSE, "--simulate.shift=0", n_bag=60, n_seq=100)

    def crossval(self, name):
        if os.path.exists(name):
            return
        self.good("crossval", f"--data.path={name}.h5", "--target=status", TINY, "--train.updates=2", "--train.evaluate_every=2",
                  "--splits.n_fold=3", "--splits.n_repeat=2", "--splits.seed=1", "-o", name)

    def yardstick(self, *args):
        done = peer(*args)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_a_dense_shift_is_found(self):
        self.crossval("dense")
        words = self.yardstick("dense.h5", "dense", "-o", "out")
        summary, rows = load("out/summary.json"), table("out/predictions.tsv")
        task = summary["tasks"]["status"]
        self.assertGreater(task["auc_mean"], 0.95)
        self.assertEqual(list(table("dense/predictions.tsv")[0]), list(rows[0]))
        same = [[(r["bag"], r["target"], r["repeat"], r["fold"], r["part"]) for r in t] for t in (rows, table("dense/predictions.tsv"))]
        self.assertEqual(sorted(same[0]), sorted(same[1]))
        folds = [f for r in task["repeats"] for f in r["folds"]]
        lines = words.splitlines()
        self.assertEqual(len(lines), 8)
        self.assertRegex(lines[-1], rf"^3-mers, logistic regression: AUC {task['auc_mean']:.3f} ± {task['auc_std_folds']:.3f} over 6 folds$")
        for fold, line in zip(folds, lines[1:]):
            self.assertIn(fold["C"], [1e-4, 1e-3, 1e-2, 1e-1, 1])
            self.assertTrue(line.endswith(f"{fold['auc']:.3f}"), line)
        first = [r for r in rows if (r["repeat"], r["fold"]) == ("0", "0")]
        self.assertAlmostEqual(auc(first), folds[0]["auc"])
        self.yardstick("dense.h5", "dense", "-o", "again")
        self.assertEqual(rows, table("again/predictions.tsv"))

    def test_random_labels_are_not(self):
        self.crossval("random")
        self.yardstick("random.h5", "random", "--target=status", "--k=2", "-o", "random-out")
        self.assertLess(abs(load("random-out/summary.json")["tasks"]["status"]["auc_mean"] - 0.5), 0.2)

    def test_the_second_place(self):
        """Its family and C are chosen by inner folds; the same folds as the run's."""
        cohort("small.h5", *DENSE, "--simulate.shift=1", n_bag=24, n_seq=80)
        self.good("crossval", "--data.path=small.h5", "--target=status", TINY, "--train.updates=2", "--train.evaluate_every=2",
                  "--splits.n_fold=2", "--splits.validation=none", "--train.keep=last", "-o", "halves")
        words = self.yardstick("small.h5", "halves", "--method=second-place", "--families=gap1,thirds", "--C=0.5,0.05", "-o", "second")
        summary = load("second/summary.json")
        task = summary["tasks"]["status"]
        self.assertGreater(task["auc_mean"], 0.7)
        self.assertRegex(words.splitlines()[-2], r"^\d+\.\d s wall, \d+\.\d MB peak$")
        self.assertRegex(words.splitlines()[-1], rf"^second place, L1 logistic regression: AUC {task['auc_mean']:.3f} ± ")
        self.assertGreater(summary["peak_memory"], 1e6)
        for fold in (f for r in task["repeats"] for f in r["folds"]):
            self.assertIn((fold["family"], fold["C"]), [(n, c) for n in ("gap1", "thirds") for c in (0.5, 0.05)])
            self.assertTrue(0 <= fold["inner_auc"] <= 1)
        same = [sorted((r["bag"], r["target"], r["repeat"], r["fold"]) for r in table(p))
                for p in ("second/predictions.tsv", "halves/predictions.tsv")]
        self.assertEqual(*same)

    def test_families_by_hand(self):
        """CADEFGHIKLF without its ends is FGH: too short. ACDEFGHIKLMNPQ is FGHIKL inside: windows FGHI GHIK | HIKL."""
        sys.path.insert(0, SCRIPTS)
        import numpy as np
        import peer_families as pf

        letters = "ACDEFGHIKLMNPQRSTVWY"
        bag = np.full((2, 20), -1, np.int8)
        for row, text in zip(bag, ("CADEFGHIKLF", "ACDEFGHIKLMNPQ")):
            row[:len(text)] = [letters.index(c) for c in text]

        def found(mask, which):
            count = pf.count_mask(bag, mask, which, 20)
            k = len(pf.offsets(mask))
            return {"".join(letters[i // 20**(k - 1 - j) % 20] for j in range(k)): int(count[i]) for i in np.flatnonzero(count)}

        self.assertEqual(found("xxxx", pf.inside), {"FGHI": 1, "GHIK": 1, "HIKL": 1})
        self.assertEqual(found("xxxx", pf.half(False)), {"FGHI": 1, "GHIK": 1})
        self.assertEqual(found("xxxx", pf.half(True)), {"HIKL": 1})
        self.assertEqual(found("x...xx", pf.everywhere), {"CFG": 1, "AGH": 1, "DHI": 1, "EIK": 1, "FKL": 2, "GLF": 1, "AFG": 1, "CGH": 1, "DHI": 2,
                                                          "EIK": 2, "GLM": 1, "HMN": 1, "INP": 1, "KPQ": 1})
        thirds = [found("xxxx", pf.third(k)) for k in range(3)]
        self.assertEqual(sum(sum(t.values()) for t in thirds), 8 + 11)
        self.assertEqual(thirds[0], {"CADE": 1, "ADEF": 1, "ACDE": 1, "CDEF": 1, "DEFG": 1})  # centres 1.5 2.5 of 10; 1.5 2.5 3.5 of 13
        self.assertEqual(len(pf.GAPPED), 11)

    def test_a_training(self):
        trained("run", "dense.h5", "--train.updates=2", "--train.evaluate_every=2")
        both = self.yardstick("dense.h5", "run", "--C=0.01", "-o", "both")
        self.yardstick("dense.h5", "run", "--C=0.01", "--train-only", "--seed=3", "-o", "less")
        self.assertRegex(both.splitlines()[-1], r"AUC [01]\.\d{3} over 1 folds$")
        tested = {r["bag"] for r in table("run/predictions.tsv") if r["part"] == "test"}
        for out, parts in (("both", ["train", "validation"]), ("less", ["train"])):
            rows = table(f"{out}/predictions.tsv")
            self.assertEqual({r["bag"] for r in rows}, tested)
            self.assertEqual(load(f"{out}/summary.json")["parts"], parts)
        self.assertNotEqual(table("both/predictions.tsv"), table("less/predictions.tsv"))

    def test_wrong_input(self):
        trained("other", "random.h5", "--train.updates=2", "--train.evaluate_every=2")
        cohort("few.h5", n_bag=10, n_seq=5)
        for args, words in ((("dense.h5", "nothing"), "nothing: holds no predictions.tsv"),
                            (("missing.h5", "other"), "missing.h5: "),
                            (("dense.h5", "other", "--target=age"), "no task 'age'; it has status"),
                            (("few.h5", "other"), "is not in the dataset"),
                            (("dense.h5", "other", "--C=0"), "--C=0: numbers above 0"),
                            (("dense.h5", "other", "--method=third-place"), "invalid choice"),
                            (("dense.h5", "other", "--method=second-place", "--families=all"), "--families: families are gapped"),
                            (("dense.h5", "other", "--k=9"), "invalid choice")):
            done = peer(*args)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(words, done.stderr.splitlines()[-1])


if __name__ == "__main__":
    main()
