"""Draws what may cover the lower half of a face along its 68 landmarks: masks, and what must not be taken for one.

A mask's label is 1 if it covers the mouth, and 0 if it hangs below the lip, as for everything that is not a mask.
"""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

# Everything is drawn twice as large and reduced, for smooth edges.
FINE = 2
# Landmarks (iBUG order): the jaw from ear to ear, the bridge of the nose, its base, the lips.
JAW, BRIDGE, BASE, OUTER_LIPS = slice(0, 17), slice(27, 31), slice(31, 36), slice(48, 60)

SURGICAL = [(150, 190, 215), (120, 170, 200), (175, 205, 225), (225, 232, 236), (160, 205, 190), (225, 180, 195), (40, 42, 46)]
RESPIRATOR = [(235, 235, 230), (210, 212, 210), (245, 245, 245), (60, 62, 66), (190, 205, 215)]


def covered(crop, landmarks, random):
    """One face with something drawn over it or below it: 192 x 192 x 3 bytes, 68 x 2 -> the same size, and the label."""
    kind = random.choice(list(KINDS), p=[share for _, share, _ in KINDS.values()])
    draw, _, label = KINDS[kind]
    points = landmarks + random.normal(0, 0.6, (1, 2))
    return draw(crop, points, random), label


def masked(crop, points, random, top=None):
    """A mask from the nose, or from a lower line `top` (landmarks left, middle, right), to below the chin."""
    across = points[16] - points[0]
    unit, down = across / np.linalg.norm(across), down_of(points)
    size = np.linalg.norm(across)
    first = random.integers(1, 4)
    height = random.uniform(0.15, 0.95)
    middle = points[27] + (points[30] - points[27]) * height
    left, right = points[first], points[16 - first]
    if top is not None:
        left, middle, right = top(points)
        first = 3
    reach = random.uniform(0.01, 0.08) * size
    jaw = points[first : 17 - first] + down * reach * np.sin(np.linspace(0, math.pi, 17 - 2 * first))[:, None]
    jaw = jaw + (jaw - jaw.mean(0)) * random.uniform(-0.04, 0.05)
    bulge = random.uniform(0, 0.05) * size
    upper = curve([right, middle - down * bulge * 0.3 + (right - middle) * 0.35, middle, middle + (left - middle) * 0.35 - down * bulge * 0.3, left])
    outline = np.concatenate([jaw, upper])
    style = random.choice(["surgical", "cloth", "respirator"], p=[0.5, 0.3, 0.2])
    colour = colour_of(style, random)
    layer, pen = canvas(crop)
    # The loops go to the ears, or round the head.
    strap = tuple(int(c) for c in np.clip(np.array(colour) + random.normal(0, 20, 3), 0, 255))
    if random.random() < 0.8:
        for side, (corner, low, ear) in enumerate([(left, jaw[min(2, len(jaw) - 1)], points[0]), (right, jaw[-min(3, len(jaw))], points[16])]):
            out = -unit if side == 0 else unit
            target = ear + out * random.uniform(0, 0.12) * size - down * random.uniform(0, 0.15) * size
            width = max(1, int(random.uniform(0.8, 2.2) * FINE))
            for end in (corner, low):
                pen.line([xy(end), xy(target)], fill=(*strap, 255), width=width)
    pen.polygon([xy(p) for p in outline], fill=(*colour, 255))
    texture(layer, pen, outline, style, colour, unit, down, size, random)
    return composite(crop, layer, random, shaded=True)


def colour_of(style, random):
    if style == "surgical" and random.random() < 0.85:
        base = SURGICAL[random.integers(len(SURGICAL))]
    elif style == "respirator" and random.random() < 0.85:
        base = RESPIRATOR[random.integers(len(RESPIRATOR))]
    elif random.random() < 0.35:
        base = (random.integers(10, 60),) * 3
    else:
        base = random.integers(0, 256, 3)
    return tuple(int(c) for c in np.clip(np.array(base) + random.normal(0, 10, 3), 0, 255))


def texture(layer, pen, outline, style, colour, unit, down, size, random):
    """Pleats, folds, patterns, an edge: within the outline."""
    inside = Image.new("L", layer.size, 0)
    ImageDraw.Draw(inside).polygon([xy(p) for p in outline], fill=255)
    paint = Image.new("RGBA", layer.size, (0, 0, 0, 0))
    brush = ImageDraw.Draw(paint)
    centre = outline.mean(0)
    darker = tuple(int(c * random.uniform(0.6, 0.9)) for c in colour)
    other = tuple(int(c) for c in random.integers(0, 256, 3))
    if style == "surgical":
        for offset in np.linspace(-0.2, 0.25, random.integers(2, 5)):
            middle = centre + down * (offset + random.normal(0, 0.01)) * size
            bow = curve([middle - unit * 0.5 * size, middle + down * 0.03 * size, middle + unit * 0.5 * size])
            brush.line([xy(p) for p in bow], fill=(*darker, random.integers(60, 200)), width=random.integers(1, 4))
    elif style == "respirator":
        brush.line([xy(centre - down * 0.5 * size), xy(centre + down * 0.5 * size)], fill=(*darker, 150), width=random.integers(1, 5))
        if random.random() < 0.3:
            at, r = centre + unit * random.uniform(-0.15, 0.15) * size, random.uniform(0.06, 0.1) * size
            brush.ellipse([xy(at - r), xy(at + r)], fill=(*(darker if random.random() < 0.5 else other), 255))
    else:
        pattern = random.choice(["plain", "stripes", "dots", "checks", "print"], p=[0.4, 0.2, 0.15, 0.1, 0.15])
        step = random.uniform(0.04, 0.15) * size
        turn = random.uniform(0, math.pi)
        direction = np.array([math.cos(turn), math.sin(turn)])
        normal = np.array([-direction[1], direction[0]])
        for n in range(-12, 13):
            at = centre + normal * n * step
            if pattern in ("stripes", "checks"):
                brush.line([xy(at - direction * size), xy(at + direction * size)], fill=(*other, 220), width=max(1, int(step * 0.4 * FINE)))
            if pattern == "checks":
                at = centre + direction * n * step
                brush.line([xy(at - normal * size), xy(at + normal * size)], fill=(*other, 120), width=max(1, int(step * 0.4 * FINE)))
            if pattern == "dots":
                for m in range(-12, 13):
                    spot, r = at + direction * m * step, step * 0.22
                    brush.ellipse([xy(spot - r), xy(spot + r)], fill=(*other, 230))
            if pattern == "print" and abs(n) < 4:
                spot = centre + random.normal(0, 0.12, 2) * size
                r = random.uniform(0.03, 0.14, 2) * size
                brush.ellipse([xy(spot - r), xy(spot + r)], fill=(*(int(c) for c in random.integers(0, 256, 3)), 220))
    layer.paste(paint, (0, 0), Image.composite(paint.getchannel("A"), Image.new("L", layer.size, 0), inside))
    if random.random() < 0.6:
        pen.line([xy(p) for p in [*outline, outline[0]]], fill=(*darker, 255), width=random.integers(1, 4))


def below_nose(points):
    return points[3], points[33] * 0.6 + points[51] * 0.4, points[13]


def below_lip(points):
    return points[5], points[57] * 0.6 + points[8] * 0.4, points[11]


def under_the_nose(crop, points, random):
    return masked(crop, points, random, below_nose)


def on_the_chin(crop, points, random):
    return masked(crop, points, random, below_lip)


def bare(crop, points, random):
    return crop


def hand(crop, points, random):
    """Fingers in the face's own colour, over the mouth or the chin."""
    size = np.linalg.norm(points[16] - points[0])
    skin = skin_of(crop, points) * random.uniform(0.75, 1.15)
    layer, pen = canvas(crop)
    at = points[random.choice([33, 51, 57, 8])] + random.normal(0, 0.08, 2) * size
    turn = random.uniform(-0.9, 0.9) + (math.pi if random.random() < 0.5 else 0)
    direction = np.array([math.cos(turn), math.sin(turn)])
    normal = np.array([-direction[1], direction[0]])
    width = random.uniform(0.09, 0.14) * size
    count = random.integers(1, 5)
    for finger in range(count):
        start = at + normal * (finger - (count - 1) / 2) * width * 1.05 - direction * random.uniform(0.1, 0.3) * size
        end = start + direction * random.uniform(1.0, 1.6) * size
        tone = tuple(int(c) for c in np.clip(skin * random.uniform(0.9, 1.08), 0, 255))
        edge = tuple(int(c * 0.72) for c in tone)
        for colour, thick in ((edge, width), (tone, width * 0.86)):
            pen.line([xy(start), xy(end)], fill=(*colour, 255), width=max(1, int(thick * FINE)))
            r = thick / 2
            pen.ellipse([xy(start - r), xy(start + r)], fill=(*colour, 255))
    return composite(crop, layer, random, shaded=False)


def scarf(crop, points, random):
    """Cloth round the neck, up to the chin or the lower lip."""
    size = np.linalg.norm(points[16] - points[0])
    across = (points[16] - points[0]) / size
    down = down_of(points)
    top = points[8] + (points[57] - points[8]) * random.uniform(-0.4, 0.9)
    layer, pen = canvas(crop)
    colour = colour_of("cloth", random)
    edge = curve([top - across * 0.9 * size - down * random.uniform(-0.1, 0.2) * size, top, top + across * 0.9 * size - down * random.uniform(-0.1, 0.2) * size])
    outline = np.concatenate([edge, [edge[-1] + down * 2 * size, edge[0] + down * 2 * size]])
    pen.polygon([xy(p) for p in outline], fill=(*colour, 255))
    texture(layer, pen, outline, "cloth", colour, across, down, size, random)
    return composite(crop, layer, random, shaded=True)


def beard(crop, points, random):
    """Hair from ear to ear round the mouth: strands in one dark, grey, red or fair tone."""
    size = np.linalg.norm(points[16] - points[0])
    down = down_of(points)
    tones = [(30, 24, 20), (60, 45, 35), (95, 70, 50), (150, 145, 140), (215, 212, 208), (125, 75, 45)]
    tone = np.array(tones[random.integers(len(tones))]) * random.uniform(0.8, 1.2)
    layer, _ = canvas(crop)
    first = random.integers(2, 6)
    long = random.uniform(0.0, 0.18) * size
    jaw = points[first : 17 - first] + down * long * np.sin(np.linspace(0, math.pi, 17 - 2 * first))[:, None]
    cheek = random.uniform(0.15, 0.6)
    upper = [points[16 - first], points[54] * cheek + points[16 - first] * (1 - cheek), points[35], points[33], points[31], points[48] * cheek + points[first] * (1 - cheek), points[first]]
    inside = Image.new("L", layer.size, 0)
    pen = ImageDraw.Draw(inside)
    pen.polygon([xy(p) for p in [*jaw, *upper]], fill=255)
    pen.polygon([xy(p) for p in points[OUTER_LIPS]], fill=0)
    inside = inside.filter(ImageFilter.GaussianBlur(random.uniform(1, 5)))
    grain = random.normal(0, 1, (layer.size[1] // 2, layer.size[0] // 2))
    grain = np.asarray(Image.fromarray(grain.astype(np.float32)).resize(layer.size, Image.BILINEAR))
    hair = np.clip(tone + grain[..., None] * random.uniform(8, 25), 0, 255).astype(np.uint8)
    density = np.clip(np.asarray(inside).astype(np.float32) * (random.uniform(0.45, 1.0) + 0.25 * grain), 0, 255).astype(np.uint8)
    layer = Image.merge("RGBA", [*Image.fromarray(hair).split(), Image.fromarray(density)])
    return composite(crop, layer, random, shaded=False)


def thing(crop, points, random):
    """A microphone, a cup or food in front of the mouth."""
    size = np.linalg.norm(points[16] - points[0])
    layer, pen = canvas(crop)
    colour = tuple(int(c) for c in (random.integers(10, 70, 3) if random.random() < 0.5 else random.integers(0, 256, 3)))
    at = points[random.choice([57, 8, 66])] + random.normal(0, 0.08, 2) * size
    r = random.uniform(0.08, 0.24, 2) * size
    down = down_of(points) * size
    slant = np.array([random.uniform(-0.6, 0.6), 1]) * np.linalg.norm(down)
    pen.line([xy(at), xy(at + slant)], fill=(*colour, 255), width=max(2, int(r[0] * random.uniform(0.5, 1.6) * FINE)))
    shape = pen.ellipse if random.random() < 0.7 else pen.rectangle
    shape([xy(at - r), xy(at + r)], fill=(*(int(c * random.uniform(0.6, 1)) for c in colour), 255))
    return composite(crop, layer, random, shaded=False)


def dark_glasses(crop, points, random):
    size = np.linalg.norm(points[16] - points[0])
    layer, pen = canvas(crop)
    colour = tuple(int(c) for c in random.integers(0, 60, 3))
    alpha = int(random.uniform(150, 255))
    for eye in (points[36:42], points[42:48]):
        at, r = eye.mean(0) + down_of(points) * 0.02 * size, np.array([random.uniform(0.16, 0.21), random.uniform(0.1, 0.17)]) * size
        (pen.ellipse if random.random() < 0.5 else pen.rectangle)([xy(at - r), xy(at + r)], fill=(*colour, alpha))
    pen.line([xy(points[0]), xy(points[36:42].mean(0)), xy(points[42:48].mean(0)), xy(points[16])], fill=(*colour, 255), width=3)
    return composite(crop, layer, random, shaded=False)


# What is drawn, how often, and whether it is a mask that is worn.
KINDS = {
    "mask": (masked, 0.40, 1),
    "under the nose": (under_the_nose, 0.05, 1),
    "on the chin": (on_the_chin, 0.05, 0),
    "nothing": (bare, 0.25, 0),
    "hand": (hand, 0.08, 0),
    "scarf": (scarf, 0.05, 0),
    "beard": (beard, 0.05, 0),
    "thing": (thing, 0.04, 0),
    "dark glasses": (dark_glasses, 0.03, 0),
}


def down_of(points):
    """The direction from the eyes to the chin, of length 1."""
    way = points[8] - (points[36:48].mean(0))
    return way / np.linalg.norm(way)


def skin_of(crop, points):
    """The mean colour of both cheeks."""
    spots = [points[1] * 0.5 + points[31] * 0.5, points[15] * 0.5 + points[35] * 0.5]
    tones = []
    for x, y in spots:
        x, y = int(np.clip(x, 3, crop.shape[1] - 4)), int(np.clip(y, 3, crop.shape[0] - 4))
        tones.append(crop[y - 3 : y + 4, x - 3 : x + 4].reshape(-1, 3).mean(0))
    return np.mean(tones, 0)


def curve(points, count=24):
    """A smooth line through points (a polynomial in the position along it)."""
    points = np.array(points)
    along = np.linspace(0, 1, len(points))
    wanted = np.linspace(0, 1, count)
    return np.stack([np.polyval(np.polyfit(along, points[:, axis], min(3, len(points) - 1)), wanted) for axis in (0, 1)], 1)


def canvas(crop):
    layer = Image.new("RGBA", (crop.shape[1] * FINE, crop.shape[0] * FINE), (0, 0, 0, 0))
    return layer, ImageDraw.Draw(layer)


def xy(point):
    return float(point[0] * FINE), float(point[1] * FINE)


def composite(crop, layer, random, shaded):
    """The drawing over the face; where `shaded`, in the face's own light, as cloth would be."""
    small = layer.resize((crop.shape[1], crop.shape[0]), Image.BOX)
    if random.random() < 0.5:
        small = small.filter(ImageFilter.GaussianBlur(random.uniform(0.3, 1.0)))
    drawn = np.asarray(small).astype(np.float32)
    alpha, colours = drawn[..., 3:] / 255, drawn[..., :3]
    face = crop.astype(np.float32)
    if shaded:
        light = Image.fromarray(crop).convert("L").filter(ImageFilter.GaussianBlur(random.uniform(4, 12)))
        light = np.asarray(light).astype(np.float32)[..., None]
        level = light[alpha[..., 0] > 0.5].mean() if (alpha[..., 0] > 0.5).any() else light.mean()
        strength = random.uniform(0.2, 0.9)
        colours = colours * (1 + strength * (light / max(level, 20) - 1)) * random.uniform(0.35 + 0.65 * min(1, level / 150), 1)
        colours = colours + random.normal(0, random.uniform(0, 6), colours.shape)
    return np.clip(face * (1 - alpha) + colours * alpha, 0, 255).astype(np.uint8)
