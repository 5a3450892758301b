# SPDX-License-Identifier: MIT
"""Small classification tables: accuracy of hopsack and of its rivals on the same folds, and rank differences.

    scripts/reproduce uci --from=FOLDER [-o OUT] [--sets=NAME,NAME] [--part=report|explore|all] [--quick]
                          [--model='NAME CONFIG FLAG…']… [--rivals=forest,svm,logistic]

FOLDER holds SET.csv or SET.csv.gz: an ID, `label`, columns split0, … of the words train, validation and test, features. Every third of
the sorted sets, from the first, is for exploring; the tables show the others, and those of the exploration apart. Models learn from
the rows of training and validation (--train=train: of training alone); C and γ of the SVM are chosen before by those of validation. Nothing
looks at test rows. A model is a config with flags of `hopsack crossval`; without --model it is
configs/lookup.yaml, and the same without the lookup. Rivals are scripts/table_rivals.py.

FOLDER/delgado_results.txt and delgado_families.csv (published accuracies of 179 classifiers, and their families) give rank
differences: the mean rank of a method among the best classifier of each family and itself, less the mean of all ranks. Those
classifiers had other folds and their own tuning, so the differences are indicative.

OUT gets every run, results.tsv (a row for each set, method and fold) and RESULTS.md. Started again it goes on where it was."""
import argparse
import csv
import os
import shlex
import sys

from hopsack_steps import Failed, Steps
from table_steps import (ROOT, Wrong, forest_python, header, load, mean, rivals, row, say, spread, table_files, write_rows, write_whole)

LOOKUP = os.path.join(ROOT, "configs/lookup.yaml")
MODELS = [f"lookup {LOOKUP}", f"mlp {os.path.join(ROOT, 'configs/table.yaml')}"]
WORDS = {"lookup": "hopsack, lookup of learned patterns", "mlp": "hopsack, the same without the lookup",
         "forest": "random forest", "svm": "SVM, RBF, C and γ by validation", "logistic": "logistic regression, C = 1"}
HEAD = ["method", "sets", "accuracy", "minus forest", "better / equal / worse than forest", "mean rank", "rank difference", "seconds"]


# ---- published ranks ----

def ranks(values):
    """From 1 for the largest; equal ones share the mean of their ranks."""
    order = sorted(range(len(values)), key=lambda i: -values[i])
    found, at = [0.0] * len(values), 0
    while at < len(order):
        end = at
        while end + 1 < len(order) and values[order[end + 1]] == values[order[at]]:
            end += 1
        for k in range(at, end + 1):
            found[order[k]] = (at + end) / 2 + 1
        at = end + 1
    return found


def read_published(folder):
    """{set: {classifier: accuracy in percent, -1: failed}}, {classifier: family}; empty where the files are not there."""
    paths = [os.path.join(folder, name) for name in ("delgado_results.txt", "delgado_families.csv")]
    if not all(os.path.exists(path) for path in paths):
        return {}, {}
    with open(paths[1], encoding="utf-8") as file:
        family = {r["algo"]: r["family"] for r in csv.DictReader(file)}
    with open(paths[0], encoding="utf-8") as file:
        names = file.readline().split()[1:]
        lines = [line.split() for line in file]
    table = {cells[0]: {n: -1.0 if c == "--" else float(c) for n, c in zip(names, cells[1:]) if n in family}
             for cells in lines if len(cells) == len(names) + 1}
    return table, family


def families(published, family, sets):
    """The classifier of each family with the best mean rank among all on these sets: {set: [accuracies in percent]}."""
    names = list(family)
    sums = dict.fromkeys(names, 0.0)
    for name in sets:
        for classifier, rank in zip(names, ranks([published[name][c] for c in names])):
            sums[classifier] += rank
    best = {}
    for classifier in names:
        kind = family[classifier]
        if kind not in best or sums[classifier] < sums[best[kind]]:
            best[kind] = classifier
    return {name: [published[name][c] for c in best.values()] for name in sets}


def rank_difference(accuracy, rivals_of):
    """accuracy {set: fraction}; rivals_of {set: [percent]}."""
    found = []
    for name, theirs in rivals_of.items():
        found.append(ranks([round(100 * accuracy[name], 1), *theirs])[0] - (len(theirs) + 2) / 2)
    return mean(found)


# ---- runs ----

def run_model(args, steps, model, data, splits):
    """[(fold, accuracy, seconds)]"""
    name, config, *flags = shlex.split(model)
    words = ["crossval", config, f"--data.path={data}", f"--splits={splits}", "--tasks.0.classes=auto", f"--seed={args.seed}", *flags]
    words += [f"--splits.columns={','.join(args.columns)}"] if args.columns else []
    words += ["--train.epochs=2"] if args.quick else []
    out = steps.run(name, *words, reads=[data, splits, config], resumes=True)
    task = load(os.path.join(out, "summary.json"))["tasks"]["label"]
    return [(r["repeat"], r["folds"][0]["accuracy"], r["folds"][0]["seconds"]) for r in task["repeats"]]


def join_parts(path, out):
    """Splits whose validation rows are for training, too; the file stays as it is where it is the same."""
    with open(path, encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file]
    rows = [[line[0], *("train" if c.lower().startswith("val") else c for c in line[1:])] for line in lines[1:]]
    text = "".join("\t".join(cells) + "\n" for cells in [lines[0], *rows])
    if not os.path.exists(out) or open(out, encoding="utf-8").read() != text:
        write_whole(out, text)
    return out


def run_set(args, path, name, python):
    """{method: [(fold, accuracy, seconds)]}"""
    steps = Steps(os.path.join(args.out, name), args.hopsack, args.threads)
    data = steps.run("data.h5", "import", "--format=table", "--label=label", path, reads=[path])
    splits = steps.path("data.splits.tsv")
    if not os.path.exists(splits):
        raise Wrong(f"{path}: has no columns of train, validation and test words")
    if args.train == "both":
        splits = join_parts(splits, steps.path("both.splits.tsv"))
    found = {}
    for model in args.models:
        found[model.split()[0]] = run_model(args, steps, model, data, splits)
    if python and args.rivals:
        columns = args.columns or header(splits)[1:]
        result = rivals(python, [path], steps.path("rivals.json"), args.rivals, columns, ["--labels=label", f"--trees={args.trees}", f"--train={args.train}"])
        for method in args.rivals:
            found[method] = [(k, result[method][c]["scores"][0], result[method][c]["seconds"]) for k, c in enumerate(columns)]
    return found


# ---- tables ----

def method_row(method, sets, results, rivals_of):
    accuracy = {name: mean([a for _, a, _ in results[name][method]]) for name in sets}
    every = list(results[sets[0]])
    rank = mean([ranks([mean([a for _, a, _ in results[name][m]]) for m in every])[every.index(method)] for name in sets])
    cells = [WORDS.get(method, method), str(len(sets)), f"{mean(accuracy.values()):.4f}"]
    if "forest" in every and method != "forest":
        gap = [accuracy[name] - mean([a for _, a, _ in results[name]["forest"]]) for name in sets]
        middle, deviation = spread(gap)
        cells.append(f"{middle:+.4f}" + (f" ± {deviation / len(gap) ** 0.5:.4f}" if deviation is not None else ""))
        cells.append(f"{sum(g > 1e-9 for g in gap)} / {sum(abs(g) <= 1e-9 for g in gap)} / {sum(g < -1e-9 for g in gap)}")
    else:
        cells += ["–", "–"]
    difference = f"{rank_difference(accuracy, rivals_of):+.2f}" if rivals_of else "–"
    seconds = sum(s for name in sets for _, _, s in results[name][method])
    return [*cells, f"{rank:.2f}", difference, f"{seconds:.0f}"]


def report(args, results, missing):
    published, family = read_published(args.folder)
    lines = ["# Small classification tables\n\n"]
    if args.quick:
        lines.append("**A quick look: two epochs, few trees. These figures say nothing about the models.**\n\n")
    for part, words in (("report", "Reported sets"), ("explore", "Exploration sets")):
        sets = [name for name in results if args.part_of[name] == part]
        if not sets:
            continue
        known = [name for name in sets if name in published]
        rivals_of = families(published, family, known) if len(known) == len(sets) else None
        lines += [f"## {words}: {len(sets)}\n\n", row(HEAD), row(["---"] * len(HEAD))]
        lines += [row(method_row(method, sets, results, rivals_of)) for method in results[sets[0]]]
        lines.append("\n")
    lines.append("Accuracy: mean over folds, then over sets. ±: standard error over sets of the difference to the forest. Mean rank: among the methods of "
                 "the table. Rank difference: among the best published classifier of each family; indicative, as these had other folds and their own "
                 "tuning. Seconds: of all trainings.\n")
    if missing:
        lines.append("\n## Not run\n\n" + "".join(f"* {name}: {why}\n" for name, why in missing.items()))
    return "".join(lines)


def write_results(args, results, missing):
    rows = [[name, args.part_of[name], method, fold, accuracy, seconds] for name, methods in results.items() for method, folds in methods.items()
            for fold, accuracy, seconds in folds]
    write_rows(os.path.join(args.out, "results.tsv"), ["set", "part", "method", "fold", "accuracy", "seconds"], rows)
    text = report(args, results, missing)
    write_whole(os.path.join(args.out, "RESULTS.md"), text)
    return text


# ---- all of it ----

def read_args(words):
    parser = argparse.ArgumentParser(prog="reproduce uci", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", dest="out", default=os.path.join(ROOT, "runs/uci"), metavar="OUT")
    parser.add_argument("--from", dest="folder", required=True, metavar="FOLDER")
    parser.add_argument("--sets", metavar="NAME,NAME", help="only these")
    parser.add_argument("--part", choices=["report", "explore", "all"], default="report")
    parser.add_argument("--model", dest="models", action="append", metavar="'NAME CONFIG FLAG…'")
    parser.add_argument("--train", choices=["train", "both"], default="both", help="rows that are learned from: train, or both train and validation")
    parser.add_argument("--rivals", default="forest,svm,logistic", help="of scripts/table_rivals.py, with commas; an empty word: none")
    parser.add_argument("--columns", default="", help="only these splits, with commas")
    parser.add_argument("--trees", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="two epochs, 20 trees, into OUT/quick, to see that it works")
    parser.add_argument("--hopsack", default=os.path.join(ROOT, "build/src/cli/hopsack"), metavar="PATH")
    args = parser.parse_args(words)
    args.rivals = [word for word in args.rivals.split(",") if word]
    args.columns = [word for word in args.columns.split(",") if word]
    args.models = args.models or MODELS
    if any(len(shlex.split(model)) < 2 for model in args.models):
        parser.error("--model wants a name and a config, and flags behind them")
    if args.quick:
        args.trees, args.out = min(args.trees, 20), os.path.join(args.out, "quick")
    return args


def choose(args):
    """{set: path}; sets args.part_of {set: "explore" or "report"}, by the place among all sets of FOLDER."""
    every = table_files(args.folder, "label")
    args.part_of = {name: "explore" if k % 3 == 0 else "report" for k, name in enumerate(every)}
    wanted = args.sets.split(",") if args.sets else [n for n in every if args.part in ("all", args.part_of[n])]
    lost = [name for name in wanted if name not in every]
    if lost:
        raise Wrong(f"{args.folder} holds no {lost[0]}.csv or {lost[0]}.csv.gz")
    return {name: every[name] for name in wanted}


def main(words):
    args = read_args(words)
    results, missing, code = {}, {}, 0
    try:
        sets = choose(args)
        os.makedirs(args.out, exist_ok=True)
        python = forest_python(["numpy", "sklearn"]) if args.rivals else None
        if args.rivals and not python:
            missing["rivals"] = "need scikit-learn (Debian: python3-sklearn)"
        for k, (name, path) in enumerate(sets.items()):
            try:
                results[name] = run_set(args, path, name, python)
                say(f"{name} ({k + 1} of {len(sets)}): " + ", ".join(f"{m} {mean([a for _, a, _ in f]):.3f}" for m, f in results[name].items()))
            except (Wrong, Failed) as wrong:
                missing[name], code = str(wrong), 3
                say(f"{name}: {wrong}")
        if not results:
            raise Wrong("nothing could be run")
        print(write_results(args, results, missing), end="")
    except (Wrong, Failed, OSError) as wrong:
        say(wrong)
        return 3
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
