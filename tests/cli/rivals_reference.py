# SPDX-License-Identifier: MIT
"""The kernels of bags once more, plainly: NumPy, dictionaries and scikit-learn's logistic regression. For small data."""
import math

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

TRIM = 4
TIE = 1e-9
MASKS = {
    "kmer-3": [("xxx", "all")],
    "kmer-4": [("xxxx", "all")],
    "gap1": [("xxxx", "all"), ("x.xx", "all"), ("xx.x", "all")],
    "gapped": [(m, "all") for m in "x.xxx xx.xx xxx.x xx..xx x.xx xx.x x.x.x x..xx xx..x x...xx xx...x".split()],
    "halves": [("xxxx", "core"), ("xxxx", "left"), ("xxxx", "right")],
    "thirds": [("xxxx", "start"), ("xxxx", "middle"), ("xxxx", "end")],
}


# ---- features of k-mers ----

def belongs(section, place, span, length):
    """Whether the window that begins at `place` is of the section; the centre lies at place + span / 2."""
    centre = place + span / 2
    if section in ("core", "left", "right"):
        middle, inside = length / 2, place >= TRIM and place + span <= length - TRIM
        return inside and (section == "core" or (centre <= middle if section == "left" else centre >= middle))
    third = {"start": (0, 1), "middle": (1, 2), "end": (2, 3), "all": (0, 3)}[section]
    return third[0] * length <= 3 * centre < third[1] * length or (section in ("all", "end") and 3 * centre >= 2 * length)


def kmers_of(sequence, mask, section):
    for place in range(len(sequence) - len(mask) + 1):
        if belongs(section, place, len(mask), len(sequence)):
            yield "".join(c if m == "x" else "." for m, c in zip(mask, sequence[place:]))


def log_frequencies(bags, views):
    """[n_bag, n_feature] ln(1 + 1e5 · relative frequency within the view)"""
    rows = []
    for bag in bags:
        row = {}
        for k, (mask, section) in enumerate(views):
            count = {}
            for sequence in bag:
                for kmer in kmers_of(sequence, mask, section):
                    count[kmer] = count.get(kmer, 0) + 1
            total = sum(count.values())
            row.update({(k, kmer): math.log1p(1e5 * n / total) for kmer, n in count.items()})
        rows.append(row)
    names = {name: i for i, name in enumerate(sorted({name for row in rows for name in row}))}
    x = np.zeros((len(bags), len(names)))
    for i, row in enumerate(rows):
        x[i, [names[name] for name in row]] = list(row.values())
    return x


class KmerKernel:
    costs, powers, inner = [0.1, 1, 10, 100, 1000], [0], False

    def __init__(self, bags, views):
        self.x = log_frequencies(bags, views)

    def gram(self, train, power):
        """Inner products of all bags, standardised on the training bags."""
        x = self.x[:, self.x[train].max(0) > self.x[train].min(0)]
        phi = (x - x[train].mean(0)) / x[train].std(0)
        return phi @ phi.T


# ---- features of clones ----

def clones_of(sequence, wildcard):
    """The sequence, or its patterns with one place of any residue."""
    return [sequence[:i] + "." + sequence[i + 1:] for i in range(len(sequence))] if wildcard else [sequence]


class CloneKernel:
    costs, powers, inner = [1, 10, 100], [0.5, 0.75, 1], True

    def __init__(self, bags, wildcard=False):
        names, rows = {}, []
        for bag in bags:
            rows.append(sorted({names.setdefault(c, len(names)) for s in bag for c in clones_of(s, wildcard)}))
        self.present = np.zeros((len(bags), len(names)))
        for i, row in enumerate(rows):
            self.present[i, row] = 1
        self.size = np.array([len(set(bag)) for bag in bags], float)

    def gram(self, train, power):
        """Clones of at least two training bags, with weight ln(N / n)."""
        n = self.present[train].sum(0)
        kept = n >= 2
        phi = self.present[:, kept] * np.log(len(train) / n[kept])
        return phi @ phi.T / np.outer(self.size, self.size)**power


# ---- fits ----

def centred(k, train):
    """Of all bags: centred on the training bags, of mean diagonal 1 over them."""
    mean = k[:, train].mean(1)
    k = k - mean[:, None] - mean[None] + mean[train].mean()
    diagonal = np.diag(k)[train].mean()
    return k / diagonal if diagonal > 0 else np.zeros_like(k)


def coordinates(k, train, other):
    """Features with the kernel's inner products."""
    value, vector = np.linalg.eigh(k[np.ix_(train, train)])
    kept = value > 1e-13 * max(value[-1], 1e-300)
    root = np.sqrt(value[kept])
    return vector[:, kept] * root, k[np.ix_(other, train)] @ (vector[:, kept] / root)


def polish(x, label, cost, weight, bias):
    """Newton steps from scikit-learn's solution, which stops at a tolerance of its own."""
    y = label.astype(float)
    c = cost * len(y) / (2 * np.where(label == 1, y.sum(), len(y) - y.sum()))
    a = np.hstack([x, np.ones((len(x), 1))])
    w, shrink = np.append(weight, bias), np.append(np.ones(x.shape[1]), 0)
    for _ in range(20):
        p = 1 / (1 + np.exp(-a @ w))
        gradient = a.T @ (c * (p - y)) + shrink * w
        step = np.linalg.solve((a.T * (c * p * (1 - p))) @ a + np.diag(shrink), gradient)
        w -= step
        if np.abs(step).max() < 1e-12 * max(1, np.abs(w).max()):
            break
    return w[:-1], w[-1]


def outputs(k, train, label, other, cost):
    """Of `other` bags, by the L2 logistic regression on the training bags."""
    x, z = coordinates(k, train, other)
    model = LogisticRegression(C=cost, class_weight="balanced", solver="newton-cholesky", tol=1e-8, max_iter=1000).fit(x, label)
    weight, bias = polish(x, label, cost, model.coef_[0], model.intercept_[0])
    found = z @ weight + bias
    assert np.allclose(found, model.decision_function(z), rtol=1e-3, atol=1e-3), "scikit-learn does not agree with itself"
    return found


def mean_area(output, label, inner):
    """Mean over the inner folds that have both classes."""
    areas = [roc_auc_score(label[inner == q], output[inner == q]) for q in np.unique(inner) if len(set(label[inner == q])) == 2]
    return np.mean(areas) if areas else math.nan


def inner_outputs(kernel, train, label, inner, power):
    """{C: outputs of the training bags by the inner fits that had not seen them}"""
    found = {c: np.zeros(len(train)) for c in kernel.costs}
    for q in np.unique(inner):
        rest, held = train[inner != q], train[inner == q]
        k = centred(kernel.gram(rest if kernel.inner else train, power), rest)
        for c in kernel.costs:
            found[c][inner == q] = outputs(k, rest, label[inner != q], held, c)
    return found


def fit(kernel, train, label, inner, test):
    """Outputs of the test bags and of the training bags (inner), and what was chosen: (power, C, inner AUC)."""
    best = None
    for power in kernel.powers:
        for cost, output in inner_outputs(kernel, train, label, inner, power).items():
            area = mean_area(output, label, inner)
            if best is None or area > best[2] + TIE * abs(best[2]):
                best = (power, cost, area, output)
    power, cost, area, output = best
    return outputs(centred(kernel.gram(train, power), train), train, label, test, cost), output, (power, cost, area)


# ---- odds of shared sequences ----

VALUES = np.array([-3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3])  # log odds ratios


class Odds:
    """public-eb: sequences [n_bag, n_clone] as bits, without a budget, a table or a list."""

    def __init__(self, bags):
        names = {}
        rows = [sorted({names.setdefault(s, len(names)) for s in bag}) for bag in bags]
        self.held = np.zeros((len(bags), len(names)))
        for row, of in zip(self.held, rows):
            row[of] = 1

    def weights(self, train, label):
        """The mean log odds ratio of each sequence: the shares of the values by EM among sequences of about the same s."""
        from scipy.stats import nchypergeom_fisher

        n1, n = int(label.sum()), len(train)
        a, s = self.held[train[label == 1]].sum(0).astype(int), self.held[train].sum(0).astype(int)
        depth, weight = self.depth(train, label), np.zeros(len(s))
        level = np.where(s >= 3, np.round(3 * np.log2(np.maximum(s, 1))), -1)
        for at in np.unique(level[s >= 3]):
            members = np.flatnonzero(level == at)
            likely = np.array([[nchypergeom_fisher.pmf(a[j], n, n1, s[j], depth * np.exp(d)) for d in VALUES] for j in members])
            share = np.where(VALUES == 0, 0.99, 0.001)
            for _ in range(200):
                before = share
                share = (share * likely / (likely @ share)[:, None]).mean(0)
                if np.abs(share - before).max() <= 1e-7:
                    break
            weight[members] = (share * likely) @ VALUES / (likely @ share)
        other = s / (n1 * depth * np.exp(weight) + n - n1)
        held, all_ = (lambda m: ((other * np.exp(weight))[m].sum(), other[m].sum())), level >= 0
        ratio, most = (held(all_)[0] + 1) / (held(all_)[1] + 1), abs(np.log(depth))
        for at in np.unique(level[all_]):
            mine = held(level == at)
            weight[level == at] -= np.clip(np.log((mine[0] + ratio) / (mine[1] + 1)), -most, most)
        return np.where(np.abs(weight) < 0.01, 0, weight)

    def mean_sizes(self, train, label):
        size = self.held[train].sum(1)
        return size[label == 1].mean(), size[label == 0].mean()

    def depth(self, train, label):
        one, other = self.mean_sizes(train, label)
        return one / other

    def outputs(self, train, label, others):
        weight, s = self.weights(train, label), self.held[train].sum(0)
        n1, n0 = label.sum(), (1 - label).sum()
        other = s / (n1 * self.depth(train, label) * np.exp(weight) + n0)
        excess = (other * (np.exp(weight) - 1)).sum() / self.mean_sizes(train, label)[1]
        return np.log((n1 + 1) / (n0 + 1)) + self.held[others] @ weight - self.held[others].sum(1) * excess


def fit_odds(odds, train, label, inner, test):
    held = np.empty(len(train))
    for q in np.unique(inner):
        held[inner == q] = odds.outputs(train[inner != q], label[inner != q], train[inner == q])
    return odds.outputs(train, label, test), held, "nothing"
