# SPDX-License-Identifier: MIT
"""Saving that is killed, and disks that fill: what stood there stays, what is there can be read.

HOPSACK_KILLS: how often each command is killed (5, so 20 in all); scripts/fuzz --kills does 200."""
import glob
import os
import random
import resource
import signal
import subprocess
import time

from harness import HOPSACK, TINY, Case, cohort, main, read, run, snapshot, trained

STEP = 4096
KILLS = max(1, int(os.environ.get("HOPSACK_KILLS", "20")) // 4)
SIMULATE = ["simulate", "--simulate.n_bag=40", "--simulate.n_seq=200", "--motif=SFEN", "--rho=0.1"]


def write(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb" if isinstance(text, bytes) else "w") as file:
        file.write(text)


def repertoires(folder, n, letter):
    for i in range(n):
        rows = "".join(f"CASS{'ACDEFGHIKL'[k % 10]}{'MNPQRSTVWY'[(k + i) % 10]}{letter}{'ACDEFGHIKL'[k * k // 7 % 10]}YF\t{k % 9 + 1}\n"
                       for k in range(200))
        write(f"{folder}/p{i}.tsv", "amino_acid\ttemplates\n" + rows)


def leftovers():
    return glob.glob("**/.*hopsack-tmp*", recursive=True)


class Full(Case):
    """RLIMIT_FSIZE stands for a full disk: the write after the limit fails."""

    @classmethod
    def prepare(cls):
        repertoires("in", 20, "A")
        repertoires("other", 20, "W")
        cohort("c.h5")
        cohort("d.h5", seed=2)
        trained("a", "c.h5")

    def full_at_every_step(self, output, first, again):
        """`first` makes the output; `again`, which would write it anew, meets a limit at each step below its size."""
        self.good(*first)
        size = max(os.path.getsize(output), 2 * STEP)
        met = 0
        before = snapshot(".")
        for limit in range(0, 2 * size, STEP):  # on its way a file may be larger than in the end
            done = run(*again, preexec_fn=lambda room=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)))
            self.assertEqual(leftovers(), [], f"{again} at {limit}")
            if done.returncode == 0:
                break
            met += 1
            said = [line for line in done.stderr.splitlines() if line.startswith("hopsack: ") and not line.startswith("hopsack: warning: ")]
            self.assertEqual((done.returncode, len(said)), (6, 1), f"{again} at {limit}: {done.stderr}")
            self.assertRegex(said[0], r"File too large|cannot write|full", f"{again} at {limit}")
            self.assertEqual(snapshot("."), before, f"{again} at {limit}: something changed")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(met, 0)
        return met

    def test_import(self):
        self.full_at_every_step("i.h5", ["import", "-o", "i.h5", "in"], ["import", "--force", "-o", "i.h5", "other"])
        self.good("inspect", "i.h5")

    def test_import_without_compression(self):
        steps = self.full_at_every_step("n.h5", ["import", "--compress=none", "-o", "n.h5", "in"],
                                        ["import", "--compress=none", "--force", "-o", "n.h5", "other"])
        self.assertGreaterEqual(steps, 10)

    def test_simulate(self):
        self.full_at_every_step("s.h5", SIMULATE + ["-o", "s.h5"], SIMULATE + ["--seed=9", "--force", "-o", "s.h5"])

    def test_predict(self):
        """Two files: predictions, and attention, which is far larger."""
        words = ["-o", "p.tsv", "--attention=att.tsv"]
        steps = self.full_at_every_step("att.tsv", ["predict", "a", "c.h5"] + words, ["predict", "a", "d.h5", "--force"] + words)
        self.assertGreater(steps, 10)
        words = ["-o", "p.tsv.gz"]
        self.full_at_every_step("p.tsv.gz", ["predict", "a", "c.h5"] + words, ["predict", "a", "d.h5", "--force"] + words)

    def test_train(self):
        """A run that meets a full disk says so; every file that is there is whole."""
        whole = snapshot("a")
        for limit in range(0, max(os.path.getsize(f"a/{name}") for name in os.listdir("a")), STEP):
            done = run("train", "--data.path=c.h5", "--target=status", TINY, "-o", f"t{limit}",
                       preexec_fn=lambda room=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)))
            self.assertEqual(done.returncode, 6, f"{limit}: {done.stderr}")
            self.assertEqual(leftovers(), [], f"{limit}")
            if os.path.exists(f"t{limit}/model.safetensors"):
                self.good("inspect", f"t{limit}/model.safetensors")
            self.good("train", "--data.path=c.h5", "--target=status", TINY, "-o", f"t{limit}", "--resume")
            self.assertEqual(read(f"t{limit}/model.safetensors"), read("a/model.safetensors"), str(limit))
        self.assertEqual(snapshot("a"), whole)

    def test_standard_output(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = run("inspect", "c.h5", stdout=full)
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertIn("standard output: cannot write", done.stderr)


class Kill(Case):
    """kill -9 at moments spread over the whole run, most of which is saving."""

    @classmethod
    def prepare(cls):
        repertoires("in", 20, "A")
        repertoires("other", 20, "W")
        cohort("c.h5")
        trained("a", "c.h5")
        seed = int(os.environ.get("HOPSACK_SEED", "0")) or random.randrange(1 << 30)
        print(f"kills: seed {seed}", flush=True)
        cls.rng = random.Random(seed)

    def killed(self, *args):
        """Starts the command and kills it somewhere between its start and a little after its usual end."""
        child = subprocess.Popen([HOPSACK, *args], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(self.rng.uniform(0.1, 1.1) * self.usual)
        child.send_signal(signal.SIGKILL)
        return child.wait() == -signal.SIGKILL

    def many_kills(self, output, variants, check):
        """Variants are commands that write different things to one place."""
        wanted = set()
        started = time.monotonic()
        for words in variants:
            self.good(*words)
            wanted.add(read(output))
        self.usual = (time.monotonic() - started) / len(variants)
        hit = 0
        for i in range(KILLS):
            hit += self.killed(*variants[i % len(variants)])
            self.assertIn(read(output), wanted, f"kill {i}")
            check()
            for name in leftovers():
                os.unlink(name)
        return hit

    def test_import(self):
        words = ["import", "--force", "-o", "i.h5"]
        self.many_kills("i.h5", [words + ["in"], words + ["other"]], lambda: self.good("inspect", "i.h5"))

    def test_simulate(self):
        words = SIMULATE + ["--force", "-o", "s.h5"]
        self.many_kills("s.h5", [words, words + ["--seed=9"]], lambda: self.good("inspect", "s.h5"))

    def test_predict(self):
        words = ["predict", "a", "--force", "-o", "p.tsv.gz"]
        cohort("d.h5", seed=2)
        self.many_kills("p.tsv.gz", [words + ["c.h5"], words + ["d.h5"]], lambda: self.assertEqual(subprocess.run(
            ["gzip", "-t", "p.tsv.gz"], check=False).returncode, 0))

    def test_train(self):
        """Killed and taken up again until it ends: the model is the same, and never unreadable in between."""
        words = ["train", "--data.path=c.h5", "--target=status", TINY, "-o", "t", "--train.checkpoint_minutes=0"]
        started = time.monotonic()
        self.good(*words)
        self.usual, done = time.monotonic() - started, read("t/model.safetensors")
        hit, again = 0, []
        for i in range(KILLS):
            if not again:
                subprocess.run(["rm", "-rf", "t"], check=True)
            hit += self.killed(*words, *again)
            if os.path.exists("t/model.safetensors"):
                self.good("inspect", "t/model.safetensors")
                self.assertEqual(read("t/model.safetensors"), done, f"kill {i}")
            again = ["--resume"] if i % 3 and os.path.isdir("t") else []
        self.good(*words, "--resume")
        self.assertEqual(read("t/model.safetensors"), done)


main()
