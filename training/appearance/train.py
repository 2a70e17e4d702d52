"""Trains the appearance heads on the crops that extract.ts wrote, calibrates and exports them.

python3 train.py --crops FOLDER --trunk recognition.onnx --out appearance.onnx [--epochs 12] [--views 5] [--seed 1]

Needs PyTorch 1.13 or newer and onnx (Debian: python3-torch, python3-onnx). Items that are held out are neither trained
on nor fitted to; they only show what rescoring the detector's candidates would bring.
"""

import argparse
import csv
import json
import math
import os
import sys
import tempfile
import zlib

import numpy as np
import torch
from torch.nn import functional as F
from augment import CROP, as_served, augmented, network_input
from heads import OLDEST, RACES, Heads, Served, loss
from trunk import Trunk

BATCH, CANDIDATES_OF_BATCH = 128, 48
CALIBRATION_SHARE = 0.08
OUTPUTS = ["gender", "age", "race", "mask", "face"]
HEAD_RATE, BRANCH_RATE, WEIGHT_DECAY = 1e-3, 6e-4, 1e-1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crops", required=True)
    parser.add_argument("--trunk", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--views", type=int, default=5, help="augmented views of each face")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)

    crops, labels, rows = read(args.crops)
    is_candidate = np.array([row["set"].startswith("candidates") for row in rows])
    held_out = np.array([row["held_out"] == "1" for row in rows])
    trunk = Trunk(args.trunk)
    with tempfile.TemporaryDirectory(dir=args.crops) as folder:
        views = features(trunk, crops, ~is_candidate & ~held_out, args, folder)
        # One item in twelve is kept out of training, to fit the temperatures.
        kept = np.array([zlib.crc32(row["image"].encode()) / 2**32 < CALIBRATION_SHARE for row in rows])
        learnt, kept = ~kept & ~held_out, kept & ~held_out
        faces, candidates = np.nonzero(learnt & ~is_candidate)[0], np.nonzero(learnt & is_candidate)[0]
        heads = train(Heads(trunk.branch()), views, labels, faces, candidates, args)
        temperatures = calibrate(heads, views[0], labels, np.nonzero(kept)[0])
        rescoring_fit = RescoringFit(heads, temperatures["face"], views[0], labels, rows)
        # Candidates of sizes that the service does not search are for training only, not for the fit.
        served = is_candidate & np.array(["enlarged" not in row["set"] for row in rows])
        rescoring = rescoring_fit.fit(np.nonzero(kept & served)[0])
        rescoring_fit.print_curve(np.nonzero(held_out & served)[0], rescoring)
    print("rescoring: " + json.dumps(rescoring))
    print("temperatures: " + ", ".join(f"{name} {value:.2f}" for name, value in temperatures.items()))
    export(Served(heads, temperatures).eval(), args.out)


def read(folder):
    """Crops (N x 144 x 144 x 3 bytes) and labels (-1: none) of all items, and the rows of their table."""
    with open(os.path.join(folder, "crops.csv")) as file:
        rows = list(csv.DictReader(file))
    crops = np.memmap(os.path.join(folder, "crops.bin"), np.uint8, "r").reshape(-1, CROP, CROP, 3)
    readers = {
        "gender": {"Female": 0, "Male": 1}.__getitem__,
        "age": lambda text: min(OLDEST, int(text)),
        "race": RACES.index,
        "mask": int,
        "face": int,
    }
    labels = {
        name: torch.tensor([reader(row[name]) if row[name] else -1 for row in rows])
        for name, reader in readers.items()
    }
    return crops, labels, rows


def features(trunk, crops, is_varied, args, folder):
    """The stem's features as served (view 0) and, of some, augmented; 16-bit, on disk: the stem never changes."""
    shape = (args.views + 1, len(crops), 128, 14, 14)
    cache = np.lib.format.open_memmap(os.path.join(folder, "features.npy"), "w+", np.float16, shape)
    for view in range(args.views + 1):
        generator = torch.Generator().manual_seed(args.seed * 1000 + view)
        items = np.arange(len(crops)) if view == 0 else np.nonzero(is_varied)[0]
        for start in range(0, len(items), BATCH):
            chosen = items[start : start + BATCH]
            batch = torch.from_numpy(np.asarray(crops[chosen]))
            pixels = as_served(batch) if view == 0 else augmented(batch, generator)
            cache[view, chosen] = trunk.stem(network_input(pixels)).numpy()
            progress(f"features of view {view + 1} of {args.views + 1}", start + len(batch), len(items))
    return cache


def train(heads, views, labels, faces, candidates, args):
    """AdamW with a cosine schedule, some candidates in each batch of faces; returns the moving average of the weights,
    which generalises better."""
    branch = list(heads.branch.parameters())
    own = [weight for name, weight in heads.named_parameters() if not name.startswith("branch.")]
    optimiser = torch.optim.AdamW(
        [{"params": own, "lr": HEAD_RATE}, {"params": branch, "lr": BRANCH_RATE}], weight_decay=WEIGHT_DECAY
    )
    epoch = len(faces) // BATCH
    steps = args.epochs * epoch
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * step / steps))
    )
    random = np.random.default_rng(args.seed)
    average = {name: value.clone() for name, value in heads.state_dict().items()}
    heads.train()
    for step in range(steps):
        if step % epoch == 0:
            order, total = random.permutation(faces), 0.0
        at = (step % epoch) * BATCH
        others = random.choice(candidates, CANDIDATES_OF_BATCH, replace=False)
        chosen = np.concatenate([np.sort(order[at : at + BATCH]), np.sort(others)])
        view = np.concatenate([random.integers(0, len(views), BATCH), np.zeros(len(others), int)])
        batch = torch.from_numpy(views[view, chosen]).float()
        error = loss(heads(batch), {name: values[chosen] for name, values in labels.items()})
        optimiser.zero_grad()
        error.backward()
        optimiser.step()
        schedule.step()
        total += error.item()
        remember(average, heads.state_dict(), min(0.995, step / (step + 20)))
        progress(f"step, mean loss {total / (at // BATCH + 1):.3f}", step + 1, steps)
    heads.load_state_dict(average)
    return heads.eval()


def remember(average, state, decay):
    for name, value in state.items():
        if value.dtype.is_floating_point:
            average[name].mul_(decay).add_(value.detach(), alpha=1 - decay)
        else:
            average[name].copy_(value)


class RescoringFit:
    """The detector's score and the face head's answer for each candidate, both as log odds, and how to combine them."""

    def __init__(self, heads, temperature, view, labels, rows):
        self.heads, self.temperature, self.view, self.rows = heads, temperature, view, rows
        self.truth = labels["face"].float()

    def inputs(self, items):
        with torch.no_grad():
            parts = [self.heads(torch.from_numpy(self.view[part]).float())["face"] for part in np.array_split(items, 8)]
        face = torch.cat(parts)[:, 0] / self.temperature
        scores = torch.tensor([float(self.rows[index]["score"]) for index in items]).clamp(1e-4, 1 - 1e-4)
        return torch.stack([torch.logit(scores), face, torch.ones(len(items))], 1)

    def fit(self, items):
        """A logistic regression on candidates not trained on: the probability that a candidate is a face."""
        inputs, truth = self.inputs(items), self.truth[items]
        weights = torch.zeros(3, requires_grad=True)
        optimiser = torch.optim.LBFGS([weights], max_iter=200)

        def closure():
            optimiser.zero_grad()
            error = F.binary_cross_entropy_with_logits(inputs @ weights, truth)
            error = error + 1e-3 * weights[:2].square().sum()
            error.backward()
            return error

        optimiser.step(closure)
        return dict(zip(("scoreWeight", "faceWeight", "bias"), (round(w, 3) for w in weights.tolist())))

    def print_curve(self, items, rescoring):
        """For several constants: the share of faces that pass and the share of others that do not, set by set."""
        sets = np.array([self.rows[index]["set"].removeprefix("candidates of ") for index in items])
        weights = torch.tensor([rescoring["scoreWeight"], rescoring["faceWeight"], 0.0])
        evidence, truth = (self.inputs(items) @ weights).numpy(), self.truth[items].numpy()
        names = sorted(set(sets))
        print("bias\t" + "\t".join(f"{name}: faces kept, others refused" for name in names))
        for bias in np.arange(rescoring["bias"] - 2.5, rescoring["bias"] + 1.6, 0.5):
            passes = evidence + bias > 0
            cells = []
            for name in names:
                face, other = (sets == name) & (truth == 1), (sets == name) & (truth == 0)
                kept = f"{100 * passes[face].mean():.1f} %" if face.any() else "-"
                cells.append(f"{kept}, {100 * (1 - passes[other].mean()):.1f} % of {other.sum()}")
            print(f"{bias:.2f}\t" + "\t".join(cells))


def calibrate(heads, view, labels, items):
    """The temperature of each output that maximises the likelihood of the kept items (arXiv:1706.04599)."""
    with torch.no_grad():
        parts = [heads(torch.from_numpy(view[part]).float()) for part in np.array_split(items, 8)]
    logits = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    candidates = [1.05**power for power in range(-30, 50)]

    def surprise(name, temperature):
        known = labels[name][items] >= 0
        scores, truth = logits[name][known] / temperature, labels[name][items][known]
        if name in ("mask", "face"):
            return F.binary_cross_entropy_with_logits(scores[:, 0], truth.float())
        return F.cross_entropy(scores, truth)

    return {name: min(candidates, key=lambda t, n=name: surprise(n, t).item()) for name in logits}


def export(served, path):
    torch.onnx.export(
        served, torch.zeros(1, 128, 14, 14), path, opset_version=11,
        input_names=["features"], output_names=OUTPUTS, dynamic_axes={name: {0: "N"} for name in ["features", *OUTPUTS]},
    )


def progress(label, done, total):
    if done == total or done % (BATCH * 8) == 0 or "step" in label and done % 20 == 0:
        print(f"{label}: {done} of {total}", file=sys.stderr, flush=True)


main()
