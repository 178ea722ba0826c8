"""Networks whose whole training step is a golden: DenseNets.

`write` is generate.py's write_network.
"""

from torchvision.models import DenseNet, densenet121, densenet201

# Blocks that channels of 16 do not divide, a bottleneck that they do, and a transition that drops a row
# and a column: 9 pixels to 4.
NARROW_DENSENET = {"depths": (2, 3, 2), "growth": 8, "stem": 20, "bottleneck": 2}


def write_narrow(folder, write):
    # Random DenseNets differ in how far rounding spreads. With this seed PyTorch's bfloat16 gradients are
    # at most half their size away from the exact ones; with others it is many times their size.
    write(
        folder, "densenet-narrow", densenet(**NARROW_DENSENET), 36, described(**NARROW_DENSENET),
        seed=12)


def write_full(folder, write):
    for make, depths in ((densenet121, (6, 12, 24, 16)), (densenet201, (6, 12, 48, 32))):
        write(
            folder, make.__name__, make(num_classes=8), 112,
            described(depths, growth=32, stem=64, bottleneck=4), seed=9)


def densenet(depths, growth, stem, bottleneck):
    return DenseNet(growth, depths, stem, bottleneck, num_classes=8)


def described(depths, **numbers):
    """As a file's metadata has it."""
    return {
        "depths": ",".join(map(str, depths)),
        **{name: str(value) for name, value in numbers.items()}}
