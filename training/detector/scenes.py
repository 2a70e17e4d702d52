"""Training pictures for the detector: photos that are turned, scaled, cut, combined and changed as by other cameras, with
the boxes of their faces."""

import csv
import math
import os

import numpy as np
import torch
from torch.nn import functional as F

SIDE = 320
# A face that is smaller than this, or of which less is left, need not be found; finding it is not wrong either.
SMALLEST, LEAST_VISIBLE = 7.0, 0.5


class Scenes(torch.utils.data.Dataset):
    """Item n is the same with the same seed: 3 x 320 x 320 pixels 0..255, and boxes B x 5: x1, y1, x2, y2, certain."""

    def __init__(self, folder, count, seed):
        with open(os.path.join(folder, "pictures.csv")) as file:
            self.rows = list(csv.DictReader(file))
        sizes = [int(row["width"]) * int(row["height"]) * 3 for row in self.rows]
        self.offsets = np.concatenate([[0], np.cumsum(sizes)])
        self.bytes = np.memmap(os.path.join(folder, "pictures.bin"), np.uint8, "r")
        self.boxes = [boxes(row["boxes"]) for row in self.rows]
        sets = np.array([row["set"] for row in self.rows])
        self.of_set = {name: np.nonzero(sets == name)[0] for name in sorted(set(sets))}
        self.count, self.seed = count, seed

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        random = np.random.default_rng([self.seed, index])
        cells = random.choice([1, 2, 3, 4], p=[0.45, 0.25, 0.18, 0.12])
        side = math.ceil(SIDE / cells)
        canvas, found = torch.zeros(3, SIDE, SIDE), []
        for row in range(cells):
            for column in range(cells):
                x, y = column * side, row * side
                width, height = min(side, SIDE - x), min(side, SIDE - y)
                pixels, there = self.view(random, width, height)
                canvas[:, y : y + height, x : x + width] = pixels
                there[:, :4] += np.array([x, y, x, y], np.float32)
                found.append(there)
        return seen_by_another_camera(canvas, random).to(torch.uint8), torch.from_numpy(np.concatenate(found))

    def picture(self, index):
        row = self.rows[index]
        shape = (int(row["height"]), int(row["width"]), 3)
        return torch.from_numpy(self.bytes[self.offsets[index] : self.offsets[index + 1]].reshape(shape).copy())

    def view(self, random, width, height):
        """A part of a photo, or all of it, drawn into width x height pixels."""
        chosen = random.choice(list(SHARES), p=list(SHARES.values()))
        index = random.choice(self.of_set[chosen])
        pixels, known = self.picture(index).permute(2, 0, 1).float(), self.boxes[index]
        background = None if chosen != "fairface" else self.background(random, width, height)
        sure = known[known[:, 4] == 1]
        photo = np.array([pixels.shape[2], pixels.shape[1]], np.float32)
        side = min(width, height)
        if len(sure) and random.random() < 0.85:
            box = sure[random.integers(len(sure))]
            middle, size = (box[:2] + box[2:4]) / 2, max(box[2:4] - box[:2])
            # Sizes are even on a logarithmic scale; sometimes a face is larger than its visible part.
            largest = 2.2 if random.random() < 0.12 else 0.95
            zoom = math.exp(random.uniform(math.log(max(9, 0.1 * side)), math.log(largest * side))) / size
            inside = side - size * zoom
            target = np.array([width, height]) / 2 + random.uniform(-0.5, 0.5, 2) * max(inside, 0.4 * side)
        else:
            middle, target = random.uniform(0, 1, 2) * photo, np.array([width, height]) / 2
            zoom = math.exp(random.uniform(math.log(0.25), math.log(2.5))) * side / max(photo)
        angle = tilt(random) * math.pi / 180
        mirrored = -1.0 if random.random() < 0.5 else 1.0
        turn = np.array([[math.cos(angle) * mirrored, -math.sin(angle)], [math.sin(angle) * mirrored, math.cos(angle)]])
        if background is None:
            return draw(pixels, turn, zoom, middle, target, width, height, random), known[:0]
        # Most photos are cut out around the face, softly: the detector must not learn that faces come in squares.
        shown = cut_out(pixels, sure, random) if random.random() < 0.6 else torch.ones(1, *pixels.shape[1:])
        drawn = draw(torch.cat([pixels * shown, shown * 255]), turn, zoom, middle, target, width, height, random, "zeros")
        pixels, shown = drawn[:3], drawn[3:] / 255
        return pixels + background * (1 - shown), placed(known, turn, zoom, middle, target, angle, width, height)

    def background(self, random, width, height):
        """A drawing, a pattern, or one colour."""
        kind = random.choice(["patterns", "clip-art", "animals", "colour"], p=[0.35, 0.25, 0.1, 0.3])
        if kind == "colour":
            return torch.from_numpy(random.uniform(0, 255, (3, 1, 1)).astype(np.float32)).expand(3, height, width)
        pixels = self.picture(random.choice(self.of_set[kind])).permute(2, 0, 1).float()
        middle, target = np.array([pixels.shape[2], pixels.shape[1]]) / 2, np.array([width, height]) / 2
        zoom = max(width / pixels.shape[2], height / pixels.shape[1]) * random.uniform(1, 2)
        return draw(pixels, np.eye(2), zoom, middle, target, width, height, random, "border")


# How often the pictures of each set are drawn.
SHARES = {"fairface": 0.76, "clip-art": 0.09, "animals": 0.09, "patterns": 0.06}


def cut_out(pixels, sure, random):
    """1 x H x W: 1 at the face, 0 beyond an ellipse around it; what lies between is soft."""
    height, width = pixels.shape[1:]
    box = sure[0] if len(sure) else np.array([width * 0.2, height * 0.2, width * 0.8, height * 0.8, 1])
    middle, radius = (box[:2] + box[2:4]) / 2, (box[2:4] - box[:2]) / 2 * random.uniform(1.15, 1.6)
    y, x = np.mgrid[:height, :width]
    away = np.hypot((x - middle[0]) / radius[0], (y - middle[1]) / radius[1])
    softness = random.uniform(0.02, 0.25)
    return torch.from_numpy(np.clip((1 - away) / softness + 0.5, 0, 1).astype(np.float32))[None]


def boxes(text):
    return np.array([part.split() for part in text.split(";")] if text else [], np.float32).reshape(-1, 5)


def tilt(random):
    """Degrees: most heads are upright, some are far from it."""
    kind = random.random()
    if kind < 0.55:
        return random.normal(0, 7)
    return random.uniform(-60, 60) if kind < 0.82 else random.uniform(-110, 110)


def draw(pixels, turn, zoom, middle, target, width, height, random, around=None):
    """The photo's point `middle` at `target`, turned and scaled; large photos are averaged first."""
    coarse = max(1, int(1 / zoom))
    if coarse > 1:
        pixels = F.avg_pool2d(pixels[None], coarse, ceil_mode=True, count_include_pad=False)[0]
    # Photo = middle + turn^-1 (canvas - target) / zoom, in pixels; grid_sample wants -1..1.
    back = np.linalg.inv(turn) / zoom / coarse
    offset = np.asarray(middle) / coarse - back @ target
    size = np.array([pixels.shape[2], pixels.shape[1]])
    scale = back * np.array([width, height]) / size[:, None]
    shift = (back @ np.array([width, height]) + 2 * offset) / size - 1
    grid = F.affine_grid(torch.tensor(np.c_[scale, shift][None], dtype=torch.float32), (1, 3, height, width), align_corners=False)
    around = around or ("zeros" if random.random() < 0.7 else "border")
    return F.grid_sample(pixels[None], grid, padding_mode=around, align_corners=False)[0]


def placed(known, turn, zoom, middle, target, angle, width, height):
    """The boxes in the drawn view, clipped to it; of turned faces upright ones around the same ellipse."""
    if not len(known):
        return known.copy()
    centre, size = (known[:, :2] + known[:, 2:4]) / 2, (known[:, 2:4] - known[:, :2]) * zoom
    centre = (centre - middle) @ turn.T * zoom + target
    cos, sin = math.cos(angle) ** 2, math.sin(angle) ** 2
    size = np.sqrt(np.stack([size[:, 0] ** 2 * cos + size[:, 1] ** 2 * sin, size[:, 0] ** 2 * sin + size[:, 1] ** 2 * cos], 1))
    full = np.concatenate([centre - size / 2, centre + size / 2], 1)
    seen = full.clip(0, np.array([width, height, width, height]))
    extent = seen[:, 2:] - seen[:, :2]
    share = extent.prod(1) / size.prod(1)
    certain = (known[:, 4] == 1) & (share >= LEAST_VISIBLE) & (extent.min(1) >= SMALLEST)
    there = extent.min(1) > 1
    return np.concatenate([seen, certain[:, None]], 1)[there].astype(np.float32)


def seen_by_another_camera(pixels, random):
    """Randomly blurred, coarsened, in another light, grey, noisy."""
    fate = random.random()
    if fate < 0.12:
        small = F.interpolate(pixels[None], scale_factor=random.uniform(0.4, 0.9), mode="area")
        pixels = F.interpolate(small, size=(SIDE, SIDE), mode="bilinear", align_corners=False)[0]
    elif fate < 0.22:
        pixels = F.avg_pool2d(F.pad(pixels[None], (1,) * 4, mode="replicate"), 3, 1)[0]
    mean = pixels.mean()
    pixels = (pixels - mean) * random.uniform(0.7, 1.3) + mean * random.uniform(0.65, 1.35)
    grey = pixels.mean(0, keepdim=True)
    colour = 0.0 if random.random() < 0.12 else random.uniform(0.6, 1.4)
    pixels = grey + (pixels - grey) * colour
    pixels = pixels * torch.from_numpy(random.normal(1, 0.06, (3, 1, 1)).astype(np.float32))
    if random.random() < 0.35:
        pixels = pixels + torch.from_numpy(random.standard_normal(pixels.shape, np.float32)) * random.uniform(1, 10)
    return pixels.clamp(0, 255)
