# SPDX-License-Identifier: MIT
"""One request for memory refused, the next time the following one, and so on to the end of a tiny run: test_memory.py HOPSACK
FAILING_MALLOC. support/failing_malloc.c says which requests count.

Each time the program ends by itself, with exit code 6 and one sentence, or with 0 and just what it makes otherwise. What stood
where the output goes is as it was, or whole and new; nothing half-written is left.

Every STRIDE-th request here; HOPSACK_MEMORY=all refuses each one, also together with all that follow, and in the process that
opens a dataset first, as scripts/fuzz --memory does. Exit code 77 under sanitizers, which have a malloc of their own."""
import bz2
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile

if os.environ.get("HOPSACK_TEST_SANITIZED"):
    print("skipped: sanitizers have a malloc of their own")
    sys.exit(77)
LIBRARY = os.path.abspath(sys.argv.pop(2))

from harness import HOPSACK, Case, cohort, main, read, run, snapshot

if os.access("/dev/shm", os.W_OK):
    tempfile.tempdir = "/dev/shm"  # no need to wait for a disk
ALL = os.environ.get("HOPSACK_MEMORY") == "all"
SMALL = ["--data.path=c.h5", "--target=status", "--train.updates=2", "--train.evaluate_every=1", "--model.embedder.n_kernel=4",
         "--model.pooling.n_unit=4", "--splits.n_fold=3"]
# Name: command, stride, which is odd, so that the output is missing and there by turns.
RUNS = {
    "import": (["import", "--metadata=labels.tsv", "-o", "OUT.h5", "in"], 13),
    "import of formats": (["import", "--metadata=labels.tsv", "-o", "OUT.h5", "airr.tsv.bz2", "p2.zip"], 31),
    "import of vectors": (["import", "-o", "OUT.h5", "v.arff"], 31),
    "merge": (["import", "p.h5", "q.h5", "-o", "OUT.h5"], 31),
    "choose": (["import", "p.h5", "--bags=ids.txt", "-o", "OUT.h5"], 31),
    "check": (["check", "c.h5", "--target=status"], 31),
    "export": (["export", "c.h5", "-o", "OUT"], 61),
    "predict a table": (["predict", "run2", "in/P0.tsv", "-o", "OUT.tsv"], 31),
    "simulate": (["simulate", "--simulate.n_bag=4", "--simulate.n_seq=20", "-o", "OUT.h5"], 13),
    "simulate signals": (["simulate", "--simulate.n_bag=4", "--simulate.n_seq=20", "--simulate.signals=SFd{0-2}EN LDR,W[ST]",
                          "--simulate.labels=classes", "--simulate.counts=realistic", "--simulate.genes=true", "--simulate.batches=2",
                          "--simulate.batch_spread=0.1", "-o", "OUT.h5"], 31),
    "simulate a list": (["simulate", "--simulate.n_bag=4", "--simulate.n_seq=20", "--simulate.signal=public", "--simulate.spike=spike.tsv",
                         "--simulate.background=file", "--simulate.background_path=c.h5", "-o", "OUT.h5"], 31),
    "train": (["train", *SMALL, "-o", "OUT"], 61),
    "crossval": (["crossval", *SMALL, "-o", "OUT"], 201),
    "crossval, search": (["crossval", *SMALL, "--search.kind=grid", "--search.space=train.lr=0.1|0.01", "--search.inner_folds=2", "-o", "OUT"], 1501),
    "predict": (["predict", "run", "c.h5", "-o", "OUT.tsv", "--attention=OUT2.tsv.gz"], 31),
    "evaluate": (["evaluate", "run", "c.h5"], 31),
    "evaluate each": (["evaluate", "--each", "run", "c.h5", "-o", "OUT.tsv"], 31),
    "evaluate a ranking": (["evaluate", "--ranking=many.tsv", "--truth=many.tsv"], 5),
    "train, calibrated": (["train", *SMALL, "--train.calibrate=platt", "-o", "OUT"], 201),
    "baseline": (["baseline", "c.h5", "--target=status", "--splits.n_fold=3", "--inner=2", "--method=kmer-3", "--method=clones", "--permute=1",
                  "-o", "OUT"], 301),
    "stack": (["stack", "rivals", "network", "-o", "OUT"], 61),
    "stack, weighed": (["stack", "rivals", "network", "--weigh", "-o", "OUT"], 61),
    "predict a stack": (["predict", "stack", "c.h5", "-o", "OUT.tsv"], 201),
    "evaluate a method": (["evaluate", "rivals/kmer-3", "many.h5"], 101),
    "inspect a stack": (["inspect", "stack"], 101),
    "inspect": (["inspect", "c.h5", "--json"], 9),
    "inspect a model": (["inspect", "run/model.safetensors"], 13),
    "inspect a run": (["inspect", "run"], 9),
    "inspect runs": (["inspect", "network", "rivals", "stack"], 61),
    "report": (["report", "network", "--rivals=rivals", "--stack=stack", "-o", "OUT.html"], 101),
}
TIMED = {"manifest.json", "metrics.jsonl", "summary.json", "checkpoint.safetensors", "summary.md"}  # differ from run to run
ENV = {**os.environ, "OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": "1", "LD_PRELOAD": LIBRARY, "HOPSACK_FAIL_NOTE": "note"}


def write(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def outputs(name):
    """{file: bytes} of what a command with OUT = name has made; JSON and the like only have to be whole."""
    found = {}
    for path in glob.glob(f"{name}*") + glob.glob(f"{name}/**", recursive=True):
        if os.path.isfile(path):
            found[path[len(name):]] = str(json.loads(read(path))) if path.endswith(".json") else read(path)
    return {path: None if os.path.basename(path) in TIMED else content for path, content in found.items()}


class Memory(Case):
    @classmethod
    def prepare(cls):
        for i in range(3):
            write(f"in/P{i}.tsv", f"amino_acid\ttemplates\nCASSLGQAYEQYF\t3\nCASSPGTF\t{i + 1}\n")
        write("spike.tsv", "junction_aa\tv_call\nCASSWWF\tTRBV9\nCASSYYF\t\n")
        write("labels.tsv", "ID\tstatus\nP0\t+\nP1\t-\nP2\t+\n")
        genes = "".join(f"P{i}\tCASSL{letter}F\t{i + 2}\tTRBV{i + 1}*01\n" for i in range(2) for letter in "ACDE")
        with open("airr.tsv.bz2", "wb") as file:
            file.write(bz2.compress(("repertoire_id\tjunction_aa\tduplicate_count\tv_call\n" + genes).encode()))
        with zipfile.ZipFile("p2.zip", "w") as archive:
            archive.write("in/P2.tsv", "P2.tsv")
        write("v.arff", "@relation r\n@attribute id string\n@attribute bag relational\n@attribute x numeric\n@attribute y numeric\n"
              "@end bag\n@attribute class {0,1}\n@data\n" + "".join(f"b{i},'{i},{i * i % 5}\\n2,{i % 3}',{i % 2}\n" for i in range(6)))
        for name, rows in (("p", "P0\t+\nP1\t-\n"), ("q", "P2\t+\n")):
            write(name + ".tsv", "ID\tstatus\n" + rows)
        for name, tables in (("p", ["in/P0.tsv", "in/P1.tsv"]), ("q", ["in/P2.tsv"])):
            assert run("import", f"--metadata={name}.tsv", "-o", name + ".h5", *tables).returncode == 0
        write("ids.txt", "P1\n")
        cohort("c.h5", n_bag=10, n_seq=20)
        assert run("train", *SMALL, "-o", "run").returncode == 0
        many = "".join(f"S{i}\tCASSL{letter}F\t{i % 3 + 1}\n" for i in range(10) for letter in "ACDEFG")
        write("many.tsv", "repertoire_id\tjunction_aa\tduplicate_count\n" + many)
        write("many.labels.tsv", "ID\tstatus\n" + "".join(f"S{i}\t{'+-'[i % 2]}\n" for i in range(10)))
        assert run("import", "--metadata=many.labels.tsv", "-o", "many.h5", "many.tsv").returncode == 0
        assert run("train", "--data.path=many.h5", *SMALL[1:], "-o", "run2").returncode == 0
        assert run("baseline", "c.h5", "--target=status", "--splits.n_fold=3", "--inner=2", "--method=kmer-3", "--method=clones",
                   "-o", "rivals").returncode == 0
        assert run("crossval", *SMALL, "--splits=rivals/splits.tsv", "--inner=2", "-o", "network").returncode == 0
        assert run("stack", "rivals", "network", "--weigh", "-o", "stack").returncode == 0

    def once(self, words, n, more):
        """The run with the n-th request refused; None: there is no n-th."""
        if os.path.exists("note"):
            os.unlink("note")
        done = subprocess.run([HOPSACK, *words, "--threads=1"], env={**ENV, **more, "HOPSACK_FAIL_AT": str(n)}, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, check=False)
        return done if os.path.exists("note") else None

    def clear(self, put):
        """`put` outputs from before, or none."""
        for path in glob.glob("new*"):
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        for path in glob.glob("old*") if put else []:
            (shutil.copytree if os.path.isdir(path) else shutil.copy2)(path, "new" + path[3:])

    def check(self, done, before, good, text):
        said = [line for line in done.stderr.splitlines() if line.startswith("hopsack: ") and " warning: " not in line]
        after = outputs("new")
        self.assertEqual(glob.glob("**/.*hopsack-tmp*", recursive=True), [], "a temporary file is left")
        if done.returncode == 0:
            self.assertEqual((said, done.stdout), ([], text), "not what it says otherwise")
            self.assertEqual(after, good, "not what it makes otherwise")
            return
        self.assertEqual((done.returncode, len(said)), (6, 1), done.stderr)
        self.assertEqual(done.stderr.splitlines()[-1], said[0])
        if os.path.isdir("new"):
            for path, content in after.items():
                self.assertIn(content, (before.get(path), good.get(path)), f"{path} is neither old nor new")
        else:
            self.assertEqual(after, before, "what was there is not what it was")

    def sweep(self, name, stride, more):
        words = [word.replace("OUT", "new") for word in RUNS[name][0]] + (["--force"] if "OUT" in " ".join(RUNS[name][0]) else [])
        self.clear(False)
        done = self.good(*words, "--threads=1", "--quiet")
        text, good = done.stdout, outputs("new")
        for path in glob.glob("new*"):
            os.rename(path, "old" + path[3:])
            if os.path.isfile("old" + path[3:]):
                write("old" + path[3:], "what was there")
        n, codes = 1, {0: 0, 6: 0}
        others = snapshot("run")
        while True:
            put = n % 2 == 0
            self.clear(put)
            before = outputs("new")
            done = self.once([*words, "--quiet"], n, more)
            if not done:
                break
            with self.subTest(run=name, request=n, asked_by=read("note").decode().strip(), more=more):
                self.check(done, before, good, text)
                codes[done.returncode] += 1
            n += stride
        self.assertEqual(snapshot("run"), others)
        print(f"{name}: {sum(codes.values())} of some {n} requests refused{' '.join(['', *more])}: {codes[6]} × exit code 6, "
              f"{codes[0]} × done all the same", flush=True)
        self.clear(False)
        for path in glob.glob("old*"):
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        self.assertGreater(codes[6], 0)

    def test_one_refused(self):
        for name, (_, stride) in RUNS.items():
            self.sweep(name, 1 if ALL else stride, {})

    def test_all_refused_from_there_on(self):
        for name, (_, stride) in RUNS.items():
            self.sweep(name, 1 if ALL else 8 * stride + 1, {"HOPSACK_FAIL_MORE": "1"})

    def test_in_the_child(self):
        """What it cannot do for want of memory it says to its parent."""
        for name in ("predict", "inspect"):
            self.sweep(name, 1 if ALL else 11, {"HOPSACK_FAIL_CHILD": "1"})


main()
