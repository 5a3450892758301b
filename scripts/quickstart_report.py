# SPDX-License-Identifier: MIT
"""What scripts/quickstart prints at its end: quickstart_report.py FOLDER MOTIF SECONDS

Reads only files that every run has: run/summary.json, run/splits.tsv and the attention table of `hopsack predict`."""
import csv
import gzip
import json
import re
import sys


def table(path):
    opened = gzip.open(path, "rt") if path.endswith(".gz") else open(path, encoding="utf-8")
    with opened as file:
        yield from csv.DictReader(file, delimiter="\t")


def top_sequences(folder, n):
    """The n distinct junctions of test bags with the largest share of a head's attention, whatever their bag's label. Logits
    of two heads have no common scale, shares have."""
    test = {row["bag"] for row in table(f"{folder}/run/splits.tsv") if row["part"] == "test"}
    rows = [row for row in table(f"{folder}/attention.tsv.gz") if row["bag"] in test]
    rows.sort(key=lambda row: float(row["weight"]))
    best = {row["junction_aa"]: row for row in rows}  # the last one stays: the largest share
    return sorted(best.values(), key=lambda row: -float(row["weight"]))[:n]


def main(folder, motif, seconds):
    pattern = re.compile(motif.replace("Z", "."))
    with open(f"{folder}/run/summary.json", encoding="utf-8") as file:
        summary = json.load(file)
    scores = summary["parts"]["test"]["tasks"]["status"]
    print(f"\nmost attention in the test part; [ ] marks the motif {motif}, where Z is any residue")
    for row in top_sequences(folder, 5):
        junction = pattern.sub(lambda found: f"[{found[0]}]", row["junction_aa"])
        print(f"  {junction:24} {100 * float(row['weight']):6.2f} %  in {row['bag']}")
    print(f"test AUC {scores['auc']:.3f} ({scores['n_bags']} bags)")
    print(f"{seconds} s, {summary['peak_memory'] / 1e6:.0f} MB at most")
    print(f"page: {folder}/report.html")


if __name__ == "__main__":
    main(*sys.argv[1:])
