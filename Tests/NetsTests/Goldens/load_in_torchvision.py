#!/usr/bin/env python3
"""Shows that models as we store them load in torchvision (what it lacks in modules of networks.py) and
give our logits there.

    python load_in_torchvision.py FOLDER     what ExportTests has written there
    python load_in_torchvision.py --check    ends with 0 where it could run

FOLDER holds NAME.safetensors, NAME being ours of the model, and NAME-logits.safetensors with
`images` (NHWC) or `patches` (N1HW) and the `logits` that we compute of them.
"""

import argparse
import pathlib
import sys
import types

# The CPU build of torchvision lacks the operators that this module registers shapes for.
sys.modules.setdefault("torchvision._meta_registrations", types.ModuleType("_meta"))

import torch
import torchvision
from safetensors.torch import load_file

from networks import NarrowResNet, VGGISH, VGGish

TOLERANCE = 1e-5  # of the largest logit
SUFFIX = "-logits"


def visual(name, classes):
    if name == "resnet10_x0_25":
        block = torchvision.models.resnet.BasicBlock
        return NarrowResNet(block, [1, 1, 1, 1], [16, 32, 64, 128], classes)
    return torchvision.models.get_model(name, num_classes=classes)


def difference(path):
    """Largest difference of logits, as a fraction of the largest logit."""
    expected = load_file(path.with_name(f"{path.stem}{SUFFIX}.safetensors"))
    classes = expected["logits"].shape[1]
    if path.stem == "vggish":
        samples = expected["patches"]
        model = VGGish(tuple(samples.shape[2:]), **VGGISH, outputs=classes)
    else:
        samples = expected["images"].permute(0, 3, 1, 2).contiguous()
        model = visual(path.stem, classes)
    model.load_state_dict(load_file(path), strict=True)
    with torch.no_grad():
        logits = model.eval()(samples)
    return float((logits - expected["logits"]).abs().max() / logits.abs().max())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, nargs="?", help="what ExportTests has written")
    parser.add_argument("--check", action="store_true", help="only see whether this could run")
    arguments = parser.parse_args()
    if arguments.check:
        return
    if arguments.folder is None:
        parser.error("name the folder")
    models = sorted(
        path for path in arguments.folder.glob("*.safetensors") if not path.stem.endswith(SUFFIX))
    if not models:
        sys.exit(f"{arguments.folder}: no models")
    differences = {path.stem: difference(path) for path in models}
    for name, value in differences.items():
        print(f"{name}: every tensor loads; logits differ by {value:.1e} of the largest")
    sys.exit(any(not value <= TOLERANCE for value in differences.values()))


if __name__ == "__main__":
    main()
