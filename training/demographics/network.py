"""The network that tells gender, age and race from a face's pixels: the recognition trunk, tuned for these questions."""

import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).parent.parent / "appearance"))
from trunk import Branch, LAST, Trunk  # noqa: E402

OLDEST = 100
YEARS = torch.arange(OLDEST + 1).float()
# The first year of each bracket: src/attributes/age.ts.
STARTS = [0, 3, 10, 20, 30, 40, 50, 60, 70]
BRACKET_OF_YEAR = torch.bucketize(YEARS, torch.tensor(STARTS[1:]).float(), right=True)
# FairFace's seven races (faces.py) as the API's five: White, Black, Asian, Latino/Hispanic, Middle Eastern.
API_RACE = torch.tensor([0, 1, 2, 2, 2, 3, 4])
# The tensor up to which the trunk is left as it is: edges and spots are the same for every question.
FROZEN = "530"


class Demographics(nn.Module):
    """N x 3 x side x side network inputs -> logits of gender (2), age (101 years), race (7)."""

    OUTPUTS = {"gender": 2, "age": OLDEST + 1, "race": 7}

    def __init__(self, trunk: Trunk, dropout=0.3):
        super().__init__()
        names = [name for _, _, name, _ in trunk.steps]
        cut, last = names.index(FROZEN), names.index(LAST)
        self.stem = Branch(trunk.steps[: cut + 1], trunk.weights, "input", FROZEN).requires_grad_(False)
        self.body = Branch(trunk.steps[cut + 1 : last + 1], trunk.weights, FROZEN, LAST)
        self.norm = nn.BatchNorm1d(512)
        self.drop = nn.Dropout(dropout)
        self.heads = nn.ModuleDict({name: nn.Linear(512, size) for name, size in self.OUTPUTS.items()})

    def forward(self, pixels):
        with torch.no_grad():
            edges = self.stem(pixels)
        pooled = self.drop(self.norm(self.body(edges).mean((2, 3))))
        return {name: head(pooled) for name, head in self.heads.items()}


def bracket_log_probabilities(logits):
    """N x 101 logits of years -> N x 9: the probability of a bracket is the sum over its years."""
    years = F.log_softmax(logits, 1)
    return torch.stack([years[:, BRACKET_OF_YEAR == b].logsumexp(1) for b in range(len(STARTS))], 1)


def grouped(probabilities):
    """N x 7 -> N x 5: the API's races."""
    return probabilities @ F.one_hot(API_RACE).float()


class Served(nn.Module):
    """The network as the service runs it: calibrated probabilities, and the API's races."""

    def __init__(self, network, calibration):
        super().__init__()
        self.network, self.calibration = network, calibration

    def forward(self, pixels):
        logits = calibrated(self.network(pixels), self.calibration)
        return logits["gender"].softmax(1), logits["age"].softmax(1), grouped(logits["race"].softmax(1))


def calibrated(logits, calibration):
    return {name: scores / calibration[name]["temperature"] for name, scores in logits.items()}
