#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Turns a table of molecules into a table of bits that `hopsack import --format=table` reads: a row is a molecule, a bag of one.

    fingerprints.py TABLE -o OUT [--smiles=COLUMN] [--kinds=ecfp,maccs] [--bits=1024] [--radius=2] [--id=COLUMN]
                    [--scaffold-splits=FILE [--splits=10]]

TABLE and OUT are CSV, or TSV by their ending, and may end in .gz. OUT has the columns bag_id, smiles (canonical), scaffold (Bemis and
Murcko's, empty of a molecule without rings), the other columns of TABLE as they are, and the bits: ecfp0000, … of the circular
fingerprint (ECFP4 is radius 2), maccs000, … of the 167 MACCS keys. Molecules that cannot be read are named and left out.

--scaffold-splits writes random splits for `--splits`, 80 % train, 10 % validation and 10 % test, that keep the molecules of a
scaffold together; each molecule without rings is a group of its own. Scaffolds of more than 5 % of the molecules are in train.

Needs RDKit (Debian: python3-rdkit). Then:

    hopsack import --format=table --label=Class --skip=smiles,scaffold -o bace.h5 OUT"""
import argparse
import csv
import gzip
import os
import random
import sys

CSV_MOST = 1 << 24  # characters of a cell


class Wrong(Exception):
    pass


def open_table(path, mode):
    if path.endswith(".gz"):
        return gzip.open(path, mode + "t", encoding="utf-8", newline="")
    return open(path, mode, encoding="utf-8", newline="")


def delimiter(path):
    return "\t" if path.removesuffix(".gz").endswith((".tsv", ".tab", ".txt")) else ","


def read_table(path):
    """[{column: cell}]"""
    with open_table(path, "r") as file:
        rows = csv.DictReader(file, delimiter=delimiter(path), strict=True)
        if not rows.fieldnames:
            raise Wrong(f"{path} is empty")
        names = [name.lstrip("\ufeff") for name in rows.fieldnames]
        if len(set(names)) < len(names):
            raise Wrong(f"{path}: a column stands twice in its header")
        rows.fieldnames = names
        table = []
        for row in rows:
            if None in row or None in row.values():
                raise Wrong(f"{path}:{rows.line_num}: has another number of cells than the header")
            table.append(row)
    if not table:
        raise Wrong(f"{path} has a header but no rows")
    return names, table


def column(path, names, wish, usual, flag):
    """The name of the column that is wished, or one of the usual ones; None: there is none of these."""
    if wish:
        if wish in names:
            return wish
        raise Wrong(f"{path}: has no column '{wish}' (--{flag}); its columns are {', '.join(names[:20])}")
    return next((name for name in names if name.lower() in usual), None)


class Fingerprints:
    """Bits by RDKit, which is loaded when it is needed."""

    def __init__(self, kinds, bits, radius):
        try:
            from rdkit import Chem, RDLogger
            from rdkit.Chem import MACCSkeys, rdFingerprintGenerator
            from rdkit.Chem.Scaffolds import MurckoScaffold
        except ImportError as error:
            raise Wrong(f"needs RDKit (Debian: python3-rdkit): {error}") from None
        RDLogger.DisableLog("rdApp.*")
        self.chem, self.murcko = Chem, MurckoScaffold
        morgan = rdFingerprintGenerator.GetMorganGenerator(radius=radius, fpSize=bits)
        makers = {"ecfp": (bits, 4, morgan.GetFingerprint), "maccs": (167, 3, MACCSkeys.GenMACCSKeys)}
        self.makers = [makers[kind] for kind in kinds]
        self.names = [f"{kind}{i:0{makers[kind][1]}}" for kind in kinds for i in range(makers[kind][0])]

    def read(self, smiles):
        """The molecule, or None."""
        molecule = self.chem.MolFromSmiles(smiles) if smiles.strip() else None
        return molecule if molecule is not None and molecule.GetNumAtoms() > 0 else None

    def cells(self, molecule):
        """Canonical SMILES, scaffold, bits."""
        scaffold = self.murcko.MurckoScaffoldSmiles(mol=molecule)
        bits = "".join(make(molecule).ToBitString() for _, _, make in self.makers)
        return self.chem.MolToSmiles(molecule), scaffold, list(bits)


def scaffold_splits(ids, scaffolds, n_split):
    """[{ID: "train", "validation" or "test"}] of n_split splits."""
    groups = {}
    for name, scaffold in zip(ids, scaffolds):
        groups.setdefault(scaffold or ("alone", name), []).append(name)
    most, splits = len(ids) // 10, []
    for r in range(n_split):
        order, split = list(groups.values()), {}
        random.Random(r).shuffle(order)
        left = {"test": most, "validation": most}
        for group in order:
            part = next((p for p in left if 2 * len(group) <= most and len(group) <= left[p]), "train")
            if part in left:
                left[part] -= len(group)
            split.update(dict.fromkeys(group, part))
        splits.append(split)
    return splits


def write_splits(path, ids, splits):
    with open_table(path, "w") as file:
        out = csv.writer(file, delimiter=delimiter(path), lineterminator="\n")
        out.writerow(["bag_id", *(f"split{r:02}" for r in range(len(splits)))])
        out.writerows([name, *(split[name] for split in splits)] for name in ids)


def check_ids(path, ids):
    seen = set()
    for name in ids:
        if not name.strip() or name in seen:
            raise Wrong(f"{path}: the ID '{name}' is empty or stands twice")
        seen.add(name)


def write_table(args, names, table, smiles, key):
    """Names of the molecules left out; IDs and scaffolds of those that were written; the number of bits."""
    fingerprints = Fingerprints(args.kinds, args.bits, args.radius)
    others = [name for name in names if name not in (smiles, key)]
    clash = [name for name in others if name in ("bag_id", "smiles", "scaffold") or name in set(fingerprints.names)]
    if clash:
        raise Wrong(f"{args.table}: column '{clash[0]}' has the name of one that is written; rename it")
    ids = [row[key] for row in table] if key else [f"m{i:0{max(4, len(str(len(table) - 1)))}}" for i in range(len(table))]
    check_ids(args.table, ids)
    bad, kept, scaffolds = [], [], []
    draft = f"{args.out}.tmp{'.gz' if args.out.endswith('.gz') else ''}"
    try:
        with open_table(draft, "w") as file:
            out = csv.writer(file, delimiter=delimiter(args.out), lineterminator="\n")
            out.writerow(["bag_id", "smiles", "scaffold", *others, *fingerprints.names])
            for name, row in zip(ids, table):
                molecule = fingerprints.read(row[smiles])
                if molecule is None:
                    bad.append(f"{name} ({row[smiles][:60]})")
                    continue
                canonical, scaffold, bits = fingerprints.cells(molecule)
                out.writerow([name, canonical, scaffold, *(row[other] for other in others), *bits])
                kept.append(name)
                scaffolds.append(scaffold)
        if not kept:
            raise Wrong(f"{args.table}: none of its {len(table)} molecules can be read; is '{smiles}' the column of SMILES?")
        os.replace(draft, args.out)
    finally:
        if os.path.exists(draft):
            os.remove(draft)
    return bad, kept, scaffolds, len(fingerprints.names)


def read_args():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", metavar="TABLE")
    parser.add_argument("-o", "--out", required=True, metavar="OUT")
    parser.add_argument("--smiles", metavar="COLUMN", help="column of SMILES (default: smiles or mol)")
    parser.add_argument("--id", metavar="COLUMN", help="column of names (default: bag_id, id or name; else m0000, …)")
    parser.add_argument("--kinds", default="ecfp,maccs", help="fingerprints, in this order (default ecfp,maccs)")
    parser.add_argument("--bits", type=int, default=1024, help="bits of ecfp (default 1024)")
    parser.add_argument("--radius", type=int, default=2, help="radius of ecfp in bonds (default 2)")
    parser.add_argument("--scaffold-splits", metavar="FILE", help="table of random splits by scaffold")
    parser.add_argument("--splits", type=int, default=10, help="number of these splits (default 10)")
    parser.add_argument("--force", action="store_true", help="replace OUT and FILE")
    args = parser.parse_args()
    args.kinds = args.kinds.split(",")
    if not args.kinds or len(set(args.kinds)) < len(args.kinds) or set(args.kinds) - {"ecfp", "maccs"}:
        parser.error("--kinds takes ecfp, maccs, or both")
    if not 16 <= args.bits <= 65536 or not 0 <= args.radius <= 10:
        parser.error("--bits is from 16 to 65536, --radius from 0 to 10")
    if not 1 <= args.splits <= 1000:
        parser.error("--splits is from 1 to 1000")
    return args


def main():
    args = read_args()
    csv.field_size_limit(CSV_MOST)
    try:
        for path in args.out, args.scaffold_splits:
            if path and os.path.exists(path) and not args.force:
                raise Wrong(f"{path} exists; --force replaces it")
        names, table = read_table(args.table)
        smiles = column(args.table, names, args.smiles, ("smiles", "mol"), "smiles")
        if not smiles:
            raise Wrong(f"{args.table}: has no column of SMILES; name it with --smiles")
        key = column(args.table, names, args.id, ("bag_id", "id", "name"), "id")
        bad, ids, scaffolds, n_bit = write_table(args, names, table, smiles, key)
        if args.scaffold_splits:
            write_splits(args.scaffold_splits, ids, scaffold_splits(ids, scaffolds, args.splits))
    except (Wrong, OSError, EOFError, UnicodeDecodeError, csv.Error) as wrong:
        print(f"fingerprints.py: {wrong}", file=sys.stderr)
        return 3
    for name in bad:
        print(f"fingerprints.py: cannot be read, left out: {name}", file=sys.stderr)
    print(f"{args.out}: {len(ids)} molecules of {n_bit} bits, {len(bad)} left out")
    return 0


if __name__ == "__main__":
    sys.exit(main())
