# SPDX-License-Identifier: MIT
"""Runs that are interrupted, killed or crash, and go on to the same bits. HOPSACK_TEST_STOP_AT=UPDATE:SIGNAL (cli/interrupt.c)
raises a signal after an update; other signals come from outside at a random time. HOPSACK_TEST_SEED repeats a failure."""
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import tempfile
import time

from harness import HOPSACK, TINY, Case, cohort, main, read, run, snapshot, without_times

SEED = int(os.environ.get("HOPSACK_TEST_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
print(f"seed {SEED}")
if os.access("/dev/shm", os.W_OK):
    tempfile.tempdir = "/dev/shm"  # a killed process loses nothing that it wrote: no need to wait for a disk
SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}
UPDATES = 240
BEGIN = ["train", TINY, "--data.path=c.h5", "--target=status", f"--train.updates={UPDATES}", "--train.evaluate_every=50",
         "--train.keep=best", "--threads=1", "--quiet"]
RESUME = ["train", "--resume", "--threads=1", "--quiet", "-o"]
SAME_BYTES = {"model.safetensors", "predictions.tsv", "splits.tsv", "config.yaml"}


def stop_at(update, number):
    return {**os.environ, "HOPSACK_TEST_STOP_AT": f"{update}:{int(number)}"}


class Resume(Case):
    @classmethod
    def prepare(cls):
        cls.rng = random.Random(SEED)
        cohort("c.h5")
        assert run(*BEGIN, "-o", "whole").returncode == 0

    def assert_same(self, name, whole="whole", words=""):
        for file in sorted(SAME_BYTES):
            self.assertEqual(read(f"{whole}/{file}"), read(f"{name}/{file}"), f"seed {SEED}: {name}/{file} {words}")
        for file in ("metrics.jsonl", "summary.json"):
            self.assertEqual(without_times(f"{whole}/{file}"), without_times(f"{name}/{file}"), f"seed {SEED}: {name}/{file} {words}")
        self.assertEqual(set(os.listdir(whole)), set(os.listdir(name)), f"seed {SEED}: {name} {words}")

    def stopped(self, name, update, number, words):
        """Runs until the signal after that update."""
        done = run(*words, env=stop_at(update, number))
        self.assertEqual(done.returncode, SIGNALS[number], f"{name}, update {update}: {done.stderr}")
        self.assertNotIn("summary.json", os.listdir(name))
        return done

    # ---- the same bits ----

    def test_each_signal_at_20_updates(self):
        for number in SIGNALS:
            for update in sorted(self.rng.sample(range(1, UPDATES), 18)) + [0, UPDATES]:
                name = f"{number.name}{update}"
                self.stopped(name, update, number, [*BEGIN, "-o", name])
                if 0 < update < UPDATES and update % 4 == 0:  # and once more on the way
                    self.stopped(name, self.rng.randrange(update + 1, UPDATES + 1), number, [*RESUME, name])
                self.good(*RESUME, name)
                self.assert_same(name)
                shutil.rmtree(name)

    def test_signals_from_outside_at_20_times(self):
        """A checkpoint after every update, so that many hit one being written."""
        begin = ["--train.updates=80" if "updates" in word else word for word in BEGIN]
        begin = [*begin, "--train.checkpoint_minutes=0", "-o"]
        started = time.monotonic()
        self.good(*begin, "often")
        seconds = time.monotonic() - started
        for number in SIGNALS:
            for _ in range(20):
                self.killed_at_random(begin, number, seconds)

    def killed_at_random(self, begin, number, seconds):
        name = "outside"
        for words in ([*begin, name], [*RESUME, name]):
            with subprocess.Popen([HOPSACK, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
                time.sleep(self.rng.random() * seconds)
                child.send_signal(number)
                child.communicate(timeout=5)
            # Before the first file is made signals do what they always do.
            self.assertIn(child.returncode, (0, SIGNALS[number], -number), f"seed {SEED}")
            if os.path.exists(f"{name}/checkpoint.safetensors"):
                self.good("inspect", f"{name}/checkpoint.safetensors")
            if not os.path.exists(f"{name}/config.yaml"):
                break  # nothing was begun
        self.good(*begin, name, "--resume")
        self.assert_same(name, "often")
        self.assertFalse([file for file in os.listdir(name) if "tmp" in file])
        shutil.rmtree(name)

    def test_every_kind_of_run(self):
        for k, flags in enumerate((["--model.embedder.kind=lstm", "--model.embedder.n_unit=6"], ["--data.compat=deeprc", "--data.counts=log"],
                                   ["--model.selection.kind=random", "--train.l1=0.01", "--train.l2=0.01"],
                                   ["--train.updates=null", "--train.epochs=9", "--train.batch=5", "--train.keep=last"],
                                   ["--splits.validation=none", "--train.evaluate_every=0"], ["--data.cache=10KB"],
                                   ["--train.patience=1", "--train.lr=0.05", "--train.evaluate_every=10"])):
            flags = ["--data.path=c.h5", "--target=status", "--seed=3", "--quiet", *flags]
            if not any("epochs" in flag for flag in flags):
                flags.append("--train.updates=60")
            if not any("lstm" in flag for flag in flags):
                flags.insert(0, TINY)
            self.good("train", *flags, "-o", f"kind{k}")
            for number in (signal.SIGTERM, signal.SIGKILL):
                name = f"kind{k}{number.name}"
                self.stopped(name, 9, number, ["train", *flags, "-o", name])
                self.good("train", "--resume", "--quiet", "-o", name)
                self.assert_same(name, f"kind{k}", " ".join(flags))
        self.assertLess(json.loads(read("kind6/summary.json"))["updates"], 60)  # patience ended it

    def test_other_thread_counts_go_on_to_the_same_bits(self):
        self.stopped("threads", 123, signal.SIGTERM, [*BEGIN, "-o", "threads"])
        self.good("train", "--resume", "--threads=3", "--quiet", "-o", "threads")
        self.assert_same("threads")

    # ---- how it ends ----

    def test_what_a_signal_says(self):
        done = self.stopped("says", 77, signal.SIGINT, [*BEGIN, "-o", "says"])
        self.assertEqual(done.stderr.splitlines()[-1],
                         "hopsack: interrupted after update 77 of 240; says/model.safetensors holds the model of update 50, "
                         "--resume goes on from here")
        self.good("evaluate", "says", "c.h5")
        self.assertRegex(self.good("inspect", "says/checkpoint.safetensors").stdout,
                         r"checkpoint of update 77 after .* best/ that of update 50, validation loss 0\.")
        self.assertEqual(json.loads(self.good("inspect", "says/checkpoint.safetensors", "--json").stdout)["checkpoint"]["update"], 77)
        self.bad(4, r"says/checkpoint\.safetensors: it is a checkpoint; name the model", "evaluate", "says/checkpoint.safetensors", "c.h5")

    def slow(self, name):
        """A run in the midst of an update, or evaluation, of seconds."""
        if not os.path.exists("slow.h5"):
            cohort("slow.h5", n_bag=12, n_seq=20000)
        child = subprocess.Popen([HOPSACK, "train", "--data.path=slow.h5", "--target=status", "--train.draws=0", "--train.batch=12",
                                  "--model.embedder.n_kernel=512", "--splits.n_fold=3", "--train.evaluate_every=1", "--threads=1",
                                  "-o", name], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(1000):
            if os.path.exists(f"{name}/splits.tsv"):
                break
            if child.poll() is not None:
                raise AssertionError(child.communicate()[1])
            time.sleep(0.01)
        time.sleep(0.1)
        return child

    def test_a_signal_is_obeyed_after_the_update_under_way(self):
        """Within 5 seconds on a machine of its own; a crowded one, or a sanitizer, may take longer."""
        for wait in (0, 1.5):
            with self.slow(f"slow{wait}") as child:
                time.sleep(wait)
                started = time.monotonic()
                child.send_signal(signal.SIGTERM)
                said = child.communicate(timeout=60)[1]
                self.assertEqual(child.returncode, 143, said)
                self.assertLess(time.monotonic() - started, 30)
            self.assertIn("checkpoint.safetensors", os.listdir(f"slow{wait}"))

    def test_a_second_signal_ends_at_once(self):
        for first, second in ((signal.SIGINT, signal.SIGINT), (signal.SIGINT, signal.SIGTERM)):
            name = f"twice{second.name}"
            with self.slow(name) as child:
                child.send_signal(first)
                time.sleep(0.05)
                child.send_signal(second)
                child.communicate(timeout=60)
                self.assertEqual(child.returncode, -second)
            self.assertNotIn("checkpoint.safetensors", os.listdir(name))

    def test_divergence_keeps_the_last_good_state(self):
        words = ["train", TINY, "--data.path=c.h5", "--target=status", "--train.lr=1000", "--model.output.n_hidden=8",
                 "--model.output.n_unit=256", "--train.evaluate_every=1", "--quiet", "-o", "wild"]
        self.assertEqual(run(*words).returncode, 5)
        self.good("inspect", "wild/checkpoint.safetensors")
        self.good("evaluate", "wild", "c.h5")
        before = read("wild/checkpoint.safetensors")
        self.assertEqual(run(*RESUME, "wild").returncode, 5)
        self.assertEqual(read("wild/checkpoint.safetensors"), before)

    def test_a_full_disk(self):
        """At any size limit below that of the largest file the run stops with its sentence, and goes on later."""
        self.stopped("full", 60, signal.SIGTERM, [*BEGIN, "-o", "full"])
        size = os.path.getsize("full/checkpoint.safetensors")
        for limit in range(0, size, 4096):
            before = read("full/checkpoint.safetensors")
            done = run(*RESUME, "full", preexec_fn=lambda n=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (n, n)))
            self.assertEqual(done.returncode, 6, done.stderr)
            self.assertRegex(done.stderr.splitlines()[-1], r"^hopsack: full/.*: cannot write: File too large")
            self.assertEqual(read("full/checkpoint.safetensors"), before)
        self.good(*RESUME, "full")
        self.assert_same("full")

    # ---- what may be resumed ----

    def test_begins_where_there_is_none(self):
        self.good(*BEGIN, "--resume", "-o", "new")
        self.assert_same("new")
        self.bad(2, r"data\.path must be given", *RESUME, "nothing")
        os.mkdir("foreign")
        with open("foreign/notes.txt", "w", encoding="utf-8") as file:
            file.write("mine")
        self.bad(6, r"foreign holds no run to resume", *BEGIN, "--resume", "-o", "foreign")
        self.bad(6, r"whole exists and is not empty; --force overwrites it, --resume continues", *BEGIN, "-o", "whole")
        self.bad(2, r"--resume continues a run, --force throws it away", *RESUME, "whole", "--force")

    def test_a_run_that_has_ended_says_so(self):
        before = snapshot("whole")
        done = self.good("train", "--resume", "-o", "whole")
        self.assertIn("whole: this run has ended", done.stderr)
        self.assertIn("test AUC", done.stdout)
        self.assertEqual(snapshot("whole"), before)

    def test_settings_given_again_must_agree(self):
        self.stopped("again", 60, signal.SIGINT, [*BEGIN, "-o", "again"])
        for flag, sentence in (("--train.lr=0.02", r"train\.lr was 0\.01 in again/config\.yaml and is 0\.02 now"), ("--seed=1", r"seed was 0"),
                               ("--train.updates=239", r"train\.updates was 240"),
                               ("--model.embedder.kind=lstm", r"model\.embedder\.\w+ was")):
            self.bad(2, sentence, *RESUME, "again", flag)
        self.good(*BEGIN, "--resume", "-o", "again")
        self.assert_same("again")

    def test_the_length_may_grow(self):
        self.good(*[f"--train.updates={UPDATES + 75}" if "updates" in word else word for word in BEGIN], "-o", "long")
        shutil.copytree("whole", "grown")
        self.good(*RESUME, "grown", f"--train.updates={UPDATES + 75}")
        self.assert_same("grown", "long")
        self.stopped("grown2", 30, signal.SIGINT, [*BEGIN, "-o", "grown2"])
        self.good(*RESUME, "grown2", f"--train.updates={UPDATES + 75}")
        self.assert_same("grown2", "long")

    def test_other_data_are_refused(self):
        cohort("d.h5")
        words = [word.replace("c.h5", "d.h5") for word in BEGIN]
        self.stopped("data", 60, signal.SIGINT, [*words, "-o", "data"])
        sound = read("d.h5")
        cohort("d.h5", "--force", seed=2)
        self.bad(3, r"d\.h5: bag 'sim00001' has .* when the run in data began", *RESUME, "data")
        os.remove("data/bags.tsv")
        self.bad(4, r"data/checkpoint\.safetensors: the run learned from other data", *RESUME, "data")
        with open("d.h5", "wb") as file:
            file.write(sound)
        self.good(*RESUME, "data")

    def test_a_damaged_checkpoint_is_refused(self):
        self.stopped("hurt", 60, signal.SIGINT, [*BEGIN, "-o", "hurt"])
        sound = read("hurt/checkpoint.safetensors")
        for k in range(20):
            at = self.rng.randrange(len(sound))
            hurt = sound[:at] + bytes([sound[at] ^ 1 << k % 8]) + sound[at + 1:] if k % 4 else sound[:at]
            with open("hurt/checkpoint.safetensors", "wb") as file:
                file.write(hurt)
            self.bad(4, r"hurt/checkpoint\.safetensors: ", *RESUME, "hurt")
        shutil.copy("whole/model.safetensors", "hurt/checkpoint.safetensors")
        self.bad(4, r"hurt/checkpoint\.safetensors: it is no checkpoint", *RESUME, "hurt")
        with open("hurt/checkpoint.safetensors", "wb") as file:
            file.write(sound)
        with open("hurt/config.yaml", encoding="utf-8") as file:
            config = file.read()
        with open("hurt/config.yaml", "w", encoding="utf-8") as file:
            file.write(config.replace("lr: 0.01", "lr: 0.05"))
        self.bad(2, r"train\.lr was 0\.01 in the checkpoint and is 0\.05 now", *RESUME, "hurt")

    def test_only_one_process_trains_in_a_folder(self):
        with self.slow("alone") as child:
            before = read("alone/config.yaml")
            for words in ([*RESUME, "alone"], [*BEGIN, "--force", "-o", "alone"]):
                done = run(*words)
                self.assertEqual(done.returncode, 6, done.stderr)
                self.assertEqual(done.stderr, "hopsack: alone: another process is at work there\n")
            self.assertEqual(read("alone/config.yaml"), before)
            child.kill()
            child.communicate(timeout=60)
        shutil.rmtree("alone")

    def test_the_manifest_tells_of_it(self):
        self.stopped("tells", 60, signal.SIGINT, [*BEGIN, "-o", "tells"])
        begun = json.loads(read("tells/manifest.json"))
        self.good(*RESUME, "tells")
        manifest = json.loads(read("tells/manifest.json"))
        self.assertEqual([entry["command"][1:] for entry in manifest.pop("resumed")], [[*RESUME, "tells"]])
        self.assertEqual(manifest, begun)


if __name__ == "__main__":
    main()
