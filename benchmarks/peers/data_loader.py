#!/usr/bin/env python3
"""Times PyTorch's DataLoader with torchvision on a folder in AffectNet's layout, without training.

    python data_loader.py FOLDER --pipeline pil --workers 1

The same work as `aver-train benchmark data`: JPEG files to normalised float32 samples by
RandomResizedCrop, flip and ColorJitter. Prints one JSON object: samples a second, and a second of
processor time of all processes; the memory of all processes at the end, in which pages that they share
count once. Pipelines:

    pil      PIL decodes and transforms (torchvision.transforms): the usual recipe
    draft    the same, but PIL decodes JPEG at half the size where that is large enough
    tensor   PIL decodes, torchvision.transforms.v2 works on uint8 tensors
    io       torchvision.io decodes, transforms.v2 works on uint8 tensors

Needs torch, torchvision (with its image extension for io) and pillow.
"""

import argparse
import csv
import json
import os
import pathlib
import time

import ranks

CLASSES = 8  # 8 none, 9 uncertain and 10 no face are left out
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--training", default="training.csv", help="below FOLDER")
    parser.add_argument("--pipeline", choices=["pil", "draft", "tensor", "io"], default="pil")
    parser.add_argument("--workers", type=int, default=1, help="processes; 0 loads in this one")
    parser.add_argument("--image-size", type=int, default=112)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--crop-scale", type=float, nargs=2, default=(0.6, 1.0))
    parser.add_argument("--jitter", type=float, default=0.3)
    parser.add_argument("--seconds", type=float, default=10)
    return parser.parse_args()


def make_transform(arguments, torch, torchvision):
    """From what the pipeline decodes to a normalised float32 sample."""
    from torchvision.transforms import v2

    kind = torchvision.transforms if arguments.pipeline in ("pil", "draft") else v2
    changes = [
        kind.RandomResizedCrop(arguments.image_size, scale=arguments.crop_scale, antialias=True),
        kind.RandomHorizontalFlip(), kind.ColorJitter(*[arguments.jitter] * 3)]
    if kind is v2:
        last = [v2.ToDtype(torch.float32, scale=True)]
        first = [v2.PILToTensor()] if arguments.pipeline == "tensor" else []
    else:
        first, last = [], [kind.ToTensor()]
    return kind.Compose([*first, *changes, *last, kind.Normalize(MEAN, DEVIATION)])


class Faces:
    """The whole images of one list (their face boxes are the images)."""

    def __init__(self, arguments, transform):
        with open(arguments.folder / arguments.training, newline="") as file:
            rows = [row for row in csv.DictReader(file) if int(row["expression"]) < CLASSES]
        self.paths = [str(arguments.folder / row["subDirectory_filePath"]) for row in rows]
        self.labels = [int(row["expression"]) for row in rows]
        self.arguments, self.transform = arguments, transform

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        return self.transform(self.decode(self.paths[index])), self.labels[index]

    def decode(self, path):
        if self.arguments.pipeline == "io":
            from torchvision.io import ImageReadMode, decode_image, read_file

            return decode_image(read_file(path), ImageReadMode.RGB)
        from PIL import Image

        with Image.open(path) as image:
            if self.arguments.pipeline == "draft":
                image.draft("RGB", [2 * self.arguments.image_size] * 2)
            return image.convert("RGB")


def processor_seconds(processes):
    """User and system time of processes so far."""
    ticks = 0
    for process in processes:
        fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_mib(processes):
    """What processes take together: their proportional set sizes, of which the kernel keeps no peak."""
    kib = 0
    for process in processes:
        for line in pathlib.Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                kib += int(line.split()[1])
    return kib / 1024


def batches(loader):
    while True:
        yield from loader


def measure(arguments):
    import torch
    from torch.utils.data import DataLoader

    torchvision = ranks.import_torchvision()
    torch.set_num_threads(1)
    faces = Faces(arguments, make_transform(arguments, torch, torchvision))
    loader = DataLoader(
        faces, batch_size=arguments.batch, shuffle=True, drop_last=True,
        num_workers=arguments.workers, persistent_workers=arguments.workers > 0)
    stream = batches(loader)
    for _ in range(4 + 2 * arguments.workers):  # the queue has filled, caches are warm
        next(stream)
    processes = [os.getpid()]
    if arguments.workers:
        processes += [worker.pid for worker in loader._iterator._workers]
    samples, start, processor_start = 0, time.perf_counter(), processor_seconds(processes)
    while time.perf_counter() - start < arguments.seconds:
        images, _ = next(stream)
        samples += len(images)
    seconds = time.perf_counter() - start
    processor = processor_seconds(processes) - processor_start
    print(json.dumps({
        "program": f"PyTorch {torch.__version__} DataLoader, {arguments.pipeline}",
        "workers": arguments.workers, "image_size": arguments.image_size,
        "samples_per_second": round(samples / seconds, 1),
        "samples_per_cpu_second": round(samples / processor, 1),
        "memory_mib_per_rank": round(memory_mib(processes), 1)}))


if __name__ == "__main__":
    measure(parse_arguments())
