"""The detector (RFB-320, as published) as PyTorch: its graph's convolutions as trainable layers, its anchors, and
its export to the ONNX file."""

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional as F

# Stride, anchor sides, and how far above the middle of their cell the anchors lie: src/detection/ultraface.ts.
STRIDES = [(8, [10, 16, 24], 0), (16, [32, 48], 0), (32, [64, 96], 8), (64, [128, 192, 256], 8)]
CENTRE_VARIANCE, SIZE_VARIANCE = 0.1, 0.2


class Detector(nn.Module):
    """N x 3 x H x W network inputs -> logits N x A x 2 (background, face) and locations N x A x 4."""

    def __init__(self, path):
        super().__init__()
        self.model = onnx.load(path)
        weights = {w.name: w for w in self.model.graph.initializer}
        self.layers, self.steps = nn.ModuleDict(), []
        for node in self.model.graph.node:
            # The nodes after the last convolutions are written out below.
            joins = node.op_type == "Concat" and len(node.input) == 3 and attributes(node)["axis"] == 1
            if joins or node.op_type in ("Conv", "Relu", "Add"):
                self.steps.append((node.op_type, list(node.input), node.output[0]))
            elif node.op_type == "Mul":
                self.steps.append(("Identity", list(node.input), node.output[0]))
            if node.op_type == "Conv":
                self.layers[node.output[0]] = convolution(node, *(weights[name] for name in node.input[1:]))
        self.heads = [name for _, _, name in self.steps if self.is_head(name)]

    def is_head(self, name):
        return name in self.layers and self.layers[name].out_channels in (4, 6, 8, 12) and not any(
            name in inputs for _, inputs, _ in self.steps
        )

    def forward(self, pixels):
        values = {"input": pixels}
        for operation, inputs, name in self.steps:
            given = [values[i] for i in inputs if i in values]
            if operation == "Conv":
                values[name] = self.layers[name](given[0])
            elif operation == "Relu":
                values[name] = F.relu(given[0])
            elif operation == "Concat":
                values[name] = torch.cat(given, 1)
            else:
                values[name] = sum(given)
        # The heads come in pairs: scores, then locations, of each stride.
        flat = [values[name].permute(0, 2, 3, 1).flatten(1) for name in self.heads]
        logits, locations = torch.cat(flat[0::2], 1), torch.cat(flat[1::2], 1)
        return logits.unflatten(1, (-1, 2)), locations.unflatten(1, (-1, 4))

    def save(self, path):
        """Writes the published graph with the current weights."""
        tensors = {w.name: w for w in self.model.graph.initializer}
        for node in self.model.graph.node:
            if node.op_type != "Conv":
                continue
            layer = self.layers[node.output[0]]
            for name, value in zip(node.input[1:], (layer.weight, layer.bias)):
                tensors[name].CopyFrom(numpy_helper.from_array(value.detach().numpy(), name))
        onnx.save(self.model, path)


def attributes(node):
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def convolution(node, weight, bias):
    facts = attributes(node)
    kernel = numpy_helper.to_array(weight).copy()
    layer = nn.Conv2d(
        kernel.shape[1] * facts["group"], kernel.shape[0], kernel.shape[2], facts["strides"], facts["pads"][:2],
        facts["dilations"], facts["group"],
    )
    layer.weight.data = torch.from_numpy(kernel)
    layer.bias.data = torch.from_numpy(numpy_helper.to_array(bias).copy())
    return layer


def anchors(width, height):
    """A x 4: centre x, y and side twice, in pixels, in the order of the graph's outputs."""
    parts = []
    for stride, sizes, raised in STRIDES:
        rows, columns = -(-height // stride), -(-width // stride)
        y, x = np.meshgrid((np.arange(rows) + 0.5) * stride - raised, (np.arange(columns) + 0.5) * stride, indexing="ij")
        sides = np.broadcast_to(np.array(sizes, np.float32), (rows, columns, len(sizes)))
        centres = np.broadcast_to(np.stack([x, y], -1)[:, :, None], (rows, columns, len(sizes), 2))
        parts.append(np.concatenate([centres, sides[..., None], sides[..., None]], -1).reshape(-1, 4))
    return torch.from_numpy(np.concatenate(parts).astype(np.float32))


def corners(centred):
    """Centre and size -> x1, y1, x2, y2."""
    return torch.cat([centred[..., :2] - centred[..., 2:] / 2, centred[..., :2] + centred[..., 2:] / 2], -1)


def encode(boxes, grid):
    """x1, y1, x2, y2 in pixels -> the network's outputs for them."""
    centre, size = (boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]
    return torch.cat(
        [(centre - grid[:, :2]) / (CENTRE_VARIANCE * grid[:, 2:]), torch.log(size / grid[:, 2:]) / SIZE_VARIANCE], -1
    )


def overlaps(a, b):
    """IoU of each of A boxes with each of B: A x B."""
    inner = (torch.minimum(a[:, None, 2:], b[None, :, 2:]) - torch.maximum(a[:, None, :2], b[None, :, :2])).clamp(min=0)
    shared = inner.prod(2)
    areas_a, areas_b = ((boxes[:, 2:] - boxes[:, :2]).prod(1) for boxes in (a, b))
    return shared / (areas_a[:, None] + areas_b[None] - shared)
