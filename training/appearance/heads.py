"""The network of the appearance heads, its losses, and the calibration of its probabilities."""

import torch
from torch import nn
from torch.nn import functional as F

OLDEST = 100
YEARS = torch.arange(OLDEST + 1).float()
RACES = ["White", "Black", "Asian", "Indian", "Other"]
# The groups that the service answers: people of India are the API's Asian; Other mixes several of its labels.
RACE_GROUPS = [[0], [1], [2, 3], [4]]


class Heads(nn.Module):
    """N x 128 x 14 x 14 features -> logits of gender (2), age (101), race (5), mask (1), face (1)."""

    OUTPUTS = {"gender": 2, "age": OLDEST + 1, "race": len(RACES), "mask": 1, "face": 1}

    def __init__(self, branch, dropout=0.4):
        super().__init__()
        self.branch = branch
        self.norm = nn.BatchNorm1d(512)
        self.drop = nn.Dropout(dropout)
        self.heads = nn.ModuleDict({name: nn.Linear(512, size) for name, size in self.OUTPUTS.items()})

    def forward(self, features):
        pooled = self.drop(self.norm(self.branch(features).mean((2, 3))))
        return {name: head(pooled) for name, head in self.heads.items()}


def loss(logits, labels):
    """Sum over the tasks, each over the items that have its label (-1: none)."""

    def labelled(name):
        known = labels[name] >= 0
        return logits[name][known], labels[name][known]

    total = torch.zeros(())
    for name in ("gender", "race"):
        scores, truth = labelled(name)
        if len(truth):
            total = total + F.cross_entropy(scores, truth, label_smoothing=0.05)
    scores, years = labelled("age")
    if len(years):
        total = total + age_loss(scores, years.float())
    for name in ("mask", "face"):
        scores, truth = labelled(name)
        if len(truth):
            total = total + F.binary_cross_entropy_with_logits(scores[:, 0], truth.float())
    return total


def age_loss(scores, years):
    """Towards a bell curve around the year, wider at high ages (arXiv:1611.01731), and the year as its expectation."""
    width = (2 + 0.05 * years).unsqueeze(1)
    target = torch.exp(-((YEARS - years.unsqueeze(1)) ** 2) / (2 * width**2))
    target = target / target.sum(1, keepdim=True)
    logs = F.log_softmax(scores, 1)
    expected = (logs.exp() * YEARS).sum(1)
    return 0.5 * -(target * logs).sum(1).mean() + 0.1 * F.smooth_l1_loss(expected, years, beta=3.0)


class Served(nn.Module):
    """The heads as the service runs them: calibrated probabilities, and races grouped."""

    def __init__(self, heads, temperatures):
        super().__init__()
        self.heads = heads
        self.temperatures = temperatures

    def forward(self, features):
        logits = {name: scores / self.temperatures[name] for name, scores in self.heads(features).items()}
        races = logits["race"].softmax(1)
        grouped = torch.stack([races[:, group].sum(1) for group in RACE_GROUPS], 1)
        return (
            logits["gender"].softmax(1), logits["age"].softmax(1), grouped,
            logits["mask"].sigmoid(), logits["face"].sigmoid(),
        )
