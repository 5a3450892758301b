# SPDX-License-Identifier: MIT
"""Configs, command lines and labels as people write them: other editors, other programs, other tables."""
import csv
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

TRAIN = ["train", "n.yaml", "a.h5", "--metadata=l.tsv", "--target=status"]


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
        self.refused(r"tab\.yaml:3: not YAML: a tab indents this line", "tab.yaml")
        write("nbsp.yaml", "train:\n\u00a0\u00a0updates: 3\n")
        self.refused(r"nbsp\.yaml:2: a no-break space indents", "nbsp.yaml")
        write("key.yaml", CONFIG.replace("splits: ", "splits:\u00a0"))
        self.refused(r"key\.yaml:3: .*no-break space", "key.yaml")

    def test_slips(self):
        write("slip.yaml", "train:\n  lr:0.001\n  updates: 3\n")
        self.refused(r"slip\.yaml:3: not YAML: .*blank missing behind a ':'", "slip.yaml")
        write("slip.yaml", 'data: {path: "C:\\x\\a.h5"}\n')
        self.refused(r"slip\.yaml:1: not YAML: .*use single quotes", "slip.yaml")

    def test_one_plain_document(self):
        write("x.yaml", CONFIG + "seed: 1\nseed: 2\n")
        self.refused(r"x\.yaml:7: 'seed' is given twice \(before: x\.yaml:6\)", "x.yaml")
        write("x.yaml", CONFIG + "data: &all {counts: none}\n")
        self.refused(r"x\.yaml:6: anchors", "x.yaml")
        write("x.yaml", CONFIG + "---\nseed: 1\n")
        self.refused(r"x\.yaml:6: a second document", "x.yaml")
        write("x.yaml", CONFIG.replace("+", "“+”"))
        self.refused(r"no cell .* is '“\+”' \(positive\); its values are", "x.yaml", code=3)
        write("x.yaml", CONFIG.replace("status", "“Status”"))
        self.refused(r"no column '“Status”'.*did you mean 'status'", "x.yaml", code=3)

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
        for words in (["c.yaml", "--output"], ["c.yaml", "-o"], ["--config=c.yaml", "--out-dir"],
                      ["--config", "c.yaml", "-o"]):
            self.good("train", "--data.path", "a.h5", *target, "--quiet", *words, self.new(), threads=1)
        self.good("train", "c.yaml", "a.h5", f"-o{self.new()}", "--positive", "-", *target, threads=1)
        self.good("train", "c.yaml", "a.h5", f"-o={self.new()}", "--positive=-", *target, threads=1)
        for words in (["--no-json"], ["--json=no"], ["--train.refit"], ["--no-train.refit"], ["--train.refit", "off"]):
            self.trains("c.yaml", *words)
        self.assertIn("RUN", self.good("train", "-h").stdout)

    def test_dashes(self):
        for dash in ("–", "—", "−", "−−", "-–"):
            word = f"{dash}target=status"
            pattern = "unknown flag" if dash == "-–" else rf"'{word}' begins with a typographic dash.*--target=status"
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

    def test_script_of_windows(self):
        self.refused("'status' ends with a carriage return", "c.yaml", "--target=status\r")
        self.refused("'c.yaml' ends with a carriage return", "c.yaml\r")
        self.bad(2, "ends with a carriage return", "train", "c.yaml", "a.h5", "-o", "run\r")

    def test_other_names(self):
        meant = {"-j": "--threads", "--jobs=3": "--threads", "--pos=+": "--positive", "-v": "--verbose",
                 "--label=x": "--target", "--Overwrite": "--force", "--n_folds=3": "--splits.n_fold",
                 "--batch_size=3": "--train.batch", "--data=a.h5": "--data.path", "--no-target": "--target",
                 "--meta=x": "--metadata"}
        for word, name in meant.items():
            self.refused(rf"did you mean {name}\?", "c.yaml", word)
        self.refused("two configs are given, c.yaml and d.yaml", "c.yaml", "d.yaml")
        self.refused("--version goes without a command: hopsack --version", "--version")
        self.assertIn("HDF5", self.good("-V").stdout)
        self.bad(2, "--quiet: flags follow the command", "--quiet", "train", "c.yaml")


def labels(path, status, **columns):
    """A label table of the twelve bags, its values taken in turn."""
    ids = [row["bag"] for row in table("a.ids")]
    with open(path, "w", encoding="utf-8") as file:
        file.write("\t".join(["ID", "status", *columns]) + "\n")
        for i, bag in enumerate(ids):
            file.write("\t".join([bag, *(values[i % len(values)] for values in (status, *columns.values()))]) + "\n")


class Tables(Habits):
    @classmethod
    def prepare(cls):
        super().prepare()
        with open("n.yaml", "w", encoding="utf-8") as file:
            file.write(CONFIG[CONFIG.index("splits"):].replace("updates: 4", "updates: 2"))
        run("train", "c.yaml", "--data.path=a.h5", "-o", "first")
        write("a.ids", "\n".join(["bag", *sorted(row["bag"] for row in table("first/predictions.tsv"))]) + "\n")


class Labels(Tables):
    def targets(self, status, *args, warning=""):
        labels("l.tsv", status)
        out = self.new()
        done = self.good(*TRAIN, "-o", out, "--quiet", *args, threads=1)
        self.assertRegex(done.stderr, warning or "^")
        return [row["target"] for row in sorted(table(f"{out}/predictions.tsv"), key=lambda row: row["bag"])]

    def not_targets(self, pattern, status, *args, code=2):
        labels("l.tsv", status)
        self.bad(code, pattern, *TRAIN, "-o", "never", "--quiet", *args)

    def test_spellings(self):
        for status in (["1.0", "0.0"], ["1", "0", "1.0", "0.0"], ["TRUE", "False", "true", "FALSE"],
                       ["yes ", "no", "\u00a0yes", "no "]):
            self.assertEqual(self.targets(status), ["1", "0"] * 6)
        self.assertEqual(self.targets(["1.0", "0.0"], "--positive=1"), ["1", "0"] * 6)
        self.assertEqual(self.targets(["WAHR", "FALSCH"], "--positive=wahr"), ["1", "0"] * 6)
        self.assertEqual(self.targets(["1", "2"], "--positive=2"), ["0", "1"] * 6)
        self.not_targets("'WAHR' .*'FALSCH' .*--positive", ["WAHR", "FALSCH"])
        self.not_targets("every label .* is 'yes'", ["Yes", "yes"], "--positive=yes", code=3)
        self.not_targets("'Case' and 'case' .* look like one class", ["Case", "case"], "--positive=case")
        self.not_targets("'2.0' is the positive value too", ["1", "2"], "--positive=2", "--tasks.0.negative=2.0")

    def test_words_for_missing(self):
        some = ["yes", "no", "unknown", "?"]
        self.assertEqual(self.targets(some, warning=r"missing labels: 'unknown' \(3\), '\?' \(3\)"), ["1", "0"] * 3)
        self.not_targets("'yes' or a word for missing.*--tasks.0.negative", ["yes", "unknown"], "--positive=yes",
                         code=3)
        named = ["--positive=yes", "--tasks.0.negative=unknown"]
        self.assertEqual(self.targets(["yes", "unknown"], *named), ["1", "0"] * 6)
        self.not_targets("'maybe'", ["yes", "no", "maybe"])
        named = ["--positive=yes", "--tasks.0.negative=no"]
        warning = r"count as missing: 4: 'maybe' \(4\)"
        self.assertEqual(self.targets(["yes", "no", "maybe"], *named, warning=warning), ["1", "0"] * 4)

    def test_several_classes(self):
        labels("l.tsv", ["1", "2", "3.0"])
        out = self.new()
        self.good("train", "n.yaml", "a.h5", "--metadata=l.tsv", "--target=status", "--kind=multiclass",
                  "--tasks.0.classes=1.0,2,3", "-o", out)
        self.assertEqual({row["class"] for row in table(f"{out}/predictions.tsv")}, {"1.0", "2", "3"})

    def test_classes_that_are_found(self):
        labels("l.tsv", ["1", "2", "1.0", "a", "unknown", "A"])
        done = self.good(*TRAIN, "--kind=multiclass", "--tasks.0.classes=auto", "-o", self.new())
        self.assertRegex(done.stderr, r"4 classes .*: '1', '2', 'A', 'a'")
        self.assertRegex(done.stderr, "classes 'A' and 'a' of column 'status' look alike")
        self.assertRegex(done.stderr, r"missing labels: 'unknown' \(2\)")

    def test_numbers(self):
        number = ["--kind=regression"]
        self.not_targets("'61 Years' .*'50 Years'", ["61 Years", "50 Years"], *number, code=3)
        self.not_targets("'1,234'", ["1,234", "2,345"], *number, code=3)
        warning = "decimal commas.*'61,5' is 61.5"
        self.assertEqual(self.targets(["61,5", "50"], *number, warning=warning), ["61.5", "50"] * 6)
        self.targets(["61"], *number, warning="every label in column 'status' is 61")
        self.targets(["61", "50", "9999"], *number, warning="is 9999 in 4 cells and from 50 to 61 in all others")
        self.targets(["61", "50", "-1"], *number, warning="is -1 in 4 cells")
        self.targets(["61", ">90", "50"], *number, warning=r"count as missing: 4: '>90' \(4\)")

    def test_columns(self):
        labels("l.tsv", ["+", "-"], Status=["+", "-"], age=["1"])
        self.bad(3, "did you mean 'age'", *TRAIN[:-1], "--target=ages", "-o", "never")
        labels("l.tsv", ["+", "-"])
        with open("l.tsv", encoding="utf-8") as file:
            rows = [line.rstrip("\n").split("\t") for line in file]
        write("twin.tsv", "".join("\t".join([*row, row[1]]) + "\n" for row in rows))
        train = ["train", "n.yaml", "a.h5", "--metadata=twin.tsv", "--target=status"]
        self.good(*train, "-o", self.new())
        self.bad(3, "no column 'Status'.*did you mean 'status'", *train[:-1], "--target=Status", "-o", "never")
        rows[4][1], old = "?", rows[4][1]
        write("twin.tsv", "".join("\t".join([*row, old if i == 4 else row[1]]) + "\n" for i, row in enumerate(rows)))
        self.bad(3, "column 'status' .* stands twice, as columns 2 and 3, with different values on line 5", *train,
                 "-o", "never")

    def groups(self, donor, warning=""):
        """The fold of each bag."""
        labels("l.tsv", ["+", "+", "-", "-"], donor=donor)
        out = self.new()
        done = self.good("crossval", *TRAIN[1:], "--group=donor", "-o", out, threads=1)
        self.assertRegex(done.stderr, warning or "^")
        return [row["rep00"] for row in sorted(table(f"{out}/splits.tsv"), key=lambda row: row["bag"])]

    def test_groups(self):
        for second in ("D1 ", "\u00a0D1"):
            fold = self.groups(["D1", second, "D2", "D2", "D3", "D3", "D4", "D4", "D5", "D5", "D6", "D6"])
            self.assertEqual(fold[0], fold[1])
        fold = self.groups(["1", "1.0", "2", "2", "3", "3", "4", "4", "5", "5", "6", "6"])
        self.assertEqual(fold[0], fold[1])
        self.groups(["D1", "d1", *(f"E{i}" for i in range(10))], "groups 'D1' and 'd1' .* look alike")
        fold = self.groups(["unknown"] * 8 + ["D1", "D1", "D2", "D2"],
                           "'unknown' in column 'donor' counts as missing: each of these 8")
        self.assertGreater(len(set(fold[:8])), 1)
        self.bad(3, "no column 'Donor'.*did you mean 'donor'", "crossval", *TRAIN[1:], "--group=Donor", "-o", "never")

    def test_odd_names(self):
        """Blanks, quotes, commas, line ends and other alphabets come back as they are."""
        ids = [row["bag"] for row in table("a.ids")]
        column, ill = 'CMV "IgG", Größe', 'krank ("hoch", +)\nλ'
        quoted = [text.replace('"', '""') for text in (column, ill)]
        with open("odd.csv", "w", encoding="utf-8") as file:
            file.write(f'ID,"{quoted[0]}"\n')
            for i, bag in enumerate(ids):
                file.write(f'{bag},"{quoted[1] if i % 2 else "gesund"}"\n')
        out = self.new()
        self.good(*TRAIN[:3], "--metadata=odd.csv", f"--target={column}", f"--positive={ill}", "-o", out)
        with open(f"{out}/predictions.tsv", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        self.assertEqual({(row["task"], row["class"]) for row in rows}, {(column, ill)})
        self.good("predict", out, "a.h5", "-o", self.new())


class SmallData(Tables):
    def refused_before_training(self, pattern, status, *args):
        labels("l.tsv", status)
        done = run("crossval", *TRAIN[1:], "--positive=+", "-o", "never", *args)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertRegex(done.stderr, pattern)
        self.assertFalse(os.path.exists("never"))

    def test_fewer_positives_than_folds(self):
        two, one = ["+"] * 2 + ["-"] * 10, ["+"] + ["-"] * 11
        warning = r"only 2 bags of column 'status' are positive, fewer than the 5 folds: at least 3 test sets have no AUC"
        self.refused_before_training(rf"(?s){warning}.*fold \d: .*are negative.*splits\.n_fold.*--splits", two,
                                     "--splits.n_fold=5")
        self.refused_before_training("only 1 bag of column 'status' is positive", one, "--splits.validation=none")
        labels("l.tsv", two)
        done = self.good("crossval", *TRAIN[1:], "--splits.validation=none", "-o", self.new())
        self.assertIn("fewer than the 3 folds: at least 1 test set has no AUC", done.stderr)
        self.refused_before_training("take fewer folds", ["+", "-"], "--splits.n_fold=13")

    def test_a_later_fold_of_one_class(self):
        status = ["+"] * 4 + ["-"] * 8
        ids = [row["bag"] for row in table("a.ids")]
        write("s.tsv", "bag\tfold\n" + "".join(f"{bag}\t{2 if i < 4 else i % 2}\n" for i, bag in enumerate(ids)))
        self.refused_before_training("repetition 0, fold 2: .* are negative.*mend the table of splits.file", status,
                                     "--splits=s.tsv", "--splits.validation=none")

    def test_networks_that_cannot_be(self):
        for command in ("train", "crossval"):
            self.bad(2, "model.embedder.reach: 10 positions are more than the 9 of model.embedder.kernel", command,
                     "c.yaml", "a.h5", "--model.embedder.reach=10", "-o", "never")
            self.assertFalse(os.path.exists("never"))

    def test_the_plan_of_a_refit_in_words(self):
        for command in ("train", "crossval"):
            done = self.good(command, "c.yaml", "a.h5", "--train.refit", "--dry-run", "-o", "never")
            self.assertRegex(done.stdout, r"then anew on the 8 bags of training and validation, .*\(train\.refit\)")

if __name__ == "__main__":
    main()
