# SPDX-License-Identifier: MIT
"""What the parts of scripts/reproduce on tables share."""
import csv
import gzip
import json
import math
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Wrong(Exception):
    pass


def say(words):
    print(f"reproduce: {words}", file=sys.stderr, flush=True)


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def write_whole(path, text):
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".tmp", path)


def write_rows(path, head, rows):
    """A table with tabs; None is an empty cell."""
    lines = ["\t".join(map(str, head))] + ["\t".join("" if c is None else str(c) for c in cells) for cells in rows]
    write_whole(path, "\n".join(lines) + "\n")


def open_text(path):
    return gzip.open(path, "rt", encoding="utf-8", newline="") if path.endswith(".gz") else open(path, encoding="utf-8", newline="")


def header(path):
    with open_text(path) as file:
        return next(csv.reader(file, delimiter="\t" if ".tsv" in path else ","), [])


def table_files(folder, column):
    """{name: path} of folder/NAME.csv and NAME.csv.gz that have the column, sorted by name."""
    if not os.path.isdir(folder):
        raise Wrong(f"{folder}: there is no such folder")
    found = {}
    for name in sorted(os.listdir(folder)):
        stem = name.removesuffix(".gz").removesuffix(".csv")
        if stem != name.removesuffix(".gz") and column in header(os.path.join(folder, name)):
            found[stem] = os.path.join(folder, name)
    if not found:
        raise Wrong(f"{folder}: holds no table (NAME.csv or NAME.csv.gz) with a column '{column}'")
    return dict(sorted(found.items()))


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def spread(values):
    """Mean and standard deviation (divisor n - 1; None: of one value), without those that are None."""
    values = [v for v in values if v is not None]
    if not values:
        return None, None
    middle = mean(values)
    return middle, math.sqrt(sum((v - middle) ** 2 for v in values) / (len(values) - 1)) if len(values) > 1 else None


def cell(pair, digits=3):
    if pair[0] is None:
        return "–"
    return f"{pair[0]:.{digits}f}" + (f" ± {pair[1]:.{digits}f}" if pair[1] is not None else "")


def row(cells):
    return "| " + " | ".join(cells) + " |\n"


def forest_python(modules):
    """A Python that has them, or None."""
    for python in dict.fromkeys([sys.executable, "/usr/bin/python3"]):
        try:
            done = subprocess.run([python, "-c", "import " + ", ".join(modules)], stderr=subprocess.DEVNULL, check=False)
        except OSError:
            continue
        if done.returncode == 0:
            return python
    return None


def is_whole(found, methods, columns):
    return all(column in found.get(method, {}) for method in methods for column in columns)


def rivals(python, tables, out, methods, columns, words):
    """The results of scripts/table_rivals.py, which goes on with what is there."""
    if os.path.exists(out) and is_whole(load(out), methods, columns):
        return load(out)
    command = [python, os.path.join(ROOT, "scripts/table_rivals.py"), *tables, f"--methods={','.join(methods)}", f"--columns={','.join(columns)}",
               *words, "-o", out]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Wrong((done.stderr.strip().splitlines() or ["table_rivals.py failed"])[-1].removeprefix("table_rivals.py: "))
    return load(out)
