#!/usr/bin/env python3
"""Compares the demo's stages over several seeds: python benchmarks/seeds.py runs/demo/seed-2 …

Each folder is what `scripts/demo SEED` leaves: corpus, trainings and tests all follow from the seed. Prints
a Markdown table: every seed's numbers, their mean with a 95 % interval (Student's t over the seeds), and
the same of differences, which are taken seed by seed.
"""

import json
import math
import pathlib
import statistics
import sys

# The 97.5 % quantile of Student's t for 1 … 9 degrees of freedom.
QUANTILES = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262]


def figures(run):
    """All numbers of one seed, by name."""

    def evaluation(name):
        return json.loads((run / f"{name}.json").read_text())

    numbers = {}
    for name in ("teacher", "student"):
        report = evaluation(name)
        numbers[f"{name}: accuracy"] = report["accuracy"]
        numbers[f"{name}: valence CCC"] = report["valence"]["ccc"]
        numbers[f"{name}: arousal CCC"] = report["arousal"]["ccc"]
        numbers[f"{name}: triplets"] = report["triplets"]["accuracy"]
    voice = evaluation("voice")
    numbers["voice: accuracy"] = voice["accuracy"]
    numbers["voice: mean recall"] = voice["uar"]
    for modality in ("audio", "visual", "both"):
        parts = evaluation(f"fusion-{modality}")["raw"]["concatenated"]
        for dimension in ("valence", "arousal"):
            numbers[f"{modality}: {dimension} CCC"] = parts[dimension]["ccc"]
    return numbers


def differences(numbers):
    """What the table is for: one network against another on the same data."""
    pairs = [
        (f"student − teacher: {name}", f"student: {name}", f"teacher: {name}")
        for name in ("accuracy", "valence CCC", "arousal CCC", "triplets")
    ] + [
        (f"both − {modality}: {dimension} CCC", f"both: {dimension} CCC", f"{modality}: {dimension} CCC")
        for modality in ("audio", "visual")
        for dimension in ("valence", "arousal")
    ]
    return {title: numbers[first] - numbers[second] for title, first, second in pairs}


def row(title, values):
    mean = statistics.mean(values)
    margin = QUANTILES[len(values) - 2] * statistics.stdev(values) / math.sqrt(len(values))
    cells = [f"{value:.3f}" for value in values]
    cells += [f"{mean:.3f}", f"{mean - margin:.3f} … {mean + margin:.3f}"]
    return f"| {title} | " + " | ".join(cells) + " |"


def main():
    runs = [pathlib.Path(argument) for argument in sys.argv[1:]]
    if not 2 <= len(runs) <= len(QUANTILES) + 1:
        sys.exit(f"{__doc__}\nName 2 to {len(QUANTILES) + 1} folders.")
    try:
        seeds = [figures(run) for run in runs]
    except (OSError, KeyError, json.JSONDecodeError) as error:
        sys.exit(f"seeds.py: not a finished demo: {error!r}")
    print("| | " + " | ".join(run.name.replace("-", " ") for run in runs) + " | mean | 95 % interval |")
    print("| --- " * (len(runs) + 3) + "|")
    for table in (seeds, [differences(seed) for seed in seeds]):
        for title in table[0]:
            print(row(title, [numbers[title] for numbers in table]))


if __name__ == "__main__":
    main()
