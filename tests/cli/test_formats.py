# SPDX-License-Identifier: MIT
"""Repertoire formats: what is read from which column of a table of each tool, and what is said of odd tables."""
import json
import os
import random

from harness import Case, main, run

try:
    import h5py
except ImportError:
    h5py = None

SHARED = os.path.join(os.environ.get("HOPSACK_SHARED") or os.path.join(os.environ.get("HOPSACK_TEST_SOURCE", "."), "shared"),
                      "data/repertoire_formats")


def write(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    return path


def tabs(*rows):
    return "".join("\t".join(map(str, row)) + "\n" for row in rows)


def junction(source, ends=("C", "F")):
    return ends[0] + "".join(source.choices("ADEGLNPQRSTY", k=9)) + ends[1]


# Of each format a table, what is kept of it (sequence, count, V, J), and the rows dropped by reason.
TINY = {
    "airr": (tabs(("sequence_id", "junction_aa", "productive", "v_call", "j_call", "duplicate_count"),
                  (1, "CASSF", "T", "TRBV1*01,TRBV2", "TRBJ1", 3), (2, "CASTF", "F", "TRBV1", "TRBJ1", 4)),
             [("CASSF", 3, "TRBV1*01", "TRBJ1")], {"not_productive": 1}),
    "immunoseq": (tabs(("rearrangement", "amino_acid", "frame_type", "templates", "reads", "v_resolved", "j_resolved"),
                       ("TGT", "CASSF", "In", "null", 5, "TCRBV06-01*01", "unresolved"), ("TGT", "", "Out", "null", 7, "", ""),
                       ("TGT", "CA*F", "Stop", "null", 7, "", "")),
                  [("CASSF", 5, "TCRBV06-01*01", "")], {"not_productive": 2}),
    "mixcr": (tabs(("readCount", "uniqueMoleculeCount", "allVHitsWithScore", "allJHitsWithScore", "aaSeqCDR3"),
                   ("95.0", 7, "TRBV7-9*00(1141.7),TRBV7-8*00(9)", "TRBJ1*00(2)", "CASSF"), ("1.0", 1, "", "", "CA_SF"),
                   ("1.0", 1, "", "", "region_not_covered")),
              [("CASSF", 7, "TRBV7-9*00", "TRBJ1*00")], {"out_of_frame": 1, "no_sequence": 1}),
    "vdjtools": ("#" + tabs(("count", "freq", "cdr3nt", "cdr3aa", "v", "d", "j", "VEnd"),
                            (9, 0.1, "TGT", "CASSF", "TRBV1", ".", "TRBJ1", 4), (2, 0.1, "TGT", "CA*F", "TRBV1", ".", ".", 4)),
                 [("CASSF", 9, "TRBV1", "TRBJ1")], {"stop_codon": 1}),
    "immunarch": ("# Exported from immunarch, by somebody\n" + tabs(
        ("Clones", "Proportion", "CDR3.nt", "CDR3.aa", "V.name", "D.name", "J.name"),
        (12, 0.1, "TGT", "CASSF", "TRBV1, TRBV2", "NA", "TRBJ1")), [("CASSF", 12, "TRBV1", "TRBJ1")], {}),
    "10x": ("barcode,is_cell,contig_id,chain,v_gene,j_gene,productive,cdr3,cdr3_nt,reads,umis\n"
            "A-1,True,A-1_1,TRB,TRBV1,TRBJ1,True,CASSF,TGT,90,9\n"
            "A-1,True,A-1_2,TRB,TRBV1,TRBJ1,True,CASSF,TGT,80,8\n"  # the same cell again
            "B-1,True,B-1_1,TRB,TRBV1,TRBJ1,True,CASSF,TGT,70,7\n"
            "B-1,True,B-1_2,TRB,TRBV1,TRBJ1,False,CASTF,TGT,70,7\nC-1,True,C-1_1,TRB,TRBV1,TRBJ1,None,None,None,70,7\n",
            [("CASSF", 2, "TRBV1", "TRBJ1")], {"not_productive": 1, "no_sequence": 1}),
    "trust4": ("#" + tabs(("count", "frequency", "CDR3nt", "CDR3aa", "V", "D", "J", "C", "cid"),
                          (5, 0.1, "TGT", "CASSF", "TRBV1*01", ".", "*", ".", "a"),
                          (5, 0.1, "TGT", "out_of_frame", "TRBV1", ".", ".", ".", "b"),
                          (5, 0.1, "partial", "partial", "TRBV1", ".", ".", ".", "c")),
               [("CASSF", 5, "TRBV1*01", "")], {"out_of_frame": 1, "no_sequence": 1}),
    "rtcr": (tabs(("Number of reads", "Amino acid sequence", "V gene", "J gene", "Frame"), (4, "CASSF", "TRBV1", "TRBJ1", 0),
                  (4, "CASSF", "TRBV1", "TRBJ1", 1)), [("CASSF", 4, "TRBV1", "TRBJ1")], {"not_productive": 1}),
    "imgt": (tabs(("Sequence ID", "V-DOMAIN Functionality", "V-GENE and allele", "J-GENE and allele", "JUNCTION", "CDR3-IMGT"),
                  ("r1", "productive", "Homsap TRBV7-9*01 F, or Homsap TRBV1*01 F", "Homsap TRBJ1-1*01 F", "CASSF", "ASS"),
                  ("r2", "productive (see comment)", "Homsap TRBV7-9*01 F", "Homsap TRBJ1-1*01 F", "CASSF", "ASS"),
                  ("r3", "No results"), ("r4", "unproductive", "", "", "CASTF", "AST")),
             [("CASSF", 2, "TRBV7-9*01", "TRBJ1-1*01")], {"short_row": 1, "not_productive": 1}),
    "olga": (tabs(("TGTGCCAGCAGC", "CASSF", "TRBV1", "TRBJ1"), ("TGTGCCAGCAGC", "CASTF", "TRBV2", "TRBJ2")),
             [("CASSF", 1, "TRBV1", "TRBJ1"), ("CASTF", 1, "TRBV2", "TRBJ2")], {}),
    "bd": ("####\n## Libraries - A | B, C\n####\nCell_Index,Chain_Type,Molecule_Count,V_gene,J_gene,Productive,CDR3_Translation\n"
           "0,TCR_Beta,13,TRBV1,TRBJ1,True,ASSYE\n1,TCR_Beta,2,TRBV1,TRBJ1,False,ASSYE\n",
           [("ASSYE", 13, "TRBV1", "TRBJ1")], {"not_productive": 1}),
    "deeprc": (tabs(("amino_acid", "templates"), ("CASSF", 3), ("", 4)), [("CASSF", 3, "", "")], {"no_sequence": 1}),
}


def bag_rows(path):
    """(sequence, count, V, J) of all rows of a dataset."""
    with h5py.File(path) as file:
        def genes(name, n):
            if f"sampledata/{name}" not in file:
                return [""] * n
            names = [x.decode() for x in file[f"metadata/{name}_names"][()]]
            return [names[k] if k >= 0 else "" for k in file[f"sampledata/{name}"][()]]
        letters = "ACDEFGHIKLMNPQRSTVWY"
        data = file["sampledata"]
        sequences = ["".join(letters[c] for c in codes[:n]) for codes, n in zip(data["sequences"][()], data["seq_lens"][()])]
        return list(zip(sequences, data["sequence_counts"][()].tolist(), genes("v_call", len(sequences)),
                        genes("j_call", len(sequences))))


class Formats(Case):
    def total(self, *args):
        done = self.good("import", "--json", "--force", "-o", "o.h5", *args)
        return json.loads(done.stdout), done.stderr

    def test_each_format_by_its_header_and_by_name(self):
        for name, (text, kept, dropped) in TINY.items():
            path = write(f"tiny/{name}.tsv", text)
            extra = ["--region=cdr3"] if name == "bd" else []
            for words in ([], [f"--format={name}", "--merge=auto"]):
                if words and name == "deeprc":
                    continue
                report, said = self.total(*words, *extra, path)
                with self.subTest(name):
                    self.assertIn(f" ({name}, ", said)
                    self.assertEqual(report["sources"][0]["dropped"], dropped)
                    self.assertEqual(report["total"]["kept"], len(kept))
                    self.assertEqual(report["total"]["count_sum"], sum(k[1] for k in kept))
                    if h5py:
                        self.assertEqual(bag_rows("o.h5"), kept)

    def test_names_in_any_case_and_order_quoted(self):
        rows = [["Templates", "EXTRA", "Frame_Type", "Amino_Acid", "Rearrangement"], ["3", "x\ty", "in", "CASSF", "TGT"]]
        text = "".join("\t".join(f'"{cell}"' for cell in row) + "\r\n" for row in rows)
        report, said = self.total(write("q.tsv", b"\xef\xbb\xbf" + text.encode()))
        self.assertIn("(immunoseq, ", said)
        self.assertEqual(report["total"]["count_sum"], 3)

    def test_templates_or_reads(self):
        head = ("rearrangement", "amino_acid", "templates", "reads")
        write("units/a.tsv", tabs(head, ("T", "CASSF", 0, 5), ("T", "CASTF", 2, 5)))
        report, said = self.total("units/a.tsv")
        self.assertEqual((report["total"]["count_sum"], report["total"]["counts_set_to_1"]), (3, 1))
        self.assertIn("counts: column 'templates'", said)
        write("units/b.tsv", tabs(head, ("T", "CASSF", -1, 5), ("T", "CASTF", "null", 6)))
        report, said = self.total("--quiet", "units")
        self.assertEqual([s["count_sum"] for s in report["sources"]], [3, 11])
        self.assertRegex(said, r"warning: units/b\.tsv has another column of counts than the first file's 'templates'")
        self.assertRegex(said, r"warning: 1 file, the first units/b\.tsv, has no count above 0 in the column of templates; reads")
        report, said = self.total("--count-column=reads", "units")
        self.assertEqual(report["total"]["count_sum"], 21)
        write("v1.tsv", tabs(("nucleotide", "aminoAcid", "count (templates/reads)", "sequenceStatus"), ("T", "CASSF", 4, "In"),
                             ("T", "", 9, "Out")))
        report, said = self.total("v1.tsv")
        self.assertEqual((report["total"]["count_sum"], report["total"]["dropped"]), (4, {"not_productive": 1}))
        write("short.tsv", tabs(("amino_acid", "templates", "rearrangement"), ("CASSF", 4, "T"), ("CA*F", 4, "T")))
        self.assertEqual(self.total("short.tsv")[0]["total"]["dropped"], {"stop_codon": 1})

    def test_imputed_columns_are_upper_case(self):
        write("i.tsv", tabs(("cloneCount", "aaSeqImputedCDR3"), (2, "caSSf")))
        self.assertEqual(self.total("i.tsv")[0]["total"]["kept"], 1)
        write("i.tsv", tabs(("cloneCount", "aaSeqCDR3"), (2, "caSSf"), (2, "CASSF")))
        self.assertEqual(self.total("i.tsv")[0]["total"]["dropped"], {"other_letter": 1})

    def test_contigs_by_molecules(self):
        path = write("c.csv", TINY["10x"][0])
        report, said = self.total("--count-column=umis", path)
        self.assertEqual(report["total"]["count_sum"], 24)
        self.assertIn("counts: column 'umis'", said)
        self.assertIn("counts: number of different values of column 'barcode'", self.total(path)[1])
        chains = TINY["10x"][0] + "D-1,True,D,TRA,TRAV1,TRAJ1,True,CAVRF,TGT,70,7\n"
        report, said = self.total("--quiet", write("c.csv", chains))
        self.assertRegex(said, "warning: 1 of 1 repertoires, the first c.csv, have several loci; .*: TRA 1, TRB 1")
        self.assertEqual(self.total("--locus=TRA", "c.csv")[0]["total"]["kept"], 1)
        write("two.csv", "Cell_Index,TCR_Alpha_Gamma_CDR3_Translation_Dominant,TCR_Beta_Delta_CDR3_Translation_Dominant\n0,AVR,ASS\n")
        self.bad(3, r"two\.csv:1: has several chains in a row; .*--sequence-column=TCR_Alpha", "import", "-o", "x.h5", "two.csv")
        report, said = self.total("--sequence-column=TCR_Beta_Delta_CDR3_Translation_Dominant", "--region=cdr3", "two.csv")
        self.assertEqual(report["total"]["from_cdr3_aa"], 1)

    def test_region_is_asked_for(self):
        for name, text in (("b.csv", TINY["bd"][0]), ("a.tsv", tabs(("sequence_id", "cdr3_aa"), (1, "ASS"))),
                           ("i.tsv", tabs(("Sequence ID", "V-DOMAIN Functionality", "CDR3-IMGT"), (1, "productive", "ASS")))):
            self.bad(3, r":\d: has CDR3s \(.*\) but no junctions.*--region=cdr3", "import", "-o", "x.h5", write(name, text))
        source = random.Random(1)
        write("cut.tsv", tabs(("cdr3", "n"), *((junction(source, "AE"), 1) for _ in range(30))))
        words = ["import", "--force", "--sequence-column=cdr3", "--region=cdr3", "-o", "y.h5", "cut.tsv"]
        self.bad(3, r"would cut the ends off column 'cdr3', but of 30 sequences only 0 begin.*--ends=keep", *words)
        self.assertIn("30 sequences", self.good(*words, "--ends=keep").stderr)
        self.assertIn("30 sequences", self.good(*words, "--ends=cut").stderr)
        half = [(junction(source, "AE" if i % 2 else "CF"), 1) for i in range(40)]
        write("half.tsv", tabs(("amino_acid", "templates"), *half))
        self.assertRegex(self.total("--quiet", "half.tsv")[1], r"warning: 1 of 1 repertoires, the first half\.tsv, seem to be junctions in part")

    def test_comments_and_separators(self):
        rows = "cdr3;n\nCASSF;32290,0\nCASTF;7\n"
        for k, text in enumerate((rows, "sep=;\n" + rows, '"sep=;"\r\n' + rows.replace("\n", "\r\n"), "##x\n# a, b\n" + rows,
                                  "#" + rows, "#made with x\n" + rows, "\n\n" + rows)):
            with self.subTest(k):
                report, _ = self.total("--sequence-column=cdr3", "--count-column=n", write(f"s{k}.csv", text))
                self.assertEqual(report["total"]["count_sum"], 32297)
        airr = TINY["airr"][0]
        for text in ("#comment\twith\ttabs\n", "# one, two\n", "####\n## x\n####\n", "# a\tb\tc\td\te\tf\n"):
            self.assertEqual(self.total(write("c.tsv", text + airr))[0]["total"]["kept"], 1, text)
        self.assertEqual(self.total(write("c.tsv", "# " + airr))[0]["total"]["kept"], 1)

    def test_tables_without_a_header(self):
        write("list.txt", "CASSF\nCASTF\nCASSYEQYF\n")
        self.assertEqual(self.total("list.txt")[0]["total"]["kept"], 3)
        write("n.tsv", tabs(("CASSF", 5, "x"), ("CASTF", 6, "y")))
        self.bad(3, r"n\.tsv:1: has no header line, and its column 2 holds numbers; give --count-column=2 .*none", "import", "-o",
                 "x.h5", "n.tsv")
        self.assertEqual(self.total("--count-column=2", "n.tsv")[0]["total"]["count_sum"], 11)
        self.assertEqual(self.total("--sequence-column=1", "--count-column=2", "--include=3=x", "n.tsv")[0]["total"]["count_sum"], 5)
        self.bad(3, r"n\.tsv:1: has no column 'amino_acid', because it has no header line", "import", "--format=deeprc", "-o",
                 "x.h5", "n.tsv")
        self.bad(3, r"has no column 'CASSF', because it has no header line", "import", "--sequence-column=CASSF", "-o", "x.h5",
                 "list.txt")
        write("cdr3.txt", "ASSLGQAYEQ\nASSYEQASSN\n")
        self.bad(3, r"cdr3\.txt:1: column 'ASSLGQAYEQ' looks like a sequence.*--header=no", "import",
                 "--sequence-column=ASSLGQAYEQ", "-o", "x.h5", "cdr3.txt")
        self.bad(3, r"cdr3\.txt:1: is not in a known format.*--header=no", "import", "-o", "x.h5", "cdr3.txt")
        words = ["--header=no", "--sequence-column=1"]
        self.assertEqual(self.total(*words, "cdr3.txt")[0]["total"]["kept"], 2)
        for k in range(12):  # closed behind their headers while they wait
            write(f"many/{k}.tsv", f"CASS{'AC'[k % 2]}F\nCASTF\n")
        self.assertEqual([s["kept"] for s in self.total("many")[0]["sources"]], [2] * 12)
        write("odd.tsv", tabs(("CASSF", "n"), ("CASTF", 2)))
        self.assertEqual(self.total("--header=yes", "--sequence-column=CASSF", "odd.tsv")[0]["total"]["kept"], 1)

    def test_ragged_rows(self):
        head = ("id", "aa", "n")
        write("r.tsv", tabs(head, (1, "CASSF", 2), (2,), (3, "CASTF", 4)))
        words = ["--sequence-column=aa", "--count-column=n", "r.tsv"]
        self.bad(3, r"r\.tsv:3: has 1 cell, but column 'n' is number 3; .*--short-rows=drop", "import", "-o", "x.h5", *words)
        report, said = self.total("--quiet", "--short-rows=drop", *words)
        self.assertEqual((report["total"]["dropped"], report["total"]["count_sum"]), ({"short_row": 1}, 6))
        self.assertIn("warning: dropped rows: short_row 1", said)
        write("r.csv", "id,aa,n\n1,CASSF,1\n2,CASTF,1,234\n")
        self.bad(3, r"r\.csv:3: has more cells than the header names \(3\)", "import", "-o", "x.h5", *words[:2], "r.csv")
        write("names.tsv", '"aa"\t"n"\n"1"\t"CASSF"\t5\n')  # names of rows, as R writes them
        self.bad(3, r"names\.tsv:2: has more cells than the header", "import", "-o", "x.h5", *words[:2], "names.tsv")
        write("end.csv", "id,aa,n\n1,CASSF,1,\n2,CASTF,1,,\n")
        self.assertEqual(self.total(*words[:2], "end.csv")[0]["total"]["kept"], 2)

    def test_counts(self):
        def counts(*cells):
            rows = [(f"CASS{'ACDEFGHIKL'[k]}F", cell) for k, cell in enumerate(cells)]
            return write("n.tsv", tabs(("amino_acid", "templates"), *rows))
        report, said = self.total("--quiet", counts("32290.0", "1.2E+3", "+5", " 7 ", "", "NA", "nan", "null", "-3", "0"))
        self.assertEqual((report["total"]["count_sum"], report["total"]["counts_set_to_1"]), (33508, 6))
        self.assertIn("warning: counts blank or below 1, taken as 1: 6", said)
        report, said = self.total("--quiet", counts("20.4", "23.6", "0.7"))
        self.assertEqual(report["total"]["count_sum"], 45)
        self.assertEqual(report["total"]["counts_rounded"], 2)
        self.assertIn("warning: 2 counts with a fraction were rounded", said)
        self.assertRegex(self.total("--quiet", counts("0.02", "0.1"))[1], "warning: .* have only counts below 1, so all are 1: are they frequencies")
        self.assertEqual(self.total(counts("9223372036854775807"))[0]["total"]["count_sum"], 2**63 - 1)
        for cell, why in (("9223372036854775808", "too large"), ("1e300", "too large"), ("99999999999999999999", "too large"),
                          ("1,234", "comma"), ("12x", "not a number"), ("1,2,3", "not a number")):
            self.bad(3, rf"n\.tsv:3: count '{cell}' in column 'templates' .*{why}", "import", "-o", "x.h5", counts("1", cell))
        write("n.tsv", tabs(("amino_acid", "templates"), ("CASSF", "9e18"), ("CASSF", "9e18")))
        self.bad(3, r"n\.tsv:3: the counts of equal sequences add up to more than 2\^63", "import", "-o", "x.h5", "n.tsv")
        self.assertRegex(self.total("--quiet", "--merge=no", "n.tsv")[1], r"warning: the counts add up to more than 2\^63")
        write("in/a.tsv", tabs(("aa", "umis"), ("CASSF", 1)))
        write("in/b.tsv", tabs(("aa", "count"), ("CASSF", 1)))
        self.bad(3, r"in/b\.tsv:1: has no column 'umis'", "import", "--sequence-column=aa", "--count-column=umis", "-o", "x.h5", "in")

    def test_filters(self):
        rows = [("TRB", "T", ""), ("TRB ", "F", "a=b"), ("TRA", "T", "a=b"), ("TRG", "T", "c")]
        write("f.tsv", tabs(("amino_acid", "templates", "chain", "ok", "note"), *(("CASSF", 1 << k, *r) for k, r in enumerate(rows))))
        for words, total in ((["--include=chain=TRB"], 3), (["--include=chain=TRB", "--include=chain=TRA"], 7),
                             (["--include=chain=TRB", "--include=ok=T"], 1), (["--include=note=a=b"], 6), (["--exclude=note="], 14),
                             (["--include=note="], 1), (["--include=chain=TRB", "--exclude=ok= F "], 1)):
            with self.subTest(words):
                self.assertEqual(self.total(*words, "f.tsv")[0]["total"]["count_sum"], total)
        self.bad(3, r"f\.tsv: no row is left: none has 'trb' in column 'chain'", "import", "--include=ok=T",
                 "--include=chain=trb", "-o", "x.h5", "f.tsv")
        self.bad(3, r"f\.tsv: no row is left of 4 \(filtered 4\); .* column 'chain'", "import", "--include=ok=F", "--exclude=chain=TRB",
                 "-o", "x.h5", "f.tsv")
        self.bad(2, "--ends: goes with --region=cdr3", "import", "--ends=keep", "-o", "x.h5", "f.tsv")
        self.bad(2, "--bag: DeepRC's converter", "import", "--format=deeprc", "--bag=chain", "-o", "x.h5", "f.tsv")
        self.bad(3, r"f\.tsv:1: has no column 'chains'.*--exclude", "import", "--exclude=chains=TRA", "-o", "x.h5", "f.tsv")

    def test_loci(self):
        genes = [("TRAV1", "TRAJ1"), ("TRBV1", "TRBJ1"), ("TCRGV9", ""), ("", "TRDJ1"), ("IGHV1", "IGHJ1"), ("IGKV1", "IGKJ1"),
                 ("IGLV1", "IGLJ1"), ("", "")]
        rows = [(f"CASS{'ACDEFGHI'[k]}F", 1 << k, *g) for k, g in enumerate(genes)]
        write("l.tsv", tabs(("junction_aa", "duplicate_count", "v_call", "j_call"), *rows))
        report, said = self.total("--quiet", "l.tsv")
        self.assertEqual(report["total"]["loci"], {k: 1 for k in ("TRA", "TRB", "TRG", "TRD", "IGH", "IGK", "IGL")})
        self.assertRegex(said, "have several loci; sequences in all: TRA 1, TRB 1, TRG 1, TRD 1, IGH 1, IGK 1, IGL 1")
        for locus, total in (("TRB", 2), ("TRA,TRB", 3), ("trg", 4), ("TRD", 8), ("IGH,IGK,IGL", 112)):
            report, said = self.total(f"--locus={locus}", "l.tsv")
            self.assertEqual(report["total"]["count_sum"], total, locus)
            self.assertIn("other_locus", said)
        write("c.tsv", tabs(("junction_aa", "duplicate_count", "v_call", "locus"), ("CASSF", 1, "TRBV1", "TRB"),
                            ("CASTF", 2, "TRBV1", "TCR_Alpha"), ("CASAF", 4, "TRAV1", "")))
        self.assertEqual(self.total("--locus=TRA", "c.tsv")[0]["total"]["count_sum"], 6)
        write("d/a.tsv", tabs(("cdr3aa", "count", "v"), ("CASSF", 1, "TRBV1")))
        write("d/b.tsv", tabs(("cdr3aa", "count", "v"), ("CASSF", 1, "TRAV1")))
        self.assertRegex(self.total("--quiet", "d")[1], "repertoires are of different loci; .*: TRA 1, TRB 1")
        self.bad(2, "--locus: 'TRX' is not TRA", "import", "--locus=TRB,TRX", "-o", "x.h5", "l.tsv")
        self.bad(2, "--locus: DeepRC's converter reads sequences and counts alone", "import", "--format=deeprc", "--locus=TRB", "-o", "x.h5", "l.tsv")
        self.bad(3, r"p\.tsv:1: has no column of loci or genes", "import", "--locus=TRB", "-o", "x.h5",
                 write("p.tsv", tabs(("amino_acid", "templates"), ("CASSF", 1))))

    def test_several_people_in_one_table(self):
        def people(column, *names, head=("junction_aa", "duplicate_count"), more=()):
            rows = [(name, "CASSF", k + 1, *(m[1] for m in more)) for k, name in enumerate(names)]
            return write("p.tsv", tabs((column, *head, *(m[0] for m in more)), *rows))

        def bags(*args):
            report, said = self.total("--quiet", *args)
            return [s["bag"] for s in report["sources"]], said
        for column in ("sample_id", "sample_name", "Subject", "donor", "Sample ID", "PatientID", "orig.ident"):
            names, said = bags(people(column, "P1", "P2 ", "P1", "P2"))
            self.assertEqual(names, ["P1", "P2"])
            self.assertRegex(said, rf"warning: p\.tsv: is split into 2 repertoires by its column '{column}'; --bag=none")
        self.assertEqual(bags(people("sample_id", "P1", "P1")), (["p.tsv"], ""))
        self.assertEqual(bags("--bag=none", people("sample_id", "P1", "P2")), (["p.tsv"], ""))
        self.assertEqual(bags("--bag=plate", people("plate", "1", "2")), (["1", "2"], ""))
        self.assertEqual(bags("--bag=plate", people("plate", "1", "1"))[0], ["1"])
        self.assertEqual(bags("--sequence-column=aa", "--count-column=n", people("subject", "P1", "P2", head=("aa", "n")))[0],
                         ["P1", "P2"])
        names, said = bags(people("subject", "P1", "P2", more=[("repertoire_id", "R")]))
        self.assertEqual(names, ["R"])
        self.assertRegex(said, r"p\.tsv: is one repertoire, but its column 'subject' has several values; --bag=subject")
        self.bad(3, r"p\.tsv:3: column 'sample_id' is empty here.*--bag=none", "import", "-o", "x.h5", people("sample_id", "P1", ""))
        self.assertEqual(self.total("--include=sample_id=P1", people("sample_id", "P1", "P2"))[0]["bags"], 1)
        write("labels.tsv", tabs(("sample_id", "status"), ("P1", "+"), ("P2", "-")))
        report, _ = self.total("--metadata=labels.tsv", people("sample_id", "P1", "P2"))
        self.assertEqual(report["labels"]["bags_without_row"], 0)
        write("q.tsv", tabs(("sample_id", "junction_aa"), ("P2", "CASSF"), ("P3", "CASSF")))
        self.bad(3, r"p\.tsv and q\.tsv both hold repertoire 'P2'", "import", "-o", "x.h5", "p.tsv", "q.tsv")

    def test_sequences_that_are_none(self):
        write("n.tsv", tabs(("cdr3nt", "n"), ("TGTGCCAGCAGC", 1), ("TGTGCCAGCAGCTTC", 1)))
        self.bad(3, r"n\.tsv: column 'cdr3nt' holds nucleotides, not amino acids.*--sequence-column", "import",
                 "--sequence-column=cdr3nt", "-o", "x.h5", "n.tsv")
        write("n.tsv", tabs(("amino_acid", "templates"), ("TGTGCCAGCAGC", 1), ("CASSF", 1), ("CASTF", 1), ("CAF", 1)))
        self.assertRegex(self.total("--quiet", "n.tsv")[1], "warning: 1 sequences consist of A, C, G and T alone")
        cells = ("CAVRF;CASSF", "CAVRF|CASSF", "CAVRF,CASSF", "CAVRF+CASSF", "CASSF")
        report, said = self.total("--quiet", write("c.tsv", tabs(("junction_aa",), *((c,) for c in cells))))
        self.assertEqual(report["total"]["dropped"], {"several_chains": 4})
        self.assertIn("warning: dropped rows: several_chains 4", said)
        self.bad(3, r"t\.tsv:1: has two columns 'junction_aa', numbers 1 and 3", "import", "-o", "x.h5",
                 write("t.tsv", tabs(("junction_aa", "n", "junction_aa"), ("CASSF", 1, "CASTF"))))
        self.bad(3, r"t\.tsv:1: has two columns 'n', numbers 2 and 3", "import", "--sequence-column=aa", "--count-column=n", "-o",
                 "x.h5", write("t.tsv", tabs(("aa", "n", "n"), ("CASSF", 1, 2))))

    def test_unknown_tables_are_named(self):
        for head, says in ((("sequence_id", "junction_a"), r"nearest known format is airr, which has a column 'junction_aa' \(is 'junction_a' meant"),
                           (("cdr3_b_aa", "n"), "Its column 'cdr3_b_aa' may hold the sequences"),
                           (("ID", "status"), "may be a label table; give that with --metadata"),
                           (("filename", "status"), "looks like a label table"), (("#GeneChoice;V_gene;x", "y"), "model of IGoR"),
                           ((">read1 x", "y"), "FASTA"), (("cdr3s_aa", "frequency"), "filtered_contig_annotations")):
            self.bad(3, rf"u\.tsv:1: .*{says}", "import", "-o", "x.h5", write("u.tsv", tabs(head, ("a", "b"))))

    def test_any_number_of_threads_gives_the_same_bytes(self):
        for name, (text, _, _) in TINY.items():
            if name != "bd":
                write(f"all/{name}.tsv", text)
        seen = set()
        for threads in (1, 2, 4):
            self.good("import", "--force", "-o", "o.h5", "all", threads=threads)
            with open("o.h5", "rb") as file:
                seen.add(file.read())
        self.assertEqual(len(seen), 1)


# Real files: rows, kept, merged, sum of counts, dropped by reason.
REAL = {
    "adaptive_v1/naive_cd8_null_genomes.tsv": (1500, {"not_productive": 238}),
    "adaptive_v2/naive_cd8.tsv.gz": (1500, {"not_productive": 238}),
    "adaptive_v2/cmvtet_reordered_columns.tsv": (215, {"not_productive": 69}),
    "adaptive_v2/immunarch_full.tsv": (1, {}),
    "adaptive_v2/immunarch_short_columns.tsv": (4, {}),
    "airr/good_rearrangement.tsv": (9, {"not_productive": 4}),
    "mixcr/mixcr_v1_headers.txt": (262, {"out_of_frame": 55, "stop_codon": 11}),
    "mixcr/mixcr_v21_igh.txt.gz": (873, {"out_of_frame": 16}),
    "mixcr/mixcr_v3_imputed_igh.txt": (96, {"out_of_frame": 65, "stop_codon": 6}),
    "mixcr/mixcr_v3v4_cloneCount_trb.tsv": (499, {"out_of_frame": 12}),
    "mixcr/mixcr_v4_readCount_trad.tsv": (300, {"out_of_frame": 124, "stop_codon": 3}),
    "mixcr/mixcr_v4_umi_uniqueTagCountUMI.tsv": (300, {"out_of_frame": 31, "stop_codon": 1}),
    "mixcr/mixcr_v4_uniqueMoleculeCount_igh.tsv": (200, {"out_of_frame": 1}),
    "vdjtools/M_15_CD8_TRB.txt.gz": (1800, {"out_of_frame": 73, "stop_codon": 4}),
    "vdjtools/M_15_CD8_TRA_hash_header.txt.gz": (1200, {"out_of_frame": 127, "stop_codon": 4}),
    "immunarch/Sample1.tsv.gz": (500, {"out_of_frame": 5}),
    "immunarch/Sample2.tsv.gz": (500, {"out_of_frame": 4, "stop_codon": 1}),
    "other/rtcr.txt": (300, {}),
    "other/trust4.txt": (4, {"no_sequence": 1}),
}
NAMED = {
    "airr/bad_rearrangement.tsv": "bad_rearrangement.tsv:2: 'yes' in column 'productive'",
    "airr/immuneml_quickstart/metadata.csv": "looks like a label table",
    "airr/immuneml_quickstart/repertoire_1.tsv.gz": "--region=cdr3",
    "vdjtools/metadata.txt": "looks like a label table",
    "immunarch/metadata.txt": "may be a label table",
    "deeprc_plain/metadata.tsv": "may be a label table",
    "other/olga_human_T_beta/V_gene_CDR3_anchors.csv": "anchors of genes",
    "other/olga_human_T_beta/model_params.txt": "recombination model",
    "other/olga_human_T_beta/model_marginals.txt": "recombination model",
}


class RealFiles(Case):
    def test_real_files(self):
        if not os.path.isdir(SHARED):
            self.skipTest(f"there is no {SHARED}")
        for name, (rows, dropped) in REAL.items():
            with self.subTest(name):
                done = self.good("import", "--json", "--force", "-o", "o.h5", os.path.join(SHARED, name))
                total = json.loads(done.stdout)["total"]
                self.assertEqual((total["rows"], total["dropped"]), (rows, dropped))
                self.assertEqual(total["kept"] + total["merged"], rows - sum(dropped.values()))
        for name, says in NAMED.items():
            with self.subTest(name):
                done = run("import", "-o", "x.h5", os.path.join(SHARED, name))
                self.assertEqual(done.returncode, 3)
                self.assertIn(says, done.stderr)


main()
