"""Networks whose whole training step is a golden: narrow ResNets, DenseNets and VGGish.

`write` is generate.py's write_network.
"""

import torch
from torchvision.models import DenseNet, densenet121, densenet201
from torchvision.models.resnet import ResNet

# Blocks that channels of 16 do not divide, a bottleneck that they do, and a transition that drops a row
# and a column: 9 pixels to 4.
NARROW_DENSENET = {"depths": (2, 3, 2), "growth": 8, "stem": 20, "bottleneck": 2}

NARROW_VGGISH = {"convolutions": ((4,), (8,), (12, 20), (16, 12)), "embeddings": (24, 20, 12)}
VGGISH = {"convolutions": ((64,), (128,), (256, 256), (512, 512)), "embeddings": (4096, 4096, 128)}


def write_narrow(folder, write):
    # Random DenseNets differ in how far rounding spreads. With this seed PyTorch's bfloat16 gradients are
    # at most half their size away from the exact ones; with others it is many times their size.
    write(
        folder, "densenet-narrow", densenet(**NARROW_DENSENET), 36, described(**NARROW_DENSENET),
        seed=12)
    write(
        folder, "vggish-narrow", VGGish((48, 32), **NARROW_VGGISH, outputs=5), (48, 32),
        described(**NARROW_VGGISH, bands=32), seed=13)


def write_full(folder, write):
    for make, depths in ((densenet121, (6, 12, 24, 16)), (densenet201, (6, 12, 48, 32))):
        write(
            folder, make.__name__, make(num_classes=8), 112,
            described(depths=depths, growth=32, stem=64, bottleneck=4), seed=9)
    write(
        folder, "vggish", VGGish((96, 64), **VGGISH, outputs=8), (96, 64),
        described(**VGGISH, bands=64), seed=14)


def densenet(depths, growth, stem, bottleneck):
    return DenseNet(growth, depths, stem, bottleneck, num_classes=8)


class NarrowResNet(ResNet):
    """torchvision's ResNet with other stage widths; names and topology are the originals."""

    def __init__(self, block, layers, widths, classes):
        self.widths = widths
        super().__init__(block, layers, num_classes=classes)
        self.fc = torch.nn.Linear(widths[3] * block.expansion, classes)

    def _make_layer(self, block, planes, blocks, stride=1, dilate=False):
        if planes == 64:  # the first stage: the stem has just been made
            self.inplanes = self.widths[0]
            self.conv1 = torch.nn.Conv2d(3, self.inplanes, 7, stride=2, padding=3, bias=False)
            self.bn1 = torch.nn.BatchNorm2d(self.inplanes)
        width = self.widths[(64, 128, 256, 512).index(planes)]
        return super()._make_layer(block, width, blocks, stride, dilate)


class VGGish(torch.nn.Module):
    """The audio network of AudioSet with the names of its port to PyTorch, and a head."""

    def __init__(self, patch, convolutions, embeddings, outputs):
        super().__init__()
        layers, channels = [], 1
        for stage in convolutions:
            for width in stage:
                layers += [torch.nn.Conv2d(channels, width, 3, padding=1), torch.nn.ReLU()]
                channels = width
            layers.append(torch.nn.MaxPool2d(2))
        self.features = torch.nn.Sequential(*layers)
        pixels = (patch[0] >> len(convolutions)) * (patch[1] >> len(convolutions))
        widths = (channels * pixels, *embeddings)
        self.embeddings = torch.nn.Sequential(*(
            layer for before, after in zip(widths, embeddings)
            for layer in (torch.nn.Linear(before, after), torch.nn.ReLU())))
        self.head = torch.nn.Linear(widths[-1], outputs)
        # generate.py leaves the biases of convolutions as they are.
        generator = torch.Generator().manual_seed(15)
        for layer in layers:
            if isinstance(layer, torch.nn.Conv2d):
                layer.bias.data.copy_(torch.randn(layer.bias.shape, generator=generator) * 0.2)

    def forward(self, patches):
        # Channels last: the weights were learned in TensorFlow.
        features = self.features(patches).permute(0, 2, 3, 1).flatten(1)
        return self.head(self.embeddings(features))


def described(**sizes):
    """As a file's metadata has it: lists with commas, lists of lists with semicolons too."""
    def text(value):
        if not isinstance(value, tuple):
            return str(value)
        return (";" if isinstance(value[0], tuple) else ",").join(map(text, value))

    return {name: text(value) for name, value in sizes.items()}
