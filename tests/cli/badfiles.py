# SPDX-License-Identifier: MIT
"""Makers of bad input: each returns a function without arguments that writes the file into the working folder."""
import gzip
import json
import os
import shutil
import struct
import zlib

from harness import read

try:
    import h5py
    import numpy
except ImportError:
    h5py = numpy = None

BAGS = [f"sim{i:05}" for i in range(40)]


def write(path, content):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def both(*makers):
    return lambda: [make() for make in makers]


def text(path, content):
    return lambda: write(path, content)


def packed(path, content, change):
    return lambda: write(path, change(gzip.compress(content.encode())))


def changed(path, source, change):
    """A copy of a file with its bytes changed."""
    return lambda: write(path, change(read(source)))


def labels(cell, columns="ID\tstatus", bags=BAGS):
    """A label table of the simulated bags; cell(i) gives what stands behind the bag's name."""
    return text("bad.tsv", columns + "\n" + "".join(f"{bag}\t{cell(i)}\n" for i, bag in enumerate(bags)))


def splits(cell, columns="bag\tpart"):
    return labels(cell, columns)


# ---- safetensors ----

def split_model(path):
    """Metadata, {name: (shape, bytes)}."""
    data = read(path)
    size = struct.unpack("<Q", data[:8])[0]
    head = json.loads(data[8 : 8 + size])
    meta = head.pop("__metadata__")
    body = data[8 + size :]
    return meta, {name: (t["shape"], body[slice(*t["data_offsets"])]) for name, t in head.items()}


def join_model(path, meta, tensors, late=lambda head: None):
    """Writes it again, with the right checksum if there is one; `late` changes the header before that."""
    if "crc32" in meta:
        meta["crc32"] = "00000000"
    head, at = {"__metadata__": meta}, 0
    for name, (shape, data) in tensors.items():
        head[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    late(head)
    text_ = json.dumps(head).encode()
    text_ += b" " * (-len(text_) % 8)
    whole = struct.pack("<Q", len(text_)) + text_ + b"".join(data for _, data in tensors.values())
    write(path, whole.replace(b'"crc32": "00000000"', b'"crc32": "%08x"' % zlib.crc32(whole)))


def model(change=lambda meta, tensors: None, late=lambda head: None, source="run/model.safetensors", path="bad.safetensors"):
    def make():
        meta, tensors = split_model(source)
        change(meta, tensors)
        join_model(path, meta, tensors, late)
    return make


def facts(change, **where):
    """A model whose metadata differ."""
    def inner(meta, _):
        known = json.loads(meta["hopsack"])
        change(known)
        meta["hopsack"] = json.dumps(known, sort_keys=True)
    return model(inner, **where)


def header(change):
    return model(late=change)


def tensor(name, change):
    """A model in whose header one tensor's entry differs."""
    return header(lambda head: change(head[name]))


def checkpoint(make):
    """A run folder, hurt, whose checkpoint `make` writes."""
    def inner():
        shutil.rmtree("hurt", ignore_errors=True)
        shutil.copytree("halted", "hurt")
        make()
    return inner


# ---- vectors ----

def vectors(feature=None, path="bad.csv", more=""):
    """24 bags of three features and one more, feature(bag) or feature(bag, instance), if that is asked for."""
    def make():
        rows = "bag,label,f,g,h" + ("" if feature is None else ",x") + "\n"
        for b in range(24):
            for i in range(3):
                x = "" if feature is None else f",{feature(b, i) if feature.__code__.co_argcount > 1 else feature(b)}"
                rows += f"b{b},{b % 2},{b * 37 % 23 + i},{(b + 5) * (i + 3) % 19},{(b * b + i) % 11}{x}\n"
        write(path, rows + more)
    return make


def matlab(**variables):
    """A .mat file of columns of numbers."""
    def part(kind, data):
        return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)
    whole = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"
    for name, column in variables.items():
        whole += part(14, part(6, struct.pack("<II", 6, 0)) + part(5, struct.pack("<ii", len(column), 1)) + part(1, name.encode())
                      + part(9, struct.pack(f"<{len(column)}d", *column)))
    return whole


def foreign_vectors(change):
    """The like as another tool writes it."""
    def make():
        x = numpy.random.default_rng(1).normal(size=(48, 3)).astype("f4")
        change(x)
        with h5py.File("bad.h5", "w") as f:
            f["sampledata/features"] = x
            f["sampledata/sample_sequences_start_end"] = numpy.arange(24)[:, None] * 2 + [0, 2]
            f["metadata/sample_keys"] = numpy.array([f"b{b}" for b in range(24)], dtype=h5py.string_dtype())
            f["metadata/n_samples"] = 24
            f.create_dataset("metadata/column_names", data=["ID", "label"], dtype=h5py.string_dtype())
            f.create_dataset("metadata/columns", data=[[f"b{b}", str(b % 2)] for b in range(24)], dtype=h5py.string_dtype())
    return make


# ---- HDF5 ----

def dataset(change, n_bag=6, n_seq=10):
    """A dataset as other tools write it, sound but for the change."""
    def make():
        rng = numpy.random.default_rng(1)
        n = n_bag * n_seq
        start = numpy.arange(n_bag) * n_seq
        with h5py.File("bad.h5", "w") as f:
            f["sampledata/sequences"] = rng.integers(0, 20, (n, 12)).astype("i1")
            f["sampledata/seq_lens"] = numpy.full(n, 12)
            f["sampledata/sequence_counts"] = numpy.ones(n, "i8")
            f["sampledata/sample_sequences_start_end"] = numpy.stack([start, start + n_seq], 1)
            f["metadata/sample_keys"] = numpy.array([f"p{i}" for i in range(n_bag)], dtype=h5py.string_dtype())
            f["metadata/n_samples"], f["metadata/aas"] = n_bag, "ACDEFGHIKLMNPQRSTVWY"
            change(f)
    return make


def replaced(name, value, **how):
    """A dataset in which one array is another, or none."""
    def inner(f):
        del f[name]
        if value is not None:
            f.create_dataset(name, data=value(numpy) if callable(value) else value, **how)
    return dataset(inner)


def element(name, at, value):
    def inner(f):
        f[name][at] = value
    return dataset(inner)
