#!/usr/bin/env python3
"""The stage audio's recipe in plain PyTorch, for comparison: a ResNet-18 of one channel on log-mel
patches of utterances named as RAVDESS names them.

    python train_speech.py FOLDER --validation-speakers 1 2

Decodes with ffmpeg once, to 16 kHz mono, and keeps the sound in memory. The log-mel energies are
VGGish's (64 bands, 125-7500 Hz, 25 ms by 10 ms, log of the magnitudes + 0.01), computed from a random
stretch of each utterance in every epoch, with gain and SpecAugment as configs/audio-small.yaml has
them. AdamW without decay on norms and biases, cosine after a linear warm-up. Evaluation takes all
patches of an utterance, spread evenly with an overlap of a half, and averages the probabilities.
Prints one JSON object: accuracy, mean recall, loss, confusion, seconds and processor seconds of training.
Needs torch, torchvision, numpy and ffmpeg.
"""

import argparse
import json
import math
import pathlib
import subprocess
import sys
import time
import types

# The CPU build of torchvision lacks the operators that this module registers shapes for.
sys.modules.setdefault("torchvision._meta_registrations", types.ModuleType("_meta"))

import numpy as np
import torch
import torch.nn.functional as F
from torchvision.models import resnet18

RATE, WINDOW, HOP, TRANSFORM, BANDS = 16_000, 400, 160, 512, 64
CLASSES, SILENCE = 8, math.log(0.01)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--validation-speakers", type=int, nargs="+", required=True)
    parser.add_argument("--seconds", type=float, default=0.96)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--micro-batch", type=int, default=8, help="batch statistics are over these")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--weight-decay", type=float, default=0.05)
    parser.add_argument("--warm-up-epochs", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def mel_filters():
    """Triangles in mel over the bins of the transform, the bin of 0 Hz left out; [257, 64]."""
    def mel(hertz):
        return 1127.0 * np.log(1.0 + hertz / 700.0)

    bins = mel(np.linspace(0.0, RATE / 2, TRANSFORM // 2 + 1))
    edges = np.linspace(mel(125.0), mel(7500.0), BANDS + 2)
    filters = np.empty((len(bins), BANDS))
    for band in range(BANDS):
        lower, centre, upper = edges[band:band + 3]
        rising, falling = (bins - lower) / (centre - lower), (upper - bins) / (upper - centre)
        filters[:, band] = np.maximum(0.0, np.minimum(rising, falling))
    filters[0] = 0.0
    return torch.tensor(filters, dtype=torch.float32)


FILTERS = mel_filters()
HANN = torch.hann_window(WINDOW, periodic=True)


def log_mel(sound):
    """[..., samples] to [..., frames, bands]."""
    frames = sound.unfold(-1, WINDOW, HOP) * HANN
    return torch.log(torch.fft.rfft(frames, TRANSFORM).abs() @ FILTERS + 0.01)


def read_utterances(folder):
    """Sound, emotion and actor of each file of the name's form."""
    utterances = []
    for path in sorted(folder.rglob("03-*.flac")) + sorted(folder.rglob("03-*.wav")):
        fields = path.stem.split("-")
        if any(path.stem == name for name, *_ in utterances):
            continue
        sound = subprocess.run(
            ["ffmpeg", "-v", "error", "-i", path, "-ac", "1", "-ar", str(RATE), "-f", "f32le", "-"],
            check=True, capture_output=True).stdout
        utterances.append((
            path.stem, torch.frombuffer(bytearray(sound), dtype=torch.float32), int(fields[2]) - 1,
            int(fields[6])))
    return [utterance[1:] for utterance in utterances]


def stretch(sound, samples, generator):
    """A random part of an utterance, louder or softer, with masks."""
    if len(sound) > samples:
        start = torch.randint(len(sound) - samples + 1, (), generator=generator)
        sound = sound[start:start + samples]
    sound = F.pad(sound, (0, samples - len(sound)))
    decibels = 12.0 * torch.rand((), generator=generator) - 6.0
    energies = log_mel(sound * 10 ** (decibels / 20))
    for axis, widest in ((1, 8), (1, 8), (0, 20), (0, 20)):
        extent = energies.shape[axis]
        width = int(torch.randint(min(widest, extent) + 1, (), generator=generator))
        start = int(torch.randint(extent - width + 1, (), generator=generator))
        energies.narrow(axis, start, width).fill_(SILENCE)
    return energies


def patches(sound, frames):
    """All patches of an utterance, evenly spread; what is shorter is padded with silence."""
    samples = (frames - 1) * HOP + WINDOW
    energies = log_mel(F.pad(sound, (0, max(0, samples - len(sound)))))
    last = len(energies) - frames
    if last <= 0:
        return energies[None, :frames]
    gaps = -(-last // (frames // 2))
    return torch.stack([energies[i * last // gaps:][:frames] for i in range(gaps + 1)])


def make_model():
    model = resnet18(num_classes=CLASSES)
    model.conv1 = torch.nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)
    torch.nn.init.kaiming_normal_(model.conv1.weight, mode="fan_out", nonlinearity="relu")
    return model


def train(model, utterances, arguments, frames):
    samples = (frames - 1) * HOP + WINDOW
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed}, {"params": others, "weight_decay": 0.0}],
        lr=arguments.learning_rate, weight_decay=arguments.weight_decay)
    steps_per_epoch = len(utterances) // arguments.batch
    steps, warm_up = arguments.epochs * steps_per_epoch, arguments.warm_up_epochs * steps_per_epoch

    def rate(step):
        if step < warm_up:
            return (step + 1) / warm_up
        return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / (steps - warm_up)))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    generator = torch.Generator().manual_seed(arguments.seed)
    model.train()
    micro = arguments.micro_batch
    for _ in range(arguments.epochs):
        order = torch.randperm(len(utterances), generator=generator)
        for step in range(steps_per_epoch):
            batch = order[step * arguments.batch:(step + 1) * arguments.batch]
            for part in batch.split(micro):
                inputs = torch.stack(
                    [stretch(utterances[i][0], samples, generator) for i in part])
                labels = torch.tensor([utterances[i][1] for i in part])
                loss = F.cross_entropy(model(inputs[:, None]), labels)
                (loss * len(part) / len(batch)).backward()
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()


def evaluate(model, utterances, frames):
    model.eval()
    confusion, loss = torch.zeros(CLASSES, CLASSES, dtype=torch.long), 0.0
    with torch.no_grad():
        for sound, label, _ in utterances:
            probabilities = model(patches(sound, frames)[:, None]).softmax(1).mean(0)
            confusion[label, probabilities.argmax()] += 1
            loss -= float(probabilities[label].log()) / len(utterances)
    present = confusion.sum(1) > 0
    recalls = confusion.diagonal()[present] / confusion.sum(1)[present]
    return {
        "accuracy": float(confusion.diagonal().sum() / confusion.sum()),
        "uar": float(recalls.mean()), "loss": loss, "confusion": confusion.tolist()}


def main():
    arguments = parse_arguments()
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    frames = round(arguments.seconds * 100)
    utterances = read_utterances(arguments.folder)
    validation = [u for u in utterances if u[2] in arguments.validation_speakers]
    training = [u for u in utterances if u[2] not in arguments.validation_speakers]
    model = make_model()
    start, processor = time.perf_counter(), time.process_time()
    train(model, training, arguments, frames)
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    print(json.dumps({
        "training": len(training), "validation": len(validation), **evaluate(model, validation, frames),
        "training_seconds": round(seconds, 2), "training_cpu_seconds": round(processor, 2)}))


if __name__ == "__main__":
    main()
