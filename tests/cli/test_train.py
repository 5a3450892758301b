# SPDX-License-Identifier: MIT
import json
import os
import re
import signal
import subprocess
import time

from harness import HOPSACK, LAST_LINE, TINY, Case, auc, cohort, main, read, run, snapshot, table, trained, without_times

CONFIGS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "configs")
FILES = {"bags.tsv", "config.yaml", "manifest.json", "metrics.jsonl", "splits.tsv", "model.safetensors", "summary.json", "predictions.tsv",
         "checkpoint.safetensors", "lock"}


class Train(Case):
    @classmethod
    def prepare(cls):
        cohort("c.h5")
        trained("a", "c.h5")

    def test_folder_is_whole(self):
        self.assertEqual(set(os.listdir("a")), FILES)
        parts = {row["bag"]: row["part"] for row in table("a/splits.tsv")}
        self.assertEqual(sorted(parts.values()), ["test"] * 8 + ["train"] * 24 + ["validation"] * 8)
        rows = table("a/predictions.tsv")
        self.assertEqual(list(rows[0]), "bag task class target output probability part repeat fold".split())
        self.assertEqual({row["bag"]: row["part"] for row in rows}, parts)
        for row in rows:
            logit, probability = float(row["output"]), float(row["probability"])
            self.assertAlmostEqual(probability, 1 / (1 + 2.718281828459045 ** -logit), places=6)
            self.assertEqual((row["task"], row["class"], row["repeat"], row["fold"]), ("status", "+", "0", "0"))
            self.assertIn(row["target"], "01")
        positive = [row for row in rows if row["target"] == "1"]
        self.assertEqual(len(positive), 20)

    def test_metrics_and_summary(self):
        with open("a/metrics.jsonl", encoding="utf-8") as file:
            records = [json.loads(line) for line in file]
        self.assertEqual([(r["update"], r["part"]) for r in records],
                         [(20, "train"), (20, "validation"), (40, "train"), (40, "validation")])
        self.assertEqual(list(records[0]), ["update", "epoch", "part", "lr", "seconds", "loss", "tasks"])
        self.assertEqual(list(records[0]["tasks"]["status"]), ["loss", "auc", "bacc", "accuracy", "f1", "sensitivity", "specificity", "ap"])
        with open("a/summary.json", encoding="utf-8") as file:
            summary = json.load(file)
        best = min((r for r in records if r["part"] == "validation"), key=lambda r: r["tasks"]["status"]["loss"])
        self.assertEqual(summary["kept_update"], best["update"])
        self.assertEqual(summary["parts"]["validation"]["tasks"]["status"]["auc"], best["tasks"]["status"]["auc"])
        self.assertGreater(summary["seconds"], 0)
        self.assertGreater(summary["peak_memory"], 1e6)
        rows = [row for row in table("a/predictions.tsv") if row["part"] == "test"]
        self.assertAlmostEqual(summary["parts"]["test"]["tasks"]["status"]["auc"], auc(rows), places=12)
        self.assertEqual(summary["parts"]["test"]["tasks"]["status"]["n_bags"], 8)

    def test_threads_give_the_same_bits(self):
        for threads in (1, 2, 3, 4):
            name = f"threads{threads}"
            trained(name, "c.h5", f"--threads={threads}")
            for file in ("model.safetensors", "predictions.tsv", "splits.tsv"):
                self.assertEqual(read(f"a/{file}"), read(f"{name}/{file}"), f"{threads} threads: {file}")
            for file in ("metrics.jsonl", "summary.json"):
                self.assertEqual(without_times(f"a/{file}"), without_times(f"{name}/{file}"), f"{threads} threads: {file}")

    def test_threads_give_the_same_bits_on_another_kernel(self):
        for kernel in ({"OPENBLAS_CORETYPE": "Haswell"}, {"HOPSACK_KERNELS": "avx2"}, {"HOPSACK_KERNELS": "plain"}):
            name = "-".join(kernel.values())
            for threads in (1, 3):
                words = ["train", TINY, "--data.path=c.h5", "--target=status", "-o", f"{name}{threads}", f"--threads={threads}"]
                done = run(*words, env={**os.environ, **kernel})
                self.assertEqual(done.returncode, 0, done.stderr)
            for file in ("model.safetensors", "predictions.tsv", "splits.tsv"):
                self.assertEqual(read(f"{name}1/{file}"), read(f"{name}3/{file}"), f"{name}: {file}")

    def test_a_small_cache_gives_the_same_bits(self):
        trained("cache", "c.h5", "--data.cache=10KB")
        self.assertEqual(read("a/predictions.tsv"), read("cache/predictions.tsv"))

    def test_the_config_alone_repeats_the_run(self):
        self.good("train", "a/config.yaml", "-o", "again")
        self.assertEqual(read("a/model.safetensors"), read("again/model.safetensors"))
        self.assertEqual(read("a/config.yaml"), read("again/config.yaml"))

    def test_seed_and_fold_matter(self):
        trained("seed", "c.h5", "--seed=5")
        trained("fold", "c.h5", "--fold=1")
        self.assertNotEqual(read("a/splits.tsv"), read("seed/splits.tsv"))
        test = {name: {r["bag"] for r in table(f"{name}/splits.tsv") if r["part"] == "test"} for name in ("a", "fold")}
        self.assertFalse(test["a"] & test["fold"])

    def test_splits_of_a_run_are_accepted(self):
        trained("seed9", "c.h5", "--splits.seed=9")
        trained("given", "c.h5", "--splits=seed9/splits.tsv")
        self.assertEqual(read("seed9/splits.tsv"), read("given/splits.tsv"))

    def test_settings_do_something(self):
        for flag in ("--train.l1=0.1", "--train.l2=0.1", "--train.draws=20", "--train.batch=3", "--train.lr=0.002",
                     "--train.eps=0.01", "--train.beta1=0.5", "--train.beta2=0.9", "--data.compat=deeprc", "--data.counts=log1p",
                     "--model.selection.fraction=0.5", "--model.embedder.kernel=5", "--model.pooling.n_query=2",
                     "--model.output.n_hidden=1", "--splits.validation=none", "--train.epochs=2 --train.updates=null"):
            name = "set" + re.sub(r"\W", "_", flag)
            trained(name, "c.h5", *flag.split())
            self.assertNotEqual(read("a/predictions.tsv"), read(f"{name}/predictions.tsv"), flag)

    def test_keep_last(self):
        trained("last", "c.h5", "--train.keep=last", "--train.evaluate_every=15")
        with open("last/summary.json", encoding="utf-8") as file:
            self.assertEqual(json.load(file)["kept_update"], 40)

    def test_output_for_people_and_programs(self):
        done = self.good("train", "--data.path=c.h5", "--target=status", TINY, "-o", "people")
        self.assertRegex(done.stdout, r"(?m)^test AUC \d\.\d{3} \(8 bags\)")
        self.assertRegex(done.stderr.splitlines()[-1], LAST_LINE)
        done = self.good("train", "--data.path=c.h5", "--target=status", TINY, "-o", "programs", "--json", "--quiet")
        self.assertIn("test", json.loads(done.stdout)["parts"])
        self.assertEqual(done.stderr, "")

    def test_dry_run_writes_nothing(self):
        before = snapshot(".")
        done = self.good("train", "--data.path=c.h5", "--target=status", TINY, "-o", "dry", "--dry-run")
        self.assertIn("24 bags", done.stdout)
        plan = json.loads(self.good("train", "--data.path=c.h5", "--target=status", TINY, "-o", "dry", "--dry-run", "--json").stdout)
        self.assertEqual((plan["updates"], plan["bags"]), (40, {"train": 24, "validation": 8, "test": 8}))
        self.assertEqual(snapshot("."), before)
        self.assertFalse(os.path.exists("dry"))

    def test_an_existing_run_is_left_alone(self):
        words = ["train", "--data.path=c.h5", "--target=status", TINY, "-o", "a"]
        self.bad(6, r"hopsack: a exists and is not empty; --force", *words)
        trained("forced", "c.h5")
        trained("forced", "c.h5", "--force", "--seed=4")
        trained("seed4", "c.h5", "--seed=4")
        self.assertEqual(read("forced/predictions.tsv"), read("seed4/predictions.tsv"))
        os.mkdir("empty")
        trained("empty", "c.h5")

    def test_several_tasks_with_cells_missing(self):
        """configs/multitask.yaml on repertoires of which each lacks another label, or none."""
        os.mkdir("many")
        cells, letters = {}, "ACDEFGHIKLMNPQRSTVWY"
        for i in range(30):
            bag, ill = f"p{i:02}", i % 2
            cells[bag] = ["" if i == 3 else "-+"[ill], "" if i in (5, 20) else str(30 + i), "" if i == 7 else "ABC"[i % 3]]
            motif = "SFEN" if ill else "SFPN"
            rows = "".join(f"CASS{letters[(i + k) % 20]}{motif if k % 3 == 0 else letters[k]}{letters[(i * k) % 20]}YF\t1\n" for k in range(20))
            with open(f"many/{bag}.tsv", "w", encoding="utf-8") as file:
                file.write("amino_acid\ttemplates\n" + rows)
        with open("many.tsv", "w", encoding="utf-8") as file:
            file.write("ID\tstatus\tage\thla\n" + "".join("\t".join([bag, *row]) + "\n" for bag, row in cells.items()))
        self.good("import", "--metadata=many.tsv", "-o", "example.h5", "many")
        done = self.good("train", f"{CONFIGS}/multitask.yaml", "--data.path=example.h5", "-o", "m", "--train.updates=30",
                         "--train.evaluate_every=15", "--train.lr=0.01")
        self.assertRegex(done.stderr, r"4 (labels|cells).*missing|missing.*4")
        rows = table("m/predictions.tsv")
        self.assertEqual(len(rows), 30 * (1 + 1 + 3))
        for row in rows:
            cell = cells[row["bag"].removesuffix(".tsv")][["ill", "age", "hla"].index(row["task"])]
            known = "" if not cell else cell if row["task"] == "age" else str(int(cell == row["class"]))
            self.assertEqual(row["target"] and float(row["target"]), known and float(known), str(row))
        with open("m/summary.json", encoding="utf-8") as file:
            parts = json.load(file)["parts"]
        for task, score, missing in (("ill", "auc", 1), ("age", "mae", 2), ("hla", "bacc", 1)):
            self.assertEqual(sum(parts[part]["tasks"][task]["n_bags"] for part in parts), 30 - missing)
            self.assertGreater(parts["train"]["tasks"][task][score], 0)
        mean = sum(float(row["output"]) for row in rows if row["task"] == "age") / 30
        self.assertTrue(30 < mean < 60, f"not in the unit of the column: {mean}")

    def test_groups_stay_together(self):
        with open("groups.tsv", "w", encoding="utf-8") as file:
            file.write("ID\tstatus\tdonor\n" + "".join(f"sim{i:05}\t{'+-'[i % 2]}\td{i // 4}\n" for i in range(40)))
        trained("grouped", "c.h5", "--metadata=groups.tsv", "--group=donor")
        donors = {(int(row["bag"][3:]) // 4, row["part"]) for row in table("grouped/splits.tsv")}
        self.assertEqual(len(donors), 10)

    def test_equal_bags_in_two_parts_are_said(self):
        os.mkdir("text")
        for i in range(12):
            rows = "".join("CASS" + "".join("ACDEFGHIKLMNPQRSTVWY"[(i % 11 * 7 + k * k + t) % 20] for t in range(5)) + "F\t1\n" for k in range(9))
            with open(f"text/p{i}.tsv", "w", encoding="utf-8") as file:
                file.write("amino_acid\ttemplates\n" + rows)
        with open("twins.tsv", "w", encoding="utf-8") as file:
            file.write("ID\tstatus\tpart\n" + "".join(f"p{i}\t{'+-'[i % 2]}\t{('train', 'test')[i > 7]}\n" for i in range(12)))
        self.good("import", "--metadata=twins.tsv", "-o", "twins.h5", "text")
        done = self.good("train", TINY, "--data.path=twins.h5", "--target=status", "--splits=twins.tsv", "-o", "twins")
        self.assertRegex(done.stderr, r"hopsack: warning: .*equal content.*'p0' in train and 'p11' in test")

    def test_inspect(self):
        self.assertIn("test AUC", self.good("inspect", "a").stdout)
        done = json.loads(self.good("inspect", "a", "--json").stdout)
        self.assertTrue(done["finished"])
        self.assertEqual(set(done["files"]), FILES - {"lock"})
        self.assertIn("sequence_embedding.network.0.weight", self.good("inspect", "a/model.safetensors").stdout)
        model = json.loads(self.good("inspect", "a/model.safetensors", "--json").stdout)
        self.assertEqual(model["bags_seen"], {"train": 24, "validation": 8})
        self.assertEqual(model["tensors"][0]["shape"], [8, 23, 9])
        self.assertIn("40", self.good("inspect", "c.h5").stdout)
        json.loads(self.good("inspect", "c.h5", "--json").stdout)

    def test_divergence(self):
        wild = ["train", TINY, "--data.path=c.h5", "--target=status", "--train.lr=1000", "--model.output.n_hidden=8",
                "--model.output.n_unit=256", "-o"]
        done = run(*wild, "gone")
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertRegex(done.stderr.splitlines()[-1], r"^hopsack: the loss .* update \d+ .*train\.lr.*there is no model")
        self.assertEqual(set(os.listdir("gone")), {"bags.tsv", "config.yaml", "manifest.json", "splits.tsv", "lock"})
        done = run(*wild, "kept", "--train.evaluate_every=1")
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertRegex(done.stderr.splitlines()[-1], r"kept/model\.safetensors holds the model of update \d+$")
        self.assertNotIn("summary.json", os.listdir("kept"))
        self.good("evaluate", "kept", "c.h5")

    def test_signals(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            name = f"signal{code}"
            words = [HOPSACK, "train", "--data.path=c.h5", "--target=status", TINY, "--train.updates=1000000", "-o", name]
            with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as child:
                for _ in range(1000):
                    if os.path.exists(f"{name}/metrics.jsonl"):
                        break
                    time.sleep(0.02)
                child.send_signal(number)
                _, said = child.communicate(timeout=60)
            self.assertEqual(child.returncode, code, said)
            self.assertRegex(said.splitlines()[-1], r"^hopsack: (interrupted|terminated) after update \d+ of 1000000; .*model")
            self.assertFalse([file for file in os.listdir(name) if file.startswith(".")], "temporary files stay")
            self.good("inspect", f"{name}/model.safetensors")
            self.good("evaluate", f"{name}/model.safetensors", "c.h5")
            self.assertFalse(json.loads(self.good("inspect", name, "--json").stdout)["finished"])


main()
