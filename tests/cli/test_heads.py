# SPDX-License-Identifier: MIT
"""inspect --heads against NumPy, on made-up attention, on that of a real program, and on damaged files."""
import csv
import json
import os
import re
import struct
import unittest
import zipfile
from xml.etree import ElementTree

from harness import HOPSACK, Case, main, read, run

try:
    import h5py
    import numpy as np
except ImportError:
    h5py = np = None

SHARED = os.environ.get("HOPSACK_SHARED", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../shared"))
REAL = os.path.join(SHARED, "data/attention/ppocr_v4_rec.npz")
CLASSES = "I", "II", "III", "IV"
NAMES = {"float16": "F16", "float32": "F32", "float64": "F64", "bool": "BOOL", "int32": "I32", "uint16": "BF16"}


def attention(shape, scale, seed=3):
    z = np.random.default_rng(seed).normal(size=shape) * scale
    p = np.exp(z - z.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)


def save_safetensors(path, arrays):
    head, at, body = {}, 0, b""
    for name, a in arrays.items():
        body += a.tobytes()
        head[name] = {"dtype": NAMES[str(a.dtype)], "shape": list(a.shape), "data_offsets": [at, len(body)]}
        at = len(body)
    text = json.dumps(head).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + body)


def save_h5(path, arrays, **options):
    with h5py.File(path, "w") as file:
        for name, a in arrays.items():
            file.create_dataset(name, data=a, **options)


def measures(p, seen):
    """Of one head: p, seen [samples, S, N]. k, k/n, entropy, largest."""
    k, share, entropy, largest = [], [], [], []
    for row, see in zip(p.reshape(-1, p.shape[-1]).astype(float), seen.reshape(-1, p.shape[-1])):
        w = np.sort(row[see])[::-1]
        if len(w) == 0:
            continue
        w = w / w.sum()
        k.append(int(np.argmax(w.cumsum() >= 0.9 - 1e-12)) + 1)
        share.append(k[-1] / len(w))
        entropy.append(-(w[w > 0] * np.log(w[w > 0])).sum())
        largest.append(w[0])
    return k, share, np.mean(entropy), np.mean(largest)


def likelihood(p, seen, at, mean, sd):
    """Of the Gaussian: Σ a log g of the mean attention, for a query, and its L1 distance."""
    u = np.arange(p.shape[-1])[None, :] - at[:, None]
    z = np.where(seen, -((u - mean) ** 2) / (2 * sd * sd), -np.inf)
    g = np.exp(z - z.max(-1, keepdims=True))
    g /= g.sum(-1, keepdims=True)
    return (p * np.log(np.maximum(g, 1e-300))).sum(-1).mean(), np.abs(p - g).sum(-1).mean()


@unittest.skipIf(np is None, "needs numpy and h5py")
class Heads(Case):
    def heads(self, *args):
        return json.loads(self.good("inspect", *args, "--json").stdout)

    def same_numbers(self, layer, p, seen=None, at=None):
        """p [samples, H, S, N]"""
        seen = np.ones(p.shape, bool) if seen is None else np.broadcast_to(seen, p.shape)
        at = np.linspace(0, p.shape[-1] - 1, p.shape[-2]) if at is None else at
        self.assertEqual((layer["n_samples"], len(layer["heads"]), layer["n_queries"], layer["n_keys"]), p.shape)
        for h, head in enumerate(layer["heads"]):
            k, share, entropy, largest = measures(p[:, h], seen[:, h])
            np.testing.assert_allclose(head["k"], np.quantile(k, [0.1, 0.5, 0.9]), rtol=1e-12)
            np.testing.assert_allclose(head["k_share"], np.quantile(share, [0.1, 0.5, 0.9]), rtol=1e-12)
            s = np.median(share)
            self.assertEqual(head["class"], CLASSES[sum(bool(s <= border) for border in (1 / 2, 1 / 8, 1 / 32))])
            self.assertAlmostEqual(head["entropy"], entropy, places=9)
            self.assertAlmostEqual(head["largest_weight"], largest, places=9)
            self.best_gauss(head["gaussian"], p[:, h].astype(float), seen[:, h], at)

    def best_gauss(self, found, p, seen, at):
        """Its L1 is what it says, and no Gaussian near it is likelier. Rows of p that see nothing are left out."""
        w = np.where(seen, p, 0)
        total, used = w.sum(-1, keepdims=True), seen.any(-1)
        w = np.divide(w, total, out=np.zeros_like(w), where=total > 0)
        n = used.sum(0)
        a, rows = w.sum(0) / np.maximum(n, 1)[:, None], n > 0
        a, visible, at = a[rows], seen.any(0)[rows], at[rows]
        best, l1 = likelihood(a, visible, at, found["mean"], found["sd"])
        self.assertAlmostEqual(found["l1"], l1, places=6)
        n_key = p.shape[-1]
        for mean, sd in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1)):
            near = found["mean"] + mean * 0.02 * found["sd"], found["sd"] * (1 + 0.02 * sd)
            if 0.2 <= near[1] <= 10 * n_key:
                self.assertGreaterEqual(best + 1e-9, likelihood(a, visible, at, *near)[0], f"{found} {near}")

    # ---- formats ----

    def test_all_formats_and_types(self):
        p = attention((2, 3, 7, 40), 3)
        for dtype in ("float16", "float32", "float64"):
            a = {"layer10": p[:, :, ::-1].astype(dtype), "layer2": p.astype(dtype), "ids": np.arange(3, dtype="int32")}
            np.savez("a.npz", **a)
            np.savez_compressed("c.npz", **a)
            np.save("one.npy", a["layer2"])
            save_safetensors("a.safetensors", a)
            save_h5("a.h5", {"encoder/" + name: x for name, x in a.items()})
            save_h5("c.h5", a, chunks=True, compression="gzip", shuffle=True, fletcher32=True)
            first = self.heads("--heads=a.npz")
            self.assertEqual([layer["layer"] for layer in first["layers"]], ["layer2", "layer10"])
            self.assertEqual(first["n_other_arrays"], 1)
            self.same_numbers(first["layers"][0], a["layer2"].astype(float))
            self.same_numbers(first["layers"][1], a["layer10"].astype(float))
            for path in ("c.npz", "a.safetensors", "c.h5"):
                self.assertEqual(self.heads(f"--heads={path}")["layers"], first["layers"], path)
            one = self.heads("--heads=one.npy")["layers"]
            self.assertEqual(([one[0]["layer"]], one[0]["heads"]), (["one"], first["layers"][0]["heads"]))
            grouped = self.heads("--heads=a.h5")["layers"]
            self.assertEqual([layer["layer"] for layer in grouped], ["encoder/layer2", "encoder/layer10"])
            self.assertEqual(grouped[1]["heads"], first["layers"][1]["heads"])

    def test_brain_floats(self):
        p = attention((3, 4, 20), 2).astype("float32")
        bits = (p.view("uint32") >> 16).astype("uint16")
        save_safetensors("brain.safetensors", {"a": bits})
        self.same_numbers(self.heads("--heads=brain.safetensors")["layers"][0],
                          (bits.astype("uint32") << 16).view("float32")[None].astype(float))

    def test_fewer_and_more_dimensions(self):
        p = attention((2, 2, 3, 5, 6), 1)
        np.savez("dims.npz", flat=p[0, 0, 0], head=p[0, 0], many=p)
        flat, head, many = self.heads("--heads=dims.npz")["layers"]
        self.same_numbers(flat, p[:1, 0, :1])
        self.same_numbers(head, p[:1, 0])
        self.same_numbers(many, p.reshape(4, 3, 5, 6))

    def test_classes_and_borders(self):
        """k of 64 equal weights among 64, 32, 8, 2 keys: 58, 29, 8, 2."""
        p = np.zeros((4, 2, 64))
        for head, n in enumerate((64, 32, 8, 2)):
            p[head, :, :n] = 1 / n
        np.save("borders.npy", p)
        heads = self.heads("--heads=borders.npy")["layers"][0]["heads"]
        self.assertEqual([(h["class"], h["k"][1]) for h in heads], [("I", 58), ("II", 29), ("III", 8), ("IV", 2)])
        ten = np.full((1, 10, 10), 0.1)  # nine of ten are 90 %, although 9 × 0.1 < 0.9 in double
        np.save("ten.npy", ten)
        self.assertEqual(self.heads("--heads=ten.npy")["layers"][0]["heads"][0]["k"], [9, 9, 9])

    def test_gaussians_are_found_again(self):
        n, want = 50, ((-1, 1.5), (0, 4), (7, 12))
        u = np.arange(n)[None] - np.arange(n)[:, None]
        p = np.stack([np.exp(-((u - m) ** 2) / (2 * s * s)) for m, s in want] + [np.eye(n, k=0), np.ones((n, n))])
        np.save("gauss.npy", p / p.sum(-1, keepdims=True))
        found = [h["gaussian"] for h in self.heads("--heads=gauss.npy")["layers"][0]["heads"]]
        for g, (m, s) in zip(found, want):
            np.testing.assert_allclose((g["mean"], g["sd"], g["l1"]), (m, s, 0), atol=1e-4)
        self.assertLess(abs(found[3]["mean"]), 0.1)
        self.assertLess(found[3]["l1"], 1e-3)
        self.assertLess(found[4]["l1"], 0.02)
        self.assertGreater(found[4]["sd"], 5 * n)

    # ---- queries and keys, masks ----

    def test_queries_and_keys(self):
        draw = np.random.default_rng(8)
        q, k, v = draw.normal(size=(2, 3, 5, 4)), draw.normal(size=(2, 3, 9, 4)), draw.normal(size=(2, 3, 9, 4))
        np.savez("qk.npz", **{"l.q": q, "l.k": k, "l.v": v})
        for flag, beta in (([], 0.5), (["--beta=2.5"], 2.5)):
            z = beta * q @ k.swapaxes(-1, -2)
            p = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
            result = self.heads("--heads=qk.npz", *flag)
            self.assertEqual((result["layers"][0]["layer"], result["n_other_arrays"]), ("l", 1))
            self.same_numbers(result["layers"][0], p)
        seen = np.tril(np.ones((5, 9), bool), 4)
        p = np.where(seen, np.exp(0.5 * q @ k.swapaxes(-1, -2)), 0)
        p /= p.sum(-1, keepdims=True)
        self.same_numbers(self.heads("--heads=qk.npz", "--causal")["layers"][0], p, seen, np.arange(5) + 4)

    def test_causal_weights(self):
        seen = np.tril(np.ones((30, 30), bool))
        p = np.where(seen, attention((2, 2, 30, 30), 2), 0)
        p /= p.sum(-1, keepdims=True)
        np.save("causal.npy", p)
        self.same_numbers(self.heads("--heads=causal.npy", "--causal")["layers"][0], p, seen, np.arange(30))
        np.save("all.npy", attention((2, 2, 30, 30), 2))
        self.bad(3, r"all.npy: 'all', sample 0, head 0, query 0: keys that --causal hides have 0\.\d+ of the weight", "inspect",
                 "--heads=all.npy", "--causal")
        np.save("wide.npy", attention((2, 30, 4), 2))
        self.bad(3, r"fewer keys \(4\) than queries \(30\)", "inspect", "--heads=wide.npy", "--causal")

    def test_mask(self):
        seen = np.random.default_rng(2).random((3, 1, 1, 20)) < 0.7
        seen[1] = False  # a sample of nothing but padding
        p = np.where(seen, attention((3, 2, 6, 20), 2), 0)
        p = np.divide(p, p.sum(-1, keepdims=True), out=np.full_like(p, 0), where=p.sum(-1, keepdims=True) > 0)
        np.savez("mask.npz", a=p, mask=seen, wrong=seen[:, 0, 0, :9], real=seen.astype(float))
        for path, save in (("mask.npz", None), ("mask.h5", save_h5), ("mask.safetensors", save_safetensors)):
            if save:
                save(path, {"a": p, "mask": seen})
            else:
                np.savez("plain.npz", a=p, mask=seen)
                path = "plain.npz"
            layer = self.heads(f"--heads={path}", "--mask=mask")["layers"][0]
            self.assertEqual(layer["n_blind_rows"], 12)
            self.same_numbers(layer, p, seen)
        self.bad(3, "the mask 'wrong' does not broadcast to the weights of 'a'", "inspect", "--heads=mask.npz", "--mask=wrong")
        self.bad(3, "the mask 'real' has real numbers", "inspect", "--heads=mask.npz", "--mask=real")
        self.bad(2, "mask.npz has no array of this name", "inspect", "--heads=mask.npz", "--mask=none")
        self.bad(3, "sample 1, head 0, query 0: weights sum to 0, not 1", "inspect", "--heads=mask.h5")
        np.savez("blind.npz", a=p[1:2], m=seen[1])
        self.bad(3, "blind.npz: 'a': head 0 has no row with a visible key", "inspect", "--heads=blind.npz", "--mask=m")

    # ---- what is printed and drawn ----

    def test_table_and_drawing(self):
        np.savez("draw.npz", **{"a<b": attention((2, 3, 8, 12), 1), "z": attention((2, 5, 8, 40), 4)})
        done = self.good("inspect", "--heads=draw.npz", "--plot=draw.svg")
        rows = [line.split() for line in done.stdout.splitlines()]
        layers = self.heads("--heads=draw.npz")["layers"]
        printed = [(int(r[0]), r[1], float(r[3])) for r in rows if len(r) == 11 and r[0].isdigit()]
        self.assertEqual(printed, [(h["head"], h["class"], h["k"][1]) for layer in layers for h in layer["heads"]])
        self.assertIn("a<b: 2 samples, 3 heads, 8 queries, 12 keys", done.stdout)
        count = {c: sum(h["class"] == c for layer in layers for h in layer["heads"]) for c in CLASSES}
        self.assertIn("heads of class " + ", ".join(f"{c}: {count[c]}" for c in CLASSES) + "\n", done.stdout)
        text = read("draw.svg").decode()
        root = ElementTree.fromstring(text)
        notes = [e.text for e in root.iter() if e.tag.endswith("title") and "largest weight" in (e.text or "")]
        self.assertEqual(len(notes), 8)
        self.assertRegex(notes[0], r"^a<b, head 0: k [\d.]+ ")
        self.assertNotIn("http", re.sub(r"http://www.w3.org/2000/svg", "", text))
        self.bad(6, "draw.svg: exists; --force", "inspect", "--heads=draw.npz", "--plot=draw.svg")
        self.bad(2, "is both input and output", "inspect", "--heads=draw.npz", "--plot=draw.npz", "--force")

    def test_wrong_words(self):
        self.bad(2, "--plot: is for --heads", "inspect", "a.h5", "--plot=a.svg")
        self.bad(2, "--causal: is for --heads", "inspect", "a.h5", "--causal")
        self.bad(2, "takes no other files", "inspect", "--heads=a.npz", "a.h5")
        self.bad(2, "takes a dataset, a model or a run; or --heads=FILE", "inspect")

    # ---- a real transformer ----

    @unittest.skipIf(not os.path.exists(REAL), "no fixtures")
    def test_text_recogniser(self):
        layers = {layer["layer"]: layer for layer in self.heads(f"--heads={REAL}")["layers"]}
        with open(REAL.replace(".npz", ".expected.csv"), encoding="utf-8") as file:
            expected = list(csv.DictReader(file))
        self.assertEqual(len(expected), sum(len(layer["heads"]) for layer in layers.values()))
        for row in expected:
            head = layers[row["layer"]]["heads"][int(row["head"])]
            self.assertEqual([head["k"][1], head["class"], str(layers[row["layer"]]["n_keys"])],
                             [float(row["k_median"]), row["class"], row["n"]])
            np.testing.assert_allclose(head["k"], [float(row[c]) for c in ("k_q10", "k_median", "k_q90")], rtol=1e-12)
            np.testing.assert_allclose((head["entropy"], head["largest_weight"]), (float(row["entropy"]), float(row["max"])), atol=6e-5)

    # ---- damaged and hostile files ----

    def refused(self, path, words, code=3, *flags):
        with self.subTest(path):
            done = run("inspect", f"--heads={path}", *flags)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertEqual(done.stdout, "")
            lines = [line for line in done.stderr.splitlines() if line.startswith("hopsack: ")]
            self.assertEqual(len(lines), 1, done.stderr)
            self.assertRegex(lines[0], words)

    def npy(self, path, header, body=b"\0" * 96, version=1):
        text = header.encode()
        length = struct.pack("<H" if version == 1 else "<I", len(text))
        with open(path, "wb") as file:
            file.write(b"\x93NUMPY" + bytes([version, 0]) + length + text + body)

    def test_damaged_npy(self):
        good = "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }"
        np.save("ok.npy", np.full((3, 4), 0.25))
        whole = read("ok.npy")
        for cut in (0, 3, 7, 9, 40, len(whole) - 1):
            with open("cut.npy", "wb") as file:
                file.write(whole[:cut])
            self.refused("cut.npy", "cut.npy: is (cut short|no file of arrays)")
        with open("long.npy", "wb") as file:
            file.write(whole + b"x")
        self.refused("long.npy", "1 bytes follow behind its array")
        self.npy("v9.npy", good, version=9)
        self.refused("v9.npy", "version 9 of NumPy's format is not read")
        for number, change in enumerate((("'<f8'", "'<c16'"), ("'<f8'", "'|O'"), ("'<f8'", "'>f8'"), ("False", "True"), ("(3, 4)", "(3, -4)"),
                                         ("(3, 4)", "(3, 4"), ("(3, 4)", "(9223372036854775807, 9)"), ("(3, 4)", "(99999999999999999999,)"),
                                         ("'shape': (3, 4), ", ""), ("'<f8'", "[('a', '<f8')]"), ("(3, 4)", "(3, 4, 1, 1, 1, 1, 1, 1, 1)"),
                                         ("{", ""), ("}", "} x"), ("'descr'", "'desc'"), ("'<f8'", "'<f8"))):
            self.npy(f"h{number}.npy", good.replace(*change))
            self.refused(f"h{number}.npy", "is not read|big-endian|Fortran order|header is not|too large|holds records|cut short")
        np.save("fortran.npy", np.asfortranarray(np.full((3, 4), 0.25)))
        self.refused("fortran.npy", "is in Fortran order; save numpy.ascontiguousarray")
        self.npy("nul.npy", good + "\0")
        self.refused("nul.npy", "header is not")
        np.save("empty.npy", np.zeros((2, 0, 4)))
        self.refused("empty.npy", "'empty' is empty")

    def test_wrong_numbers(self):
        p = attention((2, 5, 6), 1)
        for name, value, words in (("nan", np.nan, "a weight is NaN"), ("inf", np.inf, "weights sum to inf, not 1"), ("neg", -0.1, "a weight is negative"),
                                   ("sum", 3, r"weights sum to 3\.\d+, not 1; wanted is attention after the softmax")):
            bad = p.copy()
            bad[1, 2, 3] = value
            np.save(f"{name}.npy", bad)
            self.refused(f"{name}.npy", f"{name}.npy: '{name}', sample 0, head 1, query 2: {words}")
        np.save("zero.npy", np.zeros((2, 5, 6)))
        self.refused("zero.npy", "head 0, query 0: weights sum to 0, not 1")
        np.save("int.npy", np.ones((2, 5, 6), int))
        self.refused("int.npy", "has no attention; wanted is an array")
        np.savez("qnan.npz", **{"l.q": np.full((1, 2, 3), np.nan), "l.k": np.ones((1, 2, 3))})
        self.refused("qnan.npz", "q·k is not a number")
        np.savez("fit.npz", **{"l.q": np.ones((1, 2, 3)), "l.k": np.ones((1, 2, 4))})
        self.refused("fit.npz", "'l.q' and 'l.k' do not fit")

    def test_damaged_archives(self):
        np.savez_compressed("whole.npz", a=attention((2, 30, 40), 1))
        whole = read("whole.npz")
        for cut in (4, len(whole) // 2, len(whole) - 5):
            with open("cut.npz", "wb") as file:
                file.write(whole[:cut])
            self.refused("cut.npz", "cut.npz: damaged or cut zip archive")
        flipped = bytearray(whole)
        flipped[len(whole) // 2] ^= 0xFF
        with open("flip.npz", "wb") as file:
            file.write(flipped)
        self.refused("flip.npz", "flip.npz/a.npy: (damaged in its zip archive|is cut short)|'a', sample")
        with zipfile.ZipFile("text.npz", "w") as z:
            z.writestr("a.txt", "words")
        self.refused("text.npz", "is a zip archive without an array")
        with zipfile.ZipFile("short.npz", "w") as z:
            z.writestr("a.npy", read("whole.npz")[:50])
        self.refused("short.npz", "short.npz/a.npy: its header is not that of a NumPy array")

    def test_bomb(self):
        """64 MB of zeros in 65 KB: refused at the first row, in little memory; a shape without its bytes, at once."""
        with zipfile.ZipFile("bomb.npz", "w", zipfile.ZIP_DEFLATED) as z:
            with z.open("a.npy", "w") as member:
                text = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1, 8192, 1024), }"
                member.write(b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text)
                for _ in range(64):
                    member.write(bytes(1 << 20))
        done = run("inspect", "--heads=bomb.npz")
        self.assertEqual(done.returncode, 3)
        self.assertIn("weights sum to 0", done.stderr)
        peak = re.search(r"([\d.]+) MB peak", done.stderr)
        self.assertTrue(peak is None or float(peak.group(1)) < 60, done.stderr)
        self.npy("claim.npy", "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000), }")
        self.refused("claim.npy", "cut short: its shape takes 4000000000000 bytes, 96 are there")

    def test_damaged_safetensors_and_h5(self):
        a = attention((2, 5, 6), 1)
        save_safetensors("s.safetensors", {"a": a})
        whole = read("s.safetensors")
        with open("cut.safetensors", "wb") as file:
            file.write(whole[:-9])
        self.refused("cut.safetensors", "tensor 'a' ends at byte 480 of its data, the file at 471")
        with open("json.safetensors", "wb") as file:
            file.write(whole.replace(b'"dtype"', b'"dtipe"'))
        self.refused("json.safetensors", "tensor 'a' has no 'dtype'")
        with open("f8.safetensors", "wb") as file:
            file.write(whole.replace(b'"F64"', b'"F8_E4M3"'))
        self.refused("f8.safetensors", "cut short|not sound JSON|F8_E4M3 is not supported")
        save_h5("w.h5", {"a": a})
        for cut in (600, len(read("w.h5")) - 100):
            with open("cut.h5", "wb") as file:
                file.write(read("w.h5")[:cut])
            self.refused("cut.h5", "cut.h5: ")
        with h5py.File("virtual.h5", "w") as file:
            layout = h5py.VirtualLayout(shape=(2, 5, 6), dtype="f8")
            layout[:] = h5py.VirtualSource("w.h5", "a", shape=(2, 5, 6))
            file.create_virtual_dataset("a", layout)
        self.refused("virtual.h5", "a is a virtual dataset")
        with h5py.File("lzf.h5", "w") as file:
            file.create_dataset("a", data=a, compression="lzf")
        self.refused("lzf.h5", "a is stored with filter 32000")
        with h5py.File("loop.h5", "w") as file:
            file["g/self"] = file.create_group("h")
            file["h/up"] = file["g"]
        self.refused("loop.h5", "has groups in groups, 8 and more deep")
        with h5py.File("links.h5", "w") as file:
            file["away"] = h5py.ExternalLink("w.h5", "/a")
            file["soft"] = h5py.SoftLink("/none")
        self.refused("links.h5", "has no attention")

    def test_no_such_files(self):
        with open("words.txt", "w", encoding="utf-8") as file:
            file.write("no array")
        self.refused("words.txt", "words.txt: is no file of arrays")
        self.refused("none.npz", "none.npz: No such file", 6)
        os.makedirs("folder.npz")
        self.refused("folder.npz", "is a folder")


@unittest.skipIf("no libzip" not in run("--version").stdout, f"{HOPSACK} has libzip")
class WithoutZip(Case):
    def test_named(self):
        with zipfile.ZipFile("a.npz", "w") as z:
            z.writestr("a.npy", b"")
        self.bad(3, "built without libzip; rebuild with libzip-dev", "inspect", "--heads=a.npz")


if __name__ == "__main__":
    main()
