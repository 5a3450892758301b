# SPDX-License-Identifier: MIT
"""Simulated repertoires: the questions of the AIRR-ML challenge and DeepRC's simulated columns.

    scripts/reproduce repertoires [-o OUT] [--sets=NAME,NAME] [--network] [--permute=N] [--results=FILE] [--quick]

Each config of configs/airrml and configs/simulated is one question: `hopsack simulate` makes its cohort, `hopsack baseline` runs
the rivals, --network also `hopsack crossval` with configs/repertoire.yaml (--config), and `hopsack stack` chooses among them inside
the folds: all on the same folds. With --inner=0 the network takes a sixth of the time and stands beside the stack. Where a config has
a shifted test cohort, all models of the folds predict it. Ranked sequences are compared with the truth of the simulator. The tables go
to OUT/RESULTS-repertoires.md, the figures to OUT/results.json; a run of all questions writes the tables to
datasets/RESULTS-repertoires.md too (--results). Started again it goes on where it was.
--quick: small cohorts, few rivals, 3 folds, into OUT/quick, to see that it works."""
import argparse
import glob
import json
import os
import platform
import re
import subprocess
import sys

import airrml_ranks
import airrml_score
from airrml_score import Wrong, read_table
from hopsack_steps import Failed, Steps
from table_steps import load, say, write_whole

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDERS = {"airrml": "Questions of the AIRR-ML challenge", "simulated": "Simulated columns of DeepRC's table"}
N_RANKED = 50000
QUICK = {"simulate": ["--simulate.n_bag=36", "--simulate.n_seq=150", "--simulate.test.n_bag=12"],
         "methods": ["nuisance", "kmer-3", "clones"], "ranked": 200, "folds": ["--splits.n_fold=3"],
         "network": ["--train.updates=20", "--train.evaluate_every=10", "--model.embedder.n_kernel=4"]}
HEAD = ["method", "AUC", "± folds", "95 % interval", "inner AUC", "folds of the stack", "batches left out", "permuted over batches", "p",
        "balanced accuracy", "test AUC", "test balanced accuracy", "Jaccard", "average precision", "seconds"]


# ---- questions ----

def questions(args):
    """{name: path of its config} in the order of the folders."""
    found = {}
    for folder in FOLDERS:
        for path in sorted(glob.glob(os.path.join(args.configs, folder, "*.yaml")), key=by_number):
            found[f"{folder}/{os.path.basename(path)[:-5]}"] = path
    wanted = args.sets.split(",") if args.sets else list(found)
    names = {name.split("/")[1]: name for name in found}
    for name in wanted:
        if name not in found and name not in names:
            raise Wrong(f"--sets: there is no config {name}.yaml; there are {', '.join(found) or 'none'}")
    return {n: found[n] for n in found if n in wanted or n.split("/")[1] in wanted}


def by_number(path):
    """motif-5 before motif-20."""
    name = os.path.basename(path)[:-5]
    return re.sub(r"[\d.]+", "", name), [float(n) for n in re.findall(r"\d+(?:\.\d+)?", name)]


def first_comment(path):
    """What a config says of itself: its first lines, without commands."""
    lines = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            if not line.startswith("# ") or line.startswith("#  "):
                break
            lines.append(line[2:].strip())
    return " ".join(lines)


# ---- runs ----

def columns_of(args, data):
    """Label columns of a dataset."""
    done = subprocess.run([args.hopsack, "inspect", data, "--json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)
    try:
        return [c if isinstance(c, str) else c.get("name", "") for c in json.loads(done.stdout).get("columns", [])]
    except ValueError:
        raise Wrong(f"{data}: hopsack inspect says no JSON: {done.stderr.strip()}") from None


class Question:
    def __init__(self, args, name, config):
        self.args, self.name, self.config = args, name, config
        self.steps = Steps(os.path.join(args.out, name), args.hopsack, args.threads, lambda words: say(f"{name}: {words}"))
        self.data, self.test = self.steps.path("data.h5"), self.steps.path("data.test.h5")
        self.truth = self.steps.path("data.truth.tsv.gz")

    def run(self):
        args = self.args
        quick = args.quick
        self.simulate()
        columns = columns_of(args, self.data)
        batch = ["--batch-column=batch"] if "batch" in columns else []
        same = [f"--target={args.target}", f"--seed={args.seed}", *batch, *([f"--permute={args.permute}"] if args.permute else [])]
        methods = args.method or (QUICK["methods"] if quick else [])
        rivals = self.steps.run("rivals", "baseline", self.data, *same, f"--important={QUICK['ranked'] if quick else N_RANKED}",
                                *(f"--method={m}" for m in methods), *(QUICK["folds"] if quick else []), reads=[self.data])
        network = [self.run_network(rivals, same)] if args.network else []
        sources = [rivals, *(network if args.inner else [])]
        stack = self.steps.run("stack", "stack", *sources, reads=sources)
        return self.figures(rivals, network, stack)

    def simulate(self):
        small = QUICK["simulate"] if self.args.quick else []
        self.steps.run("data.h5", "simulate", self.config, *small, "--json", f"--seed={self.args.seed}", reads=[self.config])

    def known_motif(self):
        """Methods that know what was planted, as the simulator scores them."""
        made = self.steps.record("data.h5").get("json", {})
        found, shifted = made.get("known_motif") or {}, made.get("test", {}).get("known_motif") or {}
        return {f"known motif, {words}": {**cross_validated({"auc_mean": found[key]}), "test_auc": shifted.get(key)}
                for key, words in (("auc_presence", "present"), ("auc_share", "share")) if found.get(key) is not None}

    def run_network(self, rivals, same):
        splits = os.path.join(rivals, "splits.tsv")
        return self.steps.run("network", "crossval", self.args.config, f"--data.path={self.data}", f"--splits={splits}",
                              *([f"--inner={self.args.inner}"] if self.args.inner else []), *same, *(QUICK["network"] if self.args.quick else []), reads=[self.data, splits], resumes=True)

    def figures(self, rivals, network, stack):
        """{method: figures}"""
        summary = load(os.path.join(rivals, "summary.json"))
        found = {name: self.figures_of(name, os.path.join(rivals, name)) for name in summary["methods"]}
        found.update({"network": self.figures_of("network", path) for path in network})
        found.update(stack=self.figures_of("stack", stack), **self.known_motif())
        rows, _ = airrml_ranks.of_stack(rivals, stack, self.args.target, N_RANKED)
        found["stack"].update(against_truth([r[:1] for r in rows], self.truth))
        for name, column in task_of(load(os.path.join(stack, "summary.json")), self.args.target)["columns"].items():
            if name in found:
                found[name].update(inner_auc=column.get("inner_mean"), in_stack=column.get("n_chosen"))
        times = {step: self.steps.record(step) for step in ("data.h5", "rivals", "network", "stack")}
        return {"about": first_comment(self.config), "methods": found, "left_out": summary.get("left_out") or {}, "steps": {
            k: {f: r.get(f) for f in ("seconds", "cpu_seconds", "peak_mb")} for k, r in times.items() if r}}

    def figures_of(self, name, folder):
        task = task_of(load(os.path.join(folder, "summary.json")), self.args.target)
        return {**cross_validated(task), **self.shifted(name, folder), **ranking(os.path.join(folder, "important_sequences.tsv"), self.truth)}

    def shifted(self, name, folder):
        """Scores of all models of the folds on the shifted test cohort."""
        if not os.path.exists(self.test):
            return {}
        path = self.steps.run(f"test-{name}.tsv", "predict", folder, self.test, reads=[folder, self.test])
        rows = [r for r in read_table(path)[1] if r["task"] == self.args.target and r["target"]]
        labels = [float(r["target"]) > 0.5 for r in rows]
        probable = [float(r["probability"] or "nan") for r in rows]
        return {"test_auc": airrml_score.roc_auc([float(r["output"]) for r in rows], labels),
                "test_balanced_accuracy": airrml_score.balanced_accuracy(probable, labels) if all(p == p for p in probable) else None}


def task_of(summary, target):
    tasks = summary["tasks"]
    return tasks.get(target) or next(iter(tasks.values()))


def cross_validated(task):
    """Of a summary's task; what was not run is None."""
    out, permuted, batches = (task.get(k) or {} for k in ("leave_batch_out", "permuted", "batch_permuted"))
    return {"auc_mean": task.get("auc_mean"), "auc_std_folds": task.get("auc_std_folds"), "auc_ci95": task.get("auc_ci95"),
            "leave_batch_out": out.get("auc_mean"),
            "batch_permuted": batches.get("auc_mean"), "p": permuted.get("p"), "balanced_accuracy": task.get("bacc_mean"),
            "seconds": task.get("seconds")}


def ranking(path, truth):
    """Of a method that ranks sequences."""
    return against_truth([(r["junction_aa"],) for r in read_table(path)[1]], truth) if os.path.exists(path) else {}


def against_truth(ranked, truth):
    """Jaccard index and average precision against the carriers of the simulator, by junction."""
    if not ranked or not os.path.exists(truth):
        return {}
    head, rows = read_table(truth)
    true = {(r["junction_aa"],) for r in rows if r["junction_aa"]} if "junction_aa" in head else set()
    return {"n_true": len(true), "jaccard": airrml_score.jaccard(ranked, true),
            "average_precision": airrml_score.average_precision(ranked, true)}


# ---- report ----

def number(value, form="{:.3f}"):
    return "–" if value is None else form.format(value)


def interval(pair):
    return f"{pair[0]:.3f} to {pair[1]:.3f}" if pair else "–"


def row(cells):
    return "| " + " | ".join(cells) + " |\n"


def table(head, rows):
    """Without columns that hold nothing."""
    kept = [i for i in range(len(head)) if i == 0 or any(r[i] != "–" for r in rows)]
    yield row([head[i] for i in kept]) + row(["---"] * len(kept))
    for r in rows:
        yield row([r[i] for i in kept])


def cells(name, f):
    chosen = f.get("in_stack")
    return [name, number(f["auc_mean"]), number(f["auc_std_folds"]), interval(f["auc_ci95"]), number(f.get("inner_auc")),
            "–" if chosen is None else str(chosen), *(number(f.get(key)) for key in (
                "leave_batch_out", "batch_permuted", "p", "balanced_accuracy", "test_auc", "test_balanced_accuracy", "jaccard",
                "average_precision")), number(f["seconds"], "{:.1f}")]


def overview(results):
    names = list(dict.fromkeys(m for r in results.values() for m in r["methods"]))
    yield "## AUC of all questions\n\n" + row(["question", *names]) + row(["---"] * (len(names) + 1))
    for question, r in results.items():
        found = [r["methods"].get(m) for m in names]
        yield row([question.split("/")[1], *(number(f and f["auc_mean"]) for f in found)])
    yield "\n"


def details(results):
    for folder, title in FOLDERS.items():
        here = {q: r for q, r in results.items() if q.startswith(folder + "/")}
        if here:
            yield f"## {title}\n\n"
        for question, r in here.items():
            yield f"### {question.split('/')[1]}\n\n" + (r["about"] + "\n\n" if r["about"] else "")
            yield from table(HEAD, [cells(m, f) for m, f in r["methods"].items()])
            yield "\n" + "; ".join(f"{k}: {number(s['seconds'], '{:.1f}')} s, {number(s['peak_mb'], '{:.0f}')} MB"
                                   for k, s in r["steps"].items()) + ".\n\n"
            yield "".join(f"* {name} was left out: {why}\n" for name, why in r["left_out"].items()) + "\n" * bool(r["left_out"])


def report(args, results, missing):
    lines = ["# Simulated repertoires\n\n"]
    if args.quick:
        lines.append("**A quick look: small cohorts and few methods. These figures say nothing about the methods.**\n\n")
    lines.append(f"Written by `scripts/reproduce repertoires{' --network' if args.network else ''}` with {args.version}, seed {args.seed}, on "
                 f"{platform.machine()} with {os.cpu_count()} cores. All methods of a question have the same folds. ± is the standard "
                 "deviation over folds; the interval resamples bags within the test folds. Jaccard index and average precision compare "
                 f"ranked sequences with the carriers that the simulator planted. Inner AUC is the mean over the inner folds, by which the stack "
                 "chooses in each fold. Seconds are those of all folds.\n\n")
    lines += [*overview(results), *details(results)] if results else ["Nothing could be run.\n"]
    if missing:
        lines.append("## Not run\n\n" + "".join(f"* {name}: {why}\n" for name, why in missing.items()))
    return "".join(lines).rstrip("\n") + "\n"


# ---- all of it ----

def read_args(words):
    parser = argparse.ArgumentParser(prog="reproduce repertoires", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", dest="out", default=os.path.join(ROOT, "runs/repertoires"), metavar="OUT")
    parser.add_argument("--sets", metavar="NAME,NAME", help="only these questions")
    parser.add_argument("--configs", default=os.path.join(ROOT, "configs"), metavar="FOLDER", help="folder of airrml/ and simulated/")
    parser.add_argument("--method", action="append", default=[], metavar="NAME", help="rival to run; without it the default ones")
    parser.add_argument("--network", action="store_true", help="the network as well")
    parser.add_argument("--config", default="repertoire", metavar="FILE", help="config of the network [repertoire]")
    parser.add_argument("--inner", type=int, default=5, metavar="K", help="inner folds of the network [5]; 0: none, so that the network stands beside the stack")
    parser.add_argument("--permute", type=int, default=0, metavar="N", help="permutations of the labels, for a p value [0]")
    parser.add_argument("--target", default="status", metavar="COLUMN", help="label column of the cohorts [status]")
    parser.add_argument("--seed", type=int, default=0, help="random seed [0]")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--results", metavar="FILE", help="the tables once more [datasets/RESULTS-repertoires.md after a run of all]")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--hopsack", default=os.path.join(ROOT, "build/src/cli/hopsack"), metavar="PATH")
    args = parser.parse_args(words)
    if args.quick:
        args.out = os.path.join(args.out, "quick")
    if not args.results and not (args.quick or args.sets or args.method):
        args.results = os.path.join(ROOT, "datasets/RESULTS-repertoires.md")
    return args


def version_of(args):
    try:
        return subprocess.run([args.hopsack, "--version"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=False).stdout.splitlines()[0]
    except (OSError, IndexError):
        raise Wrong(f"{args.hopsack} is missing: build hopsack first (scripts/quickstart does), or give --hopsack=PATH") from None


def write_results(args, results, missing):
    text = report(args, results, missing)
    write_whole(os.path.join(args.out, "results.json"), json.dumps({"quick": args.quick, "seed": args.seed, "version": args.version,
                                                                    "questions": results, "missing": missing}, indent=2) + "\n")
    write_whole(os.path.join(args.out, "RESULTS-repertoires.md"), text)
    return text


def main(words):
    args = read_args(words)
    results, missing = {}, {}
    try:
        args.version = version_of(args)
        found = questions(args)
        os.makedirs(args.out, exist_ok=True)
        for name, config in found.items():
            try:
                results[name] = Question(args, name, config).run()
            except (Wrong, Failed) as wrong:
                missing[name] = str(wrong)
                say(f"{name}: {wrong}")
            write_results(args, results, missing)
        text = write_results(args, results, missing)
        if args.results and not missing:
            write_whole(args.results, text)
    except (Wrong, OSError) as wrong:
        say(wrong)
        return 3
    print(text, end="")
    return 0 if results and not missing else 3
