# SPDX-License-Identifier: MIT
"""Our dataset files as h5py sees them: check_h5py.py HOPSACK

Text files are written here, imported with --format=deeprc and without it, and every dataset is compared with what the
rules give, worked out again in Python. A file that h5py wrote in the older layout must be read by `inspect`.
Exit code 77, skipped, where h5py or numpy is missing.
"""
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import zlib

try:
    import h5py
    import numpy as np
except ImportError:
    print("skipped: h5py and numpy are needed")
    sys.exit(77)

LETTERS = "ACDEFGHIKLMNPQRSTVWY"
HOPSACK = sys.argv[1]


def run(*arguments):
    done = subprocess.run([HOPSACK, *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"hopsack {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def write_text(folder):
    """Five repertoires; returns {key: [(sequence text, count text)]}."""
    draw, bags = random.Random(4), {}
    for b in range(5):
        rows = []
        for _ in range(draw.choice([1, 30, 3000])):
            sequence = "".join(draw.choice(LETTERS) for _ in range(draw.randrange(3, 22)))
            rows.append((draw.choice([sequence] * 9 + ["", sequence + "*", sequence.lower()]),
                         draw.choice(["1", "7", "3.9", "null", "-2", "0", "123456789"])))
        rows.append(("CASSLGQAYEQYF", "2"))
        bags[f"bag{b}.tsv"] = rows
        with open(os.path.join(folder, f"bag{b}.tsv"), "w") as out:
            out.write("templates\tx\tamino_acid\n")
            out.writelines(f"{count}\t-\t{sequence}\n" for sequence, count in rows)
    return bags


def converter(rows):
    kept = [(s, 0 if c == "null" else int(float(c))) for s, c in rows if all(a in LETTERS for a in s)]
    return [(s, c if c >= 0 else 1) for s, c in kept]


def pipeline(rows):
    merged = {}
    for s, c in rows:
        if s and s not in ("NA",) and all(a in LETTERS for a in s):
            c = 0 if c == "null" else int(float(c) + 0.5)
            merged[s] = merged.get(s, 0) + max(c, 1)
    return list(merged.items())


def compare(name, found, wanted):
    if not np.array_equal(found, wanted, equal_nan=np.asarray(wanted).dtype.kind == "f"):
        sys.exit(f"{name}: {found}, expected {wanted}")


def compare_file(path, bags):
    """bags: {key: [(sequence, count)]} in the file's order."""
    rows = [row for bag in bags.values() for row in bag]
    lens = np.array([len(s) for s, _ in rows])
    counts = np.array([c for _, c in rows])
    codes = np.full((len(rows), lens.max()), -1, np.int8)
    for i, (s, _) in enumerate(rows):
        codes[i, :len(s)] = [LETTERS.index(a) for a in s]
    ends = np.cumsum([len(bag) for bag in bags.values()])
    starts = np.concatenate([[0], ends[:-1]])
    with h5py.File(path, "r") as f:
        data, meta = f["sampledata"], f["metadata"]
        compare("sequences", data["sequences"][()], codes)
        compare("seq_lens", data["seq_lens"][()], lens)
        compare("sequence_counts", data["sequence_counts"][()], counts)
        compare("start_end", data["sample_sequences_start_end"][()], np.stack([starts, ends], 1))
        compare("n_sequences", data["n_sequences_per_sample"][()], ends - starts)
        compare("min", data["sample_min_seq_len"][()], [lens[a:b].min() for a, b in zip(starts, ends)])
        compare("max", data["sample_max_seq_len"][()], [lens[a:b].max() for a, b in zip(starts, ends)])
        mean = [np.average(lens[a:b], weights=counts[a:b]) if counts[a:b].any() else np.nan for a, b in zip(starts, ends)]
        if not np.allclose(data["sample_avg_seq_len"][()], mean, rtol=1e-12, atol=0, equal_nan=True):
            sys.exit("sample_avg_seq_len differs")
        compare("keys", [k.decode() for k in meta["sample_keys"][()]], list(bags))
        compare("n_samples", meta["n_samples"][()], len(bags))
        compare("aas", meta["aas"][()].decode(), LETTERS)
        stats = dict(line.split("=", 1) for line in meta["stats"][()].decode().split("\n"))
        compare("stats", [stats["n_samples"], stats["max_seq_len"], stats["min_seq_len"], stats["avg_seq_len"]],
                [str(len(bags)), str(lens.max()), str(lens.min()), str(float(lens.mean()))])
        compare_additions(f, data, meta)


def compare_additions(f, data, meta):
    facts = json.loads(meta["provenance"][()].tobytes())
    compare("region", facts["region"], "junction")
    for name, crc in facts["crc32"].items():
        item = f[name][()]
        cells = [item] if isinstance(item, bytes) else item.ravel().tolist() if item.dtype == object else None
        stored = b"".join(c + b"\0" for c in cells) if cells else np.int64(item).tobytes()
        compare("checksum of " + name, zlib.crc32(stored), int(crc, 16))
    for group in (data, meta):
        for name, item in group.items():
            compare("attributes of " + name, len(item.attrs), 0)
            if item.dtype != object and item.shape:
                compare("checksum on " + name, item.fletcher32, True)


def older_layout(path):
    """As files of before December 2020."""
    with h5py.File(path, "w") as f:
        data, meta = f.create_group("sampledata"), f.create_group("metadata")
        codes = np.full((3, 9), -1, np.int8)
        codes[0, :4], codes[1, :9], codes[2, :2] = 1, 2, 3
        data.create_dataset("amino_acid_sequences", data=codes, chunks=(2, 4), compression="gzip", shuffle=True)
        data["seq_lens"] = np.array([4, 9, 2], np.int32)
        data["counts_per_sequence"] = np.array([5, 1, 1])
        data["sample_sequences_start_end"] = np.array([[0, 2], [2, 3]])
        keys = np.array(["one", "two"], dtype=h5py.string_dtype())
        meta.create_dataset("sample_keys", data=keys, chunks=(1,), compression="gzip", shuffle=True)
        meta["n_samples"], meta["aas"], meta["stats"] = 2, LETTERS, "free text"


with tempfile.TemporaryDirectory() as folder:
    text, out = os.path.join(folder, "in"), os.path.join(folder, "out.h5")
    os.mkdir(text)
    bags = write_text(text)
    for options in ([], ["--compress=none"]):
        run("import", "--format=deeprc", "--quiet", "--force", "-o", out, *options, text)
        compare_file(out, {key: converter(rows) for key, rows in bags.items()})
        run("import", "--quiet", "--force", "-o", out, *options, text)
        compare_file(out, {key: pipeline(rows) for key, rows in bags.items()})
    older_layout(out)
    survey = json.loads(run("inspect", "--json", out))
    compare("bags", [survey["bags"], survey["instances"], survey["count"]["sum"]], [2, 3, 7])
    compare("provenance", survey["provenance"], None)
    assert re.search(r"^sequences +3, 1 to 2 a bag", run("inspect", out), re.M), run("inspect", out)
print("h5py sees what was imported")
