# SPDX-License-Identifier: MIT
"""scripts/airrml: scores by hand, the tables that it writes, and all of it on a tiny cohort."""
import csv
import gzip
import importlib.machinery
import importlib.util
import json
import os
import random
import subprocess
import sys
import unittest

from harness import HOPSACK, Case, main, read, run, table

SCRIPTS = os.path.join(os.environ.get("HOPSACK_TEST_SOURCE", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")), "scripts")
sys.path.insert(0, SCRIPTS)
sys.dont_write_bytecode = True
METHODS = "--method=kmer-3", "--method=clones", "--method=nuisance"  # the last ranks no sequences
COLUMNS = "ID dataset label_positive_probability junction_aa v_call j_call".split()
HAS_STACK = "--important" in run("help", "baseline").stdout and run("help", "stack").returncode == 0


def module(name):
    loader = importlib.machinery.SourceFileLoader(name, os.path.join(SCRIPTS, name))
    made = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(made)
    return made


airrml = module("airrml")
score, ranks = airrml.airrml_score, airrml.airrml_ranks


def script(*args):
    return subprocess.run([sys.executable, os.path.join(SCRIPTS, "airrml"), *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=250, check=False)


def write(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def predictions(path, rows, comma=False):
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="," if comma else "\t", lineterminator="\n").writerows([COLUMNS, *rows])


class Scores(unittest.TestCase):
    def test_area(self):
        """Positives .9 .4 .4, negatives .4 .1: pairs won 1 + 1, ½ + 1, ½ + 1 of 6."""
        self.assertAlmostEqual(score.roc_auc([0.9, 0.4, 0.4, 0.4, 0.1], [True, True, True, False, False]), 5 / 6)
        self.assertEqual(score.roc_auc([0.1, 0.9], [True, False]), 0)
        self.assertIsNone(score.roc_auc([0.1, 0.9], [True, True]))

    def test_balanced_accuracy(self):
        """.5 says positive, as the organisers have it: positives 2 of 3 right, negatives 1 of 2."""
        self.assertAlmostEqual(score.balanced_accuracy([0.6, 0.5, 0.1, 0.2, 0.5], [True, True, True, False, False]), (2 / 3 + 1 / 2) / 2)
        self.assertIsNone(score.balanced_accuracy([0.6], [True]))

    def test_rankings(self):
        """Four are true. The first four different rows: hits at ranks 1 and 3; one more stands behind them."""
        true, rows = {"a", "b", "c", "d"}, ["a", "x", "a", "b", "y", "c"]
        self.assertEqual(score.first_distinct(rows, 4), ["a", "x", "b", "y"])
        self.assertAlmostEqual(score.jaccard(rows, true), 2 / 6)
        self.assertAlmostEqual(score.average_precision(rows, true), (1 / 1 + 2 / 3) / 2)  # over the two that are found
        self.assertEqual((score.jaccard(["a", "b"], {"a", "b"}), score.average_precision(["b", "a"], {"a", "b"})), (1, 1))
        self.assertEqual(score.jaccard(["a", "b"], true), 2 / 6)  # fewer rows than are true: two wrong ones instead
        self.assertEqual(score.average_precision(["x", "b"], true), 1 / 2)
        self.assertEqual((score.jaccard(["x"], true), score.average_precision(["x"], true)), (0, 0))
        self.assertEqual((score.jaccard(rows, set()), score.average_precision(rows, set())), (None, None))

    def test_means_of_ranks(self):
        """Ranks of p: 0 1 2 (others 3), of q: z 0, a 1 (others 2). Weights 3 : 1."""
        lists = {"p": ["a", "b", "c"], "q": ["z", "a"], "r": ["n", "b", "m"]}
        # a 0·3 + 1, b 1·3 + 2, c 2·3 + 2, z 3·3 + 0
        self.assertEqual(ranks.ranked(lists, {"p": 0.75, "q": 0.25}, ["p", "q", "r"], 9), ["a", "b", "c", "z", "n", "m"])
        self.assertEqual(ranks.ranked(lists, {"p": 0.75, "q": 0.25}, ["r"], 2), ["a", "b"])
        self.assertEqual(ranks.ranked(lists, {"network": 1.0}, ["r", "q"], 4), ["n", "b", "m", "z"])  # which ranks nothing
        self.assertEqual(ranks.fill(["a"], iter(["b", "a", "c", "d"]), 3), ["a", "b", "c"])


class Carried(Case):
    def test_by_the_stack(self):
        columns = {"a": {"n_chosen": 1, "inner_mean": 0.8}, "b": {"n_chosen": 3, "inner_mean": 0.9}, "c": {"n_chosen": 0, "inner_mean": None}}
        write("s/summary.json", json.dumps({"tasks": {"label_positive": {"columns": columns}}}))
        self.assertEqual(ranks.carried("s", "label_positive"), ({"a": 0.25, "b": 0.75}, ["b", "a", "c"]))
        write("w/summary.json", json.dumps({"tasks": {"label_positive": {"columns": {"a": {"weight_mean": 2.0, "inner_mean": 0.5}}}}}))
        self.assertEqual(ranks.carried("w", "label_positive"), ({"a": 1.0}, ["a"]))


class Score(Case):
    def score(self, *args):
        done = script("score", *args, "--out=scores.json")
        self.assertEqual(done.returncode, 0, done.stderr)
        with open("scores.json", encoding="utf-8") as file:
            return json.load(file), done.stdout

    def test_folders_and_a_list(self):
        write("t1/metadata.csv", "repertoire_id,filename,label_positive\na,a.tsv,True\nb,b.tsv,False\nc,c.tsv,False\nd,d.tsv,\n")
        write("t2/metadata.csv", "filename,label_positive\ne.tsv,1\nf.tsv.gz,0\n")
        with gzip.open("truth.tsv.gz", "wt") as file:
            file.write("bag\tjunction_aa\tv_call\tj_call\nx\tCAAF\tV1\tJ1\ny\tCCCF\tV1\tJ1\ny\tCAAF\tV1\tJ1\n")
        nothing = ["-999.0"] * 3
        tests = [["a", "t1", .9, *nothing], ["b", "t1", .6, *nothing], ["c", "t1", .2, *nothing], ["d", "t1", .2, *nothing],
                 ["e", "t2", .3, *nothing], ["f", "t2", .4, *nothing]]
        ranking = [[f"train_seq_top_{i}", "train", "-999.0", *row] for i, row in
                   enumerate([("CAAF", "V2", "J1"), ("CCCF", "V1", "J1"), ("CAAF", "V1", "J1")], 1)]
        predictions("submissions.csv", tests + ranking, comma=True)
        result, words = self.score("--truth", "t1", "t2/metadata.csv", "truth.tsv.gz", "--predictions", "submissions.csv")
        self.assertEqual(result["tests"]["t1"], {"n": 3, "n_positive": 1, "auc": 1.0, "balanced_accuracy": 0.75})
        self.assertEqual(result["tests"]["t2"], {"n": 2, "n_positive": 1, "auc": 0.0, "balanced_accuracy": 0.5})
        self.assertEqual(result["auc_mean"], 0.5)
        found = result["sequences"]["train"]  # two are true; the first two rows hold one of them, at rank 2
        self.assertEqual((found["n_true"], found["n_ranked"], found["compared"]), (2, 3, ["junction_aa", "v_call", "j_call"]))
        self.assertAlmostEqual(found["jaccard"], 1 / 3)
        self.assertAlmostEqual(found["average_precision"], 1 / 2)
        self.assertIn("t1\t3\t1\t1.000\t0.750\n", words)
        self.assertIn("train\t2\t3\t0.333\t0.500\n", words)

    def test_a_solution_in_the_form_of_a_submission(self):
        predictions("solution.csv", [["a", "t", 1.0, "-999.0", "-999.0", "-999.0"], ["b", "t", 0.0, "-999.0", "-999.0", "-999.0"],
                                     ["s1", "train", "-999.0", "CAAF", "V1", "J1"]], comma=True)
        predictions("p.tsv", [["a", "t", .4, "-999.0", "-999.0", "-999.0"], ["b", "t", .3, "-999.0", "-999.0", "-999.0"]])
        predictions("s.tsv", [["r1", "train", "-999.0", "CAAF", "V1", "J1"]])
        result, _ = self.score("--truth", "solution.csv", "--predictions", "p.tsv", "s.tsv")
        self.assertEqual(result["tests"]["t"]["auc"], 1)
        self.assertEqual(result["tests"]["t"]["balanced_accuracy"], 0.5)
        self.assertEqual((result["sequences"]["train"]["jaccard"], result["sequences"]["train"]["average_precision"]), (1, 1))

    def test_what_is_not_predicted_is_said(self):
        for name in ("u1", "u2"):
            write(f"{name}/metadata.csv", "repertoire_id,label_positive\na,1\nb,0\n")
        predictions("u.tsv", [["a", "u1", .5, "-999.0", "-999.0", "-999.0"], ["b", "u1", .3, "-999.0", "-999.0", "-999.0"]])
        done = script("score", "--truth", "u1", "u2", "--predictions", "u.tsv")
        self.assertEqual((done.returncode, done.stderr), (0, "airrml: warning: of 'u2' there is a truth, but no prediction or ranking\n"))

    def test_a_truth_without_genes(self):
        write("only.tsv", "junction_aa\nCAAF\n")
        predictions("ranked.tsv", [["r1", "train", "-999.0", "CAAF", "V9", "J9"]])
        result, _ = self.score("--truth", "only.tsv", "--predictions", "ranked.tsv")
        self.assertEqual((result["sequences"]["train"]["compared"], result["sequences"]["train"]["jaccard"]), (["junction_aa"], 1))

    def test_wrong_input(self):
        write("w/metadata.csv", "repertoire_id,label_positive\na,perhaps\n")
        write("w1/metadata.csv", "repertoire_id,label_positive\na,1\nz,0\n")
        write("w2.csv", "x,y\n1,2\n")
        predictions("w3.tsv", [["a", "w1", 0.5, "-999.0", "-999.0", "-999.0"]])
        predictions("w4.tsv", [["a", "w1", "high", "-999.0", "-999.0", "-999.0"]])
        predictions("w5.tsv", [["a", "other", 0.5, "-999.0", "-999.0", "-999.0"]])
        for truth, given, words in (("w", "w3.tsv", "row 1: label_positive is 'perhaps'"),
                                    ("w1", "w3.tsv", "'z' of 'w1' has a label, but no prediction"),
                                    ("w2.csv", "w3.tsv", "neither label_positive nor junction_aa"),
                                    ("w1", "w2.csv", "column ID is missing"),
                                    ("w1", "w4.tsv", "which is not a number"), ("w1", "w5.tsv", "no dataset in common: the truth has labels of "
                                     "'w1' and sequences of nothing, the predictions have probabilities of 'other' and rankings of nothing"),
                                    ("none", "w3.tsv", "none: No such file")):
            done = script("score", "--truth", truth, "--predictions", given)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (3, 1), done.stderr)
            self.assertIn(words, done.stderr)


def junction(draw):
    return "CASS" + "".join(draw.choices("ADEGLNPQRSTY", k=6)) + "EQYF"


def folder(path, n, seed, motif="WHW", cdr3=False, labels=True, empty=()):
    """AIRR tables without counts; half of the bags carry the motif in a tenth of their sequences."""
    draw, meta = random.Random(seed), ["repertoire_id,filename,label_positive,sex,age"]
    for b in range(n):
        rows = ["sequence_id\tjunction_aa\tcdr3_aa\tv_call\tj_call"]
        for i in range(60):
            s = junction(draw)
            s = s[:4] + motif + s[7:] if b % 2 and i < 6 else s
            s = s[:6] + "X" + s[7:] if i == 20 else s
            rows.append(f"{i}\t{'' if cdr3 else s}\t{s[1:-1]}\tTRBV{draw.randint(1, 9)}*01\t{'' if i == 3 else 'TRBJ2-1*01'}")
        write(f"{path}/{path}_{b}.tsv", "\n".join(rows[:1] if b in empty else rows) + "\n")
        meta.append(f"{path}-id{b},{path}_{b}.tsv,{bool(b % 2)},F,{20 + b}")
    if labels:
        write(f"{path}/metadata.csv", "\n".join(meta) + "\n")


class Interface(Case):
    @classmethod
    def prepare(cls):
        folder("train", 30, 1, empty=[7])
        folder("seen", 8, 2)
        folder("unlabelled", 6, 3, labels=False, empty=[4])

    def airrml(self, *args):
        return script(*args, f"--hopsack={HOPSACK}", "--n_jobs", "2", "--device", "cpu")

    def test_wrong_input(self):
        for args, code, words in ((("--train_dir", "none", "--test_dirs", "seen", "--out_dir", "o1"), 3, "none: there is no such folder"),
                                  (("--train_dir", "unlabelled", "--test_dirs", "seen", "--out_dir", "o1"), 3, "column label_positive is needed"),
                                  (("--train_dir", "train", "--test_dirs", "seen", "./seen", "--out_dir", "o1"), 3, "have the name 'seen'"),
                                  (("--train_dir", "train", "--test_dirs", "seen", "--out_dir", "o1", "--fast"), 2, "unknown argument '--fast'")):
            done = self.airrml(*args)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(words, done.stderr.splitlines()[-1])
            self.assertFalse(os.path.exists("o1"))

    def test_odd_folders(self):
        """What is wrong with a folder is known before the first command; what is left out is said."""
        def odd(name, change):
            folder(name, 6, 5)
            write(f"{name}/metadata.csv", change(read(f"{name}/metadata.csv").decode()))

        odd("gone", lambda text: text.replace("gone_3.tsv", "gone_9.tsv"))
        odd("sick", lambda text: text.replace("False", "True"))
        odd("both", lambda text: text.replace("both_3.tsv,True", "both_3.tsv,1"))
        odd("what", lambda text: text.replace("what_3.tsv,True", "what_3.tsv,ill"))
        odd("same", lambda text: text.replace("same-id3", "same-id2"))
        for train, test, words in (("gone", "seen", "gone/gone_9.tsv: gone/metadata.csv names it, but there is no such table"),
                                   ("train", "gone", "gone/gone_9.tsv: gone/metadata.csv names it"),
                                   ("sick", "seen", "sick/metadata.csv: no repertoire is negative by label_positive"),
                                   ("both", "seen", "both/metadata.csv: label_positive says positive by 'True', '1'; write it in one way"),
                                   ("what", "seen", "row 4: label_positive is 'ill'"),
                                   ("train", "same", "same/metadata.csv: two tables have the ID 'same-id2'")):
            done = self.airrml("--train_dir", train, "--test_dirs", test, "--out_dir", "odd")
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIn(words, done.stderr.splitlines()[-1])
            self.assertFalse(os.path.exists("odd"))

    @unittest.skipUnless(HAS_STACK, "needs hopsack baseline --important and hopsack stack")
    def test_numbers_as_labels_and_names_without_endings(self):
        folder("a b", 24, 6)
        rows = read("a b/metadata.csv").decode().replace("True", "1").replace("False", "0").splitlines()
        write("a b/metadata.csv", "\n".join(["repertoire_id,label_positive", *(f"a b_{b},{row.split(',')[2]}" for b, row in enumerate(rows[1:]))]))
        write("a b/other.tsv", "junction_aa\nCASSF\n")
        done = self.learn("out b", "a b", "--method=kmer-3")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("a b: tables that metadata.csv does not name are left out: 'other.tsv' (1 in all)", done.stderr)
        self.assertEqual(read("out b/work/a b/rivals/bags.tsv").count(b"\n"), 25)
        self.assertGreater(json.loads(self.scored("out b", "seen"))["tests"]["seen"]["auc"], 0.5)  # 1 is positive

    def learn(self, out, train, *args):
        return self.airrml("--train_dir", train, "--test_dirs", "seen", "unlabelled", "--out_dir", out, "--important=200", "--splits.n_fold=3", *args)

    @unittest.skipUnless(HAS_STACK, "needs hopsack baseline --important and hopsack stack")
    def test_all_of_it(self):
        done = self.learn("out", "train", *METHODS)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("'unlabelled_4' has no sequence that can be used", done.stderr)
        rows = table("out/train_test_predictions.tsv")
        self.assertEqual(list(rows[0]), COLUMNS)
        self.assertEqual([r["ID"] for r in rows], [f"seen-id{b}" for b in range(8)] + [f"unlabelled_{b}" for b in range(6)])
        self.assertTrue(all(0 <= float(r["label_positive_probability"]) <= 1 and r["junction_aa"] == "-999.0" for r in rows))
        best = table("out/train_important_sequences.tsv")
        self.assertEqual([r["ID"] for r in best], [f"train_seq_top_{i}" for i in range(1, 201)])
        self.assertTrue(all(r[c] for r in best for c in COLUMNS))
        self.assertEqual({r["label_positive_probability"] for r in best}, {"-999.0"})
        self.assertEqual(len({tuple(r[c] for c in COLUMNS[3:]) for r in best}), 200)
        self.assertGreater(sum("WHW" in r["junction_aa"] for r in best[:20]), 9)
        with open("out/submissions.csv", encoding="utf-8", newline="") as file:
            joined = list(csv.DictReader(file))
        self.assertEqual(joined, rows + best)
        scores = json.loads(self.scored("out", "seen"))
        self.assertGreater(scores["tests"]["seen"]["auc"], 0.8)
        before = read("out/submissions.csv")
        again = self.learn("out", "train", *METHODS)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertIn("rivals: done before", again.stderr)
        self.assertEqual(read("out/submissions.csv"), before)

    def scored(self, out, truth):
        done = script("score", "--truth", truth, "--predictions", f"{out}/submissions.csv", "--out=s.json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return read("s.json")

    @unittest.skipUnless(HAS_STACK and "--inner" in run("help", "crossval").stdout, "needs hopsack stack and crossval --inner")
    def test_cdr3s_and_the_network(self):
        folder("cdr3", 24, 4, cdr3=True)
        small = "--train.updates=20", "--train.evaluate_every=10", "--model.embedder.n_kernel=4", "--model.pooling.n_head=2"
        done = self.learn("out-cdr3", "cdr3", "--method=kmer-3", "--network", "--inner=2", "--weigh", "--group=repertoire_id", "--seed=3", *small)
        self.assertEqual(done.returncode, 0, done.stderr)
        best = table("out-cdr3/cdr3_important_sequences.tsv")
        self.assertEqual(len(best), 200)
        self.assertTrue(all(r["junction_aa"].startswith("ASS") for r in best))
        self.assertTrue(os.path.exists("out-cdr3/work/cdr3/network/inner.tsv"))


if __name__ == "__main__":
    main()
