# SPDX-License-Identifier: MIT
"""How well hopsack explain finds what hopsack simulate has implanted. Standard library only.

    explain_truth.py HOPSACK [--kinds=one,several,…] [--methods=hopfield,…] [--seeds=1-5] [--references=instances,…] [--keep=FOLDER]

For each kind of cohort and seed: simulates it, cross-validates the networks (configs/repertoire.yaml cut short) and runs the
methods of hopsack baseline on the same folds, explains each with --truth, and prints a line; then a table over seeds, as
lowest to highest. With --keep, cohorts and models that are there are used again, and only explain runs anew.

K is the number of carriers. A motif is found if a listed motif with q < 0.05 has all of its fixed residues at their places,
and a wildcard where it has one (less than half a bit). Others with q < 0.05 are parts of an implanted motif (two of its residues
at their places, none against it), or strangers.
"""
import csv
import gzip
import itertools
import json
import os
import random
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDS = 3
GENE = "TRBV20-1"  # of the restricted signal: 5 % of the sequences
LEVEL = 0.05
WILD = 0.5  # bits

# bags, sequences, updates, motifs, words of simulate
KINDS = {
    "one": (80, 500, 200, ["SFZEN"], ["--rho=0.01"]),
    "several": (140, 800, 250, ["SFZEN", "DWZLT", "KPZAH"], ["--rho=0.01"]),
    "gapped": (140, 800, 250, ["SF{0-2}EN"], ["--rho=0.01"]),
    "restricted": (200, 600, 300, ["SFZEN"], ["--rho=0.02", "--rho-negative=0.01", "--rho-mode=binomial", "--simulate.genes=true"]),
    "v-gene": (200, 600, 300, ["SFZEN"], ["--rho=0.01", "--simulate.genes=true"]),
    "shuffled": (80, 500, 300, ["SFZEN"], ["--rho=0.01"]),
    "rare": (100, 5000, 300, ["SFZEN"], ["--rho=0.001"]),
    "rare-large": (400, 10000, 400, ["SFZEN"], ["--rho=0.001"]),
    "rare-several": (140, 5000, 300, ["SFZEN", "KPZAH"], ["--rho=0.001"]),
    "public": (120, 600, 200, [], ["--rho=0.01", "--simulate.rate_negative=0.002", "--simulate.signal=public", "--simulate.pool=40"]),
}
NETWORKS = {
    "hopfield": [],
    "genes": ["--model.embedder.genes=4"],
    "attention": ["--model.pooling.kind=attention", "--model.pooling.mean=true"],
    "attention-genes": ["--model.pooling.kind=attention", "--model.pooling.mean=true", "--model.embedder.genes=4"],
}
SIGNAL = {"restricted": 0.5, "v-gene": 1}  # of the carriers of a positive bag: those have GENE
RIVALS = ("kmer-3", "enriched", "clones", "public-eb")


def call(*words):
    done = subprocess.run([str(w) for w in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, f"{' '.join(map(str, words))}: {done.stderr}"
    return done.stdout


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def rows(path):
    opened = gzip.open(path, "rt", encoding="utf-8", newline="") if path.endswith(".gz") else open(path, encoding="utf-8", newline="")
    with opened as file:
        return list(csv.DictReader(file, delimiter="\t"))


def write_rows(path, table):
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


# ---- cohorts ----

def restrict(hopsack, stem, seed, share):
    """This share of the carriers of a positive bag has GENE and is the signal; all others have any other gene."""
    rng = random.Random(seed)
    carriers = {}
    for row in rows(f"{stem}.truth.tsv.gz"):
        carriers.setdefault(row["bag"], []).append(row)
    signal = []
    with open(f"{stem}.airr/metadata.csv", encoding="utf-8", newline="") as file:
        positive = {m["repertoire_id"]: m["label_positive"] == "True" for m in csv.DictReader(file)}
    with open(f"{stem}.airr/metadata.csv", "w", encoding="utf-8") as file:
        file.write("ID,status\n" + "".join(f"{bag},{'-+'[is_positive]}\n" for bag, is_positive in positive.items()))
    for bag, is_positive in positive.items():
        path = f"{stem}.airr/{bag}.tsv.gz"
        table = rows(path)
        others = sorted({r["v_call"] for r in table} - {GENE})
        chosen = carriers.get(bag, [])
        rng.shuffle(chosen)
        n_signal = int(share * len(chosen)) if is_positive else 0
        for k, row in enumerate(chosen):
            table[int(row["instance"])]["v_call"] = GENE if k < n_signal else rng.choice(others)
        signal += chosen[:n_signal]
        write_rows(path, table)
    write_rows(f"{stem}.truth.tsv.gz", signal)
    call(hopsack, "import", f"{stem}.airr", f"--metadata={stem}.airr/metadata.csv", "-o", f"{stem}.h5", "--quiet", "--force")


def shuffle(stem, n_bag, seed):
    """Labels of other bags, as a label table, which the commands are then given."""
    label = ["-+"[b % 2] for b in range(n_bag)]
    random.Random(seed).shuffle(label)
    with open(f"{stem}.labels.tsv", "w", encoding="utf-8") as file:
        file.write("ID\tstatus\n" + "".join(f"sim{b:05}\t{label[b]}\n" for b in range(n_bag)))


def labels(stem):
    return [f"--metadata={stem}.labels.tsv"] if os.path.exists(f"{stem}.labels.tsv") else []


def make_cohort(hopsack, stem, kind, seed):
    n_bag, n_seq, _, motifs, words = KINDS[kind]
    extra = [f"--airr={stem}.airr"] if kind in SIGNAL else []
    call(hopsack, "simulate", "-o", f"{stem}.h5", f"--simulate.n_bag={n_bag}", f"--simulate.n_seq={n_seq}", f"--seed={seed}", "--quiet",
         "--force", *(f"--motif={m}" for m in motifs), *words, *extra)
    if kind in SIGNAL:
        restrict(hopsack, stem, seed, SIGNAL[kind])
    if kind == "shuffled":
        shuffle(stem, n_bag, seed)


# ---- motifs ----

def variants(motif):
    """What a motif of letters, Z and gaps {a-b} may look like: Z and gaps as dots."""
    parts = re.split(r"\{(\d+)-(\d+)\}", motif)
    gaps = [range(int(a), int(b) + 1) for a, b in zip(parts[1::3], parts[2::3])]
    texts = [p.replace("Z", ".") for p in parts[0::3]]
    return ["".join(t + "." * n for t, n in zip(texts, [*lengths, 0])) for lengths in itertools.product(*gaps)]


def column_bits(folder, number, n_column):
    path = f"{folder}/logos/motif_{number:02}.tsv"
    bits = [0.0] * n_column
    for row in rows(path) if os.path.exists(path) else ():
        bits[int(row["position"]) - 1] += float(row["bits"])
    return bits


def agrees(consensus, bits, variant):
    """Where the variant stands in the consensus with all of its letters, and wildcards of less than WILD bits; -1: nowhere."""
    for at in range(len(consensus) - len(variant) + 1):
        pairs = zip(variant, consensus[at:], bits[at:])
        if all((c == v) if v != "." else (c == "." and b < WILD) for v, c, b in pairs):
            return at
    return -1


def is_part(consensus, variant):
    for shift in range(-len(consensus) + 1, len(variant)):
        pairs = [(consensus[k - shift], variant[k]) for k in range(len(variant)) if 0 <= k - shift < len(consensus)]
        fixed = [(c, v) for c, v in pairs if c != "." and v != "."]
        if len(fixed) >= 2 and all(c == v for c, v in fixed):
            return True
    return False


def judge_motifs(folder, motifs):
    """(found, wanted, parts, strangers) among motifs with q below LEVEL; (0, 0, …) where there is no table."""
    wanted = [v for m in motifs for v in variants(m)]
    if not os.path.exists(f"{folder}/motifs.tsv") or not wanted:
        return None
    table = [r for r in rows(f"{folder}/motifs.tsv") if float(r["q_bh"]) < LEVEL]
    found, parts, strangers = set(), 0, []
    for row in table:
        bits = column_bits(folder, int(row["motif"]), int(row["n_columns"]))
        mine = [v for v in wanted if agrees(row["consensus"], bits, v) >= 0]
        found.update(mine)
        if not mine and any(is_part(row["consensus"], v) for v in wanted):
            parts += 1
        elif not mine:
            strangers.append(row["consensus"])
    return {"found": len(found), "wanted": len(wanted), "parts": parts, "strangers": strangers,
            "listed": [r["consensus"] for r in table]}


# ---- methods ----

def jaccard(folder, truth):
    """Of the first n different sequences, as hopsack evaluate --ranking: n true ones."""
    true = {r["junction_aa"] for r in truth}
    first = {r["junction_aa"] for r in itertools.islice(rows(f"{folder}/important_sequences.tsv"), len(true))}
    missing = len(true) - len(first)
    return len(first & true) / (len(first | true) + missing)


def explain(hopsack, run, stem, motifs, *words):
    seen = f"{run}.seen"
    truth = rows(f"{stem}.truth.tsv.gz")
    call(hopsack, "explain", run, f"{stem}.h5", "-o", seen, f"--truth={stem}.truth.tsv.gz", "--quiet", "--force", *labels(stem), *words)
    figures = load(f"{seen}/explain.json")
    task = load(f"{run}/summary.json")["tasks"]["status"]
    one = figures["truth"]
    complete = figures["completeness"]
    return {"auc": task["auc_mean"], "precision": one["precision_at_carriers"], "recall": one["recall_at_top"],
            "ap": one["average_precision"], "ap_attention": one.get("average_precision_attention"), "jaccard": jaccard(seen, truth),
            "complete": complete and complete["share_within_1_percent"], "motifs": judge_motifs(seen, motifs)}


def train(hopsack, run, stem, kind, method):
    updates = KINDS[kind][2]
    if not os.path.exists(f"{run}/summary.json"):
        call(hopsack, "crossval", f"{ROOT}/configs/repertoire.yaml", f"{stem}.h5", "--target=status", "--positive=+", "--quiet", "--force",
             f"--splits.n_fold={FOLDS}", f"--train.updates={updates}", "--train.refit=false", *NETWORKS[method], *labels(stem), "-o", run)


def compare(hopsack, run, stem, methods):
    if methods and not os.path.exists(f"{run}/summary.json"):
        call(hopsack, "baseline", f"{stem}.h5", "--target=status", "--positive=+", f"--splits.n_fold={FOLDS}", "--quiet", "--force",
             *(f"--method={m}" for m in methods), "-o", run)


def cohort_figures(hopsack, folder, kind, seed, methods, references):
    """Yields (method, figures)."""
    stem = f"{folder}/{kind}-{seed}"
    motifs = KINDS[kind][3]
    if not os.path.exists(f"{stem}.truth.tsv.gz"):
        make_cohort(hopsack, stem, kind, seed)
    for method in methods:
        if method in NETWORKS:
            train(hopsack, f"{stem}.{method}", stem, kind, method)
            for one in references:
                yield f"{method} {one}".strip(), explain(hopsack, f"{stem}.{method}", stem, motifs, *([f"--reference={one}"] if one else []))
    rivals = [m for m in methods if m not in NETWORKS]
    compare(hopsack, f"{stem}.rivals", stem, rivals)
    for method in rivals:
        yield method, explain(hopsack, f"{stem}.rivals/{method}", stem, motifs)


# ---- tables ----

def span(values):
    values = sorted(v for v in values if v is not None)
    if not values:
        return "–"
    return f"{values[0]:.3f} to {values[-1]:.3f}" if len(values) > 1 else f"{values[0]:.3f}"


def found_span(all_motifs):
    each = [m for m in all_motifs if m]
    if not each:
        return "–"
    return f"{sum(m['found'] for m in each)} of {sum(m['wanted'] for m in each)}, {sum(m['parts'] for m in each)} parts, " \
           f"{sum(len(m['strangers']) for m in each)} strangers"


def print_table(figures):
    names = ("auc", "precision", "recall", "ap", "ap_attention", "jaccard", "complete")
    print("\n| cohort | method | seeds | " + " | ".join(names) + " | motifs |\n" + "|---" * (len(names) + 4) + "|")
    for (kind, method), each in figures.items():
        print(f"| {kind} | {method} | {len(each)} | " + " | ".join(span([f[n] for f in each]) for n in names) +
              f" | {found_span([f['motifs'] for f in each])} |")


def main(hopsack, folder, options):
    first, last = options.get("seeds", "1-5").split("-")
    methods = options.get("methods", ",".join([*NETWORKS, *RIVALS])).split(",")
    references = options["references"].split(",") if "references" in options else [""]
    figures = {}
    for kind in options.get("kinds", ",".join(KINDS)).split(","):
        for seed in range(int(first), int(last) + 1):
            for method, one in cohort_figures(hopsack, folder, kind, seed, methods, references):
                figures.setdefault((kind, method), []).append(one)
                print(kind, seed, method, json.dumps(one), flush=True)
    print_table(figures)


if __name__ == "__main__":
    given = dict(word[2:].split("=", 1) for word in sys.argv[2:])
    with tempfile.TemporaryDirectory(prefix="hopsack-bench-") as temporary:
        if "keep" in given:
            os.makedirs(given["keep"], exist_ok=True)
        main(os.path.abspath(sys.argv[1]), given.get("keep", temporary), given)
