# SPDX-License-Identifier: MIT
"""What README.md and docs/ show is what the program prints.

A block ```console holds commands, each after `$ `, and what they print on standard output. They are run one after the
other, in a folder with the files of `prepare`. Standard error (progress) is not shown. A first or last line of `…`
stands for any further lines. Times and memory may differ. Commands elsewhere are not run, but their flags and keys must
exist.

With HOPSACK_README=update in the environment, samples that differ are rewritten."""
import glob
import itertools
import json
import os
import random
import re
import shlex
import shutil
import subprocess

from harness import HOPSACK, Case, cohort, main, run, trained

SOURCE = os.environ.get("HOPSACK_TEST_SOURCE", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SOURCE = os.path.abspath(SOURCE)
TEXTS = ["README.md", "CONVENTIONS.md", "CHANGELOG.md"] + sorted(
    os.path.relpath(path, SOURCE) for folder in ("docs", "datasets") for path in glob.glob(f"{SOURCE}/{folder}/*.md"))
LANGUAGES = "console", "sh", "yaml", "text", "tsv", "c"
COMMANDS = ("import", "simulate", "check", "train", "crossval", "baseline", "stack", "study", "evaluate", "predict", "explain", "inspect", "memory", "report", "export",
            "bench", "help")
MADE_ON = {"kernels": ("avx2", "avx512"), "blas_kernel": ("Prescott",)}  # where the samples were made


def read(name):
    with open(os.path.join(SOURCE, name), encoding="utf-8") as file:
        return file.read()


def blocks(text):
    """(language, first line number, lines) of every fenced block."""
    language = None
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("```"):
            if language is not None:
                yield language, begin, lines
            language, begin, lines = (line[3:], number + 1, []) if language is None else (None, 0, [])
        elif language is not None:
            lines.append(line)


def samples(lines):
    """(command, shown lines) of a console block; a command goes on after a line that ends with a backslash."""
    found = []
    for line in lines:
        if found and found[-1][0].endswith("\\"):
            found[-1][0] += "\n" + line
        elif line.startswith("$ "):
            found.append([line[2:], []])
        else:
            found[-1][1].append(line)
    return found


def commands(lines):
    """Command lines of an sh block, without comments."""
    text = "\n".join(lines).replace("\\\n", " ")
    return [words for words in (shlex.split(line, comments=True) for line in text.split("\n")) if words]


def comparable(line):
    """Without what differs between two runs: memory and times, which are the last column of a summary.md."""
    return re.sub(r"\b\d+(\.\d+)? (s|ms|MB|GB)\b|\| \d+\.\d \|$", "#", line).rstrip()


def shorten(printed, shown):
    """With a `…` for the lines that `shown` leaves out, at its beginning or end."""
    n = len(shown) - 1
    if n > 0 and shown[0] == "…":
        return ["…"] + printed[-n:]
    return printed[:n] + ["…"] if n > 0 and shown[-1] == "…" else printed


def updated(shown, printed):
    """The printed lines; where only times differ, those shown."""
    pairs = ((old, new) for old, new in itertools.zip_longest(shown, printed) if new is not None)
    return [old if old and comparable(old) == comparable(new) else new.rstrip() for old, new in pairs]


def slug(heading):
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


# ---- the files that the samples are about ----

def junction(draw, motif):
    """A made-up junction; with the motif SF.EN in its middle."""
    def pick(words):
        return words[int(draw.random() * len(words))]

    middle = "".join(pick("GAPSTDENQRLVY") for _ in range(1 + int(5 * draw.random())))
    if motif:
        middle = middle[:3] + "SF" + pick("ACDEFGHIKLMNPQRSTVWY") + "EN"
    return pick(["CASS", "CAIS", "CASR", "CSAR"]) + middle + pick(["TEAFF", "YNEQFF", "NTIYF", "TDTQYF", "GYTF"])


def made_up_repertoires():
    """60 repertoires of 60 junctions. Those with status + hold the motif in six of them."""
    draw = random.Random(1)  # random() alone gives the same numbers in every version of Python
    os.mkdir("repertoires")
    with open("metadata.tsv", "w", encoding="utf-8") as table:
        table.write("ID\tstatus\tage\n")
        for p in range(1, 61):
            ill, age = p % 2 == 0, 20 + int(50 * draw.random())
            table.write(f"P{p:02}\t{'+' if ill else '-'}\t{age}\n")
            with open(f"repertoires/P{p:02}.tsv", "w", encoding="utf-8") as file:
                file.write("amino_acid\ttemplates\n")
                for i in range(60):
                    word = junction(draw, i % 10 == 0 and ill)
                    file.write(f"{word}\t{1 + int(5 * draw.random() ** 3)}\n")


def made_up_vectors():
    """60 bags of 3 to 7 vectors; one vector of a positive bag is redder."""
    draw = random.Random(2)
    with open("images.csv", "w", encoding="utf-8") as file:
        file.write("bag_id,label,width,height,red,green\n")
        for bag in range(60):
            for i in range(3 + int(5 * draw.random())):
                x = [4 * draw.random() - 2 for _ in range(4)]
                x[2] += 3 * (bag % 2 and i == 0)
                file.write(f"image{bag:02},{bag % 2}," + ",".join(f"{number:.3f}" for number in x) + "\n")


def made_up_quickstart():
    """scripts/quickstart in a tree where the program is built and nothing is to be installed."""
    os.makedirs("build/src/cli")
    os.makedirs("bin")
    os.symlink(HOPSACK, "build/src/cli/hopsack")
    open("build/build.ninja", "w", encoding="utf-8").close()
    os.mkdir("scripts")
    for name in os.listdir(f"{SOURCE}/scripts"):
        if os.path.isfile(f"{SOURCE}/scripts/{name}") and name != "setup":
            shutil.copy(f"{SOURCE}/scripts/{name}", f"scripts/{name}")
    for name in ("scripts/setup", "bin/ninja", "bin/meson"):
        with open(name, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\nexit 0\n")
        os.chmod(name, 0o755)


def same_machine():
    """Whether numbers must be those of the samples: another family of kernels rounds otherwise."""
    cohort("machine.h5", n_bag=20, n_seq=20)
    trained("machine", "machine.h5")
    with open("machine/manifest.json", encoding="utf-8") as file:
        machine = json.load(file)["machine"]
    return all(machine[key] in values for key, values in MADE_ON.items())


class Texts(Case):
    @classmethod
    def prepare(cls):
        os.symlink(f"{SOURCE}/configs", "configs")
        made_up_repertoires()
        made_up_vectors()
        made_up_quickstart()
        cls.exact = same_machine()
        os.environ["PATH"] = os.pathsep.join([f"{cls.folder}/bin", f"{cls.folder}/build/src/cli", os.environ["PATH"]])
        cls.update = os.environ.get("HOPSACK_README") == "update"

    def shell(self, command):
        done = subprocess.run(["sh", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=600, check=False)
        self.assertEqual(done.returncode, 0, f"{command}: {done.stderr}")
        return done.stdout.split("\n")[:-1]

    def compare(self, where, shown, printed):
        printed = shorten(printed, shown)
        if self.exact:
            self.assertEqual([comparable(line) for line in shown], [comparable(line) for line in printed], where)
        else:
            self.assertEqual(len(shown), len(printed), where)

    def rewrite(self, name, new):
        text = read(name)
        for begin, lines in reversed(new):
            all_lines = text.split("\n")
            end = next(i for i in range(begin - 1, len(all_lines)) if all_lines[i] == "```")
            text = "\n".join(all_lines[:begin - 1] + lines + all_lines[end:])
        with open(os.path.join(SOURCE, name), "w", encoding="utf-8") as file:
            file.write(text)

    def run_samples(self, name):
        new = []
        for language, begin, lines in blocks(read(name)):
            if language != "console":
                continue
            shown_again = []
            for command, shown in samples(lines):
                printed = self.shell(command)
                if self.update:
                    shown_again += ("$ " + command).split("\n") + updated(shown, shorten(printed, shown))
                else:
                    self.compare(f"{name}:{begin}: {command}", shown, printed)
            new.append((begin, shown_again))
        if self.update and new:
            self.rewrite(name, new)

    def test_samples(self):
        for name in sorted(TEXTS, key=lambda name: name != "README.md"):  # its runs serve the others
            with self.subTest(name):
                self.run_samples(name)

    def check_words(self, where, words):
        while words and re.fullmatch(r"\w+=\S*", words[0]):
            words = words[1:]
        if not words:
            return
        if words[0].startswith(("./scripts/", "scripts/")):
            text = read(words[0].removeprefix("./"))
            for flag in (word.split("=")[0] for word in words[1:] if word.startswith("--")):
                self.assertIn(flag, text, where)
        if words[0] != "hopsack" or "COMMAND" in words:
            return
        self.assertIn(words[1], COMMANDS, where)
        if "--resume" in words and not any("data.path" in word for word in words):  # there is no run to resume
            words = words + ["--data.path=none.h5", "--target=status"]
        end = next((i for i, word in enumerate(words) if word in ("|", ">", "2>", "&&", "&", ";")), len(words))
        done = run(*words[1:end], "--dry-run", cwd="dry")
        self.assertNotIn(done.returncode, (1, 2), f"{where}: {' '.join(words)}: {done.stderr}")  # files may be missing

    def check_lines(self, where, lines):
        for words in commands(lines):
            with self.subTest(where, words=words):
                self.check_words(where, words)

    def test_commands(self):
        os.mkdir("dry")
        os.symlink(f"{SOURCE}/configs", "dry/configs")
        for name in TEXTS:
            text = read(name)
            for language, begin, lines in blocks(text):
                self.assertIn(language, LANGUAGES, f"{name}:{begin}: the language of a block")
                self.check_lines(f"{name}:{begin}", lines if language == "sh" else [])
            self.check_lines(name, re.findall(rf"`(hopsack (?:{'|'.join(COMMANDS)}) [^`]+)`", text))
        for path in glob.glob(f"{SOURCE}/configs/*.yaml"):
            name = os.path.relpath(path, SOURCE)
            self.check_lines(name, re.findall(r"^# +(hopsack [^#\n]+?)(?:   .*)?$", read(name), flags=re.M))

    def test_links(self):
        for name in TEXTS + ["tests/golden/README.md"]:
            text = re.sub(r"```.*?\n```", "", read(name), flags=re.S)
            for link in re.findall(r"\]\(([^)\s]+)\)", text):
                if re.match(r"\w+:", link):
                    continue
                path, _, anchor = link.partition("#")
                target = os.path.normpath(os.path.join(os.path.dirname(name), path)) if path else name
                self.assertTrue(os.path.exists(os.path.join(SOURCE, target)), f"{name}: {link}")
                if anchor:
                    headings = [slug(line.lstrip("#")) for line in read(target).split("\n") if line.startswith("#")]
                    self.assertIn(anchor, headings, f"{name}: {link}")

    def test_sources(self):
        """Files and functions that the texts name are there."""
        code = ""
        paths = set()
        for path in glob.glob(f"{SOURCE}/src/**/*.[ch]", recursive=True):
            relative = os.path.relpath(path, SOURCE)
            paths |= {relative, relative.removeprefix("src/"), os.path.basename(relative)}
            code += read(relative)
        names = set(re.findall(r"\w+", code))
        missing = []
        for name in (name for name in TEXTS if name != "CHANGELOG.md"):
            for word in re.findall(r"`([^`\n]+)`", read(name)):
                is_path, is_function = re.fullmatch(r"[\w/]+\.[ch]", word), re.fullmatch(r"\w+\(\)", word)
                there = word in paths or os.path.exists(f"{SOURCE}/{word}") if is_path else word[:-2] in names
                if (is_path or is_function) and not there:
                    missing.append(f"{name}: {word}")
        self.assertEqual(missing, [])

    def test_names_of_tests(self):
        """The tests that tests/golden/QUIRKS.md names are there: data_bagfile is tests/data/**/test_bagfile."""
        for top, name in re.findall(r"`([a-z]+)_(\w+)`", read("tests/golden/QUIRKS.md")):
            self.assertTrue(glob.glob(f"{SOURCE}/tests/{top}/**/test_{name}.*", recursive=True), f"{top}_{name}")

    def test_length(self):
        text = read("README.md")
        self.assertLessEqual(text.count("\n"), 220)
        self.assertLessEqual(len(text.encode()), 15000)


main()
