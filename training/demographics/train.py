"""Trains the network that tells gender, age and race on the faces that ../faces/extract.ts wrote, calibrates and
exports it.

python3 train.py --faces FOLDER --trunk recognition.onnx --out demographics.onnx [--epochs 10] [--seed 1]
"""

import argparse
import json
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).parent.parent / "faces"))
from faces import Faces, View, network_input  # noqa: E402
from network import (  # noqa: E402
    API_RACE, BRACKET_OF_YEAR, Demographics, Served, Trunk, YEARS, bracket_log_probabilities, calibrated, grouped,
)

BATCH, RATE, HEAD_RATE, WEIGHT_DECAY, AVERAGE = 128, 7e-4, 1.5e-3, 5e-2, 0.998
SMOOTHNESS, SMOOTHED_LABELS = 0.02, 0.05
# What the network sees: a hundred pixels of the alignment template, from the brows to the chin, in 96.
VIEW = View((56.5, 71.5), 100, 96)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", required=True)
    parser.add_argument("--trunk", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--epochs", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    faces = Faces(args.faces)
    network = Demographics(Trunk(args.trunk)).to(memory_format=torch.channels_last)
    train(network, faces, args)
    torch.save(network.state_dict(), args.out + ".pt")
    told = answers(network, faces, faces.calibration)
    calibration = calibrate(told, faces, faces.calibration)
    print("calibration: " + json.dumps(calibration))
    for name, part in (("calibration", faces.calibration), ("validation", faces.validation)):
        figures = figures_of(calibrated(answers(network, faces, part), calibration), faces, part)
        print(f"{name}: " + ", ".join(f"{key} {value:.4f}" for key, value in figures.items()))
    export(Served(network, calibration).eval(), args.out)


def train(network, faces, args):
    """AdamW with a cosine schedule. The network ends with the moving average of its weights, which generalises better."""
    body, own = list(network.body.parameters()), [*network.norm.parameters(), *network.heads.parameters()]
    optimiser = torch.optim.AdamW(
        [{"params": own, "lr": HEAD_RATE}, {"params": body, "lr": RATE}], weight_decay=WEIGHT_DECAY
    )
    epoch = len(faces.learnt) // BATCH
    steps = round(args.epochs * epoch)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1, (step + 1) / 100) * 0.5 * (1 + math.cos(math.pi * step / steps))
    )
    random, generator = np.random.default_rng(args.seed), torch.Generator().manual_seed(args.seed)
    average = {name: value.clone() for name, value in network.state_dict().items()}
    started, total = time.time(), 0.0
    for step in range(steps):
        if step % epoch == 0:
            order = random.permutation(faces.learnt)
        at = (step % epoch) * BATCH
        chosen = np.sort(order[at : at + BATCH])
        network.train()
        with torch.no_grad():
            pixels = torch.from_numpy(faces.crops[chosen]).permute(0, 3, 1, 2).float()
            pixels = network_input(VIEW.augmented(pixels, generator))
        error = loss(network(pixels), {name: values[chosen] for name, values in faces.labels.items()})
        optimiser.zero_grad()
        error.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5)
        optimiser.step()
        schedule.step()
        total = 0.98 * total + 0.02 * error.item()
        decay = min(AVERAGE, step / (step + 20))
        for name, value in network.state_dict().items():
            if value.dtype.is_floating_point:
                average[name].mul_(decay).add_(value.detach(), alpha=1 - decay)
        if (step + 1) % 25 == 0:
            left = (time.time() - started) / (step + 1) * (steps - step - 1)
            mean = total / (1 - 0.98 ** (step + 1))
            print(f"step {step + 1} of {steps}, loss {mean:.3f}, {left / 60:.0f} minutes left", file=sys.stderr, flush=True)
        if (step + 1) % (2 * epoch) == 0 and step + 1 < steps:
            own_state = {name: value.clone() for name, value in network.state_dict().items()}
            network.load_state_dict(average)
            figures = figures_of(answers(network, faces, faces.calibration), faces, faces.calibration)
            print("so far: " + ", ".join(f"{key} {value:.3f}" for key, value in figures.items()), file=sys.stderr, flush=True)
            torch.save(average, args.out + ".pt")
            network.load_state_dict(own_state)
    network.load_state_dict(average)


def loss(logits, labels):
    """Sum over the questions. Years are fitted to brackets: a bracket is as likely as its years together, and the years
    are kept smooth, because the labels say nothing about them within a bracket."""
    brackets = bracket_log_probabilities(logits["age"])
    bends = logits["age"].diff(n=2, dim=1).square().sum(1).mean()
    return (
        F.cross_entropy(logits["gender"], labels["gender"], label_smoothing=SMOOTHED_LABELS)
        + F.cross_entropy(logits["race"], labels["race"], label_smoothing=SMOOTHED_LABELS)
        + F.nll_loss(brackets, labels["age"])
        + SMOOTHNESS * bends
    )


def answers(network, faces, items):
    """Logits of faces as the service draws them."""
    network.eval()
    with torch.no_grad():
        parts = [
            network(network_input(VIEW.as_served(torch.from_numpy(faces.crops[part]))))
            for part in np.array_split(items, max(1, len(items) // BATCH))
        ]
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def calibrate(logits, faces, items):
    """The temperature of each answer that surprises least on faces not trained on."""
    candidates = [1.05**power for power in range(-20, 30)]

    def surprise(name, temperature):
        scores, truth = logits[name] / temperature, faces.labels[name][items]
        if name == "age":
            return F.nll_loss(bracket_log_probabilities(scores), truth).item()
        return F.cross_entropy(scores, truth).item()

    return {name: {"temperature": round(min(candidates, key=lambda t, n=name: surprise(n, t)), 3)} for name in logits}


def figures_of(logits, faces, items):
    labels = {name: values[items] for name, values in faces.labels.items()}
    race, truth = grouped(logits["race"].softmax(1)).argmax(1), API_RACE[labels["race"]]
    right = logits["gender"].argmax(1) == labels["gender"]
    cells = [
        right[(labels["race"] == r) & (labels["gender"] == g)].float().mean().item() for r in range(7) for g in range(2)
    ]
    years = (logits["age"].softmax(1) * YEARS).sum(1)
    of_mean = BRACKET_OF_YEAR[years.round().long()]
    likeliest = bracket_log_probabilities(logits["age"]).argmax(1)
    figures = {"gender": right.float().mean().item(), "worst cell": min(cells)}
    figures["race"] = (race == truth).float().mean().item()
    figures["mean of races"] = np.mean([(race == truth)[truth == r].float().mean().item() for r in range(5)])
    for name, bracket in (("mean year", of_mean), ("likeliest", likeliest)):
        off = (bracket - labels["age"]).abs()
        figures[f"{name} exact"] = (off == 0).float().mean().item()
        figures[f"{name} within one"] = (off <= 1).float().mean().item()
    return figures


def export(served, path):
    outputs = ["gender", "age", "race"]
    torch.onnx.export(
        served, torch.zeros(1, 3, VIEW.side, VIEW.side), path, opset_version=13, input_names=["input"],
        output_names=outputs, dynamic_axes={name: {0: "N"} for name in ["input", *outputs]}, dynamo=False,
    )


main()
