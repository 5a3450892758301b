# SPDX-License-Identifier: MIT
"""Makes a sound file of each kind and has damaged copies of it read: run_fuzz.py HOPSACK FUZZ [N] [SEED] [SUBJECT…]

N copies of each kind (300). A dataset of ours, a model or a checkpoint that is accepted must read as the sound one."""
import bz2
import lzma
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
HOPSACK, FUZZ = map(os.path.abspath, sys.argv[1:3])
N, SEED = (sys.argv[3:5] + ["300", "1"][len(sys.argv[3:5]):])
WANTED = sys.argv[5:]


def hopsack(*args):
    subprocess.run([HOPSACK, *args, "--quiet"], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def make_text():
    rows = "".join(f"CASS{'ACDEFGHIKL'[i % 10]}{'MNPQRSTVWY'[i // 10 % 10]}EQYF\t{i % 7 + 1}\tIn\n" for i in range(120))
    write("r.tsv", "amino_acid\ttemplates\tframe_type\n" + rows)
    subprocess.run(["gzip", "-k", "r.tsv"], check=True)
    make_packed("amino_acid\ttemplates\tframe_type\n" + rows)
    genes = "".join(f"s{i}\tCASS{'ACDEFGHIKL'[i % 10]}F\t{i}\tT\tTRBV{i % 5 + 1}*01\tTRBJ1-{i % 3 + 1}*01\n" for i in range(90))
    write("airr.tsv", "sequence_id\tjunction_aa\tduplicate_count\tproductive\tv_call\tj_call\n" + genes)
    write("olga.tsv", "".join(f"TGTGCCAGC\tCASS{'ACDEFGHIKL'[i % 10]}EQYF\tTRBV{i % 5 + 1}\tTRBJ1-{i % 3 + 1}\n" for i in range(90)))
    write("tenx.csv", "barcode,is_cell,chain,v_gene,productive,cdr3,reads,umis\n"
          + "".join(f"B{i}-1,True,TRB,TRBV{i % 5},True,CASS{'ACDEFGHIKL'[i % 10]}F,{i},{i % 4}\n" for i in range(90)))
    write("ids.txt", "".join(f"P{i}\n" for i in range(40)))
    labels = "".join(f"P{i},{'+-'[i % 2]},{i * 1.5},\"a, b\"\n" for i in range(40))
    write("labels.csv", "ID,status,age,note\n" + labels)
    write("splits.tsv", "bag\tpart\n" + "".join(f"b{b}\t{['train', 'validation', 'test'][b % 3]}\n" for b in range(20)))
    write("folds.tsv", "bag\trep0\trep1\n" + "".join(f"b{b}\t{b % 4 + 1}\t{b % 3 + b % 2 + 1}\n" for b in range(20)))
    write("clam.csv", ",train,val,test\n" + "".join(f"{i},b{i},b{6 + i},b{12 + i}\n" for i in range(6)))
    write("nn.json", str([{"train": [f"b{b}" for b in range(20) if b % 4 != k], "val": [f"b{b}" for b in range(k, 20, 4)]}
                          for k in range(4)]).replace("'", '"'))
    write("c.yaml", "seed: 3\ndata: {path: c.h5}\ntrain:\n  updates: 40\n  lr: 1e-3\nmodel:\n  embedder: {n_kernel: 8}\n  pooling: {n_unit: 8}\n"
          "tasks:\n  - {name: a, column: status, kind: binary, positive: '+'}\n  - {name: b, column: age, kind: regression, weight: 0.5}\n")


def make_packed(text):
    """The same in all that a table may come in."""
    for name, data in (("r.tsv.bz2", bz2.compress(text.encode())), ("r.tsv.xz", lzma.compress(text.encode())),
                       ("r16.tsv", b"\xff\xfe" + text.encode("utf-16-le"))):
        with open(name, "wb") as file:
            file.write(data)
    if shutil.which("zstd"):
        subprocess.run(["zstd", "-q", "r.tsv"], check=True)
    with zipfile.ZipFile("r.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/r.tsv", text)
        archive.writestr("__MACOSX/a/._r.tsv", "x")


def make_vectors():
    """Bags of vectors as text in two forms and as datasets, dense and sparse."""
    rows = [(i // 5, i // 5 % 2, [(i * 37 + f * 53 + i * f) % 97 / 8 for f in range(6)]) for i in range(60)]
    write("v.csv", "bag_id,label," + ",".join(f"x{f}" for f in range(6)) + "\n"
          + "".join(f"{b},{y},{','.join(map(str, x))}\n" for b, y, x in rows))
    write("v.svm", "#\n" + "".join(f"{i}:{b}:{2 * y - 1} " + " ".join(f"{f + 1}:{v}" for f, v in enumerate(x) if v) + "\n"
                                   for i, (b, y, x) in enumerate(rows)))
    head = "% made by a test\n@relation 'a test'\n@attribute id string\n"
    numbers = "".join(f"@attribute x{f} numeric\n" for f in range(6))
    end = "@attribute class {0,1}\n@data\n"
    inner = [(f"b{b}", r"\n".join(",".join(map(str, x)) for c, _, x in rows if c == b), b % 2) for b in range(12)]
    write("bags.arff", head + "@attribute bag relational\n" + numbers + "@end bag\n" + end
          + "".join(f"{b},\"{x}\",{y}\n" for b, x, y in inner))
    write("flat.arff", head + numbers + "@attribute kind {'a b',c,d}\n" + end
          + "".join(f"b{b},{','.join(map(str, x))},{['c', 'd'][b % 2]},{y}\n" for b, y, x in rows))
    write("sparse.arff", head + numbers + end
          + "".join("{" + f"0 b{b}, " + ", ".join(f"{f + 1} {v}" for f, v in enumerate(x) if v) + f", 7 {y}" + "}\n" for b, y, x in rows))
    write("rows.csv", "name,label,fold_1,part," + ",".join(f"x{f}" for f in range(6)) + "\n"
          + "".join(f"b{i},{y},{i % 3},{['train', 'val', 'test'][i % 3]},{','.join(map(str, x))}\n" for i, (b, y, x) in enumerate(rows)))
    os.mkdir("three")
    write("three/data.csv", "".join(",".join(map(str, x)) + "\n" for _, _, x in rows))
    write("three/bagids.csv", "".join(f"{b}\n" for b, _, _ in rows))
    write("three/labels.csv", "".join(f"{b % 2}\n" for b in range(12)))
    hopsack("import", "-o", "dense.h5", "v.csv")
    hopsack("import", "--sparse=yes", "-o", "sparse.h5", "v.svm")
    files = [("dataset", "dense.h5"), ("dataset", "sparse.h5"), ("vectors", "v.csv"), ("vectors", "v.svm"),
             ("vectors", "bags.arff"), ("vectors", "flat.arff"), ("vectors", "sparse.arff"), ("rows", "rows.csv"),
             *[("triples", f"three/{name}.csv") for name in ("data", "bagids", "labels")]]
    shared = os.path.join(os.environ.get("HOPSACK_SHARED") or os.path.join(HERE, "..", "..", "..", "shared"), "data", "mil", "raw")
    mats = [os.path.join(shared, name) for name in ("prtools_mat/tiger.mat", "andrews2002_mat/tiger_100x100_matlab.mat")]
    return files + [("vectors", mat) for mat in mats if os.path.exists(mat)]


def make_heads():
    """Attention of 2 samples, 2 heads, 3 queries, 4 keys as npy, npz and safetensors."""
    rows = [[(1 + (r * 7 + j * 3) % 5) for j in range(4)] for r in range(12)]
    numbers = struct.pack("<48f", *[x / sum(row) for row in rows for x in row])
    head = b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2, 3, 4), }\n"
    array = b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head + numbers
    with open("heads.npy", "wb") as file:
        file.write(array)
    with zipfile.ZipFile("heads.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", array)
        archive.writestr("b.npy", array)
    text = b'{"a": {"dtype": "F32", "shape": [2, 2, 3, 4], "data_offsets": [0, 192]}}'
    with open("heads.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + numbers)
    return [("heads", "heads.npy"), ("heads", "heads.safetensors")] + ([("heads", "heads.npz")] if os.path.exists("r.zip") else [])


def make_files():
    """[(subject, file)]"""
    make_text()
    os.mkdir("in")
    for i in range(6):
        with open("airr.tsv", encoding="utf-8") as file:
            lines = file.readlines()
        write(f"in/p{i}.tsv", "".join(lines[:1] + lines[1 + i::2]))
    write("in.tsv", "ID\tstatus\n" + "".join(f"p{i}\t{'+-'[i % 2]}\n" for i in range(6)))
    hopsack("import", "--format=airr", "--metadata=in.tsv", "-o", "ours.h5", "in")
    hopsack("simulate", "--simulate.n_bag=20", "--simulate.n_seq=30", "--motif=SFEN", "--rho=0.1", "-o", "c.h5")
    hopsack("train", "--data.path=c.h5", "--target=status", "--train.updates=20", "--model.embedder.n_kernel=4",
            "--model.pooling.n_unit=4", "-o", "run")
    files = [("dataset", "ours.h5"), ("dataset", "c.h5"), ("model", "run/model.safetensors"),
             ("checkpoint", "run/checkpoint.safetensors"), ("repertoire", "r.tsv"), ("repertoire", "r.tsv.gz"),
             *[("repertoire", name) for name in ("r.tsv.bz2", "r.tsv.xz", "r.tsv.zst", "r.zip", "r16.tsv") if os.path.exists(name)],
             ("repertoire", "airr.tsv"), ("repertoire", "olga.tsv"), ("repertoire", "tenx.csv"), ("list", "ids.txt"),
             ("table", "labels.csv"), ("splits", "splits.tsv"), ("splits", "folds.tsv"),
             ("splits", "clam.csv"), ("splits", "nn.json"), ("config", "c.yaml")] + make_vectors() + make_heads()
    for python in (sys.executable, "/usr/bin/python3"):  # the first on the path may lack h5py
        script = [python, os.path.join(HERE, "make_foreign.py"), "foreign.h5", "slide.h5", "slide2.h5", "heads.h5"]
        if os.path.exists(python) and subprocess.run(script, check=False, capture_output=True).returncode == 0:
            return files + [("foreign", "foreign.h5"), ("heads", "heads.h5"), ("vectors", "slide.h5"), ("vectors", "slide2.h5")]
    print("foreign.h5: not made, which needs h5py and numpy")
    return files


def main():
    failed = 0
    with tempfile.TemporaryDirectory(prefix="hopsack-fuzz-") as folder:
        os.chdir(folder)
        copies = os.environ.get("TMPDIR") or "/tmp"
        for subject, file in make_files():
            if WANTED and subject not in WANTED:
                continue
            done = subprocess.run([FUZZ, subject, file, f"--n={N}", f"--seed={SEED}"], stdin=subprocess.DEVNULL,
                                  env={**os.environ, "TMPDIR": copies}, text=True, capture_output=True, check=False)
            print(f"{file}: {done.stdout.splitlines()[-1] if done.stdout else ''}", flush=True)
            if done.returncode != 0:
                failed += 1
                print(f"FAILED, exit code {done.returncode}:\n{done.stdout}{done.stderr}", flush=True)
        os.chdir("/")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
