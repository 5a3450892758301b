#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds src/ to its ground plan: who may include whom. Tests that no meson.build lists, which would never run, are found too.

    cli
     |
    study                Arrows point down only. A room may use what stands below it, further down too.
     |
    cv                   data/sequences, data/vectors, data/simulate and data/import stand beside the column: they know
     |                   data/bagfile, data/h5, data/text and core. Both kinds of bag, data/sequences and data/vectors,
    run                  know data/import, and data/matlab knows data/vectors. They are known to cli, and data/vectors
     |                   and data/simulate to run and what stands above it. data/arrays, files of other programs, knows
     |                   data/h5, data/text and core, and is known to study and cli.
    train                rival stands beside train, run and cv: it knows cohort and what is below, and only study and
     |                   cli know it. model and data never see each other; they meet in core/bag.h.
    cohort
     |       \\
    model    data/bagfile
     |        |        \\
    nn       data/h5    data/text
      \\      |        /
       core ------------

    layers.py [ROOT]        checks the tree at ROOT (default: the one this script lies in), prints what is broken
    layers.py --self-test   plants every fault in a small tree and checks that it is found
"""
import re
import sys
import tempfile
from pathlib import Path

FILES = ["core", "data/text", "data/h5", "data/bagfile"]
COHORT = FILES + ["nn", "model"]
TRAIN = COHORT + ["cohort"]
RUN = TRAIN + ["train", "data/vectors", "data/simulate"]
CV = RUN + ["run"]
STUDY = CV + ["cv", "rival", "data/arrays"]
BELOW = {
    "core": [],
    "nn": ["core"],
    "model": ["core", "nn"],
    "data/text": ["core"],
    "data/h5": ["core"],
    "data/arrays": ["core", "data/text", "data/h5"],
    "data/bagfile": ["core", "data/text", "data/h5"],
    "data/import": FILES,
    "data/sequences": FILES + ["data/import"],
    "data/vectors": FILES + ["data/import"],
    "data/simulate": FILES,
    "data/matlab": FILES + ["data/import", "data/vectors"],
    "cohort": COHORT,
    "train": TRAIN,
    "rival": TRAIN,
    "run": RUN,
    "cv": CV,
    "study": STUDY,
    "cli": STUDY + ["study", "data/import", "data/sequences", "data/matlab"],
}
# A library that only these files may call; the rest goes through them.
KEEPERS = {
    "hdf5.h": ["data/h5/h5base.h"],
    "matio.h": ["data/matlab/matfile.c", "data/matlab/matpart.c"],
    "cblas.h": ["core/blas.c"],
    "omp.h": ["core/parallel.c", "core/blas.c"],
    "zip.h": ["data/text/ziparchive.c"],
    "bzlib.h": ["data/text/bytecodec_bzip2.c"],
    "lzma.h": ["data/text/bytecodec_xz.c"],
    "zstd.h": ["data/text/bytecodec_zstd.c"],
}
DOOR = "hopsack.h"  # the public header, the only file directly in src/
TEST = re.compile(r"(test|check)_(\w+)\.(c|py|sh)")  # a test's file in tests/FOLDER
DEFINITION = re.compile(r"^(\w[\w \t*]*?[ *])(\w+)\([^;{}]*\)\s*\{", re.MULTILINE)  # at the left margin, with a body
CALL = re.compile(r"\b(\w+)\(")
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


def room_of(name):
    """The folder of a file relative to src/, with its wall: data/h5 of data/h5/h5.c."""
    return name.rpartition("/")[0]


def wrong_place(name):
    if name == DOOR or room_of(name) in BELOW:
        return None
    return f"src/{name}: lies outside the plan; its folders are {' '.join(BELOW)}"


def wrong_arrow(src, name, target):
    """Why file `name` may not include `target`, both relative to src/; None if it may."""
    own, other = room_of(name), room_of(target)
    if other not in BELOW:
        return f"src/{name}: includes \"{target}\", which is not folder/file of the plan"
    if own in BELOW and other != own and other not in BELOW[own]:
        return f"src/{name}: includes \"{target}\": {own} may not use {other}"
    if not (src / target).is_file() and not is_made(src, target):
        return f"src/{name}: includes \"{target}\", which does not exist"
    return None


def bare(text):
    """Source text without comments, texts and lines of the preprocessor."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.DOTALL)
    text = re.sub(r'"(\\.|[^"\\])*"', '""', text)
    return re.sub(r"^[ \t]*#(\\\n|[^\n])*", "", text, flags=re.MULTILINE)


def definitions(code):
    """[(is static, name)] of the functions that a .c file defines."""
    return [(line.startswith("static"), name) for line, name in DEFINITION.findall(code)]


def calls(src):
    """{file: [files]}: whose functions a .c file calls. A function is of the .c that defines it without `static`."""
    text = {p.relative_to(src).as_posix(): bare(p.read_text(encoding="utf-8")) for p in sources(src) if p.suffix == ".c"}
    home = {f: name for name, code in text.items() for is_static, f in definitions(code) if not is_static}
    graph = {}
    for name, code in text.items():
        own = {f for _, f in definitions(code)}
        graph[name] = sorted({home[f] for f in set(CALL.findall(code)) - own if f in home})
    return graph


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
    tests = root / "tests"
    for path in sorted(list(tests.glob("*/*")) + list(tests.glob("*/*/*"))):
        test = TEST.fullmatch(path.name)
        build = path.parent / "meson.build"
        if len(path.relative_to(tests).parts) == 3:  # a room's list is in the folder above
            build = path.parent.parent / "meson.build"
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
    called = calls(src)
    for name, targets in called.items():
        broken += [f"src/{name}: calls {target}: {room_of(name)} may not use {room_of(target)}" for target in targets
                   if room_of(target) != room_of(name) and room_of(target) not in BELOW.get(room_of(name), [])]
    broken += ["cycle: " + " -> ".join(cycle) for cycle in find_cycles(graph)]
    broken += ["circle of calls: " + " -> ".join(cycle) for cycle in find_cycles(called)]
    return broken + same_names(root) + unlisted(root)


# ---- self-test ----

SOUND = {
    "src/core/bag.h": "#include <stdint.h>\n",
    "src/core/blas.c": "#include <cblas.h>\n",
    "src/nn/linear.h": '#include "core/bag.h"\n',
    "src/model/mil.h": '#include "core/bag.h"\n#include "nn/linear.h"\n',
    "src/model/mil.c": '#include "model/mil.h"\n',
    "src/data/h5/meson.build": "custom_target(output: 'numbers.h')\n",
    "src/data/h5/h5base.h": '#include <hdf5.h>\n#include "core/bag.h"\n#include "data/h5/numbers.h"\n',
    "src/data/h5/h5.h": "",
    "src/data/h5/h5.c": "Status h5_open(int file)\n{\n    return base(file);\n}\nstatic int base(int x)\n{\n    return x;\n}\n",
    "src/train/loop.c": '#include "model/mil.h"\n  #  include "data/h5/h5.h"\n#include "nn/linear.h"\n'
                        'int loop_run(void)\n{\n    return h5_open(1); /* job_run() */\n}\n',
    "src/run/job.c": 'int job_run(void)\n{\n    return loop_run();\n}\n',
    "src/cli/main.c": '#include "core/bag.h"\n/* #include "none/such.h" in words */\n',
    "src/hopsack.h": "",
    "tests/nn/test_linear.c": '#include "nn/linear.h"\n',
    "tests/nn/meson.build": "unit_tests += [['nn', 'linear']]\n",
    "tests/cli/harness.py": "",
    "tests/cli/test_help.py": "",
    "tests/cli/meson.build": "test('cli_help', python, args: [files('test_help.py')])\n",
}
FAULTS = [  # (file, content, words of the complaint)
    ("src/core/rng.h", '#include "data/h5/h5.h"\n', "core may not use data/h5"),
    ("src/nn/selu.h", '#include "model/mil.h"\n', "nn may not use model"),
    ("src/data/text/table.h", '#include "nn/linear.h"\n', "data/text may not use nn"),
    ("src/data/bagfile/bagfile.h", '#include "model/mil.h"\n', "data/bagfile may not use model"),
    ("src/model/pool.c", '#include "data/h5/h5.h"\n', "model may not use data/h5"),
    ("src/train/step.c", '#include "cli/print.h"\n', "train may not use cli"),
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
    ("src/train/read.c", "#include <hdf5.h>\n", "which only data/h5/h5base.h may"),
    ("tests/nn/test_selu.c", "", "no meson.build lists it"),
    ("tests/cli/test_import.py", "", "no meson.build lists it"),
    ("tests/cli/check_import.py", "", "no meson.build lists it"),
    ("src/nn/product.c", "#include <cblas.h>\n", "which only core/blas.c may"),
    ("src/data/table.h", "", "outside the plan"),
    ("src/data/sequences/import.c", '#include "cohort/label.h"\n', "data/sequences may not use cohort"),
    ("src/data/import/spine.c", '#include "data/vectors/peek.h"\n', "data/import may not use data/vectors"),
    ("src/data/bagfile/writer.c", '#include "data/import/import.h"\n', "data/bagfile may not use data/import"),
    ("src/run/watch.c", '#include "data/import/import.h"\n', "run may not use data/import"),
    ("src/data/vectors/csv.c", '#include "data/matlab/mat.h"\n', "data/vectors may not use data/matlab"),
    ("src/train/step.c", '#include "run/job.h"\n', "train may not use run"),
    ("src/core/hash.c", "int hash(void)\n{\n    return h5_open(2);\n}\n", "calls data/h5/h5.c: core may not use data/h5"),
    ("src/run/resume.c", "int resume(void)\n{\n    return job_run();\n}\nint resume_all(void)\n{\n    return 1;\n}\n",
     "circle of calls"),
    ("tests/data/h5/test_h5.c", "", "no meson.build lists it"),
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
            if words == "circle of calls":
                files["src/run/job.c"] = "int job_run(void)\n{\n    return resume_all();\n}\n"
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
