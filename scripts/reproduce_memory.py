# SPDX-License-Identifier: MIT
"""Associative memories: the figures of docs/memory.md.

    scripts/reproduce memory [--from=FOLDER] [-o OUT] [--quick]

FOLDER holds digits.csv(.gz) and digits_half.csv(.gz): patterns of 8 × 8 pixels, and cues without their lower half. Without it only the
capacity is measured. OUT gets the tables and pictures of hopsack, results.tsv and RESULTS.md. Started again it goes on where it was."""
import argparse
import csv
import os
import sys

from hopsack_steps import Failed, Steps
from table_steps import ROOT, Wrong, row, say, write_rows, write_whole

RECALL = [("distance", 4), ("distance", 8), ("distance", 16), ("dot", 4)]
CAPACITY = [("hopfield82", "hopfield82", [], "10,14,20,50"), ("dense, n = 3", "dense", ["--power=3"], "500,1000"),
            ("dense, n = 4", "dense", ["--power=4"], "1000,5000"), ("exp", "exp", [], "5000"),
            ("continuous, β = 0.5, two updates", "continuous", ["--beta=0.5", "--steps=2"], "20000"),
            ("dense, n = 3, one update", "dense", ["--power=3", "--steps=1"], "500,1000"),
            ("dense, n = 4, one update", "dense", ["--power=4", "--steps=1"], "5000")]
NEAR = 0.01  # of the norm of a pattern


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def find(folder, name):
    path = next((p for p in (os.path.join(folder, name + ending) for ending in (".csv", ".csv.gz")) if os.path.exists(p)), None)
    if not path:
        raise Wrong(f"{folder}: holds no {name}.csv or {name}.csv.gz")
    return path


def recall(args, steps):
    """[(similarity, β, recalled, cues)]"""
    patterns, cues = find(args.folder, "digits"), find(args.folder, "digits_half")
    found = []
    for similarity, beta in RECALL[:1 if args.quick else None]:
        name = f"{similarity}-{beta}"
        out = steps.run(f"{name}.tsv", "memory", patterns, cues, f"--similarity={similarity}", f"--beta={beta}", "--images=8x8",
                        f"--picture={steps.path(name + '.png')}", reads=[patterns, cues])
        rows = read(out)
        near = [r["relative_distance"] != "" and float(r["relative_distance"]) <= NEAR for r in rows]
        found.append((similarity, beta, sum(near) / len(rows), len(rows)))
        say(f"{similarity}, β {beta}: {found[-1][2]:.3f} of {len(rows)} cues recalled")
    return found


def capacity(args, steps):
    """[(memory, patterns, recalled)]"""
    found = []
    for number, (words, kind, flags, stored) in enumerate(CAPACITY[:1 if args.quick else None]):
        flags = [f"--kind={kind}", *flags, "--d=100", "--flip=0.1", f"--cues={args.cues}", f"--seed={args.seed}",
                 *(f"--stored={n}" for n in stored.split(","))]
        out = steps.run(f"capacity-{number}.tsv", "memory", "--capacity", *flags, f"--plot={steps.path(f'capacity-{number}.svg')}")
        found += [(words, int(r["patterns"]), float(r["recalled"])) for r in read(out)]
        say(f"{words}: " + ", ".join(f"{r['patterns']}: {float(r['recalled']):.2f}" for r in read(out)))
    return found


def report(args, recalled, held):
    lines = ["# Associative memories\n\n"]
    if args.quick:
        lines.append("**A quick look: one memory of each kind.**\n\n")
    if recalled:
        lines += [f"## {recalled[0][3]} cues, recalled within 1 % of the norm\n\n", row(["similarity", "β", "recalled"]), row(["---"] * 3)]
        lines += [row([s, str(b), f"{share:.3f}"]) for s, b, share, _ in recalled] + ["\n"]
    lines += [f"## Capacity: 100 entries, 10 of them turned round, {args.cues} cues, seed {args.seed}\n\n", row(["kind", "patterns", "recalled"]), row(["---"] * 3)]
    lines += [row([words, str(n), f"{share:.2f}"]) for words, n, share in held]
    return "".join(lines)


def main(words):
    parser = argparse.ArgumentParser(prog="reproduce memory", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", dest="out", default=os.path.join(ROOT, "runs/memory"), metavar="OUT")
    parser.add_argument("--from", dest="folder", metavar="FOLDER")
    parser.add_argument("--cues", type=int, default=100, help="of each point of the capacity")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="one memory of each kind, into OUT/quick, to see that it works")
    parser.add_argument("--hopsack", default=os.path.join(ROOT, "build/src/cli/hopsack"), metavar="PATH")
    args = parser.parse_args(words)
    args.out = os.path.join(args.out, "quick") if args.quick else args.out
    try:
        steps = Steps(args.out, args.hopsack, args.threads)
        recalled = recall(args, steps) if args.folder else []
        held = capacity(args, steps)
        rows = [["recall", s, b, share] for s, b, share, _ in recalled] + [["capacity", w, n, share] for w, n, share in held]
        write_rows(os.path.join(args.out, "results.tsv"), ["measure", "memory", "beta_or_patterns", "recalled"], rows)
        text = report(args, recalled, held)
        write_whole(os.path.join(args.out, "RESULTS.md"), text)
        print(text, end="")
    except (Wrong, Failed, OSError) as wrong:
        say(wrong)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
