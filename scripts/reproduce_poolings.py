# SPDX-License-Identifier: MIT
"""All pooling kinds on the same folds: `hopsack crossval` with configs/mil.yaml, in which the pooling alone is another.

    scripts/reproduce poolings [--from=FOLDER] [-o OUT]

Datasets and folds are found as for `scripts/reproduce mil`. Each kind has its default settings, but for `hopfield`, which
mil.yaml sets, and its variants, which differ from that in one setting. Nothing was chosen by these folds. A run is one
column of folds with one initial seed. OUT gets every run and RESULTS.md. Started again it goes on where it was."""
import argparse
import os

FAMILY = {
    "hopfield": ["--model.pooling.kind=hopfield"],
    "attention": ["--model.pooling.kind=attention"],
    "gated": ["--model.pooling.kind=gated"],
    "additive": ["--model.pooling.kind=additive"],
    "logsumexp": ["--model.pooling.kind=logsumexp"],
    "mean": ["--model.pooling.kind=mean"],
    "max": ["--model.pooling.kind=max"],
    "attention, entmax15": ["--model.pooling.kind=attention", "--model.pooling.normalizer=entmax15"],
    "hopfield, sparsemax": ["--model.pooling.normalizer=sparsemax"],
    "hopfield, entmax15": ["--model.pooling.normalizer=entmax15"],
    "hopfield, distance": ["--model.pooling.similarity=distance"],
    "hopfield, tanimoto, β 10": ["--model.pooling.similarity=tanimoto", "--model.pooling.beta=10"],
}


def read_args(words, root):
    parser = argparse.ArgumentParser(prog="reproduce poolings", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", dest="out", default=os.path.join(root, "runs/poolings"), metavar="OUT")
    parser.add_argument("--from", dest="folder", metavar="FOLDER", help="datasets, and splits/ below; else they are downloaded")
    parser.add_argument("--sets", default="tiger,elephant,musk1", metavar="NAME,NAME")
    parser.add_argument("--splits", default="cv5x10", choices=["cv5x10", "skf10", "drawn"], help="kind of folds")
    parser.add_argument("--columns", type=int, default=1, metavar="N", help="the first N columns of the file of folds")
    parser.add_argument("--seeds", default="0,1,2", help="initial seeds")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="two epochs: to see that it works")
    parser.add_argument("--hopsack", default=os.path.join(root, "build/src/cli/hopsack"), metavar="PATH")
    args = parser.parse_args(words)
    if not all(s.isdigit() for s in args.seeds.split(",")):
        parser.error("--seeds wants numbers, as 0,1,2")
    args.seeds = [int(s) for s in args.seeds.split(",")][:1 if args.quick else None]
    args.splits = [args.splits]
    args.out = os.path.join(args.out, "quick") if args.quick else args.out
    args.data = os.path.join(args.out, "data")
    args.config = os.path.join(root, "configs/mil.yaml")
    return args


def file_name(kind):
    return "".join(c if c.isalnum() else "-" for c in kind).replace("--", "-")


def run_kind(args, tools, name, kind, splits):
    """The summaries of all seeds."""
    key, settings, _ = splits
    found, seconds = [], 0
    for seed in args.seeds:
        folder = os.path.join(args.out, name, f"{key}-{file_name(kind)}-seed{seed}")
        seconds += tools.crossval(args, name, folder, args.config, [*settings, *FAMILY[kind]], seed, 1)
        found.append(tools.load(os.path.join(folder, "summary.json")))
    tools.say(f"{name}, {kind}: {seconds:.1f} s")
    return found


def report(args, tools, results, columns):
    names = list(results)
    yield "# Poolings on the same folds\n\nAUC of test bags, mean ± standard deviation over runs.\n\n"
    if args.quick:
        yield "**A quick look: two epochs. These figures say nothing about the poolings.**\n\n"
    yield tools.row(["pooling", *names]) + tools.row(["---"] * (len(names) + 1))
    for kind in FAMILY:
        figures = [results[name].get(kind) for name in names]
        if any(figures):
            yield tools.row([kind, *(tools.cell(f and (f["auc_mean"], f["auc_std"])) for f in figures)])
    for name in names:
        yield (f"\n{name}: " + tools.SPLIT_WORDS[args.splits[0]].format(columns=", ".join(columns[name])).replace("NAME", name) +
               f"; initial seeds {', '.join(map(str, args.seeds))}.\n")


def run_all(args, tools):
    tools.check_built(args)
    os.makedirs(args.data, exist_ok=True)
    names, missing = tools.fetch(args)
    results, columns = {name: {} for name in names}, {}
    for kind in FAMILY:
        for name in names:
            splits = tools.splits_of(args, name)
            if not splits:
                missing[name] = "no file of such folds"
                continue
            columns[name] = splits[0][2]
            results[name][kind] = tools.figures(run_kind(args, tools, name, kind, splits[0]))
        found = {name: of for name, of in results.items() if of}
        text = "".join(report(args, tools, found, columns))
        tools.write_whole(os.path.join(args.out, "RESULTS.md"), text)
    print(text, end="")
    for name, why in missing.items():
        tools.say(f"not run: {name}: {why}")
    return 0 if found and not missing else 3


def main(words, tools):
    args = read_args(words, tools.ROOT)
    try:
        return run_all(args, tools)
    except (tools.Wrong, OSError) as wrong:
        tools.say(wrong)
        return 3
