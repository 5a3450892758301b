# SPDX-License-Identifier: MIT
"""scripts/fetch, scripts/forest.py and scripts/reproduce on a tiny made-up set."""
import gzip
import hashlib
import io
import json
import os
import random
import subprocess
import sys
import tarfile
import unittest
import zipfile

from harness import HOPSACK, Case, main, read, run, table

SCRIPTS = os.path.join(os.environ.get("HOPSACK_TEST_SOURCE", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")), "scripts")
CONFIG = """tasks: [{name: label, column: label, kind: binary, positive: "1"}]
splits: {n_fold: 4, validation: none}
model: {embedder: {kind: mlp, n_layer: 1, n_unit: 8}, pooling: {kind: mean}, selection: {kind: all}}
train: {epochs: 2, draws: 0, keep: last}
"""


def script(name, *args):
    return subprocess.run([sys.executable, os.path.join(SCRIPTS, name), *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=250, check=False)


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def csv_text(n_bag=24, n_feat=3):
    draw, lines = random.Random(5), ["bag_id,label," + ",".join(f"f{f}" for f in range(n_feat))]
    for b in range(1, n_bag + 1):
        for _ in range(draw.randint(1, 4)):
            lines.append(f"{b},{b % 2}," + ",".join(f"{draw.gauss(b % 2, 1):.4f}" for _ in range(n_feat)))
    return "\n".join(lines) + "\n"


def make_folder(path):
    os.makedirs(f"{path}/splits")
    with open(f"{path}/toy.csv.gz", "wb") as file:
        file.write(gzip.compress(csv_text().encode(), mtime=0))
    with open(f"{path}/toy.bags.csv", "w", encoding="utf-8") as file:
        file.write("bag_id,source_bag,label,n_instances\n")
    with open(f"{path}/splits/toy.cv5x10.csv", "w", encoding="utf-8") as file:
        file.write("bag_id,label,rep1,rep2,rep3,rep4,rep5\n")
        file.writelines(f"{b},{b % 2}," + ",".join(str((b // 2 + r * (b % 3)) % 4) for r in range(5)) + "\n" for b in range(1, 25))
    with open(f"{path}/SHA256SUMS", "w", encoding="utf-8") as file:
        file.write(hashlib.sha256(read(f"{path}/toy.csv.gz")).hexdigest() + "  ./toy.csv.gz\n")


def has_forest():
    try:
        import h5py  # noqa: F401
        import sklearn  # noqa: F401
        return True
    except ImportError:
        return False


class Fetch(Case):
    def fetch(self, *args):
        return script("fetch", "mil", f"--hopsack={HOPSACK}", *args)

    def test_from_a_folder(self):
        make_folder("here")
        done = self.fetch("--from=here", "-o", "out")
        self.assertEqual(done.returncode, 3)  # Tiger and its friends are not there, and said
        self.assertRegex(done.stderr, "tiger: here holds none of tiger.csv.gz")
        self.assertEqual(sorted(os.listdir("out")), ["toy.h5"])
        self.assertEqual(self.fetch("--from=here", "--sets=toy", "--force", "-o", "out").returncode, 0)

    def test_another_file_than_the_sum_says(self):
        make_folder("bad")
        with open("bad/toy.csv.gz", "ab") as file:
            file.write(b"x")
        done = self.fetch("--from=bad", "--sets=toy", "-o", "bad-out")
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr, r"bad/toy.csv.gz: its checksum \(sha256\) is [0-9a-f]{64}, expected")
        self.assertEqual(os.listdir("bad-out"), [])

    def test_wrong_number_of_features(self):
        os.makedirs("few")
        with open("few/tiger.csv", "w", encoding="utf-8") as file:
            file.write(csv_text())
        done = self.fetch("--from=few", "--sets=tiger", "-o", "few-out")
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr, "230")
        self.assertNotIn("tiger.h5", os.listdir("few-out"))

    def test_archives_that_are_not_the_known_ones(self):
        os.makedirs("net")
        with tarfile.open("net/MIL-Data-2002-Musk-Corel-Trec9-MATLAB.tgz", "w:gz") as tar:
            for name in ("tiger_100x100_matlab.mat", "fox_100x100_matlab.mat"):
                info = tarfile.TarInfo("MilData/" + name)
                info.size = 3
                tar.addfile(info, io.BytesIO(b"abc"))
        with zipfile.ZipFile("net/musk+version+1.zip", "w") as z:
            z.writestr("readme", "no data")
        mirror = "--mirror=file://" + os.path.abspath("net")
        done = self.fetch(mirror, "-o", "net-out")
        self.assertEqual((done.returncode, os.listdir("net-out")), (3, []))
        self.assertRegex(done.stderr, r"tiger_100x100_matlab.mat of .*its checksum \(sha256\)")
        self.assertRegex(done.stderr, r"MATLAB.tgz: its checksum \(git\)")  # Fox is vouched for by the archive
        self.assertRegex(done.stderr, "holds no elephant_100x100_matlab.mat")
        self.assertRegex(done.stderr, "musk.version.1.zip: holds no clean1.data")
        self.assertRegex(done.stderr, "musk.version.2.zip: cannot be downloaded")
        self.assertRegex(done.stderr, "ucsb: .*by hand")

    def test_a_true_archive(self):
        shared = os.environ.get("HOPSACK_SHARED", os.path.join(SCRIPTS, "../../shared"))
        source = os.path.join(shared, "data/mil/raw/andrews2002_mat/tiger_100x100_matlab.mat")
        if not os.path.exists(source):
            self.skipTest("no fixtures")
        os.makedirs("true")
        with tarfile.open("true/MIL-Data-2002-Musk-Corel-Trec9-MATLAB.tgz", "w:gz") as tar:
            tar.add(source, "MilData/Tiger/tiger_100x100_matlab.mat")
        done = self.fetch("--mirror=file://" + os.path.abspath("true"), "--sets=tiger", "-o", "true-out")
        if "built without" in done.stderr or "matio" in done.stderr:
            self.skipTest("this build reads no .mat")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(os.listdir("true-out"), ["tiger.h5"])

    def test_an_address_of_ones_own_is_trusted_once(self):
        with open("own.csv", "w", encoding="utf-8") as file:
            file.write(csv_text())
        url = "--url=mine=file://" + os.path.abspath("own.csv")
        done = self.fetch(url, "-o", "own-out")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(hashlib.sha256(read("own.csv")).hexdigest() + "  own.csv", read("own-out/SHA256SUMS").decode())
        self.assertRegex(done.stderr, "no checksum is known")
        self.assertEqual(self.fetch(url, "-o", "own-out").returncode, 0)
        with open("own.csv", "a", encoding="utf-8") as file:
            file.write("25,1,0,0,0\n")
        done = self.fetch(url, "-o", "own-out")
        self.assertEqual(done.returncode, 3)
        self.assertRegex(done.stderr, "its checksum .* was not used")


@unittest.skipIf("not in this build" in run("help", "baseline").stdout, "built without liblinear or libsvm")
class Reproduce(Case):
    def reproduce(self, *args):
        return script("reproduce", "mil", f"--hopsack={HOPSACK}", "--config=toy.yaml", *args)

    @classmethod
    def prepare(cls):
        make_folder("here")
        with open("toy.yaml", "w", encoding="utf-8") as file:
            file.write(CONFIG)

    def test_poolings(self):
        words = ["poolings", f"--hopsack={HOPSACK}", "--from=here", "--sets=toy", "--quick", "-o", "kinds"]
        done = script("reproduce", *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(read("kinds/quick/RESULTS.md").decode(), done.stdout)
        auc = load("kinds/quick/toy/cv5x10-additive-seed0/summary.json")["tasks"]["label"]["auc_mean"]
        self.assertIn(f"| additive | {auc:.3f} |\n", done.stdout)
        kinds = [line.split(" |")[0][2:] for line in done.stdout.splitlines() if line.startswith("| ")][2:]
        self.assertTrue({"hopfield", "attention", "gated", "additive", "logsumexp", "mean", "max", "hopfield, entmax15"} <= set(kinds))
        for kind in kinds:
            self.assertTrue(any(f.startswith("cv5x10-" + kind.split(",")[0]) for f in os.listdir("kinds/quick/toy")), kind)
        done = script("reproduce", *words[:-4], "--sets=absent", "-o", "none")
        self.assertEqual(done.returncode, 3)

    def test_quick(self):
        done = self.reproduce("--from=here", "--quick", "-o", "out")
        self.assertEqual(done.returncode, 0, done.stderr)
        text = read("out/quick/RESULTS.md").decode()
        self.assertEqual(text, done.stdout)
        for words in ("hopsack, one model", "hopsack, ensemble of 2", "logistic regression", "SVM, RBF, C = 10", "A quick look"):
            self.assertIn(words, text)
        self.assertIn("* fox: ", text)  # what is missing is said
        results = load("out/quick/results.json")
        methods = results["sets"]["toy"]["cv5x10"]["methods"]
        self.assertEqual(results["sets"]["toy"]["cv5x10"]["columns"], ["rep1"])
        self.assertEqual(sorted(results["missing"])[:2], ["elephant", "fox"])
        for name, folder in (("single", "cv5x10-single-seed0"), ("ensemble", "cv5x10-ensemble-seed0")):
            task = load(f"out/quick/toy/{folder}/summary.json")["tasks"]["label"]
            self.assertEqual(methods[name]["auc_mean"], task["auc_mean"])
            self.assertEqual(methods[name]["n_runs"], 1)
        rival = load("out/quick/toy/cv5x10-baseline/summary.json")["methods"]["stats-svm1"]["tasks"]["label"]
        self.assertEqual(methods["stats-svm1"]["auc_mean"], rival["auc_mean"])
        columns = ("bag", "target", "repeat", "fold")  # model and rivals were tested on the same folds
        model = [[r[c] for c in columns] for r in table("out/quick/toy/cv5x10-single-seed0/predictions.tsv")]
        ours = [[r[c] for c in columns] for r in table("out/quick/toy/cv5x10-baseline/stats-svm1/predictions.tsv")]
        self.assertEqual(model, ours)
        if has_forest():
            self.forest(methods, model)
        before = read("out/quick/toy/cv5x10-single-seed0/summary.json")
        self.assertEqual(self.reproduce("--from=here", "--quick", "-o", "out").returncode, 0)
        self.assertEqual(read("out/quick/toy/cv5x10-single-seed0/summary.json"), before)

    def forest(self, methods, model):
        folder = "out/quick/toy/cv5x10-forest"
        rows = table(f"{folder}/predictions.tsv")
        self.assertEqual(sorted([r[c] for c in ("bag", "target", "repeat", "fold")] for r in rows), sorted(model))
        task, rival = load(f"{folder}/summary.json")["tasks"]["label"], load("out/quick/toy/cv5x10-baseline/stats-svm1/summary.json")
        without = {key for key in rival["tasks"]["label"] if key.split("_")[0] in ("loss", "sensitivity", "specificity", "operating", "ap", "classes", "chosen")}
        self.assertEqual(set(task), set(rival["tasks"]["label"]) - without)
        self.assertEqual(methods["forest"]["auc_mean"], task["auc_mean"])
        again = script("forest.py", "out/quick/data/toy.h5", "out/quick/toy/cv5x10-baseline/stats-svm1/predictions.tsv", "-o", "again",
                       "--trees=20")
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(read("again/predictions.tsv"), read(f"{folder}/predictions.tsv"))

    def test_all_columns_and_seeds(self):
        done = self.reproduce("--from=here", "--sets=toy", "--ensemble=2", "--trees=10", "--seeds=0,1", "-o", "full")
        self.assertEqual(done.returncode, 0, done.stderr)
        methods = load("full/results.json")["sets"]["toy"]["cv5x10"]["methods"]
        self.assertEqual({m: f["n_runs"] for m, f in methods.items() if m in ("single", "ensemble", "stats-svm1")},
                         {"single": 10, "ensemble": 5, "stats-svm1": 5})
        runs = methods["single"]["runs"]
        mean = sum(runs) / 10
        self.assertAlmostEqual(methods["single"]["auc_mean"], mean)
        self.assertAlmostEqual(methods["single"]["auc_std"], (sum((v - mean) ** 2 for v in runs) / 9) ** 0.5)

    def test_settings_chosen_inside_the_folds_and_stacks(self):
        with open("choice.yaml", "w", encoding="utf-8") as file:
            file.write(CONFIG + "search: {kind: grid, inner_folds: 3, space: {train.lr: [0.1, 0.001]}}\n")
        done = self.reproduce("--from=here", "--sets=toy", "--quick", "--no-single", "--columns=2", "--trees=0", "--nested=choice.yaml", "-o", "chosen")
        self.assertEqual(done.returncode, 0, done.stderr)
        methods = load("chosen/quick/results.json")["sets"]["toy"]["cv5x10"]["methods"]
        self.assertEqual([m for m in ("single", "forest") if m in methods], [])
        for method, folder in (("nested", "cv5x10-nested-seed0"), ("stack", "cv5x10-stack"), ("weighed", "cv5x10-weighed")):
            task = load(f"chosen/quick/toy/{folder}/summary.json")["tasks"]["label"]
            self.assertEqual((methods[method]["auc_mean"], methods[method]["n_runs"]), (task["auc_mean"], 1))
        trials = table("chosen/quick/toy/cv5x10-nested-seed0/trials.tsv")
        self.assertEqual({r["trial"] for r in trials}, {"0", "1"})
        columns = load("chosen/quick/toy/cv5x10-weighed/summary.json")["tasks"]["label"]["columns"]
        self.assertEqual(len(columns), 1 + len([m for m in methods if m.startswith("stats-")]))
        self.assertIn("weight_mean", json.dumps(columns))

    def test_without_splits_hopsack_draws(self):
        os.makedirs("plain")
        with open("plain/toy.csv", "w", encoding="utf-8") as file:
            file.write(csv_text(40))
        done = self.reproduce("--from=plain", "--sets=toy", "--quick", "-o", "plain-out")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(list(load("plain-out/quick/results.json")["sets"]["toy"]), ["drawn"])

    def test_without_a_program(self):
        done = script("reproduce", "mil", "--hopsack=build/none", "-o", "unbuilt")
        self.assertEqual(done.returncode, 3)
        self.assertEqual(done.stderr, "reproduce: build/none is missing: build hopsack first (scripts/quickstart does), or give --hopsack=PATH\n")
        self.assertFalse(os.path.exists("unbuilt"))

    def test_a_run_that_fails_is_said(self):
        with open("wrong.yaml", "w", encoding="utf-8") as file:
            file.write(CONFIG.replace("column: label", "column: lable"))
        done = script("reproduce", "mil", f"--hopsack={HOPSACK}", "--config=wrong.yaml", "--from=here", "--sets=toy", "--quick", "-o", "w")
        self.assertEqual(done.returncode, 3)
        self.assertIn("lable", done.stderr)
        self.assertIn("* toy: ", read("w/quick/RESULTS.md").decode())


if __name__ == "__main__":
    main()
