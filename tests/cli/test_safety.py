# SPDX-License-Identifier: MIT
"""Nothing is lost or redirected: test_safety.py HOPSACK FAULTS, where FAULTS is the library of tests/support/faults.c.

HOPSACK_LINKS: how many links are planted (200); scripts/fuzz --links plants 2 000.
HOPSACK_FAULTS: how many system calls fail or kill (40); scripts/fuzz --kills takes as many as it kills."""
import glob
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib

FAULTS = os.path.abspath(sys.argv.pop(2)) if len(sys.argv) > 2 else None

from harness import HOPSACK, TINY, Case, cohort, main, read, run, snapshot, table, trained  # noqa: E402

LINKS = int(os.environ.get("HOPSACK_LINKS", "200"))
N_FAULT = int(os.environ.get("HOPSACK_FAULTS", "40"))
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

FEW = ["--train.updates=4", "--train.evaluate_every=2"]
TRAIN = ["train", TINY, "c.h5", "--target=status", *FEW, "--threads=1"]
CROSSVAL = ["crossval", TINY, "c.h5", "--target=status", "--splits.n_fold=3", *FEW, "--threads=1"]
UNFIT = "--model.embedder.kind=mlp"  # for bags of sequences
LONGER = "--train.updates=6"
TRAIN_ON, CROSSVAL_ON = ([LONGER if word == FEW[0] else word for word in words] + ["--resume"] for words in (TRAIN, CROSSVAL))
RIVALS = ["baseline", "c.h5", "--target=status", "--method=kmer-3", "--method=nuisance", "--splits.n_fold=3", "--inner=2", "--permute=1", "-o", "rivals"]
COMMANDS = {  # name: what comes before, the command
    "import": ([], ["import", "--metadata=m.tsv", "-o", "o.h5", "in"]),
    "import again": ([["import", "-o", "o.h5", "in"]], ["import", "--force", "-o", "o.h5", "in"]),
    "vectors": ([], ["import", "--bag=bag", "--label=label", "-o", "v.h5", "v.csv"]),
    "simulate": ([], ["simulate", "--simulate.n_bag=4", "--simulate.n_seq=20", "-o", "s.h5"]),
    "predict": ([], ["predict", "run", "c.h5", "-o", "p.tsv", "--attention=a.tsv.gz"]),
    "predict again": ([["predict", "run", "c.h5", "-o", "p.tsv"]], ["predict", "--force", "run", "c.h5", "-o", "p.tsv"]),
    "export": ([], ["export", "c.h5", "-o", "out"]),
    "train": ([], [*TRAIN, "-o", "t"]),
    "train again": ([[*TRAIN, "-o", "t"]], [*TRAIN, "--force", "-o", "t"]),
    "train on": ([[*TRAIN, "-o", "t"]], [*TRAIN_ON, "-o", "t"]),
    "crossval": ([], [*CROSSVAL, "-o", "cv"]),
    "crossval again": ([[*CROSSVAL, "-o", "cv"]], [*CROSSVAL, "--force", "-o", "cv"]),
    "crossval on": ([[*CROSSVAL, "-o", "cv"]], [*CROSSVAL_ON, "-o", "cv"]),
    "ensemble": ([], [*CROSSVAL, "--crossval.ensemble=2", "--force", "-o", "cv"]),
    "stack": ([RIVALS], ["stack", "rivals", "-o", "s"]),
    "stack again": ([RIVALS, ["stack", "rivals", "-o", "s"]], ["stack", "rivals", "--weigh", "--force", "-o", "s"]),
    "baseline": ([["import", "--bag=bag", "--label=label", "-o", "v.h5", "v.csv"]],
                 ["baseline", "v.h5", "--target=label", "--method=stats-logistic", "--splits.n_fold=3", "--force", "-o", "b"]),
}


def write(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb" if isinstance(text, bytes) else "w", **({} if isinstance(text, bytes) else {"encoding": "utf-8"})) as file:
        file.write(text)


def leftovers():
    return glob.glob("**/.*hopsack-tmp*", recursive=True)


class Sandbox(Case):
    """Commands run in copies of a folder that holds what they need."""

    @classmethod
    def prepare(cls):
        os.mkdir("base")
        shutil.move(TINY, "base")
        os.chdir("base")
        for i in range(4):
            write(f"in/p{i}.tsv", "amino_acid\ttemplates\n" + "".join(f"CASS{a}{b}YF\t2\n" for a in "ACDE" for b in "FGHI"[i:]))
        write("m.tsv", "ID\tstatus\n" + "".join(f"p{i}\t{'+-'[i % 2]}\n" for i in range(4)))
        write("v.csv", "bag,label,a,b\n" + "".join(f"b{i // 2},{i // 2 % 2},{i % 3},{i * i % 5}.5\n" for i in range(16)))
        cohort("c.h5", n_bag=12, n_seq=20)
        trained("run", "c.h5", *FEW)
        cls.seed = int(os.environ.get("HOPSACK_SEED", "0")) or random.randrange(1 << 30)
        print(f"{cls.__name__}: seed {cls.seed}", flush=True)
        cls.rng = random.Random(cls.seed)
        os.chdir("..")

    def enter(self, name):
        """A new copy of what the command needs; works there."""
        ready = os.path.join(self.folder, "ready-" + name.replace(" ", "-"))
        if not os.path.exists(ready):
            shutil.copytree(os.path.join(self.folder, "base"), ready)
            for words in COMMANDS[name][0]:
                done = run(*words, cwd=ready)
                assert done.returncode == 0, done.stderr
        os.chdir(self.folder)
        shutil.rmtree("work", ignore_errors=True)
        shutil.copytree(ready, "work")
        os.chdir("work")

    def names_of(self, name):
        """What the command makes, except for names that nobody can foresee."""
        self.enter(name)
        before = set(snapshot("."))
        done = run(*COMMANDS[name][1], env={**os.environ, "LD_PRELOAD": FAULTS, "HOPSACK_NAMES": "../names"})
        self.assertEqual(done.returncode, 0, f"{name}: {done.stderr}")
        here = os.path.realpath(".") + "/"
        with open("../names", encoding="utf-8") as file:
            made = {line.rstrip("\n") for line in file}
        os.unlink("../names")
        made = {path[len(here):] for path in made if path.startswith(here) and "hopsack-tmp-" not in path}
        self.assertTrue({os.path.normpath(p) for p in set(snapshot(".")) - before} <= {os.path.normpath(p) for p in made}, name)
        return sorted(made)

    def check_end(self, done, what, codes=(2, 3, 4, 6)):
        said = [line for line in done.stderr.splitlines() if re.match("hopsack: (?!warning)", line)]
        self.assertIn(done.returncode, (0, *codes), f"{what}: {done.stderr}")
        self.assertEqual(len(said), int(done.returncode != 0), f"{what}: {done.stderr}")


class Links(Sandbox):
    def plant(self, path, kind):
        """False where there is no place for it."""
        target = {"file": "victim.txt", "gone": "gone.txt", "folder": "elsewhere", "hard": "victim.txt"}[kind]
        parent = os.path.dirname(path)
        if parent and not os.path.isdir(parent):
            if os.path.lexists(parent):
                return False
            os.makedirs(parent)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)
        (os.link if kind == "hard" else os.symlink)(os.path.join(self.folder, "victims", target), path)
        return True

    @staticmethod
    def guesses(path):
        """Names that a program might use on its way to `path`."""
        folder, base = os.path.split(path)
        pid = os.getpid()
        names = [base + end for end in (".tmp", ".part", ".new", ".lock", ".log", "~", ".bak", ".truth.tsv.gz")]
        names += [f".{base}.hopsack-tmp-{n}" for n in (pid + 1, pid + 2, pid + 3, "0123456789abcdef")]
        return [os.path.join(folder, name) for name in names]

    def test_planted(self):
        victims = os.path.join(self.folder, "victims")
        write(os.path.join(victims, "victim.txt"), "must stay\n")
        write(os.path.join(victims, "elsewhere", "note.txt"), "must stay\n")
        safe, listed, planted, refused = snapshot(victims), sorted(os.listdir(victims + "/elsewhere")), 0, 0
        made = {name: self.names_of(name) for name in COMMANDS}
        turn = 0
        while planted < LINKS or turn < len(COMMANDS):
            name = list(COMMANDS)[turn % len(COMMANDS)]
            path, kind = self.rng.choice(made[name]), self.rng.choice(["file", "gone", "folder", "hard"])
            turn += 1
            self.enter(name)
            real = self.rng.random() < 0.5
            n = real and self.plant(path, kind)  # else the command goes on, past those below
            n += sum(self.plant(guess, kind) for guess in self.guesses(path) if not os.path.lexists(guess))
            words = COMMANDS[name][1]
            done = run(*words, *(["--force"] if "--force" not in words and "--resume" not in words and self.rng.random() < 0.5 else []))
            what = f"{name}: {path} -> {kind}"
            self.assertEqual(snapshot(victims), safe, what)
            self.assertEqual(sorted(os.listdir(victims + "/elsewhere")), listed, what)
            self.check_end(done, what)
            if real and kind != "hard":
                self.assertNotEqual(done.returncode, 0, what)
            planted += n
            refused += done.returncode != 0
        print(f"{planted} links planted in {turn} runs, {refused} refused, 0 victims", flush=True)

    def test_run_folders(self):
        """A link in a run folder is named; one to the run folder itself is the user's own way."""
        for path, to, words in [("t/config.yaml", "../v.csv", COMMANDS["train on"][1]),
                                ("t/model.safetensors", "../v.csv", COMMANDS["train again"][1]),
                                ("t/lock", "../v.csv", COMMANDS["train on"][1])]:
            self.enter("train on")
            os.unlink(path)
            os.symlink(to, path)
            self.bad(6, f"^hopsack: {path}: is a symbolic link to {to}, which is not followed", *words)
        for words in (COMMANDS["crossval on"][1], COMMANDS["crossval again"][1]):
            self.enter("crossval on")
            os.rename("cv/rep00", "away")
            os.symlink("../away", "cv/rep00")
            self.bad(6, r"^hopsack: cv/rep00: is a symbolic link to \.\./away", *words)
        self.enter("train")
        os.mkdir("scratch")
        os.symlink("scratch", "t")
        self.good(*COMMANDS["train"][1])
        self.good("predict", "t", "c.h5", "-o", "-")
        self.assertIn("model.safetensors", os.listdir("scratch"))
        self.bad(6, "^hopsack: t: is a symbolic link to scratch", *COMMANDS["train again"][1])


class Force(Sandbox):
    def test_foreign_files_stay(self):
        self.enter("crossval again")
        notes = ["cv/note.txt", "cv/rep00/note.txt", "cv/rep00/fold00/note.txt"]
        for note in notes:
            write(note, "mine\n")
        done = self.good(*COMMANDS["crossval again"][1])
        self.assertRegex(done.stderr, r"warning: cv: 3 files or folders not of a run stay there, cv/")
        self.assertEqual([read(note) for note in notes], [b"mine\n"] * 3)
        self.good("predict", "cv", "c.h5", "-o", "-")
        self.enter("train again")
        write("t/note.txt", "mine\n")
        self.assertRegex(self.good(*COMMANDS["train again"][1]).stderr, "warning: t: 1 file or folder not of a run stays there, t/note")
        self.assertEqual(read("t/note.txt"), b"mine\n")

    def test_nothing_goes_before_all_is_known(self):
        self.enter("crossval again")
        words = COMMANDS["crossval again"][1]
        self.bad(4, "embedder mlp reads", *words, UNFIT)
        self.bad(2, "seed", *words, "--seed=x")
        os.rename("cv/rep00/fold01", "away")
        write("cv/rep00/fold01", "a note\n")
        self.bad(6, "cv/rep00/fold01: is no folder", *words)
        self.enter("train again")
        os.unlink("t/predictions.tsv")
        os.mkdir("t/predictions.tsv")
        self.bad(6, "t/predictions.tsv: is a folder", *COMMANDS["train again"][1])
        self.enter("crossval again")
        self.bad(6, "cv holds a run of crossval, not of train", *TRAIN, "--force", "-o", "cv")

    def test_refused_runs_leave_no_folder(self):
        self.enter("crossval")
        self.bad(4, "embedder mlp reads", *COMMANDS["crossval"][1], UNFIT)
        self.assertFalse(os.path.exists("cv"))
        self.bad(4, "embedder mlp reads", *COMMANDS["train"][1], UNFIT)
        self.assertFalse(os.path.exists("t"))


class Inputs(Sandbox):
    def test_not_replaced(self):
        """No output takes the place of an input, or of another output, by whatever name it is called."""
        self.enter("predict")
        os.link("c.h5", "same.h5")
        for words in (["predict", "run", "c.h5", "-o", "c.h5"], ["predict", "run", "c.h5", "-o", "./same.h5"],
                      ["predict", "run/model.safetensors", "c.h5", "-o", "p.tsv", "--attention=run/model.safetensors"],
                      ["predict", "run", "c.h5", "--metadata=m.tsv", "-o", "m.tsv"],
                      ["import", "-o", "in/p0.tsv", "in/p0.tsv", "in/p1.tsv"], ["import", "--metadata=m.tsv", "-o", "./m.tsv", "in"],
                      ["simulate", TINY, "-o", TINY]):
            self.bad(2, "is both input and output", *words, "--force")
        self.bad(2, "-o and --attention are both x.tsv", "predict", "run", "c.h5", "-o", "x.tsv", "--attention=x.tsv")



class InputsByAnyName(Case):
    """What a command reads is not overwritten by it, however it is named."""

    @classmethod
    def prepare(cls):
        cohort("s.h5", n_bag=12)
        assert run("export", "s.h5", "-o", "out").returncode == 0
        assert run("import", "out", "--metadata=out/metadata.tsv", "-o", "c.h5").returncode == 0
        shutil.copytree("out", "texts")
        os.remove("texts/metadata.tsv")
        shutil.copy("out/metadata.tsv", "m.tsv")
        trained("run", "c.h5", *FEW)
        write("ids", "sim00000\nsim00001\n")

    def test_kept(self):
        first = sorted(glob.glob("texts/sim*"))[0]
        with_data = os.path.join("out", os.path.basename(first))
        shutil.copy("c.h5", with_data)
        said = "is both input and output"
        for words in (["check", "c.h5", "--target=status", "--groups-out=c.h5"],
                      ["check", "c.h5", "--target=status", "--metadata=m.tsv", "--groups-out=m.tsv"],
                      ["import", "c.h5", "--bags=ids", "-o", "ids"], ["import", "texts", "--metadata=m.tsv", "-o", first],
                      ["predict", "run", "c.h5", "-o", "run/model.safetensors"], ["predict", "run", "texts", "-o", first],
                      ["predict", "run", "c.h5", "-o", "p.tsv", "--attention=run/model.safetensors"],
                      ["export", with_data, "-o", "out"]):
            with self.subTest(words=words):
                self.bad(2, said, *words, "--force")

    def test_no_standard_output(self):
        """Files and folders that it cannot take are not made under the name -."""
        for words in (["import", "texts", "-o", "-"], ["simulate", "-o", "-"], ["train", TINY, "c.h5", "--target=status", "-o", "-"],
                      ["crossval", TINY, "c.h5", "--target=status", "-o", "-"], ["export", "c.h5", "-o", "-"],
                      ["check", "c.h5", "--groups-out=-"]):
            with self.subTest(words=words):
                self.bad(2, "standard output", *words)

    def test_no_room_for_temporary_files(self):
        for folder in ("missing", "ids"):
            done = run("predict", "run", "texts", "-o", "p.tsv", env={"TMPDIR": folder})
            self.assertEqual(done.returncode, 6, done.stderr)
            self.assertIn(f"{folder}/hopsack: cannot write a temporary file", done.stderr)
            self.assertIn("TMPDIR", done.stderr)


class Races(Sandbox):
    def together(self, n, words):
        """Exit codes of n copies that start at once."""
        children = [subprocess.Popen([HOPSACK, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.PIPE, text=True) for _ in range(n)]
        said = [child.communicate()[1] for child in children]
        return [child.returncode for child in children], said

    def test_one_wins(self):
        for name in ("import", "vectors", "simulate", "predict"):
            self.enter(name)
            codes, said = self.together(4, COMMANDS[name][1])
            self.assertEqual(sorted(codes), [0, 6, 6, 6], f"{name}: {said}")
            self.assertEqual(leftovers(), [], name)
            whole = snapshot(".")
            again = [*COMMANDS[name][1], "--force"]
            self.assertEqual(set(self.together(3, again)[0]), {0}, name)
            self.assertEqual(snapshot("."), whole, name)

    def test_runs(self):
        self.enter("train")
        codes, said = self.together(3, COMMANDS["train"][1])
        self.assertEqual(sorted(codes), [0, 6, 6], said)
        self.assertEqual(leftovers(), [])
        self.good(*TRAIN, "-o", "alone")
        for file in ("config.yaml", "model.safetensors", "predictions.tsv"):
            self.assertEqual(read("t/" + file), read("alone/" + file), file)
        self.enter("crossval")
        codes, said = self.together(3, COMMANDS["crossval"][1])
        self.assertIn(0, codes, said)
        self.assertLessEqual(set(codes), {0, 6}, said)
        self.good("predict", "cv", "c.h5", "-o", "-")


class Faults(Sandbox):
    CALLS = ("read", "pread", "fread", "write", "pwrite", "fwrite", "fclose", "close", "fsync", "rename")

    def one(self, name, call, n, how):
        """Whether it struck. What stood there stays whole or is whole anew, and nothing is left after the next command."""
        self.enter(name)
        words, before = COMMANDS[name][1], snapshot(".")
        env = {**os.environ, "LD_PRELOAD": FAULTS, "HOPSACK_FAULT": f"{call}:{n}:{how}", "HOPSACK_FAULT_IN": os.path.realpath(".")}
        done = run(*words, env=env)
        what = f"{name}, {call} {n} {how}"
        if how == "kill" and done.returncode not in (0, 6):
            self.assertEqual(done.returncode, -signal.SIGKILL, f"{what}: {done.stderr}")
        else:
            self.check_end(done, what, (6,))
            self.assertNotIn("damaged", done.stderr, what)
            self.assertEqual(leftovers(), [], what)
        for path in before:  # inputs, and single files to be replaced
            if not path.startswith(("./t/", "./cv/", "./s/")) and path not in ("./o.h5", "./p.tsv"):
                self.assertEqual(snapshot(os.path.dirname(path)).get(path), before[path], f"{what}: {path}")
        for file in glob.glob("*.h5") + glob.glob("**/model.safetensors", recursive=True):
            self.good("inspect", file)
        words = [word for word in words if word != "--force"]
        self.good(*words, *([] if "--resume" in words else ["--force"]))
        self.assertEqual(leftovers(), [], f"{what}, and again")
        return done.returncode != 0

    def test_calls(self):
        struck = 0
        for turn in range(N_FAULT):
            name, call = self.rng.choice(list(COMMANDS)), self.CALLS[turn % len(self.CALLS)]
            n = self.rng.choice([1, 1, 2, 3, 5, 8, 13, 21, 34])
            struck += self.one(name, call, n, ("eio", "kill")[turn // len(self.CALLS) % 2])
        print(f"{N_FAULT} faults, {struck} struck, 0 torn files", flush=True)


class Signals(Sandbox):
    def test_no_temporary_files_stay(self):
        """Of a command that is interrupted, or whose reader goes away."""
        self.enter("predict")
        words = ["simulate", "--simulate.n_bag=400", "--simulate.n_seq=2000", "--threads=1", "-o", "s.h5"]
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            child = subprocess.Popen([HOPSACK, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for _ in range(500):
                if leftovers() or child.poll() is not None:
                    break
                time.sleep(0.01)
            child.send_signal(number)
            self.assertEqual(child.wait(60), -number)
            self.assertEqual(leftovers(), [], number)
        self.assertFalse(os.path.exists("s.h5"))
        cohort("big.h5", n_bag=600, n_seq=20)
        with subprocess.Popen([HOPSACK, "predict", "run", "big.h5", "-o", "p.tsv", "--attention=-", "--quiet"], stdout=subprocess.PIPE) as child:
            child.stdout.readline()
            child.stdout.close()
            self.assertIn(child.wait(60), (0, 6, -signal.SIGPIPE))
        self.assertEqual(leftovers(), [])


class Children(Sandbox):
    """What happens to the process that opens a dataset first is told as what it is."""

    def test_killed(self):
        self.enter("predict")
        for call, pattern in [("pread:1:kill", r"killed \(signal 9, Killed\), as happens where memory is short"),
                              ("pread:1:eio", "c.h5: cannot read: Input/output error"),
                              ("pread:4:eio", "c.h5: cannot .*: Input/output error")]:
            env = {**os.environ, "LD_PRELOAD": FAULTS, "HOPSACK_FAULT": call, "HOPSACK_FAULT_IN": os.path.realpath("c.h5")}
            said = self.bad(6, pattern, "predict", "run", "c.h5", "-o", "p.tsv", env=env)
            self.assertNotIn("damaged", said)
        self.enter("crossval on")
        for file in ("summary.json", "rep00/fold00/model.safetensors"):
            env = {**os.environ, "LD_PRELOAD": FAULTS, "HOPSACK_FAULT": "fread:1:eio", "HOPSACK_FAULT_IN": os.path.realpath("cv/" + file)}
            self.bad(6, f"cv/{file}: cannot read", "predict", "cv", "c.h5", "-o", "p.tsv", env=env)

    def test_open_elsewhere(self):
        try:
            import h5py
        except ImportError:
            self.skipTest("no h5py")
        self.enter("predict")
        os.environ.pop("HDF5_USE_FILE_LOCKING", None)
        with h5py.File("c.h5", "r"):
            self.good("predict", "run", "c.h5", "-o", "p.tsv")
        with h5py.File("c.h5", "r+"):
            done = run("predict", "run", "c.h5", "-o", "q.tsv")
        self.assertEqual(done.returncode, 6, done.stderr)
        self.assertRegex(done.stderr, "c.h5: another program has it open for writing")
        self.good("predict", "run", "c.h5", "-o", "q.tsv")


class Texts(Sandbox):
    """Control characters of files, names and arguments."""

    BAD = "\x1b[31m\x9b\x07\u202e\u2066\u2028x"

    def clean(self, text, what):
        found = HIDDEN.search(text)
        self.assertIsNone(found, f"{what}: {text[max(0, found.start() - 40):found.end() + 20]!r}" if found else "")

    def test_labels_and_names(self):
        self.enter("import")
        word, name = self.BAD, "\u202e\u20661"  # names of tasks and genes can hold no others
        rows = "".join(f"p{i}\t{('yes' if i % 2 else 'no') + word}\t{word}{i}\n" for i in range(8))
        write("l.tsv", f"ID\tst{name}\tother{word}\n" + rows)
        for i in range(8):
            write(f"air/p{i}.tsv", "junction_aa\tduplicate_count\tv_call\tj_call\tproductive\n"
                  + "".join(f"CASS{a}{'FGHIKLMN'[i]}YF\t2\tTRBV{name}\tTRBJ{name}\tT\n" for a in "ACDE"))
        said = []
        target = [f"--target=st{name}", f"--positive=yes{word}"]
        fast = [*FEW, "--threads=1"]
        for words in (["import", "--metadata=l.tsv", "-o", f"e{word}.h5", "air"], ["inspect", f"e{word}.h5"],
                      ["inspect", "--json", f"e{word}.h5"], ["inspect", "--verbose", f"e{word}.h5"],
                      ["train", TINY, f"e{word}.h5", *target, *fast, "-o", f"r{word}"],
                      ["crossval", TINY, f"e{word}.h5", *target, *fast, "--splits.n_fold=3", f"--group=other{word}", "-o", f"x{word}"],
                      ["crossval", TINY, f"e{word}.h5", *target, *fast, "--splits.n_fold=3", "--json", "-o", "json"],
                      ["inspect", f"r{word}"], ["inspect", f"r{word}/model.safetensors"], ["inspect", f"x{word}"],
                      ["evaluate", f"r{word}", f"e{word}.h5", "--part=all"], ["evaluate", f"r{word}", f"e{word}.h5", "--part=all", "--json"],
                      ["predict", f"r{word}", f"e{word}.h5", "-o", "-", "--attention=att.tsv"],
                      ["predict", f"r{word}", f"e{word}.h5", "-o", "p.tsv", "--verbose"],
                      ["export", f"e{word}.h5", "-o", "out", "--format=airr"],
                      ["simulate", "--simulate.n_bag=4", "--simulate.n_seq=20", "-o", f"s{word}.h5"]):
            done = self.good(*words)
            said.append(done.stdout)
            self.clean(done.stdout + done.stderr, words)
            if "--json" in words:
                json.loads(done.stdout)
        self.assertIn("\\xe2\\x80\\xae", "".join(said))
        for path in glob.glob("**/*.tsv", recursive=True) + glob.glob("**/*.md", recursive=True) + glob.glob("**/*.json", recursive=True):
            if not path.startswith(("in/", "air/", "l.tsv", "m.tsv")):
                self.clean(read(path).decode(), path)
        for words in (["predict", f"none{word}", f"e{word}.h5", "-o", "q.tsv"], ["train", f"--model.{word}=3", "-o", "q"],
                      [f"comm{word}"], ["inspect", f"none{word}"], ["import", "-o", "q.h5", f"none{word}"]):
            done = run(*words)
            self.assertNotIn(done.returncode, (0, 1))
            self.clean(done.stdout + done.stderr, words)

    def test_names_of_bags(self):
        self.enter("import")
        for word in ("\x1b[31m", "\u202e", "\x07", "\u2028", "\u0085"):
            shutil.rmtree("bad", ignore_errors=True)
            shutil.copytree("in", "bad")
            os.rename("bad/p0.tsv", f"bad/p{word}.tsv")
            self.bad(3, r"^hopsack: bad/p\\x.*: the name 'p\\x.*' holds control characters; rename it", "import", "-o", "q.h5", "bad")
            write("w.csv", f"bag,label,a,b\nx,1,2,3\ny{word},0,1,2\n")
            self.bad(3, r"^hopsack: w.csv:3.*'y\\x.*holds control characters", "import", "--bag=bag", "--label=label", "-o", "q.h5", "w.csv")


class Streams(Sandbox):
    def closed(self, fds, *words):
        return subprocess.run(["sh", "-c", 'exec "$0" "$@" ' + " ".join(f"{fd}>&-" for fd in fds), HOPSACK, *words],
                              check=False, timeout=250).returncode

    def test_closed(self):
        self.enter("predict")
        self.good("predict", "run", "c.h5", "-o", "good.tsv")
        for k, fds in enumerate([(1, 2), (0, 1, 2), (0,), (2,), (1,)]):
            self.assertEqual(self.closed(fds, "predict", "run", "c.h5", "-o", f"p{k}.tsv"), 0, fds)
            self.assertEqual(read(f"p{k}.tsv"), read("good.tsv"), fds)
            self.assertEqual(self.closed(fds, *TRAIN, "-o", f"t{k}"), 0, fds)
            for line in read(f"t{k}/metrics.jsonl").splitlines():
                json.loads(line)
        for words in (["predict", "run", "c.h5", "-o", "-"], ["inspect", "c.h5"], ["evaluate", "run", "c.h5", "--part=all"],
                      [*TRAIN, "--dry-run", "-o", "q"], [*TRAIN, "--json", "-o", "q"]):
            self.assertEqual(self.closed((1,), *words), 6, words)

    def test_standard_output_by_name(self):
        self.enter("predict")
        self.good("predict", "run", "c.h5", "-o", "good.tsv")
        for name in ("-", "/dev/stdout"):
            with open("out", "w", encoding="utf-8") as out:
                self.assertEqual(run("predict", "run", "c.h5", "-o", name, stdout=out).returncode, 0)
            self.assertEqual(read("out"), read("good.tsv"))

    def test_many_words(self):
        self.enter("predict")
        done = self.good("predict", *["run"] * 1500, "c.h5", "-o", "-", "--threads=1")
        self.assertEqual(len(done.stdout.splitlines()), 13)
        done = self.good("import", "-o", "w.h5", "in", *[f"--exclude=amino_acid=X{i}" for i in range(700)])
        self.assertRegex(self.good("inspect", "w.h5").stdout, "bags +4")


class Numbers(Sandbox):
    def test_largest_count(self):
        try:
            import h5py
        except ImportError:
            self.skipTest("no h5py")
        self.enter("predict")
        with h5py.File("c.h5", "r+") as file:
            counts = file["sampledata/sequence_counts"]
            counts[0] = 2 ** 63 - 1
        self.assertRegex(self.good("inspect", "c.h5").stdout, r"counts +1 to 9223372036854775807,")
        self.assertEqual(json.loads(self.good("inspect", "--json", "c.h5").stdout)["count"]["max"], 2 ** 63 - 1)

    def overflow(self, path, value):
        """A model whose weights are finite, and its outputs are not."""
        bytes_ = bytearray(read(path))
        (n,) = struct.unpack("<Q", bytes_[:8])
        head = bytes_[8:8 + n]
        at = head.index(b'"crc32":"') + len(b'"crc32":"')
        head[at:at + 8] = b"0" * 8
        body = bytearray(struct.pack("<f", value) * ((len(bytes_) - 8 - n) // 4))
        crc = zlib.crc32(bytes(body), zlib.crc32(bytes(head), zlib.crc32(bytes(bytes_[:8]))))
        head[at:at + 8] = f"{crc:08x}".encode()
        write(path, bytes(bytes_[:8]) + bytes(head) + bytes(body))

    def test_model_that_overflows(self):
        self.enter("predict")
        self.overflow("run/model.safetensors", 3e38)
        pattern = r"run/model\.safetensors: its output for bag '.*' is not a finite number: its weights"
        self.bad(4, pattern, "predict", "run", "c.h5", "-o", "p.tsv")
        self.bad(4, pattern, "evaluate", "run", "c.h5", "--part=all")


main()
