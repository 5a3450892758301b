# SPDX-License-Identifier: MIT
"""Files of DeepRC's own converter against ours, dataset by dataset: check_deeprc.py HOPSACK

Exit code 77, skipped, where the shared reference data, h5py or numpy is missing.
"""
import os
import subprocess
import sys
import tarfile
import tempfile

try:
    import h5py
    import numpy as np
except ImportError:
    print("skipped: h5py and numpy are needed")
    sys.exit(77)

SOURCE = os.environ.get("HOPSACK_TEST_SOURCE", os.path.join(os.path.dirname(__file__), "..", ".."))
SHARED = os.path.join(os.environ.get("HOPSACK_SHARED", os.path.join(SOURCE, "..", "shared")), "data", "deeprc_example")
CASES = [
    ("converter_cases_tsv.tar.gz", "converter_cases_default.hdf5", []),
    ("converter_cases_tsv.tar.gz", "converter_cases_include_In_exclude_q.hdf5",
     ["--include=frame_type=In", "--exclude=extra=q"]),
    ("converter_cases_tsv.tar.gz", "converter_cases_no_counts.hdf5", ["--count-column=none"]),
    ("example_dataset_tsv.tar.gz", "repertoires.hdf5", ["--metadata=metadata.tsv"]),
]


def difference(ours, theirs):
    """What differs first, or None. Means may differ in the last bits: they depend on the order of summation."""
    names = []
    theirs.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    for name in names:
        a, b = ours[name], theirs[name]
        if (a.shape, a.dtype, dict(a.attrs)) != (b.shape, b.dtype, dict(b.attrs)):
            return f"{name}: {a.dtype} {a.shape}, expected {b.dtype} {b.shape}"
        a, b = a[()], b[()]
        close = name.endswith("sample_avg_seq_len") and np.allclose(a, b, rtol=1e-12, atol=0, equal_nan=True)
        if not close and not np.all(a == b):
            return f"{name}: {a}, expected {b}"
    print(f"{len(names)} datasets equal")
    return None


if not os.path.isdir(SHARED):
    print("skipped: no shared reference data")
    sys.exit(77)
for archive, reference, options in CASES:
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(os.path.join(SHARED, archive)) as tar:
            tar.extractall(folder)
        subprocess.run([os.path.abspath(sys.argv[1]), "import", "--quiet", "--format=deeprc", "-o", "out.h5", *options,
                        "repertoires"], cwd=folder, check=True)
        with h5py.File(os.path.join(folder, "out.h5")) as ours, h5py.File(os.path.join(SHARED, reference)) as theirs:
            wrong = difference(ours, theirs)
    if wrong:
        sys.exit(f"{reference}: {wrong}")
