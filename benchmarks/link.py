"""Turns the measurements of benchmarks/link into a table: python link.py LINES WHAT."""

import json
import pathlib
import statistics
import sys

import table

lines = [json.loads(line) for line in pathlib.Path(sys.argv[1]).read_text().splitlines()]
labels = list(dict.fromkeys(line["label"] for line in lines))


def median(label, key):
    return statistics.median(line[key] for line in lines if line["label"] == label)


print("# A wire between two hosts\n")
print(f"{table.processor()}; {sys.argv[2]}; made by `benchmarks/link`. Medians. What is exposed is the time in which "
      "a rank waits for sums and computes nothing beside them; what is hidden, the part of it that is gone where sums "
      "go on beside the backward pass.\n")
print("| gradients are summed | step, ms | exposed, ms | exposed, % of the step |\n| --- | --- | --- | --- |")
for label in labels:
    step, exposed = median(label, "step_ms_median"), median(label, "exposed_communication_ms")
    print(f"| {label} | {step:.0f} | {exposed:.1f} | {100 * exposed / step:.1f} |")
free, after, beside = labels
print(f"\nHidden: {100 * (1 - median(beside, 'exposed_communication_ms') / median(after, 'exposed_communication_ms')):.0f} % "
      f"of what is exposed otherwise; of the time that the wire adds to a step, "
      f"{100 * (1 - (median(beside, 'step_ms_median') - median(free, 'step_ms_median')) / (median(after, 'step_ms_median') - median(free, 'step_ms_median'))):.0f} %.")
