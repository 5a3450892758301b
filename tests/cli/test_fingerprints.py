# SPDX-License-Identifier: MIT
"""scripts/fingerprints.py, against RDKit's older functions, and what import makes of its tables."""
import csv
import gzip
import os
import subprocess
import sys
import unittest

from harness import Case, main

try:
    from rdkit import Chem
    from rdkit.Chem import AllChem, MACCSkeys
except ImportError:
    Chem = None

SOURCE = os.environ.get("HOPSACK_TEST_SOURCE", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
SHARED = os.environ.get("HOPSACK_SHARED", os.path.join(SOURCE, "../shared"))
MOLECULES = [("OCC", "0", ""), ("C1=CC=CC=C1O", "1", "c1ccccc1"), ("CC(=O)Oc1ccccc1C(=O)O", "1", "c1ccccc1"), ("C(C", "0", None),
             ("Cn1cnc2c1c(=O)n(C)c(=O)n2C", "", "O=c1[nH]c(=O)c2[nH]cnc2[nH]1"), ("", "1", None)]


def script(*args, **env):
    return subprocess.run([sys.executable, os.path.join(SOURCE, "scripts/fingerprints.py"), *args], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=250, check=False, env={**os.environ, **env})


def rows(path, delimiter=","):
    with (gzip.open(path, "rt") if path.endswith(".gz") else open(path, encoding="utf-8")) as file:
        return list(csv.reader(file, delimiter=delimiter))


def write(path, table):
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(table)


class WithoutRdkit(Case):
    def test_named(self):
        os.makedirs("none/rdkit")
        with open("none/rdkit/__init__.py", "w", encoding="utf-8") as file:
            file.write("raise ImportError('none here')\n")
        write("m.csv", [["smiles"], ["CC"]])
        done = script("m.csv", "-o", "out.csv", PYTHONPATH=os.path.abspath("none"))
        self.assertEqual((done.returncode, done.stderr), (3, "fingerprints.py: needs RDKit (Debian: python3-rdkit): none here\n"))


@unittest.skipIf(Chem is None, "needs RDKit")
class Fingerprints(Case):
    def good_script(self, *args):
        done = script(*args)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done

    @classmethod
    def prepare(cls):
        write("m.csv", [["smiles", "active"], *[m[:2] for m in MOLECULES]])

    def test_bits_scaffolds_and_what_cannot_be_read(self):
        done = self.good_script("m.csv", "-o", "out.csv.gz")
        self.assertEqual(done.stderr.splitlines(), ["fingerprints.py: cannot be read, left out: m0003 (C(C)",
                                                    "fingerprints.py: cannot be read, left out: m0005 ()"])
        head, *table = rows("out.csv.gz")
        self.assertEqual(head[:5] + head[1027:1029] + head[-1:], ["bag_id", "smiles", "scaffold", "active", "ecfp0000", "ecfp1023", "maccs000", "maccs166"])
        kept = [(i, m) for i, m in enumerate(MOLECULES) if m[2] is not None]
        self.assertEqual([row[:4] for row in table], [[f"m{i:04}", Chem.CanonSmiles(m[0]), m[2], m[1]] for i, m in kept])
        for row, (_, m) in zip(table, kept):
            molecule = Chem.MolFromSmiles(m[0])
            self.assertEqual("".join(row[4:1028]), AllChem.GetMorganFingerprintAsBitVect(molecule, 2, nBits=1024).ToBitString())
            self.assertEqual("".join(row[1028:]), MACCSkeys.GenMACCSKeys(molecule).ToBitString())

    def test_other_kinds(self):
        write("named.csv", [["id", "mol", "y"], ["a", "CCO", "1"], ["b", "CCCl", "0"]])
        self.good_script("named.csv", "-o", "o.tsv", "--kinds=ecfp", "--bits=64", "--radius=1")
        head, *table = rows("o.tsv", "\t")
        self.assertEqual((head[:5], len(head), [row[0] for row in table]), (["bag_id", "smiles", "scaffold", "y", "ecfp0000"], 68, ["a", "b"]))
        self.assertEqual("".join(table[1][4:]), AllChem.GetMorganFingerprintAsBitVect(Chem.MolFromSmiles("CCCl"), 1, nBits=64).ToBitString())
        self.good_script("named.csv", "-o", "p.csv", "--kinds=maccs", "--smiles=mol", "--id=id")
        self.assertEqual(len(rows("p.csv")[0]), 4 + 167)

    def test_import(self):
        write("many.csv", [["smiles", "active"], *[["C" * (i % 7 + 1) + ("c1ccccc1" if i % 2 else "O"), i // 3 % 2] for i in range(24)]])
        self.good_script("many.csv", "-o", "many.csv.gz")
        self.good("import", "--format=table", "--label=active", "--labels=scaffold", "--skip=smiles", "-o", "m.h5", "many.csv.gz")
        done = self.good("inspect", "m.h5")
        self.assertRegex(done.stdout, r"vectors +24, 1 to 1 a bag")
        self.assertRegex(done.stdout, r"features +1191, named")
        self.assertIn("scaffold", done.stdout)

    def test_scaffold_splits(self):
        rings = ["c1ccccc1", "C1CCCCC1", "c1ccncc1", "C1CCCC1", "c1ccsc1", "C1CCOC1", "c1ccc2ccccc2c1", "C1CC1"]
        write("rings.csv", [["smiles", "active"], *[["C" * (i % 9 + 1) + rings[i % 8], i // 3 % 2] for i in range(40)],
                            *[["C" * (i + 1) + "O", i // 2 % 2] for i in range(20)]])
        self.good_script("rings.csv", "-o", "rings.bits.csv", "--scaffold-splits=rings.splits.csv", "--splits=4")
        scaffold = {row[0]: row[2] for row in rows("rings.bits.csv")[1:]}
        head, *table = rows("rings.splits.csv")
        self.assertEqual((head, len(table)), (["bag_id", "split00", "split01", "split02", "split03"], 60))
        columns = [dict((row[0], row[c + 1]) for row in table) for c in range(4)]
        for split in columns:
            parts = {}
            for name, part in split.items():
                parts.setdefault(scaffold[name] or name, set()).add(part)
            self.assertEqual({len(found) for found in parts.values()}, {1})
            for part, n in (("test", 6), ("validation", 6), ("train", 48)):
                self.assertLessEqual(abs(sum(p == part for p in split.values()) - n), 2 * (part == "train"), part)
        self.assertEqual(len({tuple(split.values()) for split in columns}), 4)
        self.good("import", "--format=table", "--label=active", "--skip=smiles,scaffold", "--allow-leak", "-o", "rings.h5", "rings.bits.csv")
        done = self.good("crossval", "--data.path=rings.h5", "--target=label", "--splits=rings.splits.csv", "--model.embedder.kind=mlp",
                         "--model.selection.kind=all", "--model.pooling.kind=mean", "--train.updates=3", "-o", "cv")
        self.assertIn("over 4 repetitions", done.stdout)

    def test_wrong_tables(self):
        write("two.csv", [["smiles", "smiles"], ["C", "C"]])
        write("short.csv", [["smiles", "y"], ["C"]])
        write("head.csv", [["smiles", "y"]])
        write("words.csv", [["smiles", "y"], ["not a molecule", 1]])
        write("ids.csv", [["id", "smiles"], ["a", "C"], ["a", "CC"]])
        write("clash.csv", [["smiles", "scaffold"], ["C", "x"]])
        write("none.csv", [["text", "y"], ["C", 1]])
        for path, words, *more in (("two.csv", "two.csv: a column stands twice"), ("short.csv", "short.csv:2: has another number of cells"),
                                   ("head.csv", "has a header but no rows"), ("words.csv", "none of its 1 molecules can be read"),
                                   ("ids.csv", "the ID 'a' is empty or stands twice"), ("clash.csv", "column 'scaffold' has the name of one"),
                                   ("none.csv", "has no column of SMILES"), ("none.csv", "has no column 'mol'", "--smiles=mol"),
                                   ("lost.csv", "No such file"), ("/dev/null", "is empty")):
            done = script(path, "-o", "never.csv", *more)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (3, 1), done.stderr)
            self.assertIn(words, done.stderr)
            self.assertEqual([name for name in os.listdir(".") if name.startswith("never")], [])
        self.assertEqual(script("m.csv", "-o", "m.csv").returncode, 3)
        self.assertEqual(script("m.csv", "-o", "x.csv", "--kinds=rdkit").returncode, 2)

    @unittest.skipIf(not os.path.exists(os.path.join(SHARED, "data/molecules/bace_ecfp.csv.gz")), "no fixtures")
    def test_published_molecules(self):
        """The first 40 of BACE, whose bits others made with the same version."""
        source = rows(os.path.join(SHARED, "data/extra/bace.csv.gz"))
        write("bace.csv", source[:41])
        self.good_script("bace.csv", "-o", "bace.out.csv")
        ours = rows("bace.out.csv")
        for kind, first, n in (("ecfp", 4, 1024), ("maccs", 1028, 167)):
            theirs = rows(os.path.join(SHARED, f"data/molecules/bace_{kind}.csv.gz"))[1:41]
            self.assertEqual([row[:4] + row[first : first + n] for row in ours[1:]], theirs, kind)


if __name__ == "__main__":
    main()
