#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Rivals of scikit-learn on tables of which a row is a bag, on given splits.

    table_rivals.py TABLE... --labels=A,B --methods=forest,svm -o OUT.json [--splits=FILE] [--skip=C,D] [--score=accuracy|auc]
                    [--columns=split0,split1] [--train=train|both] [--trees=500] [--seed=0]

TABLEs are CSV (.gz), joined by their first column. A split is a column of the words train, validation and test in FILE, or in a TABLE.
Methods learn from the training rows; svm chooses C and γ, association β, by the validation rows. With --train=both they learn from
training and validation rows, once these have chosen. Nothing looks at test rows.

    forest        random forest, each task by itself; forest-all: one for all tasks, with leaves of all their labels
    svm           RBF kernel, features standardised by the training rows; C of 0.1 … 100, γ of 0.01 … 10 over the number of features
    logistic      logistic regression, C = 1, standardised
    svm-tanimoto  C = 1 on the Tanimoto kernel of bits
    association   softmax(β · Tanimoto similarity) over the training rows, times their labels: nothing is learned but β

OUT.json is {method: {split: {"scores": [one of each task, null where it is not defined], "seconds"}}}. It is written after each split;
what stands there is not done again, so it belongs to one set of tables, labels and settings."""
import argparse
import csv
import gzip
import json
import os
import sys
import time
import warnings

import numpy as np
import sklearn
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

PARTS = {"train": 0, "training": 0, "validation": 1, "valid": 1, "val": 1, "test": 2}
GRID_C, GRID_GAMMA, GRID_BETA = (0.1, 1, 10, 100), (0.01, 0.1, 1, 10), (2, 5, 10, 15, 20, 30, 50)


class Wrong(Exception):
    pass


# ---- tables ----

def read_table(path):
    """Names of columns, {ID: {column: cell}}."""
    with (gzip.open(path, "rt", encoding="utf-8", newline="") if path.endswith(".gz") else open(path, encoding="utf-8", newline="")) as file:
        first = file.readline()
        separator = "\t" if "\t" in first else ","
        names = next(csv.reader([first], delimiter=separator))
        rows = {row[0]: dict(zip(names, row)) for row in csv.reader(file, delimiter=separator)}
    return names, rows


def join(paths):
    names, rows = read_table(paths[0])
    for path in paths[1:]:
        more, others = read_table(path)
        for name, row in rows.items():
            if name not in others:
                raise Wrong(f"{path}: lacks '{name}' of {paths[0]}")
            row.update(others[name])
        names += [n for n in more if n not in names]
    return names, rows


def is_split(cells):
    return all(cell.lower() in PARTS for cell in cells)


class Data:
    """x [n, d], labels [n, task] as numbers, -1 where missing; splits {name: parts [n], -1: in none}."""

    def __init__(self, args):
        names, rows = join(args.tables)
        self.ids = list(rows)
        column = {name: [rows[i][name] for i in self.ids] for name in names[1:]}
        self.splits = {name: self.parts(cells) for name, cells in column.items() if name.startswith("split") and is_split(cells)}
        taken = {*args.labels, *args.skip, *self.splits}
        missing = [name for name in args.labels if name not in column]
        if missing:
            raise Wrong(f"{args.tables[0]}: has no column '{missing[0]}'")
        if args.splits:
            self.splits = self.read_splits(args.splits)
        if args.columns:
            self.splits = {name: self.splits[name] for name in args.columns}
        self.labels = np.stack([self.numbers(column[name]) for name in args.labels], 1)
        self.x = np.array([column[name] for name in names[1:] if name not in taken], dtype=np.float64).T

    def parts(self, cells):
        return np.array([PARTS.get(cell.lower(), -1) for cell in cells])

    def read_splits(self, path):
        names, rows = read_table(path)
        return {name: self.parts([rows.get(i, {}).get(name, "") for i in self.ids]) for name in names[1:]}

    @staticmethod
    def numbers(cells):
        classes = sorted({cell for cell in cells if cell != ""})
        return np.array([classes.index(cell) if cell != "" else -1 for cell in cells])


# ---- methods: scores of the test rows [n_test], or [n_test, class] ----

class Part:
    """A split's rows."""

    def __init__(self, data, parts, args):
        self.x, self.labels, self.args = data.x, data.labels, args
        self.y = self.labels
        self.train, self.valid, self.test = (np.flatnonzero(parts == k) for k in range(3))
        self.scaled, self.kernel = StandardScaler().fit(self.x[self.train]).transform(self.x), None

    def whole(self):
        """The split whose training rows are also those of validation, if these are to be learned from."""
        if self.args.train == "train":
            return self
        parts = np.full(len(self.x), -1)
        parts[self.train] = parts[self.valid] = 0
        parts[self.test] = 2
        return Part(self, parts, self.args)

    def tanimoto(self):
        if self.kernel is None:
            shared = self.x @ self.x[self.train].T
            bits = self.x.sum(1)
            either = bits[:, None] + bits[self.train][None] - shared
            self.kernel = np.divide(shared, either, out=np.ones_like(shared), where=either > 0)
        return self.kernel

    def known(self, task):
        """Training rows with a label."""
        return self.train[self.y[self.train, task] >= 0]

    def score(self, task, rows, classes, output):
        """output [rows, class]"""
        rows_known = self.y[rows, task] >= 0
        y, output = self.y[rows, task][rows_known], output[rows_known]
        if self.args.score == "accuracy":
            return float((np.asarray(classes)[output.argmax(1)] == y).mean()) if len(y) else None
        if len(set(y)) < 2 or len(classes) < 2:
            return None
        return float(roc_auc_score(y, output[:, 1]))


def fitted(model, x, part, task):
    model.fit(x[part.known(task)], part.y[part.known(task), task])
    return model.classes_, lambda rows: model.predict_proba(x[rows])


def decision(model, x):
    """Of an SVM, as if it were probabilities."""
    def output(rows):
        d = model.decision_function(x[rows])
        return np.stack([-d, d], 1) if d.ndim == 1 else d
    return output


def forest(part, task):
    part = part.whole()
    return fitted(RandomForestClassifier(part.args.trees, random_state=part.args.seed, n_jobs=1), part.x, part, task)


def logistic(part, task):
    part = part.whole()
    return fitted(LogisticRegression(max_iter=2000), part.scaled, part, task)


def best(part, task, fit, grid):
    """What `fit` makes of the setting with the best score on the validation rows; of equal ones the first."""
    top, chosen = None, grid[0]
    for setting in grid:
        classes, output = fit(part, task, setting)
        score = part.score(task, part.valid, classes, output(part.valid))
        if score is not None and (top is None or score > top):
            top, chosen = score, setting
    return fit(part.whole(), task, chosen)


def fit_svm(part, task, setting):
    rows, (c, gamma) = part.known(task), setting
    model = SVC(C=c, gamma=gamma / part.x.shape[1], decision_function_shape="ovr").fit(part.scaled[rows], part.y[rows, task])
    return model.classes_, decision(model, part.scaled)


def svm(part, task):
    return best(part, task, fit_svm, [(c, gamma) for c in GRID_C for gamma in GRID_GAMMA])


def svm_tanimoto(part, task):
    part = part.whole()
    at = np.flatnonzero(part.y[part.train, task] >= 0)
    kernel = part.tanimoto()[:, at]
    model = SVC(C=1, kernel="precomputed").fit(kernel[part.train[at]], part.y[part.train[at], task])
    return model.classes_, decision(model, kernel)


def associate(part, task, beta):
    at = np.flatnonzero(part.y[part.train, task] >= 0)
    kernel, y = part.tanimoto()[:, at], part.y[part.train[at], task]
    classes = np.unique(y)

    def output(rows):
        p = np.exp(beta * (kernel[rows] - kernel[rows].max(1, keepdims=True)))
        return (p / p.sum(1, keepdims=True)) @ (y[:, None] == classes).astype(float)
    return classes, output


def association(part, task):
    return best(part, task, associate, GRID_BETA)


METHODS = {"forest": forest, "svm": svm, "logistic": logistic, "svm-tanimoto": svm_tanimoto, "association": association}


def forest_all(part):
    """Scores of all tasks by one forest; every label has to be there."""
    part = part.whole()
    if (part.y[part.train] < 0).any():
        raise Wrong("forest-all: labels are missing; take forest")
    model = RandomForestClassifier(part.args.trees, random_state=part.args.seed, n_jobs=1).fit(part.x[part.train], part.y[part.train])
    outputs = model.predict_proba(part.x[part.test])
    several = part.y.shape[1] > 1
    return [part.score(k, part.test, (model.classes_[k] if several else model.classes_), outputs[k] if several else outputs)
            for k in range(part.y.shape[1])]


def scores(method, part):
    if method == "forest-all":
        return forest_all(part)
    found = []
    for task in range(part.y.shape[1]):
        if len(set(part.y[part.known(task), task])) < 2:
            found.append(None)
            continue
        classes, output = METHODS[method](part, task)
        found.append(part.score(task, part.test, classes, output(part.test)))
    return found


# ---- all of it ----

def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except OSError:
        return {}


def save(path, found):
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        json.dump(found, file, indent=1)
    os.replace(path + ".tmp", path)


def read_args():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="+", metavar="TABLE")
    parser.add_argument("-o", dest="out", required=True)
    parser.add_argument("--labels", required=True, help="JSON list, or names with commas between")
    parser.add_argument("--skip", default="")
    parser.add_argument("--splits", metavar="FILE")
    parser.add_argument("--columns", default="")
    parser.add_argument("--methods", default="forest,svm,logistic")
    parser.add_argument("--score", choices=["accuracy", "auc"], default="accuracy")
    parser.add_argument("--train", choices=["train", "both"], default="train", help="rows that are learned from")
    parser.add_argument("--trees", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    args.labels = json.loads(args.labels) if args.labels.startswith("[") else args.labels.split(",")
    for name in "skip", "columns", "methods":
        setattr(args, name, [word for word in getattr(args, name).split(",") if word])
    unknown = set(args.methods) - {*METHODS, "forest-all"}
    if unknown:
        parser.error(f"--methods: there are {', '.join([*METHODS, 'forest-all'])}")
    return args


def main():
    args = read_args()
    warnings.simplefilter("ignore")
    try:
        data, found = Data(args), load(args.out)
        for split, parts in data.splits.items():
            todo = [m for m in args.methods if split not in found.get(m, {})]
            part = Part(data, parts, args) if todo else None
            for method in todo:
                begun = time.process_time()
                result = {"scores": scores(method, part)}
                found.setdefault(method, {})[split] = {**result, "seconds": round(time.process_time() - begun, 3)}
            found["version"] = f"scikit-learn {sklearn.__version__}"
            if todo:
                save(args.out, found)
    except (Wrong, OSError, KeyError, ValueError) as wrong:
        print(f"table_rivals.py: {wrong}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
