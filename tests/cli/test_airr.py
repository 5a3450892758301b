# SPDX-License-Identifier: MIT
"""AIRR tables, from import to the genes in an attention table; tables that are not what they should be."""
import csv
import gzip
import json
import os
import random

from harness import TINY, Case, main, read

HEAD = "sequence_id\tproductive\tlocus\tv_call\tj_call\tjunction_aa\tduplicate_count\n"
SEVERAL = "repertoire_id\t" + HEAD


def write(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def junction(source):
    return "CASS" + "".join(source.choices("ADEGLNPQRSTY", k=6)) + "EQYF"


class Airr(Case):
    @classmethod
    def prepare(cls):
        source = random.Random(1)
        cls.genes = {}
        for person in range(12):
            rows = []
            for i in range(30):
                seq, v, j = junction(source), f"TRBV{source.randint(1, 9)}*01", f"TRBJ{source.randint(1, 2)}"
                cls.genes[(f"r{person}.tsv.gz", seq)] = (v, j)
                rows.append(f'{i}\tT\tTRB\t"{v},TRBV99"\t{j}\t{seq}\t2\n')
            write(f"in/r{person}.tsv.gz", gzip.compress((HEAD + "".join(rows) + "x\tF\tTRB\tV\tJ\tCASSF\t1\n"
                                                         "y\tT\tTRA\tV\tJ\tCAVF\t1\n").encode()))
        write("metadata.csv", "filename,subject_id,status\n" + "".join(
            f"r{p}.tsv.gz,{100 + p},{'yes' if p % 2 else 'no'}\n" for p in range(12)))

    def test_from_import_to_attention(self):
        done = self.good("import", "--metadata=metadata.csv", "--include=locus=TRB", "--verbose", "-o", "c.h5", "in")
        self.assertIn("12 repertoires, 360 sequences (airr, junction) of 384 rows", done.stderr)
        self.assertIn("dropped rows: filtered 12, not_productive 12", done.stderr)
        self.assertIn("r3.tsv: 32 rows, 30 sequences, 0 merged, counts from 2, sum 60; dropped: filtered 1, not_productive 1",
                      done.stderr)
        self.assertNotIn("no row in metadata.csv", done.stderr)
        self.assertIn("with V and J genes", self.good("inspect", "c.h5").stdout)
        self.good("train", "--data.path=c.h5", "--target=status", TINY, "-o", "run")
        self.good("predict", "run", "c.h5", "-o", "p.tsv", "--attention=a.tsv")
        with open("a.tsv", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        self.assertEqual(len(rows), 360)
        for row in rows:
            self.assertEqual((row["v_call"], row["j_call"]), self.genes[(row["bag"], row["junction_aa"])])

    def test_report_of_each_repertoire(self):
        write("several/a.tsv", SEVERAL + "P1\t1\tT\tTRB\tV\tJ\tCASSF\t3\nP2\t2\tT\tTRB\tV\tJ\tCAYF\t\n"
              "P1\t3\tF\tTRB\tV\tJ\tCAYF\t1\nP1\t4\tT\tTRB\tV\tJ\tCASSF\t-2\nP1\t5\tT\tTRB\tV\tJ\tCA*F\t1\n")
        report = json.loads(self.good("import", "--json", "--format=airr", "-o", "s.h5", "several").stdout)
        self.assertEqual(report["bags"], 2)
        first, second = report["sources"]
        self.assertEqual([first[k] for k in ("bag", "file", "rows", "kept", "merged", "count_sum", "counts_set_to_1", "count_column")],
                         ["P1", "a.tsv", 4, 1, 1, 4, 1, "duplicate_count"])
        self.assertEqual(first["dropped"], {"not_productive": 1, "stop_codon": 1})
        self.assertEqual((second["bag"], second["counts_set_to_1"], second["dropped"]), ("P2", 1, {}))
        done = self.good("import", "--dry-run", "--metadata=metadata.csv", "--id-column=filename", "-o", "none.h5", "several")
        self.assertIn("would import 1 file into", done.stderr)

    def test_any_number_of_threads_gives_the_same_bytes(self):
        for threads in (1, 2, 3):
            self.good("import", "--metadata=metadata.csv", "-o", f"t{threads}.h5", "in", threads=threads)
            self.assertEqual(read(f"t{threads}.h5"), read("t1.h5"))

    def test_units_are_not_mixed_in_silence(self):
        write("units/a.tsv", HEAD + "1\tT\tTRB\tV\tJ\tCASSF\t3\n")
        write("units/b.tsv", HEAD.replace("duplicate", "umi") + "1\tT\tTRB\tV\tJ\tCASSF\t3\n")
        self.assertRegex(self.good("import", "-o", "units.h5", "units").stderr,
                         r"warning: units/b\.tsv has another column of counts than the first file's 'duplicate_count'")

    def test_empty_repertoires(self):
        write("empty/a.tsv", SEVERAL + "P1\t1\tT\tTRB\tV\tJ\tCASSF\t3\nP2\t2\tT\tTRA\tV\tJ\tCAYF\t1\n")
        self.bad(3, r"empty/a\.tsv: repertoire 'P2': no row is left of 1 \(filtered 1\); .*--empty=skip", "import",
                 "--include=locus=TRB", "-o", "x.h5", "empty")
        done = self.good("import", "--include=locus=TRB", "--empty=skip", "-o", "e.h5", "empty")
        self.assertIn("repertoire 'P2' is left out", done.stderr)
        self.bad(3, r"no repertoire is left", "import", "--include=locus=IGH", "--empty=skip", "-o", "x.h5", "empty")
        self.bad(2, r"--empty: 'maybe' is not error or skip", "import", "--empty=maybe", "-o", "x.h5", "empty")


main()
