# SPDX-License-Identifier: MIT
"""Compares every dataset of DeepRC's layout in two HDF5 files, as h5py reads them; says how many, exits 1 at a difference."""
import sys

import h5py
import numpy as np

ours, theirs = h5py.File(sys.argv[1], "r"), h5py.File(sys.argv[2], "r")
names = []
theirs.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
for name in names:
    a, b = ours[name], theirs[name]
    if a.shape != b.shape or a.dtype != b.dtype:
        sys.exit(f"{name}: {a.dtype} {a.shape}, expected {b.dtype} {b.shape}")
    if dict(a.attrs) != dict(b.attrs):
        sys.exit(f"{name}: attributes differ")
    same = np.allclose(a[()], b[()], rtol=1e-12, atol=0, equal_nan=True) if a.dtype.kind == "f" else np.all(a[()] == b[()])
    if not same:
        sys.exit(f"{name}: {a[()]}, expected {b[()]}")
print(f"{len(names)} datasets equal")
