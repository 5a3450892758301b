# SPDX-License-Identifier: MIT
"""Configs by bare name: the program in its build folder finds those of the source tree."""
import os
import shutil
import subprocess

from harness import HOPSACK, TINY, Case, cohort, main, read

SOURCE = os.environ.get("HOPSACK_TEST_SOURCE", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
CONFIGS = os.path.realpath(os.path.join(SOURCE, "configs"))
SHORT = "--train.updates=2", "--train.evaluate_every=1", "--target=status", "--data.path=c.h5"


class ConfigPath(Case):
    @classmethod
    def prepare(cls):
        os.unlink(TINY)  # of the harness; here tiny is the config of hopsack
        cohort("c.h5")

    def train(self, name, out, *args, **options):
        return self.good("train", name, *SHORT, *args, "-o", out, **options)

    def test_bare_name_is_the_path(self):
        said = self.train("tiny", "by-name").stderr
        self.assertIn(f"config tiny: {CONFIGS}/tiny.yaml", said)
        self.assertNotIn("config tiny: ", self.train("tiny", "quiet", "--quiet").stderr)
        self.train(f"{CONFIGS}/tiny.yaml", "by-path")
        for file in ("config.yaml", "model.safetensors", "predictions.tsv"):
            self.assertEqual(read(f"by-name/{file}"), read(f"by-path/{file}"))

    def test_every_config_has_its_name(self):
        """Through the command that reads it, as far as the data it lacks."""
        names = [f[:-5] for f in os.listdir(CONFIGS) if f.endswith(".yaml")]
        self.assertIn("repertoire", names)
        for name in names:
            command = ("simulate", name, "--dry-run") if name.startswith("simulate") else ("train", name, "--dry-run")
            done = subprocess.run([HOPSACK, *command, "-o", "none"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            self.assertIn(f"config {name}: {CONFIGS}/{name}.yaml", done.stderr)

    def test_other_commands(self):
        self.good("simulate", "simulate-one", "--simulate.n_bag=4", "--simulate.n_seq=20", "-o", "s.h5")
        self.good("crossval", "tiny", *SHORT, "--splits.n_fold=3", "-o", "folds")

    def test_resume_does_not_need_the_name(self):
        self.train("tiny", "res")
        self.good("train", "--resume", "-o", "res", "--train.updates=3")

    def test_base_by_bare_name(self):
        os.makedirs("own", exist_ok=True)
        with open("own/mine.yaml", "w", encoding="utf-8") as file:
            file.write("base: tiny\ntrain: {lr: 0.002}\n")
        self.assertIn(f"config tiny: {CONFIGS}/tiny.yaml", self.train("own/mine.yaml", "based").stderr)
        text = read("based/config.yaml").decode()
        self.assertIn("n_kernel: 8", text)
        self.assertIn("lr: 0.002", text)
        with open("own/wrong.yaml", "w", encoding="utf-8") as file:
            file.write("base: tinny\n")
        self.bad(2, r"own/wrong.yaml:1: base: .*tinny: neither a file nor the name of a config in .*did you mean tiny\?",
                 "train", "own/wrong.yaml", *SHORT, "-o", "wrong")

    def test_unknown_name(self):
        self.bad(2, rf"repertore: neither a file nor the name of a config in {CONFIGS}; did you mean repertoire\?",
                 "train", "repertore", *SHORT, "-o", "none")
        self.bad(6, "elsewhere/tiny.yaml: cannot read: No such file or directory; the config that comes with hopsack has the bare name tiny",
                 "train", "elsewhere/tiny.yaml", *SHORT, "-o", "none")

    def test_a_local_file_is_never_passed_over(self):
        os.makedirs("local", exist_ok=True)
        shutil.copy(f"{CONFIGS}/tiny.yaml", "local/tiny.yaml")
        shutil.copy("c.h5", "local/c.h5")
        os.chdir("local")
        try:
            self.bad(2, rf"tiny: can be tiny.yaml or {CONFIGS}/tiny.yaml; give the path of one", "train", "tiny", *SHORT, "-o", "x")
            self.train("tiny.yaml", "x")
            os.rename("tiny.yaml", "own-name.yaml")
            self.assertIn("config own-name: own-name.yaml", self.train("own-name", "y").stderr)
        finally:
            os.chdir("..")

    def test_folder_of_ones_own(self):
        os.makedirs("site", exist_ok=True)
        with open("site/lab.yaml", "w", encoding="utf-8") as file:
            file.write("base: tiny\nseed: 5\n")
        with open("site/tiny.yaml", "w", encoding="utf-8") as file:
            file.write("seed: 7\ntrain: {lr: 0.003}\n")
        env = {**os.environ, "HOPSACK_CONFIGS": os.path.abspath("site")}
        self.assertIn("site/tiny.yaml", self.train("lab", "lab-run", env=env).stderr)  # ahead of hopsack's own
        self.assertIn("seed: 5", read("lab-run/config.yaml").decode())
        self.assertIn("lr: 0.003", read("lab-run/config.yaml").decode())
        self.bad(2, r"labb: neither a file nor the name of a config in .*site \(HOPSACK_CONFIGS\) or .*configs; did you mean lab\?",
                 "train", "labb", *SHORT, "-o", "none", env=env)


main()
