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
      "a rank waits for sums and computes nothing beside them.\n")
print("| gradients are summed | sent, MiB | step, ms | exposed, ms | exposed, % of the step |\n"
      "| --- | --- | --- | --- | --- |")
for label in labels:
    step, exposed, sent = (median(label, key) for key in ("step_ms_median", "exposed_communication_ms", "sent_mib_per_step"))
    print(f"| {label} | {sent:.1f} | {step:.0f} | {exposed:.1f} | {100 * exposed / step:.1f} |")
free, after, beside, after_rounded, beside_rounded = labels


def part_gone(before, now, key):
    """The part of what the wire adds that is gone, in percent; of what is exposed, all is taken for the wire's."""
    base = median(free, key) if key == "step_ms_median" else 0
    return 100 * (1 - (median(now, key) - base) / (median(before, key) - base))


for what, before, now in (("Beside the backward pass", after, beside),
                          ("As bfloat16", after, after_rounded),
                          ("As bfloat16, beside the backward pass", after, beside_rounded)):
    print(f"\n{what}: {part_gone(before, now, 'exposed_communication_ms'):.0f} % of what is exposed otherwise is gone, "
          f"{part_gone(before, now, 'step_ms_median'):.0f} % of the time that the wire adds to a step.")
