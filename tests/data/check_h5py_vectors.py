# SPDX-License-Identifier: MIT
"""Bags of vectors as h5py sees them, dense and sparse: check_h5py_vectors.py HOPSACK

Rows of several bags, mixed, are written as CSV, imported, and each dataset is compared with NumPy's. A file that h5py wrote
must be read by `inspect`. Exit code 77, skipped, where h5py or numpy is missing.
"""
import json
import os
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

HOPSACK = sys.argv[1]
N_BAG, N, N_FEAT = 7, 400, 33


def run(*arguments):
    done = subprocess.run([HOPSACK, *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"hopsack {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def compare(name, found, wanted):
    if not np.array_equal(found, wanted):
        sys.exit(f"{name}: {found}, expected {wanted}")


def write_csv(path):
    """Returns x [N, N_FEAT] float32 and bag [N], bags in the order of their first row."""
    draw = np.random.default_rng(3)
    x = draw.normal(size=(N, N_FEAT)).astype(np.float32) * (draw.random((N, N_FEAT)) < 0.2)
    bag = draw.integers(0, N_BAG, N)
    bag[:N_BAG] = np.arange(N_BAG)[::-1]
    with open(path, "w") as out:
        out.write("label\tbag\t" + "\t".join(f"x{f}" for f in range(N_FEAT)) + "\n")
        for row, b in zip(x, bag):
            out.write(f"{b % 2}\tB{b}\t" + "\t".join(repr(float(v)) for v in row) + "\n")
    return x, bag


def compare_file(path, x, bag, sparse):
    order = np.concatenate([np.flatnonzero(bag == b) for b in range(N_BAG)[::-1]])
    x, ends = x[order], np.cumsum([(bag == b).sum() for b in range(N_BAG)[::-1]])
    with h5py.File(path, "r") as f:
        data, meta = f["sampledata"], f["metadata"]
        if sparse:
            compare("types", [data[k].dtype.str for k in ("indptr", "indices", "values")], ["<i8", "<i4", "<f4"])
            compare("indptr", data["indptr"][()], np.concatenate([[0], np.cumsum((x != 0).sum(1))]))
            compare("indices", data["indices"][()], np.nonzero(x)[1])
            compare("values", data["values"][()], x[np.nonzero(x)])
            compare("n_features", meta["n_features"][()], N_FEAT)
        else:
            compare("type", data["features"].dtype.str, "<f4")
            compare("features", data["features"][()], x)
        compare("start_end", data["sample_sequences_start_end"][()], np.stack([np.concatenate([[0], ends[:-1]]), ends], 1))
        compare("keys", [k.decode() for k in meta["sample_keys"][()]], [f"B{b}" for b in range(N_BAG)[::-1]])
        compare("n_samples", meta["n_samples"][()], N_BAG)
        compare("names", [k.decode() for k in meta["feature_names"][()]], [f"x{k}" for k in range(N_FEAT)])
        compare("column names", [k.decode() for k in meta["column_names"][()]], ["ID", "label"])
        compare("labels", [r[1].decode() for r in meta["columns"][()]], [str(b % 2) for b in range(N_BAG)[::-1]])
        for name, crc in json.loads(meta["provenance"][()].tobytes())["crc32"].items():
            item = f[name][()]
            stored = b"".join(c + b"\0" for c in item.ravel()) if item.dtype == object else np.int64(item).tobytes()
            compare("checksum of " + name, zlib.crc32(stored), int(crc, 16))
        for group in (data, meta):
            for name, item in group.items():
                if item.dtype != object and item.shape:
                    compare("checksum on " + name, item.fletcher32, True)
        return meta["bag_hash"][()]


def foreign(path, sparse):
    """As another program might write it: other integer sizes, float64, no checksums, no labels."""
    with h5py.File(path, "w") as f:
        data, meta = f.create_group("sampledata"), f.create_group("metadata")
        if sparse:
            data["indptr"], data["indices"], data["values"] = np.array([0, 1, 3], np.int32), np.array([2, 0, 1]), np.ones(3)
            meta["n_features"] = 3
        else:
            data.create_dataset("features", data=np.arange(6.0).reshape(2, 3), chunks=(1, 3), compression="gzip")
        data["sample_sequences_start_end"] = np.array([[0, 1], [1, 2]], np.int32)
        meta["sample_keys"], meta["n_samples"] = np.array(["one", "two"], dtype=h5py.string_dtype()), 2


with tempfile.TemporaryDirectory() as folder:
    text, out = os.path.join(folder, "v.tsv"), os.path.join(folder, "out.h5")
    x, bag = write_csv(text)
    hashes = []
    for options in ([], ["--compress=none"], ["--sparse=yes"], ["--sparse=yes", "--compress=none"]):
        run("import", "--quiet", "--force", "-o", out, *options, text)
        hashes.append(compare_file(out, x, bag, "--sparse=yes" in options))
        compare("hash", hashes[-1], hashes[0])
    for sparse in (False, True):
        foreign(out, sparse)
        survey = json.loads(run("inspect", "--json", out))
        compare("foreign", [survey["kind"], survey["bags"], survey["instances"], survey["n_features"], survey["sparse"]],
                ["vectors", 2, 2, 3, sparse])
print("h5py sees what was imported")
