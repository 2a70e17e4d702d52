"""The faces that extract.ts wrote, and views of them: as the service draws them, or as another camera might have."""

import csv
import math
import os
import zlib

import numpy as np
import torch
from torch.nn import functional as F

SIDE = 192
# The square of the alignment template that a crop shows, in the template's pixels: wide-crop.ts.
LEFT, TOP, WIDTH = -14, -4, 140

RACES = ["White", "Black", "East Asian", "Southeast Asian", "Indian", "Latino_Hispanic", "Middle Eastern"]
BRACKETS = ["0-2", "3-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "more than 70"]
GENDERS = ["Female", "Male"]
CALIBRATION_SHARE = 0.08


class Faces:
    """Crops N x 192 x 192 x 3 bytes, landmarks N x 68 x 2 in their pixels, and the labels of all faces."""

    def __init__(self, folder):
        with open(os.path.join(folder, "faces.csv")) as file:
            self.rows = list(csv.DictReader(file))
        count = len(self.rows)
        self.crops = np.memmap(os.path.join(folder, "crops.bin"), np.uint8, "r", shape=(count, SIDE, SIDE, 3))
        self.landmarks = np.fromfile(os.path.join(folder, "landmarks.bin"), np.float32).reshape(count, 68, 2)
        self.labels = {
            name: torch.tensor([classes.index(row[name]) for row in self.rows])
            for name, classes in (("gender", GENDERS), ("race", RACES), ("age", BRACKETS))
        }
        is_validation = np.array([row["split"] == "val" for row in self.rows])
        # One face in twelve of those to train on is kept, by a hash of its name, to calibrate the probabilities on.
        kept = np.array([zlib.crc32(row["image"].encode()) / 2**32 < CALIBRATION_SHARE for row in self.rows])
        self.validation = np.nonzero(is_validation)[0]
        self.calibration = np.nonzero(kept & ~is_validation)[0]
        self.learnt = np.nonzero(~kept & ~is_validation)[0]


class View:
    """A square of the alignment template drawn as a network's input: centre and width in the template's pixels."""

    def __init__(self, centre, width, side):
        self.centre, self.width, self.side = centre, width, side

    def as_served(self, crops):
        """N x 192 x 192 x 3 bytes -> N x 3 x side x side, 0..255."""
        one = torch.ones(len(crops))
        return self.draw(crops.permute(0, 3, 1, 2).float(), 0 * one, one, one, 0 * one, 0 * one)

    def augmented(self, pixels, generator):
        """Randomly turned, scaled, shifted, mirrored, blurred, coarsened, noisy, hidden in part, and in another light.

        N x 3 x 192 x 192, 0..255 -> N x 3 x side x side.
        """
        count = len(pixels)
        random = Random(count, generator)
        # Landmarks of tilted heads are less precise: some crops are turned far more than those of upright heads.
        degrees = torch.where(random.sometimes(0.1), random.uniform(-30, 30), random.normal(5))
        mirror = torch.where(random.sometimes(0.5), -1.0, 1.0)
        pixels = self.draw(
            pixels, degrees * math.pi / 180, torch.exp(random.normal(0.06)), mirror, random.normal(2.5), random.normal(2.5)
        )
        return other_light(hidden(coarse(pixels, random), random), random)

    def draw(self, pixels, angle, scale, mirror, shift_x, shift_y):
        """Each picture seen through its own map; shifts in the template's pixels."""
        zoom = self.width / WIDTH * scale
        cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
        x, y = ((c - start) * 2 / WIDTH - 1 for c, start in zip(self.centre, (LEFT, TOP)))
        x, y = x + shift_x * 2 / WIDTH, y + shift_y * 2 / WIDTH
        maps = torch.stack([cos * mirror, -sin, x, sin * mirror, cos, y], 1).view(-1, 2, 3)
        grid = F.affine_grid(maps, (len(pixels), 3, self.side, self.side), align_corners=False)
        return F.grid_sample(pixels, grid, align_corners=False)


class Random:
    """Random numbers, one for each picture."""

    def __init__(self, count, generator):
        self.count, self.generator = count, generator

    def normal(self, deviation):
        return torch.randn(self.count, generator=self.generator) * deviation

    def uniform(self, low, high):
        return low + (high - low) * torch.rand(self.count, generator=self.generator)

    def sometimes(self, share):
        return torch.rand(self.count, generator=self.generator) < share


def per_picture(values):
    return values.view(-1, 1, 1, 1)


def coarse(pixels, random):
    """A quarter as from a smaller picture, a tenth out of focus."""
    side = pixels.shape[-1]
    fate, sides, radius = random.uniform(0, 1), random.uniform(0.22, 0.9), random.uniform(1, 3).int()
    for i in range(len(pixels)):
        one = pixels[i : i + 1]
        if fate[i] < 0.25:
            small = F.interpolate(one, size=(int(sides[i] * side),) * 2, mode="area")
            pixels[i : i + 1] = F.interpolate(small, size=(side, side), mode="bilinear", align_corners=False)
        elif fate[i] < 0.35:
            r = int(radius[i])
            pixels[i : i + 1] = F.avg_pool2d(F.pad(one, (r,) * 4, mode="replicate"), 2 * r + 1, 1)
    return pixels


def hidden(pixels, random):
    """A fifth with a rectangle of one colour over a part of the face."""
    side = pixels.shape[-1]
    chosen, width, height = random.sometimes(0.2), random.uniform(0.15, 0.45), random.uniform(0.15, 0.45)
    x, y, colours = random.uniform(-0.1, 0.9), random.uniform(-0.1, 0.9), random.uniform(0, 255)
    for i in np.nonzero(chosen.numpy())[0]:
        x1, y1 = (max(0, int(v[i] * side)) for v in (x, y))
        x2, y2 = int((x[i] + width[i]) * side), int((y[i] + height[i]) * side)
        pixels[i, :, y1:y2, x1:x2] = colours[i]
    return pixels


def other_light(pixels, random):
    mean = pixels.mean((1, 2, 3), keepdim=True)
    pixels = (pixels - mean) * per_picture(random.uniform(0.75, 1.25)) + mean * per_picture(random.uniform(0.75, 1.25))
    grey = pixels.mean(1, keepdim=True)
    colour = torch.where(random.sometimes(0.1), torch.zeros(random.count), random.uniform(0.7, 1.3))
    pixels = grey + (pixels - grey) * per_picture(colour)
    pixels = pixels * (1 + 0.06 * torch.randn(random.count, 3, 1, 1, generator=random.generator))
    noise = random.uniform(0, 6) * random.sometimes(0.4)
    return (pixels + torch.randn(pixels.shape, generator=random.generator) * per_picture(noise)).clamp(0, 255)


def network_input(pixels):
    """RGB, 0..255 -> BGR, about -1..1: the trunk's own normalisation (pack.json, models.recognition)."""
    return ((pixels - 127.5) / 128).flip(1).contiguous(memory_format=torch.channels_last)
