"""Convolutions in groups of channels, depthwise ones among them, and with a bias."""

import torch.nn.functional as F

# case: (batch, in channels, height, width, out channels, kernel, stride, padding, groups, bias)
SHAPES = {
    "bias": (2, 5, 9, 7, 6, 3, 1, 1, 1, True),
    "bias-1x1-batch1": (1, 19, 1, 1, 5, 1, 1, 0, 1, True),
    "bias-aligned": (1, 16, 6, 5, 16, 3, 2, 1, 1, True),
    "groups2": (2, 6, 9, 7, 10, 3, 1, 1, 2, False),
    "groups2-aligned-bias": (1, 32, 5, 4, 32, 1, 2, 1, 2, True),
    "groups3-1x1-bias": (1, 9, 6, 5, 12, 1, 1, 0, 3, True),
    "depthwise3": (2, 16, 7, 5, 16, 3, 1, 1, 16, False),
    "depthwise3-stride2-odd": (2, 21, 6, 7, 21, 3, 2, 1, 21, False),
    "depthwise5": (1, 32, 7, 5, 32, 5, 1, 2, 32, False),
    "depthwise5-stride2": (3, 16, 8, 5, 16, 5, 2, 2, 16, False),
    "depthwise5-odd-batch1": (1, 35, 4, 9, 35, 5, 1, 2, 35, False),
    "depthwise5-stride2-small": (2, 24, 3, 2, 24, 5, 2, 2, 24, False),
    "depthwise5-bias": (2, 18, 5, 4, 18, 5, 1, 2, 18, True),
    "depthwise7-no-padding": (1, 20, 9, 7, 20, 7, 1, 0, 20, False),
    "depthwise4-stride3": (2, 16, 9, 7, 16, 4, 3, 1, 16, False),
    "depthwise-multiplier2": (2, 8, 6, 6, 16, 5, 1, 2, 8, False),
    "groups2-stride2-odd": (2, 6, 9, 7, 10, 3, 2, 1, 2, False),
    "groups3-5x5-stride2-bias": (1, 9, 8, 7, 15, 5, 2, 2, 3, True),
}


def add(cases):
    """Square kernels; attributes: stride, padding, groups."""
    for name, shape in SHAPES.items():
        batch, channels, height, width, filters, kernel, stride, padding, groups, bias = shape
        inputs = {
            "input": cases.normal(batch, channels, height, width),
            "weight": cases.normal(filters, channels // groups, kernel, kernel, deviation=0.3),
        }
        if bias:
            inputs["bias"] = cases.normal(filters)
        cases.differentiate(
            f"convolution/{name}",
            lambda input, weight, bias=None: F.conv2d(
                input, weight, bias, stride=stride, padding=padding, groups=groups),
            attributes={"stride": stride, "padding": padding, "groups": groups}, **inputs)
