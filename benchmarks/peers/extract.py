#!/usr/bin/env python3
"""Extracts features of a folder of images with PyTorch, as people do: DataLoader, torchvision, eager or compiled.

    python extract.py IMAGES OUT.npy --model resnet18 --image-size 112 --mode bf16-autocast --workers 2

Weights are random: they change nothing of the time. Writes the features in the order of the names and
prints one JSON object: seconds from the start of the program to its end, and images per second of that.
Needs torch, torchvision, Pillow and numpy.
"""

import argparse
import json
import pathlib
import sys
import time
import types

began = time.perf_counter()

import numpy  # noqa: E402
import torch  # noqa: E402

# The CPU build of torch lacks operators that torchvision would describe.
sys.modules.setdefault("torchvision._meta_registrations", types.ModuleType("empty"))
import torchvision  # noqa: E402
import torchvision.transforms.v2  # noqa: E402
from PIL import Image  # noqa: E402


class Images(torch.utils.data.Dataset):
    def __init__(self, folder, size):
        self.files = sorted(
            path for path in pathlib.Path(folder).rglob("*")
            if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
        self.size = size
        self.transform = torchvision.transforms.v2.Compose([
            torchvision.transforms.v2.Resize((size, size), antialias=True),
            torchvision.transforms.v2.PILToTensor(),
            torchvision.transforms.v2.ToDtype(torch.float32, scale=True),
            torchvision.transforms.v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ])

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        with Image.open(self.files[index]) as image:
            # Lets libjpeg leave out what the small picture does not need.
            image.draft("RGB", (2 * self.size, 2 * self.size))
            return self.transform(image.convert("RGB"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images")
    parser.add_argument("output")
    parser.add_argument("--model", default="resnet18")
    parser.add_argument("--image-size", type=int, default=112)
    parser.add_argument("--mode", choices=["f32", "bf16-autocast", "bf16-weights"], default="f32")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    model = getattr(torchvision.models, arguments.model)(weights=None)
    model.fc = torch.nn.Identity()
    model = model.eval().to(memory_format=torch.channels_last)
    if arguments.mode == "bf16-weights":
        model = model.to(torch.bfloat16)
    data = Images(arguments.images, arguments.image_size)
    loader = torch.utils.data.DataLoader(
        data, batch_size=arguments.batch, num_workers=arguments.workers, prefetch_factor=4)
    features = []
    with torch.inference_mode(), torch.autocast(
            "cpu", dtype=torch.bfloat16, enabled=arguments.mode == "bf16-autocast"):
        for images in loader:
            images = images.to(memory_format=torch.channels_last)
            if arguments.mode == "bf16-weights":
                images = images.to(torch.bfloat16)
            features.append(model(images).float().numpy())
    numpy.save(arguments.output, numpy.concatenate(features))
    seconds = time.perf_counter() - began
    print(json.dumps({"images": len(data), "seconds": seconds, "images_per_second": len(data) / seconds}))


if __name__ == "__main__":
    main()
