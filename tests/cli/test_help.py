# SPDX-License-Identifier: MIT
"""What a user reads before the first run: help, suggestions for misspelt names, the words of the command line."""
import json
import os
import re
import shlex
import struct

from harness import TINY, Case, cohort, main, read, run

COMMANDS = ("import", "simulate", "train", "crossval", "baseline", "stack", "study", "evaluate", "predict", "explain", "inspect", "memory", "report", "export", "bench",
            "help")
SETTINGS = ("simulate", "train", "crossval", "baseline", "study", "bench")  # commands that take config keys
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EVERYWHERE = ("threads", "seed", "quiet", "verbose", "dry-run", "force", "json", "help")
OPTION = re.compile(r"^  (--?)([\w.-]+)(.*)$", re.MULTILINE)


def options(text):
    """Names of the options that a help text lists."""
    return [name for _, name, _ in OPTION.findall(text)]


class Help(Case):
    @classmethod
    def prepare(cls):
        os.symlink(os.path.join(ROOT, "configs"), "configs")
        cohort("cohort.h5")
        for i in range(40):
            os.makedirs("repertoires", exist_ok=True)
            with open(f"repertoires/P{i}.tsv", "w", encoding="utf-8") as file:
                file.write("amino_acid\ttemplates\n" + "".join(f"CASS{a}{'ACDEFGHIKL'[i % 10]}QYF\t1\n" for a in "ACDEFG"))
        with open("metadata.csv", "w", encoding="utf-8") as file:
            file.write("ID,status\n" + "".join(f"P{i},{'+-'[i % 2]}\n" for i in range(40)))
        with open("tiger.csv", "w", encoding="utf-8") as file:
            file.write("bag_id,label,f,g\n" + "".join(f"b{i // 3},{i // 3 % 2},{i * 7 % 11},{i * 5 % 13}\n" for i in range(120)))
        run("import", "--bag=bag_id", "--label=label", "-o", "tiger.h5", "tiger.csv")
        for name, last in (("digits", "1"), ("half", "")):
            with open(f"{name}.csv", "w", encoding="utf-8") as file:
                file.write(f"ID,p0,p1\na,-1,{last}\nb,1,{last}\n")
        head = b'{"layer0": {"dtype": "F32", "shape": [1, 2, 2], "data_offsets": [0, 16]}}'
        with open("heads.safetensors", "wb") as file:
            file.write(struct.pack("<Q", len(head)) + head + struct.pack("<4f", 0.25, 0.75, 0.5, 0.5))

    def fits(self, text, lines=None):
        for line in text.splitlines():
            self.assertLessEqual(len(line), 80, line)
        if lines:
            self.assertLessEqual(len(text.splitlines()), lines)

    # ---- the overview ----

    def test_one_screen(self):
        text = self.good("--help").stdout
        self.fits(text, 24)
        self.assertEqual(text, self.good("help").stdout)
        self.assertEqual(text, self.good("-h").stdout)
        for command in COMMANDS:
            self.assertEqual(len(re.findall(rf"^  {command} +[a-z]", text, re.MULTILINE)), 1, command)
        self.assertIn("predict each bag; optionally export instance attention", text)
        self.assertIn("rival methods on the same folds", text)
        self.assertEqual(len(re.findall(r"^  hopsack ", text, re.MULTILINE)), 2)
        for code in (0, 1, 2, 3, 4, 5, 6, 130, 143):
            self.assertRegex(text, rf"\b{code}\b")

    def test_no_command(self):
        done = run()
        self.assertEqual(done.returncode, 2)
        self.assertIn(self.good("--help").stdout, done.stderr)

    def test_version(self):
        text = self.good("--version").stdout
        self.assertRegex(text, r"hopsack \d.*\n.*OpenBLAS")
        self.assertEqual(text, self.good("-V").stdout)

    # ---- a command ----

    def test_short_help(self):
        for command in COMMANDS:
            text = self.good(command, "--help").stdout
            self.fits(text, 60)
            self.assertEqual(text, self.good(command, "-h").stdout)
            lines = text.splitlines()
            self.assertRegex(lines[0], rf"^hopsack {command}: [a-z]")
            self.assertRegex(lines[2], rf"^Usage: hopsack {command}")
            self.assertIn("Example:", lines)
            self.assertIn("Options:", lines)
            self.assertIn(f"hopsack help {command}", lines[-1])
            self.assertTrue(options(text), command)

    def test_full_help_has_every_option(self):
        for command in COMMANDS:
            text = self.good("help", command).stdout
            self.fits(text)
            names = options(text)
            self.assertEqual(len(names), len(set(names)), f"{command}: {names}")
            for name in (*EVERYWHERE, *(n for n in options(self.good(command, "--help").stdout) if "." not in n)):
                self.assertIn(name, names, command)
            self.assertEqual("Settings with defaults" in text, command in SETTINGS, command)

    def test_every_row_is_in_help(self):
        """Each option row of the sources is listed, with its default and range."""
        rows = {"predict": ("o", "attention", "top", "metadata", "id-column"), "evaluate": ("part", "metadata", "id-column"),
                "train": ("o", "resume", "target", "kind", "positive", "group", "splits", "fold", "metadata", "id-column"),
                "crossval": ("o", "resume", "shard", "target", "kind"), "baseline": ("o", "method", "target"),
                "simulate": ("o", "compress", "motif", "rho", "rho-mode", "counts"), "bench": ("repeats", "most"),
                "explain": ("o", "top", "important", "part", "reference", "truth", "airr", "metadata", "id-column"),
                "study": ("o", "network", "explain", "inner", "permute", "resume", "target"),
                "inspect": ("dynamics",), "report": ("o", "rivals", "stack", "explain", "check", "figures"),
                "import": ("o", "format", "metadata", "id-column", "include", "exclude", "separator", "compress", "sequence-column",
                           "count-column", "merge", "empty", "region", "extension", "bag", "label", "skip", "n-features", "sparse",
                           "allow-leak")}
        for command, names in rows.items():
            text = self.good("help", command).stdout
            for name in names:
                self.assertIn(name, options(text), command)
        self.assertRegex(self.good("help", "bench").stdout, r"--repeats=N .*\(default\s+20;\s+integer from 3 to 1000000\)")
        self.assertRegex(self.good("help", "evaluate").stdout, r"--part=unseen\|all ")
        self.assertRegex(self.good("help", "import").stdout, r"(?s)--include=COLUMN=VALUE.*?\(repeatable\)")

    def test_formats_and_baselines_are_listed(self):
        text = self.good("help", "import").stdout
        for name in ("airr", "deeprc", "named", "csv", "svm"):
            self.assertRegex(text, rf"(?m)^  {name} +\S")
        self.assertIn("stats-logistic", self.good("help", "baseline").stdout)

    def test_examples_work(self):
        """In the order of the list of commands, each line as it stands; trainings are cut short."""
        for command in (*COMMANDS[1:], "import"):
            text = self.good(command, "--help").stdout
            lines = text[text.index("Example:\n"):text.index("\n\nOptions:")].splitlines()[1:]
            for line in lines:
                program, *words = shlex.split(line)
                self.assertEqual(program, "hopsack", line)
                words = [word.replace("tiger.csv.gz", "tiger.csv") for word in words]
                if command in ("train", "crossval") and "--resume" not in words:
                    words += ["--train.updates=2", "--model.embedder.start=random", "--splits.n_fold=3"]
                if command == "study":
                    words += ["--no-network", "--no-explain", "--splits.n_fold=3", "--inner=2"]
                if command == "bench":
                    words.append("--repeats=3")
                self.good(*words, *(["--force"] if command in ("simulate", "predict", "import") else []))

    def test_the_overview_has_examples_that_work(self):
        lines = [line for line in self.good("--help").stdout.splitlines() if line.startswith("  hopsack ")]
        for line, more in zip(lines, (["--force"], ["--no-network", "--no-explain", "--splits.n_fold=3", "--inner=2", "--force"])):
            self.good(*shlex.split(line)[1:], *more)

    # ---- settings ----

    def test_every_key(self):
        text = self.good("help", "config").stdout
        self.fits(text)
        for key in ("kernel", "evaluate_every", "validation", "fraction", "simulate.rate"):
            self.assertIn(key, text)

    def test_a_section(self):
        text = self.good("help", "config", "model.pooling").stdout
        self.assertIn("  model.pooling.kind: attention\n", text)
        self.assertNotIn("train.lr", text)
        self.assertEqual(self.good("help", "config", "train.lr").stdout.splitlines()[:2], ["  train.lr: 1.0e-3", "      learning rate"])
        self.assertIn("tasks.0.column", self.good("help", "config", "tasks").stdout)
        self.bad(2, r"no section or setting 'trian': did you mean train\?", "help", "config", "trian")
        self.bad(2, r"'pooling': did you mean model\.pooling\?", "help", "config", "pooling")
        self.bad(2, r"no section or setting 'zzzzzz'; hopsack help config", "help", "config", "zzzzzz")
        self.bad(2, r"no help on 'trian'; topics are .*did you mean train\?", "help", "trian")
        self.bad(2, r"lr: only help config", "help", "train", "lr")

    def test_keys_as_json(self):
        rows = json.loads(self.good("help", "config", "--json").stdout)["settings"]
        text = self.good("help", "config").stdout
        self.assertEqual([row["key"] for row in rows], re.findall(r"^  ([\w.]+): ", text, re.MULTILINE))
        self.assertGreater(len(rows), 100)
        for row in rows:
            self.assertEqual({"key", "section", "type", "default", "required", "unit", "help", "range", "choices", "only_with"}, set(row))
            self.assertIn(row["type"], ("integer", "number", "boolean", "text", "choice", "size", "list of texts", "list of numbers"))
            self.assertTrue(row["help"], row)
            self.assertTrue(row["range"] is None or row["range"][0] < row["range"][1], row)
            self.assertFalse(row["required"] and row["default"] is not None, row)
        known = {row["key"]: row for row in rows}
        self.assertEqual(known["train.lr"]["default"], 0.001)
        self.assertEqual(known["train.lr"]["range"], [0, 1000])
        self.assertEqual(known["train.nesterov"]["default"], False)
        self.assertEqual(known["train.nesterov"]["only_with"], {"train.optimizer": "sgd"})
        self.assertEqual(known["model.selection.kind"]["choices"], ["top", "random", "all"])
        self.assertTrue(known["data.path"]["required"])
        one = json.loads(self.good("help", "config", "crossval", "--json").stdout)["settings"]
        self.assertEqual([row["key"] for row in one], ["crossval.ensemble", "crossval.members", "crossval.inner", "crossval.permute", "crossval.without", "crossval.batches"])
        self.bad(2, r"--json goes with help config", "help", "train", "--json")

    # ---- what was meant ----

    def test_suggestions(self):
        for words, meant in ((["train", "--lr=1"], r"--lr: did you mean --train\.lr\?"),
                             (["train", "--lr", "1"], r"--lr: did you mean --train\.lr\?"),
                             (["crossval", "--pooling=max"], r"--pooling: did you mean --model\.pooling\.kind\?"),
                             (["train", "--optimizer=sgd"], r"did you mean --train\.optimizer\?"),
                             (["train", "--n_unit=3"],
                              r"did you mean --model\.embedder\.n_unit, --model\.layers\.0\.n_unit, --model\.pooling\.n_unit, --model\.bag_inputs\.n_unit or --model\.output\.n_unit\?"),
                             (["train", "--batsh=3"], r"did you mean --(train|splits)\.batch\?"),
                             (["bench", "--cache=1MB"], r"did you mean --data\.cache\?"),
                             (["simulate", "--rate=1"], r"did you mean --simulate\.rate\?"),
                             (["predict", "--attn=x"], r"unknown flag --attn; hopsack help predict lists all"),
                             (["predict", "--lr=1"], r"unknown flag --lr; hopsack help predict lists all"),
                             (["train", "--resum"], r"did you mean --resume\?")):
            self.bad(2, meant, *words)
        self.bad(2, r"--model\.lr: unknown setting 'model\.lr'; did you mean train\.lr\?", "train", TINY, "cohort.h5", "--target=status",
                 "--model.lr=1", "-o", "no")

    # ---- words ----

    def test_data_is_a_word(self):
        common = ["--target=status", "--train.updates=2", "--train.evaluate_every=2"]
        self.good("train", "--data.path=cohort.h5", TINY, *common, "-o", "by_flag")
        self.good("train", TINY, "cohort.h5", *common, "-o", "by_word")
        self.good("train", "cohort.h5", TINY, *common, "-o", "the_other_way")
        self.good("train", TINY, "cohort.h5", "--data.path=cohort.h5", *common, "-o", "both")
        for folder in ("by_word", "the_other_way", "both"):
            for name in ("model.safetensors", "predictions.tsv", "config.yaml", "splits.tsv"):
                self.assertEqual(read(f"by_flag/{name}"), read(f"{folder}/{name}"), f"{folder}/{name}")
        self.good("train", "cohort.h5", *common, "--model.embedder.n_kernel=4", "-o", "without_config")
        self.good("train", "--resume", TINY, "cohort.h5", *common, "-o", "by_flag")
        self.good("crossval", TINY, "cohort.h5", *common, "--splits.n_fold=3", "-o", "folds")

    def test_data_by_content(self):
        os.symlink("cohort.h5", "cohort.data")
        self.good("train", "cohort.data", "--target=status", "--dry-run", "-o", "no")
        self.good("bench", TINY, "cohort.h5", "--repeats=3")

    def test_words_that_do_not_fit(self):
        self.bad(2, r"two datasets are given, cohort\.h5 and --data\.path=other\.h5; keep one", "train", TINY, "cohort.h5",
                 "--data.path=other.h5", "--target=status", "-o", "no")
        self.bad(2, r"'b\.h5': one dataset and at most one CONFIG", "train", "a.h5", "b.h5", "--target=status", "-o", "no")
        self.bad(2, r"two configs are given, a\.yaml and b\.yaml, .*at most one CONFIG", "crossval", "a.yaml", "b.yaml",
                 "--target=status", "-o", "no")
        self.bad(2, r"c: usage is hopsack train", "train", "a", "b", "c", "-o", "no")

    def test_kind(self):
        self.good("train", TINY, "tiger.h5", "--target=label", "--kind=regression", "--model.embedder.kind=mlp", "--train.updates=2",
                  "-o", "numbers")
        self.assertIn("kind: regression", read("numbers/config.yaml").decode())
        self.bad(2, r"--kind \(tasks\.0\.kind\): 'ranking' is not binary, multiclass or regression", "train", TINY, "tiger.h5",
                 "--target=label", "--kind=ranking", "-o", "no")
        self.bad(2, r"--kind goes with --target=COLUMN", "train", TINY, "tiger.h5", "--kind=binary", "-o", "no")

    # ---- messages ----

    def test_raw_bytes_are_escaped(self):
        said = self.bad(6, r"no\\x1b\[31m\\n\.h5: cannot read", "inspect", "--dynamics", "no\x1b[31m\n.h5", "no\x1b[31m\n.h5")
        self.assertNotIn("\x1b", said)
        self.assertIn(r"\xff", self.bad(6, r"no\\xff: ", "inspect", b"no\xff".decode("utf-8", "surrogateescape")))

    def test_results_are_escaped(self):
        """Label tables hold what they like; a terminal must not obey it."""
        with open("colour.csv", "w", encoding="utf-8") as file:
            file.write("ID,status\n" + "".join(f"P{i},{'+-'[i % 2]}\x1b[31m\n" for i in range(40)))
        done = self.good("import", "--metadata=colour.csv", "-o", "colour.h5", "repertoires")
        shown = self.good("inspect", "colour.h5").stdout
        self.assertNotIn("\x1b", shown + done.stderr)
        self.assertIn(r"+\x1b[31m 20", shown)
        self.assertIn(r"\u001B", self.good("inspect", "--json", "colour.h5").stdout)
        said = self.bad(2, r"which value of column 'status' is positive\? It has '\+\\x1b\[31m'", "train", TINY, "colour.h5", "--target=status",
                        "-o", "no")
        self.assertNotIn("\x1b", said)
        self.good("simulate", "-o", "odd\x1bname.h5", "--simulate.n_bag=20", "--simulate.n_seq=20")
        self.assertNotIn("\x1b", self.good("inspect", "odd\x1bname.h5").stdout)


main()
