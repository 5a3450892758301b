# SPDX-License-Identifier: MIT
"""Runs and data that move, bags that a model knows, raw tables in the place of a dataset, datasets merged and exported."""
import gzip
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess

from harness import HOPSACK, Case, cohort, main, read, run, snapshot, table, without_times

LETTERS = "ACDEFGHIKLMNPQRSTVWY"
SAME_BYTES = "model.safetensors", "predictions.tsv", "splits.tsv", "config.yaml", "bags.tsv"


def repertoires(folder, names, seed, n=25, positive=lambda i: i % 2):
    """AIRR tables, one a name, with a column to filter by; a motif in those of every other."""
    rng = random.Random(seed)
    os.makedirs(folder, exist_ok=True)
    for i, name in enumerate(names):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write("junction_aa\tv_call\tj_call\tduplicate_count\tproductive\tlane\n")
            for k in range(n):
                middle = "".join(rng.choice(LETTERS) for _ in range(7))
                if positive(i) and k % 4 == 0:
                    middle = "WYW" + middle[3:]
                file.write(f"CAS{middle}F\tTRBV{rng.randint(1, 9)}\tTRBJ1-{rng.randint(1, 3)}\t{rng.randint(1, 9)}\tT\t{k % 3}\n")


def write(path, text):
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)


def labels(path, names, values="-+", column="status"):
    write(path, f"ID\t{column}\n" + "".join(f"{name}\t{values[i % 2]}\n" for i, name in enumerate(names)))


def stopped(folder, update, *args):
    """A run that a signal ends after this update."""
    env = {**os.environ, "HOPSACK_TEST_STOP_AT": f"{update}:{int(signal.SIGINT)}"}
    done = run(*args, "-o", folder, "--threads=1", env=env)
    assert done.returncode == 130, done.stderr


def hashes(path):
    """{key: hash} of a dataset's bags, as a cross-validation or training on it would list them."""
    shutil.rmtree("hashes", ignore_errors=True)
    done = run("crossval", "tiny.yaml", path, "--target=status", "--splits.n_fold=2", "--splits.validation=none", "--train.updates=1", "-o", "hashes", "--threads=1")
    assert done.returncode == 0, done.stderr
    return {row["bag"].split(".")[0]: row["bag_hash"] for row in table("hashes/bags.tsv")}


PEOPLE = [f"p{i:02d}" for i in range(12)]
IMPORT = "--include=lane=0", "--include=lane=1", "--region=cdr3"


class Runs(Case):
    @classmethod
    def prepare(cls):
        repertoires("in", [f"{p}.tsv" for p in PEOPLE], 1)
        repertoires("new", [f"q{i}.tsv" for i in range(3)], 2)
        labels("m.tsv", PEOPLE)
        for words in (("import", "--metadata=m.tsv", *IMPORT, "-o", "o.h5", "in"), ("import", "-o", "plain.h5", "in"),
                      ("train", "tiny.yaml", "o.h5", "--target=status", "-o", "run", "--threads=1"),
                      ("crossval", "tiny.yaml", "o.h5", "--target=status", "--splits.n_fold=3", "-o", "cv", "--threads=1")):
            done = run(*words)
            assert done.returncode == 0, done.stderr

    def assert_same_run(self, a, b, except_for=()):
        for name in SAME_BYTES:
            self.assertEqual(read(f"{a}/{name}"), read(f"{b}/{name}"), name)
        one, other = ({key: value for key, value in without_times(f"{run}/summary.json").items() if key not in except_for} for run in (a, b))
        self.assertEqual(one, other)

    # ---- moving ----

    def begin(self, folder):
        """start/o.h5, and a training from there that is interrupted: start/runs/a."""
        os.makedirs(f"{folder}/start/runs")
        shutil.copy("o.h5", f"{folder}/start/o.h5")
        shutil.copy("tiny.yaml", f"{folder}/start/tiny.yaml")
        env = {**os.environ, "HOPSACK_TEST_STOP_AT": f"20:{int(signal.SIGINT)}"}
        done = run("train", "tiny.yaml", "--data.path=o.h5", "--target=status", "-o", "runs/a", "--threads=1", cwd=f"{folder}/start", env=env)
        self.assertEqual(done.returncode, 130, done.stderr)

    def test_a_run_moves_alone_and_its_data_stay(self):
        self.begin("alone")
        os.makedirs("alone/else/where")
        shutil.move("alone/start/runs/a", "alone/else/where/a")
        self.good("train", "--resume", "-o", "a", "--threads=1", cwd="alone/else/where")
        self.assert_same_run("alone/else/where/a", "run")

    def test_run_and_data_move_together(self):
        self.begin("both")
        shutil.move("both/start", "both/finish")
        self.good("train", "--resume", "-o", "both/finish/runs/a", "--threads=1")
        self.assert_same_run("both/finish/runs/a", "run")

    def test_data_that_are_elsewhere_are_named(self):
        self.begin("named")
        os.makedirs("named/deep")
        shutil.move("named/start/o.h5", "named/deep/data.h5")
        self.bad(6, r"o\.h5: the dataset of the run in start/runs/a is not there \(tried .*start/o\.h5.*\).*--data\.path=FILE",
                 "train", "--resume", "-o", "start/runs/a", cwd="named")
        self.good("train", "--resume", "-o", "start/runs/a", "--data.path=deep/data.h5", "--threads=1", cwd="named")
        self.assert_same_run("named/start/runs/a", "run")
        self.good("train", "--resume", "-o", "named/start/runs/a")  # has ended: needs no data

    def test_a_place_given_once_is_remembered(self):
        self.begin("twice")
        os.makedirs("twice/deep")
        shutil.move("twice/start/o.h5", "twice/deep/data.h5")
        stopped("twice/start/runs/a", 30, "train", "--resume", "--data.path=twice/deep/data.h5")
        self.good("train", "--resume", "-o", "twice/start/runs/a", "--threads=1")
        self.assert_same_run("twice/start/runs/a", "run")

    def test_the_same_content_in_another_file(self):
        """Imported again, stored otherwise, with more label columns: the same bags and the same labels used."""
        self.begin("again")
        write("more.tsv", "ID\tage\tstatus\n" + "".join(f"{p}\t{30 + i}\t{'-+'[i % 2]}\n" for i, p in enumerate(PEOPLE)))
        self.good("import", "--metadata=more.tsv", *IMPORT, "--compress=none", "-o", "again.h5", "in")
        self.good("train", "--resume", "-o", "again/start/runs/a", "--data.path=again.h5", "--threads=1")
        self.assert_same_run("again/start/runs/a", "run", except_for=("check",))  # which looks at the new column too

    def test_shards_with_data_in_other_places(self):
        words = "crossval", "tiny.yaml", "--target=status", "--splits.n_fold=3", "--threads=1"
        os.makedirs("shards")
        shutil.copy("o.h5", "shards/a.h5")
        self.good(*words, "--data.path=shards/a.h5", "--shard=1/2", "-o", "shards/cv")
        shutil.move("shards/a.h5", "shards/b.h5")
        self.good(*words, "--data.path=shards/b.h5", "--shard=2/2", "-o", "shards/cv")
        self.assertEqual(read("shards/cv/predictions.tsv"), read("cv/predictions.tsv"))

    def test_shards_that_start_at_once_with_data_in_other_places(self):
        words = "crossval", "tiny.yaml", "--target=status", "--splits.n_fold=3", "--threads=1", "-o", "atonce/cv"
        os.makedirs("atonce")
        children = []
        for k in range(3):
            shutil.copy("o.h5", f"atonce/{k}.h5")
            children.append(subprocess.Popen([HOPSACK, *words, f"--data.path=atonce/{k}.h5", f"--shard={k + 1}/3"],
                                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))
        for child in children:
            said = child.communicate()[1]
            self.assertEqual(child.returncode, 0, said)
        self.assertEqual(read("atonce/cv/predictions.tsv"), read("cv/predictions.tsv"))

    def test_other_content_is_refused_by_bag(self):
        words = "crossval", "--resume", "-o", "half", "--threads=1"
        self.good("crossval", "tiny.yaml", "o.h5", "--target=status", "--splits.n_fold=3", "--shard=1/3", "-o", "half")
        before = snapshot("half")
        self.good("import", "--metadata=m.tsv", "--include=lane=0", "--region=cdr3", "-o", "other.h5", "in")
        self.bad(3, r"other\.h5: bag 'p00' has other content than when the run in half began", *words, "--data.path=other.h5")
        labels("turned.tsv", PEOPLE, "+-")
        self.bad(3, r"turned\.tsv: bag 'p00' has '\+' in column 'status', and had '-' when the run in half began", *words, "--metadata=turned.tsv")
        labels("fewer.tsv", PEOPLE[1:], "+-")
        self.bad(3, r"o\.h5: bag 1 is 'p01', and was 'p00'", *words, "--metadata=fewer.tsv")
        self.assertEqual(snapshot("half"), before)
        write("sorted.tsv", "ID\tstatus\n" + "".join(f"{p}\t{'-+'[PEOPLE.index(p) % 2]}\n" for p in sorted(PEOPLE, reverse=True)))
        self.good(*words, "--metadata=sorted.tsv")
        self.assertEqual(read("half/predictions.tsv"), read("cv/predictions.tsv"))

    def test_a_cross_validation_of_010_is_known_by_the_bytes_of_its_files(self):
        self.good("crossval", "tiny.yaml", "o.h5", "--target=status", "--splits.n_fold=3", "--shard=1/3", "-o", "old")
        os.remove("old/bags.tsv")
        manifest = json.loads(read("old/manifest.json"))
        manifest["data"] = {"dataset": {"path": "o.h5", "sha256": hashlib.sha256(read("o.h5")).hexdigest()}}
        for key in ("folder", "run"):
            del manifest[key]
        write("old/manifest.json", json.dumps(manifest))
        self.good("import", "--metadata=m.tsv", *IMPORT, "--compress=none", "-o", "bytes.h5", "in")
        self.bad(3, r"bytes\.h5: is not the dataset that the run in old began with \(its SHA-256", "crossval", "--resume", "-o", "old", "--data.path=bytes.h5")
        self.good("crossval", "--resume", "-o", "old", "--shard=2/3")
        self.good("crossval", "--resume", "-o", "old", "--data.path=bytes.h5", "--threads=1")  # by content from now on
        self.assertEqual(read("old/predictions.tsv"), read("cv/predictions.tsv"))

    def test_a_hash_in_the_file_is_not_believed(self):
        """The hash of p00, as it stands in the file, is changed: predictions and parts stay, and it is told."""
        bag = table("run/bags.tsv")[0]
        self.good("import", "--metadata=m.tsv", *IMPORT, "--compress=none", "-o", "liar.h5", "in")
        content = read("liar.h5")
        stored = int(bag["bag_hash"], 16).to_bytes(8, "little")
        if content.count(stored) != 1:
            self.skipTest("the hashes are not stored as they are")
        with open("liar.h5", "wb") as file:
            file.write(content.replace(stored, b"\0" * 8))
        done = run("predict", "run", "liar.h5", "-o", "liar.tsv", "--threads=1")
        if done.returncode == 3:
            self.assertIn("bag_hash", done.stderr)  # its checksum
            return
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("bag_hash", done.stderr)
        self.good("predict", "run", "o.h5", "-o", "honest.tsv", "--threads=1")
        self.assertEqual(read("liar.tsv"), read("honest.tsv"))

    def test_a_resumed_start_from_kmers_keeps_its_numbers(self):
        cohort("k.h5", n_bag=30)
        words = "train", "tiny.yaml", "k.h5", "--target=status", "--model.embedder.start=kmers"
        self.good(*words, "-o", "kwhole", "--threads=1")
        stopped("kcut", 20, *words)
        self.good("train", "--resume", "-o", "kcut", "--threads=1")
        self.assertEqual(without_times("kcut/summary.json"), without_times("kwhole/summary.json"))
        self.assertIsNotNone(without_times("kcut/summary.json")["start"]["largest_z"])

    # ---- bags that a model knows ----

    def test_names_of_training_bags_with_other_content(self):
        self.good("import", "--metadata=m.tsv", "--include=lane=2", "--region=cdr3", "-o", "lane2.h5", "in")
        for words in (("predict", "run", "lane2.h5", "-o", "lane2.tsv"), ("evaluate", "run", "lane2.h5")):
            done = self.good(*words, "--quiet")
            self.assertRegex(done.stderr, r"warning: 9 bags bear the name of a bag that the model was trained or validated on, but other content \('p\d\d'\)")
        self.assertEqual({row["part"] for row in table("lane2.tsv")}, {"new"})

    def test_content_of_training_bags_under_other_names(self):
        os.makedirs("renamed")
        for p in PEOPLE:
            shutil.copy(f"in/{p}.tsv", f"renamed/x{p}.tsv")
        labels("x.tsv", [f"x{p}" for p in PEOPLE])
        self.good("import", "--metadata=x.tsv", *IMPORT, "-o", "renamed.h5", "renamed")
        done = self.good("evaluate", "run", "renamed.h5", "--quiet", "--json")
        self.assertRegex(done.stderr, r"warning: 9 bags have the content of a bag .* under another name")
        self.assertEqual(json.loads(done.stdout)["left_out"], {"train": 6, "validation": 3})

    def test_labels_coded_otherwise_name_both(self):
        names = [f"q{i}" for i in range(3)]
        labels("yes.tsv", names, ["no", "yes"])
        self.good("import", "--metadata=yes.tsv", *IMPORT, "-o", "yes.h5", "new")
        self.bad(3, r"column 'status' holds 'no' \(2\), 'yes' \(1\), and the model learned '\+' and '-'", "evaluate", "run", "yes.h5")
        done = self.good("predict", "run", "yes.h5", "-o", "yes.out.tsv", "--quiet")
        self.assertRegex(done.stderr, r"warning: .*'yes' \(1\), and the model learned")
        self.assertEqual({row["target"] for row in table("yes.out.tsv")}, {""})

    # ---- raw tables ----

    def test_raw_tables_are_as_import_and_predict(self):
        self.good("import", *IMPORT, "-o", "new.h5", "new")
        self.good("predict", "run", "new.h5", "-o", "a.tsv", "--threads=1")
        place = os.path.abspath("scratch")
        os.makedirs(place)
        env = {**os.environ, "TMPDIR": place}
        self.good("predict", "run", "new", "-o", "b.tsv", "--threads=2", env=env)
        self.good("predict", "cv", "new.h5", "-o", "c.tsv")
        self.good("predict", "cv", "new/q0.tsv", "new/q1.tsv", "new/q2.tsv", "-o", "d.tsv", env=env)
        self.assertEqual(read("a.tsv"), read("b.tsv"))
        self.assertEqual(read("c.tsv"), read("d.tsv"))
        self.assertEqual(os.listdir(place), [])

    def test_evaluate_takes_raw_tables(self):
        labels("q.tsv", [f"q{i}" for i in range(3)])
        self.good("import", *IMPORT, "-o", "forq.h5", "new")
        a = self.good("evaluate", "run", "forq.h5", "--metadata=q.tsv").stdout
        self.assertEqual(self.good("evaluate", "run", "new", "--metadata=q.tsv").stdout, a)

    def test_a_killed_prediction_leaves_nothing(self):
        place = os.path.abspath("killed")
        os.makedirs(place)
        for wait in (0.02, 0.05, 0.1):
            child = subprocess.Popen([HOPSACK, "predict", "run", "in", "-o", "-"], env={**os.environ, "TMPDIR": place},
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                child.wait(wait)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.assertEqual(os.listdir(place), [])

    def test_options_given_again_must_agree(self):
        self.good("predict", "run", "new", "-o", "agree.tsv", "--region=cdr3")
        self.bad(2, r'--region is "junction", and the data of run/model\.safetensors were imported with "cdr3"', "predict", "run", "new", "-o", "x.tsv", "--region=junction")
        self.bad(2, r"--count-column is \"none\"", "predict", "run", "new", "-o", "x.tsv", "--count-column=none")
        self.bad(2, r"--region: only for raw tables, and DATA is a dataset", "predict", "run", "o.h5", "-o", "x.tsv", "--region=cdr3")

    def test_models_without_import_options_say_what_to_do(self):
        cohort("sim.h5", n_bag=20)
        self.good("train", "tiny.yaml", "sim.h5", "--target=status", "--train.updates=2", "-o", "simrun")
        self.bad(4, r"does not know how its data were imported; import the table with the same options first \(hopsack import", "predict", "simrun", "new", "-o", "x.tsv")

    def test_raw_vectors(self):
        rng = random.Random(4)
        rows = [(f"b{b}", b % 2, [rng.gauss(b % 2, 1) for _ in range(3)]) for b in range(20) for _ in range(3)]
        write("v.csv", "bag,label,u,v,w\n" + "".join(f"{b},{y}," + ",".join(map(str, x)) + "\n" for b, y, x in rows))
        write("w.csv", "bag,u,v,w\n" + "".join(f"n{b}," + ",".join(map(str, x)) + "\n" for b, _, x in rows[:9]))
        self.good("import", "-o", "v.h5", "v.csv")
        write("mil.yaml", "model: {embedder: {kind: mlp, n_unit: 4}}\ntrain: {updates: 5}\n")
        self.good("train", "mil.yaml", "v.h5", "--target=label", "-o", "vrun", "--threads=1")
        self.good("import", "--label=none", "-o", "w.h5", "w.csv")
        self.good("predict", "vrun", "w.h5", "-o", "w1.tsv", "--threads=1")
        self.good("predict", "vrun", "w.csv", "--label=none", "-o", "w2.tsv", "--threads=1")
        self.assertEqual(read("w1.tsv"), read("w2.tsv"))

    # ---- attention of a cross-validation ----

    def test_attention_of_a_crossval_folder(self):
        self.good("predict", "cv", "o.h5", "-o", "seen.tsv", "--attention=seen.att.tsv")
        fold = {row["bag"]: row["rep00"] for row in table("cv/splits.tsv")}
        rows = table("seen.att.tsv")
        self.assertEqual({row["bag"]: row["fold"] for row in rows}, fold)
        self.assertEqual({row["repeat"] for row in rows} | {row["mean_rank"] for row in rows}, {"0", ""})
        self.good("predict", "cv/rep00/fold01", "o.h5", "-o", "one.tsv", "--attention=one.att.tsv")
        alone = [row for row in table("one.att.tsv") if fold[row["bag"]] == "1"]
        columns = list(alone[0])
        self.assertEqual([[row[c] for c in columns] for row in rows if row["fold"] == "1"], [[row[c] for c in columns] for row in alone])

    def test_a_crossval_folder_predicts_its_bags_by_models_that_have_not_seen_them(self):
        own = {row["bag"]: row for row in table("cv/predictions.tsv")}
        self.good("predict", "cv", "o.h5", "-o", "held.tsv")
        rows = table("held.tsv")
        self.assertEqual({row["part"] for row in rows}, {"test"})
        self.assertEqual({row["bag"]: row["output"] for row in rows}, {bag: row["output"] for bag, row in own.items()})
        self.good("predict", "cv", "new", "-o", "fresh.tsv")
        self.assertEqual({row["part"] for row in table("fresh.tsv")}, {"new"})
        self.good("predict", *(f"cv/rep00/fold0{f}" for f in range(3)), "o.h5", "-o", "mean.tsv")
        self.assertEqual({row["part"] for row in table("mean.tsv")}, {"train"})

    def test_without_o_predictions_are_printed(self):
        self.good("predict", "cv", "new", "-o", "printed.tsv", "--force")
        self.assertEqual(self.good("predict", "cv", "new").stdout, read("printed.tsv").decode())

    def test_mean_rank_of_new_bags(self):
        self.good("predict", "cv", "new", "-o", "n.tsv", "--attention=n.att.tsv")
        rows = table("n.att.tsv")
        self.assertEqual({row["fold"] for row in rows}, {"0", "1", "2"})
        for i in range(5):
            one = [row for row in rows if row["bag"] == "q0.tsv" and row["instance"] == str(i)]
            self.assertEqual(len(one), 3)
            self.assertEqual({row["mean_rank"] for row in one}, {one[0]["mean_rank"]})
            self.assertAlmostEqual(float(one[0]["mean_rank"]), sum(int(row["rank"]) for row in one) / 3)
        self.bad(2, r"--attention wants one model, or the folder of a crossval run; 2 models", "predict", "run", "cv/rep00/fold00", "o.h5", "-o", "x.tsv", "--attention=x2.tsv")

    # ---- merging and choosing ----

    def test_datasets_merge_to_what_one_import_gives(self):
        for k, part in enumerate((PEOPLE[:5], PEOPLE[5:])):
            os.makedirs(f"half{k}")
            for p in part:
                shutil.copy(f"in/{p}.tsv", f"half{k}/{p}.tsv")
            write(f"half{k}.tsv", f"ID\tstatus\textra{k}\n" + "".join(f"{p}\t{'-+'[PEOPLE.index(p) % 2]}\tx\n" for p in part))
            self.good("import", f"--metadata=half{k}.tsv", *IMPORT, "-o", f"half{k}.h5", f"half{k}")
        self.good("import", "half0.h5", "half1.h5", "-o", "merged.h5")
        self.assertEqual(hashes("merged.h5"), hashes("o.h5"))
        self.good("train", "tiny.yaml", "merged.h5", "--target=status", "-o", "mrun", "--threads=1")
        self.assertEqual(read("mrun/predictions.tsv"), read("run/predictions.tsv"))
        shown = json.loads(self.good("inspect", "merged.h5", "--json").stdout)
        self.assertEqual(shown["bags"], 12)
        self.good("predict", "mrun", "new", "-o", "mnew.tsv")  # the options of the import are still known

    def test_keys_that_collide_name_both_files(self):
        self.good("import", "o.h5", "--compress=none", "-o", "copy.h5")
        self.bad(3, r"o\.h5 and copy\.h5 both hold bag 'p00\.tsv'", "import", "o.h5", "copy.h5", "-o", "x.h5")

    def test_what_does_not_agree_is_not_merged(self):
        self.good("import", "--metadata=m.tsv", "--include=lane=0", "--region=cdr3", "-o", "lane0.h5", "in")
        self.bad(3, r"o\.h5 and lane0\.h5 were imported with unlike options \(include", "import", "o.h5", "lane0.h5", "-o", "x.h5")
        self.bad(3, r"o\.h5 and plain\.h5 cannot be one dataset: the region .*CDR3.*junction", "import", "o.h5", "plain.h5", "-o", "x.h5")
        self.bad(2, r"in is no dataset, and others given are", "import", "in", "o.h5", "-o", "x.h5")
        self.bad(2, r"--format: only for text", "import", "o.h5", "--format=airr", "-o", "x.h5")

    def test_bags_are_chosen(self):
        write("ids.txt", "p03\np01.tsv\n\n")
        write("ids.csv", "bag,part\np01,test\np03,train\n")
        self.good("import", "o.h5", "--bags=ids.txt", "-o", "two.h5")
        self.good("import", "--metadata=m.tsv", *IMPORT, "--bags=ids.csv", "-o", "two2.h5", "in")
        self.good("import", "o.h5", "--bags=ids.csv", "--metadata=m.tsv", "-o", "two3.h5")
        for name in ("two.h5", "two2.h5", "two3.h5"):
            self.assertEqual(json.loads(self.good("inspect", name, "--json").stdout)["bags"], 2, name)
        write("lost.txt", "p03\nnobody\n")
        self.bad(3, r"lost\.txt: 1 ID names no bag of o\.h5: 'nobody'", "import", "o.h5", "--bags=lost.txt", "-o", "x.h5")
        self.bad(3, r"lost\.txt: 1 ID names no bag of the files given: 'nobody'", "import", "in", "--bags=lost.txt", "-o", "x.h5")
        write("wide.txt", "p03\tp01\n")
        self.bad(3, r"wide\.txt:1: has several cells", "import", "o.h5", "--bags=wide.txt", "-o", "x.h5")

    # ---- export ----

    def test_an_export_imports_to_the_same_bags(self):
        for options, back in ((("--format=airr",), ("--region=cdr3",)), (("--format=deeprc", "--compress=gzip"), ("--format=deeprc", "--region=cdr3"))):
            shutil.rmtree("out", ignore_errors=True)
            self.good("export", "o.h5", "-o", "out", *options)
            self.good("import", *back, "--metadata=out/metadata.tsv", "-o", "back.h5", "--force", "out")
            self.assertEqual(hashes("back.h5"), hashes("o.h5"))
        self.bad(6, r"out exists and is not empty", "export", "o.h5", "-o", "out")
        self.bad(2, r"o\.h5 holds sequences; export it with --format=airr or deeprc", "export", "o.h5", "-o", "out2", "--format=csv")

    def test_names_that_are_no_names_of_files(self):
        names = ["a/P 1", "a:P 1", "P.2", ".hidden", "metadata", "é"]
        rng = random.Random(5)
        write("several.tsv", "repertoire_id\tsequence_id\tjunction_aa\tduplicate_count\tv_call\tj_call\tproductive\n" + "".join(
            f"{name}\t{k}\tCAS{''.join(rng.choice(LETTERS) for _ in range(6))}F\t{k + 1}\tTRBV1\tTRBJ1\tT\n" for name in names for k in range(4)))
        labels("odd.tsv", names)
        self.good("import", "--metadata=odd.tsv", "-o", "odd.h5", "several.tsv")
        self.good("export", "odd.h5", "-o", "odd")
        rows = table("odd/metadata.tsv")
        self.assertEqual([row["ID"] for row in rows], names)
        self.assertEqual(sorted(row["filename"] for row in rows), sorted(name for name in os.listdir("odd") if name != "metadata.tsv"))
        self.assertTrue(all("/" not in row["filename"] and " " not in row["filename"] and row["filename"][0] != "." for row in rows))
        self.good("import", "--metadata=odd/metadata.tsv", "-o", "odd2.h5", "odd")
        self.assertEqual(sorted(hashes("odd.h5").values()), sorted(hashes("odd2.h5").values()))

    def test_vectors_are_exported(self):
        rng = random.Random(6)
        write("x.csv", 'bag_id,label,"a,b",c\n' + "".join(f"k {b},{'ny'[b % 2]},{rng.gauss(0, 1)!r},{rng.random() * 1e-7!r}\n" for b in range(8) for _ in range(2)))
        self.good("import", "-o", "x.h5", "x.csv")
        self.good("export", "x.h5", "-o", "xout")
        self.good("import", "--bag=bag_id", "--label=none", "--metadata=xout/metadata.tsv", "-o", "x2.h5", "xout/bags.csv")
        done = [json.loads(self.good("inspect", path, "--json").stdout) for path in ("x.h5", "x2.h5")]
        self.good("import", "x.h5", "-o", "x3.h5")
        self.bad(3, r"both hold bag 'k 0'", "import", "x.h5", "x2.h5", "-o", "x4.h5")
        self.assertEqual(*[[d["bags"], d["instances"]] for d in done])
        write("k.txt", "k 3\n")
        self.good("export", "x.h5", "-o", "k3", "--bags=k.txt", "--compress=gzip")
        with gzip.open("k3/bags.csv.gz", "rt", encoding="utf-8") as file:
            self.assertEqual(len(file.readlines()), 3)

    def test_bags_of_a_table_of_several(self):
        rows = "".join(f"{name}\t{k}\tCASSLE{LETTERS[k]}YF\t{k + 1}\tT\n" for name in "ABC" for k in range(3))
        write("abc.tsv", "repertoire_id\tsequence_id\tjunction_aa\tduplicate_count\tproductive\n" + rows)
        write("c.txt", "C\n")
        labels("abc.labels.tsv", "ABC")
        self.good("import", "abc.tsv", "--bags=c.txt", "--metadata=abc.labels.tsv", "-o", "c.h5")
        self.assertEqual(json.loads(self.good("inspect", "c.h5", "--json").stdout)["bags"], 1)

    def test_attention_of_an_ensemble(self):
        self.good("crossval", "tiny.yaml", "o.h5", "--target=status", "--splits.n_fold=3", "--crossval.ensemble=2", "--train.updates=5", "-o", "ens")
        self.good("predict", "ens", "o.h5", "-o", "ens.tsv", "--attention=ens.att.tsv", "--top=1")
        self.assertEqual({(row["bag"], row["model"]) for row in table("ens.att.tsv")}, {(p, m) for p in PEOPLE for m in "01"})


if __name__ == "__main__":
    main()
