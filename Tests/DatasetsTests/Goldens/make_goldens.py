"""Writes augmentation.json: torchvision's resizes and colour adjustments of a computed picture.

Run: python make_goldens.py (PyTorch, torchvision).
"""

import json
import pathlib
import sys
import types

import torch

# The CPU build of torchvision lacks the operators that this module registers.
sys.modules["torchvision._meta_registrations"] = types.ModuleType("none")
import torchvision.transforms.functional as F  # noqa: E402
from torchvision.transforms import v2  # noqa: E402

WIDTH, HEIGHT = 23, 17
SIDE = 17  # of the part for RandAugment


def picture():
    """[3, HEIGHT, WIDTH], 0 to 255; the tests compute the same."""
    y, x, c = torch.meshgrid(
        torch.arange(HEIGHT), torch.arange(WIDTH), torch.arange(3), indexing="ij"
    )
    return ((x * 37 + y * 91 + c * 53 + (x * y) % 29 * 5) % 256).permute(2, 0, 1).float()


def flat(image):
    return [round(v, 6) for v in image.permute(1, 2, 0).flatten().tolist()]


def resized(x, y, width, height, size):
    out = F.resized_crop(picture() / 255, y, x, height, width, [size, size], antialias=True)
    return {"crop": [x, y, width, height], "size": size, "output": flat(out)}


def operations(image):
    """Every operation of RandAugment, in the order of its list, of both signs; unsigned ones also at
    the largest strength. Fewer than 256 pixels would not be equalized."""
    augment = v2.RandAugment(interpolation=v2.InterpolationMode.BILINEAR)
    results = []
    for number, (name, (magnitudes, signed)) in enumerate(augment._AUGMENTATION_SPACE.items()):
        table = magnitudes(31, SIDE, SIDE)
        for strength in (9,) if signed or table is None else (9, 30):
            for sign in (1, -1) if signed else (1,):
                magnitude = 0.0 if table is None else sign * float(table[strength])
                result = augment._apply_image_or_video_transform(
                    image, name, magnitude, interpolation=augment.interpolation, fill=augment._fill)
                results.append({
                    "operation": number, "strength": strength, "magnitude": magnitude,
                    "output": flat(result)})
    return results


def main():
    image = picture()[:, :, :HEIGHT] / 255
    adjust = [F.adjust_brightness, F.adjust_contrast, F.adjust_saturation]
    single = [(kind, factor) for kind in range(3) for factor in (0.6, 1.45)]
    jitters = [
        {"order": [k], "factors": [f], "output": flat(adjust[k](image, f))} for k, f in single
    ]
    chained = adjust[0](adjust[2](adjust[1](image, 1.3), 0.7), 1.2)
    jitters.append({"order": [1, 2, 0], "factors": [1.3, 0.7, 1.2], "output": flat(chained)})
    goldens = {
        "resizes": [
            resized(0, 0, WIDTH, HEIGHT, 8),
            resized(3, 2, 17, 13, 9),
            resized(5, 6, 5, 4, 12),
            resized(1, 0, 16, 16, 16),
            resized(0, 0, 23, 2, 8),
        ],
        "jitters": jitters,
        "grayscale": flat(F.rgb_to_grayscale(image[:, :SIDE, :SIDE], 3)),
        "operations": operations(image[:, :SIDE, :SIDE]),
    }
    path = pathlib.Path(__file__).parent / "augmentation.json"
    path.write_text(json.dumps(goldens) + "\n")


main()
