# SPDX-License-Identifier: MIT
"""Training that starts from k-mers (model.embedder.start: kmers): chosen once for all folds, and by training bags alone."""
import json
import os
import re
import signal

from harness import Case, main, read, run, snapshot, table, without_times

KMERS = ("--model.embedder.start=kmers", "--model.norm=bags", "--model.pooling.mean=true", "--model.selection.kind=all",
         "--train.batch=8", "--train.draws=100", "--data.path=c.h5")
UPDATES = "--train.updates=20", "--train.evaluate_every=10"
QUICK = "--train.updates=2", "--train.evaluate_every=0"
FOLDS = 5
FIVE = f"--splits.n_fold={FOLDS}"
DATA = "--target=status", *KMERS, *UPDATES
DATA_QUICK = "--target=status", *KMERS, *QUICK
HEADER = b"kmer\tclass\tsign\tz\tz_alone\tthreshold\tcount_in\tcount_out\tbags_in\tbags_out\n"
COUNTED = "counting k-mers: "


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def counted(done):
    """Numbers of bags that were counted, one each time. A slow machine prints lines of progress before."""
    ended = re.compile(re.escape(COUNTED) + r"(\d+) bags in ")
    return [int(match[1]) for match in map(ended.match, done.stderr.splitlines()) if match]


def write_labels(path, columns):
    """A label table: {name: [cell]}, the first the bags' names."""
    with open(path, "w", encoding="utf-8") as file:
        for row in (list(columns), *zip(*columns.values())):
            file.write("\t".join(map(str, row)) + "\n")


class Kmers(Case):
    @classmethod
    def prepare(cls):
        done = run("simulate", "--simulate.n_bag=40", "--simulate.n_seq=400", "--motif=SFEN", "--rho=0.01", "--seed=3", "-o", "c.h5")
        assert done.returncode == 0, done.stderr
        cls.done = run("crossval", *DATA, FIVE, "-o", "cv", threads=2)
        assert cls.done.returncode == 0, cls.done.stderr
        rows = table("cv/predictions.tsv")
        cls.label = {row["bag"]: "+-"[row["target"] == "0"] for row in rows}
        cls.bags = list(cls.label)

    def fold(self, k, run_folder="cv"):
        return f"{run_folder}/rep00/fold{k:02}"

    def check_each_fold(self, words, folder, names=("kmers.tsv", "predictions.tsv", "model.safetensors")):
        """Is every fold of a crossval what train makes of it?"""
        for k in range(FOLDS):
            self.good("train", *words, f"--fold={k}", "--force", "-o", "one")
            for name in names:
                self.assertEqual(read(f"one/{name}"), read(f"{self.fold(k, folder)}/{name}"), f"fold {k}: {name}")

    def test_what_makes_no_network_is_refused_before_counting(self):
        for command in ("train", "crossval"):
            done = run(command, *DATA, "--model.embedder.n_layer=2", "-o", f"refused-{command}")
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("kmers needs n_layer: 1", done.stderr)
            self.assertEqual(counted(done), [])

    # ---- what is written ----

    def test_the_motif_is_found(self):
        for k in range(FOLDS):
            rows = table(f"{self.fold(k)}/kmers.tsv")
            self.assertEqual(len(rows), 1)
            self.assertIn(rows[0]["kmer"], "SFEN")  # or a part: the rest may stand by chance nowhere
            self.assertEqual((rows[0]["class"], rows[0]["sign"]), ("+", "1"))
            start = load(f"{self.fold(k)}/summary.json")["start"]
            self.assertEqual(start["kmers"], [rows[0]["kmer"]])
            self.assertEqual(start["chosen"], 1)
            self.assertGreater(start["largest_z"], start["threshold"])
        self.assertIn("kernels start from 1 to 1 k-mers in 5 folds", self.done.stderr)

    def test_shuffled_labels_choose_none(self):
        """Half of the bags with the motif are positive, and half of the others."""
        seen = {"+": 0, "-": 0}
        labels = []
        for bag in self.bags:
            labels.append("+-"[seen[self.label[bag]] % 2])
            seen[self.label[bag]] += 1
        write_labels("shuffled.tsv", {"ID": self.bags, "status": labels})
        done = self.good("train", *DATA, "--metadata=shuffled.tsv", "-o", "shuffled")
        self.assertIn("no k-mer to start from (no k-mer exceeds the threshold): kernels start at random", done.stderr)
        self.assertEqual(read("shuffled/kmers.tsv"), HEADER)
        start = load("shuffled/summary.json")["start"]
        self.assertEqual((start["chosen"], start["kmers"]), (0, []))
        self.assertLess(start["largest_z"], start["threshold"])

    def test_evaluations_of_samples_hold_rare_kmers(self):
        """Two carriers of 3 000 sequences. Training is the same, whatever evaluations see."""
        self.good("simulate", "--simulate.n_bag=60", "--simulate.n_seq=3000", "--motif=SFEN", "--rho=0.0007", "--seed=3", "-o", "d.h5")
        words = ("--target=status", *KMERS[:-1], "--data.path=d.h5", *UPDATES)
        last = {}
        for seen in (0, 1, 60 * 3000):  # 1: 1 000 of each repertoire, the least
            self.good("train", *words, f"--train.evaluate_instances={seen}", "-o", f"seen{seen}")
            rows = [json.loads(line) for line in read(f"seen{seen}/metrics.jsonl").decode().splitlines()]
            last[seen] = [{k: v for k, v in row.items() if k != "seconds"} for row in rows if row["update"] == 20]
        self.assertEqual(last[0], last[60 * 3000])
        for whole, sample in zip(last[0], last[1]):
            whole, sample = whole["tasks"]["status"], sample["tasks"]["status"]
            self.assertNotEqual(whole["loss"], sample["loss"])
            self.assertLess(abs(whole["loss"] - sample["loss"]), 0.1)
            self.assertLess(abs(whole["auc"] - sample["auc"]), 0.1)
        self.assertGreater(last[1][1]["tasks"]["status"]["auc"], 0.85)  # 0.72 if samples are drawn alike

    # ---- once for all folds ----

    def test_bags_are_counted_once(self):
        self.assertEqual(counted(self.done), [40])
        self.check_each_fold((*DATA, FIVE), "cv")

    def test_repetitions_models_threads_and_shards(self):
        words = (*DATA_QUICK, FIVE, "--splits.n_repeat=2", "--crossval.ensemble=2")
        done = self.good("crossval", *words, "-o", "many", threads=2)
        self.assertEqual(counted(done), [40, 40])
        for k in (1, 2):
            self.good("crossval", *words, "-o", "shards", f"--shard={k}/2", threads=1)
        for r in range(2):
            for k in range(FOLDS):
                folder = f"many/rep{r:02}/fold{k:02}"
                for model in ("model00", "model01"):
                    name = f"{folder}/{model}/kmers.tsv"
                    self.assertEqual(read(name), read(f"{folder}/model00/kmers.tsv"), name)
                    self.assertEqual(read(name), read(name.replace("many", "shards")), name)
        self.assertEqual(read("many/rep00/fold02/model01/kmers.tsv"), read(f"{self.fold(2)}/kmers.tsv"))

    def test_groups_cut_by_a_validation_share(self):
        words = (*DATA_QUICK, FIVE, "--splits.validation=0.2")
        done = self.good("crossval", *words, "-o", "share")
        self.assertGreater(counted(done)[0], 40)
        self.assertLessEqual(counted(done)[0], 160)
        self.check_each_fold(words, "share")

    def test_more_folds_than_groups(self):
        words = (*DATA_QUICK, "--splits.n_fold=20", "--splits.validation=none")
        done = self.good("crossval", *words, "-o", "folds")
        self.assertEqual(len(counted(done)), 2)
        self.assertLess(sum(counted(done)), 150)
        for k in (0, 7, 19):
            self.good("train", *words, f"--fold={k}", "--force", "-o", "one")
            self.assertEqual(read("one/kmers.tsv"), read(f"{self.fold(k, 'folds')}/kmers.tsv"))

    def test_regression(self):
        ages = [40 + 10 * (self.label[bag] == "+") + k % 3 for k, bag in enumerate(self.bags)]
        write_labels("ages.tsv", {"ID": self.bags, "age": ages})
        with open("age.yaml", "w", encoding="utf-8") as file:
            file.write("tasks: [{name: age, column: age, kind: regression}]\n")
        words = ("age.yaml", *KMERS, *QUICK, "--metadata=ages.tsv", FIVE)
        done = self.good("crossval", *words, "-o", "age")
        self.assertEqual(counted(done), [40])
        self.assertIn(table(f"{self.fold(1, 'age')}/kmers.tsv")[0]["kmer"], "SFEN")
        self.check_each_fold(words, "age")

    def test_labels_of_other_parts_do_not_matter(self):
        """With folds from a file, as drawn ones depend on labels."""
        part = {row["bag"]: row["part"] for row in table(f"{self.fold(0)}/splits.tsv")}
        flipped = ["+-"[(self.label[bag] == "+") == (part[bag] != "train")] for bag in self.bags]
        self.assertIn("train", part.values())
        for name, labels in (("true", [self.label[bag] for bag in self.bags]), ("flipped", flipped)):
            write_labels(f"{name}.tsv", {"ID": self.bags, "status": labels})
            words = (*DATA, "--splits=cv/splits.tsv", f"--metadata={name}.tsv")
            self.good("train", *words, "--fold=0", "-o", f"train_{name}")
            self.good("crossval", *words, "-o", f"cv_{name}")
            self.assertEqual(read(f"train_{name}/kmers.tsv"), read(f"{self.fold(0)}/kmers.tsv"), name)
            self.assertEqual(read(f"{self.fold(0, f'cv_{name}')}/kmers.tsv"), read(f"{self.fold(0)}/kmers.tsv"), name)
        self.assertNotEqual(read(f"{self.fold(1, 'cv_flipped')}/kmers.tsv"), read(f"{self.fold(1)}/kmers.tsv"))

    def test_parts_from_a_file(self):
        self.good("train", *DATA, f"--splits={self.fold(0)}/splits.tsv", "-o", "parts")
        self.assertEqual(len(table("parts/kmers.tsv")), 1)
        self.assertIn(table("parts/kmers.tsv")[0]["kmer"], "SFEN")

    def test_presence_and_rounds(self):
        """The choice of a fold is that of all folds together, and knows no labels of other parts."""
        words = (*DATA, "--model.embedder.statistic=both", "--model.embedder.rounds=3")
        done = self.good("crossval", *words, FIVE, "-o", "rounds", threads=2)
        self.assertEqual(counted(done)[0], 40)
        for k in range(FOLDS):
            rows = table(f"{self.fold(k, 'rounds')}/kmers.tsv")
            self.assertTrue(any(row["kmer"] in "SFEN" for row in rows), rows)
            self.assertTrue(all(abs(float(row["z"])) > float(row["threshold"]) for row in rows), rows)
        self.check_each_fold((*words, FIVE), "rounds")
        part = {row["bag"]: row["part"] for row in table(f"{self.fold(0, 'rounds')}/splits.tsv")}
        flipped = ["+-"[(self.label[bag] == "+") == (part[bag] != "train")] for bag in self.bags]
        write_labels("others.tsv", {"ID": self.bags, "status": flipped})
        self.good("train", *words, f"--splits={self.fold(0, 'rounds')}/splits.tsv", "--metadata=others.tsv", "-o", "others")
        self.assertEqual(read("others/kmers.tsv"), read(f"{self.fold(0, 'rounds')}/kmers.tsv"))

    def test_a_search_cannot_vary_them(self):
        with open("search.yaml", "w", encoding="utf-8") as file:
            file.write("tasks: [{name: status, column: status, kind: binary}]\n"
                       "search: {kind: grid, space: {model.embedder.statistic: [frequency, presence]}}\n")
        done = run("crossval", "search.yaml", *KMERS, *QUICK, FIVE, "-o", "search")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("would start from k-mers chosen in another way", done.stderr)

    # ---- resumed ----

    def stopped(self, *words):
        done = run(*words, env={**os.environ, "HOPSACK_TEST_STOP_AT": f"10:{int(signal.SIGINT)}"})
        self.assertEqual(done.returncode, 130, done.stderr)
        return done

    def test_resume_does_not_count_again(self):
        words = (*DATA, FIVE, "--threads=1")
        self.assertEqual(counted(self.stopped("train", *words, "-o", "resumed")), [24])
        done = self.good("train", "--resume", "-o", "resumed", "--threads=1")
        self.assertNotIn(COUNTED, done.stderr)
        for name in ("predictions.tsv", "kmers.tsv", "model.safetensors"):
            self.assertEqual(read(f"resumed/{name}"), read(f"{self.fold(0)}/{name}"), name)

    def test_crossval_resumes(self):
        words = (*DATA, FIVE, "--threads=1")
        self.stopped("crossval", *words, "-o", "again")
        self.good("crossval", "--resume", "-o", "again", "--threads=1")
        for k in range(FOLDS):
            for name in ("predictions.tsv", "kmers.tsv", "model.safetensors"):
                self.assertEqual(read(f"{self.fold(k, 'again')}/{name}"), read(f"{self.fold(k)}/{name}"), name)
        before = snapshot("again")
        done = self.good("crossval", "--resume", "-o", "again", "--threads=1")
        self.assertNotIn(COUNTED, done.stderr)
        self.assertEqual(snapshot("again"), before)
        self.assertEqual(without_times("again/summary.json"), without_times("cv/summary.json"))


if __name__ == "__main__":
    main()
