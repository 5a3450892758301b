# SPDX-License-Identifier: MIT
"""Drug design: AUC of hopsack and of its rivals on sets of molecules, on the same splits.

    scripts/reproduce molecules --from=FOLDER [-o OUT] [--sets=bace,sider] [--n-splits=50] [--scaffold=10] [--quick]
                                [--model='NAME CONFIG FLAG…']… [--rivals=forest,svm-tanimoto,association]

FOLDER holds SET_splits.csv, columns of the words train, validation and test, and SET.csv(.gz) by scripts/fingerprints.py, or
SET_ecfp.csv(.gz) and SET_maccs.csv(.gz), which are joined: an ID, smiles, scaffold, a column for each task, bits. Learned models see all bits;
association and SVM compare ECFP alone. Without --model it is configs/molecules.yaml, where it is there, and
configs/table.yaml. Scaffold splits are made by scripts/fingerprints.py's rule from
the column scaffold (--scaffold=0: none).

OUT gets every run, results.tsv and RESULTS.md. Started again it goes on where it was."""
import argparse
import csv
import gzip
import json
import os
import shlex
import sys

from fingerprints import scaffold_splits
from hopsack_steps import Failed, Steps
from table_steps import ROOT, Wrong, cell, forest_python, header, load, open_text, rivals, row, say, spread, write_rows, write_whole

CONFIGS = {"lookup": "molecules.yaml", "mlp": "table.yaml"}
WORDS = {"lookup": "hopsack, lookup of the training set", "mlp": "hopsack, a layer of 32 units", "forest": "random forest", "forest-all": "random forest, all tasks together",
         "svm-tanimoto": "SVM, Tanimoto, C = 1", "association": "softmax(β · Tanimoto) over labels, nothing learned"}
PUBLISHED = {"bace": {"Hopfield, as published": (0.902, 0.023), "random forest, as published": (0.890, None)},
             "sider": {"Hopfield, as published": (0.672, 0.019), "random forest, as published": (0.646, None)}}  # arXiv 2008.02217
BITS = "ecfp", "maccs", "f"


def is_bit(name):
    return any(name.startswith(kind) and name.removeprefix(kind).isdigit() for kind in BITS)


def find(folder, name):
    """folder/NAME.csv or NAME.csv.gz, or None."""
    return next((p for p in (os.path.join(folder, name + ending) for ending in (".csv", ".csv.gz")) if os.path.exists(p)), None)


# ---- tables ----

def read_rows(path):
    with open_text(path) as file:
        head, *rows = csv.reader(file)
    return head, rows


def write_table(path, head, rows):
    with gzip.open(path + ".tmp", "wt", encoding="utf-8", newline="", compresslevel=1) as file:
        csv.writer(file, lineterminator="\n").writerows([head, *rows])
    os.replace(path + ".tmp", path)


def join(folder, name, out):
    """One table of all bits, named ecfp… and maccs…; its path."""
    whole = find(folder, name)
    if whole:
        return whole
    pieces = {kind: find(folder, f"{name}_{kind}") for kind in ("ecfp", "maccs")}
    if not all(pieces.values()):
        raise Wrong(f"{folder}: holds neither {name}.csv nor both of {name}_ecfp.csv and {name}_maccs.csv (or .gz)")
    path = os.path.join(out, f"{name}.csv.gz")
    if os.path.exists(path) and all(os.stat(path).st_mtime_ns > os.stat(p).st_mtime_ns for p in pieces.values()):
        return path
    head, rows = read_rows(pieces["ecfp"])
    others, more = read_rows(pieces["maccs"])
    if [r[0] for r in rows] != [r[0] for r in more]:
        raise Wrong(f"{pieces['maccs']}: has other molecules than {pieces['ecfp']}, or in another order")
    first, second = (next(i for i, n in enumerate(h) if is_bit(n)) for h in (head, others))
    names = head[:first] + [f"ecfp{i:04}" for i in range(len(head) - first)] + [f"maccs{i:03}" for i in range(len(others) - second)]
    write_table(path, names, [r + m[second:] for r, m in zip(rows, more)])
    return path


def write_scaffolds(path, table, n):
    """Random splits that keep scaffolds together."""
    head, rows = read_rows(table)
    at = head.index("scaffold")
    splits = scaffold_splits([r[0] for r in rows], [r[at] for r in rows], n)
    lines = [["bag_id", *(f"split{k:02}" for k in range(n))]] + [[r[0], *(s[r[0]] for s in splits)] for r in rows]
    write_whole(path, "".join(",".join(line) + "\n" for line in lines))


def tasks_yaml(path, config, tasks):
    """The config with the tasks of a set; its own stand in it for another label."""
    lines = [f"base: {json.dumps(os.path.abspath(config))}", "tasks:"]
    lines += [f"  - {{name: {json.dumps(t)}, column: {json.dumps(t)}, kind: binary, positive: \"1\"}}" for t in tasks]
    text = "\n".join(lines) + "\n"
    if not os.path.exists(path) or open(path, encoding="utf-8").read() != text:
        write_whole(path, text)
    return path


# ---- runs ----

def columns_of(path, n):
    names = [name for name in header(path)[1:] if name.startswith("split")]
    if not names:
        raise Wrong(f"{path}: has no columns split00, …")
    return names[:n]


def model_scores(summary):
    """[mean AUC over tasks of each repetition]"""
    if "auc_mean_tasks_folds" in summary:
        return [folds[0] for folds in summary["auc_mean_tasks_folds"]]
    return [r["folds"][0]["auc"] for r in next(iter(summary["tasks"].values()))["repeats"]]


def run_models(args, steps, key, set_of, splits, columns):
    found = {}
    for model in args.models:
        name, config, *flags = shlex.split(model)
        own = tasks_yaml(steps.path(f"{name}.yaml"), config, set_of["tasks"])
        words = ["crossval", own, f"--data.path={set_of['data']}", f"--splits={splits}", f"--splits.columns={','.join(columns)}",
                 f"--seed={args.seed}", *flags, *(["--train.epochs=2"] if args.quick else [])]
        summary = load(os.path.join(steps.run(f"{key}-{name}", *words, reads=[set_of["data"], splits, own], resumes=True), "summary.json"))
        found[name] = {"scores": model_scores(summary), "seconds": summary["seconds"]}
    return found


def run_rivals(args, steps, key, set_of, splits, columns):
    """Those that only compare see ECFP alone."""
    found, maccs = {}, [n for n in set_of["bits"] if not n.startswith("ecfp")]
    compare = [m for m in args.rivals if m in ("svm-tanimoto", "association")]
    for name, methods, skip in (("compare", compare, maccs), ("learn", [m for m in args.rivals if m not in compare], [])):
        if not methods or not args.python:
            continue
        words = [f"--labels={json.dumps(set_of['tasks'])}", f"--skip={','.join(['smiles', 'scaffold', *skip])}", f"--splits={splits}",
                 "--score=auc", f"--trees={args.trees}"]
        result = rivals(args.python, [set_of["table"]], steps.path(f"{key}-{name}.json"), methods, columns, words)
        for method in methods:
            values = [[s for s in result[method][c]["scores"] if s is not None] for c in columns]
            found[method] = {"scores": [sum(v) / len(v) if v else None for v in values], "seconds": sum(result[method][c]["seconds"] for c in columns)}
    return found


def run_set(args, name):
    """{kind of splits: {method: {"scores", "seconds"}}}"""
    steps = Steps(os.path.join(args.out, name), args.hopsack, args.threads)
    table = join(args.folder, name, steps.folder)
    head = header(table)
    bits = [n for n in head if is_bit(n)]
    tasks = [n for n in head[1:] if n not in ("smiles", "scaffold") and not is_bit(n)]
    data = steps.run("data.h5", "import", "--format=table", "--label=none", "--labels=" + ",".join(tasks), "--skip=smiles,scaffold", "--allow-leak",
                     table, reads=[table])
    set_of = {"table": table, "data": data, "bits": bits, "tasks": tasks}
    kinds = {"random": os.path.join(args.folder, f"{name}_splits.csv")}
    if args.scaffold and "scaffold" in head:
        kinds["scaffold"] = steps.path("scaffold_splits.csv")
        write_scaffolds(kinds["scaffold"] + ".new", table, args.scaffold)
        keep_if_same(kinds["scaffold"])
    found = {}
    for key, splits in kinds.items():
        columns = columns_of(splits, args.n_splits if key == "random" else args.scaffold)
        found[key] = {**run_models(args, steps, key, set_of, splits, columns), **run_rivals(args, steps, key, set_of, splits, columns)}
        say(f"{name}, {key}: " + ", ".join(f"{m} {cell(spread(f['scores']))}" for m, f in found[key].items()))
    return found


def keep_if_same(path):
    """A new file replaces the old one only where it differs, so that runs on it count as done."""
    new = path + ".new"
    if os.path.exists(path) and open(path, encoding="utf-8").read() == open(new, encoding="utf-8").read():
        os.remove(new)
    else:
        os.replace(new, path)


# ---- tables ----

def report(args, results, missing):
    lines = ["# Molecules\n\n"]
    if args.quick:
        lines.append("**A quick look: two epochs, few trees and splits. These figures say nothing about the models.**\n\n")
    for name, kinds in results.items():
        for key, methods in kinds.items():
            lines += [f"## {name}, {key} splits: {len(next(iter(methods.values()))['scores'])}\n\n", row(["method", "AUC", "seconds"]),
                      row(["---"] * 3)]
            lines += [row([WORDS.get(m, m), cell(spread(f["scores"])), f"{f['seconds']:.0f}"]) for m, f in methods.items()]
            if key == "random":
                lines += [row([f"*{m}*", cell(pair), ""]) for m, pair in PUBLISHED.get(name, {}).items()]
            lines.append("\n")
    lines.append("AUC of the test molecules, the mean over tasks where there are several: mean and standard deviation over splits. In italics: figures of "
                 "arXiv 2008.02217, on splits of its own. Seconds: of all trainings.\n")
    if missing:
        lines.append("\n## Not run\n\n" + "".join(f"* {name}: {why}\n" for name, why in missing.items()))
    return "".join(lines)


def write_results(args, results, missing):
    rows = [[name, key, method, k, score] for name, kinds in results.items() for key, methods in kinds.items() for method, f in methods.items()
            for k, score in enumerate(f["scores"])]
    write_rows(os.path.join(args.out, "results.tsv"), ["set", "splits", "method", "split", "auc"], rows)
    text = report(args, results, missing)
    write_whole(os.path.join(args.out, "RESULTS.md"), text)
    return text


# ---- all of it ----

def usual_models():
    paths = {name: os.path.join(ROOT, "configs", file) for name, file in CONFIGS.items()}
    return [f"{name} {path}" for name, path in paths.items() if os.path.exists(path)]


def read_args(words):
    parser = argparse.ArgumentParser(prog="reproduce molecules", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", dest="out", default=os.path.join(ROOT, "runs/molecules"), metavar="OUT")
    parser.add_argument("--from", dest="folder", required=True, metavar="FOLDER")
    parser.add_argument("--sets", default="bace,sider", metavar="NAME,NAME")
    parser.add_argument("--n-splits", type=int, default=50)
    parser.add_argument("--scaffold", type=int, default=10, metavar="N", help="number of splits by scaffold; 0: none")
    parser.add_argument("--model", dest="models", action="append", metavar="'NAME CONFIG FLAG…'")
    parser.add_argument("--rivals", default="forest,svm-tanimoto,association", help="of scripts/table_rivals.py, with commas")
    parser.add_argument("--trees", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="two epochs, two splits, 20 trees, into OUT/quick, to see that it works")
    parser.add_argument("--hopsack", default=os.path.join(ROOT, "build/src/cli/hopsack"), metavar="PATH")
    args = parser.parse_args(words)
    args.rivals = [word for word in args.rivals.split(",") if word]
    args.models = args.models or usual_models()
    if any(len(shlex.split(model)) < 2 for model in args.models):
        parser.error("--model wants a name and a config, and flags behind them")
    if args.quick:
        args.trees, args.n_splits, args.scaffold = min(args.trees, 20), min(args.n_splits, 2), min(args.scaffold, 2)
        args.out = os.path.join(args.out, "quick")
    return args


def main(words):
    args = read_args(words)
    results, missing, code = {}, {}, 0
    args.python = forest_python(["numpy", "sklearn"]) if args.rivals else None
    if args.rivals and not args.python:
        missing["rivals"] = "need scikit-learn (Debian: python3-sklearn)"
    try:
        os.makedirs(args.out, exist_ok=True)
        for name in args.sets.split(","):
            try:
                results[name] = run_set(args, name)
            except (Wrong, Failed, FileNotFoundError) as wrong:
                missing[name], code = str(wrong), 3
                say(f"{name}: {wrong}")
        if not results:
            raise Wrong("nothing could be run")
        print(write_results(args, results, missing), end="")
    except (Wrong, OSError) as wrong:
        say(wrong)
        return 3
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
