#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turns datasets/trb/*.tsv into a C header of arrays.   embed_tables.py FOLDER OUT.h"""
import sys
from pathlib import Path

ALPHABET = "ACDEFGHIKLMNPQRSTVWY"


def rows(path, n_column):
    """The cells of a table below its header; a wrong table stops the build with its line."""
    lines = path.read_text(encoding="ascii").splitlines()
    for number, line in enumerate(lines[1:], start=2):
        cells = line.split("\t")
        if len(cells) != n_column:
            sys.exit(f"{path}:{number}: {len(cells)} cells, not {n_column}")
        yield cells


def pieces(path, width):
    """[(residues, probability)] of a table of ends."""
    table = [(text, float(p)) for text, p in rows(path, 2)]
    for text, p in table:
        if len(text) != width or any(c not in ALPHABET for c in text) or not 0 <= p <= 1:
            sys.exit(f"{path}: '{text}' {p} is no piece of {width} residues with a probability")
    return table


def codes(text):
    return "{" + ", ".join(str(ALPHABET.index(c)) for c in text) + "}"


def array(kind, name, shape, values):
    return f"static const {kind} {name}{shape} = {{\n" + ",\n".join("    " + v for v in values) + "};\n"


def pieces_to_c(table, name, width):
    return (array("int8_t", f"trb_{name}", f"[{len(table)}][{width}]", (codes(t) for t, _ in table))
            + array("double", f"trb_{name}_p", f"[{len(table)}]", (repr(p) for _, p in table)))


def lengths_to_c(path, suffix):
    table = {(text, int(length)): float(p) for text, length, p in rows(path, 3)}
    least, most = min(l for _, l in table), max(l for _, l in table)
    known = {text for text, _ in suffix}
    for text, _ in table:
        if text not in known:
            sys.exit(f"{path}: suffix '{text}' is not in suffix6.tsv")
    for text in known:
        if not any(table.get((text, l), 0) > 0 for l in range(least, most + 1)):
            sys.exit(f"{path}: suffix '{text}' of suffix6.tsv has no length")
    values = ("{" + ", ".join(repr(table.get((t, l), 0.0)) for l in range(least, most + 1)) + "}" for t, _ in suffix)
    return (f"#define TRB_LEN_MIN {least}\n#define TRB_LEN_MAX {most}\n"
            + array("double", "trb_length_p", f"[{len(suffix)}][{most - least + 1}]", values))


def chain_to_c(path):
    header = path.read_text(encoding="ascii").split("\n", 1)[0].split("\t")
    if "".join(header[1:]) != ALPHABET:
        sys.exit(f"{path}:1: columns are not {ALPHABET}")
    table = {row[0]: [float(p) for p in row[1:]] for row in rows(path, len(ALPHABET) + 1)}
    if set(table) != set(ALPHABET + "^"):
        sys.exit(f"{path}: rows are not {ALPHABET} and ^")
    values = ("{" + ", ".join(map(repr, table[c])) + "}" for c in ALPHABET + "^")
    return array("double", "trb_middle_p", f"[{len(ALPHABET) + 1}][{len(ALPHABET)}]", values)


def genes_to_c(path, name, width):
    """Gene names, the residues that the germline has at that end, and weights."""
    table = [(gene, text, float(weight)) for gene, text, weight in rows(path, 3)]
    for gene, text, weight in table:
        if len(text) != width or any(c not in ALPHABET for c in text) or not weight > 0:
            sys.exit(f"{path}: '{gene}' {text} {weight} is no gene with {width} residues and a weight above 0")
    return (f"#define TRB_N_{name.upper()} {len(table)}\n"
            + array("char *const", f"trb_{name}_name", f"[{len(table)}]", (f'"{gene}"' for gene, _, _ in table))
            + array("int8_t", f"trb_{name}_end", f"[{len(table)}][{width}]", (codes(text) for _, text, _ in table))
            + array("double", f"trb_{name}_weight", f"[{len(table)}]", (repr(weight) for _, _, weight in table)))


def main(folder, out):
    folder = Path(folder)
    prefix, suffix = pieces(folder / "prefix4.tsv", 4), pieces(folder / "suffix6.tsv", 6)
    if out.endswith("genes.h"):
        Path(out).write_text(
            "/* Made by scripts/embed_tables.py from datasets/trb. */\n#include <stdint.h>\n\n"
            + genes_to_c(folder / "v_genes.tsv", "v", 5) + genes_to_c(folder / "j_genes.tsv", "j", 6), encoding="ascii")
        return
    Path(out).write_text(
        "/* Made by scripts/embed_tables.py from datasets/trb. */\n#include <stdint.h>\n\n"
        f"#define TRB_N_PREFIX {len(prefix)}\n#define TRB_N_SUFFIX {len(suffix)}\n"
        + pieces_to_c(prefix, "prefix", 4) + pieces_to_c(suffix, "suffix", 6)
        + lengths_to_c(folder / "length_given_suffix6.tsv", suffix) + chain_to_c(folder / "middle_markov1.tsv"),
        encoding="ascii")


if __name__ == "__main__":
    main(*sys.argv[1:])
