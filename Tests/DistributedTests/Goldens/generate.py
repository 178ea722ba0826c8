#!/usr/bin/env python3
"""Writes rounding.json: sums of gradients that PyTorch rounds to bfloat16 with error feedback.

    python3 generate.py      needs torch

Floats are written as their bits. The file is written anew only by hand: a test never writes a golden.
"""
import json
import pathlib

import torch

STEPS, LEAVES, GROUPS, COUNT = 5, 8, 4, 40


def bits(vector):
    return vector.view(torch.int32).tolist()


def tree_sum(vectors):
    if len(vectors) == 1:
        return vectors[0]
    middle = len(vectors) // 2
    return tree_sum(vectors[:middle]) + tree_sum(vectors[middle:])


def rounded(values, error):
    whole = values + error
    result = whole.to(torch.bfloat16).to(torch.float32)
    error.copy_(whole - result)
    return result


torch.manual_seed(17)
group_errors = torch.zeros(GROUPS, COUNT)
root_error = torch.zeros(COUNT)
leaves, sums = [], []
for _ in range(STEPS):
    step = torch.randn(LEAVES, COUNT) * torch.exp(4 * torch.randn(LEAVES, COUNT))
    step[:, 0] = 1.00390625 / LEAVES  # a tie between two bfloat16 values
    share = LEAVES // GROUPS
    parts = [
        rounded(tree_sum(list(step[group * share:(group + 1) * share])), group_errors[group])
        for group in range(GROUPS)
    ]
    sums.append(bits(rounded(tree_sum(parts), root_error)))
    leaves.append([bits(leaf) for leaf in step])

path = pathlib.Path(__file__).parent / "rounding.json"
path.write_text(json.dumps({
    "groups": GROUPS, "leaves": leaves, "sums": sums,
    "groupErrors": [bits(error) for error in group_errors], "rootErrors": bits(root_error),
}, separators=(",", ":")) + "\n")
