"""From an aligned crop with a margin to the network's input, unchanged or as another camera might have taken it."""

import math

import torch
from torch.nn import functional as F

CROP, SIDE = 144, 112


def as_served(crops):
    """As in the service: N x 144 x 144 x 3 bytes -> N x 3 x 112 x 112, 0..255."""
    margin = (CROP - SIDE) // 2
    return crops[:, margin : margin + SIDE, margin : margin + SIDE].permute(0, 3, 1, 2).float()


def augmented(crops, generator):
    """Randomly turned, scaled, shifted, mirrored, blurred, coarsened, noisy, and in another light."""
    count = crops.shape[0]

    def normal(deviation):
        return torch.randn(count, generator=generator) * deviation

    def uniform(low, high):
        return low + (high - low) * torch.rand(count, generator=generator)

    def sometimes(share):
        return torch.rand(count, generator=generator) < share

    def per_image(values):
        return values.view(-1, 1, 1, 1)

    pixels = crops.permute(0, 3, 1, 2).float()
    # Landmarks of tilted heads are less precise: sometimes their crops are turned far more than those of upright heads.
    degrees = torch.where(sometimes(0.12), uniform(-30, 30), normal(5))
    angle, scale = degrees * math.pi / 180, torch.exp(normal(0.06)) * SIDE / CROP
    mirror = torch.where(sometimes(0.5), -1.0, 1.0)
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    shift_x, shift_y = normal(2.5) * 2 / CROP, normal(2.5) * 2 / CROP
    maps = torch.stack([cos * mirror, -sin, shift_x, sin * mirror, cos, shift_y], 1).view(-1, 2, 3)
    grid = F.affine_grid(maps, (count, 3, SIDE, SIDE), align_corners=False)
    pixels = F.grid_sample(pixels, grid, align_corners=False)

    fate, coarse, radius = uniform(0, 1), uniform(24, 90).int(), uniform(1, 4).int()
    for i in range(count):
        one = pixels[i : i + 1]
        if fate[i] < 0.25:
            small = F.interpolate(one, size=(int(coarse[i]),) * 2, mode="area")
            pixels[i : i + 1] = F.interpolate(small, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
        elif fate[i] < 0.4:
            r = int(radius[i])
            pixels[i : i + 1] = F.avg_pool2d(F.pad(one, (r,) * 4, mode="replicate"), 2 * r + 1, 1)

    mean = pixels.mean((1, 2, 3), keepdim=True)
    pixels = (pixels - mean) * per_image(uniform(0.75, 1.25)) + mean * per_image(uniform(0.75, 1.25))
    grey = pixels.mean(1, keepdim=True)
    colour = torch.where(sometimes(0.1), torch.zeros(count), uniform(0.7, 1.3))
    pixels = grey + (pixels - grey) * per_image(colour)
    pixels = pixels * (1 + 0.06 * torch.randn(count, 3, 1, 1, generator=generator))
    noise = uniform(0, 6) * sometimes(0.4)
    pixels = pixels + torch.randn(pixels.shape, generator=generator) * per_image(noise)
    return pixels.clamp(0, 255)


def network_input(pixels):
    """RGB, 0..255 -> BGR, about -1..1: the trunk's own normalisation (pack.json, models.recognition)."""
    return ((pixels - 127.5) / 128).flip(1)
