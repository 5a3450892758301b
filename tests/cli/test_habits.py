# SPDX-License-Identifier: MIT
"""Configs, command lines and labels as people write them: other editors, other programs, other tables."""
import json
import os
import subprocess
import unittest

from harness import HOPSACK, Case, cohort, main, run, table

CONFIG = """tasks:
  - {name: ill, column: status, positive: +}
splits: {n_fold: 3}
train: {updates: 4, evaluate_every: 2}
model: {embedder: {n_kernel: 4}, pooling: {n_unit: 4}}
"""


def write(path, text, encoding="utf-8"):
    with open(path, "w", encoding=encoding, newline="") as file:
        file.write(text)


class Habits(Case):
    number = 0

    @classmethod
    def prepare(cls):
        cohort("a.h5", n_bag=12, n_seq=10)
        write("c.yaml", CONFIG)

    def new(self):
        Habits.number += 1
        return f"run{Habits.number}"

    def trains(self, *args, **options):
        out = self.new()
        self.good("train", *args, "--data.path=a.h5", "-o", out, "--quiet", threads=1, **options)
        return out

    def refused(self, pattern, *args, code=2, **options):
        return self.bad(code, pattern, "train", *args, "--data.path=a.h5", "-o", "never", threads=1, **options)


class Configs(Habits):
    def test_encodings(self):
        write("bom.yaml", "\ufeff" + CONFIG)
        write("crlf.yaml", CONFIG.replace("\n", "\r\n"))
        write("cr.yaml", CONFIG.replace("\n", "\r"))
        for name in ("bom.yaml", "crlf.yaml", "cr.yaml"):
            self.trains(name)
        for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
            write("wide.yaml", CONFIG, encoding)
            self.refused(r"wide\.yaml: is UTF-16 text; save it as UTF-8", "wide.yaml")
        write("latin.yaml", CONFIG + "# für\n", "latin-1")
        self.refused(r"latin\.yaml:6: byte .* UTF-8", "latin.yaml")

    def test_indents(self):
        write("tab.yaml", "seed: 1\ntrain:\n\tupdates: 3\n")
        self.refused(r"tab\.yaml:3: a tab indents this line", "tab.yaml")
        write("nbsp.yaml", "train:\n\u00a0\u00a0updates: 3\n")
        self.refused(r"nbsp\.yaml:2: a no-break space indents", "nbsp.yaml")
        write("key.yaml", CONFIG.replace("splits: ", "splits:\u00a0"))
        self.refused(r"key\.yaml:3: .*no-break space", "key.yaml")

    def test_one_plain_document(self):
        write("x.yaml", CONFIG + "seed: 1\nseed: 2\n")
        self.refused(r"x\.yaml:7: 'seed' is given twice \(before: x\.yaml:6\)", "x.yaml")
        write("x.yaml", CONFIG + "data: &all {counts: none}\n")
        self.refused(r"x\.yaml:6: anchors", "x.yaml")
        write("x.yaml", CONFIG + "---\nseed: 1\n")
        self.refused(r"x\.yaml:6: a second document", "x.yaml")
        write("x.yaml", CONFIG.replace("+", "“+”"))
        self.refused(r"x\.yaml:2: “\+” stands in typographic quotes", "x.yaml")

    def test_values(self):
        write("v.yaml", CONFIG.replace("updates: 4", "updates: 4e0, refit: No, lr: 1e-3"))
        with open(f"{self.trains('v.yaml')}/config.yaml", encoding="utf-8") as file:
            self.assertRegex(file.read(), r"(?s)updates: 4\n.*lr: 0\.001\n.*refit: false\n")
        for value in ("0o10", "1_000", "4.5"):
            write("v.yaml", CONFIG.replace("updates: 4", f"updates: {value}"))
            self.refused(rf"v\.yaml:4: train\.updates: '{value}' is not an integer", "v.yaml")
        write("v.yaml", CONFIG.replace("updates: 4", "lr: '0,001'"))
        self.refused(r"v\.yaml:4: train\.lr: '0,001' is not a number \(a decimal point", "v.yaml")

    def test_home(self):
        home = {**os.environ, "HOME": os.getcwd()}
        write("base.yaml", "base: ~/c.yaml\ndata: {path: ~/a.h5}\n")
        out = self.new()
        self.good("train", "~/base.yaml", f"--output=~/{out}", threads=1, env=home)
        with open(f"{out}/config.yaml", encoding="utf-8") as file:
            self.assertIn(f"path: {os.getcwd()}/a.h5", file.read())
        self.refused(rf"{os.getcwd()}/none\.tsv", "c.yaml", "--splits=~/none.tsv", code=6, env=home)
        self.refused(r"~nobody/none\.tsv", "c.yaml", "--splits=~nobody/none.tsv", code=6, env=home)

    def test_json_and_stdin(self):
        tasks = [{"name": "ill", "column": "status", "positive": "+"}]
        rest = {"splits": {"n_fold": 3}, "train": {"updates": 4}, "data": {"metadata": None}}
        write("c.json", json.dumps({"tasks": tasks, **rest}, indent="\t"))
        self.trains("c.json")
        for name in ("-", "/dev/stdin"):
            out = self.new()
            done = subprocess.run([HOPSACK, "train", name, "a.h5", "-o", out, "--threads=1", "--quiet"], input=CONFIG,
                                  text=True, capture_output=True, timeout=100, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
        done = subprocess.run([HOPSACK, "train", "-", "a.h5", "-o", "never"], input="seed: 1\nsed: 2\n", text=True,
                              capture_output=True, timeout=100, check=False)
        self.assertIn("standard input:2: unknown setting 'sed'", done.stderr)


class CommandLines(Habits):
    def test_works(self):
        target = ["--target", "status"]
        for words in (["c.yaml", "--output"], ["c.yaml", "-o"], ["--config=c.yaml", "--out-dir"], ["--config", "c.yaml", "-o"]):
            self.good("train", "--data.path", "a.h5", *target, "--quiet", *words, self.new(), threads=1)
        self.good("train", "c.yaml", "a.h5", f"-o{self.new()}", "--positive", "-", *target, threads=1)
        self.good("train", "c.yaml", "a.h5", f"-o={self.new()}", "--positive=-", *target, threads=1)
        for words in (["--no-json"], ["--json=no"], ["--train.refit"], ["--no-train.refit"], ["--train.refit", "off"]):
            self.trains("c.yaml", *words)
        self.assertIn("RUN", self.good("train", "-h").stdout)

    def test_dashes(self):
        for dash in ("–", "—", "−", "−−", "-–"):
            word = f"{dash}target=status"
            pattern = "unknown flag" if dash == "-–" else rf"'{word}' begins with a typographic dash.*: --target=status"
            self.refused(pattern, "c.yaml", word)
        self.refused(r"typographic dash.*: -f$", "c.yaml", "–f")
        self.refused(r"^hopsack: -target=status: .* two dashes: --target=status", "c.yaml", "-target=status")
        self.bad(2, r"-output=r: .*--output=r", "train", "c.yaml", "a.h5", "-output=r")
        write("–notes.yaml", CONFIG)
        self.trains("–notes.yaml")

    def test_equals(self):
        self.refused("--target =: write --target=VALUE without blanks", "c.yaml", "--target", "=", "status")
        self.refused("--target =status: write --target=VALUE", "c.yaml", "--target", "=status")
        self.refused("--target= has no value", "c.yaml", "--target=", "status")
        self.refused(r"--target needs a value, and --positive=\+ follows", "c.yaml", "--target", "--positive=+")
        self.refused(r"--json takes no value, or true or false", "c.yaml", "--json=please")

    def test_quotes(self):
        self.refused("--target=“status”: the typographic quote “", "c.yaml", "--target=“status”")
        self.refused("'status”': the typographic quote ”", "c.yaml", "status”")

    def test_other_names(self):
        meant = {"-j": "--threads", "--jobs=3": "--threads", "--pos=+": "--positive", "-v": "--verbose", "--label=x": "--target",
                 "--Overwrite": "--force", "--n_folds=3": "--splits.n_fold", "--batch_size=3": "--train.batch",
                 "--data=a.h5": "--data.path", "--no-target": "--target", "--meta=x": "--metadata"}
        for word, name in meant.items():
            self.refused(rf"did you mean {name}\?", "c.yaml", word)
        self.refused("two configs are given, c.yaml and d.yaml", "c.yaml", "d.yaml")
        self.bad(2, "--quiet: flags follow the command", "--quiet", "train", "c.yaml")


if __name__ == "__main__":
    main()
