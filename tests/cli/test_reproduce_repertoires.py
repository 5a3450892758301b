# SPDX-License-Identifier: MIT
"""scripts/reproduce repertoires on tiny cohorts, and what its tables are made of."""
import json
import os
import subprocess
import sys
import unittest

from harness import HOPSACK, Case, main, read, run, table

SCRIPTS = os.path.join(os.environ.get("HOPSACK_TEST_SOURCE", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")), "scripts")
sys.path.insert(0, SCRIPTS)
sys.dont_write_bytecode = True
import reproduce_repertoires as reproduce  # noqa: E402

HAS_STACK = ("--important" in run("help", "baseline").stdout and run("help", "stack").returncode == 0
             and "--inner" in run("help", "crossval").stdout and "simulate.test" in run("help", "simulate").stdout)
MOTIF = "# A motif in a tenth of the sequences.\nsimulate: {n_bag: 36, n_seq: 150, motifs: [SFEN], rate: 0.1}\n"


def write(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def repertoires(*args):
    command = [sys.executable, os.path.join(SCRIPTS, "reproduce"), "repertoires", f"--hopsack={HOPSACK}", *args]
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=250, check=False)


class Pieces(Case):
    def test_figures_of_a_summary(self):
        task = {"auc_mean": 0.9, "auc_std_folds": 0.1, "auc_ci95": [0.8, 0.95], "bacc_mean": 0.75, "seconds": 3,
                "leave_batch_out": {"auc_mean": 0.5}, "permuted": {"p": 0.02}, "batch_permuted": {"auc_mean": 0.8}}
        found = reproduce.cross_validated(task)
        self.assertEqual([found[k] for k in ("auc_mean", "leave_batch_out", "batch_permuted", "p")], [0.9, 0.5, 0.8, 0.02])
        self.assertIsNone(reproduce.cross_validated({"auc_mean": 0.9})["leave_batch_out"])
        cells = reproduce.cells("kmer-3", {**found, "inner_auc": 0.7, "in_stack": 2})
        self.assertEqual(cells[:10], ["kmer-3", "0.900", "0.100", "0.800 to 0.950", "0.700", "2", "0.500", "0.800", "0.020", "0.750"])
        words = "".join(reproduce.table(reproduce.HEAD, [cells]))
        self.assertNotIn("Jaccard", words)  # there is none
        self.assertIn("| 0.800 to 0.950 |", words)

    def test_rankings(self):
        write("truth.tsv", "bag\tjunction_aa\na\tCAAF\nb\tCAAF\nb\tCCCF\n")
        write("ranked.tsv", "rank\tjunction_aa\n1\tCCCF\n2\tCDDF\n3\tCAAF\n")
        self.assertEqual(reproduce.ranking("ranked.tsv", "truth.tsv"), {"n_true": 2, "jaccard": 1 / 3, "average_precision": 1.0})
        self.assertEqual(reproduce.ranking("none.tsv", "truth.tsv"), {})

    def test_order_of_questions(self):
        write("c.yaml", "# One.\n# Two.\n#   hopsack simulate c.yaml\n# Three.\nsimulate:\n")
        self.assertEqual(reproduce.first_comment("c.yaml"), "One. Two.")
        order = ["x/depth-6000.yaml", "x/motif-5.yaml", "x/motif-20.yaml", "x/motif-100.yaml", "x/sfen-0.01.yaml", "x/sfen-1.yaml"]
        self.assertEqual(sorted(order[::-1], key=reproduce.by_number), order)


class Repertoires(Case):
    @classmethod
    def prepare(cls):
        write("configs/airrml/motif-1.yaml", MOTIF)
        write("configs/simulated/none.yaml", MOTIF.replace("rate: 0.1", "rate: 0").replace("# A motif in a tenth", "# No motif in any"))

    def test_wrong_input(self):
        done = repertoires("--configs=configs", "--sets=motif-7", "-o", "o1")
        self.assertEqual((done.returncode, done.stderr), (3, "reproduce: --sets: there is no config motif-7.yaml; there are airrml/motif-1, "
                                                             "simulated/none\n"))
        done = repertoires("--hopsack=build/none", "-o", "o1")
        self.assertIn("build/none is missing", done.stderr)
        self.assertFalse(os.path.exists("o1"))

    @unittest.skipUnless(HAS_STACK, "needs hopsack stack, crossval --inner and simulate.test")
    def test_quick(self):
        done = repertoires("--configs=configs", "--quick", "--network", "--inner=2", "--permute=1", "--threads=2", "--seed=1", "--results=copy.md",
                           "-o", "out")
        self.assertEqual(done.returncode, 0, done.stderr)
        text = read("out/quick/RESULTS-repertoires.md").decode()
        self.assertEqual((text, text), (done.stdout, read("copy.md").decode()))
        for words in ("### motif-1\n\nA motif in a tenth", "### none\n", "| kmer-3 |", "| network |", "| stack |", "Jaccard", "A quick look"):
            self.assertIn(words, text)
        results = load("out/quick/results.json")["questions"]
        methods = results["airrml/motif-1"]["methods"]
        self.assertGreater(methods["kmer-3"]["auc_mean"], 0.9)
        self.assertGreater(methods["kmer-3"]["jaccard"], 0.03)
        self.assertLess(abs(results["simulated/none"]["methods"]["kmer-3"]["auc_mean"] - 0.5), 0.4)
        columns = ("bag", "target", "repeat", "fold")
        same = [sorted(tuple(r[c] for c in columns) for r in table(f"out/quick/airrml/motif-1/{m}/predictions.tsv"))
                for m in ("rivals/kmer-3", "network", "stack")]
        self.assertEqual(same[0], same[1])
        self.assertEqual(same[0], same[2])
        again = repertoires("--configs=configs", "--quick", "--network", "--inner=2", "--permute=1", "--threads=2", "--seed=1", "--sets=none",
                            "-o", "out")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertIn("simulated/none: rivals: done before", again.stderr)
        self.assertNotIn("### motif-1", again.stdout)

    @unittest.skipUnless(HAS_STACK, "needs hopsack stack, crossval --inner and simulate.test")
    def test_network_beside_the_stack(self):
        done = repertoires("--configs=configs", "--quick", "--network", "--inner=0", "--sets=none", "--method=nuisance", "-o", "beside")
        self.assertEqual(done.returncode, 0, done.stderr)
        methods = load("beside/quick/results.json")["questions"]["simulated/none"]["methods"]
        self.assertGreaterEqual(set(methods), {"nuisance", "network", "stack"})
        self.assertNotIn("in_stack", methods["network"])
        self.assertEqual(methods["stack"]["auc_mean"], methods["nuisance"]["auc_mean"])
        self.assertTrue(os.path.exists("beside/quick/simulated/none/network/summary.json"))


if __name__ == "__main__":
    main()
