# SPDX-License-Identifier: MIT
"""hopsack study: the commands that it runs, and where it goes on."""
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time

from harness import HOPSACK, Case, main, read, run, table

SMALL = "--train.updates=10", "--train.evaluate_every=5", "--splits.n_fold=3", "--inner=2", "--seed=1"


class Study(Case):
    @classmethod
    def prepare(cls):
        done = run("simulate", "-o", "c.h5", "--simulate.n_bag=24", "--simulate.n_seq=120", "--rho=0.05", "--seed=2")
        assert done.returncode == 0, done.stderr
        cls.whole = run("study", "c.h5", "--target=status", *SMALL, "-o", "whole")

    def test_from_a_dataset_to_a_page(self):
        self.assertEqual(self.whole.returncode, 0, self.whole.stderr)
        for name in ("check.json", "rivals/summary.json", "network/summary.json", "stack/summary.json", "seen", "report.html", "figures"):
            self.assertTrue(os.path.exists(f"whole/{name}"), name)
        self.assertEqual(read("whole/rivals/splits.tsv"), read("whole/network/splits.tsv"))
        with open("whole/stack/summary.json", encoding="utf-8") as file:
            stack = json.load(file)
        self.assertIn("network", stack["columns"])
        lines = self.whole.stdout.splitlines()
        self.assertIn(f"status: AUC {stack['tasks']['status']['auc_mean']:.3f} ± ", "\n".join(lines))
        answer = next(line for line in lines if line.startswith("status: AUC "))
        self.assertIn(f" over {stack['tasks']['status']['n_folds']} folds, 95 % interval ", answer)
        self.assertTrue(any(line.startswith("status: the network: AUC ") for line in lines), lines)
        self.assertTrue(any(re.match(r"status: size, depth, clonality and lengths alone: AUC", line) for line in lines), lines)
        self.assertEqual(lines[-1], "page: whole/report.html")
        self.assertEqual(list(json.loads(read("whole/study.json"))), ["check", "rivals", "network", "stack", "explain", "report"])

    def test_what_the_stack_chose_is_explained(self):
        self.assertIn("5 explain  sequences, residues and motifs of what the stack chooses", self.whole.stdout)
        self.assertIn("  hopsack explain whole/stack c.h5 -o whole/seen\n", self.whole.stdout)
        facts = json.loads(read("whole/seen/explain.json"))
        self.assertEqual([(w["path"], w["kind"]) for w in facts["explained"]], [("whole/stack", "stack")])
        chosen = {f["column"] for f in json.loads(read("whole/stack/summary.json"))["tasks"]["status"]["chosen"]}
        self.assertEqual({c["name"] for c in facts["columns"] if c["bags"] > 0}, chosen)
        said = read("whole/report.html").decode()
        self.assertNotIn("Explained is", self.whole.stdout + said)
        self.assertEqual("network&#39;s motifs, residues and kernels are not shown here" in said, "network" not in chosen)

    def choose(self, folder, columns):
        """As if the stack had chosen these in its outer folds."""
        path = f"{folder}/stack/summary.json"
        stack = json.loads(read(path))
        task = stack["tasks"]["status"]
        for fold, name in zip(task["chosen"], columns):
            fold["column"] = name
        for name, column in task["columns"].items():
            column["n_chosen"] = columns.count(name)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(stack, file)
        ranked = {n: c["inner_mean"] for n, c in task["columns"].items() if n in ("enriched", "kmer-3", "kmer-4", "gapped", "network", "clones")}
        return max(ranked, key=ranked.get)

    def test_where_the_choice_ranks_nothing(self):
        """The next best that does is explained, and terminal and page say so."""
        words = "study", "c.h5", "--target=status", *SMALL[2:], "--no-network", "-o", "dumb"
        self.good(*words)
        best = self.choose("dumb", ["nuisance", "kmer-3", "nuisance"])
        done = self.good(*words, "--resume")
        self.assertIn("step 3 of 5, stack: done before", done.stderr)
        self.assertIn("explain: the best column that ranks instances, as what the stack chose does not", done.stderr)
        self.assertIn(f"  hopsack explain dumb/rivals/{best} c.h5 -o dumb/seen\n", done.stdout)
        said = f"The stack chose nuisance in 2, kmer-3 in 1 of 3 outer folds. nuisance ranks no instances. Explained is {best} alone."
        self.assertIn(f"status: {said}\n", done.stdout)
        self.assertIn(said, read("dumb/report.html").decode())
        explained = json.loads(read("dumb/seen/explain.json"))["explained"]
        self.assertEqual([w["path"] for w in explained], [f"dumb/rivals/{best}"])
        self.assertIn("done before", self.good(*words, "--resume").stderr.splitlines()[-2])
        self.choose("dumb", ["kmer-3", "kmer-3", best])
        self.good(*words, "--resume")
        self.assertEqual(json.loads(read("dumb/seen/explain.json"))["explained"][0]["path"], "dumb/stack")
        self.assertNotIn("Explained is", read("dumb/report.html").decode())

    def test_a_network_that_cannot_be_explained(self):
        """Its layers relate the instances of a bag."""
        words = ("study", "c.h5", "--target=status", *SMALL, "--model.layers.0.kind=association", "-o", "mixed")
        self.good(*words)
        chosen = {f["column"] for f in json.loads(read("mixed/stack/summary.json"))["tasks"]["status"]["chosen"]}
        self.choose("mixed", ["network", "kmer-3", "network"])
        done = self.good(*words, "--resume")
        self.assertRegex(done.stdout, r"status: The stack chose .*network in 2.* network ranks no instances. Explained is (?!network)\S+ alone.", chosen)
        self.assertIn("network ranks no instances. Explained is ", read("mixed/report.html").decode())

    def test_each_step_is_the_command_that_is_printed(self):
        words = json.loads(read("whole/study.json"))["rivals"]["words"]
        again = [w if w != "whole/rivals" else "alone" for w in words]
        self.good(*again)
        for name in ("kmer-3/predictions.tsv", "splits.tsv"):
            self.assertEqual(read(f"alone/{name}"), read(f"whole/rivals/{name}"))

    def test_a_study_is_no_run(self):
        for words in (["inspect", "whole"], ["report", "whole", "-o", "x.html"], ["predict", "whole", "c.h5", "-o", "x.tsv"],
                      ["explain", "whole", "c.h5", "-o", "x"]):
            self.bad(2, r"whole is a study, .* such as whole/network", *words)

    def test_dry_run(self):
        done = self.good("study", "c.h5", "--target=status", "--model.pooling.n_head=3", "--splits.n_fold=3", "--permute=4", "--dry-run",
                         "--json", "-o", "none")
        steps = {s["name"]: s["words"] for s in json.loads(done.stdout)["steps"]}
        self.assertIn("--model.pooling.n_head=3", steps["network"])
        self.assertNotIn("--model.pooling.n_head=3", steps["rivals"])
        for step in ("check", "rivals", "network"):
            self.assertIn("--splits.n_fold=3", steps[step])
        for step in ("rivals", "network"):
            self.assertIn("--permute=4", steps[step])
        self.assertIn("repertoire", steps["network"])
        self.assertFalse(os.path.exists("none"))

    def test_without_network(self):
        done = self.good("study", "c.h5", "--target=status", *SMALL[2:], "--no-network", "--no-explain", "--quiet", "--json", "-o", "fast")
        self.assertFalse(os.path.exists("fast/network"))
        self.assertTrue(os.path.exists("fast/report.html"))
        self.assertTrue(json.loads(done.stdout)["answer"][-1].endswith("fast/report.html"))

    def test_own_config(self):
        with open("own.yaml", "w", encoding="utf-8") as file:
            file.write("data: {path: c.h5}\ntasks: [{name: status, column: status, kind: binary}]\nmodel: {embedder: {kind: cnn}}\n")
        done = self.good("study", "own.yaml", "--dry-run", "--json", "-o", "none")
        steps = {s["name"]: s["words"] for s in json.loads(done.stdout)["steps"]}
        self.assertEqual(steps["rivals"][:3], ["baseline", "c.h5", "own.yaml"])
        self.assertEqual(steps["network"][:3], ["crossval", "own.yaml", "--data.path=c.h5"])
        done = self.good("study", "c.h5", f"{os.environ['HOPSACK_TEST_SOURCE']}/configs/repertoire-rare.yaml", "--target=status", "--dry-run",
                         "--json", "-o", "none")
        self.assertIn("repertoire-rare.yaml", done.stdout)
        self.bad(2, "which dataset", "study", "--target=status", "-o", "none")

    def test_bags_of_vectors(self):
        with open("v.csv", "w", encoding="utf-8") as file:
            file.write("bag_id,label,a,b\n")
            for bag in range(24):
                file.writelines(f"b{bag},{bag % 2},{(bag * 7 + i * 3) % 11 + 4 * (bag % 2) * (i == 1)},{(bag * 5 + i) % 7}\n" for i in range(4))
        self.good("import", "-o", "v.h5", "v.csv", "--allow-leak")
        done = self.good("study", "v.h5", "--train.epochs=3", *SMALL[2:], "--splits.n_repeat=1", "-o", "vectors")
        self.assertIn("page: vectors/report.html", done.stdout)
        self.assertIn("crossval mil ", done.stdout)
        explained = json.loads(read("vectors/seen/explain.json"))["explained"][0]["path"]
        chosen = {f["column"] for f in json.loads(read("vectors/stack/summary.json"))["tasks"]["label"]["chosen"]}
        self.assertEqual(explained, "vectors/stack" if chosen == {"network"} else "vectors/network")
        done = self.good("study", "v.h5", *SMALL[2:], "--splits.n_repeat=1", "--no-network", "-o", "flat")
        self.assertFalse(os.path.exists("flat/seen"))
        said = "No column ranks instances, so nothing is explained."
        self.assertIn(said, done.stdout)
        self.assertIn(said, done.stderr)
        self.assertIn(said, read("flat/report.html").decode())
        self.assertNotIn("hopsack explain", read("flat/report.html").decode())
        self.assertIn("step 4 of 4, report: done before", self.good("study", "v.h5", *SMALL[2:], "--splits.n_repeat=1", "--no-network",
                                                                    "-o", "flat", "--resume").stderr)

    def test_other_settings_are_refused(self):
        self.bad(2, "the step 'check' was done with other settings", "study", "c.h5", "--target=status", *SMALL[:-1], "--seed=9",
                 "--resume", "-o", "whole")
        self.bad(6, "whole holds a study; --resume goes on with it, --force replaces it", "study", "c.h5", "--target=status", *SMALL, "-o",
                 "whole")
        os.makedirs("other/mine")
        self.bad(6, "other is not empty and holds no study", "study", "c.h5", "--target=status", *SMALL, "--force", "-o", "other")

    def test_a_wrong_target_leaves_no_folder(self):
        for words in ([], ["--quiet"], ["--dry-run"]):
            self.bad(3, "c.h5: no column 'nope'", "study", "c.h5", "--target=nope", *words, "-o", "wrong")
            self.assertFalse(os.path.exists("wrong"))

    def test_force_begins_anew(self):
        words = "study", "c.h5", "--target=status", *SMALL[2:], "--no-network", "--no-explain", "-o", "forced"
        self.good(*words)
        self.good(*[w if w != "--seed=1" else "--seed=8" for w in words], "--force")
        self.assertIn("--seed=8", json.loads(read("forced/study.json"))["rivals"]["words"])
        self.assertIn(b"seed: 8", read("forced/rivals/config.yaml"))

    def test_without_network_a_method_is_explained(self):
        done = self.good("study", "c.h5", "--target=status", "--no-network", "--dry-run", "--json", "-o", "none")
        self.assertEqual([s["name"] for s in json.loads(done.stdout)["steps"]], ["check", "rivals", "stack", "explain", "report"])
        done = self.good("study", "c.h5", "--target=status", "--no-explain", "--dry-run", "--json", "-o", "none")
        self.assertEqual([s["name"] for s in json.loads(done.stdout)["steps"]], ["check", "rivals", "network", "stack", "report"])

    def test_printed_words_are_a_shells(self):
        os.makedirs("a b", exist_ok=True)
        shutil.copy("c.h5", "a b/it's $x.h5")
        words = "study", "a b/it's $x.h5", "--target=status", "--no-network", "--dry-run", "-o", "o ut'"
        steps = json.loads(self.good(*words, "--json").stdout)["steps"]
        lines = [line for line in self.good(*words).stdout.splitlines() if line.startswith("  hopsack ")]
        self.assertEqual([shlex.split(line)[1:] for line in lines], [s["words"] for s in steps])
        self.bad(2, "is not UTF-8 text", "study", "c.h5", "--target=status", "-o", os.fsdecode(b"o\xe9"))

    def test_labels_from_a_table_go_to_explain(self):
        words = "study", "c.h5", "--metadata=labels.tsv", "--id-column=ID", "--target=one", "--positive=y", "--dry-run", "--json", "-o", "none"
        with open("labels.tsv", "w", encoding="utf-8") as file:
            file.write("ID\tone\n" + "".join(f"sim{i:05}\t{'yn'[i % 2]}\n" for i in range(24)))
        steps = {s["name"]: s["words"] for s in json.loads(self.good(*words).stdout)["steps"]}
        self.assertLessEqual({"--metadata=labels.tsv", "--id-column=ID"}, set(steps["explain"]))

    def test_no_folder_of_others_is_filled(self):
        os.makedirs("strange", exist_ok=True)
        with open("strange/x", "w", encoding="utf-8"):
            pass
        for words in (["--resume"], []):
            self.bad(6, "strange is not empty and holds no study", "study", "c.h5", "--target=status", *words, "-o", "strange")
        self.assertEqual(os.listdir("strange"), ["x"])

    def test_what_rests_on_a_step_made_anew_is_made_anew(self):
        """And threads and --quiet, which change no result, may differ."""
        words = "study", "c.h5", "--target=status", *SMALL[2:], "--no-network", "-o", "anew"
        self.good(*words)
        shutil.rmtree("anew/stack")
        done = self.good(*words, "--resume", threads=1)
        self.assertIn("step 2 of 5, rivals: done before", done.stderr)
        self.assertIn("step 5 of 5, report: the page", done.stderr)
        self.assertNotIn("step", self.good(*words, "--resume", "--quiet").stderr)

    def test_a_check_that_fails_leaves_no_result(self):
        data = bytearray(read("c.h5"))
        middle = len(data) // 2
        data[middle:middle + 64] = bytes(64)
        with open("damaged.h5", "wb") as file:
            file.write(data)
        self.assertEqual(run("check", "damaged.h5").returncode, 3)
        done = run("study", "damaged.h5", "--target=status", *SMALL, "-o", "damaged")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("the study ends in the step 'check'", done.stderr)
        self.assertFalse(os.path.exists("damaged/check.json"))
        self.assertFalse(os.path.exists("damaged/rivals"))

    def stopped(self, name, number, group):
        """A study whose network is under way; then the signal, to all of its processes or to its first child."""
        words = "study", "c.h5", "--target=status", "--train.updates=4000", *SMALL[1:], "--no-explain", "-o", name
        child = subprocess.Popen([HOPSACK, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                 start_new_session=True)
        until = time.time() + 120
        while not os.path.exists(f"{name}/network/rep00/fold00/metrics.jsonl") and child.poll() is None and time.time() < until:
            time.sleep(0.05)
        if group:
            os.killpg(child.pid, number)
        else:
            with open(f"/proc/{child.pid}/task/{child.pid}/children", encoding="ascii") as file:
                os.kill(int(file.read().split()[0]), number)
        return child, child.communicate(timeout=120)[1]

    def test_a_key_press(self):
        """It reaches all processes, and the step still ends in good order."""
        child, said = self.stopped("pressed", signal.SIGINT, True)
        self.assertEqual(child.returncode, 130, said)
        self.assertIn("hopsack: interrupted; 0 of 9 models are done, and --resume goes on", said)
        self.assertIn("the study was ended in the step 'network'", said)

    def test_a_step_that_is_killed(self):
        child, said = self.stopped("shot", signal.SIGKILL, False)
        self.assertEqual(child.returncode, 6, said)
        self.assertIn("the step 'network' was killed by signal 9 (did memory run out?); --resume goes on there", said)

    def test_a_step_that_fails(self):
        """Labels are looked at before; what is the network's own shows in its step."""
        done = run("study", "c.h5", "--target=status", "--model.embedder.kind=mlp", *SMALL[2:], "-o", "failed")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("the study ends in the step 'network', for the reason above; --resume goes on there", done.stderr)
        self.assertEqual(list(json.loads(read("failed/study.json"))), ["check", "rivals"])

    def test_interrupted_and_resumed(self):
        words = "study", "c.h5", "--target=status", "--train.updates=400", *SMALL[1:], "--no-explain", "-o", "killed"
        child = subprocess.Popen([HOPSACK, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        until = time.time() + 120
        while not os.path.exists("killed/network/rep00/fold00") and child.poll() is None and time.time() < until:
            time.sleep(0.05)
        child.send_signal(signal.SIGTERM)
        said = child.communicate(timeout=120)[1]
        self.assertEqual(child.returncode, 143, said)
        self.assertIn("the study was ended in the step 'network'", said)
        self.assertEqual(list(json.loads(read("killed/study.json"))), ["check", "rivals"])
        self.good(*words, "--resume")
        self.good(*[w if w != "killed" else "straight" for w in words])
        for name in ("network/predictions.tsv", "stack/predictions.tsv"):
            self.assertEqual(read(f"killed/{name}"), read(f"straight/{name}"))


if __name__ == "__main__":
    main()
