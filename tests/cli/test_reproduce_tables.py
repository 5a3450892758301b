# SPDX-License-Identifier: MIT
"""scripts/reproduce uci, molecules and memory on tiny tables, and scripts/table_rivals.py against its own definitions."""
import csv
import gzip
import json
import os
import random
import subprocess
import sys
import unittest

from harness import HOPSACK, Case, auc, main, read, table

SCRIPTS = os.path.join(os.environ.get("HOPSACK_TEST_SOURCE", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")), "scripts")
sys.path.insert(0, SCRIPTS)
sys.dont_write_bytecode = True
import reproduce_memory  # noqa: E402
import reproduce_uci  # noqa: E402
import table_steps  # noqa: E402

try:
    import numpy as np
    import sklearn  # noqa: F401
except ImportError:
    np = None

MLP = """data: {scale: standard}
tasks: [{name: label, column: label, kind: multiclass}]
splits: {validation: none}
model: {embedder: {kind: mlp, n_layer: 1, n_unit: 8, activation: selu}, pooling: {kind: mean}, selection: {kind: all}}
train: {epochs: 3, batch: 8, draws: 0, keep: last}
"""
PARTS = "train", "train", "train", "validation", "test"


def reproduce(*args):
    command = [sys.executable, os.path.join(SCRIPTS, "reproduce"), *args, f"--hopsack={HOPSACK}"]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=250, check=False)


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def write(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def write_gz(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(text)


def classes_csv(n_class, seed, n=60, words="label,split0,split1"):
    """Columns x… of which the first follows the class."""
    draw, lines = random.Random(seed), [f"bag_id,{words},x0,x1,x2"]
    for i in range(n):
        y = i % n_class
        cells = [y, *(draw.choice(PARTS) for _ in words.split(",")[1:])]
        lines.append(f"r{i:03}," + ",".join(map(str, cells)) + f",{draw.gauss(2 * y, 1):.3f},{draw.gauss(0, 1):.3f},{draw.gauss(0, 1):.3f}")
    return "\n".join(lines) + "\n"


class Pieces(Case):
    def test_ranks(self):
        self.assertEqual(reproduce_uci.ranks([0.5, 0.9, 0.5, 0.1]), [2.5, 1, 2.5, 4])
        self.assertEqual(reproduce_uci.ranks([1, 1, 1]), [2, 2, 2])
        # Best of three families: the ranks of ours are 1 of 4 and 3.5 of 4; the mean rank is 2.5
        theirs = {"a": [80.0, 70.0, 60.0], "b": [90.0, 80.0, 70.0]}
        self.assertAlmostEqual(reproduce_uci.rank_difference({"a": 0.85, "b": 0.70}, theirs), (1 - 2.5 + 3.5 - 2.5) / 2)

    def test_families(self):
        """Of each family the classifier with the best mean rank on the sets asked for."""
        write("pub/delgado_results.txt", "problema c1 c2 c3 min max\n a 50 60 -- 0 0\n b 90 60 70 0 0\n other 1 99 1 0 0\n----\n mean 1 2\n")
        write("pub/delgado_families.csv", "algo,family\nc1,F\nc2,F\nc3,G\n")
        published, family = reproduce_uci.read_published("pub")
        self.assertEqual(published["a"], {"c1": 50.0, "c2": 60.0, "c3": -1.0})
        self.assertEqual(reproduce_uci.families(published, family, ["a", "b"]), {"a": [50.0, -1.0], "b": [90.0, 70.0]})
        self.assertEqual(reproduce_uci.families(published, family, ["a"]), {"a": [60.0, -1.0]})
        self.assertEqual(reproduce_uci.read_published("none"), ({}, {}))

    def test_files(self):
        for name in ("b.csv", "a.csv"):
            write(f"t/{name}", "id,label\n1,2\n")
        write_gz("t/c.csv.gz", "id,label\n1,2\n")
        write("t/INDEX.csv", "set,rows\n")
        write("t/notes.txt", "label\n")
        self.assertEqual(list(table_steps.table_files("t", "label")), ["a", "b", "c"])
        with self.assertRaises(table_steps.Wrong):
            table_steps.table_files("t", "none")
        self.assertEqual(table_steps.spread([None, 1.0, 3.0]), (2.0, 2.0 ** 0.5))


@unittest.skipIf(np is None, "needs scikit-learn")
class Rivals(Case):
    def rivals(self, *args):
        done = subprocess.run([sys.executable, os.path.join(SCRIPTS, "table_rivals.py"), *args], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_association_and_svm(self):
        draw = random.Random(4)
        bits = [[int(draw.random() < (0.6 if i % 2 == b % 2 else 0.2)) for b in range(16)] for i in range(60)]
        part = [PARTS[i // 2 % 5] for i in range(60)]
        write("bits.csv", "id,y,z,split00," + ",".join(f"ecfp{b}" for b in range(16)) + "\n"
              + "".join(f"m{i},{i % 2},{'' if i % 7 == 0 else i // 3 % 2},{part[i]},{','.join(map(str, bits[i]))}\n" for i in range(60)))
        self.rivals("bits.csv", "--labels=y,z", "--methods=association,svm-tanimoto,forest", "--score=auc", "--trees=9", "-o", "out.json")
        self.rivals("bits.csv", "--labels=y,z", "--methods=association", "--score=auc", "--train=both", "-o", "both.json")
        found, both = load("out.json"), load("both.json")
        x = np.array(bits, float)
        train, valid, test = ([i for i in range(60) if part[i] == p] for p in ("train", "validation", "test"))
        for task, y in enumerate(([i % 2 for i in range(60)], [None if i % 7 == 0 else i // 3 % 2 for i in range(60)])):
            scores = {}
            for beta in (2, 5, 10, 15, 20, 30, 50):
                for rows, name, learned in ((valid, "valid", train), (test, "test", train), (test, "both", train + valid)):
                    known = [i for i in learned if y[i] is not None]
                    listed = []
                    for i in rows:
                        s = np.array([beta * (x[i] @ x[j]) / max(x[i].sum() + x[j].sum() - x[i] @ x[j], 1e-9) for j in known])
                        p = np.exp(s - s.max())
                        listed.append({"output": (p / p.sum()) @ np.array([y[j] for j in known]), "target": str(y[i])})
                    scores[name, beta] = auc([r for r in listed if r["target"] != "None"])
            best = max((2, 5, 10, 15, 20, 30, 50), key=lambda b, s=scores: s["valid", b])
            self.assertAlmostEqual(found["association"]["split00"]["scores"][task], scores["test", best], 9)
            self.assertAlmostEqual(both["association"]["split00"]["scores"][task], scores["both", best], 9)
        before = read("out.json")
        self.rivals("bits.csv", "--labels=y,z", "--methods=association,svm-tanimoto,forest", "--score=auc", "--trees=9", "-o", "out.json")
        self.assertEqual(read("out.json"), before)  # nothing is done again

    def test_test_rows_take_no_part(self):
        """Other labels of the test rows: the same predictions, so each share of right ones becomes the share of wrong ones."""
        text = classes_csv(2, 3, words="label,split0")
        rows = [line.split(",") for line in text.splitlines()]
        for row in rows[1:]:
            if row[2] == "test":
                row[1] = str(1 - int(row[1]))
        write("a.csv", text)
        write("b.csv", "\n".join(",".join(row) for row in rows) + "\n")
        for name in "ab":
            self.rivals(f"{name}.csv", "--labels=label", "--trees=15", "-o", f"{name}.json")
        a, b = load("a.json"), load("b.json")
        for method in ("forest", "svm", "logistic"):
            self.assertAlmostEqual(a[method]["split0"]["scores"][0], 1 - b[method]["split0"]["scores"][0], 9, method)
            self.assertGreater(a[method]["split0"]["scores"][0], 0.55)


@unittest.skipIf(np is None, "needs scikit-learn")
class Reproduce(Case):
    @classmethod
    def prepare(cls):
        write("mlp.yaml", MLP)

    def test_uci(self):
        for name, n_class, seed in (("one", 2, 1), ("two", 3, 2), ("three", 2, 3)):
            write_gz(f"uci/{name}.csv.gz", classes_csv(n_class, seed))
        write("uci/delgado_results.txt", "problema c1 c2\n" + "".join(f" {n} 50 60\n" for n in ("one", "two", "three")))
        write("uci/delgado_families.csv", "algo,family\nc1,F\nc2,G\n")
        words = "uci", "--from=uci", "-o", "u", "--model=net mlp.yaml", "--model=wide mlp.yaml --model.embedder.n_unit=16", "--trees=9", "--quick"
        done = reproduce(*words)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(read("u/quick/RESULTS.md").decode(), done.stdout)
        rows = table("u/quick/results.tsv")
        self.assertEqual({r["set"] for r in rows}, {"three", "two"})  # of one, three, two the first is for exploring
        self.assertEqual({r["method"] for r in rows}, {"net", "wide", "forest", "svm", "logistic"})
        for method in ("net", "wide"):
            fold = {r["fold"]: float(r["accuracy"]) for r in rows if (r["set"], r["method"]) == ("two", method)}
            summary = load(f"u/quick/two/{method}/summary.json")["tasks"]["label"]
            self.assertEqual(fold, {str(k): r["folds"][0]["accuracy"] for k, r in enumerate(summary["repeats"])})
            own = [r for r in table(f"u/quick/two/{method}/predictions.tsv") if r["repeat"] == "1"]
            with gzip.open("uci/two.csv.gz", "rt") as file:
                tested = {r["bag_id"] for r in csv.DictReader(file) if r["split1"] == "test"}
            self.assertEqual({r["bag"] for r in own}, tested)
            known = {r["bag"] for r in table(f"u/quick/two/{method}/splits.tsv") if r["rep01"] == "train"}
            self.assertEqual((known & tested, len(known) + len(tested)), (set(), 60))  # rows of validation are learned from
        means = {m: [sum(float(r["accuracy"]) for r in rows if (r["set"], r["method"]) == (s, m)) / 2 for s in ("three", "two")] for m in ("net", "forest")}
        line = next(line for line in done.stdout.splitlines() if line.startswith("| net "))
        gap = [a - b for a, b in zip(means["net"], means["forest"])]
        self.assertEqual([c.strip() for c in line.split("|")[2:4]], ["2", f"{sum(means['net']) / 2:.4f}"])
        self.assertIn(f"{sum(gap) / 2:+.4f} ± {abs(gap[0] - gap[1]) / 2:.4f}", line)
        before = os.stat("u/quick/two/net/summary.json").st_mtime_ns
        again = reproduce(*words)
        self.assertEqual((again.returncode, again.stdout, os.stat("u/quick/two/net/summary.json").st_mtime_ns), (0, done.stdout, before))
        explored = reproduce("uci", "--from=uci", "-o", "u", "--model=net mlp.yaml", "--rivals=", "--part=explore", "--columns=split1", "--quick")
        self.assertEqual({r["fold"] for r in table("u/quick/results.tsv")}, {"0"})
        self.assertIn("## Exploration sets: 1\n", explored.stdout)
        self.assertNotIn("Reported sets", explored.stdout)

    def test_uci_wrong(self):
        write("plain/a.csv", "id,label,x\n1,0,2\n2,1,3\n3,0,1\n")
        done = reproduce("uci", "--from=plain", "--sets=a", "-o", "w", "--model=net mlp.yaml", "--rivals=")
        self.assertEqual(done.returncode, 3)
        self.assertIn("a.csv: has no columns of train, validation and test words", done.stderr)
        done = reproduce("uci", "--from=none", "-o", "w")
        self.assertEqual((done.returncode, done.stderr), (3, "reproduce: none: there is no such folder\n"))
        done = reproduce("uci", "--from=plain", "--sets=b", "-o", "w")
        self.assertIn("plain holds no b.csv or b.csv.gz", done.stderr)

    def test_molecules(self):
        draw = random.Random(6)
        rows = [[int(draw.random() < (0.7 if i % 2 == b % 2 else 0.2)) for b in range(24)] for i in range(80)]
        scaffolds = ["", "c1ccccc1", "C1CC1", "C1CCC1", "c1ccsc1", "c1ccncc1", "C1CCOC1", "C1CCNC1"]
        front = "bag_id,smiles,scaffold,{},"
        for name, tasks in (("bace", ["Class"]), ("sider", ["A", "B, or C"])):
            for kind, bits in (("ecfp", slice(0, 16)), ("maccs", slice(16, 24))):
                lines = [["bag_id", "smiles", "scaffold", *tasks, *(f"f{b:04}" for b in range(bits.stop - bits.start))]]
                lines += [[f"m{i:04}", "C" * (i + 1), scaffolds[i % 8], *(i % 2 if k == 0 else i // 2 % 2 for k in range(len(tasks))), *rows[i][bits]] for i in range(80)]
                os.makedirs("mol", exist_ok=True)
                with gzip.open(f"mol/{name}_{kind}.csv.gz", "wt", newline="") as file:
                    csv.writer(file).writerows(lines)
            write(f"mol/{name}_splits.csv", "bag_id,split00,split01,split02\n"
                  + "".join(f"m{i:04}," + ",".join(PARTS[(i // 2 + i * r) % 5] for r in range(3)) + "\n" for i in range(80)))
        words = "molecules", "--from=mol", "-o", "m", "--model=net mlp.yaml", "--trees=9", "--quick"
        done = reproduce(*words)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("## sider, scaffold splits: 2", done.stdout)
        self.assertIn("| *Hopfield, as published* | 0.672 ± 0.019 |", done.stdout)
        results = table("m/quick/results.tsv")
        self.assertEqual({(r["set"], r["splits"], r["method"]) for r in results},
                         {(s, k, m) for s in ("bace", "sider") for k in ("random", "scaffold") for m in ("net", "forest", "svm-tanimoto", "association")})
        summary = load("m/quick/sider/random-net/summary.json")
        self.assertEqual(list(summary["tasks"]), ["A", "B, or C"])
        self.assertEqual([float(r["auc"]) for r in results if (r["set"], r["splits"], r["method"]) == ("sider", "random", "net")],
                         [f[0] for f in summary["auc_mean_tasks_folds"]])
        own = load("m/quick/sider/random-compare.json")["association"]
        self.assertEqual([float(r["auc"]) for r in results if (r["set"], r["splits"], r["method"]) == ("sider", "random", "association")],
                         [sum(own[c]["scores"]) / 2 for c in ("split00", "split01")])
        before = os.stat("m/quick/sider/scaffold-net/summary.json").st_mtime_ns
        again = reproduce(*words)
        self.assertEqual((again.stdout, os.stat("m/quick/sider/scaffold-net/summary.json").st_mtime_ns), (done.stdout, before))
        self.assertIn("holds neither none.csv", reproduce("molecules", "--from=mol", "--sets=none", "-o", "m").stderr)

    def test_memory(self):
        draw = random.Random(2)
        patterns = [[draw.choice((-1, 1)) for _ in range(64)] for _ in range(6)]
        head = "ID," + ",".join(f"p{k}" for k in range(64)) + "\n"
        write("mem/digits.csv", head + "".join(f"d{i},{','.join(map(str, p))}\n" for i, p in enumerate(patterns)))
        write("mem/digits_half.csv", head + "".join(f"d{i},{','.join(map(str, p[:32]))}{',' * 32}\n" for i, p in enumerate(patterns)))
        done = reproduce("memory", "--from=mem", "-o", "r", "--cues=20", "--quick")
        self.assertEqual(done.returncode, 0, done.stderr)
        near = [float(r["relative_distance"]) <= reproduce_memory.NEAR for r in table("r/quick/distance-4.tsv")]
        self.assertIn(f"| distance | 4 | {sum(near) / len(near):.3f} |", done.stdout)
        held = table("r/quick/capacity-0.tsv")
        self.assertEqual([r["patterns"] for r in held], ["10", "14", "20", "50"])
        for r in held:
            self.assertIn(f"| hopfield82 | {r['patterns']} | {float(r['recalled']):.2f} |", done.stdout)
        self.assertTrue(os.path.exists("r/quick/distance-4.png") and os.path.exists("r/quick/capacity-0.svg"))
        self.assertEqual(reproduce("memory", "-o", "r", "--cues=20", "--quick").returncode, 0)
        self.assertIn("holds no digits.csv", reproduce("memory", "--from=.", "-o", "r").stderr)


if __name__ == "__main__":
    main()
