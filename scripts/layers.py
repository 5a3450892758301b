#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds src/ to its ground plan: who may include whom. Tests that no meson.build lists, which would never run, are found too.

            cli
             |
           study            Arrows point down only. What lies further below may be used too.
             |
           train
           /   \\
       model   data         These two never see each other; they meet in core/bag.h.
         |       |
        nn       |
          \\     /
           core

    layers.py [ROOT]        checks the tree at ROOT (default: the one this script lies in), prints what is broken
    layers.py --self-test   plants every fault in a small tree and checks that it is found
"""
import re
import sys
import tempfile
from pathlib import Path

BELOW = {
    "core": [],
    "nn": ["core"],
    "model": ["nn", "core"],
    "data": ["core"],
    "train": ["model", "nn", "data", "core"],
    "study": ["train", "model", "nn", "data", "core"],
    "cli": ["study", "train", "model", "nn", "data", "core"],
}
# A library that only these files may call; the rest goes through them.
KEEPERS = {
    "hdf5.h": ["data/h5base.h"],
    "cblas.h": ["core/blas.c"],
    "omp.h": ["core/parallel.c", "core/blas.c"],
}
DOOR = "hopsack.h"  # the public header, the only file directly in src/
TEST = re.compile(r"(test|check)_(\w+)\.(c|py|sh)")  # a test's file in tests/FOLDER
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+(["<])([^">]+)[">]', re.MULTILINE)


def sources(folder):
    return sorted(p for p in folder.rglob("*") if p.suffix in (".c", ".h") and p.is_file())


def includes(path):
    """[(system, name)] of a file's #include lines."""
    return [(kind == "<", name) for kind, name in INCLUDE.findall(path.read_text(encoding="utf-8"))]


def is_made(src, name):
    """Is a header that is not in the tree made by its folder's meson.build?"""
    folder, _, base = name.rpartition("/")
    build = src / folder / "meson.build"
    return build.is_file() and f"'{base}'" in build.read_text(encoding="utf-8")


def wrong_place(name):
    parts = name.split("/")
    if parts == [DOOR]:
        return None
    if len(parts) != 2 or parts[0] not in BELOW:
        return f"src/{name}: lies outside the plan; its folders are {' '.join(BELOW)}"
    return None


def wrong_arrow(src, name, target):
    """Why file `name` may not include `target`, both relative to src/; None if it may."""
    own, other = name.split("/")[0], target.split("/")[0]
    if "/" not in target or other not in BELOW:
        return f"src/{name}: includes \"{target}\", which is not folder/file of the plan"
    if own in BELOW and other != own and other not in BELOW[own]:
        return f"src/{name}: includes \"{target}\": {own} may not use {other}"
    if not (src / target).is_file() and not is_made(src, target):
        return f"src/{name}: includes \"{target}\", which does not exist"
    return None


def find_cycles(graph):
    """Cycles of a graph {name: [name]}, each found once."""
    cycles, done = [], set()

    def walk(name, path):
        if name in path:
            cycles.append(path[path.index(name):] + [name])
            return
        if name in done:
            return
        for target in graph.get(name, []):
            walk(target, path + [name])
        done.add(name)

    for name in sorted(graph):
        walk(name, [])
    return cycles


def same_names(root):
    seen = {}
    for folder in ("src", "tests"):
        for path in sources(root / folder):
            seen.setdefault(path.name, []).append(str(path.relative_to(root)))
    return [f"{' and '.join(paths)}: one name for several files" for paths in seen.values() if len(paths) > 1]


def unlisted(root):
    """Tests that their folder's meson.build names neither as a file nor by what stands behind test_."""
    broken = []
    for path in sorted((root / "tests").glob("*/*")):
        test = TEST.fullmatch(path.name)
        build = path.parent / "meson.build"
        listed = build.read_text(encoding="utf-8") if build.is_file() else ""
        if path.parent.name == "support":  # their list is in the folder above
            listed = (root / "tests/meson.build").read_text(encoding="utf-8")
        if test and f"'{path.name}'" not in listed and f"'{test[2]}'" not in listed:
            broken.append(f"{path.relative_to(root)}: no meson.build lists it, so it never runs")
    return broken


def check(root):
    """What is broken in the tree, a line each."""
    src, broken, graph = root / "src", [], {}
    for path in sources(src):
        name = path.relative_to(src).as_posix()
        place = wrong_place(name)
        if place:
            broken.append(place)
        graph[name] = []
        for system, target in includes(path):
            if system:
                if name not in KEEPERS.get(target, [name]):
                    broken.append(f"src/{name}: includes <{target}>, which only {' and '.join(KEEPERS[target])} may")
                continue
            graph[name].append(target)
            arrow = wrong_arrow(src, name, target)
            if arrow:
                broken.append(arrow)
    broken += ["cycle: " + " -> ".join(cycle) for cycle in find_cycles(graph)]
    return broken + same_names(root) + unlisted(root)


# ---- self-test ----

SOUND = {
    "src/core/bag.h": "#include <stdint.h>\n",
    "src/core/blas.c": "#include <cblas.h>\n",
    "src/nn/linear.h": '#include "core/bag.h"\n',
    "src/model/mil.h": '#include "core/bag.h"\n#include "nn/linear.h"\n',
    "src/model/mil.c": '#include "model/mil.h"\n',
    "src/data/meson.build": "custom_target(output: 'numbers.h')\n",
    "src/data/h5base.h": '#include <hdf5.h>\n#include "core/bag.h"\n#include "data/numbers.h"\n',
    "src/data/h5.h": "",
    "src/train/loop.c": '#include "model/mil.h"\n  #  include "data/h5.h"\n#include "nn/linear.h"\n',
    "src/cli/main.c": '#include "core/bag.h"\n/* #include "none/such.h" in words */\n',
    "src/hopsack.h": "",
    "tests/nn/test_linear.c": '#include "nn/linear.h"\n',
    "tests/nn/meson.build": "unit_tests += [['nn', 'linear']]\n",
    "tests/cli/harness.py": "",
    "tests/cli/test_help.py": "",
    "tests/cli/meson.build": "test('cli_help', python, args: [files('test_help.py')])\n",
}
FAULTS = [  # (file, content, words of the complaint)
    ("src/core/rng.h", '#include "data/h5.h"\n', "core may not use data"),
    ("src/nn/selu.h", '#include "model/mil.h"\n', "nn may not use model"),
    ("src/data/table.h", '#include "nn/linear.h"\n', "data may not use nn"),
    ("src/data/table.h", '#include "model/mil.h"\n', "data may not use model"),
    ("src/model/pool.c", '#include "data/h5.h"\n', "model may not use data"),
    ("src/train/job.c", '#include "cli/print.h"\n', "train may not use cli"),
    ("src/study/report.c", '#include "cli/print.h"\n', "study may not use cli"),
    ("src/core/rng.h", '#include "bag.h"\n', "not folder/file of the plan"),
    ("src/core/rng.h", '#include "core/lost.h"\n', "does not exist"),
    ("src/core/rng.h", '#include "../core/bag.h"\n', "not folder/file of the plan"),
    ("src/core/bag.h", '#include "core/rng.h"\n', "cycle: core/bag.h -> core/rng.h -> core/bag.h"),
    ("src/train/linear.h", "", "one name for several files"),
    ("tests/core/mil.c", "", "one name for several files"),
    ("src/stray.c", "", "outside the plan"),
    ("src/extra/thing.c", "", "outside the plan"),
    ("src/nn/deep/thing.c", "", "outside the plan"),
    ("src/train/read.c", "#include <hdf5.h>\n", "which only data/h5base.h may"),
    ("tests/nn/test_selu.c", "", "no meson.build lists it"),
    ("tests/cli/test_import.py", "", "no meson.build lists it"),
    ("tests/cli/check_import.py", "", "no meson.build lists it"),
    ("src/nn/product.c", "#include <cblas.h>\n", "which only core/blas.c may"),
]


def plant(root, files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def self_test():
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        plant(Path(folder), SOUND)
        failures += [f"a sound tree is called broken: {line}" for line in check(Path(folder))]
    for name, content, words in FAULTS:
        with tempfile.TemporaryDirectory() as folder:
            files = dict(SOUND)
            if words.startswith("cycle"):
                files["src/core/rng.h"] = '#include "core/bag.h"\n'
            files[name] = content
            plant(Path(folder), files)
            if not any(words in line for line in check(Path(folder))):
                failures.append(f"not found: {name} with {content!r} ({words})")
    return failures


def main(arguments):
    if arguments == ["--self-test"]:
        broken, what = self_test(), f"{len(FAULTS)} planted faults"
    else:
        root = Path(arguments[0] if arguments else Path(__file__).resolve().parent.parent)
        broken, what = check(root), f"{len(sources(root / 'src'))} files"
        if not sources(root / "src"):
            broken.append(f"{root}: holds no src/")
    for line in broken:
        print(line)
    print(f"layers: {what}, {len(broken)} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
