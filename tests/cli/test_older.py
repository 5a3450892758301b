# SPDX-License-Identifier: MIT
"""Datasets, models and open runs of version 0.1.0 (tests/older) open, predict and resume."""
import os
import shutil

from harness import Case, main, run, table

OLDER = os.path.join(os.environ.get("HOPSACK_TEST_SOURCE", "."), "tests", "older", "0.1.0")


class Older(Case):
    @classmethod
    def prepare(cls):
        for name in os.listdir(OLDER):
            path = os.path.join(OLDER, name)
            (shutil.copytree if os.path.isdir(path) else shutil.copy)(path, name)

    def outputs(self, path):
        return {row["bag"]: float(row["output"]) for row in table(path)}

    def assert_as_then(self, path, expected="expected/predictions.tsv"):
        then, now = self.outputs(expected), self.outputs(path)
        self.assertEqual(sorted(then), sorted(now))
        for bag, output in then.items():
            self.assertAlmostEqual(output, now[bag], delta=1e-5, msg=bag)

    def test_an_open_run_resumes_to_the_same_numbers(self):
        done = run("train", "--resume", "--threads=1", "-o", "open")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("after update 23", done.stderr)
        self.assert_as_then("open/predictions.tsv")

    def test_a_run_that_ended_has_ended(self):
        done = run("train", "--resume", "-o", "ended")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("has ended", done.stderr)

    def test_a_model_predicts(self):
        done = run("predict", "ended", "cohort.h5", "-o", "p.tsv", "--threads=1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_as_then("p.tsv")

    def test_datasets_of_each_kind_and_models_of_each_embedder(self):
        for embedder, data in (("lstm", "cohort.h5"), ("mlp", "dense.h5"), ("none", "sparse.h5")):
            with self.subTest(embedder):
                self.good("inspect", data)
                self.good("predict", f"models/{embedder}.safetensors", data, "-o", f"{embedder}.tsv", "--threads=1")
                self.assert_as_then(f"{embedder}.tsv", f"expected/{embedder}.tsv")
                part = {row["bag"]: row["part"] for row in table(f"{embedder}.tsv")}
                self.assertEqual(part, {row["bag"]: row["part"] for row in table(f"expected/{embedder}.tsv")})

    def test_the_same_config_trains_to_the_same_numbers(self):
        done = run("train", "ended/config.yaml", "-o", "again", "--threads=1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_as_then("again/predictions.tsv")


if __name__ == "__main__":
    main()
