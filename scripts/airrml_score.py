# SPDX-License-Identifier: MIT
"""The four scores of the AIRR-ML interface: `scripts/airrml score`. Standard library only."""
import argparse
import bz2
import csv
import gzip
import json
import math
import os
import sys

COLUMNS = ["ID", "dataset", "label_positive_probability", "junction_aa", "v_call", "j_call"]
SEQUENCE = COLUMNS[3:]
NONE = "-999.0"  # in the place of what a row has not
YES, NO = {"true", "t", "1", "1.0", "yes", "+"}, {"false", "f", "0", "0.0", "no", "-"}
LEVEL = 0.5  # a probability from here on says positive
DOC = """Scores of predictions and of ranked sequences against the truth.

    scripts/airrml score --truth TRUTH... --predictions TABLE... [--out=FILE.json]

--predictions: tables with the columns ID, dataset, label_positive_probability, junction_aa, v_call, j_call, such as
submissions.csv. Rows with a sequence are a ranking, in the order of the file.

--truth, any number of:
    a folder or its metadata.csv   labels (label_positive) by repertoire_id; the dataset is the name of the folder
    a table with label_positive    the same, with a column dataset
    a table with junction_aa       true sequences, such as the truth file of hopsack simulate. Without a column dataset they
                                   belong to every ranking; of v_call and j_call those that the table has are compared
    a table as of --predictions    both, in one

Labels: ROC AUC, and balanced accuracy where a probability of 0.5 or more says positive. Sequences: the first n different rows
of the ranking are compared with the n true ones. Rows that are missing there count as wrong in the Jaccard index. Average
precision is the mean, over the true rows among these n, of the precision at their rank; without any it is 0."""


class Wrong(Exception):
    """A sentence for the user."""


# ---- tables ----

def open_text(path):
    kind = {".gz": gzip.open, ".bz2": bz2.open}.get(os.path.splitext(path)[1], open)
    return kind(path, "rt", encoding="utf-8-sig", newline="")


def read_table(path):
    """Column names, and rows as dictionaries, of a table with commas or tabs; blanks around cells do not count."""
    try:
        with open_text(path) as file:
            first = file.readline()
            comma = "\t" not in first
            head = [name.strip() for name in next(csv.reader([first], delimiter="," if comma else "\t"), [])]
            rows = csv.reader(file, delimiter="," if comma else "\t")
            return head, [dict(zip(head, (cell.strip() for cell in row))) for row in rows if any(row)]
    except (OSError, EOFError, UnicodeError, csv.Error) as error:
        raise Wrong(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def label_of(cell, place):
    """True, False, or None where there is none."""
    word = cell.lower()
    if word in ("", "na", "nan", "none", NONE):
        return None
    if word not in YES | NO:
        raise Wrong(f"{place}: label_positive is '{cell}'; True, False, 1 and 0 are labels")
    return word in YES


def number_of(cell, place):
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise Wrong(f"{place}: label_positive_probability is '{cell}', which is not a number")
    return value


def short(name):
    """A bag's name without folder and endings."""
    name = os.path.basename(name.replace("\\", "/"))
    for ending in (".gz", ".bz2", ".tsv", ".csv", ".txt"):
        name = name[:-len(ending)] if name.endswith(ending) else name
    return name


# ---- truth ----

class Truth:
    def __init__(self):
        self.label = {}     # {dataset: {ID: bool}}
        self.sequence = {}  # {dataset, or None for every ranking: (columns compared, {cells})}

    def add(self, path):
        if os.path.isdir(path):
            path = os.path.join(path, "metadata.csv")
        head, rows = read_table(path)
        folder = os.path.basename(os.path.dirname(os.path.abspath(path)))
        if "label_positive" in head:
            self.add_labels(path, head, rows, folder)
        elif "label_positive_probability" in head:
            self.add_labels(path, head, [r for r in rows if not is_ranked(r)], folder)
            self.add_sequences(path, head, [r for r in rows if is_ranked(r)])
        elif "junction_aa" in head:
            self.add_sequences(path, head, rows)
        else:
            raise Wrong(f"{path}: the table has neither label_positive nor junction_aa; its columns are {', '.join(head) or 'none'}")

    def add_labels(self, path, head, rows, folder):
        label = "label_positive" if "label_positive" in head else "label_positive_probability"
        key = next((c for c in ("repertoire_id", "ID", "bag", "filename") if c in head), None)
        if not key:
            raise Wrong(f"{path}: the table has no column repertoire_id, ID or filename")
        for i, row in enumerate(rows):
            value = label_of(row.get(label, ""), f"{path}: row {i + 1}")
            if value is not None:
                self.label.setdefault(row.get("dataset") or folder, {})[short(row[key])] = value

    def add_sequences(self, path, head, rows):
        columns = tuple(c for c in SEQUENCE if c in head)
        for row in rows:
            if row.get("junction_aa", "") in ("", NONE):
                continue
            kept, found = self.sequence.setdefault(row.get("dataset") or None, (columns, set()))
            if kept != columns:
                raise Wrong(f"{path}: true sequences have the columns {', '.join(columns)} here and {', '.join(kept)} elsewhere")
            found.add(tuple(row.get(c, "") for c in columns))


def is_ranked(row):
    return row.get("junction_aa", "") not in ("", NONE)


# ---- predictions ----

def read_predictions(paths):
    """{dataset: {ID: probability}}, {dataset: [sequence]} in the order of the ranks."""
    probability, ranked, place = {}, {}, {}
    for path in paths:
        head, rows = read_table(path)
        missing = [c for c in COLUMNS if c not in head]
        if missing:
            raise Wrong(f"{path}: the column {missing[0]} is missing; predictions have {', '.join(COLUMNS)}")
        for i, row in enumerate(rows):
            where = f"{path}: row {i + 1}"
            if is_ranked(row):
                if place.setdefault(row["dataset"], path) != path:
                    raise Wrong(f"{path}: {place[row['dataset']]} has a ranking of '{row['dataset']}' too; give one of them")
                ranked.setdefault(row["dataset"], []).append(tuple(row[c] for c in SEQUENCE))
                continue
            of = probability.setdefault(row["dataset"], {})
            if of.setdefault(short(row["ID"]), number_of(row["label_positive_probability"], where)) != float(row["label_positive_probability"]):
                raise Wrong(f"{where}: '{row['ID']}' of '{row['dataset']}' has another probability in an earlier row")
    return probability, ranked


# ---- scores ----

def roc_auc(values, labels):
    """P(positive above negative) + ½ P(equal), by the ranks' sum; None with one class."""
    order = sorted(range(len(values)), key=values.__getitem__)
    total, n_positive, start = 0.0, sum(labels), 0
    n_negative = len(labels) - n_positive
    if not n_positive or not n_negative:
        return None
    while start < len(order):
        end = start
        while end < len(order) and values[order[end]] == values[order[start]]:
            end += 1
        total += (start + 1 + end) / 2 * sum(labels[i] for i in order[start:end])
        start = end
    return (total - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative)


def balanced_accuracy(values, labels):
    """Mean of the shares of both classes that were told right; None with one class."""
    share = [[(v >= LEVEL) == kind for v, l in zip(values, labels) if l == kind] for kind in (False, True)]
    return sum(sum(s) / len(s) for s in share) / 2 if all(share) else None


def first_distinct(rows, n):
    """The first n different rows, in order."""
    return list(dict.fromkeys(rows))[:n]


def jaccard(rows, true):
    """Of the first n_true rows and the true ones; rows that a short ranking lacks are wrong ones."""
    hits = len(true & set(first_distinct(rows, len(true))))
    return hits / (2 * len(true) - hits) if true else None


def average_precision(rows, true):
    """Mean over the true sequences among the first n_true rows of the precision at their rank; 0 if none is there."""
    hits = total = 0
    for rank, row in enumerate(first_distinct(rows, len(true)), 1):
        if row in true:
            hits += 1
            total += hits / rank
    return (total / hits if hits else 0.0) if true else None


def score_labels(labels, of, dataset):
    missing = [i for i in labels if i not in of]
    if missing:
        raise Wrong(f"'{missing[0]}' of '{dataset}' has a label, but no prediction ({len(missing)} of {len(labels)} have none)")
    ids = sorted(labels)
    values, true = [of[i] for i in ids], [labels[i] for i in ids]
    return {"n": len(ids), "n_positive": sum(true), "auc": roc_auc(values, true), "balanced_accuracy": balanced_accuracy(values, true)}


def score_sequences(columns, true, rows):
    at = [SEQUENCE.index(c) for c in columns]
    rows = [tuple(row[i] for i in at) for row in rows]
    return {"n_true": len(true), "n_ranked": len(rows), "compared": list(columns), "jaccard": jaccard(rows, true),
            "average_precision": average_precision(rows, true)}


def score(truth, probability, ranked):
    """{"tests": {dataset: scores}, "sequences": {dataset: scores}, "auc_mean": …, "not_scored": [dataset]}"""
    tests, sequences = {}, {}
    for dataset, labels in truth.label.items():
        if dataset in probability:
            tests[dataset] = score_labels(labels, probability[dataset], dataset)
    for dataset, rows in ranked.items():
        columns, true = truth.sequence.get(dataset) or truth.sequence.get(None) or ((), set())
        if true:
            sequences[dataset] = score_sequences(columns, true, rows)
    left = [d for d in truth.label if d not in tests] + [d for d in truth.sequence if d and d not in sequences]
    if not tests and not sequences:
        raise Wrong(f"truth and predictions have no dataset in common: the truth has labels of {listed(truth.label)} and sequences of "
                    f"{listed(truth.sequence)}, the predictions have probabilities of {listed(probability)} and rankings of "
                    f"{listed(ranked)}")
    aucs = [t["auc"] for t in tests.values() if t["auc"] is not None]
    return {"tests": tests, "sequences": sequences, "auc_mean": sum(aucs) / len(aucs) if aucs else None, "not_scored": left}


def listed(names):
    return ", ".join(f"'{n}'" if n else "every dataset" for n in dict.fromkeys(names)) or "nothing"


# ---- command ----

def cell(value):
    return "-" if value is None else f"{value:.3f}"


def report(result):
    lines = []
    if result["tests"]:
        lines.append("test set\trepertoires\tpositive\tAUC\tbalanced accuracy\n")
        lines += [f"{name}\t{t['n']}\t{t['n_positive']}\t{cell(t['auc'])}\t{cell(t['balanced_accuracy'])}\n" for name, t in result["tests"].items()]
    if result["sequences"]:
        lines.append("ranking\ttrue\tranked\tJaccard\taverage precision\n")
        lines += [f"{name}\t{s['n_true']}\t{s['n_ranked']}\t{cell(s['jaccard'])}\t{cell(s['average_precision'])}\n"
                  for name, s in result["sequences"].items()]
    return "".join(lines)


def command(words):
    parser = argparse.ArgumentParser(prog="airrml score", description=DOC, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--truth", nargs="+", required=True, metavar="TRUTH", help="folders and tables of what is true")
    parser.add_argument("--predictions", nargs="+", required=True, metavar="TABLE", help="tables of predictions and rankings")
    parser.add_argument("--out", metavar="FILE.json", help="scores as JSON as well")
    args = parser.parse_args(words)
    truth = Truth()
    for path in args.truth:
        truth.add(path)
    result = score(truth, *read_predictions(args.predictions))
    if args.out:
        with open(args.out + ".tmp", "w", encoding="utf-8") as file:
            file.write(json.dumps(result, indent=2) + "\n")
        os.replace(args.out + ".tmp", args.out)
    sys.stdout.write(report(result))
    if result["not_scored"]:
        print(f"airrml: warning: of {listed(result['not_scored'])} there is a truth, but no prediction or ranking", file=sys.stderr)
    return 0
