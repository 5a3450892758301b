# SPDX-License-Identifier: MIT
"""Bags that data.cache does not hold, read ahead by a thread of their own: test_ahead.py HOPSACK.

The same bits come out whatever is held, and with any number of threads; what goes wrong, and a signal, end the command as they do
without that thread."""
import os
import random
import shutil
import signal
import subprocess
import time

from harness import HOPSACK, TINY, Case, cohort, main, read, run, without_times

TRAIN = [TINY, "--target=status", "--train.updates=12", "--train.evaluate_every=5", "--splits.n_fold=3"]
HELD = ("all", "0", "15kB")  # all, none and some of the bags


class Ahead(Case):
    @classmethod
    def prepare(cls):
        cohort("c.h5", n_bag=20, n_seq=300)
        cohort("more.h5", n_bag=12, n_seq=400, seed=2)
        draw = random.Random(1)
        for name, dense in (("dense.csv", True), ("sparse.csv", False)):
            with open(name, "w", encoding="utf-8") as file:
                print("bag_id,label," + ",".join(f"f{k}" for k in range(30)), file=file)
                for bag in range(20):
                    for _ in range(8):
                        row = [f"{draw.gauss(bag % 2, 2):.3f}" if dense or draw.random() < 0.1 else "0" for _ in range(30)]
                        print(f"b{bag},{bag % 2},{','.join(row)}", file=file)
            run("import", name, "-o", name.replace(".csv", ".h5"))

    def same(self, data, *flags, command="train", held=HELD):
        """One outcome for all bags held by one thread, and for the others."""
        wanted = None
        for cache in held:
            for threads in (1,) if cache == "all" else (2, 4) if cache == "0" else (1, 3):
                out = f"out-{cache}-{threads}"
                self.good(command, *flags, f"--data.path={data}", f"--data.cache={cache}", "-o", out, threads=threads)
                found = [read(os.path.join(out, "predictions.tsv"))]
                if command == "train":
                    found.append(without_times(os.path.join(out, "metrics.jsonl")))
                wanted = wanted or found
                self.assertEqual(found, wanted, (data, flags, cache, threads))
                shutil.rmtree(out)

    def test_draws(self):
        self.same("c.h5", *TRAIN, "--train.draws=80", "--train.instance_drop=0.2")

    def test_more_draws_than_there_are(self):
        self.same("c.h5", *TRAIN, "--train.draws=1000", "--train.instance_drop=0.2", held=("all", "0"))

    def test_all_instances(self):
        self.same("c.h5", *TRAIN, "--train.draws=0", held=("all", "15kB"))

    def test_draws_with_repetition(self):
        self.same("c.h5", *TRAIN, "--train.draws=80", "--data.compat=deeprc", "--data.counts=log", held=("all", "0"))

    def test_start_from_kmers(self):
        self.same("c.h5", *TRAIN, "--model.embedder.start=kmers", "--train.draws=100", "--model.selection.kind=all",
                  "--data.counts=log1p", "--train.evaluate_instances=3000", held=("all", "0"))

    def test_vectors(self):
        flags = ["--target=label", "--train.updates=12", "--train.evaluate_every=5", "--splits.n_fold=3", "--model.pooling.kind=hopfield",
                 "--model.embedder.kind=mlp"]
        self.same("dense.h5", *flags, "--train.draws=4", held=("all", "0", "2kB"))
        self.same("sparse.h5", *flags, "--train.draws=4", "--train.instance_drop=0.2", held=("all", "0", "500"))
        self.same("sparse.h5", *flags, "--train.draws=0", held=("all", "0"))

    def test_folds(self):
        self.same("c.h5", *TRAIN, "--train.draws=80", "--train.patience=1", command="crossval", held=("all", "0"))

    def test_predict_and_explain(self):
        self.good("train", *TRAIN, "--data.path=c.h5", "-o", "run")
        wanted = None
        for threads in (1, 2, 4):
            self.good("predict", "run", "more.h5", "-o", "p.tsv", "--attention=a.tsv", "--force", threads=threads)
            self.good("explain", "run", "more.h5", "-o", "why", "--force", threads=threads)
            found = [read("p.tsv"), read("a.tsv")] + [read(os.path.join("why", n)) for n in sorted(os.listdir("why")) if n.endswith(".tsv")]
            wanted = wanted or found
            self.assertEqual(found, wanted, threads)
            self.assertGreater(len(found), 3)

    def test_a_damaged_bag(self):
        self.good("train", *TRAIN, "--data.path=c.h5", "-o", "whole")
        bytes_ = bytearray(read("more.h5"))
        at = len(bytes_) // 2
        bytes_[at : at + 64] = bytes(64)
        with open("damaged.h5", "wb") as file:
            file.write(bytes_)
        said = {self.bad(3, "damaged.h5: ", "predict", "whole", "damaged.h5", threads=threads) for threads in (1, 2, 4)}
        self.assertEqual(len(said), 1, said)

    def test_signal(self):
        long = [TINY, "--target=status", "--data.path=c.h5", "--data.cache=0", "--train.draws=200", "--train.updates=1500",
                "--train.evaluate_every=250"]
        self.good("train", *long, "-o", "straight", threads=2)
        started = subprocess.Popen([HOPSACK, "train", *long, "-o", "stopped", "--threads=2"], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        until = time.monotonic() + 60
        while not os.path.exists("stopped/metrics.jsonl") and started.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        started.send_signal(signal.SIGINT)
        _, said = started.communicate(timeout=60)
        if started.returncode != 0:  # it may have been faster
            self.assertEqual(started.returncode, 130, said)
            self.good("train", "--resume", "-o", "stopped", threads=3)
        self.assertEqual(read("stopped/predictions.tsv"), read("straight/predictions.tsv"))


if __name__ == "__main__":
    main()
