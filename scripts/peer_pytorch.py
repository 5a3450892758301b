#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The same network in plain PyTorch, to time `hopsack bench` against.

    scripts/peer_pytorch.py data.h5 [--threads=2] [--runs=20]

One-hot residues and three position features, divided by their standard deviation; one convolution (9 × 32), SELU, maximum
over positions; attention 2 × 32; the top tenth by attention goes through the network again, with gradients; softmax pooling,
one linear output, Adam. Prints one JSON object with the names of `hopsack bench --json`:

  pass    seconds to build the features of 100 000 sequences and rank them, without gradients
  update  seconds of one training update: 4 bags, 10 000 draws each

Needs Debian's python3-torch and python3-h5py. Nothing of hopsack depends on this file."""
import argparse
import json
import sys
import time

import h5py
import numpy as np
import torch
from torch import nn

N_LETTER, N_POSITION, KERNEL, N_KERNEL, N_UNIT = 20, 3, 9, 32, 32
TOP, N_BAG, DRAWS, PASS = 0.1, 4, 10_000, 100_000


def position_table(longest):
    """[longest + 1, longest, 3]: nearness to the start, to the end, and to the middle, of each place at each length."""
    table = np.zeros((longest + 1, longest, N_POSITION), np.float32)
    for length in range(1, longest + 1):
        t = np.linspace(1, 0, length)
        edge = np.abs(1 - 2 * t)
        first_half = np.arange(length) < (length + 1) // 2
        table[length, :length] = np.stack([edge * first_half, edge * ~first_half, 1 - edge], 1)
    return torch.from_numpy(table.astype(np.float16).astype(np.float32))


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.convolution = nn.Conv1d(N_LETTER + N_POSITION, N_KERNEL, KERNEL)
        self.attention = nn.Sequential(
            nn.Linear(N_KERNEL, N_UNIT), nn.SELU(), nn.Linear(N_UNIT, N_UNIT), nn.SELU(), nn.Linear(N_UNIT, 1)
        )
        self.output = nn.Linear(N_KERNEL, 1)

    def embed(self, x):  # [n, L, 23] → [n, 32]
        return torch.selu(self.convolution(x.transpose(1, 2))).amax(2)


class Peer:
    def __init__(self, path):
        with h5py.File(path, "r") as file:
            data = file["sampledata"]
            bounds = data["sample_sequences_start_end"][:]
            rows = int(bounds[-1, 1])
            rows = min(rows, max(PASS, int(bounds[min(N_BAG, len(bounds)) - 1, 1])))
            self.codes = torch.from_numpy(data["sequences"][:rows].astype(np.int64))  # [rows, L], -1 behind the end
            self.length = torch.from_numpy(data["seq_lens"][:rows])
        self.bags = bounds[:N_BAG]
        self.position = position_table(self.codes.shape[1])
        self.network = Network()
        self.adam = torch.optim.Adam(self.network.parameters(), lr=1e-4, eps=1e-4)
        self.target = torch.arange(len(self.bags), dtype=torch.float32).remainder(2)[:, None]

    def features(self, rows):  # [n] → [n, L, 23]
        length = self.length[rows]
        longest = max(int(length.max()), KERNEL)
        codes = self.codes[rows, :longest]
        x = torch.zeros(len(rows), longest, N_LETTER + N_POSITION)
        x[:, : codes.shape[1]].scatter_(2, codes.remainder(N_LETTER + 1)[..., None], 1)  # -1 is 20: overwritten next
        x[..., N_LETTER:] = 0
        x[:, : codes.shape[1], N_LETTER:] = self.position[length][:, :longest]
        return x.div_(x.std())

    def rank(self, x):
        with torch.no_grad():
            logit = self.network.attention(self.network.embed(x))[:, 0]
            return logit.topk(int(len(x) * TOP)).indices

    def gradient_free_pass(self):
        return self.rank(self.features(torch.arange(min(PASS, len(self.codes)))))

    def update(self):
        kept = []
        for start, end in self.bags:
            drawn = torch.randint(int(start), int(end), (DRAWS,)).unique()
            x = self.features(drawn)
            kept.append(x[self.rank(x)])
        longest = max(x.shape[1] for x in kept)
        x = torch.cat([nn.functional.pad(x, (0, 0, 0, longest - x.shape[1])) for x in kept])
        h = self.network.embed(x)
        logit = self.network.attention(h)
        sizes = [len(x) for x in kept]
        pooled = torch.stack(
            [(a.softmax(0) * z).sum(0) for a, z in zip(logit.split(sizes), h.split(sizes))]
        )
        loss = nn.functional.binary_cross_entropy_with_logits(self.network.output(pooled), self.target)
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()


def timed(work, runs):
    work()  # warm
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds)), min(seconds)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("data", help="a hopsack or DeepRC dataset (HDF5) of sequences")
    arguments.add_argument("--threads", type=int, default=2, help="default: 2")
    arguments.add_argument("--runs", type=int, default=20, help="timed repetitions of each; default: 20")
    given = arguments.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    peer = Peer(given.data)
    n = min(PASS, len(peer.codes))
    pass_median, pass_least = timed(peer.gradient_free_pass, given.runs)
    update_median, update_least = timed(peer.update, given.runs)
    json.dump(
        {
            "peer": f"PyTorch {torch.__version__}",
            "threads": given.threads,
            "runs": given.runs,
            "pass": {"n": n, "seconds": pass_median, "seconds_min": pass_least, "sequences_per_s": n / pass_median},
            "update": {"seconds": update_median, "seconds_min": update_least, "bags": len(peer.bags), "draws": DRAWS},
        },
        sys.stdout,
        indent=1,
    )
    print()


if __name__ == "__main__":
    main()
