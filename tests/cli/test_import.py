# SPDX-License-Identifier: MIT
"""import, and inspect of what it wrote; text and datasets that are not what they should be."""
import gzip
import json
import os

from harness import Case, main, read

HEAD = "amino_acid\ttemplates\n"
GOOD = HEAD + "CASSLGQAYEQYF\t3\nCASSPGTF\t1\nCASSLGQAYEQYF\t2\nCAS*F\t1\n"


def write(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


class Import(Case):
    @classmethod
    def prepare(cls):
        write("in/P1.tsv", GOOD)
        write("in/deep/P2.tsv.gz", gzip.compress(GOOD.replace("PGT", "AAA").encode()))
        write("in/P3.tsv", GOOD)
        write("labels.tsv", "ID\tstatus\tage\nP1\t+\t30\nP2.tsv\t-\t\n")

    def test_summary_and_inspect(self):
        done = self.good("import", "--metadata=labels.tsv", "-o", "a.h5", "in")
        self.assertIn("1 of 3 repertoires without a row in labels.tsv", done.stderr)
        self.assertIn("a.h5: 3 repertoires, 6 sequences (deeprc, junction) of 12 rows", done.stderr)
        self.assertIn("stop_codon 3", done.stderr)
        self.assertEqual(done.stdout, "")
        text = self.good("inspect", "a.h5").stdout
        for line in ("bags          3", "sequences     6, 2 to 2 a bag", "status               2 different: + 1, - 1; 1 missing",
                     "equal bags    P1.tsv = P3.tsv", "dropped     stop_codon 3"):
            self.assertIn(line, text)
        survey = json.loads(self.good("inspect", "--json", "a.h5").stdout)
        self.assertEqual(survey["count"], {"min": 1, "max": 5, "sum": 18, "ones": 3})
        self.assertEqual(survey["length"], {"min": 8, "mean": 10.5, "max": 13})
        self.assertEqual(survey["provenance"]["total"]["rows"], 12)
        self.assertEqual(survey["equal_bags"], [["P1.tsv", "P3.tsv"]])
        self.assertEqual([c["name"] for c in survey["columns"]], ["ID", "status", "age"])

    def test_json_and_options(self):
        report = json.loads(self.good("import", "--json", "--format=deeprc", "-o", "j.h5", "in").stdout)
        self.assertEqual((report["bags"], report["sequences"], report["region"]), (3, 9, "junction"))
        self.assertEqual(report["total"]["dropped"], {"stop_codon": 3})
        self.assertEqual([s["file"] for s in report["sources"]], ["P1.tsv", "P3.tsv", "deep/P2.tsv.gz"])
        report = json.loads(self.good("import", "--json", "--region=cdr3", "--merge=no", "--include=templates=3",
                                      "--include=templates=1", "--exclude=amino_acid=CASSPGTF", "-o", "k.h5", "in/P1.tsv").stdout)
        self.assertEqual((report["sequences"], report["region"]), (1, "CDR3"))
        self.assertEqual(report["total"]["dropped"], {"filtered": 2, "stop_codon": 1})

    def test_any_number_of_threads_gives_the_same_bytes(self):
        for threads in (1, 2, 3):
            self.good("import", "-o", f"t{threads}.h5", "in", threads=threads)
        self.assertEqual(read("t1.h5"), read("t2.h5"))
        self.assertEqual(read("t1.h5"), read("t3.h5"))

    def test_odd_files_are_warned_of(self):
        write("odd/x.tsv", "amino_acid\tframe_type\ttemplates\n" + "".join(f"ASS{a}YEQY\tIn\tnull\n" for a in "ACDEFGHIKLMNPQRSTVWY")
              + "CASSF\tOut\t1\n")
        done = self.good("import", "-o", "odd.h5", "odd")
        self.assertRegex(done.stderr, r"warning: 1 of 1 repertoires, the first odd/x\.tsv, have no count above 0")
        self.assertRegex(done.stderr, r"warning: 1 of 1 repertoires, the first odd/x\.tsv, do not look like junctions")
        self.assertIn("not_productive 1", done.stderr)
        write("wide/x.tsv", "\t".join(f"column_number_{i}" for i in range(60)) + "\n")
        self.assertEqual(self.bad(3, r"column_number_0, ", "import", "-o", "x.h5", "wide").count("…"), 1)

    def test_dry_run(self):
        self.assertIn("would import 3 repertoires", self.good("import", "--dry-run", "-o", "none.h5", "in").stderr)
        self.assertFalse(os.path.exists("none.h5"))


main()
