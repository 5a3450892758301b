#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The rival that hopsack has not: a random forest of scikit-learn on mean, max and min of every feature of a bag.

    scripts/forest.py DATA.h5 PREDICTIONS.tsv -o OUT [--trees=500] [--seed=0] [--jobs=-1]

PREDICTIONS.tsv is that of a method of `hopsack baseline` (or of `hopsack crossval`) on DATA.h5: bags, labels, repetitions
and folds are taken from it, so they are the same. OUT gets summary.json and predictions.tsv in the same form. The column
output holds probability - 0.5. Trees see features as they are: no scaling. The same seed gives the same forest. A result
of the same inputs that is there already stays."""
import argparse
import math
import time

import h5py
import numpy as np
import scipy
import sklearn
from scipy.sparse import csr_matrix, vstack
from sklearn.ensemble import RandomForestClassifier

from peer_folds import bag_names, inputs_of, is_done, read_rows, stop, summary, test_folds, write_results


# ---- bags ----

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

def score(folds, table, trees, seed, jobs):
    for f in folds:
        begun = time.time()
        rest = [o for o in folds if o["repeat"] == f["repeat"] and o["fold"] != f["fold"]]
        rows, label = np.concatenate([o["row"] for o in rest]), np.concatenate([o["label"] for o in rest])
        if len(set(label)) < 2:
            stop(f"repetition {f['repeat']}, fold {f['fold']}: the training bags are of one class")
        forest = RandomForestClassifier(trees, random_state=seed, n_jobs=jobs).fit(table[rows], label)
        f["probability"] = forest.predict_proba(table[f["row"]])[:, 1]
        f["value"] = f["probability"] - 0.5
        f["seconds"] = time.time() - begun


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("predictions")
    parser.add_argument("-o", dest="out", required=True)
    parser.add_argument("--trees", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=-1, help="threads; the forest is the same")
    args = parser.parse_args()
    libraries = f"scikit-learn {sklearn.__version__}, SciPy {scipy.__version__}"
    settings = {"version": libraries, "seed": args.seed, "trees": args.trees}
    rows = read_rows(args.predictions)
    inputs = inputs_of(args.data, rows, settings)
    if is_done(args.out, inputs):
        return
    row_of, table = read_bags(args.data)
    folds, task, positive = test_folds(rows, row_of, args.predictions)
    score(folds, table, args.trees, args.seed, args.jobs)
    result = {"inputs": inputs, **summary(folds, len(row_of), task, args.seed, settings)}
    result = write_results(args.out, folds, task, positive, result)
    t = result["tasks"][task]
    print(f"random forest, {args.trees} trees: AUC {t['auc_mean'] if t['auc_mean'] is not None else math.nan:.3f} over {t['n_folds']} folds")


if __name__ == "__main__":
    main()
