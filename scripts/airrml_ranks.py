# SPDX-License-Identifier: MIT
"""One ranking of sequences from those of several methods, by what a stack made of the methods. Standard library only."""
import glob
import json
import os

from airrml_score import SEQUENCE, read_table

BLANK = "unknown"  # a gene that the tables do not name


def rankings(rivals):
    """{method: [(junction_aa, v_call, j_call)], the best first}"""
    found = {}
    for path in sorted(glob.glob(os.path.join(glob.escape(rivals), "*", "important_sequences.tsv"))):
        _, rows = read_table(path)
        found[os.path.basename(os.path.dirname(path))] = [tuple(r.get(c) or BLANK for c in SEQUENCE) for r in rows if r["junction_aa"]]
    return found


def carried(stack, target):
    """{method: weight} of those that the stack's folds took, and all methods, the better inner figure first."""
    with open(os.path.join(stack, "summary.json"), encoding="utf-8") as file:
        columns = json.load(file)["tasks"][target]["columns"]
    weight = {name: c.get("n_chosen", c.get("weight_mean")) or 0 for name, c in columns.items()}
    order = sorted(columns, key=lambda name: -(columns[name].get("inner_mean") or 0))
    return {name: w / (sum(weight.values()) or 1) for name, w in weight.items() if w > 0}, order


def weighted_ranks(lists, weight):
    """Sequences by the weighted mean of their ranks; one that a list has not comes behind its end."""
    total = {}
    for name, w in weight.items():
        for rank, row in enumerate(dict.fromkeys(lists[name])):
            total.setdefault(row, {})[name] = rank
    worst = {name: len(set(lists[name])) for name in weight}
    mean = {row: sum(w * ranks.get(name, worst[name]) for name, w in weight.items()) for row, ranks in total.items()}
    return sorted(mean, key=mean.__getitem__)  # stable: the order of the first list decides


def ranked(lists, carriers, others, n):
    """n rows: by the carriers {name: weight}; then by each of the others, in order."""
    rows = dict.fromkeys(weighted_ranks(lists, {k: w for k, w in carriers.items() if k in lists and w > 0}))
    for name in others:
        if len(rows) >= n:
            break
        rows.update(dict.fromkeys(lists[name]))
    return list(rows)[:n]


def fill(rows, more, n):
    """The list, and what the generator has, until there are n."""
    rows = dict.fromkeys(rows)
    for row in more:
        if len(rows) >= n:
            break
        rows.setdefault(row)
    return list(rows)


def of_stack(rivals, stack, target, n):
    """n rows at most, and the methods that carry the stack but rank no sequences."""
    lists = rankings(rivals)
    carriers, order = carried(stack, target)
    others = [name for name in order if name in lists] + [name for name in lists if name not in order]
    return ranked(lists, carriers, others, n), [name for name in carriers if name not in lists]
