#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The network of configs/mil.yaml in plain PyTorch, to time and compare `hopsack crossval configs/mil.yaml` with.

    scripts/peer_pytorch_mil.py data.h5 [--splits=FILE] [--column=seed0] [--threads=1] [--epochs=20] [--seed=0]

Instances standardised on the training bags and clipped to ±3; 2 × 64 ReLU; Hopfield pooling of 8 heads of 32 with one
learned query, β 0.1, dropout 0.75 on the association; ReLU; one linear output; AdamW 1e-3, decay 0.96 an epoch, 16 bags
an update, padded to the largest. Every fold of one split column, one after the other. Prints one JSON object: seconds of
wall clock and CPU time a fold, and the AUC of each fold's test bags after the last epoch.

Needs Debian's python3-torch, python3-sklearn and python3-h5py. Nothing of hopsack depends on this file."""
import argparse
import csv
import json
import time

import h5py
import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from torch import nn

N_UNIT, N_HEAD, HEAD_SIZE, N_OUT, BETA, DROPOUT = 64, 8, 32, 64, 0.1, 0.75


class HopfieldPooling(nn.Module):
    """Learned query, one association, three layer norms; [n_bag, n, n_in] → [n_bag, n_out]."""

    def __init__(self, n_in):
        super().__init__()
        width = N_HEAD * HEAD_SIZE
        self.query = nn.Parameter(torch.randn(1, 1, n_in) * 0.02)
        self.norm_state, self.norm_stored, self.norm_projection = (nn.LayerNorm(n_in) for _ in range(3))
        self.q, self.k, self.v = (nn.Linear(n_in, width) for _ in range(3))
        self.out = nn.Linear(width, N_OUT)
        for layer in (self.q, self.k, self.v, self.out):
            nn.init.normal_(layer.weight, std=0.02)
            nn.init.zeros_(layer.bias)

    def forward(self, x, padding):
        n_bag, n, _ = x.shape
        q = self.q(self.norm_state(self.query)).expand(n_bag, 1, -1).view(n_bag, 1, N_HEAD, HEAD_SIZE).transpose(1, 2)
        k = self.k(self.norm_stored(x)).view(n_bag, n, N_HEAD, HEAD_SIZE).transpose(1, 2)
        v = self.v(self.norm_projection(x)).view(n_bag, n, N_HEAD, HEAD_SIZE).transpose(1, 2)
        a = (BETA * q) @ k.transpose(2, 3)
        p = a.masked_fill(padding[:, None, None], float("-inf")).softmax(3)
        p = nn.functional.dropout(p, DROPOUT, self.training)
        return self.out((p @ v).transpose(1, 2).reshape(n_bag, -1))


class Network(nn.Module):
    def __init__(self, n_feat):
        super().__init__()
        self.embedding = nn.Sequential(nn.Linear(n_feat, N_UNIT), nn.ReLU(), nn.Linear(N_UNIT, N_UNIT), nn.ReLU())
        self.pooling = HopfieldPooling(N_UNIT)
        self.output = nn.Linear(N_OUT, 1)

    def forward(self, x, padding):
        return self.output(torch.relu(self.pooling(self.embedding(x), padding)))[:, 0]


def read(path):
    with h5py.File(path, "r") as file:
        x = file["sampledata/features"][:]
        bounds = file["sampledata/sample_sequences_start_end"][:]
        names = [c.decode() for c in file["metadata/column_names"][:]]
        cells = file["metadata/columns"][:]
        label = np.array([float(row[names.index("label")]) for row in cells], np.float32)
        keys = [k.decode() for k in file["metadata/sample_keys"][:]]
    return [x[a:b] for a, b in bounds], label, keys


def folds_of(arguments, label, keys):
    if not arguments.splits:
        split = StratifiedKFold(10, shuffle=True, random_state=0).split(label, label)
        return [test for _, test in split]
    with open(arguments.splits, newline="") as file:
        fold = {row["bag_id"]: int(row[arguments.column]) for row in csv.DictReader(file)}
    number = np.array([fold[key] for key in keys])
    return [np.flatnonzero(number == f) for f in range(number.max() + 1)]


def scaled(bags, train):
    x = np.concatenate([bags[b] for b in train]).astype(np.float64)
    mean, std = x.mean(0), x.std(0)
    rate = np.where(std > 1e-6, 1 / np.maximum(std, 1e-6), 0)
    return [torch.from_numpy(np.clip((bag - mean) * rate, -3, 3).astype(np.float32)) for bag in bags]


def padded(bags):
    x = nn.utils.rnn.pad_sequence(bags, batch_first=True)
    length = torch.tensor([len(bag) for bag in bags])
    return x, torch.arange(x.shape[1])[None] >= length[:, None]


def run_fold(bags, label, test, epochs, seed):
    torch.manual_seed(seed)
    train = np.setdiff1d(np.arange(len(bags)), test)
    x, y = scaled(bags, train), torch.from_numpy(label)
    network = Network(x[0].shape[1])
    adam = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.ExponentialLR(adam, 0.96)
    for _ in range(epochs):
        order = train[torch.randperm(len(train)).numpy()]
        for at in range(0, len(order), 16):
            batch = order[at : at + 16]
            out = network(*padded([x[b] for b in batch]))
            loss = nn.functional.binary_cross_entropy_with_logits(out, y[batch])
            adam.zero_grad()
            loss.backward()
            adam.step()
        schedule.step()
    network.eval()
    with torch.no_grad():
        out = network(*padded([x[b] for b in test])).numpy()
    return float(roc_auc_score(label[test], out))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("data", help="a hopsack dataset (HDF5) of dense vector bags")
    arguments.add_argument("--splits", help="table of bag_id and fold columns; default: 10 stratified folds")
    arguments.add_argument("--column", default="seed0", help="of the table; default: seed0")
    arguments.add_argument("--threads", type=int, default=1, help="default: 1")
    arguments.add_argument("--epochs", type=int, default=20, help="default: 20")
    arguments.add_argument("--seed", type=int, default=0, help="of initial weights, order and dropout; default: 0")
    arguments = arguments.parse_args()
    torch.set_num_threads(arguments.threads)
    bags, label, keys = read(arguments.data)
    folds = folds_of(arguments, label, keys)
    run_fold(bags, label, folds[0], 1, 0)  # warm
    wall, cpu = time.perf_counter(), time.process_time()
    auc = [run_fold(bags, label, test, arguments.epochs, arguments.seed) for test in folds]
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(json.dumps({"fold_seconds": wall / len(folds), "fold_cpu_seconds": cpu / len(folds), "auc": auc,
                      "auc_mean": float(np.mean(auc)), "threads": arguments.threads}))  # fmt: skip


if __name__ == "__main__":
    main()
