# SPDX-License-Identifier: MIT
"""hopsack explain against a truth of two motifs at once: carriers, consensus, wildcards, and columns of k-mers."""
import json
import os

from harness import Case, main, run, table

SOURCE = os.environ.get("HOPSACK_TEST_SOURCE", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
MOTIFS = {"SF.EN", "KPAH"}
SPLITS = ["--target=status", "--positive=+", "--splits.n_fold=3"]


def truth_of(folder):
    with open(f"{folder}/explain.json", encoding="utf-8") as file:
        return json.load(file)["truth"]


class TwoMotifs(Case):
    @classmethod
    def prepare(cls):
        for words in (["simulate", "-o", "c.h5", "--simulate.n_bag=80", "--simulate.n_seq=200", "--motif=SFZEN", "--motif=KPAH",
                       "--rho=0.04", "--seed=3"],
                      ["crossval", f"{SOURCE}/configs/repertoire.yaml", "c.h5", *SPLITS, "--train.updates=100", "--train.refit=false",
                       "-o", "cv"],
                      ["explain", "cv", "c.h5", "-o", "seen", "--truth=c.truth.tsv.gz", "--top=300"]):
            done = run(*words)
            assert done.returncode == 0, done.stderr

    def test_carriers(self):
        truth = truth_of("seen")
        self.assertEqual((truth["carriers"], truth["instances"]), (320, 16000))
        self.assertGreater(truth["precision_at_carriers"], 0.95)
        self.assertGreater(truth["average_precision"], 0.95)

    def test_both_motifs(self):
        """Each fixed residue at its place, and no other; the wildcard has less than half a bit."""
        motifs = table("seen/motifs.tsv")[:2]
        self.assertEqual({m["consensus"] for m in motifs}, MOTIFS)
        for m in motifs:
            self.assertLess(float(m["q_bh"]), 1e-6)
            self.assertGreater(int(m["n_bags_positive"]), 35)
            bits = [0.0] * len(m["consensus"])
            for row in table(f"seen/logos/motif_{int(m['motif']):02}.tsv"):
                bits[int(row["position"]) - 1] += float(row["bits"])
            for letter, height in zip(m["consensus"], bits):
                self.assertTrue(height < 0.5 if letter == "." else height > 2, (m["consensus"], bits))

    def test_columns_of_methods(self):
        self.good("baseline", "c.h5", *SPLITS, "--method=enriched", "--method=kmer-4", "-o", "rivals")
        for method, least in (("enriched", 0.9), ("kmer-4", 0.5)):
            self.good("explain", f"rivals/{method}", "c.h5", "-o", f"of-{method}", "--truth=c.truth.tsv.gz")
            truth = truth_of(f"of-{method}")
            self.assertGreater(truth["precision_at_carriers"], least, method)
            self.assertGreater(truth["average_precision"], least, method)


main()
