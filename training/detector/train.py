"""Tunes the detector on the pictures that pictures.ts wrote, towards the boxes that its judge finds in them.

python3 train.py --pictures FOLDER --detector published.onnx --out detector.onnx [--scenes 60000] [--seed 1]

Needs PyTorch 1.13 or newer and onnx (Debian: python3-torch, python3-onnx).
"""

import argparse
import math

import sys

import torch
from torch.nn import functional as F
from detector import Detector, anchors, corners, encode, overlaps
from scenes import SIDE, Scenes

BATCH, RATE, WEIGHT_DECAY, AVERAGE = 24, 1e-3, 1e-4, 0.998
# An anchor shows a face from the first overlap on and none below the second; in between it does not count.
FACE, NONE = 0.4, 0.3
# Anchors without a face that count, those with the largest errors: how many for each face, and for each picture.
NEGATIVES_PER_FACE, NEGATIVES_PER_PICTURE = 3, 4

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", required=True)
    parser.add_argument("--detector", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--scenes", type=int, default=60000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    # One thread each for scenes and network: two threads of one network wait for each other too much.
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    detector = Detector(args.detector).to(memory_format=torch.channels_last)
    scenes = Scenes(args.pictures, args.scenes, args.seed)
    loader = torch.utils.data.DataLoader(scenes, BATCH, num_workers=1, collate_fn=list, drop_last=True, prefetch_factor=4)
    optimiser = torch.optim.AdamW(detector.parameters(), lr=RATE, weight_decay=WEIGHT_DECAY)
    steps = len(loader)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1, (step + 1) / 100) * 0.5 * (1 + math.cos(math.pi * step / steps))
    )
    average = {name: value.clone() for name, value in detector.state_dict().items()}
    grid, sums = anchors(SIDE, SIDE), [0.0, 0.0]
    for step, batch in enumerate(loader):
        pixels = torch.stack([pixels for pixels, _ in batch]).float()
        pixels = ((pixels - 127) / 128).contiguous(memory_format=torch.channels_last)
        scores, places = loss(*detector(pixels), [boxes for _, boxes in batch], grid)
        optimiser.zero_grad()
        (scores + places).backward()
        torch.nn.utils.clip_grad_norm_(detector.parameters(), 5)
        optimiser.step()
        schedule.step()
        decay = min(AVERAGE, step / (step + 20))
        for name, value in detector.state_dict().items():
            average[name].mul_(decay).add_(value.detach(), alpha=1 - decay)
        sums = [0.98 * old + 0.02 * new.item() for old, new in zip(sums, (scores, places))]
        if step % 25 == 0 or step + 1 == steps:
            error = [value / (1 - 0.98 ** (step + 1)) for value in sums]
            print(f"step {step + 1} of {steps}: scores {error[0]:.3f}, places {error[1]:.3f}", file=sys.stderr, flush=True)
        if step % 500 == 499 or step + 1 == steps:
            own = detector.state_dict()
            own = {name: value.clone() for name, value in own.items()}
            detector.load_state_dict(average)
            detector.save(args.out)
            detector.load_state_dict(own)

def loss(logits, locations, known, grid):
    """Cross entropy of the scores, of the faces and the hardest others, and the errors of the faces' boxes, per face."""
    labels = torch.full(logits.shape[:2], -1)
    wanted = torch.zeros_like(locations)
    for index, boxes in enumerate(known):
        labels[index], wanted[index] = targets(boxes, grid)
    faces = labels == 1
    count = max(1, int(faces.sum()))
    errors = F.cross_entropy(logits.transpose(1, 2), labels.clamp(min=0), reduction="none")
    others = errors[labels == 0]
    hardest = others.topk(min(len(others), NEGATIVES_PER_FACE * count + NEGATIVES_PER_PICTURE * len(known))).values
    places = F.smooth_l1_loss(locations[faces], wanted[faces], reduction="sum")
    return (errors[faces].sum() + hardest.sum()) / count, places / count

def targets(boxes, grid):
    """For each anchor: 1 a face, 0 none, -1 either; and the location of the face."""
    labels = torch.zeros(len(grid), dtype=torch.long)
    if not len(boxes):
        return labels, torch.zeros(len(grid), 4)
    shared = overlaps(corners(grid), boxes[:, :4])
    certain = boxes[:, 4] == 1
    best, which = shared.max(1)
    labels[best >= NONE] = -1
    sure = shared[:, certain]
    if sure.shape[1]:
        best, which = sure.max(1)
        labels[best >= FACE] = 1
        # Each face has at least two anchors, however badly they fit.
        closest = sure.topk(2, 0).indices
        for face in range(sure.shape[1]):
            fits = closest[:, face][sure[closest[:, face], face] > 0.1]
            labels[fits], which[fits] = 1, face
        return labels, encode(boxes[certain, :4][which], grid)
    return labels, torch.zeros(len(grid), 4)

main()
