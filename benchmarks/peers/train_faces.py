#!/usr/bin/env python3
"""The teacher's recipe in plain PyTorch, for comparison: ResNet on a CSV in AffectNet's layout.

    python train_faces.py FOLDER --epochs 16

FOLDER holds training.csv, validation.csv and the images that they name. Trains with
DistributedDataParallel (gloo) on CPU ranks and prints one JSON object per epoch: loss, accuracy on
the validation set (8 classes), images per second. Needs torch, torchvision and pillow.
"""

import argparse
import csv
import json
import math
import pathlib
import time

import ranks

CLASSES = 8  # 8 none, 9 uncertain and 10 no face are left out
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--training", default="training.csv", help="below FOLDER")
    parser.add_argument("--validation", default="validation.csv", help="below FOLDER")
    parser.add_argument("--model", default="resnet18")
    parser.add_argument("--image-size", type=int, default=112)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1, help="per rank")
    parser.add_argument("--workers", type=int, default=1, help="data loading processes per rank")
    parser.add_argument("--batch-per-rank", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--max-steps", type=int, help="end every epoch early (for a smoke test)")
    parser.add_argument("--learning-rate", type=float, default=0.05)
    parser.add_argument("--warm-up-epochs", type=float, default=0.0, help="linear, from 0")
    parser.add_argument("--weight-decay", type=float, default=1e-4,
                        help="not on normalisation parameters and biases")
    parser.add_argument("--precision", choices=["f32", "bf16"], default="bf16")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


class Faces:
    """Face boxes cut from the images of one CSV."""

    def __init__(self, folder, name, transform):
        with open(folder / name, newline="") as file:
            rows = [row for row in csv.DictReader(file) if int(row["expression"]) < CLASSES]
        self.folder, self.transform = folder, transform
        self.paths = [row["subDirectory_filePath"] for row in rows]
        self.labels = [int(row["expression"]) for row in rows]
        self.boxes = [
            tuple(float(row[f"face_{key}"]) for key in ("x", "y", "width", "height"))
            for row in rows]

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        from PIL import Image

        x, y, width, height = self.boxes[index]
        with Image.open(self.folder / self.paths[index]) as image:
            face = image.convert("RGB")
        if width > 0 and height > 0:
            face = face.crop((
                max(0, round(x)), max(0, round(y)),
                min(face.width, round(x + width)), min(face.height, round(y + height))))
        return self.transform(face), self.labels[index]


def make_loaders(arguments, torch, torchvision):
    from torch.utils.data import DataLoader
    from torch.utils.data.distributed import DistributedSampler

    transforms = torchvision.transforms
    size = arguments.image_size
    finish = [transforms.ToTensor(), transforms.Normalize(MEAN, DEVIATION)]
    augment = transforms.Compose([
        transforms.RandomResizedCrop(size, scale=(0.7, 1.0)),
        transforms.RandomHorizontalFlip(), *finish])
    plain = transforms.Compose([transforms.Resize((size, size)), *finish])
    training = Faces(arguments.folder, arguments.training, augment)
    validation = Faces(arguments.folder, arguments.validation, plain)
    sampler = DistributedSampler(training, seed=arguments.seed, drop_last=True)
    # Every rank evaluates its own part once; nothing is padded or counted twice.
    rank, world = torch.distributed.get_rank(), torch.distributed.get_world_size()
    part = torch.utils.data.Subset(validation, range(rank, len(validation), world))
    common = dict(batch_size=arguments.batch_per_rank, num_workers=arguments.workers)
    return (
        DataLoader(training, sampler=sampler, drop_last=True,
                   persistent_workers=arguments.workers > 0, **common),
        DataLoader(part, **common), sampler)


def make_optimizer(arguments, torch, model):
    decayed = [value for value in model.parameters() if value.ndim > 1]
    others = [value for value in model.parameters() if value.ndim <= 1]
    return torch.optim.SGD(
        [{"params": decayed, "weight_decay": arguments.weight_decay},
         {"params": others, "weight_decay": 0.0}],
        lr=arguments.learning_rate, momentum=0.9, nesterov=True)


def learning_rate_factor(step, warm_up_steps, total_steps):
    """Linear warm-up, then half a cosine down to zero."""
    if step < warm_up_steps:
        return (step + 1) / warm_up_steps
    progress = (step - warm_up_steps) / max(1, total_steps - warm_up_steps)
    return 0.5 * (1 + math.cos(math.pi * progress))


def train_epoch(arguments, torch, model, loader, optimizer, schedule):
    model.train()
    total, count = torch.zeros(()), 0
    for step, (images, labels) in enumerate(loader):
        if step == arguments.max_steps:
            break
        optimizer.zero_grad(set_to_none=True)
        images = images.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=arguments.precision == "bf16"):
            logits = model(images)
        loss = torch.nn.functional.cross_entropy(logits.float(), labels)
        loss.backward()
        optimizer.step()
        schedule.step()
        total += loss.detach() * len(labels)
        count += len(labels)
    return float(total), count


def evaluate(arguments, torch, model, loader):
    model.eval()
    correct, count = 0, 0
    with torch.no_grad():
        for images, labels in loader:
            images = images.contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=arguments.precision == "bf16"):
                logits = model(images)
            correct += int((logits.float().argmax(1) == labels).sum())
            count += len(labels)
    return correct, count


def train(arguments):
    import torch
    import torch.distributed as distributed

    torchvision = ranks.import_torchvision()
    torch.set_num_threads(arguments.threads)
    distributed.init_process_group("gloo")
    torch.manual_seed(arguments.seed)
    network = torchvision.models.get_model(arguments.model, num_classes=CLASSES)
    network = network.to(memory_format=torch.channels_last)
    model = torch.nn.parallel.DistributedDataParallel(network, gradient_as_bucket_view=True)
    torch.manual_seed(arguments.seed + 1 + distributed.get_rank())  # augmentation differs by rank
    training, validation, sampler = make_loaders(arguments, torch, torchvision)
    optimizer = make_optimizer(arguments, torch, network)
    steps = min(len(training), arguments.max_steps or len(training))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: learning_rate_factor(
            step, round(arguments.warm_up_epochs * steps), arguments.epochs * steps))
    for epoch in range(arguments.epochs):
        sampler.set_epoch(epoch)
        start = time.perf_counter()
        loss_sum, samples = train_epoch(arguments, torch, model, training, optimizer, schedule)
        seconds = time.perf_counter() - start
        correct, evaluated = evaluate(arguments, torch, network, validation)
        sums = torch.tensor([loss_sum, samples, correct, evaluated], dtype=torch.float64)
        distributed.all_reduce(sums)
        loss_sum, samples, correct, evaluated = sums.tolist()
        if distributed.get_rank() == 0:
            print(json.dumps({
                "epoch": epoch + 1, "loss": round(loss_sum / samples, 4),
                "accuracy": round(correct / evaluated, 4), "evaluated": int(evaluated),
                "images_per_second": round(samples / seconds, 1)}), flush=True)
    ranks.finish(distributed)


if __name__ == "__main__":
    parsed = parse_arguments()
    if ranks.is_launcher():
        raise SystemExit(ranks.launch(parsed.ranks, parsed.threads))
    train(parsed)
