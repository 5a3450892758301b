# SPDX-License-Identifier: MIT
"""What --dry-run says of time and memory. tests/bench/bench_plan.py compares it with measured figures."""
import json
import math
import os
import shutil

import h5py

from harness import TINY, Case, cohort, main, run, snapshot

ESTIMATE = r"estimate: (less than 1 s|about \d+ (s|min|h)( to \d+ (s|min|h))?), \d+ MB of memory"
KEYS = "seconds_low", "seconds", "seconds_high"
TARGET = "--target=status", "--positive=+"


class Estimates(Case):
    @classmethod
    def prepare(cls):
        cohort("c.h5", n_bag=24, n_seq=120)
        for words in (["train", TINY, "c.h5", *TARGET, "-o", "one"],
                      ["baseline", "c.h5", *TARGET, "--method=kmer-3", "--method=nuisance", "--splits.n_fold=3", "--inner=2", "-o", "rivals"],
                      ["stack", "rivals", "-o", "stack"], ["export", "c.h5", "-o", "text"]):
            done = run(*words)
            assert done.returncode == 0, done.stderr
        with open("v.csv", "w", encoding="utf-8") as file:
            file.write("bag_id,label,a,b\n")
            for bag in range(24):
                file.writelines(f"b{bag},{bag % 2},{(bag * 7 + i * 3) % 11},{(bag * 5 + i) % 7}\n" for i in range(4))
        assert run("import", "-o", "v.h5", "v.csv").returncode == 0

    COMMANDS = (["train", TINY, "c.h5", *TARGET, "-o", "no"],
                ["crossval", TINY, "c.h5", *TARGET, "--inner=2", "-o", "no"],
                ["crossval", "mil", "v.h5", "-o", "no"],
                ["baseline", "c.h5", *TARGET, "-o", "no"],
                ["baseline", "v.h5", "mil", "--method=nuisance-vectors", "-o", "no"],
                ["stack", "rivals", "-o", "no"],
                ["evaluate", "one", "c.h5", "--part=all"],
                ["evaluate", "--each", "one", "c.h5", "--part=all"],
                ["explain", "one", "c.h5", "--part=all", "-o", "no"],
                ["report", "stack", "--rivals=rivals", "-o", "no.html"],
                ["simulate", "-o", "no.h5"],
                ["export", "c.h5", "-o", "no"],
                ["memory", "v.csv", "v.csv", "-o", "no.tsv"],
                ["memory", "--capacity", "--kind=dense", "-o", "no.tsv"],
                ["study", "c.h5", *TARGET, "-o", "no"])
    WITHOUT_JSON = (["predict", "one", "c.h5", "-o", "no.tsv"],
                    ["predict", "rivals/kmer-3", "c.h5", "-o", "no.tsv"],
                    ["import", "text", "--metadata=text/metadata.tsv", "-o", "no.h5"],
                    ["import", "v.csv", "-o", "no.h5"],
                    ["import", "c.h5", "-o", "no.h5"])

    def plan(self, *words):
        return json.loads(self.good(*words, "--dry-run", "--json").stdout)

    def test_every_dry_run_tells_time_and_memory(self):
        before = snapshot(".")
        for words in self.COMMANDS + self.WITHOUT_JSON:
            done = self.good(*words, "--dry-run")
            self.assertRegex(done.stdout + done.stderr, ESTIMATE, words)
        self.assertEqual(snapshot("."), before)

    def test_as_json(self):
        for words in self.COMMANDS:
            plan = self.plan(*words)
            low, middle, high = (plan[key] for key in KEYS)
            self.assertTrue(0 < low <= middle <= high, (words, plan))
            self.assertTrue(5 < plan["memory_mb"] < 5000, (words, plan))

    def test_a_study_is_the_sum_of_its_steps(self):
        plan = self.plan("study", "c.h5", *TARGET, "-o", "no")
        self.assertEqual([s["name"] for s in plan["steps"]], ["check", "rivals", "network", "stack", "explain", "report"])
        for key in ("seconds_low", "seconds_high"):
            self.assertAlmostEqual(plan[key], sum(s[key] for s in plan["steps"]), places=2)
        self.assertEqual(plan["memory_mb"], max(s["memory_mb"] for s in plan["steps"]))
        lines = self.good("study", "c.h5", *TARGET, "-o", "no", "--dry-run").stdout.splitlines()
        self.assertRegex(lines[-1], "^" + ESTIMATE + "$")
        for line in lines[:-1:2]:
            self.assertRegex(line, r"^\d \w+ .*: (less than 1 s|about ).* MB of memory$")

    def test_ten_times_the_updates(self):
        """Evaluations apart, ten times as long; bounds are wide, as other load disturbs short timings."""
        words = "train", TINY, "c.h5", *TARGET, "--train.evaluate_every=0", "-o", "no"
        short, long = (self.plan(*words, f"--train.updates={n}")["seconds_high"] for n in (20000, 200000))
        self.assertTrue(4 < long / short < 25, (short, long))

    def test_early_stopping_widens_the_range(self):
        words = "train", TINY, "c.h5", *TARGET, "--train.updates=20000", "--train.evaluate_every=100", "-o", "no"
        whole, early = (self.plan(*words, f"--train.patience={n}") for n in (0, 3))
        self.assertLess(whole["seconds_high"] / whole["seconds_low"], 2)
        self.assertGreater(early["seconds_high"] / early["seconds_low"], 10)

    def test_further_cross_validations_count(self):
        words = "crossval", TINY, "c.h5", *TARGET, "--train.updates=20000", "--splits.n_fold=3", "-o", "no"
        plain, more = (self.plan(*words, f"--permute={n}") for n in (0, 9))
        self.assertEqual(more["jobs"], 10 * plain["jobs"])
        self.assertTrue(4 < more["seconds_high"] / plain["seconds_high"] < 25, (plain, more))

    def test_further_ones_of_a_run_that_is_done(self):
        words = "crossval", TINY, "c.h5", *TARGET, "--splits.n_fold=3", "-o", "done"
        self.good(*words)
        plain, more = (self.plan(*words, "--resume", f"--permute={n}") for n in (0, 500))
        self.assertEqual(plain["mine"], 0)
        self.assertGreater(more["mine"], 1400)  # chance leaves some folds one class
        self.assertGreater(more["seconds_low"], 20 * plain["seconds_low"])

    def test_methods_and_permutations_count(self):
        words = "baseline", "c.h5", *TARGET, "-o", "no"
        one = self.plan(*words, "--method=enriched")
        two = self.plan(*words, "--method=enriched", "--method=kmer-4")
        many = self.plan(*words, "--method=enriched", "--permute=50")
        self.assertGreater(two["seconds"], one["seconds"])
        self.assertGreater(many["seconds"], 5 * one["seconds"])

    def test_cues_and_patterns_of_a_memory_count(self):
        words = "memory", "--capacity", "--kind=dense", "-o", "no.tsv"
        one, cues, patterns = (self.plan(*words, f"--stored={n}", f"--cues={c}")["seconds"]
                               for n, c in ((5000, 1000), (5000, 10000), (50000, 1000)))
        for more in cues, patterns:
            self.assertTrue(5 < more / one < 20, (one, cues, patterns))
        plan = self.plan(*words, "--stored=5000", "--cues=1000", "--steps=1")
        self.assertAlmostEqual(plan["seconds_high"] / plan["seconds_low"], 1.7 / 0.6, delta=0.1)  # one update, not 2 to 6

    def test_damaged_bags(self):
        """The sentence of a thread is told, whichever met the bag."""
        self.good("train", "mil", "v.h5", "--train.epochs=1", "-o", "of-vectors")
        shutil.copy("v.h5", "damaged.h5")
        with h5py.File("damaged.h5", "r+") as file:
            file["sampledata/features"][0] = math.nan
        for threads in 1, 2, 3, 4:
            self.bad(3, "bag 'b0' instance 0 feature 0 is not a finite number", "predict", "of-vectors", "damaged.h5", "--dry-run", "-o", "no.tsv",
                     threads=threads)

    def test_memory_of_held_bags(self):
        cohort("large.h5", n_bag=40, n_seq=20000)
        words = "train", TINY, "large.h5", *TARGET, "-o", "no"
        held, read = self.plan(*words), self.plan(*words, "--data.cache=1MB")
        saved = held["memory_mb"] - read["memory_mb"]
        streamed = held["memory_bags"] / 1e6 - 1 - saved  # the bags that are read ahead, and draws of them
        self.assertGreater(streamed, 2 * held["memory_bags"] / 1e6 / 40 - 0.1)
        self.assertLess(streamed, 4)
        self.assertGreater(held["memory_bags"], 5e6)
        os.remove("large.h5")
        os.remove("large.truth.tsv.gz")


if __name__ == "__main__":
    main()
