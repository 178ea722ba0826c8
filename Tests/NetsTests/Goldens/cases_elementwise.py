"""Operations that work element by element, and the multiplication of channels by factors."""

import torch
import torch.nn.functional as F

SHAPES = {"odd": (2, 5, 3, 4), "aligned": (1, 16, 2, 3), "vector": (3, 7)}
ACTIVATIONS = {
    "relu": F.relu, "relu6": F.relu6, "silu": F.silu, "sigmoid": torch.sigmoid,
    "tanh": torch.tanh, "gelu": F.gelu,
}


def add(cases):
    for function, apply in ACTIVATIONS.items():
        for name, shape in SHAPES.items():
            values = cases.normal(*shape, mean=0.5, deviation=3.0)
            values.flatten()[0] = 6.0  # a corner of relu6
            cases.differentiate(f"{function}/{name}", apply, attributes={}, input=values)
    shapes = {"odd": (2, 5, 9, 7), "aligned": (2, 16, 4, 3), "batch1": (1, 21, 3, 5),
              "one-pixel": (3, 35, 1, 1), "wide": (1, 69, 2, 3)}
    for name, shape in shapes.items():
        cases.differentiate(
            f"channel-multiplication/{name}",
            lambda input, factors: input * factors[:, :, None, None], attributes={},
            input=cases.normal(*shape), factors=cases.normal(*shape[:2]))
    for name, shape in {"odd": (2, 5, 3, 4), "aligned": (1, 16, 2, 3)}.items():
        cases.differentiate(
            f"residual-addition/{name}", lambda skip, branch: skip + branch, attributes={},
            skip=cases.normal(*shape), branch=cases.normal(*shape))
    for name, shape in {"batch1": (1, 19, 3, 5), "one-pixel": (2, 35, 1, 1)}.items():
        cases.differentiate(
            f"residual-addition/{name}", lambda skip, branch: skip + branch, attributes={},
            skip=cases.normal(*shape), branch=cases.normal(*shape))
