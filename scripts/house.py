#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the size and the names of what is in src/: files, functions, parameters.

    * no .c or .h file has more than 450 lines
    * no function has nine or more parameters, static ones and types of function pointers included
    * the name of a function that other files can call begins with its file's name (bagfile_read in bagfile.c), or, in a file
      that is one of several behind one header, with the header's name (mil_backward.c behind mil.h: mil_learn); SHARED
      lists the others
    * the name of a type is defined once
    * half of the functions have at most 10 lines, from the first line of their head to the closing brace

    house.py [ROOT]        checks the tree at ROOT (default: the one this script lies in), prints what is broken
    house.py --lengths     prints the longest functions
    house.py --self-test   plants every fault in a small tree and checks that it is found
"""
import re
import statistics
import sys
import tempfile
from pathlib import Path

from layers import plant, sources

MAX_LINES = 450
MAX_PARAMETERS = 8
MAX_MEDIAN = 10
# {file: further prefixes of its functions}
SHARED = {
    "core/status.c": ["fail"],  # the one word that every file says
    "core/log.c": ["progress"],  # shares the terminal's line with messages
    "data/bagfile/bagsequences.c": ["bagfile", "bagtext"],  # the reading half of bagfile.h for sequences
    "cli/cli.c": ["command"],  # the table that cli.h describes
    "cli/inspect_data.c": ["inspect"],  # what cmd_inspect.c chooses among
    "cli/inspect_model.c": ["inspect"],
}
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
TEXT = re.compile(r'"(\\.|[^"\\\n])*"')
PREPROCESSOR = re.compile(r"^[ \t]*#(\\\n|[^\n])*", re.MULTILINE)
TYPE = re.compile(r"^\} ([A-Z]\w*);|^typedef struct \w+ ([A-Z]\w*);", re.MULTILINE)  # a body's end, or an opaque type
POINTER = re.compile(r"\(\*\s*(?:const\s+)?(\w*)(?:\[[^\]]*\])*\)\s*\(|^typedef\s[^;{}()]*?(\w+)\(", re.MULTILINE)
HEAD = re.compile(r"^(?!typedef\b|struct \w+ \{|enum\b)(\w[\w \t*]*?(?:[ \t]+|\*))(\w+)\(([^;{}]*?)\)"
                  r"(?:\s*__attribute__\(\(.*?\)\)\))?\s*([;{])", re.MULTILINE | re.DOTALL)


def blank(match):
    """As many lines as what is cut out."""
    return " " + "\n" * match[0].count("\n")


def bare(text):
    """Source text without comments, texts and lines of the preprocessor, line by line where it was."""
    return PREPROCESSOR.sub(blank, TEXT.sub('""', COMMENT.sub(blank, text)))


def count_parameters(text):
    if text.strip() in ("", "void"):
        return 0
    depth, n = 0, 1
    for c in text:
        depth += c in "([{"
        depth -= c in ")]}"
        n += c == "," and depth == 0
    return n


def functions(code):
    """[(name, is public, parameters, first line, last line)] of the functions that a .c or .h file defines or declares; a
    declaration has one line."""
    found = []
    for m in HEAD.finditer(code):
        if m[1].split()[0] in ("return", "else", "case", "goto", "extern"):
            continue
        first = code.count("\n", 0, m.start()) + 1
        last = first
        if m[4] == "{":
            end = code.find("\n}", m.end())
            last = code.count("\n", 0, end + 1) + 1 if end >= 0 else first
        found.append((m[2], "static" not in m[1].split(), count_parameters(m[3]), first, last if m[4] == "{" else None))
    return found


def pointers(code):
    """[(name, parameters, line)] of the types of functions: members, parameters, variables and typedefs."""
    found = []
    for m in POINTER.finditer(code):
        depth, end = 1, m.end()
        while depth and end < len(code):
            depth += code[end] in "("
            depth -= code[end] in ")"
            end += 1
        found.append((m[1] or m[2] or "a function pointer", count_parameters(code[m.end():end - 1]),
                      code.count("\n", 0, m.start()) + 1))
    return found


def prefixes(path, src):
    """What the name of a public function of a .c file may begin with."""
    name, stem = path.relative_to(src).as_posix(), path.stem
    parts = stem.split("_")
    own = [stem] + ["_".join(parts[:k]) for k in range(1, len(parts))
                    if (path.parent / ("_".join(parts[:k]) + ".h")).is_file()]
    return own + SHARED.get(name, [])


def check_file(path, src):
    name, broken = path.relative_to(src).as_posix(), []
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    if lines > MAX_LINES:
        broken.append(f"src/{name}: {lines} lines; at most {MAX_LINES}")
    code = bare(text)
    many = [(function, n, first) for function, _, n, first, _ in functions(code)] + pointers(code)
    broken += [f"src/{name}:{line}: {function} has {n} parameters; at most {MAX_PARAMETERS}, a struct holds more"
               for function, n, line in many if n > MAX_PARAMETERS]
    for function, is_public, _, first, last in functions(code):
        if not is_public:
            continue
        if path.suffix == ".c" and last and function != "main":
            allowed = prefixes(path, src)
            if not any(function == p or function.startswith(p + "_") for p in allowed):
                broken.append(f"src/{name}:{first}: {function}: its name does not begin with {' or '.join(allowed)}")
    return broken


def same_types(src):
    """Types that several files define under one name."""
    seen = {}
    for path in sources(src):
        for end, forward in TYPE.findall(bare(path.read_text(encoding="utf-8"))):
            seen.setdefault(end or forward, set()).add(path.relative_to(src).as_posix())
    return [f"src/{' and src/'.join(sorted(names))}: the type {name} is defined in each" for name, names in
            sorted(seen.items()) if len({n.rpartition(".")[0] for n in names}) > 1]


def lengths(src):
    """[(lines, file, function)], the longest first."""
    found = []
    for path in sources(src):
        for function, _, _, first, last in functions(bare(path.read_text(encoding="utf-8"))):
            if last:
                found.append((last - first + 1, path.relative_to(src).as_posix(), function))
    return sorted(found, reverse=True)


def median(src):
    return statistics.median([n for n, _, _ in lengths(src)] or [0])


def check(root):
    src = root / "src"
    broken = [line for path in sources(src) for line in check_file(path, src)]
    broken += same_types(src)
    if median(src) > MAX_MEDIAN:
        broken.append(f"half of the functions have more than {median(src):g} lines; at most {MAX_MEDIAN}")
    return broken + [f"scripts/house.py: SHARED names {name}, which does not exist" for name in SHARED
                     if root == home() and not (src / name).is_file()]


# ---- self-test ----

SHORT = "int {}(int a)\n{{\n    return a;\n}}\n"
LONG = "int {}(int a)\n{{\n" + "    a++;\n" * 12 + "    return a;\n}}\n"
EIGHT = "int a, int b, int c, int d, int e, int f, int g, int (*h)(int, int)"
SOUND = {
    "src/nn/linear.h": f"int linear_init({EIGHT});\nint linear_end(void) __attribute__((format(printf, 1, 2)));\n",
    "src/nn/linear.c": f"int linear_init({EIGHT})\n{{\n    return other({EIGHT.replace('int ', '')}, 9, 10);\n}}\n"
                       f"static int inner({EIGHT})\n{{\n    return g;\n}}\n" + SHORT.format("linear"),
    "src/nn/kernel.h": f"typedef struct {{\n    void (*forward)({EIGHT});\n    int (*const list[2])({EIGHT});\n"
                       "} Kernels;\n"
                       f"typedef void Body({EIGHT});\n#define CALL(f) (*f)({EIGHT}, int i)\n",
    "src/model/mil.h": "/* int mil_long(" + EIGHT + ", int i); */\n",
    "src/model/mil_pass.c": SHORT.format("mil_predict") + SHORT.format("mil_pass_one"),
    "src/cli/main.c": SHORT.format("main") + "typedef struct {\n    int n;\n} Walk;\n",
    "src/core/long.c": "int x;\n" * 450,
}
FAULTS = [  # (file, content, words of the complaint)
    ("src/core/bag.c", "int x;\n" * 451, "451 lines"),
    ("src/core/bag.h", "\n" * 451, "451 lines"),
    ("src/nn/selu.h", f"int selu_of({EIGHT}, int i);\n", "selu_of has 9 parameters"),
    ("src/nn/selu.h", f"int selu_of({EIGHT},\n  int i) __attribute__((format(printf, 1, 2)));\n", "selu_of has 9 parameters"),
    ("src/nn/selu.c", f"const char *const *selu_of({EIGHT}, int i)\n{{\n}}\n", "selu_of has 9 parameters"),
    ("src/nn/selu.c", f"static inline const int *inner({EIGHT}, int i)\n{{\n}}\n", "inner has 9 parameters"),
    ("src/nn/selu.h", f"struct Table {{\n    void (*forward)({EIGHT}, int i);\n}};\n", "forward has 9 parameters"),
    ("src/nn/selu.h", f"struct Table {{\n    int (*const list[2])({EIGHT},\n  int i);\n}};\n", "list has 9 parameters"),
    ("src/nn/selu.h", f"typedef void Body({EIGHT}, int i);\n", "Body has 9 parameters"),
    ("src/nn/selu.c", f"static int each(int n, void (*)({EIGHT}, int i))\n{{\n}}\n", "function pointer has 9 parameters"),
    ("src/nn/selu.c", SHORT.format("relu_of"), "relu_of: its name does not begin with selu"),
    ("src/nn/selu.c", SHORT.format("seluof"), "seluof: its name does not begin with selu"),
    ("src/model/mil_pass.c", SHORT.format("pass_one"), "pass_one: its name does not begin with mil_pass or mil"),
    ("src/model/net_pass.c", SHORT.format("net_one"), "net_one: its name does not begin with net_pass"),
    ("src/core/rng.h", "typedef struct {\n    int n;\n} Walk;\n", "the type Walk is defined in each"),
    ("src/core/many.c", "".join(LONG.format(f"many_{k}") for k in range(20)), "half of the functions have more than 16 lines"),
]


def self_test():
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        plant(Path(folder), SOUND)
        failures += [f"a sound tree is called broken: {line}" for line in check(Path(folder))]
    for name, content, words in FAULTS:
        with tempfile.TemporaryDirectory() as folder:
            plant(Path(folder), {**SOUND, name: content})
            if not any(words in line for line in check(Path(folder))):
                failures.append(f"not found: {name} with {content[:60]!r} ({words})")
    return failures


def home():
    return Path(__file__).resolve().parent.parent


def main(arguments):
    if arguments == ["--self-test"]:
        broken, what = self_test(), f"{len(FAULTS)} planted faults"
    elif arguments == ["--lengths"]:
        for n, name, function in lengths(home() / "src")[:40]:
            print(f"{n:4d}  src/{name}  {function}")
        broken, what = [], f"median {median(home() / 'src'):g} lines"
    else:
        root = Path(arguments[0]).resolve() if arguments else home()
        broken = check(root)
        what = f"{len(lengths(root / 'src'))} functions, median {median(root / 'src'):g} lines"
    for line in broken:
        print(line)
    print(f"house: {what}, {len(broken)} broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
