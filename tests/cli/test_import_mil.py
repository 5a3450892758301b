# SPDX-License-Identifier: MIT
"""import of bags of vectors, and inspect of what it wrote."""
import gzip
import json
import os
import unittest

from harness import Case, main, read

SHARED = os.environ.get("HOPSACK_SHARED") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "shared")
MIL = os.path.join(SHARED, "data", "mil")


def write(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def rows(third=lambda bag, label, i: (i * 29) % 31):
    """24 bags of 3 instances, of both labels in turn; two honest features and one of choice."""
    lines = ["bag_id,label,x,y,third"]
    for i in range(72):
        bag, label = i // 3, i // 3 % 2
        lines.append(f"B{bag},{label},{(i * 37) % 71 / 8},{(i * 53) % 67 / 8},{third(bag, label, i)}")
    return "\n".join(lines) + "\n"


class ImportMil(Case):
    @classmethod
    def prepare(cls):
        write("a.csv", rows())

    def survey(self, path):
        return json.loads(self.good("inspect", "--json", path).stdout)

    def test_summary_and_inspect(self):
        write("a.csv.gz", gzip.compress(rows(lambda *_: 5).encode()))
        done = self.good("import", "-o", "a.h5", "a.csv.gz")
        self.assertIn("a.h5: 24 bags, 72 instances of 3 features (csv) of 72 rows", done.stderr)
        self.assertIn("1 of 3 features are the same in every instance", done.stderr)
        self.assertEqual(done.stdout, "")
        text = self.good("inspect", "a.h5").stdout
        for line in ("bags          24", "vectors       72, 3 to 3 a bag", "  features    3, named", "  dense",
                     "label                2 different: 0 12, 1 12"):
            self.assertIn(line, text)
        survey = self.survey("a.h5")
        self.assertEqual((survey["kind"], survey["n_features"], survey["sparse"]), ("vectors", 3, False))
        facts = survey["provenance"]
        self.assertEqual((facts["features"], facts["total"]["rows"], facts["findings"]["constant_features"]), (3, 72, 1))
        self.assertEqual(facts["format"], "csv")

    def test_options(self):
        report = json.loads(self.good("import", "--json", "--skip=third", "--exclude=y=0.0", "--sparse=yes", "-o", "o.h5", "a.csv").stdout)
        self.assertEqual((report["features"], report["sparse"], report["options"]["skipped"]), (1, True, ["y", "third"]))
        self.assertEqual(report["total"]["dropped"], {"filtered": 2})
        self.assertEqual(len(report["sources"][0]["sha256"]), 64)
        self.assertRegex(self.good("inspect", "o.h5").stdout, r"sparse      \d+ non-zero values, 9[0-9.]+ %")
        self.good("import", "--n-features=3", "-o", "n.h5", "a.csv")
        self.assertIn("would write none.h5: 24 bags", self.good("import", "--dry-run", "-o", "none.h5", "a.csv").stderr)
        self.assertFalse(os.path.exists("none.h5"))

    def test_label_table(self):
        write("labels.tsv", "ID\tage\nB3\t30\n")
        done = self.good("import", "--metadata=labels.tsv", "-o", "m.h5", "a.csv")
        self.assertIn("23 of 24 bags without a row in labels.tsv", done.stderr)
        self.assertEqual([c["name"] for c in self.survey("m.h5")["columns"]], ["ID", "age", "label"])

    def test_any_number_of_threads_gives_the_same_bytes(self):
        for threads in (1, 2, 3):
            self.good("import", "-o", f"t{threads}.h5", "a.csv", threads=threads)
        self.assertEqual(read("t1.h5"), read("t2.h5"))
        self.assertEqual(read("t1.h5"), read("t3.h5"))

    def test_leaks(self):
        for third, what in ((lambda b, y, i: y, "repeats the label"), (lambda b, y, i: b + 1, "is the number of the bag"),
                            (lambda b, y, i: int(y and i % 3 == 1), "as instance labels do")):
            write("leak.csv", rows(third))
            self.bad(3, f"leak.csv: feature 'third' .*{what}.*--skip=third", "import", "-o", "l.h5", "--force", "leak.csv")
            self.good("import", "--skip=third", "-o", "l.h5", "--force", "leak.csv")
            self.assertIn(what, self.good("import", "--allow-leak", "-o", "l.h5", "--force", "leak.csv").stderr)
        write("sep.csv", rows(lambda b, y, i: i * 0.01 + (10 if y else 0)))
        done = self.good("import", "-o", "s.h5", "sep.csv")
        self.assertIn("warning: 1 feature alone tells the labels apart without error: 'third'", done.stderr)

    def test_wrong_use(self):
        for code, pattern, *args in (
                (3, r"a\.csv: has 3 features, --n-features=2 are expected", "--n-features=2", "a.csv"),
                (3, r"a\.csv: has no column 'bagg'; its columns are bag_id, label", "--bag=bagg", "a.csv"),
                (3, r"a\.csv: has no column 'nope'", "--skip=nope", "a.csv"),
                (2, r"--skip=label: this column holds the label", "--skip=label", "a.csv"),
                (2, r"--merge: only for repertoires", "--merge=no", "a.csv"),
                (2, r"--sparse: 'maybe' is not auto, yes or no", "--sparse=maybe", "a.csv"),
                (2, r"--format=xml: choose one of auto, airr, .*csv", "--format=xml", "a.csv"),
                (6, r"nothing\.csv: cannot read", "nothing.csv"),
                (3, r"no\.mat", "no.mat"), (3, r"--bag", "no.txt"),
                (2, r"--skip: only for bags of vectors", "--skip=a", "r.tsv")):
            write("no.mat", b"MATLAB 5.0 MAT-file, cut short")
            write("no.txt", "a,b\n1,2\n")
            write("r.tsv", "amino_acid\ttemplates\nCASSF\t1\n")
            self.bad(code, pattern, "import", "-o", "w.h5", *args)

    def test_one_class_is_said(self):
        write("one.csv", "bag,label,x\nA,1,1\nB,1,2\nB,1,4\n")
        done = self.good("import", "-o", "one.h5", "one.csv")
        self.assertIn("warning: all bags have the same label", done.stderr)
        self.assertIn("1 of 2 bags has one instance", done.stderr)

    def test_help_lists_the_formats(self):
        text = self.good("help", "import").stdout
        for word in ("--bag=", "--label=", "--skip=", "--n-features=", "--sparse=", "--allow-leak", "label-first", "andrews", "folder",
                     "lamda", "prtools", "svm", "uci"):
            self.assertIn(word, text)

    @unittest.skipUnless(os.path.isdir(MIL), "no shared reference data")
    def test_real_sets(self):
        for name, bags, n, features in (("tiger.csv.gz", 200, 1220, 230), ("raw/uci_musk/clean1.data", 92, 476, 166),
                                        ("derived_svm/trec1.svm.gz", 400, 3224, 66552)):
            done = self.good("import", f"--n-features={features}", "--force", "-o", "real.h5", os.path.join(MIL, name))
            self.assertIn(f"{bags} bags, {n} instances of {features} features", done.stderr)
            self.assertEqual(self.survey("real.h5")["sparse"], features > 1000)


main()
