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
        self.assertIn("1 of 3 repertoires have no row in labels.tsv", done.stderr)
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

    def test_usage(self):
        self.bad(2, r"usage is hopsack import", "import", "-o", "x.h5")
        self.bad(2, r"-o is missing", "import", "in")
        self.bad(2, r"--format=airrr: choose one of auto, .*deeprc", "import", "--format=airrr", "-o", "x.h5", "in")
        self.bad(2, r"--compress=zip: choose one of gzip, none", "import", "--compress=zip", "-o", "x.h5", "in")
        self.bad(2, r"--include=x: write it as --include=COLUMN=VALUE", "import", "--include=x", "-o", "x.h5", "in")
        self.bad(2, r"--merge=yes", "import", "--format=deeprc", "--merge=yes", "-o", "x.h5", "in")

    def test_bad_text(self):
        whole = gzip.compress(GOOD.encode() * 50)
        for name, text, says in (
            ("column", "sequence\tcount\nCASSF\t1\n", r"column/x\.tsv:1: .*its columns are sequence, count.*--sequence-column"),
            ("empty", "", r"empty/x\.tsv: is empty"),
            ("header", HEAD, r"header/x\.tsv: has a header line but no rows"),
            ("letters", HEAD + "CASXF\t1\n", r"letters/x\.tsv: no row is left of 1 \(other_letter 1\)"),
            ("ragged", HEAD + "CASSF\t1\nCASSF\n", r"ragged/x\.tsv:3: has 1 cell, .*'templates'"),
            ("count", HEAD + "CASSF\tmany\n", r"count/x\.tsv:2: count 'many' in column 'templates'"),
            ("quote", HEAD + '"CASSF\t1\n', r"quote/x\.tsv:2: a double quote"),
            ("zero", HEAD + "CAS\0F\t1\n", r"zero/x\.tsv:2: holds a byte 0"),
            ("cut", whole[: len(whole) // 2], r"cut/x\.tsv: the gzip data end too early"),
            ("binary", bytes(range(256)) * 9, r"binary/x\.tsv:\d+: "),
        ):
            write(f"{name}/x.tsv", text)
            self.bad(3, says, "import", "-o", "x.h5", name)

    def test_bad_places(self):
        write("twice/a/P1.tsv", GOOD)
        write("twice/b/P1.tsv", GOOD)
        self.bad(3, r"twice/a/P1\.tsv and twice/b/P1\.tsv are both named 'P1\.tsv'", "import", "-o", "x.h5", "twice")
        self.bad(3, r"in: no file below it ends in \.csv", "import", "--extension=.csv", "-o", "x.h5", "in")
        self.bad(6, r"nowhere: cannot read", "import", "-o", "x.h5", "nowhere")
        self.bad(6, r"no/such/folder", "import", "-o", "no/such/folder/x.h5", "in")
        write("old.h5", "precious")
        self.bad(6, r"old\.h5.*--force", "import", "-o", "old.h5", "in")
        self.good("import", "--force", "-o", "old.h5", "in")

    def test_bad_labels(self):
        for name, text, says in (
            ("unknown", "ID\tx\nP1\t1\nQ9\t2\n", r"unknown\.tsv:3: 1 ID of column 'ID' is not in the files found: 'Q9' \(line 3\)"),
            ("double", "ID\tx\nP1\t1\nP1.tsv\t2\n", r"double\.tsv:3: ID 'P1\.tsv' and ID 'P1' of line 2 both mean 'P1\.tsv'"),
            ("noid", "name\tx\nP1\t1\n", r"noid\.tsv: has no ID column; its columns are name, x\. Name it with --id-column"),
            ("short", "ID\tx\nP1\n", r"short\.tsv:2: has 1 cells"),
            ("blank", "ID\tx\n\t1\n", r"blank\.tsv:2: the ID in column 'ID' is empty"),
        ):
            write(f"{name}.tsv", text)
            self.bad(3, says, "import", f"--metadata={name}.tsv", "-o", "x.h5", "in")
        self.bad(6, r"absent\.tsv: cannot open", "import", "--metadata=absent.tsv", "-o", "x.h5", "in")

    def test_bad_datasets(self):
        self.good("import", "-o", "whole.h5", "in")
        data = read("whole.h5")
        write("short.h5", data[: len(data) // 2])
        write("text.h5", GOOD)
        flipped = bytearray(data)
        flipped[data.index(b"P3.tsv")] ^= 1
        write("flipped.h5", bytes(flipped))
        self.bad(3, r"short\.h5: cannot open this HDF5 file", "inspect", "short.h5")
        self.bad(3, r"text\.h5", "inspect", "text.h5")
        self.bad(3, r"flipped\.h5: /metadata/sample_keys does not match its checksum", "inspect", "flipped.h5")


main()
