"""Trains the quick pose on the faces that extract.ts wrote, and exports it.

python3 train.py --faces FOLDER --out quick-pose.onnx [--epochs 16] [--seed 1]

Needs PyTorch 1.13 or newer and onnx (Debian: python3-torch, python3-onnx). Faces of held-out pictures are not trained on;
how far the answers are from the pose network's is printed of those.
"""

import argparse
import csv
import math
import os
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

BATCH = 128
RATE, WEIGHT_DECAY = 2e-3, 5e-2
# If the answers for mirrored views differ by more, they show different faces, or a head whose pose cannot be told.
MOST_CONTRADICTION = 15
# Errors below this many degrees count by their square.
PRECISION = 3.0
ANGLES = ["roll", "yaw", "pitch"]
MIRRORED = np.array([-1, -1, 1], np.float32)


class QuickPose(nn.Module):
    """N x 128 x 14 x 14 features -> N x 3 degrees: roll, yaw, pitch."""

    def __init__(self, width=48, hidden=96):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(128, width, 1), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, width, 3, 2, 1, groups=width), nn.Conv2d(width, width, 1), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Flatten(), nn.Dropout(0.2), nn.Linear(width * 49, hidden), nn.ReLU(), nn.Linear(hidden, 3),
        )  # fmt: skip

    def forward(self, features):
        return self.layers(features) * 10


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)

    with open(os.path.join(args.faces, "faces.csv")) as file:
        rows = list(csv.DictReader(file))
    features = np.memmap(os.path.join(args.faces, "faces.bin"), np.float32, "r").reshape(-1, 128, 14, 14)
    angles, is_usable = targets(rows)
    is_held_out = np.array([row["held_out"] == "1" for row in rows])
    network = train(features, angles, np.nonzero(is_usable & ~is_held_out)[0], args)
    report(network, features, angles, np.nonzero(is_usable & is_held_out)[0])
    torch.onnx.export(
        network, torch.zeros(1, 128, 14, 14), args.out, opset_version=11, input_names=["features"],
        output_names=["angles"], dynamic_axes={"features": {0: "N"}, "angles": {0: "N"}},
    )  # fmt: skip


def targets(rows):
    """Angles to learn, and whether a face has some. What two mirrored views agree on, and the network's mean bias, which
    the pack's calibration takes away: so one calibration serves both."""
    angles = np.array([[float(row[name]) for name in ANGLES] for row in rows], np.float32)
    pairs = {}
    for index, row in enumerate(rows):
        pairs.setdefault((row["set"], row["image"]), []).append(index)
    pairs = np.array([pair for pair in pairs.values() if len(pair) == 2])
    seen, back = angles[pairs[:, 0]], angles[pairs[:, 1]] * MIRRORED
    agree = np.abs(seen - back).max(1) < MOST_CONTRADICTION
    bias = np.where(MIRRORED < 0, np.median((seen - back)[agree], axis=0) / 2, 0)
    print("bias of roll, yaw, pitch: " + ", ".join(f"{value:.2f}" for value in bias))
    both = (seen + back) / 2
    angles[pairs[:, 0]], angles[pairs[:, 1]] = both + bias, both * MIRRORED + bias
    usable = np.zeros(len(rows), bool)
    usable[pairs[agree].flatten()] = True
    return angles, usable


def train(features, angles, faces, args):
    """AdamW with a cosine schedule. Turned heads are few: the further one is turned, the more often it is shown."""
    network = QuickPose()
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=WEIGHT_DECAY)
    epoch = len(faces) // BATCH
    steps = args.epochs * epoch
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * step / steps))
    )
    random = np.random.default_rng(args.seed)
    turned = np.abs(angles[faces, 1:]).sum(1) / 20
    shares = (1 + np.minimum(3, turned)) / (1 + np.minimum(3, turned)).sum()
    for step in range(steps):
        if step % epoch == 0:
            order, total = random.choice(faces, len(faces), p=shares), 0.0
        at = (step % epoch) * BATCH
        chosen = np.sort(order[at : at + BATCH])
        answers = network(torch.from_numpy(np.asarray(features[chosen])))
        error = F.smooth_l1_loss(answers, torch.from_numpy(angles[chosen]), beta=PRECISION)
        optimiser.zero_grad()
        error.backward()
        optimiser.step()
        schedule.step()
        total += error.item()
        if (step + 1) % 20 == 0 or step + 1 == steps:
            print(f"step, mean loss {total / (at // BATCH + 1):.3f}: {step + 1} of {steps}", file=sys.stderr, flush=True)
    return network.eval()


def report(network, features, angles, faces):
    """The errors on held-out faces, by how far the head is turned."""
    with torch.no_grad():
        parts = [network(torch.from_numpy(np.asarray(features[part]))) for part in np.array_split(faces, 32)]
    answers = torch.cat(parts).numpy()
    errors = np.abs(answers - angles[faces])
    print("turned by\tfaces\t" + "\t".join(f"{name}: mean error, 95 %" for name in ANGLES))
    for index in (1, 2):
        for low, high in ((0, 10), (10, 20), (20, 25), (25, 30), (30, 35), (35, 45), (45, 99)):
            # By the answer, because the answer decides whether the pose network runs.
            those = (np.abs(answers[:, index]) >= low) & (np.abs(answers[:, index]) < high)
            if not those.any():
                continue
            cells = [f"{errors[those, a].mean():.1f}, {np.quantile(errors[those, a], 0.95):.1f}" for a in range(3)]
            print(f"{ANGLES[index]} {low} to {high}\t{those.sum()}\t" + "\t".join(cells))


main()
