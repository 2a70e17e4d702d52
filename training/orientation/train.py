"""Trains the orientation network on the looks that extract.ts wrote, and exports it.

python3 train.py --looks FOLDER --out orientation.onnx [--epochs 40] [--seed 1]

Needs PyTorch 1.13 or newer and onnx (Debian: python3-torch, python3-onnx). Looks at held-out photos are not trained on;
for each lowest cosine that counts as upright, the shares of those that pass are printed.
"""

import argparse
import csv
import math
import os
import sys

import numpy as np
import torch
from torch import nn

BATCH = 256
RATE, WEIGHT_DECAY = 2e-3, 5e-2
KINDS = ["upright", "turned", "side"]
# Photos as they are, by far the most in use, are one look in nine.
UPRIGHT_WEIGHT = 3.0


class Orientation(nn.Module):
    """N x 64 x 4 x 4 features -> N x 2: cosine and sine of the turn."""

    def __init__(self, hidden=64, mean=0.0, deviation=1.0):
        super().__init__()
        self.register_buffer("mean", torch.as_tensor(mean))
        self.register_buffer("deviation", torch.as_tensor(deviation))
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(1024, hidden), nn.ReLU(), nn.Dropout(0.2), nn.Linear(hidden, 2)
        )

    def forward(self, features):
        return self.layers((features - self.mean) / self.deviation)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--looks", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)

    with open(os.path.join(args.looks, "looks.csv")) as file:
        rows = list(csv.DictReader(file))
    features = np.fromfile(os.path.join(args.looks, "looks.bin"), np.float32).reshape(-1, 64, 4, 4)
    turns = np.array([float(row["turn"]) for row in rows], np.float32)
    kinds = np.array([KINDS.index(row["kind"]) for row in rows])
    is_held_out = np.array([row["held_out"] == "1" for row in rows])
    network = train(features[~is_held_out], turns[~is_held_out], kinds[~is_held_out], args.epochs)
    report(network, features[is_held_out], turns[is_held_out], kinds[is_held_out])
    torch.onnx.export(
        network, torch.zeros(1, 64, 4, 4), args.out, opset_version=11, input_names=["features"],
        output_names=["turn"], dynamic_axes={"features": {0: "N"}, "turn": {0: "N"}}, dynamo=False,
    )  # fmt: skip


def train(features, turns, kinds, epochs):
    """AdamW with a one-cycle schedule on the squared distance from the unit vector of the turn."""
    features, angles = torch.from_numpy(features), torch.from_numpy(np.deg2rad(turns))
    targets = torch.stack([angles.cos(), angles.sin()], 1)
    weights = torch.from_numpy(np.where(kinds == 0, UPRIGHT_WEIGHT, 1.0).astype(np.float32))[:, None]
    network = Orientation(mean=features.mean(0), deviation=features.std(0) + 1e-3)
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=WEIGHT_DECAY)
    epoch = len(features) // BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=epochs * epoch)
    for number in range(epochs):
        order, total = torch.randperm(len(features)), 0.0
        for batch in order[: epoch * BATCH].split(BATCH):
            loss = (weights[batch] * (network(features[batch]) - targets[batch]) ** 2).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {number + 1} of {epochs}: mean loss {total / epoch:.4f}", file=sys.stderr, flush=True)
    return network.eval()


def report(network, features, turns, kinds):
    """The errors, and what each lowest cosine of an upright face would let pass."""
    with torch.no_grad():
        answers = network(torch.from_numpy(features)).numpy()
    told = np.rad2deg(np.arctan2(answers[:, 1], answers[:, 0]))
    errors = np.abs((told - turns + 180) % 360 - 180)
    for index, kind in enumerate(KINDS):
        those = kinds == index
        part = errors[those]
        print(
            f"{kind}: {those.sum()} looks, median error {np.median(part):.1f}, 90 % {np.quantile(part, 0.9):.1f}, "
            f"more than 90 degrees {np.mean(part > 90):.2%}"
        )
    print("lowest cosine\tupright photos below it\tturned by 45 to 75 above it\tby 75 or more")
    upright, some = kinds == 0, (kinds == 1) & (np.abs(turns) > 45)
    far = some & (np.abs(turns) > 75)
    near = some & ~far
    for lowest in (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85):
        passes = answers[:, 0] >= lowest
        cells = [np.mean(~passes[upright]), np.mean(passes[near]), np.mean(passes[far])]
        print(f"{lowest}\t" + "\t".join(f"{cell:.2%}" for cell in cells))


main()
