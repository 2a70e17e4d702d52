"""Trains the appearance heads on the crops that extract.ts wrote, calibrates and exports them.

python3 train.py --crops FOLDER --trunk recognition.onnx --out appearance.onnx [--epochs 12] [--views 6] [--seed 1]

Needs PyTorch 1.13 or newer and onnx (Debian: python3-torch, python3-onnx). Items that are held out are never seen here.
"""

import argparse
import csv
import math
import os
import sys
import tempfile
import zlib

import numpy as np
import torch
from augment import CROP, as_served, augmented, network_input
from heads import OLDEST, RACES, Heads, Served, loss
from trunk import Trunk

BATCH = 128
CALIBRATION_SHARE = 0.08
HEAD_RATE, BRANCH_RATE, WEIGHT_DECAY = 1e-3, 3e-4, 5e-2


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crops", required=True)
    parser.add_argument("--trunk", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--views", type=int, default=6, help="augmented views of each crop")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)

    crops, labels, names = read(args.crops)
    trunk = Trunk(args.trunk)
    with tempfile.TemporaryDirectory(dir=args.crops) as folder:
        views = features(trunk, crops, args.views, args.seed, folder)
        # One item in twelve is kept from the training for the temperatures.
        kept = np.array([zlib.crc32(name.encode()) / 2**32 < CALIBRATION_SHARE for name in names])
        heads = train(Heads(trunk.branch()), views, labels, np.nonzero(~kept)[0], args)
        temperatures = calibrate(heads, views[0], labels, np.nonzero(kept)[0])
    print("temperatures: " + ", ".join(f"{name} {value:.2f}" for name, value in temperatures.items()))
    export(Served(heads, temperatures).eval(), args.out)


def read(folder):
    """Crops (N x 144 x 144 x 3 bytes) and labels of all items that are not held out; -1: no label."""
    with open(os.path.join(folder, "crops.csv")) as file:
        rows = list(csv.DictReader(file))
    crops = np.memmap(os.path.join(folder, "crops.bin"), np.uint8, "r").reshape(-1, CROP, CROP, 3)
    chosen = [index for index, row in enumerate(rows) if row["held_out"] == "0"]
    rows = [rows[index] for index in chosen]
    readers = {
        "gender": {"Female": 0, "Male": 1}.__getitem__,
        "age": lambda text: min(OLDEST, int(text)),
        "race": RACES.index,
        "mask": int,
    }
    labels = {
        name: torch.tensor([reader(row[name]) if row[name] else -1 for row in rows])
        for name, reader in readers.items()
    }
    return crops[chosen], labels, [row["image"] for row in rows]


def features(trunk, crops, views, seed, folder):
    """The stem's features of every crop as served (view 0) and augmented, 16-bit, on disk: the stem never changes."""
    shape = (views + 1, len(crops), 128, 14, 14)
    cache = np.lib.format.open_memmap(os.path.join(folder, "features.npy"), "w+", np.float16, shape)
    for view in range(views + 1):
        generator = torch.Generator().manual_seed(seed * 1000 + view)
        for start in range(0, len(crops), BATCH):
            batch = torch.from_numpy(crops[start : start + BATCH])
            pixels = as_served(batch) if view == 0 else augmented(batch, generator)
            cache[view, start : start + BATCH] = trunk.stem(network_input(pixels)).numpy()
            progress(f"features of view {view + 1} of {views + 1}", start + len(batch), len(crops))
    return cache


def train(heads, views, labels, items, args):
    """AdamW with a cosine schedule; returns the moving average of the weights, which generalises better."""
    branch = list(heads.branch.parameters())
    own = [weight for name, weight in heads.named_parameters() if not name.startswith("branch.")]
    optimiser = torch.optim.AdamW(
        [{"params": own, "lr": HEAD_RATE}, {"params": branch, "lr": BRANCH_RATE}], weight_decay=WEIGHT_DECAY
    )
    steps = args.epochs * (len(items) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * step / steps))
    )
    random = np.random.default_rng(args.seed)
    average = {name: value.clone() for name, value in heads.state_dict().items()}
    heads.train()
    for step in range(steps):
        if step % (len(items) // BATCH) == 0:
            order, total = random.permutation(items), 0.0
        at = (step % (len(items) // BATCH)) * BATCH
        chosen = np.sort(order[at : at + BATCH])
        batch = torch.from_numpy(views[random.integers(0, len(views), BATCH), chosen]).float()
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


def calibrate(heads, view, labels, items):
    """The temperature of each output under which the kept items are likeliest (arXiv:1706.04599)."""
    with torch.no_grad():
        parts = [heads(torch.from_numpy(view[part]).float()) for part in np.array_split(items, 8)]
    logits = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    candidates = [1.05**power for power in range(-30, 50)]

    def surprise(name, temperature):
        known = labels[name][items] >= 0
        scores, truth = logits[name][known] / temperature, labels[name][items][known]
        if name == "mask":
            return torch.nn.functional.binary_cross_entropy_with_logits(scores[:, 0], truth.float())
        return torch.nn.functional.cross_entropy(scores, truth)

    return {name: min(candidates, key=lambda t, n=name: surprise(n, t).item()) for name in logits}


def export(served, path):
    torch.onnx.export(
        served, torch.zeros(1, 128, 14, 14), path, opset_version=11,
        input_names=["features"], output_names=["gender", "age", "race", "mask"],
        dynamic_axes={name: {0: "N"} for name in ("features", "gender", "age", "race", "mask")},
    )


def progress(label, done, total):
    if done == total or done % (BATCH * 8) == 0 or "step" in label and done % 20 == 0:
        print(f"{label}: {done} of {total}", file=sys.stderr, flush=True)


main()
