"""The recognition trunk (MobileFaceNet, as published) as PyTorch: a frozen stem and a trainable copy of what follows it,
cut at the tensor that pack.json calls `features` (128x14x14)."""

import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional as F

FEATURES = "features"
# The tensor before the last depthwise convolution: 512x7x7, what the embedding is made of.
LAST = "507"


class Trunk:
    """The graph's nodes in order."""

    def __init__(self, path):
        graph = onnx.load(path).graph
        self.weights = {w.name: torch.from_numpy(numpy_helper.to_array(w).copy()) for w in graph.initializer}
        self.steps = []
        for node in graph.node:
            name = node.output[0]
            if node.op_type == "PRelu":
                self.steps.append(("PRelu", [node.input[0]], name, self.weights[node.input[1]].flatten()))
            elif node.op_type in ("Conv", "Add"):
                self.steps.append((node.op_type, list(node.input), name, attributes(node)))

    def stem(self, pixels):
        """N x 3 x 112 x 112 network inputs -> N x 128 x 14 x 14 features, without gradients."""
        values = {"input": pixels.contiguous(memory_format=torch.channels_last)}
        with torch.no_grad():
            for operation, inputs, name, facts in self.steps:
                values[name] = self.apply(operation, [values.get(i, self.weights.get(i)) for i in inputs], facts)
                if name == FEATURES:
                    return values[name]
        raise ValueError(f"The graph has no tensor {FEATURES}.")

    @staticmethod
    def apply(operation, inputs, facts):
        if operation == "PRelu":
            return F.prelu(inputs[0], facts)
        if operation == "Add":
            return inputs[0] + inputs[1]
        return F.conv2d(*inputs, stride=facts["stride"], padding=facts["padding"], groups=facts["groups"])

    def branch(self):
        """A trainable copy of the layers between the features and the last 512x7x7 tensor."""
        names = [name for _, _, name, _ in self.steps]
        return Branch(self.steps[names.index(FEATURES) + 1 : names.index(LAST) + 1], self.weights, FEATURES, LAST)


class Branch(nn.Module):
    """A run of the trunk's layers, from the tensor `first` to the tensor `last`, as trainable layers."""

    def __init__(self, steps, weights, first, last):
        super().__init__()
        self.first, self.last = first, last
        self.steps = []
        self.layers = nn.ModuleDict()
        for operation, inputs, name, facts in steps:
            if operation == "Conv":
                kernel = weights[inputs[1]]
                layer = nn.Conv2d(
                    kernel.shape[1] * facts["groups"], kernel.shape[0], kernel.shape[2],
                    facts["stride"], facts["padding"], groups=facts["groups"],
                )
                layer.weight.data, layer.bias.data = kernel.clone(), weights[inputs[2]].clone()
                self.layers[name] = layer
            elif operation == "PRelu":
                self.layers[name] = PReLU(len(facts.flatten()))
                self.layers[name].weight.data = facts.flatten().clone()
            self.steps.append((inputs[: 1 if operation == "Conv" else None], name))

    def forward(self, features):
        values = {self.first: features}
        for inputs, name in self.steps:
            given = [values[i] for i in inputs]
            values[name] = self.layers[name](given[0]) if name in self.layers else given[0] + given[1]
        return values[self.last]


class PReLU(nn.PReLU):
    """As PyTorch's, whose gradient takes a third of the time of the whole training."""

    def forward(self, values):
        return fused_prelu(values, self.weight) if self.training else F.prelu(values, self.weight)


torch._dynamo.config.recompile_limit = 64


@torch.compile(dynamic=False)
def fused_prelu(values, slope):
    return torch.where(values > 0, values, values * slope.view(1, -1, 1, 1))


def attributes(node):
    """Stride, padding and groups of a convolution."""
    facts = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    return {
        "stride": facts.get("strides", [1, 1]),
        "padding": facts.get("pads", [0, 0, 0, 0])[:2],
        "groups": facts.get("group", 1),
    }
