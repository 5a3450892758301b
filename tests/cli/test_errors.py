# SPDX-License-Identifier: MIT
"""Wrong usage, wrong settings, bad data, bad models: each its sentence and exit code, and no file made or changed."""
import json
import os
import struct
import zlib

from harness import TINY, Case, cohort, main, read, run, trained


def write(path, text):
    with open(path, "wb" if isinstance(text, bytes) else "w") as file:
        file.write(text)


def split_model(path):
    """Metadata, {name: (shape, bytes)} of a safetensors file."""
    data = read(path)
    size = struct.unpack("<Q", data[:8])[0]
    head = json.loads(data[8 : 8 + size])
    meta = head.pop("__metadata__")
    body = data[8 + size :]
    return meta, {name: (t["shape"], body[slice(*t["data_offsets"])]) for name, t in head.items()}


def join_model(path, meta, tensors):
    """Writes it again; the checksum is right if there is one."""
    if "crc32" in meta:
        meta["crc32"] = "00000000"
    head, at = {"__metadata__": meta}, 0
    for name, (shape, data) in tensors.items():
        head[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    whole = struct.pack("<Q", len(text)) + text + b"".join(data for _, data in tensors.values())
    write(path, whole.replace(b'"crc32": "00000000"', b'"crc32": "%08x"' % zlib.crc32(whole)))


class Usage(Case):
    def test_commands_and_flags(self):
        self.bad(2, r"no command")
        self.bad(2, r"'trian'.*train", "trian")
        self.bad(2, r"unknown flag --thread: did you mean --threads", "train", "--thread=2", "-o", "x")
        self.bad(2, r"unknown flag --nonsense", "train", "--nonsense", "-o", "x")
        self.bad(2, r"--threads needs a value", "train", "-o", "x", "--threads")
        self.bad(2, r"--threads=two", "train", "-o", "x", "--threads=two")
        self.bad(2, r"--seed=-1", "train", "-o", "x", "--seed=-1")
        self.bad(2, r"--quiet takes no value", "train", "-o", "x", "--quiet=1")
        self.bad(2, r"-o is missing", "train")
        self.bad(2, r"-o is given twice", "train", "-o", "x", "-o", "y")
        self.bad(2, r"usage is hopsack evaluate", "evaluate", "model.safetensors")
        self.bad(2, r"usage is hopsack inspect", "inspect", "a", "b")
        self.bad(2, r"topics", "help", "nonsense")

    def test_help(self):
        self.assertIn("evaluate", self.good("help").stdout)
        for command in ("train", "evaluate", "predict", "inspect", "bench", "import", "simulate"):
            text = self.good(command, "--help").stdout
            self.assertIn("--threads", text)
            self.assertIn(command, text)
            self.assertEqual(text, self.good("help", command).stdout)
        text = self.good("help", "config").stdout
        for key in ("kernel", "evaluate_every", "validation", "fraction"):
            self.assertIn(key, text)
        self.assertRegex(self.good("--version").stdout, r"hopsack \d.*\n.*OpenBLAS")

    def test_inspect(self):
        write("text.txt", "some text")
        write("empty", "")
        self.bad(6, r"nowhere", "inspect", "nowhere")
        self.bad(3, r"text\.txt is neither", "inspect", "text.txt")
        self.bad(3, r"empty is empty", "inspect", "empty")
        self.bad(3, r"neither a run", "inspect", ".")


class Train(Case):
    @classmethod
    def prepare(cls):
        cohort("c.h5")
        write("text.h5", "no HDF5 at all\n" * 100)
        write("cut.h5", read("c.h5")[:6000])
        write("key.yaml", "train:\n  lr: 0.01\n  kernl: 9\n")
        write("value.yaml", "train:\n  lr: 0.01\n  batch: none of it\n")
        write("range.yaml", "model:\n  embedder: {kernel: -3}\n")
        write("broken.yaml", "train: [1, 2\n")
        write("twice.yaml", "seed: 1\nseed: 2\n")

    def train(self, code, pattern, *args, data="c.h5", target="status"):
        words = [f"--data.path={data}"] if data else []
        words += [f"--target={target}"] if target else []
        return self.bad(code, pattern, "train", *words, *args, "-o", "x")

    def test_settings(self):
        self.train(2, r"key\.yaml:3: .*kernl", "key.yaml")
        self.train(2, r"value\.yaml:3: .*train\.batch", "value.yaml")
        self.train(2, r"range\.yaml:2: .*kernel", "range.yaml")
        self.train(2, r"broken\.yaml", "broken.yaml")
        self.train(2, r"twice\.yaml:2: .*seed", "twice.yaml")
        self.train(6, r"nowhere\.yaml", "nowhere.yaml")
        self.train(2, r"--train\.lrr.*lr", "--train.lrr=1")
        self.train(2, r"--train\.lr", "--train.lr=fast")
        self.train(2, r"splits\.fold", "--fold=7")
        self.train(2, r"data\.path", data=None)
        self.train(2, r"task|target", target=None)
        self.train(2, r"batch", "--train.batch=1000")

    def test_datasets(self):
        self.train(6, r"nowhere\.h5", data="nowhere.h5")
        self.train(3, r"text\.h5", data="text.h5")
        self.train(3, r"cut\.h5", data="cut.h5")

    def test_labels(self):
        bags = [f"sim{i:05}" for i in range(40)]
        self.train(3, r"no column 'illness'.*'status'", target="illness")
        self.train(3, r"no cell of column 'status' is 'yes'.*'\+' \(20\)", "--positive=yes")
        write("many.tsv", "ID\tstatus\n" + "".join(f"{bag}\tclass{i % 3}\n" for i, bag in enumerate(bags)))
        self.train(2, r"--positive", "--metadata=many.tsv")
        self.train(2, r"'class1' \(13\).*negative", "--metadata=many.tsv", "--positive=class0")
        write("unknown.tsv", "ID\tstatus\n" + "".join(f"{bag}\t{'+-'[i % 2]}\n" for i, bag in enumerate(bags)) + "P999\t+\n")
        self.train(3, r"unknown\.tsv:42: .*P999", "--metadata=unknown.tsv")
        write("twice.tsv", "ID\tstatus\nsim00001\t+\nsim00002\t-\nsim00001\t+\n")
        self.train(3, r"twice\.tsv:4: .*sim00001", "--metadata=twice.tsv")
        write("noid.tsv", "name\tstatus\nsim00001\t+\n")
        self.train(3, r"noid\.tsv.*name", "--metadata=noid.tsv")
        self.train(3, r"'person'", "--metadata=unknown.tsv", "--id-column=person")
        self.train(6, r"nowhere\.tsv", "--metadata=nowhere.tsv")
        self.train(3, r"splits\.group|'donor'", "--group=donor")
        write("oneclass.tsv", "bag\tpart\n" + "".join(
            f"{bag}\t{'train' if run_target(i) else 'test'}\n" for i, bag in enumerate(bags)))
        self.train(3, r"positive; a model needs both classes", "--splits=oneclass.tsv")
        write("badpart.tsv", "bag\tpart\nsim00001\ttraining\n")
        self.train(3, r"badpart\.tsv:2: .*training", "--splits=badpart.tsv")

    def test_groups_that_straddle(self):
        bags = [f"sim{i:05}" for i in range(40)]
        write("groups.tsv", "ID\tstatus\tdonor\n" + "".join(f"{bag}\t{'+-'[i % 2]}\td{i // 4}\n" for i, bag in enumerate(bags)))
        write("parts.tsv", "bag\tpart\n" + "".join(f"{bag}\t{('train', 'test')[i % 3 == 0]}\n" for i, bag in enumerate(bags)))
        self.train(3, r"one group", "--metadata=groups.tsv", "--group=donor", "--splits=parts.tsv")
        done = run("train", "--data.path=c.h5", "--target=status", TINY, "--metadata=groups.tsv", "--group=donor", "-o", "grouped")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_equal_bags_in_two_parts(self):
        os.mkdir("text")
        for i in range(12):
            junctions = ["CASS" + "".join("ACDEFGHIKLMNPQRSTVWY"[(i % 11 * 7 + k * k + t) % 20] for t in range(5)) + "F" for k in range(9)]
            write(f"text/p{i}.tsv", "amino_acid\ttemplates\n" + "".join(f"{j}\t1\n" for j in junctions))
        write("twins.tsv", "ID\tstatus\tdonor\tpart\n" + "".join(
            f"p{i}\t{'+-'[i % 2]}\td{i}\t{('train', 'test')[i > 7]}\n" for i in range(12)))
        write("twinparts.tsv", "bag\tpart\n" + "".join(f"p{i}\t{('train', 'test')[i > 7]}\n" for i in range(12)))
        done = run("import", "--format=deeprc", "--metadata=twins.tsv", "-o", "twins.h5", "text")
        self.assertEqual(done.returncode, 0, done.stderr)
        words = ["train", TINY, "--data.path=twins.h5", "--target=status", "--splits=twinparts.tsv"]
        self.bad(3, r"equal content.*\(1; for example 'p0' in train and 'p11' in test\)", *words, "--group=donor", "-o", "twins")
        done = run(*words, "-o", "twins")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"hopsack: warning: .*equal content.*'p0' in train and 'p11' in test")

    def test_outputs(self):
        write("file", "mine")
        words = ["train", "--data.path=c.h5", "--target=status", TINY]
        self.bad(6, r"hopsack: file is a file", *words, "-o", "file")
        self.bad(6, r"file/run", *words, "-o", "file/run")
        self.bad(6, r"/proc/run", *words, "-o", "/proc/run")


def run_target(i):
    """Which simulated bags are positive, from the model's own table (filled on first use)."""
    if not TARGETS:
        done = run("train", "--data.path=c.h5", "--target=status", TINY, "-o", "probe")
        assert done.returncode == 0, done.stderr
        rows = [line.split("\t") for line in read("probe/predictions.tsv").decode().splitlines()[1:]]
        TARGETS.update({row[0]: row[3] == "1" for row in rows})
    return TARGETS[f"sim{i:05}"]


TARGETS = {}


class Models(Case):
    @classmethod
    def prepare(cls):
        cohort("c.h5")
        trained("a", "c.h5")
        cls.model = "a/model.safetensors"

    def refused(self, pattern, path, code=4):
        self.bad(code, pattern, "evaluate", path, "c.h5")
        self.bad(code, pattern, "predict", path, "c.h5", "-o", "x.tsv")

    def changed(self, name, change):
        meta, tensors = split_model(self.model)
        change(meta, tensors)
        join_model(name, meta, tensors)

    def test_files(self):
        data = read(self.model)
        self.refused(r"nowhere", "nowhere.safetensors", code=6)
        write("cut.safetensors", data[:-100])
        self.refused(r"cut\.safetensors", "cut.safetensors")
        write("short.safetensors", data[:5])
        self.refused(r"short\.safetensors", "short.safetensors")
        for at in (20, len(data) // 2, len(data) - 3):
            write("flip.safetensors", data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            self.refused(r"flip\.safetensors", "flip.safetensors")
        self.refused(r"c\.h5", "c.h5")
        self.bad(3, r"model\.safetensors", "evaluate", self.model, self.model)

    def test_rewritten_but_sound(self):
        self.changed("same.safetensors", lambda meta, tensors: None)
        self.good("evaluate", "same.safetensors", "c.h5")
        self.changed("nocrc.safetensors", lambda meta, tensors: meta.pop("crc32"))
        self.refused(r"crc32", "nocrc.safetensors")

    def test_tensors(self):
        bias = "output_nn.output_nn.0.bias"

        def nan(meta, tensors):
            tensors[bias] = ([1], struct.pack("<f", float("nan")))

        def missing(meta, tensors):
            del tensors[bias]

        def extra(meta, tensors):
            tensors["more"] = ([1], b"\0" * 4)

        def shape(meta, tensors):
            tensors[bias] = ([2], b"\0" * 8)

        for change, pattern in ((nan, r"0\.bias' holds a value that is not finite"), (missing, r"0\.bias' is missing"),
                                (extra, r"'more' belongs to no part"), (shape, r"0\.bias' has not the type or shape")):
            self.changed("changed.safetensors", change)
            self.refused(pattern, "changed.safetensors")

    def test_metadata(self):
        def without_all(meta, tensors):
            meta.clear()

        def with_json(change):
            def inner(meta, tensors):
                facts = json.loads(meta["hopsack"])
                change(facts)
                meta["hopsack"] = json.dumps(facts, sort_keys=True)
            return inner

        def no_json(meta, tensors):
            meta["hopsack"] = "{"

        cases = [(without_all, r"no hopsack metadata"), (no_json, r"no JSON")]
        cases += [
            (with_json(lambda f: f.pop("config")), r"no config"),
            (with_json(lambda f: f.update(config="train:\n  kernl: 9\n")), r"its config cannot be used"),
            (with_json(lambda f: f.update(kind="vectors")), r"reads bags of vectors"),
            (with_json(lambda f: f.update(alphabet="ACGT")), r"alphabet is 'ACGT'"),
            (with_json(lambda f: f.update(region="CDR3")), r"trained on CDR3 sequences.*junction"),
            (with_json(lambda f: f.update(n_feat=5)), r"5 features"),
            (with_json(lambda f: f.update(tasks=[])), r"tasks"),
            (with_json(lambda f: f["tasks"][0].update(positive=None)), r"positive"),
            (with_json(lambda f: f["bag_hash"].update(train=["nonsense"])), r"bags seen"),
            (with_json(lambda f: f.pop("bag_hash")), r"seen"),
            (with_json(lambda f: f.pop("max_len")), r"max_len"),
        ]
        for change, pattern in cases:
            self.changed("changed.safetensors", change)
            self.refused(pattern, "changed.safetensors")

    def test_nothing_new_to_score(self):
        bags = [f"sim{i:05}" for i in range(40)]
        write("all.tsv", "bag\tpart\n" + "".join(f"{bag}\t{('train', 'validation')[i % 4 == 3]}\n" for i, bag in enumerate(bags)))
        trained("all", "c.h5", "--splits=all.tsv")
        self.bad(3, r"all 40 labelled bags; --part=all", "evaluate", "all", "c.h5")
        self.bad(2, r"--part=new", "evaluate", "all", "c.h5", "--part=new")
        self.good("evaluate", "all", "c.h5", "--part=all")

    def test_two_models(self):
        trained("other", "c.h5", "--positive=-")
        self.bad(4, r"do not predict the same", "predict", "a", "other", "c.h5", "-o", "x.tsv")


main()
