"""Average poolings, with windows and to given sizes, maximum poolings, and flattenings."""

import torch
import torch.nn.functional as F

# case: (batch, channels, height, width, kernel, stride, padding)
WINDOWS = {
    "2x2": (2, 16, 8, 6, 2, 2, 0),
    "2x2-odd": (2, 5, 9, 7, 2, 2, 0),
    "3x3-padded": (1, 19, 6, 5, 3, 2, 1),
    "3x3-overlapping": (3, 32, 4, 5, 3, 1, 1),
    "1x1": (2, 7, 3, 4, 1, 1, 0),
}
# The same, of at most 256 elements.
MAXIMUM_WINDOWS = {
    "2x2": (2, 16, 4, 2, 2, 2, 0),
    "2x2-odd-batch1": (1, 5, 7, 5, 2, 2, 0),
    "3x3-overlapping": (1, 7, 6, 6, 3, 1, 1),
    "3x3-stride2": (1, 19, 3, 4, 3, 2, 1),
}
# case: (batch, channels, height, width, new height, new width)
SIZES = {
    "divides": (2, 16, 8, 6, 4, 3),
    "overlapping": (2, 5, 9, 7, 4, 3),
    "one-axis-divides": (1, 24, 6, 5, 3, 2),
    "larger": (2, 19, 3, 2, 7, 7),
    "to-one": (2, 33, 5, 3, 1, 1),
    "same": (1, 3, 4, 5, 4, 5),
}


def add(cases):
    """Attributes of average poolings: kernel, stride, padding; of adaptive ones: height, width."""
    for name, (batch, channels, height, width, kernel, stride, padding) in WINDOWS.items():
        cases.differentiate(
            f"average-pooling/{name}",
            lambda input: F.avg_pool2d(input, kernel, stride, padding),
            attributes={"kernel": kernel, "stride": stride, "padding": padding},
            input=cases.normal(batch, channels, height, width))
    for name, (batch, channels, height, width, new_height, new_width) in SIZES.items():
        cases.differentiate(
            f"adaptive-average-pooling/{name}",
            lambda input: F.adaptive_avg_pool2d(input, (new_height, new_width)),
            attributes={"height": new_height, "width": new_width},
            input=cases.normal(batch, channels, height, width))
    for name, shape in {"odd": (2, 5, 3, 4), "aligned": (3, 16, 2, 3), "batch1": (1, 7, 1, 5)}.items():
        cases.differentiate(
            f"flattening/{name}", lambda input: input.flatten(1), attributes={},
            input=cases.normal(*shape))
        cases.differentiate(
            f"flattening-channels-last/{name}",
            lambda input: input.permute(0, 2, 3, 1).flatten(1), attributes={},
            input=cases.normal(*shape))
    for name, (batch, channels, height, width, kernel, stride, padding) in MAXIMUM_WINDOWS.items():
        shape = (batch, channels, height, width)
        # No two alike, and exact in bfloat16: which one is the largest is no question of rounding.
        order = torch.randperm(batch * channels * height * width, generator=cases.generator)
        cases.differentiate(
            f"max-pooling/{name}",
            lambda input: F.max_pool2d(input, kernel, stride, padding),
            attributes={"kernel": kernel, "stride": stride, "padding": padding},
            input=(order.float() / 8 - 16).reshape(shape))
