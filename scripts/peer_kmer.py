#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Logistic regression on the k-mers of a bag, on the folds of a run: the yardstick for models of sequences.

    scripts/peer_kmer.py DATA.h5 RUN [--target=status] [--k=3] [--C=1.0 | --C=0.001,0.01] [--train-only] [--seed=0] [-o OUT]
    scripts/peer_kmer.py DATA.h5 RUN --method=second-place [--families=gapped,gap1,halves,thirds] [--C=…] [-o OUT]

RUN is the folder of `hopsack crossval`, or of `hopsack train` (one fold). Bags, labels and parts are those of the
predictions.tsv of each fold. A fold trains on the bags of its parts train and validation (--train-only: train alone) and
scores its test bags, which take no part in anything else.

Features: log1p(1e5 · relative frequency) of every k-mer of a bag's sequences, each sequence counted once whatever its clone
count, standardised on the training bags. Classifier: L2 logistic regression of scikit-learn, classes balanced. C is the one
of --C with the best mean AUC in a stratified 5-fold cross-validation inside the training bags, the smaller where equal; one C
is taken as it is. Inner folds do not know groups.

--method=second-place is the method of the AIRR-ML challenge's second place: frequencies of one family of k-mers
(peer_families.py), those that at least two training bags have, each bag scaled to length 1, standardised, L1 logistic regression
by liblinear; family and C (10.5 … 0.0275) by the mean AUC of the inner folds.

Prints the AUC of each fold, and mean ± standard deviation over folds; of second-place wall time and peak memory too. OUT gets
summary.json and predictions.tsv in the form of `hopsack crossval`; files of before are replaced. Needs Debian's python3-sklearn and python3-h5py."""
import argparse
import glob
import math
import os
import resource
import time

import h5py
import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

import peer_families
from peer_folds import area, bag_names, bags_of, inputs_of, labelled, read_rows, stop, summary, write_results

GRID = "1e-4,1e-3,1e-2,1e-1,1"
SCALE = 1e5
SECOND_GRID = ",".join(map(str, peer_families.COSTS))
N_INNER = 5
ROWS = 200000  # sequences counted at once
EIGEN_LEAST = 1e-10  # of the largest eigenvalue


# ---- k-mers ----

def count_kmers(sequences, k, n_letter):
    """[n_letter^k] counts in sequences [n, width]: codes from 0, left-aligned, -1 behind the end."""
    n_window = sequences.shape[1] - k + 1
    if n_window < 1:
        return np.zeros(n_letter**k)
    index = np.zeros((len(sequences), n_window), np.int32)
    for j in range(k):
        index = index * n_letter + sequences[:, j:j + n_window]
    return np.bincount(index[sequences[:, k - 1:] >= 0], minlength=n_letter**k)


def frequencies(h5, start, end, k, n_letter):
    data = h5["sampledata/sequences"]
    count = np.zeros(n_letter**k)
    for at in range(start, end, ROWS):
        count += count_kmers(data[at:min(at + ROWS, end)], k, n_letter)
    return count / max(count.sum(), 1)


def open_bags(path):
    try:
        h5 = h5py.File(path, "r")
    except OSError as error:
        stop(f"{path}: {error}")
    if "sampledata/sequences" not in h5:
        stop(f"{path}: the dataset holds no sequences")
    return h5, len(h5["metadata/aas"][()]), h5["sampledata/sample_sequences_start_end"][:]


def read_names(path):
    """{bag: row}"""
    with open_bags(path)[0] as h5:
        return {name: i for i, name in enumerate(bag_names(h5))}


def read_bags(path, k):
    """The features [n_bag, n_letter^k]."""
    h5, n_letter, ends = open_bags(path)
    with h5:
        table = np.empty((len(ends), n_letter**k), np.float32)
        for row, (start, end) in zip(table, ends):
            row[:] = np.log1p(SCALE * frequencies(h5, int(start), int(end), k, n_letter))
    return table


# ---- folds ----

def predictions_of(run):
    """The predictions.tsv of each fold."""
    found = sorted(glob.glob(os.path.join(glob.escape(run), "rep*", "fold*", "predictions.tsv")))
    found = found or [p for p in [os.path.join(run, "predictions.tsv")] if os.path.exists(p)]
    if not found:
        stop(f"{run}: holds no predictions.tsv; is it the folder of a finished run of hopsack crossval or train?")
    return found


def read_folds(run, target, row_of, parts):
    """[{repeat, fold, bag, row, label, train_row, train_label}] in order, the task, and its positive class."""
    rows = [r for path in predictions_of(run) for r in read_rows(path)]
    tasks = sorted({r["task"] for r in rows})
    if target and target not in tasks:
        stop(f"{run}: no task '{target}'; it has {', '.join(tasks)}")
    rows = [r for r in rows if not target or r["task"] == target]
    by_fold, task, positive = labelled(rows, row_of, run)
    folds = []
    for (repeat, fold), members in sorted(by_fold.items()):
        bag, row, label = bags_of(members, row_of, ["test"])
        _, train_row, train_label = bags_of(members, row_of, parts)
        if len(set(train_label)) < 2:
            stop(f"{run}: repetition {repeat}, fold {fold}: the training bags are not of two classes")
        if len(bag) == 0:
            stop(f"{run}: repetition {repeat}, fold {fold}: there are no test bags")
        folds.append({"repeat": repeat, "fold": fold, "bag": bag, "row": row, "label": label, "train_row": train_row,
                      "train_label": train_label})
    return folds, task, positive, rows


# ---- classifier ----

def principal(train, test):
    """Standardised training and test bags in the coordinates that the training bags span: as many features as bags, and the
    same logistic regression, since its weights are a sum of training bags."""
    varies = train.min(0) < train.max(0)  # the weight of any other feature is 0
    train, test = train[:, varies].astype(np.float64), test[:, varies].astype(np.float64)
    mean, deviation = train.mean(0), train.std(0)
    train, test = (train - mean) / deviation, (test - mean) / deviation
    if not varies.any():
        return np.zeros((len(train), 1)), np.zeros((len(test), 1))
    value, vector = np.linalg.eigh(train @ train.T)
    kept = value > EIGEN_LEAST * value[-1]
    root = np.sqrt(value[kept])
    return vector[:, kept] * root, test @ train.T @ (vector[:, kept] / root)


def fit(x, label, c):
    return LogisticRegression(C=c, class_weight="balanced", solver="newton-cholesky", max_iter=1000).fit(x, label)


def choose(x, label, grid, seed):
    """The C of the best mean AUC in inner folds."""
    n = min(N_INNER, np.bincount(label).min())
    if len(grid) == 1 or n < 2:
        return grid[0]
    inner = list(StratifiedKFold(n, shuffle=True, random_state=seed).split(x, label))
    mean = [np.mean([area(fit(x[a], label[a], c).decision_function(x[b]), label[b]) for a, b in inner]) for c in grid]
    return grid[int(np.argmax(mean))]


def score_kmer(folds, args):
    table = read_bags(args.data, args.k)
    for f in folds:
        begun = time.time()
        train, test = principal(table[f["train_row"]], table[f["row"]])
        f["C"] = choose(train, f["train_label"], args.grid, args.seed)
        f["value"] = fit(train, f["train_label"], f["C"]).decision_function(test)
        f["probability"] = 1 / (1 + np.exp(-f["value"]))
        f["seconds"] = time.time() - begun
        print_fold(f)
    return f"{args.k}-mers, logistic regression"


def score_second_place(folds, args):
    h5, n_letter, ends = open_bags(args.data)
    with h5:
        for name in args.families:  # one table of features at a time
            table = peer_families.read_family(h5["sampledata/sequences"], ends, name, n_letter)
            for f in folds:
                peer_families.try_family(f, table, name, args.grid, args.seed)
    for f in folds:
        peer_families.finish(f)
        print_fold(f)
    return "second place, L1 logistic regression"


def print_fold(f):
    print(f"{f['repeat']:6d} {f['fold']:5d} {len(f['row']):5d} {f['C']:8g}  {area(f['value'], f['label']):.3f}  {f.get('family', '')}".rstrip(),
          flush=True)


METHODS = {"kmer": score_kmer, "second-place": score_second_place}


# ---- all of it ----

def read_args():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", metavar="DATA.h5")
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("--target", help="task of the run, if it has several")
    parser.add_argument("--method", choices=METHODS, default="kmer", help="kmer: contiguous k-mers, L2; or second-place [kmer]")
    parser.add_argument("--families", default=",".join(peer_families.FAMILIES), help="of second-place, with commas [all]")
    parser.add_argument("--k", type=int, default=3, choices=[1, 2, 3, 4], help="residues of a k-mer [3]")
    parser.add_argument("--C", help=f"inverse strength of the penalty, or several [{GRID}; second-place: {SECOND_GRID}]")
    parser.add_argument("--train-only", action="store_true", help="leave out validation bags")
    parser.add_argument("--seed", type=int, default=0, help="of the inner folds and of the interval [0]")
    parser.add_argument("-o", dest="out", metavar="OUT")
    args = parser.parse_args()
    args.C = args.C or (GRID if args.method == "kmer" else SECOND_GRID)
    args.families = args.families.split(",")
    if not set(args.families) <= set(peer_families.FAMILIES):
        parser.error(f"--families: families are {', '.join(peer_families.FAMILIES)}")
    try:
        args.grid = sorted({float(c) for c in args.C.split(",")}, reverse=args.method == "second-place")
    except ValueError:
        args.grid = [0]
    if not all(0 < c < math.inf for c in args.grid):
        parser.error(f"--C={args.C}: numbers above 0, with commas")
    return args


def settings_of(args, parts):
    own = {"families": args.families} if args.method == "second-place" else {"k": args.k}
    return {"version": f"scikit-learn {sklearn.__version__}, NumPy {np.__version__}", "method": args.method, "seed": args.seed, **own,
            "C": args.grid, "parts": parts}


def main():
    args, begun = read_args(), time.time()
    row_of = read_names(args.data)
    parts = ["train"] if args.train_only else ["train", "validation"]
    folds, task, positive, rows = read_folds(args.run, args.target, row_of, parts)
    print("repeat  fold  bags        C  AUC")
    with threadpool_limits(1):  # the matrices are small: threads that wait for a busy core cost more than they give
        words = METHODS[args.method](folds, args)
    settings = settings_of(args, parts)
    result = summary(folds, len(row_of), task, args.seed, settings)
    result["wall_seconds"], result["peak_memory"] = round(time.time() - begun, 3), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    t = result["tasks"][task]
    deviation = f" ± {t['auc_std_folds']:.3f}" if t["n_folds"] > 1 else ""
    if args.method == "second-place":
        print(f"{result['wall_seconds']:.1f} s wall, {result['peak_memory'] / 1e6:.1f} MB peak")
    print(f"{words}: AUC {t['auc_mean']:.3f}{deviation} over {t['n_folds']} folds")
    if args.out:
        for f, s in zip(folds, (s for r in t["repeats"] for s in r["folds"])):
            s.update({key: f[key] for key in ("C", "family", "inner_auc") if key in f})
        write_results(args.out, folds, task, positive, {"inputs": inputs_of(args.data, rows, settings), **result})


if __name__ == "__main__":
    main()
