# SPDX-License-Identifier: MIT
"""Families of k-mers, and the second place's method of the AIRR-ML challenge: an independent version of scikit-learn for
peer_kmer.py. Facts, not code, are those of its repository (SajayR/counts-and-presence-is-all-you-need).

    gapped   4-mers and 3-mers with gaps, 11 masks (. any residue)
    gap1     4-mers, and those with one gap: x.xx xx.x
    halves   4-mers of the sequence without its first and last 4 residues: all, those of its left half, those of its right
    thirds   4-mers by the third of the sequence in which their centre lies

A family is a list of pools; frequencies of a pool sum to 1. Left out of the second place's thirds are lengths and genes, and
its family of whole sequences."""
import time

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler, normalize

from peer_folds import area

N_INNER = 5
COSTS = [10.5, 10, 9.5, 5, 1, 0.5, 0.1, 0.05, 0.03, 0.0275]
ROWS = 100000  # sequences counted at once
CROP = 4       # residues that halves leave out at both ends
MIN_BAGS = 2   # training bags that have a k-mer


def offsets(mask):
    return tuple(i for i, c in enumerate(mask) if c == "x")


def everywhere(start, length, span):
    """Of windows [n_sequence, n_window] that begin at `start` and have `span` places: those of the sequence."""
    return start + span <= length


def inside(start, length, span):
    return (start >= CROP) & (start + span <= length - CROP)


def half(right):
    def chosen(start, length, span):
        middle = CROP + (length - 2 * CROP - span + 1) / 2
        return inside(start, length, span) & ((start >= middle) == right)
    return chosen


def third(number):
    def chosen(start, length, span):
        place = (start + (span - 1) / 2) / np.maximum(length - 1, 1)
        return everywhere(start, length, span) & (np.searchsorted([1 / 3, 2 / 3], place, side="right") == number)
    return chosen


GAPPED = "x.xxx xx.xx xxx.x xx..xx x.xx xx.x x.x.x x..xx xx..x x...xx xx...x".split()
FAMILIES = {  # {family: pools [(mask, which windows)]}
    "gapped": [[(m, everywhere) for m in GAPPED]],
    "gap1": [[(m, everywhere) for m in ("xxxx", "x.xx", "xx.x")]],
    "halves": [[("xxxx", inside)], [("xxxx", half(False))], [("xxxx", half(True))]],
    "thirds": [[("xxxx", third(k)) for k in range(3)]],
}


# ---- counting ----

def count_mask(sequences, mask, which, n_letter):
    """[n_letter^k] counts in sequences [n, width]: codes from 0, left-aligned, -1 behind the end."""
    places, span = offsets(mask), len(mask)
    n_window = sequences.shape[1] - span + 1
    if n_window < 1:
        return np.zeros(n_letter**len(places))
    length = (sequences >= 0).sum(1)[:, None]
    index = np.zeros((len(sequences), n_window), np.int32)
    for j in places:
        index = index * n_letter + sequences[:, j:j + n_window]
    kept = np.broadcast_to(which(np.arange(n_window)[None], length, span), index.shape)
    return np.bincount(index[kept], minlength=n_letter**len(places)).astype(float)


def count_pool(blocks, pool, n_letter):
    """Relative frequencies of one bag, whose sequences come in blocks."""
    counts = [sum(count_mask(b, mask, which, n_letter) for b in blocks) for mask, which in pool]
    counts = np.concatenate(counts)
    return counts / max(counts.sum(), 1)


def read_family(data, ends, family, n_letter):
    """[n_bag, n_feature] frequencies; columns that fewer than two bags have are left out."""
    table = None
    for i, (start, end) in enumerate(ends):
        blocks = [data[at:min(at + ROWS, end)] for at in range(int(start), int(end), ROWS)] or [data[0:0]]
        row = np.concatenate([count_pool(blocks, pool, n_letter) for pool in FAMILIES[family]])
        table = np.zeros((len(ends), len(row)), np.float32) if table is None else table
        table[i] = row
    return table[:, (table > 0).sum(0) >= MIN_BAGS]


# ---- method ----

def prepared(table, train, test):
    """Training and test bags: k-mers of at least two training bags, rows of length 1."""
    kept = (table[train] > 0).sum(0) >= MIN_BAGS
    return normalize(table[train][:, kept]), normalize(table[test][:, kept])


def fitted(x, label, other, cost, seed):
    """Outputs on `other` of the L1 logistic regression."""
    scaler = StandardScaler().fit(x)
    model = LogisticRegression(penalty="l1", C=cost, solver="liblinear", class_weight="balanced", max_iter=500, random_state=seed)
    return model.fit(scaler.transform(x), label).decision_function(scaler.transform(other))


def inner_areas(x, label, costs, seed):
    """[n_cost] mean AUC of inner folds."""
    n = min(N_INNER, np.bincount(label).min())
    inner = list(StratifiedKFold(n, shuffle=True, random_state=seed).split(x, label)) if n > 1 else []
    return [np.mean([area(fitted(x[a], label[a], x[b], c, seed), label[b]) for a, b in inner]) if inner else 0.5 for c in costs]


def try_family(f, table, name, costs, seed):
    """Keeps the family's outputs in the fold, if its best inner AUC is above that of earlier ones."""
    begun = time.time()
    train, test = prepared(table, f["train_row"], f["row"])
    if train.shape[1] == 0:
        return
    areas = inner_areas(train, f["train_label"], costs, seed)
    best = int(np.argmax(areas))
    if areas[best] > f.get("inner_auc", -1):
        f.update(inner_auc=float(areas[best]), family=name, C=costs[best], value=fitted(train, f["train_label"], test, costs[best], seed))
    f["seconds"] = f.get("seconds", 0) + time.time() - begun


def finish(f):
    """A fold of bags without k-mers has constant outputs."""
    if "value" not in f:
        f.update(inner_auc=0.5, family="none", C=0.0, value=np.zeros(len(f["row"])), seconds=f.get("seconds", 0))
    f["probability"] = 1 / (1 + np.exp(-f["value"]))
