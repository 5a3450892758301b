#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The rival that hopsack has not: a random forest of scikit-learn on mean, max and min of every feature of a bag.

    scripts/forest.py DATA.h5 PREDICTIONS.tsv -o OUT [--trees=500] [--seed=0] [--jobs=-1]

PREDICTIONS.tsv is that of a method of `hopsack baseline` (or of `hopsack crossval`) on DATA.h5: bags, labels, repetitions
and folds are taken from it, so they are the same. OUT gets summary.json and predictions.tsv in the same form. The column
output holds probability - 0.5. Trees see features as they are: no scaling. The same seed gives the same forest. A result
of the same inputs that is there already stays."""
import argparse
import csv
import hashlib
import json
import math
import os
import sys
import time

import h5py
import numpy as np
import scipy
from scipy.sparse import csr_matrix, vstack
from sklearn.ensemble import RandomForestClassifier

RESAMPLES = 2000
COLUMNS = "bag task class target output probability part repeat fold".split()


# ---- bags ----

def text(values):
    return [v.decode() if isinstance(v, bytes) else str(v) for v in values]


def id_column(names):
    for name in "ID repertoire_id sample_id Sample subject_id filename".split():
        if name in names:
            return names.index(name)
    return 0


def bag_names(h5):
    """As the label table writes them, else the sample keys."""
    keys = text(h5["metadata/sample_keys"][:])
    if "metadata/columns" not in h5:
        return keys
    names = text(h5["metadata/column_names"][:])
    return match(keys, text(h5["metadata/columns"][:, id_column(names)]))


def match(keys, ids):
    """IDs by sample key: equal, or equal without folder and extension."""
    short = {os.path.splitext(os.path.basename(i))[0]: i for i in ids}
    known = set(ids)
    return [k if k in known else short.get(os.path.splitext(os.path.basename(k))[0], k) for k in keys]


def instances(h5, start, end):
    """Rows start … end-1, [n, n_feat]."""
    data = h5["sampledata"]
    if "features" in data:
        return data["features"][start:end].astype(np.float64)
    at = data["indptr"][start:end + 1].astype(np.int64)
    lo, hi = at[0], at[-1]
    n_feat = int(h5["metadata/n_features"][()])
    return csr_matrix((data["values"][lo:hi].astype(np.float64), data["indices"][lo:hi], at - lo), shape=(end - start, n_feat))


def statistics(x):
    """Mean, max, min of every feature, one row; sparse where x is."""
    if not isinstance(x, csr_matrix):
        return np.concatenate([x.mean(0), x.max(0), x.min(0)])[None]
    return csr_matrix(np.concatenate([np.asarray(x.mean(0)).ravel(), x.max(0).toarray().ravel(), x.min(0).toarray().ravel()])[None])


def read_bags(path):
    """{bag: row}, rows of statistics."""
    with h5py.File(path, "r") as h5:
        ends = h5["sampledata/sample_sequences_start_end"][:]
        rows = [statistics(instances(h5, int(a), int(b))) for a, b in ends]
        names = bag_names(h5)
    table = vstack(rows).tocsr() if isinstance(rows[0], csr_matrix) else np.concatenate(rows)
    return {name: i for i, name in enumerate(names)}, table


# ---- scores ----

def area(value, label, weight=None):
    """P(positive above negative) + ½ P(equal), bags counted `weight` times; NaN with one class."""
    weight = np.ones(len(value)) if weight is None else weight
    p, n = label == 1, label == 0
    total = weight[p].sum() * weight[n].sum()
    if total == 0:
        return math.nan
    diff = value[p][:, None] - value[n][None]
    return float(weight[p] @ ((diff > 0) + 0.5 * (diff == 0)) @ weight[n]) / total


def spread(values):
    values = [v for v in values if not math.isnan(v)]
    if not values:
        return math.nan, math.nan
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else math.nan


def mean_area(folds, count):
    means = {}
    for f in folds:
        means.setdefault(f["repeat"], []).append(area(f["value"], f["label"], count[f["row"]]))
    return spread([spread(v)[0] for v in means.values()])[0]


def interval(folds, n, draw):
    """95 % of the means after bags were drawn within the test folds of one repetition, in turn."""
    repeats, found = sorted({f["repeat"] for f in folds}), []
    for k in range(RESAMPLES):
        count = np.zeros(n)
        for f in folds:
            if f["repeat"] == repeats[k % len(repeats)]:
                np.add.at(count, f["row"][draw.integers(0, len(f["row"]), len(f["row"]))], 1)
        found.append(mean_area(folds, count))
    found = np.sort([v for v in found if not math.isnan(v)])
    if len(found) == 0:
        return None
    return [float(found[int(0.025 * (len(found) - 1))]), float(found[math.ceil(0.975 * (len(found) - 1))])]


def fold_scores(f):
    label, guess = f["label"], f["value"] > 0
    recall = [np.mean(guess[label == c] == c) for c in (0, 1) if np.any(label == c)]
    hits = np.sum(guess & (label == 1))
    f1 = 2 * hits / (guess.sum() + label.sum()) if guess.sum() + label.sum() else math.nan
    return {"fold": f["fold"], "n_bags": len(label), "loss": None, "auc": area(f["value"], label), "bacc": float(np.mean(recall)),
            "accuracy": float(np.mean(guess == label)), "f1": float(f1), "seconds": round(f["seconds"], 3)}


def summed(folds, n, seed, with_repeats):
    scores = [fold_scores(f) for f in folds]
    repeats = sorted({f["repeat"] for f in folds})
    of = {r: [s for s, f in zip(scores, folds) if f["repeat"] == r] for r in repeats}
    out = {"n_bags": max(sum(s["n_bags"] for s in of[r]) for r in repeats), "n_folds": sum(not math.isnan(s["auc"]) for s in scores)}
    if with_repeats:
        out["n_repeats"] = len(repeats)
    for score in ("auc", "bacc", "accuracy", "f1"):
        means = [spread([s[score] for s in of[r]])[0] for r in repeats]
        out[f"{score}_mean"] = spread(means)[0]
        out[f"{score}_std_folds"] = spread([s[score] for s in scores])[1]
        if with_repeats:
            out[f"{score}_std_repeats"] = spread(means)[1]
    pooled = [area(*(np.concatenate([f[k] for f in folds if f["repeat"] == r]) for k in ("value", "label"))) for r in repeats]
    out["auc_pooled"] = spread(pooled)[0]
    out["auc_ci95"] = interval(folds, n, np.random.default_rng(seed))
    out["seconds"] = round(sum(f["seconds"] for f in folds), 3)
    return out, of


def summary(folds, n, task, seed, trees):
    of_task, of = summed(folds, n, seed, True)
    of_task = {"kind": "binary", **of_task, "repeats": []}
    for r, scores in of.items():
        part, _ = summed([f for f in folds if f["repeat"] == r], n, seed + 1 + r, False)
        of_task["repeats"].append({"repeat": r, **part, "folds": scores})
    return {"version": f"scikit-learn {sys.modules['sklearn'].__version__}, SciPy {scipy.__version__}", "seed": seed, "trees": trees,
            "n_repeats": len(of), "n_folds": max(f["fold"] for f in folds) + 1, "tasks": {task: of_task},
            "seconds": of_task["seconds"]}


# ---- folds ----

def read_folds(path, row_of):
    """[{repeat, fold, row [n], label [n], bag, class}] in order, and the task."""
    folds, tasks = {}, set()
    with open(path, encoding="utf-8", newline="") as file:
        for r in csv.DictReader(file, delimiter="\t"):
            if r["part"] != "test" or r["target"] == "":
                continue
            if r["bag"] not in row_of:
                sys.exit(f"forest.py: {path}: bag '{r['bag']}' is not in the dataset")
            tasks.add((r["task"], r["class"]))
            folds.setdefault((int(r["repeat"]), int(r["fold"])), []).append((r["bag"], int(r["target"])))
    if len(tasks) != 1:
        sys.exit(f"forest.py: {path}: one binary task is expected, this holds {len(tasks)}")
    return [{"repeat": k[0], "fold": k[1], "bag": [b for b, _ in v], "row": np.array([row_of[b] for b, _ in v]),
             "label": np.array([t for _, t in v])} for k, v in sorted(folds.items())], *tasks.pop()


def score(folds, table, trees, seed, jobs):
    for f in folds:
        begun = time.time()
        rest = [o for o in folds if o["repeat"] == f["repeat"] and o["fold"] != f["fold"]]
        rows, label = np.concatenate([o["row"] for o in rest]), np.concatenate([o["label"] for o in rest])
        if len(set(label)) < 2:
            sys.exit(f"forest.py: repetition {f['repeat']}, fold {f['fold']}: the training bags are of one class")
        forest = RandomForestClassifier(trees, random_state=seed, n_jobs=jobs).fit(table[rows], label)
        f["value"] = forest.predict_proba(table[f["row"]])[:, 1] - 0.5
        f["seconds"] = time.time() - begun


def inputs_of(data, predictions, trees, seed):
    """A sum of all that the result depends on but the libraries."""
    with open(predictions, encoding="utf-8", newline="") as file:
        rows = [[r[k] for k in ("bag", "target", "repeat", "fold", "part")] for r in csv.DictReader(file, delimiter="\t")]
    with open(data, "rb") as file:
        content = file.read()
    return hashlib.sha256(json.dumps([rows, trees, seed, sys.modules["sklearn"].__version__]).encode() + content).hexdigest()


def is_done(out, inputs):
    try:
        with open(os.path.join(out, "summary.json"), encoding="utf-8") as file:
            return json.load(file).get("inputs") == inputs
    except (OSError, ValueError):
        return False


def clean(value):
    if isinstance(value, dict):
        return {k: clean(v) for k, v in value.items()}
    if isinstance(value, list):
        return [clean(v) for v in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def write_whole(path, lines):
    with open(path + ".tmp", "w", encoding="utf-8", newline="") as file:
        file.writelines(lines)
    os.replace(path + ".tmp", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("predictions")
    parser.add_argument("-o", dest="out", required=True)
    parser.add_argument("--trees", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=-1, help="threads; the forest is the same")
    args = parser.parse_args()
    inputs = inputs_of(args.data, args.predictions, args.trees, args.seed)
    if is_done(args.out, inputs):
        return
    row_of, table = read_bags(args.data)
    folds, task, positive = read_folds(args.predictions, row_of)
    score(folds, table, args.trees, args.seed, args.jobs)
    os.makedirs(args.out, exist_ok=True)
    rows = ["\t".join(COLUMNS) + "\n"]
    for f in folds:
        rows += [f"{bag}\t{task}\t{positive}\t{label}\t{float(np.float32(v))!r}\t{float(np.float32(v + 0.5))!r}\ttest\t{f['repeat']}\t{f['fold']}\n"
                 for bag, label, v in zip(f["bag"], f["label"], f["value"])]
    write_whole(os.path.join(args.out, "predictions.tsv"), rows)
    result = {"inputs": inputs, **clean(summary(folds, len(row_of), task, args.seed, args.trees))}
    write_whole(os.path.join(args.out, "summary.json"), [json.dumps(result, indent=2) + "\n"])
    t = result["tasks"][task]
    print(f"random forest, {args.trees} trees: AUC {t['auc_mean'] if t['auc_mean'] is not None else math.nan:.3f} over {t['n_folds']} folds")


if __name__ == "__main__":
    main()
