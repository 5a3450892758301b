# SPDX-License-Identifier: MIT
"""A dataset as DeepRC's own converter and older tools write it, in HDF5's oldest format: make_foreign.py OUT.h5 [SLIDE.h5 SLIDE2.h5]

The other two are features of a slide, as CLAM and as TRIDENT write them.

Exit code 77 where h5py or numpy is missing."""
import sys

try:
    import h5py
    import numpy as np
except ImportError:
    print("skipped: h5py and numpy are needed")
    sys.exit(77)

LETTERS = "ACDEFGHIKLMNPQRSTVWY"
N_BAG, N_SEQ, WIDTH = 12, 50, 20

rng = np.random.default_rng(7)
n = N_BAG * N_SEQ
lens = rng.integers(8, WIDTH + 1, n)
codes = rng.integers(0, 20, (n, WIDTH)).astype(np.int8)
codes[np.arange(WIDTH) >= lens[:, None]] = -1
starts = np.arange(N_BAG) * N_SEQ
with h5py.File(sys.argv[1], "w", libver="earliest") as f:
    data, meta = f.create_group("sampledata"), f.create_group("metadata")
    data.create_dataset("amino_acid_sequences", data=codes, chunks=(64, 10), compression="gzip", shuffle=True)
    data.create_dataset("seq_lens", data=lens.astype(np.int32), chunks=(100,), compression="gzip", fletcher32=True)
    data["counts_per_sequence"] = rng.integers(1, 9, n)
    data["sample_sequences_start_end"] = np.stack([starts, starts + N_SEQ], 1)
    keys = np.array([f"donor{i}.tsv" for i in range(N_BAG)], dtype=h5py.string_dtype())
    meta.create_dataset("sample_keys", data=keys, chunks=(5,), compression="gzip")
    meta["n_samples"], meta["aas"], meta["stats"] = N_BAG, LETTERS, "free text"
if len(sys.argv) > 3:
    x = rng.normal(size=(60, 8)).astype(np.float32)
    with h5py.File(sys.argv[2], "w") as f:
        f.create_dataset("features", data=x, chunks=(1, 8), maxshape=(None, 8))
        f["coords"] = rng.integers(0, 9999, (60, 2))
    with h5py.File(sys.argv[3], "w") as f:
        f.create_dataset("features", data=x[None].astype(np.float16), compression="gzip")
        f["features"].attrs["encoder"] = "none"
        f["coords"] = rng.integers(0, 9999, (1, 60, 2))
if len(sys.argv) > 4:
    p = rng.random((2, 2, 6, 8)).astype(np.float32)
    p /= p.sum(-1, keepdims=True)
    with h5py.File(sys.argv[4], "w") as f:
        f["encoder/layer0"] = p
        f.create_dataset("layer1", data=p, chunks=(1, 2, 3, 4), compression="gzip", shuffle=True, fletcher32=True)
