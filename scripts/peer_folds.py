# SPDX-License-Identifier: MIT
"""What the peers of hopsack share (forest.py, peer_kmer.py): bags and folds of a run, its scores and its files."""
import csv
import hashlib
import json
import math
import os
import sys

import numpy as np

RESAMPLES = 2000
COLUMNS = "bag task class target output probability part repeat fold".split()


def stop(words):
    sys.exit(f"{os.path.basename(sys.argv[0])}: {words}")


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


def summary(folds, n, task, seed, settings):
    """Of `folds` that hold value, label, seconds; n bags in all. `settings` come first."""
    of_task, of = summed(folds, n, seed, True)
    of_task = {"kind": "binary", **of_task, "repeats": []}
    for r, scores in of.items():
        part, _ = summed([f for f in folds if f["repeat"] == r], n, seed + 1 + r, False)
        of_task["repeats"].append({"repeat": r, **part, "folds": scores})
    return {**settings, "n_repeats": len(of), "n_folds": max(f["fold"] for f in folds) + 1, "tasks": {task: of_task},
            "seconds": of_task["seconds"]}


# ---- folds ----

def read_rows(path):
    """Rows of a predictions.tsv."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
    except OSError as error:
        stop(f"{path}: {error.strerror}")
    if not rows or not set(COLUMNS) <= set(rows[0]):
        stop(f"{path}: the table has no rows, or lacks one of the columns {', '.join(COLUMNS)}")
    return rows


def labelled(rows, row_of, path):
    """{(repeat, fold): [row of predictions.tsv]} of bags with a label, the task, and its positive class."""
    folds, tasks = {}, set()
    for r in rows:
        if r["target"] == "":
            continue
        if r["bag"] not in row_of:
            stop(f"{path}: bag '{r['bag']}' is not in the dataset")
        tasks.add((r["task"], r["class"]))
        folds.setdefault((int(r["repeat"]), int(r["fold"])), []).append(r)
    if len(tasks) != 1:
        stop(f"{path}: one binary task is expected, this holds {len(tasks)}")
    return folds, *tasks.pop()


def bags_of(rows, row_of, parts):
    """Names, rows of the dataset, and labels of the bags of these parts."""
    rows = [r for r in rows if r["part"] in parts]
    return [r["bag"] for r in rows], np.array([row_of[r["bag"]] for r in rows], int), np.array([int(r["target"]) for r in rows], int)


def test_folds(rows, row_of, path):
    """[{repeat, fold, row [n], label [n], bag}] in order, the task, and its positive class."""
    folds, task, positive = labelled([r for r in rows if r["part"] == "test"], row_of, path)
    return [dict(zip(("repeat", "fold", "bag", "row", "label"), (*k, *bags_of(v, row_of, ["test"])))) for k, v in sorted(folds.items())], task, positive


# ---- files ----

def inputs_of(data, rows, settings):
    """A sum of all that the result depends on; `settings` hold the versions of libraries."""
    rows = [[r[k] for k in ("bag", "target", "repeat", "fold", "part")] for r in rows]
    with open(data, "rb") as file:
        content = file.read()
    return hashlib.sha256(json.dumps([rows, settings]).encode() + content).hexdigest()


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


def write_results(out, folds, task, positive, result):
    """predictions.tsv and summary.json; returns `result` as it was written."""
    os.makedirs(out, exist_ok=True)
    rows = ["\t".join(COLUMNS) + "\n"]
    for f in folds:
        rows += [f"{bag}\t{task}\t{positive}\t{label}\t{float(np.float32(v))!r}\t{float(np.float32(p))!r}\ttest\t{f['repeat']}\t{f['fold']}\n"
                 for bag, label, v, p in zip(f["bag"], f["label"], f["value"], f["probability"])]
    write_whole(os.path.join(out, "predictions.tsv"), rows)
    result = clean(result)
    write_whole(os.path.join(out, "summary.json"), [json.dumps(result, indent=2) + "\n"])
    return result
