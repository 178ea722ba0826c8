"""3x3 convolutions of stride 1 with channels in multiples of 32, which have kernels of their own."""

import torch.nn.functional as F

# case: (batch, in channels, height, width, out channels)
SHAPES = {
    "odd-size": (2, 32, 7, 9, 32),
    "even-size-batch1": (1, 32, 4, 6, 32),
    "fewer-channels": (3, 64, 3, 2, 32),
    "one-pixel": (2, 32, 1, 1, 32),
}


def add(cases):
    for name, (batch, channels, height, width, filters) in SHAPES.items():
        cases.differentiate(
            f"convolution/{name}",
            lambda input, weight: F.conv2d(input, weight, padding=1),
            attributes={"stride": 1, "padding": 1, "groups": 1},
            input=cases.normal(batch, channels, height, width),
            weight=cases.normal(filters, channels, 3, 3, deviation=0.3))
