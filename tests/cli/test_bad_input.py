# SPDX-License-Identifier: MIT
"""Bad input, one row a cause: what is given, the exit code, what the sentence says of the place and of the way out.

A command runs twice where it has a target OUT: the target is missing, and must not appear; the target is there and --force is
given, and must keep its bytes and times. Nothing else in the folder may change either."""
import glob
import os
import re
import resource
import shutil
import struct
import tempfile
from typing import Callable, NamedTuple

import badfiles
from badfiles import (BAGS, both, changed, checkpoint, dataset, element, facts, header, foreign_vectors, labels, model, packed,
                      replaced, splits, tensor, text, vectors, write)
from harness import TINY, Case, cohort, main, read, run, trained

if os.access("/dev/shm", os.W_OK):
    tempfile.tempdir = "/dev/shm"  # no need to wait for a disk
LEAST = 40  # causes that meet different checks
GOOD = "amino_acid\ttemplates\nCASSLGQAYEQYF\t3\nCASSPGTF\t1\n"
AIRR = "sequence_id\tproductive\tv_call\tj_call\tjunction_aa\tduplicate_count\n"
ROW = "1\tT\tV\tJ\tCASSF\t1\n"
FIRST = "attention_nn.attention_nn.0.bias"
MIL = """splits: {n_fold: 4, validation: none}
model: {embedder: {kind: mlp, n_layer: 1, n_unit: 8}, pooling: {kind: max}, selection: {kind: all}}
train: {epochs: 1, batch: 8, draws: 0}
"""
MAT = badfiles.matlab(features=[float(b * 37 % 23) for b in range(48)], bag_ids=[b // 2 for b in range(48)],
                      labels=[b // 2 % 2 for b in range(48)])
BIAS = "output_nn.output_nn.0.bias"


class Row(NamedTuple):
    cause: str
    command: str  # OUT stands for the target
    make: Callable | None  # makes the input, under the name bad
    code: int
    says: str  # of the sentence
    limits: dict = {}
    stdout: str = os.devnull

    @property
    def kind(self):
        return self.command.split()[0] if self.command else "none"


def rows_of(command, *rows):
    """Rows of one command: what a row has instead of it, or behind it if that is empty or begins with ' '."""
    return [Row(cause, command + args if args[:1] in ("", " ") else args, *more) for cause, args, *more in rows]


# ---- the command line ----

USAGE = rows_of(
    "",
    ("no command", "", None, 2, r"no command; hopsack help lists"),
    ("unknown command", "trian", None, 2, r"'trian'.*did you mean train"),
    ("command like none", "zzzzzzzz", None, 2, r"unknown command 'zzzzzzzz'; hopsack help lists"),
    ("misspelt flag", "train --thread=2 -o OUT", None, 2, r"unknown flag --thread: did you mean --threads"),
    ("flag like none", "train --nonsense -o OUT", None, 2, r"unknown flag --nonsense; hopsack help train lists all"),
    ("flag without value", "train -o x --threads", None, 2, r"--threads needs a value"),
    ("threads no number", "train -o OUT --threads=two", None, 2, r"--threads: 'two' is not an integer from 0 to 1024"),
    ("seed negative", "simulate -o OUT --seed=-1", None, 2, r"--seed: '-1' is not an integer from 0"),
    ("switch with value", "train -o OUT --quiet=loud", None, 2, r"--quiet takes no value, or true or false"),
    ("needed flag missing", "train", None, 2, r"-o is missing: usage is hopsack train"),
    ("flag twice", "train -o OUT -o y", None, 2, r"-o is given twice"),
    ("flags of vectors, file missing", "import --n-features=3 -o OUT missing.mat", None, 6, r"missing\.mat: cannot read: No such file"),
    ("too few words", "evaluate run", None, 2, r"too few words: usage is hopsack evaluate"),
    ("too many words", "export a b -o c", None, 2, r"b: usage is hopsack export"),
    ("help on nothing", "help nonsense", None, 2, r"no help on 'nonsense'; topics are"),
    ("a setting 520 times", "train -o OUT " + "--train.lr=1 " * 520, None, 2, r"--train\.lr: 'train\.lr' is given twice"),
    ("resume and force", "train --resume --force -o kept", None, 2, r"--resume continues a run, --force throws it away"),
    ("result cannot be printed", "inspect c.h5", None, 6, r"standard output: cannot write", {}, "/dev/full"),
)

# ---- import ----

IMPORT = rows_of(
    "import -o OUT",
    ("nothing to import", "", None, 2, r"usage is hopsack import"),
    ("unknown format", " --format=airrr in", None, 2, r"--format=airrr: choose one of auto, .*deeprc"),
    ("rule without value", " --include=x in", None, 2, r"--include=x: write it as --include=COLUMN=VALUE"),
    ("converter that merges", " --format=deeprc --merge=yes in", None, 2, r"--merge=yes: .*leave out --format"),
    ("named without column", " --format=named in", None, 2, r"--format=named needs --sequence-column"),
    ("input is output", " --force c.h5 -o c.h5", None, 2, r"-o is given twice"),
    ("no such input", " nowhere", None, 6, r"nowhere: cannot (open|read): No such file"),
    ("no file of that ending", " --extension=.csv in", None, 3, r"in: no file below it ends in \.csv.*--extension"),
    ("links in a circle", " bad", lambda: (os.makedirs("bad"), os.symlink("..", "bad/up")), 3, r"bad.*folders lie more than \d+ deep; does a link"),
    ("two files of one name", " bad", both(text("bad/P.tsv", GOOD), text("bad/P.tsv.gz", GOOD)), 3,
     r"bad/P\.tsv and bad/P\.tsv\.gz are both named 'P\.tsv'"),
    ("column missing", " bad.tsv", text("bad.tsv", "sequence\tcount\nCASSF\t1\n"), 3, r"bad\.tsv:1: .*its columns are .*--sequence-column"),
    ("empty file", " bad.tsv", text("bad.tsv", ""), 3, r"bad\.tsv: is empty; a header line"),
    ("header alone", " bad.tsv", text("bad.tsv", "amino_acid\ttemplates\n"), 3, r"bad\.tsv: has a header line but no rows; leave"),
    ("no row left", " bad.tsv", text("bad.tsv", "amino_acid\ttemplates\nCASXF\t1\n"), 3,
     r"bad\.tsv: no row is left of 1 \(other_letter 1\); check the columns"),
    ("CDR3 alone", " bad.tsv", text("bad.tsv", "sequence_id\tjunction_aa\tcdr3_aa\n1\t\tASS\n"), 3, r"no row is left .*--region=cdr3"),
    ("CDR3 column alone", " bad.tsv", text("bad.tsv", "sequence_id\tcdr3_aa\n1\tASS\n"), 3, r"bad\.tsv:1: has CDR3s .*--region=cdr3"),
    ("ragged row", " bad.tsv", text("bad.tsv", GOOD + "CASSF\n"), 3, r"bad\.tsv:4: has 1 cell, .*'templates'.*cut short"),
    ("count no number", " bad.tsv", text("bad.tsv", GOOD + "CASSF\tmany\n"), 3, r"bad\.tsv:4: count 'many' .*--count-column"),
    ("quote not closed", " bad.tsv", text("bad.tsv", GOOD + '"CASSF\t1\n'), 3, r"bad\.tsv:4: a double quote is not closed on its line"),
    ("quote in the header", " bad.tsv", text("bad.tsv", 'amino_acid\t"templates\n'), 3, r"bad\.tsv:1: a double quote is never closed"),
    ("byte 0", " bad.tsv", text("bad.tsv", GOOD + "CAS\0F\t1\n"), 3, r"bad\.tsv:4: holds a byte 0; this is not a text"),
    ("bytes of all values", " bad.tsv", text("bad.tsv", bytes(range(256)) * 9), 3, r"bad\.tsv:\d+: "),
    ("endless line", " bad.tsv.gz", packed("bad.tsv.gz", "A" * (70 << 20), bytes), 3, r"bad\.tsv\.gz:1: a line of more than \d+ MB"),
    ("gz cut short", " bad.tsv.gz", packed("bad.tsv.gz", GOOD * 50, lambda z: z[: len(z) // 2]), 3,
     r"bad\.tsv\.gz: the gzip data end too early; .*fetch it again"),
    ("gz wrong checksum", " bad.tsv.gz", packed("bad.tsv.gz", GOOD * 50, lambda z: z[:-8] + bytes(4) + z[-4:]), 3,
     r"bad\.tsv\.gz: damaged gzip data; fetch the file again"),
    ("truth neither T nor F", " bad.tsv", text("bad.tsv", AIRR + ROW + ROW.replace("T", "yes", 1)), 3,
     r"bad\.tsv:3: 'yes' in column 'productive' is neither T nor F"),
    ("gene no text", " bad.tsv", text("bad.tsv", (AIRR + ROW).encode().replace(b"V\tJ\tC", b"V\xff\tJ\tC")), 3,
     r"bad\.tsv:2: the gene in column 'v_call' is no UTF-8"),
    ("repertoire not named", " bad.tsv", text("bad.tsv", f"repertoire_id\t{AIRR}P1\t{ROW}\t{ROW}"), 3,
     r"bad\.tsv:3: column 'repertoire_id' is empty here but not everywhere"),
    ("repertoire in two files", " bad", both(*(text(f"bad/{k}.tsv", f"repertoire_id\t{AIRR}P1\t{ROW}") for k in "ab")), 3,
     r"bad/a\.tsv and bad/b\.tsv both hold repertoire 'P1'; .* one file"),
    ("nothing left at all", " --include=templates=99 --empty=skip in", None, 3, r"no repertoire is left; check the columns and filters"),
    ("labels of unknown bag", " --metadata=bad.tsv in", text("bad.tsv", "ID\tx\nP1\t1\nQ9\t2\n"), 3,
     r"bad\.tsv:3: 1 ID of column 'ID' is not in the files found: 'Q9'"),
    ("labels twice", " --metadata=bad.tsv in", text("bad.tsv", "ID\tx\nP1\t1\nP1.tsv\t2\n"), 3,
     r"bad\.tsv:3: ID 'P1\.tsv' and ID 'P1' of line 2 both mean 'P1\.tsv'; keep one"),
    ("labels without ID", " --metadata=bad.tsv in", text("bad.tsv", "who\tx\nQ9\t1\n"), 3, r"bad\.tsv: has no ID column; .*--id-column"),
    ("labels ragged", " --metadata=bad.tsv in", text("bad.tsv", "ID\tx\nP1\n"), 3, r"bad\.tsv:2: has 1 cell, the header has 2 names; mend"),
    ("labels too wide", " --metadata=bad.tsv in", text("bad.tsv", "ID\tx\nP1\t1\t2\n"), 3, r"bad\.tsv:2: has more cells than the header has names \(2\); mend"),
    ("labels: ID blank", " --metadata=bad.tsv in", text("bad.tsv", "ID\tx\n\t1\n"), 3, r"bad\.tsv:2: the ID in column 'ID' is empty"),
    ("labels not there", " --metadata=bad.tsv in", None, 6, r"bad\.tsv: cannot open"),
    ("labels are a folder", " --metadata=in in", None, 6, r"in: is a folder, a file is expected"),
    ("labels empty", " --metadata=bad.tsv in", text("bad.tsv", ""), 3, r"bad\.tsv: is empty; a table with a header line"),
    ("labels: header blank", " --metadata=bad.tsv in", text("bad.tsv", "\nP1\n"), 3, r"bad\.tsv: has a header line but no rows"),
    ("labels: header alone", " --metadata=bad.tsv in", text("bad.tsv", "ID\tx\n"), 3, r"bad\.tsv: has a header line but no rows"),
    ("labels: quote open", " --metadata=bad.tsv in", text("bad.tsv", 'ID\tx\nP1\t"1\n'), 3, r"bad\.tsv:2: a double quote is never closed"),
    ("labels: byte 0", " --metadata=bad.tsv in", text("bad.tsv", "ID\tx\nP1\t\0\n"), 3, r"bad\.tsv: holds a byte 0"),
    ("labels: other encoding", " --metadata=bad.tsv in", text("bad.tsv", b"ID\tx\nP1\t\xe4\n"), 3, r"bad\.tsv:2: is not UTF-8 text; save"),
    ("target exists", "import -o in/P1.tsv in", None, 6, r"in/P1\.tsv: exists; --force overwrites"),
    ("target is a folder", "import --force -o kept in", None, 6, r"kept: is a folder; name a file"),
    ("target is a device", "import --force -o /dev/null in", None, 6, r"/dev/null: is no regular file; name another"),
    ("folder of target missing", "import -o no/such/out.h5 in", None, 6, r"folder no/such does not exist; make it first"),
    ("folder not writable", "import -o /proc/out.h5 in", None, 6, r"/proc/out\.h5: cannot write"),
    ("name too long", "import -o " + "n" * 300 + ".h5 in", None, 6, r"nnn…: name is longer than \d+ bytes"),
    ("disk full", " in", None, 6, r"\.h5: cannot finish writing: File too large", {resource.RLIMIT_FSIZE: 1024}),
)

# ---- simulate ----

SIMULATE = rows_of(
    "simulate -o OUT",
    ("misspelt setting", " --simulate.rat=0.1", None, 2, r"--simulate\.rat.*did you mean simulate\.rate"),
    ("rate above 1", " --rho=2", None, 2, r"--rho \(simulate\.rate\): 2 is outside"),
    ("motif of a wrong letter", " --motif=SFxEN", None, 2, r"motif 'SFxEN': 'x' is neither"),
    ("motif that changes nothing", " --motif=ZZZ", None, 2, r"motif 'ZZZ' changes nothing"),
    ("motif too long", " --motif=ACDEFGHIKLMNPQRSTVWY" + "A" * 90, None, 2, r"has more than \d+ residues"),
    ("motif that nothing holds", " --motif=ACDEFGHIKLMNPQRSTVW", None, 2, r"fits into"),
    ("no motif", " --simulate.motifs=[]", None, 2, r"simulate\.motifs.*(none is given|needs)"),
    ("position no word", " --simulate.position=left", None, 2, r"position.*left.*neither middle nor anywhere"),
    ("signal unknown", " --simulate.signal=thin", None, 2, r"--simulate\.signal.*thin.*motif.*dense"),
    ("shift out of range", " --simulate.signal=dense --simulate.shift=3", None, 2, r"--simulate\.shift.*3 is outside"),
    ("spread negative", " --simulate.spread=-1", None, 2, r"--simulate\.spread.*-1 is outside"),
    ("no prefixes to shift", " --simulate.signal=dense --simulate.background=uniform", None, 2,
     r"simulate\.dense=both: background 'uniform' has no prefixes; set simulate\.dense to composition"),
    ("compression unknown", " --compress=zip", None, 2, r"--compress: 'zip' is not gzip, none, 1"),
    ("no memory for it", " --simulate.n_seq=100000000", None, 6, r"GB are free; take fewer", {resource.RLIMIT_AS: 2000000 << 10}),
    ("disk full later", " --simulate.n_bag=40", None, 6, r"cannot write.*File too large", {resource.RLIMIT_FSIZE: 8192}),
)

# ---- settings ----

YAML = rows_of(
    "train --data.path=c.h5 --target=status bad.yaml -o OUT",
    ("no YAML", "", text("bad.yaml", "train: [1, 2\n"), 2, r"bad\.yaml:2: not YAML"),
    ("not UTF-8", "", text("bad.yaml", b"seed: \xff\n"), 2, r"bad\.yaml:1: byte \d+ of the file: .*must be UTF-8"),
    ("no mapping", "", text("bad.yaml", "- 1\n- 2\n"), 2, r"bad\.yaml:1: should hold 'key: value' lines"),
    ("second document", "", text("bad.yaml", "seed: 1\n---\nseed: 2\n"), 2, r"bad\.yaml:2: a second document begins; one file"),
    ("alias", "", text("bad.yaml", "seed: &a 1\n"), 2, r"bad\.yaml:1: anchors \(&a\) are not supported; write"),
    ("tag", "", text("bad.yaml", "seed: !!int 1\n"), 2, r"bad\.yaml:1: tags .* are not supported; leave"),
    ("key twice", "", text("bad.yaml", "seed: 1\nseed: 2\n"), 2, r"bad\.yaml:2: 'seed' is given twice .*keep one"),
    ("key no word", "", text("bad.yaml", "? [a, b]\n: 1\n"), 2, r"bad\.yaml:1: a key must be one word"),
    ("too deep", "", text("bad.yaml", "a:\n" + "".join(" " * i + "a:\n" for i in range(1, 40))), 2, r"bad\.yaml:\d+: .*nested deeper than \d+"),
    ("value too long", "", text("bad.yaml", "data: {path: " + "x" * 70000 + "}\n"), 2, r"bad\.yaml:1: a value of \d+ bytes is longer than"),
    ("unknown key", "", text("bad.yaml", "train:\n  lr: 0.01\n  batsh: 9\n"), 2, r"bad\.yaml:3: unknown setting 'train\.batsh'; did you mean train\.batch"),
    ("value of a wrong kind", "", text("bad.yaml", "train:\n  batch: none of it\n"), 2, r"bad\.yaml:2: train\.batch.*'none of it' is not"),
    ("value out of range", "", text("bad.yaml", "model:\n  embedder: {kernel: -3}\n"), 2, r"bad\.yaml:2: .*kernel.*-3 is outside"),
    ("no such choice", "", text("bad.yaml", "train: {optimizer: adamm}\n"), 2, r"bad\.yaml:1: train\.optimizer.*'adamm' is not"),
    ("list for one value", "", text("bad.yaml", "train: {lr: [1, 2]}\n"), 2, r"bad\.yaml:1: train\.lr.*takes one value, not a list"),
    ("value for a block", "", text("bad.yaml", "train: 5\n"), 2, r"bad\.yaml:1: train is one block of settings"),
    ("block for a value", "", text("bad.yaml", "train: {lr: {a: 1}}\n"), 2, r"bad\.yaml:1: train\.lr is one value, not a block"),
    ("value missing", "", text("bad.yaml", "train: {lr: }\n"), 2, r"bad\.yaml:1: train\.lr.*needs a value"),
    ("key of another kind", "", text("bad.yaml", "model: {embedder: {kind: lstm, kernel: 5}}\n"), 2,
     r"bad\.yaml:1: model\.embedder\.kernel.*(kind|unknown)"),
    ("base missing", "", text("bad.yaml", "base: lost.yaml\n"), 6, r"lost\.yaml: cannot"),
    ("base of a base", "", both(text("bad.yaml", "base: bad2.yaml\n"), text("bad2.yaml", "base: bad3.yaml\n")), 2,
     r"bad2\.yaml:1: base: .*only one level"),
    ("base twice", "", text("bad.yaml", "base: tiny.yaml\nbase: tiny.yaml\n"), 2, r"bad\.yaml:2: 'base' is given twice"),
    ("updates and epochs", "", text("bad.yaml", "train: {updates: 5, epochs: 1}\n"), 2, r"bad\.yaml:1: train\.epochs.*exactly one of the two"),
    ("share of validation", "", text("bad.yaml", "splits: {validation: 0.7}\n"), 2, r"bad\.yaml:1: splits\.validation.*between 0 and 0\.5"),
    ("validation no word", "", text("bad.yaml", "splits: {validation: next}\n"), 2, r"bad\.yaml:1: splits\.validation.*'next' is not previous"),
    ("fold that is none", "", text("bad.yaml", "splits: {fold: 7}\n"), 2, r"bad\.yaml:1: splits\.fold.*numbered 0 to 4, there is no 7"),
    ("columns without file", "", text("bad.yaml", "splits: {columns: [a]}\n"), 2, r"splits\.columns.*splits\.file, which is not given"),
    ("legacy split with groups", "", text("bad.yaml", "splits: {kind: deeprc, group: donor}\n"), 2, r"splits\.group.*deeprc knows no groups"),
    ("config not there", "", None, 6, r"bad\.yaml: cannot"),
)

TASKS = rows_of(
    "train --data.path=c.h5 bad.yaml -o OUT",
    ("no task", "", text("bad.yaml", "seed: 1\n"), 2, r"tasks.*--target"),
    ("task without column", "", text("bad.yaml", "tasks:\n  - {name: a, kind: binary}\n"), 2, r"tasks\.0\.column must be given .*write it into"),
    ("task names equal", "", text("bad.yaml", "tasks:\n  - {name: a, column: x, kind: binary}\n  - {name: a, column: y, kind: binary}\n"), 2,
     r"bad\.yaml:3: .*'a' is also the name of task 0; rename"),
    ("one class", "", text("bad.yaml", "tasks: [{name: a, column: x, kind: multiclass, classes: [A]}]\n"), 2, r"bad\.yaml:1: .*1 classes are named; from 2"),
    ("class twice", "", text("bad.yaml", "tasks: [{name: a, column: x, kind: multiclass, classes: [A, B, A]}]\n"), 2, r"bad\.yaml:1: .*class 'A' is named twice"),
    ("weights of classes", "", text("bad.yaml", "tasks: [{name: a, column: x, kind: multiclass, classes: [A, B], class_weights: [1]}]\n"), 2,
     r"bad\.yaml:1: .*1 weights are given for 2 classes"),
    ("negative is positive", "", text("bad.yaml", "tasks: [{name: a, column: x, kind: binary, positive: p, negative: p}]\n"), 2,
     r"bad\.yaml:1: .*'p' is the positive value too"),
    ("tasks no list", "", text("bad.yaml", "tasks: {name: a}\n"), 2, r"bad\.yaml:1: 'tasks' is a list of blocks; begin each with"),
    ("task of a number too high", " --tasks.5.weight=2", text("bad.yaml", "tasks: [{name: a, column: x, kind: binary}]\n"), 2,
     r"--tasks\.5\.weight.*1 entry, numbered from 0"),
    ("column of numbers without", "", text("bad.yaml", "tasks: [{name: a, column: ID, kind: regression}]\n"), 3, r"c\.h5: column 'ID' of task 'a' holds no number; its values are"),
    ("class in no cell", "", text("bad.yaml", "tasks: [{name: a, column: status, kind: multiclass, classes: ['+', C]}]\n"), 3,
     r"c\.h5: no cell of column 'status' is 'C', a class of task 'a'"),
)

FLAGS = rows_of(
    "train tiny.yaml -o OUT",
    ("setting misspelt", " --train.lrr=1", None, 2, r"--train\.lrr.*did you mean train\.lr"),
    ("setting no number", " --data.path=c.h5 --train.lr=fast", None, 2, r"--train\.lr.*'fast' is not"),
    ("no dataset named", " --target=status", None, 2, r"data\.path must be given.*--data\.path=VALUE"),
    ("batch beyond the room", " --data.path=c.h5 --target=status --train.batch=1000", None, 2, r"train\.batch.*1000 is outside"),
    ("norm in DeepRC", " --data.path=c.h5 --target=status --model.norm=bags --data.compat=deeprc", None, 2,
     r"--model\.norm: data\.compat deeprc is DeepRC's network, which has no norm"),
    ("norm over one bag", " --data.path=c.h5 --target=status --model.norm=bags --train.batch=1", None, 2,
     r"--train\.batch: model\.norm bags standardises over the bags of a minibatch; take at least 2"),
    ("mean of the top alone", " --data.path=c.h5 --target=status --model.pooling.mean=true --model.selection.kind=top", None, 2,
     r"model\.pooling\.mean: with model\.selection\.kind: top most instances are left out.*set it to all or random"),
    ("k-mers and two layers", " --data.path=c.h5 --target=status --model.embedder.start=kmers --model.embedder.n_layer=2", None, 2,
     r"model\.embedder\.start: kmers needs n_layer: 1; deeper layers"),
    ("start unknown", " --data.path=c.h5 --target=status --model.embedder.start=motifs", None, 2, r"--model\.embedder\.start: 'motifs' is not random or kmers"),
    ("updates beyond count", " --data.path=c.h5 --target=status --train.updates=null --train.epochs=1000000000", None, 2, r"train\.epochs.*more updates than"),
    ("address space too small", " --data.path=c.h5 --target=status", None, 6, r"limited to 400 MB; raise it \(ulimit -v\)", {resource.RLIMIT_AS: 400 << 20}),
    ("target is a file", "train --data.path=c.h5 --target=status -o c.h5", None, 6, r"c\.h5 is a file; -o wants a folder"),
    ("target below a file", "train --data.path=c.h5 --target=status -o c.h5/run", None, 6, r"c\.h5/run.*Not a directory"),
    ("target cannot be made", "train --data.path=c.h5 --target=status -o /proc/run", None, 6, r"/proc/run"),
    ("run exists", "train --data.path=c.h5 --target=status -o run", None, 6, r"run exists and is not empty; --force overwrites it, --resume"),
    ("folder of something else", "train --resume --data.path=c.h5 --target=status -o in", None, 6, r"in holds no run to resume .*name another folder"),
    ("run of crossval", "train --resume -o folds", None, 6, r"folds holds a run of crossval, not of train; name another"),
)

# ---- labels and splits ----

LABELS = rows_of(
    "train tiny.yaml --data.path=c.h5 -o OUT",
    ("no such column", " --target=illness", None, 3, r"c\.h5: no column 'illness'.*its columns are .*'status'"),
    ("positive value nowhere", " --target=status --positive=yes", None, 3, r"no cell of column 'status' is 'yes' \(positive\); its values are .*'\+' \(20\)"),
    ("which is positive", " --target=status --metadata=bad.tsv", labels(lambda i: f"class{i % 2}"), 2, r"bad\.tsv: which value .*--positive=VALUE"),
    ("several negatives", " --target=status --positive=class0 --metadata=bad.tsv", labels(lambda i: f"class{i % 3}"), 2,
     r"bad\.tsv: column 'status' has .*'class1' \(13\).*negative=VALUE"),
    ("negative value nowhere", " --target=status --tasks.0.negative=no --metadata=bad.tsv", labels(lambda i: "+-"[i % 2]), 3, r"bad\.tsv: no cell of column 'status' is 'no' \(negative\); its values"),
    ("one class throughout", " --target=status --positive=+ --metadata=bad.tsv", labels(lambda i: "+"), 3,
     r"bad\.tsv: every label in column 'status' is '\+'; a model needs both"),
    ("no label at all", " --target=status --metadata=bad.tsv", labels(lambda i: ""), 3, r"bad\.tsv: column 'status' of task 'status' is empty for every bag; fill"),
    ("label of unknown bag", " --target=status --metadata=bad.tsv", labels(lambda i: "+-"[i % 2], bags=BAGS + ["P999"]), 3, r"bad\.tsv:42: .*'P999'"),
    ("label twice", " --target=status --metadata=bad.tsv", labels(lambda i: "+-"[i % 2], bags=BAGS + BAGS[1:2]), 3, r"bad\.tsv:42: .*'sim00001'.*keep one"),
    ("ID column not there", " --target=status --id-column=person --metadata=bad.tsv", labels(lambda i: "+-"[i % 2]), 3, r"bad\.tsv: has no ID column 'person'"),
    ("dataset without labels", "train tiny.yaml --data.path=nolabels.h5 --target=status -o OUT", None, 3, r"holds no label table; give one with --metadata"),
    ("group column not there", " --target=status --group=donor", None, 3, r"no column 'donor' \(splits\.group, or --group\); its columns are 'ID'"),
    ("fewer groups than folds", " --target=status --group=donor --metadata=bad.tsv", labels(lambda i: f"{'+-'[i % 2]}\td{i % 3}", "ID\tstatus\tdonor"), 3,
     r"3 groups cannot fill splits\.n_fold=5 folds; ask for fewer"),
    ("fewer bags than folds", " --target=status --splits.n_fold=41", None, 3, r"splits\.n_fold=41 folds need at least as many labelled bags"),
    ("validation takes the rest", " --target=status --splits.n_fold=2", None, 2, r"splits\.validation: previous leaves no fold to train on with splits\.n_fold=2; take"),
)

SPLITS = rows_of(
    "train tiny.yaml --data.path=c.h5 --target=status --splits=bad.tsv -o OUT",
    ("split file not there", "", None, 6, r"bad\.tsv: cannot open"),
    ("no column of folds", "", splits(lambda i: "x", "bag\tx"), 3, r"bad\.tsv: .*(fold|part)"),
    ("unknown part", "", splits(lambda i: "trained"), 3, r"bad\.tsv:2: part 'trained' is none of train, validation, test"),
    ("fold no number", "", splits(lambda i: "one", "bag\tfold"), 3, r"bad\.tsv:2: column fold: 'one' is no fold number"),
    ("gap in the folds", "", splits(lambda i: i % 3 * 2, "bag\tfold"), 3, r"bad\.tsv: column fold: no bag is in fold 1; number"),
    ("one fold", "", splits(lambda i: 0, "bag\tfold"), 3, r"bad\.tsv: all bags are in one fold; two"),
    ("bag that is unknown", "", text("bad.tsv", "bag\tpart\nsim00001\ttrain\nQ\ttest\n"), 3,
     r"bad\.tsv:3: .*'Q'"),
    ("bag twice in the splits", "", text("bad.tsv", "bag\tpart\nsim00001\ttrain\nsim00001\ttest\n"), 3, r"bad\.tsv:3: .*'sim00001'.*keep one"),
    ("column asked for not there", " --splits.columns=x", splits(lambda i: i % 3, "bag\tfold"), 3, r"bad\.tsv: no column 'x', which splits\.columns"),
    ("column asked for twice", " --splits.columns=fold,fold", splits(lambda i: i % 3, "bag\tfold"), 2, r"splits\.columns: 'fold' stands twice"),
    ("fold beyond the file's", " --fold=3", splits(lambda i: i % 3, "bag\tfold"), 2, r"splits\.fold is 3, but bad\.tsv has folds 0 to 2"),
    ("nothing to train on", "", splits(lambda i: "test"), 3, r"the training part holds no labelled bag; mend the table of splits\.file"),
    ("one class to train on", "", lambda: write("bad.tsv", "bag\tpart\n" + "".join(f"{b}\t{('test', 'train')[t]}\n" for b, t in TARGETS.items())), 3,
     r"all 20 labelled bags of the training part are positive; a model needs both"),
    ("group in two parts", " --group=donor --metadata=bad2.tsv", lambda: (
        write("bad2.tsv", "ID\tstatus\tdonor\n" + "".join(f"{b}\t{'+-'[i % 2]}\td{i // 4}\n" for i, b in enumerate(BAGS))),
        write("bad.tsv", "bag\tpart\n" + "".join(f"{b}\t{('train', 'test')[i % 3 == 0]}\n" for i, b in enumerate(BAGS)))), 3,
     r"bags of one group .*lie in different parts .*; mend the split"),
    ("equal bags in two parts", "train tiny.yaml --data.path=twins.h5 --target=status --splits=bad.tsv --group=donor -o OUT",
     text("bad.tsv", "bag\tpart\n" + "".join(f"p{i}\t{('train', 'test')[i > 7]}\n" for i in range(12))), 3,
     r"equal content.*\(1; for example 'p0' in train and 'p11' in test\)"),
)

# ---- datasets ----

DATASETS = rows_of(
    "train tiny.yaml --data.path=bad.h5 --target=status -o OUT",
    ("dataset not there", "", None, 6, r"bad\.h5: cannot open: No such file"),
    ("dataset is a folder", "", lambda: os.makedirs("bad.h5"), 3, r"bad\.h5: is not a file; a dataset is one HDF5 file"),
    ("dataset is text", "", text("bad.h5", GOOD), 3, r"bad\.h5: is not an HDF5 file; `hopsack import` makes one"),
    ("dataset cut short", "", changed("bad.h5", "c.h5", lambda b: b[: len(b) // 2]), 3, r"bad\.h5: cannot open this HDF5 file \(truncated or damaged\? copy or import it again"),
    ("a letter of a name flipped", "", changed("bad.h5", "c.h5", lambda b: b.replace(b"sim00007", b"sim00\x7f07", 1)), 3,
     r"bad\.h5: /metadata/\w+ does not match its checksum; .*import it again"),
    ("a number flipped", "", changed("bad.h5", "plain.h5", lambda whole: flipped(whole)), 3,
     r"bad\.h5: /sampledata/\w+ cannot be read: it is damaged"),
)

FOREIGN = rows_of(
    "train tiny.yaml --data.path=bad.h5 --metadata=foreign.tsv --target=status -o OUT",
    ("array missing", "", replaced("sampledata/seq_lens", None), 3, r"bad\.h5: has no dataset /sampledata/seq_lens; this is not"),
    ("group in its place", "", dataset(lambda f: (f.__delitem__("sampledata/seq_lens"), f.create_group("sampledata/seq_lens"))), 3,
     r"/sampledata/seq_lens is not a dataset"),
    ("soft link", "", dataset(lambda f: f.move("sampledata/seq_lens", "else") or f.__setitem__("sampledata/seq_lens", badfiles.h5py.SoftLink("/else"))), 3,
     r"/sampledata/seq_lens is a link to another place, which is not followed"),
    ("floats for integers", "", replaced("sampledata/seq_lens", [12.0] * 60), 3, r"/sampledata/seq_lens does not hold integers"),
    ("numbers for names", "", replaced("metadata/sample_keys", [1] * 6), 3, r"/metadata/sample_keys does not hold strings"),
    ("one dimension too few", "", replaced("sampledata/sequences", [1] * 60), 3, r"/sampledata/sequences has 1 dimension, 2 expected"),
    ("filter of strangers", "", replaced("sampledata/seq_lens", [12] * 60, compression="lzf", chunks=(60,)), 3,
     r"seq_lens is stored with filter 32000; only gzip.*Write the file again"),
    ("chunks too large", "", replaced("sampledata/seq_lens", lambda np: np.full(60, 12), chunks=(20 << 20,), maxshape=(None,)), 3,
     r"seq_lens has chunks of more than 64 MB"),
    ("more than the file holds", "", dataset(lambda f: (f.__delitem__("sampledata/sequences"), f.create_dataset(
        "sampledata/sequences", shape=(10 ** 9, 12), dtype="i1", chunks=(1000, 12)))), 3, r"claims 1\.2e\+10 bytes, more than a file of"),
    ("stored elsewhere", "", dataset(lambda f: (f.__delitem__("sampledata/seq_lens"), f.create_dataset(
        "sampledata/seq_lens", shape=(60,), dtype="i8", external=[("/etc/passwd", 0, 480)]))), 3, r"seq_lens is stored in another file"),
    ("virtual", "", dataset(lambda f: (f.__delitem__("sampledata/seq_lens"), f.create_virtual_dataset(
        "sampledata/seq_lens", virtual_layout(60)))), 3, r"seq_lens is a virtual dataset, whose numbers lie in other files"),
    ("fewer lengths than sequences", "", replaced("sampledata/seq_lens", [12] * 59), 3, r"seq_lens has 59 rows, /sampledata/sequences has 60"),
    ("longer than the room", "", element("sampledata/seq_lens", 7, 13), 3, r"seq_lens row 7 is 13, but there is room for 12"),
    ("code of no letter", "", element("sampledata/sequences", (5, 3), 20), 3, r"sequences row 5 holds a code outside 0 … 19"),
    ("empty bag", "", element("sampledata/sample_sequences_start_end", (2, 1), 20), 3, r"bag 'p2' is empty; leave it out"),
    ("bag out of range", "", element("sampledata/sample_sequences_start_end", (5, 1), 61), 3, r"start_end row 5 \('p5'\) is 50 … 61, but there are 60"),
    ("bounds of fewer bags", "", replaced("sampledata/sample_sequences_start_end", [[0, 10]]), 3, r"start_end is 1 × 2, expected are 6 × 2"),
    ("no bag", "", replaced("metadata/n_samples", 0), 3, r"n_samples is 0; at least one bag"),
    ("fewer names than bags", "", replaced("metadata/n_samples", 7), 3, r"sample_keys has 6 names, /metadata/n_samples says 7"),
    ("letter twice", "", replaced("metadata/aas", "ACDEFGHIKLMNPQRSTVWA"), 3, r"/metadata/aas: alphabet '.*A' repeats a letter"),
    ("provenance no JSON", "", dataset(lambda f: f.create_dataset("metadata/provenance", data=list(b"{no"), dtype="u1")), 3,
     r"/metadata/provenance is not a JSON object"),
    ("label table of another size", "", dataset(lambda f: (f.create_dataset("metadata/column_names", data=["a", "b"], dtype=badfiles.h5py.string_dtype()),
                                                           f.create_dataset("metadata/columns", data=[["x"]], dtype=badfiles.h5py.string_dtype()))), 3,
     r"/metadata/columns does not have 6 rows of 2 columns"),
    ("hashes of fewer bags", "", dataset(lambda f: f.create_dataset("metadata/bag_hash", data=[1, 2], dtype="u8")), 3, r"bag_hash has 2 entries for 6 bags"),
    ("genes of fewer sequences", "", dataset(lambda f: [f.create_dataset(f"sampledata/{k}_call", data=[0], dtype="i2") for k in "vj"]), 3,
     r"v_call or j_call has another number of rows"),
)

# ---- models ----

MODELS = rows_of(
    "predict bad.safetensors c.h5 -o OUT",
    ("model not there", "", None, 6, r"bad\.safetensors.*No such file"),
    ("model is a dataset", "predict c.h5 c.h5 -o OUT", None, 4, r"c\.h5: is no model file"),
    ("model of 5 bytes", "", text("bad.safetensors", "abcde"), 4, r"bad\.safetensors: too small for a model file \(5 bytes\)"),
    ("header cut short", "", text("bad.safetensors", struct.pack("<Q", 500) + b"{}"), 4, r"is cut short or no model file: header should have 500"),
    ("header no object", "", text("bad.safetensors", struct.pack("<Q", 8) + b"[1, 2]  "), 4, r"its header does not begin with '\{'"),
    ("header no JSON", "", text("bad.safetensors", struct.pack("<Q", 8) + b"{\"a\": 1 "), 4, r"its header is not sound JSON"),
    ("bit of a weight flipped", "", changed("bad.safetensors", "run/model.safetensors", lambda b: b[:-3] + bytes([b[-3] ^ 1]) + b[-2:]), 4,
     r"damaged or changed: checksum is .*use another copy"),
    ("checksum taken out", "", model(lambda meta, _: meta.pop("crc32")), 4, r"its checksum 'crc32' is missing; use another copy"),
    ("checksum no digits", "", model(late=lambda head: head["__metadata__"].update(crc32="12")), 4, r"'crc32' is not eight hex digits"),
    ("metadata no object", "", header(lambda head: head.update(__metadata__=[])), 4, r"'__metadata__' is not an object"),
    ("metadata no text", "", header(lambda head: head["__metadata__"].update(x=1)), 4, r"metadata 'x' is not a string"),
    ("tensor no object", "", header(lambda head: head.update({BIAS: 1})), 4, r"0\.bias' is not an object"),
    ("tensor without type", "", tensor(BIAS, lambda t: t.pop("dtype")), 4, r"0\.bias' has no 'dtype'"),
    ("tensor of halves", "", tensor(BIAS, lambda t: t.update(dtype="F16")), 4, r"0\.bias': dtype F16 is not supported; convert it to F32"),
    ("tensor of a type unknown", "", tensor(BIAS, lambda t: t.update(dtype="F33")), 4, r"0\.bias': dtype 'F33' is unknown"),
    ("tensor without shape", "", tensor(BIAS, lambda t: t.pop("shape")), 4, r"0\.bias' has no 'shape'"),
    ("shape negative", "", tensor(BIAS, lambda t: t.update(shape=[-1])), 4, r"0\.bias': its shape is not of whole numbers"),
    ("shape beyond all", "", tensor(BIAS, lambda t: t.update(shape=[1 << 40, 1 << 40])), 4, r"0\.bias': its shape is too large"),
    ("too many dimensions", "", tensor(BIAS, lambda t: t.update(shape=[1] * 20)), 4, r"0\.bias' has 20 dimensions; at most"),
    ("offsets not two", "", tensor(BIAS, lambda t: t.update(data_offsets=[0])), 4, r"0\.bias': its 'data_offsets' are not two"),
    ("offsets in disorder", "", tensor(BIAS, lambda t: t.update(data_offsets=[8, 4])), 4, r"0\.bias': its offsets 8 and 4 are not in order"),
    ("bytes unlike the shape", "", tensor(BIAS, lambda t: t.update(shape=[2])), 4, r"0\.bias': 4 bytes stand for a shape of 8"),
    ("tensors overlap", "", tensor(BIAS, lambda t: t.update(data_offsets=[0, 4])), 4, r"overlaps another"),
    ("tensor beyond the file", "", tensor(BIAS, lambda t: t.update(data_offsets=[1 << 40, (1 << 40) + 4])), 4, r"0\.bias' ends at byte \d+ of its data, the file at"),
    ("bytes of nobody", "", header(lambda head: head.pop(FIRST)), 4, r"\d+ bytes before tensor '.*' belong to none"),
    ("bytes at the end", "", header(lambda head: head.pop(list(head)[-1])), 4, r"\d+ bytes behind the last tensor belong to none"),
    ("weight not finite", "", model(lambda _, t: t.update({BIAS: ([1], struct.pack("<f", float("nan")))})), 4, r"0\.bias' holds a value that is not finite"),
    ("tensor missing", "", model(lambda _, t: t.pop(BIAS)), 4, r"tensor '.*0\.bias' is missing"),
    ("tensor too many", "", model(lambda _, t: t.update(more=([1], bytes(4)))), 4, r"'more' belongs to no part of the network"),
    ("tensor of another shape", "", model(lambda _, t: t.update({BIAS: ([2], bytes(8))})), 4, r"0\.bias' has not the type or shape that its config"),
    ("no metadata", "", model(lambda meta, _: meta.clear()), 4, r"no hopsack metadata, so it was not written by hopsack train"),
    ("metadata no JSON", "", model(lambda meta, _: meta.update(hopsack="{")), 4, r"hopsack metadata is no JSON"),
    ("metadata without config", "", facts(lambda f: f.pop("config")), 4, r"holds no config"),
    ("config of another time", "", facts(lambda f: f.update(config="train:\n  kernl: 9\n")), 4, r"its config cannot be used: .*kernl"),
    ("another number of features", "", facts(lambda f: f.update(n_feat=5)), 4, r"the model reads 5 features an instance, c\.h5 has 20"),
    ("model of vectors", "", facts(lambda f: f.update(kind="vectors")), 4, r"reads bags of vectors, c\.h5 holds"),
    ("another alphabet", "", facts(lambda f: f.update(alphabet="ACGT")), 4, r"the model's alphabet is 'ACGT', that of c\.h5"),
    ("another region", "", facts(lambda f: f.update(region="CDR3")), 4, r"trained on CDR3 sequences, c\.h5 holds junction"),
    ("tasks unlike the config", "", facts(lambda f: f.update(tasks=[])), 4, r"its tasks are not those of its config"),
    ("positive not said", "", facts(lambda f: f["tasks"][0].update(positive=None)), 4, r"does not say which value is positive"),
    ("bags seen no hashes", "", facts(lambda f: f["bag_hash"].update(train=["x"])), 4, r"list of bags seen .* something else than hashes"),
    ("bags seen not told", "", facts(lambda f: f.pop("bag_hash")), 4, r"does not say which bags it has seen"),
    ("length not told", "", facts(lambda f: f.pop("max_len")), 4, r"no sound 'max_len'"),
    ("model is a checkpoint", "predict halted/checkpoint.safetensors c.h5 -o OUT", None, 4, r"it is a checkpoint; name the model\.safetensors"),
)

PREDICT = rows_of(
    "predict run c.h5 -o OUT",
    ("models of other tasks", "predict run other c.h5 -o OUT", None, 4, r"do not predict the same tasks and classes"),
    ("models of other counts", "predict run counts c.h5 -o OUT", None, 4, r"read counts differently \(data\.counts, model\.pooling\.count_weight\)"),
    ("folds not all there", "predict half c.h5 -o OUT", None, 4, r"half: this cross-validation has not ended; hopsack crossval --resume -o half"),
    ("attention of many", "predict folds run c.h5 -o OUT --attention=OUT2", None, 2, r"--attention wants one model, or the folder of a crossval run; 4 models are given"),
    ("top without attention", " --top=3", None, 2, r"--top goes with --attention"),
    ("top no number", " --attention=OUT2 --top=-3", None, 2, r"--top: -3 is outside 0 to 2147483647"),
    ("dataset is a model", "predict run run/model.safetensors -o OUT", None, 3, r"run/model\.safetensors: is a model or a run, not a dataset"),
    ("attention exists", "predict run c.h5 -o gone.tsv --attention=kept.tsv", None, 6, r"kept\.tsv: exists; --force"),
    ("attention without folder", " --attention=no/att.tsv", None, 6, r"no/att\.tsv: folder no does not exist"),
    ("disk full for attention", " --attention=OUT2", None, 6, r"2\.tsv: cannot write: File too large", {resource.RLIMIT_FSIZE: 8192}),
    ("standard output full", "predict run c.h5 -o -", None, 6, r"standard output|cannot write", {}, "/dev/full"),
)

EVALUATE = rows_of(
    "evaluate run c.h5",
    ("everything was seen", "evaluate all c.h5", None, 3, r"all 40 labelled bags; --part=all"),
    ("part unknown", " --part=new", None, 2, r"--part: 'new' is not unseen or all"),
    ("label column not there", " --metadata=bad.tsv", labels(lambda i: i, "ID\tage"), 3, r"bad\.tsv: no column 'status', the label that the model predicts"),
    ("no bag has a label", " --metadata=bad.tsv", labels(lambda i: ""), 3, r"c\.h5: no bag has a label; give a label table with --metadata"),
)

INSPECT = rows_of(
    "inspect",
    ("nothing there", " nowhere", None, 6, r"nowhere: No such file"),
    ("neither this nor that", " bad.txt", text("bad.txt", "some text"), 3, r"bad\.txt is neither a dataset .* nor a model"),
    ("file of no bytes", " bad.txt", text("bad.txt", ""), 3, r"bad\.txt is empty"),
    ("folder of no run", " in", None, 3, r"in: neither a run nor"),
    ("summary no JSON", " bad", text("bad/summary.json", "{"), 3, r"bad/summary\.json:1: not the summary of a run"),
)

BENCH = rows_of(
    "bench c.h5",
    ("too few repeats", " --repeats=1", None, 2, r"--repeats: 1 is outside 3 to 1000000"),
    ("nothing to time", "bench nowhere.h5", None, 6, r"nowhere\.h5: cannot open"),
)

# ---- runs that were begun ----

RESUME = rows_of(
    "train --resume -o hurt",
    ("setting changed", " --train.lr=0.5", checkpoint(lambda: None), 2, r"train\.lr was 0\.01 in hurt/config\.yaml and is 0\.5 now; .*begin a run"),
    ("shorter than before", " --train.updates=39", checkpoint(lambda: None), 2, r"train\.updates was 40 in hurt/config\.yaml and is 39 now"),
    ("checkpoint cut short", "", checkpoint(changed("hurt/checkpoint.safetensors", "halted/checkpoint.safetensors", lambda b: b[:-50])), 4,
     r"hurt/checkpoint\.safetensors: damaged or changed: .*use another copy"),
    ("checkpoint is a model", "", checkpoint(lambda: shutil.copy("run/model.safetensors", "hurt/checkpoint.safetensors")), 4,
     r"hurt/checkpoint\.safetensors: it is no checkpoint: "),
    ("checkpoint of other data", "", checkpoint(lambda: resumed(data="0000")), 4, r"learned from other data .*bring those back, or begin"),
    ("checkpoint of other settings", "", checkpoint(lambda: resumed(config=lambda c: c.replace("lr: 0.01", "lr: 0.05"))), 2,
     r"train\.lr was 0\.05 in the checkpoint and is 0\.01 now"),
    ("checkpoint without data", "", checkpoint(lambda: resumed(data=None)), 4, r"no checkpoint: its metadata has no sound 'data'"),
    ("checkpoint's step", "", checkpoint(lambda: resumed(checkpoint=lambda c: {**c, "step": 3})), 4, r"no sound 'step'"),
    ("checkpoint beyond the end", "", checkpoint(lambda: resumed(checkpoint=lambda c: {**c, "step": 99, "update": 99})), 4, r"is of update 99, the run has only 40"),
    ("checkpoint's tensor gone", "", checkpoint(lambda: tensors_of(lambda t: t.pop(f"adam.m/{BIAS}"))), 4, r"tensor 'adam\.m/.*' is missing"),
    ("mean of squares negative", "", checkpoint(lambda: tensors_of(lambda t: t.update({f"adam.v/{BIAS}": ([1], struct.pack("<f", -1))}))), 4,
     r"'adam\.v/.*' holds a value that none of ours has"),
    ("checkpoint's tensor too many", "", checkpoint(lambda: tensors_of(lambda t: t.update(more=([1], bytes(4))))), 4, r"it holds \d+ tensors, the config asks for"),
    ("saved config no config", "", checkpoint(text("hurt/config.yaml", "train: 5\n")), 2, r"hurt/config\.yaml:1: train is one block"),
    ("nothing begun", "train --resume -o hurt", None, 2, r"data\.path must be given"),
)

CROSSVAL = rows_of(
    "crossval tiny.yaml --data.path=c.h5 --target=status -o OUT",
    ("shard beyond", "crossval -o folds --shard=3/2", None, 2, r"--shard=3/2 is not K/N"),
    ("shard and force", "crossval -o folds --shard=1/2 --force", None, 2, r"--resume and --shard continue a run, --force"),
    ("folds exist", "crossval tiny.yaml --data.path=c.h5 --target=status -o folds", None, 6, r"folds exists and is not empty; --force"),
    ("run of train", "crossval --resume -o halted", None, 6, r"halted holds a run of train, not of crossval .*name another"),
    ("parts and folds", " --splits=bad.tsv", lambda: write(
        "bad.tsv", "bag\tsplit\tfold\n" + "".join(f"{b}\ttrain\t{i % 3}\n" for i, b in enumerate(BAGS))), 3,
     r"of the columns 'split' and 'fold' one holds train, validation and test.*splits\.columns"),
    ("no fold to train on", " --splits=bad.tsv", splits(lambda i: i % 2, "bag\tfold"), 2, r"repetition 0, fold 0: splits\.validation: previous leaves no fold"),
    ("fold of one class", " --splits=bad.tsv --splits.validation=none", lambda: write(
        "bad.tsv", "bag\tfold\n" + "".join(f"{b}\t{int(t)}\n" for b, t in TARGETS.items())), 3, r"repetition 0, fold 0: .*all 20 labelled bags"),
    ("too many jobs", " --splits.n_repeat=1000000 --splits.n_fold=40", None, 2, r"splits.*n_repeat"),
    ("other data than before", "crossval --resume -o hurt", lambda: (
        shutil.rmtree("hurt", ignore_errors=True), shutil.copytree("half", "hurt"),
        write("hurt/manifest.json", read("hurt/manifest.json").replace(b'"content": "', b'"content": "0'))), 3,
     r"c\.h5: is not the dataset that the run in hurt began with"),
    ("settings unlike the folds'", "crossval --resume -o half --train.lr=0.5", None, 2, r"train\.lr was 0\.01 in half/config\.yaml and is 0\.5 now"),
)

# ---- vectors ----

VECTORS = rows_of(
    "import --bag=bag --label=label -o OUT bad.csv",
    ("vectors: ragged row", "", vectors(more="b4,0,1,2\n"), 3, r"bad\.csv:74: has 4 cells, the first line has 5; the line is cut short"),
    ("vectors: row too wide", "", vectors(more="b4,0,1,2,3,4\n"), 3, r"bad\.csv:74: has 6 cells, the first line has 5"),
    ("vectors: no number", "", vectors(more="b4,0,1,two,3\n"), 3, r"bad\.csv:74: column 'g': 'two' is not a number; mend it, .*--skip=g"),
    ("vectors: NaN", "", vectors(more="b4,0,1,nan,3\n"), 3, r"bad\.csv:74: column 'g': 'nan' is not a finite number; mend it"),
    ("vectors: beyond all floats", "", vectors(more="b4,0,1,1e99,3\n"), 3, r"bad\.csv:74: column 'g': '1e99' is too large for single precision; mend it"),
    ("vectors: empty cell", "", vectors(more="b4,0,1,,3\n"), 3, r"bad\.csv:74: column 'g': '' is empty; mend it"),
    ("vectors: two labels in a bag", "", vectors(more="b3,0,1,2,3\n"), 3, r"bad\.csv:74: bag 'b3' has label '0' here but '1' in line 11; all rows"),
    ("vectors: bag without name", "", vectors(more=",0,1,2,3\n"), 3, r"bad\.csv:74: the bag has no name; give it one"),
    ("vectors: header alone", "", text("bad.csv", "bag,label,f,g,h\n"), 3, r"bad\.csv: no instance is left; check the file"),
    ("vectors: no feature", "", text("bad.csv", "bag,label\nb1,0\nb2,1\n"), 3, r"bad\.csv: no column is left for features; check"),
    ("vectors: column twice", "", text("bad.csv", "bag,label,f,f\nb1,0,1,2\n"), 3, r"bad\.csv: two columns are named 'f'; rename one"),
    ("vectors: bag column not there", "import --bag=image --label=label -o OUT bad.csv", vectors(), 3, r"bad\.csv: has no column 'image'; its columns are bag, .*--bag"),
    ("vectors: label column not there", "import --bag=bag --label=class -o OUT bad.csv", vectors(), 3, r"bad\.csv: has no column 'class'; its columns are bag, .*--label"),
    ("vectors: skipped not there", " --skip=z", vectors(), 3, r"bad\.csv: has no column 'z'; .*--skip"),
    ("vectors: another number of features", " --n-features=4", vectors(), 3, r"bad\.csv: has 3 features, --n-features=4 are expected; is a column missing"),
    ("vectors: number of features no number", " --n-features=some", vectors(), 2, r"--n-features: 'some' is not an integer from 1 to 16777216, nor any"),
    ("vectors: label among the features", "", vectors(lambda b: b % 2), 3, r"bad\.csv: feature 'x' repeats the label of the bag, .*leave it out with --skip=x, or --allow-leak"),
    ("vectors: bag number among the features", "", vectors(lambda b: b), 3, r"bad\.csv: feature 'x' is the number of the bag, .*--skip=x"),
    ("vectors: instance label among the features", "", vectors(lambda b, i: int(b % 2 and i == 2)), 3, r"bad\.csv: feature 'x' has two values that tell the label of every bag, .*--skip=x"),
    ("vectors: flag of repertoires", " --merge=no", vectors(), 2, r"--merge: only for repertoires, and the file holds vectors"),
    ("vectors: label table with a label", " --metadata=bad.tsv", both(vectors(), text("bad.tsv", "ID\tlabel\nb1\t0\n")), 3, r"bad\.tsv: has a column 'label', and so have the bags; --label=none"),
    ("vectors: labels of unknown bag", " --metadata=bad.tsv", both(vectors(), text("bad.tsv", "ID\tage\nb999\t0\n")), 3, r"bad\.tsv:2: .*'b999'.*Remove the row"),
    ("vectors: no such format", " --format=cvs", vectors(), 2, r"--format=cvs: choose one of auto"),
    ("vectors: disk full", "", vectors(), 6, r"\.h5: cannot finish writing: File too large", {resource.RLIMIT_FSIZE: 1024}),
    ("svm: features in disorder", "import -o OUT bad.svm", text("bad.svm", "1:1:1 1:1 3:2\n2:2:-1 3:1 2:5\n"), 3, r"bad\.svm:2: '2:5' stands behind a feature of that or a higher number"),
    ("svm: feature 0", "import -o OUT bad.svm", text("bad.svm", "1:1:1 1:1 3:2\n2:2:-1 0:1 2:5\n"), 3, r"bad\.svm:2: '0:1' is no feature; the first is number 1"),
    ("svm: value no number", "import -o OUT bad.svm", text("bad.svm", "1:1:1 1:1 3:2\n2:2:-1 1:x 2:5\n"), 3, r"bad\.svm:2: '1:x' is not feature:number"),
    ("index: file not there", "import --format=folder -o OUT bad.csv", text("bad.csv", "path,label\nlost.csv,1\n"), 3, r"bad\.csv:2: there is no file 'lost\.csv'"),
    ("index: tables of several widths", "import --format=folder -o OUT bad/index.csv", both(
        text("bad/index.csv", "path,label\na.csv,1\nb.csv,0\n"), text("bad/a.csv", "1,2\n"), text("bad/b.csv", "1,2,3\n")), 3, r"bad/b\.csv: has 3 features, but the files before it have 2"),
    ("mat: header alone", "import -o OUT bad.mat", text("bad.mat", MAT[:128]), 3, r"bad\.mat: holds no variable; fetch it again"),
    ("mat: cut short", "import -o OUT bad.mat", text("bad.mat", MAT[:-40]), 3, r"bad\.mat: ends within a variable, .*fetch it again"),
    ("mat: a length that is none", "import -o OUT bad.mat", text("bad.mat", MAT[:132] + b"\xff\xff\xff\x7f" + MAT[136:]), 3, r"bad\.mat: ends within a variable, .*fetch it again"),
    ("mat: labels of fewer instances", "import -o OUT bad.mat", text("bad.mat", badfiles.matlab(features=[1, 2], bag_ids=[0, 1], labels=[1])), 3, r"bad\.mat: labels is 1 x 1, but there are 2 instances"),
    ("mat: variable missing", "import --format=andrews -o OUT bad.mat", text("bad.mat", badfiles.matlab(features=[1, 2], bag_ids=[0, 1])), 3, r"bad\.mat: has no variable 'labels'; its variables are: features, bag_ids"),
    ("mat: no .mat at all", "import --format=andrews -o OUT bad.mat", text("bad.mat", "some text"), 3, r"bad\.mat: cannot be opened as a MATLAB file; is it damaged"),
)

FITTING = rows_of(
    "train mil.yaml --data.path=v.h5 --target=label -o OUT",
    ("another number of features", " --data.n_features=4", None, 3, r"v\.h5: instances have 3 features, but data\.n_features expects 4; import again without"),
    ("number of features of sequences", "train tiny.yaml --data.path=c.h5 --target=status --data.n_features=20 -o OUT", None, 2, r"--data\.n_features: c\.h5 holds sequences; leave it out"),
    ("scale of sequences", "train tiny.yaml --data.path=c.h5 --target=status --data.scale=standard -o OUT", None, 2, r"--data\.scale: c\.h5 holds sequences, which are not scaled; leave"),
    ("clip of sequences", "train tiny.yaml --data.path=c.h5 --target=status --data.clip=3 -o OUT", None, 2, r"--data\.clip: c\.h5 holds sequences, which are not cut; leave"),
    ("counts of vectors", " --data.counts=raw", None, 2, r"--data\.counts: v\.h5 holds vectors, which have no counts; leave"),
    ("DeepRC of vectors", " --data.compat=deeprc", None, 2, r"--data\.compat: v\.h5 holds vectors, which DeepRC does not know; leave"),
    ("scale unknown", " --data.scale=robust", None, 2, r"--data\.scale: 'robust' is not none, standard or minmax"),
    ("momentum of adam", " --train.optimizer=adam --train.momentum=0.9", None, 2, r"train\.momentum is a setting of optimizer sgd, which is not the optimizer chosen"),
    ("betas of sgd", " --train.optimizer=sgd --train.beta1=0.5", None, 2, r"train\.beta1 is a setting of optimizer adam, which is not the optimizer chosen"),
    ("nesterov without momentum", " --train.optimizer=sgd --train.nesterov=true --train.momentum=0", None, 2, r"--train\.nesterov: without train\.momentum there is nothing"),
    ("head of no size", " --model.pooling.kind=hopfield --model.pooling.head_size=0", None, 2, r"--model\.pooling\.head_size: 0 is outside 1 to"),
    ("head unlike static patterns", " --model.pooling.kind=hopfield --model.pooling.static_stored=true --model.pooling.head_size=5", None, 2, r"model\.pooling\.head_size: with static_stored it is that of an instance, 8; it is given as 5"),
    ("steps of other heads", " --model.pooling.kind=hopfield --model.pooling.n_head=3 --model.pooling.head_steps=[1,2]", None, 2, r"model\.pooling\.head_steps: 2 numbers are given for 3 heads"),
    ("cnn on vectors", "train tiny.yaml --data.path=v.h5 --target=label --model.embedder.kind=cnn -o OUT", None, 4, r"embedder cnn reads sequences, but the bags hold vectors; set model\.embedder\.kind: mlp"),
    ("mlp on sequences", "train mil.yaml --data.path=c.h5 --target=status -o OUT", None, 4, r"embedder mlp reads vectors, but the bags hold sequences; set model\.embedder\.kind: cnn"),
    ("selection by attention that max has not", " --model.selection.kind=top", None, 2, r"model\.pooling\.kind: max has no attention to select by; set model\.selection\.kind"),
    ("bag with a value that is none", "train mil.yaml --data.path=bad.h5 --target=label -o OUT", foreign_vectors(lambda x: x.__setitem__((3, 1), float("nan"))), 3, r"bad\.h5: bag 'b1' instance 1 feature 1 is not a finite number; import"),
    ("no ensemble", "crossval mil.yaml --data.path=v.h5 --target=label --crossval.ensemble=0 -o OUT", None, 2, r"--crossval\.ensemble: 0 is outside 1 to 1000"),
    ("more members than models", "crossval mil.yaml --data.path=v.h5 --target=label --crossval.members=train.lr=0.1,train.lr=0.2 -o OUT", None, 2, r"2 blocks are given for 1 model"),
    ("members and a search", "crossval mil.yaml --data.path=v.h5 --target=label --crossval.members=train.lr=0.1 --search.kind=grid --search.space.train.lr=0.1,0.2 -o OUT", None, 2, r"a search chooses one block"),
    ("members of other data", "crossval mil.yaml --data.path=v.h5 --target=label --crossval.members=data.scale=none -o OUT", None, 2, r"data\.scale cannot vary"),
    ("a member with an unknown key", "crossval mil.yaml --data.path=v.h5 --target=label --crossval.members=train.rl=0.1 -o OUT", None, 2, r"crossval\.members: block 0: "),
    ("ensemble too large", "crossval mil.yaml --data.path=v.h5 --target=label --crossval.ensemble=100000 -o OUT", None, 2, r"--crossval\.ensemble: 100000 is outside 1 to 1000"),
    ("folds of one class", "crossval mil.yaml --data.path=v.h5 --target=label --splits=bad.tsv -o OUT", text(
        "bad.tsv", "bag\tfold\n" + "".join(f"b{b}\t{b % 2}\n" for b in range(24))), 3, r"repetition 0, fold 0: v\.h5: all 12 labelled bags of the training part are positive; .*mend the table of splits\.file"),
    ("features at predicting", "predict vectors wide.h5 -o OUT", None, 4, r"vectors/model\.safetensors: the model reads features by name, and wide\.h5 has 'x', which it does not know"),
    ("sequences for a model of vectors", "predict vectors c.h5 -o OUT", None, 4, r"the model reads bags of vectors, c\.h5 holds sequences"),
    ("vectors for a model of sequences", "predict run v.h5 -o OUT", None, 4, r"the model reads bags of sequences, v\.h5 holds vectors"),
    ("evaluating on another number of features", "evaluate vectors wide.h5", None, 4, r"vectors/model\.safetensors: the model reads features by name, and wide\.h5 has 'x', which it does not know"),
    ("attention that max has not", "predict vectors v.h5 -o OUT --attention=OUT2", None, 4, r"vectors/model\.safetensors: pooling max has no attention; leave out --attention"),
)

BASELINE = rows_of(
    "baseline v.h5 --target=label -o OUT",
    ("baseline of sequences", "baseline c.h5 --target=status --method=stats-logistic -o OUT", None, 3, r"c\.h5 holds sequences, and the baseline stats-logistic is for bags of vectors"),
    ("baseline: column not there", "baseline v.h5 --target=illness -o OUT", None, 3, r"v\.h5: no column 'illness' .*its columns are 'ID', 'label'"),
    ("baseline: method unknown", " --method=forest", None, 2, r"--method=forest: there is no such baseline"),
    ("baseline: folder exists", "baseline v.h5 --target=label -o run", None, 6, r"run exists and is not empty; --force overwrites it"),
    ("baseline: dataset not there", "baseline nowhere.h5 --target=label -o OUT", None, 6, r"nowhere\.h5: cannot open: No such file"),
    ("baseline: more folds than bags", " --splits.n_fold=40", None, 3, r"splits\.n_fold=40 folds need at least as many labelled bags; there are 24"),
    ("baseline: splits not there", " --splits=bad.tsv", None, 6, r"bad\.tsv: cannot open: No such file"),
    ("baseline: no task", "baseline v.h5 -o OUT", None, 2, r"tasks: no task is given; .*--target=COLUMN"),
)

DYNAMICS = rows_of(
    "inspect --dynamics",
    ("dynamics of a maximum", " vectors v.h5", None, 4, r"vectors/model\.safetensors: pooling max has no attention whose dynamics could be told"),
    ("dynamics without data", " run", None, 2, r"inspect --dynamics takes a model and a dataset"),
    ("dynamics on other bags", " run v.h5", None, 4, r"run/model\.safetensors: the model reads bags of sequences, v\.h5 holds vectors"),
    ("dynamics of a dataset", " c.h5 c.h5", None, 4, r"c\.h5: is no model file"),
    ("dynamics on a model", " run run/model.safetensors", None, 3, r"run/model\.safetensors: is not an HDF5 file"),
    ("dynamics on nothing", " run nowhere.h5", None, 6, r"nowhere\.h5: cannot open: No such file"),
    ("dynamics of folds", " folds c.h5", None, 2, r"folds holds 3 models; --dynamics wants one of them"),
)

ROWS = [*USAGE, *IMPORT, *SIMULATE, *YAML, *TASKS, *FLAGS, *LABELS, *SPLITS, *DATASETS, *FOREIGN, *MODELS, *PREDICT, *EVALUATE, *INSPECT,
        *BENCH, *RESUME, *CROSSVAL, *VECTORS, *FITTING, *BASELINE, *DYNAMICS]

H5PY = ["bag with a value that is none"]  # causes, beside those of FOREIGN, that need it
ONCE = {**os.environ, "OMP_WAIT_POLICY": "passive"}  # so set, the program does not start itself again
TARGETS = {}  # simulated bag: is it positive?


def flipped(whole):
    """A dataset in which one residue is another: CASS, with which most sequences begin, is CCSS."""
    at = whole.index(bytes(["ACDEFGHIKLMNPQRSTVWY".index(letter) for letter in "CASS"])) + 1
    return whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:]


def virtual_layout(n):
    layout = badfiles.h5py.VirtualLayout(shape=(n,), dtype="i8")
    layout[:] = badfiles.h5py.VirtualSource("other.h5", "x", shape=(n,))
    return layout


def resumed(**change):
    """hurt/checkpoint.safetensors with other metadata; None: without."""
    def inner(known):
        for key, value in change.items():
            if value is None:
                del known[key]
            else:
                known[key] = value(known[key]) if callable(value) else value
    facts(inner, source="halted/checkpoint.safetensors", path="hurt/checkpoint.safetensors")()


def tensors_of(change):
    model(lambda _, t: change(t), source="halted/checkpoint.safetensors", path="hurt/checkpoint.safetensors")()


def cannot_run(row):
    """ASan claims address space by the terabyte; other tools' datasets need h5py, MATLAB's a program with matio."""
    sanitized = resource.RLIMIT_AS in row.limits and os.environ.get("HOPSACK_TEST_SANITIZED")
    if row.cause.startswith("mat:") and "matio" in run("import", "-o", "bad.h5", "--dry-run", "sound.mat").stderr:
        return True
    return sanitized or ((row in FOREIGN or row.cause in H5PY) and not badfiles.h5py)


def state():
    """All that is in the folder; of files inode, size and times, of targets the bytes too."""
    found = {}
    for where, folders, names in os.walk("."):
        found.update({os.path.join(where, name): None for name in folders})
        for name in names:
            path = os.path.join(where, name)
            info = os.lstat(path)
            found[path] = (info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns, "kept" in path and read(path))
    return found


def shape(sentence):
    """A sentence without what differs from input to input."""
    return re.sub(r"'[^']*'|\S*[./=]\S*|\d+", "", sentence)


class BadInput(Case):
    @classmethod
    def prepare(cls):
        cohort("c.h5")
        cohort("plain.h5", "--compress=none")
        write("in/P1.tsv", GOOD)
        write("in/P2.tsv", GOOD.replace("PGT", "AAA"))
        for i in range(12):
            rows = "".join("CASS" + "".join("ACDEFGHIKLMNPQRSTVWY"[(i % 11 * 7 + k * k + t) % 20] for t in range(5)) + "F\t1\n" for k in range(9))
            write(f"twins/p{i}.tsv", "amino_acid\ttemplates\n" + rows)
        write("twins.tsv", "ID\tstatus\tdonor\n" + "".join(f"p{i}\t{'+-'[i % 2]}\td{i}\n" for i in range(12)))
        for words in (["import", "--metadata=twins.tsv", "-o", "twins.h5", "twins"], ["import", "-o", "nolabels.h5", "twins"]):
            assert run(*words).returncode == 0
        vectors(path="v.csv")()
        write("sound.mat", MAT)
        vectors(lambda b, i: b * b % 7 + i, "wide.csv")()
        write("mil.yaml", MIL)
        for name in ("v", "wide"):
            assert run("import", "--bag=bag", "--label=label", "-o", f"{name}.h5", f"{name}.csv").returncode == 0
        assert run("train", "mil.yaml", "--data.path=v.h5", "--target=label", "-o", "vectors").returncode == 0
        trained("run", "c.h5")
        trained("other", "c.h5", "--positive=-")
        trained("counts", "c.h5", "--data.counts=log1p")
        write("all.tsv", "bag\tpart\n" + "".join(f"{bag}\t{('train', 'validation')[i % 4 == 3]}\n" for i, bag in enumerate(BAGS)))
        trained("all", "c.h5", "--splits=all.tsv")
        common = ["--data.path=c.h5", "--target=status", TINY, "--splits.n_fold=3", "--quiet"]
        assert run("train", *common[:3], "-o", "halted", env={**os.environ, "HOPSACK_TEST_STOP_AT": "20:2"}).returncode == 130
        assert run("crossval", *common, "-o", "folds").returncode == 0
        assert run("crossval", *common, "--shard=1/2", "-o", "half").returncode == 0
        shutil.copytree("run", "kept")
        write("foreign.tsv", "ID\tstatus\n" + "".join(f"p{i}\t{'+-'[i % 2]}\n" for i in range(6)))
        for name in ("kept.h5", "kept.tsv", "kept2.tsv"):
            write(name, "precious")
        for row in read("run/predictions.tsv").decode().splitlines()[1:]:
            TARGETS[row.split("\t")[0]] = row.split("\t")[3] == "1"

    def words(self, row, target):
        ending = {"import": ".h5", "simulate": ".h5", "predict": ".tsv"}.get(row.kind, "")
        return row.command.replace("OUT2", target + "2.tsv").replace("OUT", target + ending).split()

    def check(self, row, target, *more):
        before = state()
        with open(row.stdout, "w", encoding="utf-8") as out:
            done = run(*self.words(row, target), *more, stdout=out, env=ONCE,
                       preexec_fn=lambda: [resource.setrlimit(which, (most, most)) for which, most in row.limits.items()])
        said = [line for line in done.stderr.splitlines() if line.startswith("hopsack: ") and not line.startswith("hopsack: warning: ")]
        self.assertEqual(done.returncode, row.code, done.stderr)
        self.assertEqual(len(said), 1, done.stderr)
        self.assertEqual(done.stderr.splitlines()[-1], said[0], "the sentence comes last")
        self.assertRegex(said[0], row.says)
        after = state()
        self.assertEqual(sorted(after), sorted(before), "a file was made or lost")
        self.assertEqual([path for path in before if after[path] != before[path]], [], "a file was changed")
        return said[0]

    def test_what_is_sound_is_taken(self):
        """The makers change nothing but what they are told to."""
        model()()
        self.good("evaluate", "bad.safetensors", "c.h5")
        checkpoint(resumed)()
        self.good("train", "--resume", "-o", "hurt")
        vectors()()
        self.good("import", "--bag=bag", "--label=label", "--n-features=3", "-o", "bad.h5", "bad.csv")
        done = run("import", "--force", "-o", "bad.h5", "sound.mat")
        self.assertTrue(done.returncode == 0 or "matio" in done.stderr, done.stderr)
        if badfiles.h5py:
            foreign_vectors(lambda x: None)()
            self.good("train", "mil.yaml", "--data.path=bad.h5", "--target=label", "-o", "bad2")
            dataset(lambda f: None)()
            self.good("train", TINY, "--data.path=bad.h5", "--metadata=foreign.tsv", "--target=status", "-o", "bad")

    def test_each(self):
        said, n, left_out = set(), 0, []
        for row in ROWS:
            with self.subTest(command=row.kind, cause=row.cause):
                for path in glob.glob("bad*") + ["hurt"]:
                    shutil.rmtree(path, ignore_errors=True) if os.path.isdir(path) else os.path.exists(path) and os.unlink(path)
                if cannot_run(row):
                    left_out.append(row.cause)
                    continue
                if row.make:
                    row.make()
                said.add(shape(self.check(row, "gone")))
                if "OUT" in row.command:
                    self.check(row, "kept", "--force")
                n += 1
        print(f"{n} causes of bad input, {len(said)} different sentences; left out: {', '.join(left_out) or 'none'}")
        self.assertGreaterEqual(len(said), LEAST)


main()
