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
                            (("dense.h5", "other", "--k=9"), "invalid choice")):
            done = peer(*args)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(words, done.stderr.splitlines()[-1])


if __name__ == "__main__":
    main()
