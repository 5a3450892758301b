#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What tables come in: compressions, archives, pipes, encodings, folders; and label tables as people have them."""
import bz2
import ctypes
import gzip
import lzma
import os
import random
import re
import subprocess
import zipfile

from harness import HOPSACK, Case, main, run

HEAD = "amino_acid\ttemplates\n"


def repertoire(seed, n=12):
    draw = random.Random(seed)
    rows = "".join(f"CASS{''.join(draw.choice('ADEGLNPQRSTY') for _ in range(4))}EQYF\t{draw.randint(1, 9)}\n" for _ in range(n))
    return (HEAD + rows).encode()


def put(path, data):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def put_zip(path, **members):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)


def has(library):
    """Is the program built with it?"""
    said = run("--version").stdout
    return library in said and f"no {library}" not in said


def zstd(data):
    """With a checksum, by the library; without it one raw block (RFC 8878), which nobody then reads."""
    try:
        lib = ctypes.CDLL("libzstd.so.1")
    except OSError:
        lib = None
    if lib:
        lib.ZSTD_createCCtx.restype = ctypes.c_void_p
        lib.ZSTD_compress2.restype = ctypes.c_size_t
        lib.ZSTD_compress2.argtypes = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t
        context = ctypes.c_void_p(lib.ZSTD_createCCtx())
        lib.ZSTD_CCtx_setParameter(context, 201, 1)  # ZSTD_c_checksumFlag
        out = ctypes.create_string_buffer(2 * len(data) + 1024)
        n = lib.ZSTD_compress2(context, out, len(out), data, len(data))
        lib.ZSTD_freeCCtx(context)
        return out.raw[:n]
    return b"\x28\xb5\x2f\xfd\x00\x60" + (len(data) << 3 | 1).to_bytes(3, "little") + data


class Streams(Case):
    def imports(self, *words, out="o.h5", **options):
        """Imports and returns what was said."""
        done = run("import", "--force", "-o", out, *words, **options)
        self.assertEqual(done.returncode, 0, f"{words}: {done.stderr}")
        self.said = done.stderr
        return done.stderr

    def counts(self, *words, out="o.h5"):
        """(repertoires, sequences) of an import."""
        found = re.search(r"(\d+) repertoires?, (\d+) sequences?", self.imports(*words, out=out))
        return int(found[1]), int(found[2])

    def labels(self, table, *words):
        """{bag: status} as import joins them."""
        put("labels", table)
        self.imports("--metadata=labels", *words)
        shown = self.good("inspect", "--json", "o.h5").stdout
        return dict(re.findall(r'"(\S)": (\d+)', shown.split('"status"', 1)[1]))

    # ---- compressions ----

    def test_compressions_are_told_by_bytes(self):
        data = repertoire(1)
        packed = {"gzip": gzip.compress(data), "bzip2": bz2.compress(data), "xz": lzma.compress(data), "zstd": zstd(data)}
        for name, content in packed.items():
            put("any_name.tsv", content)
            if name != "gzip" and not has(name):
                self.bad(3, f"any_name\\.tsv: is compressed by {name}, which this hopsack is built without; rebuild", "import", "-o", "x.h5", "any_name.tsv")
                continue
            self.assertEqual(self.counts("any_name.tsv"), (1, 12), name)
            put("any_name.tsv", content + content)  # two members: the header line of the second is a row of its own
            self.assertIn("25 rows", self.imports("any_name.tsv"), name)
            put("any_name.tsv", content + bytes(512))
            self.assertEqual(self.counts("any_name.tsv"), (1, 12), f"{name} filled up with zero bytes")
            put("any_name.tsv", content[: len(content) // 2])
            self.bad(3, r"any_name\.tsv: (the \w+ data end too early|damaged)", "import", "-o", "no.h5", "any_name.tsv")
            put("any_name.tsv", content + b"rest")
            self.bad(3, rf"any_name\.tsv: other bytes follow the {name} data", "import", "-o", "no.h5", "any_name.tsv")
            changed = bytearray(content)
            changed[len(content) // 2] ^= 0x55
            put("any_name.tsv", bytes(changed))
            self.bad(3, r"any_name\.tsv", "import", "-o", "no.h5", "any_name.tsv")
            os.remove("any_name.tsv")

    def test_utf16(self):
        text = repertoire(2).decode()
        for encoding, mark in (("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")):
            put("u.txt", mark + text.encode(encoding))
            self.assertEqual(self.counts("u.txt"), (1, 12), encoding)
            put("u.txt", mark + text.encode(encoding)[:-1])
            self.bad(3, r"u\.txt: damaged UTF-16", "import", "-o", "no.h5", "u.txt")
            put("u.txt", text.encode(encoding))
            self.bad(3, r"u\.txt: is UTF-16 text without its byte-order mark", "import", "-o", "no.h5", "u.txt")
            put("u.txt.gz", gzip.compress(mark + text.encode(encoding)))
            self.assertEqual(self.counts("u.txt.gz"), (1, 12), encoding)
        self.assertEqual(self.labels("\ufeffID\tstatus\nü1\t+\nü2\t-\n".encode("utf-16-le"), *self.two("ü1", "ü2")), {"+": "1", "-": "1"})

    def two(self, *names):
        """A folder of these repertoires."""
        folder = "two" + "".join(names)
        for i, name in enumerate(names):
            put(f"{folder}/{name}.tsv", repertoire(i))
        return [folder]

    # ---- archives ----

    def test_zip(self):
        if not has("libzip"):
            self.skipTest("built without libzip")
        put_zip("cohort.zip", **{f"a__P{i}.tsv": repertoire(i) for i in range(2, 5)}, **{"__MACOSX__a__._P2.tsv": b"\0\1",
                "a__.hidden.tsv": b"x", "a__notes.md": b"no table", "a__P5.tsv.gz": gzip.compress(repertoire(5))})
        said = self.imports("--empty=skip", "cohort.zip")
        self.assertIn("4 repertoires, 48 sequences", said)
        self.assertRegex(said, r"left out 1 file .*notes\.md")
        put_zip("in/odd_name.tsv", **{f"P{i}.tsv": repertoire(i) for i in range(3)})
        self.assertEqual(self.counts("in"), (3, 36))
        put_zip("one.zip", **{"inner.txt": repertoire(1)})
        self.assertEqual(self.counts("one.zip"), (1, 12))
        self.assertEqual(self.counts("cohort.zip/a/P3.tsv"), (1, 12))
        put_zip("out.zip", **{"..__..__P1.tsv": repertoire(1), "__etc__P2.tsv": repertoire(2)})
        self.assertEqual(self.counts("out.zip"), (2, 24))
        self.bad(3, r"one\.zip/none\.tsv: the zip archive has no such member", "import", "-o", "no.h5", "one.zip/none.tsv")
        self.bad(3, r"cohort\.zip: is a zip archive of 5 files; name one", "import", "--metadata=cohort.zip", "-o", "no.h5", "in")
        with open("cohort.zip", "rb") as file:
            whole = file.read()
        put("cut.zip", whole[:-40])
        self.bad(3, r"cut\.zip: damaged or cut zip archive", "import", "-o", "no.h5", "cut.zip")
        changed = bytearray(whole)
        at = whole.index(b"a/P3.tsv") + 40
        changed[at] ^= 0xFF
        put("changed.zip", bytes(changed))
        self.bad(3, r"changed\.zip/a/P3\.tsv: damaged", "import", "--empty=skip", "-o", "no.h5", "changed.zip")
        put_zip("book.xlsx", **{"[Content_Types].xml": b"<x/>", "xl__workbook.xml": b"<x/>"})
        self.bad(3, r"book\.xlsx: is an Excel workbook", "import", "-o", "no.h5", "book.xlsx")
        flagged = bytearray(whole)  # the flag that says that a member is encrypted
        for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
            at = -1
            while (at := whole.find(mark, at + 1)) >= 0:
                flagged[at + offset] |= 1
        put("locked.zip", bytes(flagged))
        self.bad(3, r"locked\.zip/.*encrypted", "import", "-o", "no.h5", "locked.zip")

    def test_vectors_in_a_zip(self):
        if not has("libzip"):
            self.skipTest("built without libzip")
        rows = ["bag_id,label,x\n" + "".join(f"b{k}{b},{b % 2},{b * 0.37 + i * i}\n" for b in range(4) for i in range(2)) for k in range(2)]
        put_zip("v.zip", **{"a.csv": rows[0], "b.csv": rows[1]})
        self.assertIn("8 bags, 16 instances", self.imports("v.zip"))

    # ---- pipes ----

    def test_standard_input(self):
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as cat:
            cat.stdin.write(gzip.compress(repertoire(1)))
            cat.stdin.close()
            words = [HOPSACK, "import", "--force", "-o", "o.h5", "-"]
            done = subprocess.run(words, stdin=cat.stdout, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('"stdin"', self.good("inspect", "--json", "--verbose", "o.h5").stdout + '"stdin"')
        put("status.tsv", "ID\tstatus\nP7\t+\n")
        script = ('"$0" import --force --metadata=status.tsv --name=P7 -o o.h5 - < any.tsv && '
                  'cat status.tsv | "$0" import --force --metadata=- --name=P7 -o o.h5 any.tsv && '
                  '"$0" import --force -o o.h5 <(cat any.tsv) && cat v.csv | "$0" import --force -o v.h5 -')
        put("any.tsv", repertoire(3))
        put("v.csv", "bag_id,label,x\n" + "".join(f"b{b},{b % 2},{b * 0.37 + i * i}\n" for b in range(4) for i in range(2)))
        done = subprocess.run(["bash", "-ec", script, HOPSACK], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.bad(2, r"--metadata=-: standard input is the table to import already", "import", "--metadata=-", "-o", "no.h5", "-")
        self.bad(2, r"--name=X: names one repertoire, and there are 2 files", "import", "--name=X", "-o", "no.h5", *self.two("a", "b"))
        closed = subprocess.run(["sh", "-c", '"$0" import -o no.h5 - <&-', HOPSACK], stderr=subprocess.PIPE, text=True, check=False)
        self.assertIn(closed.returncode, (3, 6), closed.stderr)
        self.assertRegex(closed.stderr, r"/dev/stdin: (standard input is closed|is empty)")

    def test_config_from_standard_input(self):
        simulated = run("simulate", "--simulate.n_bag=20", "--simulate.n_seq=20", "--motif=SFEN", "--rho=0.2", "-o", "s.h5")
        self.assertEqual(simulated.returncode, 0, simulated.stderr)
        words = [HOPSACK, "train", "-", "--data.path=s.h5", "--target=status", "--quiet", "-o", "run"]
        text = "train: {updates: 4}\nmodel: {embedder: {n_kernel: 4}, pooling: {n_unit: 4}}\n"
        done = subprocess.run(words, input=text, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    # ---- what is no table ----

    def test_files_are_named_for_what_they_are(self):
        kinds = {"HDF5": b"\x89HDF\r\n\x1a\n" + bytes(40), "PDF": b"%PDF-1.7\n", "PNG": b"\x89PNG\r\n\x1a\n" + bytes(20),
                 "SQLite": b"SQLite format 3\0" + bytes(20), "safetensors": (40).to_bytes(8, "little") + b'{"a":{}}' + b" " * 40,
                 "Parquet": b"PAR1" + bytes(30), "R workspace": gzip.compress(b"RDX3\nX\n" + bytes(20)), "program": b"\x7fELF" + bytes(60),
                 "HTML": b"<!DOCTYPE html>\n<html>", "XML": b"<?xml version='1.0'?>", "JSON": b'{"a": [1, 2]}\n', "tar": bytes(257) + b"ustar\0" + bytes(300),
                 "Excel": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(40), "NumPy": b"\x93NUMPY\1\0", "pickle": b"\x80\x04\x95" + bytes(9),
                 "Git LFS": b"version https://git-lfs.github.com/spec/v1\n", "FASTA": b">seq1\nCASSF\n"}
        for kind, data in kinds.items():
            put("odd", data)
            for words in (["odd"], ["--metadata=odd", *self.two("a")]):
                self.bad(3, rf"odd: (is|cannot open this) .*{kind}", "import", "-o", "no.h5", *words)
        put("odd", kinds["PDF"])
        self.bad(4, r"odd: is no model file, but is a PDF", "predict", "odd", "o.h5", "-o", "no.tsv")
        self.bad(3, r"odd: is not an HDF5 file, which a dataset is: it is a PDF", "bench", "odd")

    def test_a_label_table_in_the_place_of_a_repertoire(self):
        put("mine.csv", "ID,status\nP01,+\nP02,-\n")
        self.bad(3, r"mine\.csv:1: .*label table.*--metadata", "import", "-o", "no.h5", "mine.csv")

    # ---- folders ----

    def test_what_a_folder_stands_for(self):
        names = ["a.tsv", "B.TSV", "c.csv", "d.txt.gz", "e.tab"]
        for i, name in enumerate(names):
            data = repertoire(i) if not name.endswith("csv") else repertoire(i).replace(b"\t", b",")
            put(f"mix/{name}", gzip.compress(data) if name.endswith("gz") else data)
        for name in (".DS_Store", "._a.tsv", "Thumbs.db", "desktop.ini", "~$a.tsv", "__MACOSX/a.tsv"):
            put(f"mix/{name}", b"\0\1\2")
        put("mix/read.me", "hello")
        put("mix/reads.fastq.gz", b"no table")
        put("mix/README.txt", "These are the files of our study.\n")
        said = self.imports("mix")
        self.assertIn("5 repertoires", said)
        self.assertRegex(said, r"warning: mix: left out 2 files whose ending is not that of a table: (read\.me, reads\.fastq\.gz|reads\.fastq\.gz, read\.me)")
        self.assertRegex(said, r"warning: mix/README\.txt: left out, because it is no repertoire table")
        self.assertNotIn("DS_Store", said)
        self.assertIn("2 repertoires", self.imports("--extension=.tsv", "mix"))
        os.symlink("nowhere.tsv", "mix/z.tsv")
        done = run("import", "-o", "no.h5", "mix")
        os.remove("mix/z.tsv")
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertRegex(done.stderr, r"mix/z\.tsv: .*link")
        put("mix/a.tsv.gz", gzip.compress(repertoire(8)))
        self.bad(3, r"mix/a\.tsv and mix/a\.tsv\.gz are both named 'a\.tsv'", "import", "-o", "no.h5", "mix")

    def test_one_name_in_several_folders(self):
        for i in range(1, 5):
            put(f"deep/S{i}/outs/airr.tsv", repertoire(i))
        for table in ("ID\tstatus\nS1\t+\nS2\t-\nS3\t+\nS4\t+\n",
                      "file\tstatus\n" + "".join(f"deep/S{i}/outs/airr.tsv\t{'+-'[i == 2]}\n" for i in range(1, 5)),
                      "file\tstatus\n" + "".join(f"C:\\data\\S{i}\\outs\\airr.tsv\t{'+-'[i == 2]}\n" for i in range(1, 5))):
            self.assertEqual(self.labels(table, "deep"), {"+": "3", "-": "1"}, table)
        self.bad(3, r"deep/S1/outs/airr\.tsv.*one file", "import", "-o", "no.h5", "deep", "deep/S1/outs/airr.tsv")

    def test_empty_files(self):
        put("some/a.tsv", repertoire(1))
        put("some/b.tsv", b"")
        put("some/c.tsv.gz", gzip.compress(b""))
        put("some/d.tsv", HEAD)
        self.bad(3, r"some/b\.tsv: is empty", "import", "-o", "no.h5", "some")
        put("labels", "ID\tstatus\n" + "".join(f"{name}\t+\n" for name in "abcd"))
        said = self.imports("--empty=skip", "--metadata=labels", "some")
        self.assertIn("1 repertoire,", said)
        self.assertEqual(len(re.findall("left out, no row", said)), 3)

    # ---- label tables ----

    def test_label_tables_of_people(self):
        folder = self.two("P01", "P02")
        good = {"+": "1", "-": "1"}
        for table in ("ID\tstatus\nP01 \t+\nP02\t - \n\t\n", "sep=;\r\nID;status\r\nP01;+\r\nP02;-\r\n;;\r\n", "# ID,status\nP01,+\nP02,-\n,\n",
                      "## of our study\n# all of it\n\nID,status\nP01,+\nP02,-\n",
                      "Sample-ID,status\nP01.tsv,+\nP02.tsv.gz,-\n", "nr,who,status\n1,P01,+\n2,P02,-\n", "ID,status\nP01,+\nP02,-\nP01,+\n",
                      "file_name,status\n.\\twoP01P02\\P01.tsv,+\n./twoP01P02/P02.tsv,-\n", "ID,who,status\n1,P01,+\n2,P02,-\n"):
            self.assertEqual(self.labels(table, *folder), good, table)
        self.assertRegex(self.said, r"labels: IDs are in column 'who'")
        for table, sentence in (("ID\tstatus\np01\t+\nP02\t-\n", r"did you mean 'P01\.tsv' \(upper and lower case differ\)"),
                                ("ID\tstatus\nP1\t+\nP02\t-\n", r"did you mean 'P01\.tsv' \(leading zeros differ\)"),
                                ("ID\tstatus\nP01\t+\nP01\t-\n", r"labels:3: ID 'P01' and ID 'P01' of line 2 both mean"),
                                ("ID\tstatus\n\"P01\t+\nP02\t-\n", r"labels:2: a double quote is never closed")):
            put("labels", table)
            self.bad(3, sentence, "import", "--metadata=labels", "-o", "no.h5", *folder)
        put("labels", "ID,status\nP01,+\nP02,-\nP01,+\n")
        self.assertRegex(run("import", "--quiet", "--force", "--metadata=labels", "-o", "o.h5", *folder).stderr,
                         r"warning: labels:4: 'P01' stands twice with the same cells; 1 such row is read once")

    def test_ids_that_differ_a_little(self):
        """Excel's 1.0 and 1E+05, dashes of a word processor, the two codes of an accent, IDs that are a part of the name."""
        for i, name in enumerate(("7", "100000", "P-1", "M\u00fcller", "Q1_TRB_clones")):
            put(f"near/{name}.tsv", repertoire(i))
        for given, meant in (("7.0", "7.tsv"), ("1E+05", "100000.tsv"), ("P_1", "P-1.tsv"), ("P\u20111", "P-1.tsv"), ("p 1", "P-1.tsv"),
                             ("Mu\u0308ller", "M\u00fcller.tsv"), ("Q1", "Q1_TRB_clones.tsv")):
            put("labels", f"ID,status\n{given},+\n")
            self.bad(3, re.escape(f"did you mean '{meant}' ("), "import", "--metadata=labels", "-o", "no.h5", "near")
        put("labels", "ID,status\n7,+\n8,-\n")
        self.assertNotIn("did you mean '7.tsv'", self.bad(3, "'8'", "import", "--metadata=labels", "-o", "no.h5", "near"))

    def test_names_with_dots(self):
        """P1.pre is not P1.post, which differ as P1.tsv and P1.csv do: neither in a label table nor in --bags."""
        rows = "".join(f"CASSLG{'ACDEFGHI'[i]}AYEQYF\t1\t{('P1.pre', 'P1.post', 'P2.pre', 'P2.post')[i % 4]}\n" for i in range(8))
        put("dots.tsv", "amino_acid\ttemplates\tsample_id\n" + rows)
        put("some.txt", "P1.pre\nP2.post.tsv\n")
        self.assertIn("dots.h5: 2 repertoires", self.good("import", "--bags=some.txt", "-o", "dots.h5", "dots.tsv").stderr)
        self.good("import", "-o", "all.h5", "dots.tsv")
        self.assertIn("left out by --bags: 2", self.good("import", "--bags=some.txt", "-o", "some.h5", "all.h5").stderr)
        self.assertEqual(self.labels("ID,status\nP1.pre,+\nP2.post.svs,-\n", "dots.tsv"), {"+": "1", "-": "1"})
        put("labels", "ID,status\nP1.mid,+\nP2.post,-\n")
        self.bad(3, "'P1.mid'", "import", "--metadata=labels", "-o", "no.h5", "dots.tsv")
        put("one/P1.tsv", repertoire(1))
        put("one/P1.csv", repertoire(2).replace(b"\t", b","))
        put("some.txt", "P1.tsv.gz\n")
        self.assertIn("one.h5: 1 repertoire,", self.good("import", "--bags=some.txt", "-o", "one.h5", "one").stderr)
        self.bad(2, "a folder cannot go to standard output", "export", "one.h5", "-o", "-")

    def test_columns_that_both_hold_ids(self):
        for i in range(1, 5):
            put(f"rival/{i}.tsv", repertoire(i))
        words = ("import", "--metadata=labels", "-o", "no.h5", "rival")
        rows = ("1,2,+,3.tsv\n", "2,1,-,1.tsv\n", "3,3,+,2.tsv\n", "4,4,+,4.tsv\n")
        put("labels", "sample_id,nr,status,file\n" + "".join(rows))
        self.bad(3, r"labels:2: both column 'sample_id' and column 'file' hold IDs, .* \('1' and '3\.tsv'\).*--id-column", *words)
        self.assertEqual(run("import", "--metadata=labels", "--id-column=file", "--force", "-o", "o.h5", "rival").returncode, 0)
        self.assertEqual(self.labels(",nr,status\n0,2,+\n1,1,-\n2,3,+\n3,4,-\n", "rival"), {"+": "2", "-": "2"})
        put("labels", "nr,place,status\n1,2,+\n2,1,-\n3,3,+\n4,4,-\n")
        self.bad(3, "both column 'nr' and column 'place'", *words)
        donors = "subject_id,filename,status\n1,1.tsv,+\n1,2.tsv,+\n2,3.tsv,-\n2,4.tsv,-\n"
        self.assertEqual(self.labels(donors, "rival"), {"+": "2", "-": "2"})
        self.assertIn("IDs are in column 'filename'", self.said)

    def test_label_tables_without_a_header_or_of_r(self):
        folder = self.two("P01", "P02")
        for table, sentence in (("P01\t+\nP02\t-\n", r"labels: its first line names 'P01'.*Add a first line"),
                                ("+,P01\n-,P02\n", r"labels: its first line names 'P01'"),
                                ('"ID"\t"status"\n"1"\t"P01"\t"+"\n', r"labels:2: .*R's write\.table.*|labels:2: .*col\.names=NA.*")):
            put("labels", table)
            self.bad(3, sentence, "import", "--metadata=labels", "-o", "no.h5", *folder)
        put("P01.tsv", '"amino_acid"\t"templates"\n"1"\t"CASSLGQAYEQYF"\t3\n')
        self.bad(3, r"P01\.tsv:2: .*col\.names=NA", "import", "-o", "no.h5", "P01.tsv")

    def test_a_column_that_stands_twice(self):
        simulated = run("simulate", "--simulate.n_bag=12", "--simulate.n_seq=20", "--motif=SFEN", "--rho=0.2", "-o", "t.h5")
        self.assertEqual(simulated.returncode, 0, simulated.stderr)
        bags = [f"sim{i:05d}" for i in range(12)]
        put("twice.tsv", "ID\tstatus\tage\tstatus\n" + "".join(f"{b}\t{'+-'[i % 2]}\t4{i % 7},5\t{'-+'[i % 2]}\n" for i, b in enumerate(bags)))
        words = ["train", "--data.path=t.h5", "--metadata=twice.tsv", "tiny.yaml", "-o", "no"]
        self.bad(3, r"twice\.tsv.*column 'status'.* stands twice.* line 2", *words, "--target=status")
        self.good(*words[:-1], "aged", "--target=age", "--kind=regression")


if __name__ == "__main__":
    main()
