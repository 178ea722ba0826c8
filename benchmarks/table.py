#!/usr/bin/env python3
"""Turns the measurements of a benchmark into a table: python table.py LINES OUTPUT.

LINES holds one {"label", "precision", "result"} object a line. Writes OUTPUT.md and OUTPUT.json.
"""

import json
import os
import pathlib
import platform
import statistics
import sys

REFERENCE = "aver"
# What is compared, the first that the programs report.
RATES = {"images_per_second": "images/s", "samples_per_cpu_second": "samples/s of CPU time"}
FIGURES = {
    # key of a result: (title, digits)
    "step_ms_median": ("step, ms", 1),
    "batch_ms_median": ("batch, ms", 1),
    "images_per_second": ("images/s", 1),
    "samples_per_second": ("samples/s", 0),
    "samples_per_cpu_second": ("samples/s of CPU time", 0),
    "seconds_to_first_step": ("first step after, s", 2),
    "seconds_to_first_batch": ("first batch after, s", 2),
    "peak_memory_mib_per_rank": ("peak memory a rank, MiB", 0),
    "memory_mib_per_rank": ("memory with workers, MiB", 0),
}


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def medians(results):
    """Per figure, the median over the rounds; what a program does not report is left out."""
    return {
        key: statistics.median(values) for key in FIGURES
        if (values := [result[key] for result in results if result.get(key) is not None])}


def summarise(lines):
    groups = {}
    for line in lines:
        groups.setdefault((line["precision"], line["label"]), []).append(line["result"])
    rows = []
    for (precision, label), results in groups.items():
        own = medians(groups.get((precision, REFERENCE), []))
        row = {"precision": precision, "label": label, "rounds": len(results), **medians(results)}
        rate = next((key for key in RATES if key in own), None)
        if rate:
            row["aver_is_faster_by"] = own[rate] / row[rate]
        rows.append(row)
    return rows


def title_of(figures, first):
    if "samples_per_second" in figures:
        return "Training samples from files, one worker on one core"
    measured = "A training step" if "step_ms_median" in figures else "Inference"
    return (
        f"{measured} of {first['model']}, {first['image_size']} px, "
        f"{first['batch_per_rank']} a rank, {first['ranks']} ranks")


def markdown(rows, first):
    figures = {key: FIGURES[key] for key in FIGURES if any(key in row for row in rows)}
    figure_titles = [title for title, _ in figures.values()]
    rate = next(title for key, title in RATES.items() if key in figures)
    titles = ["precision", "program", *figure_titles, f"aver ÷ this, {rate}"]
    out = [
        f"# {title_of(figures, first)}", "",
        f"{processor()}, {os.cpu_count()} cores; medians of {rows[0]['rounds']} rounds, "
        "the programs taking turns.", "",
        f"| {' | '.join(titles)} |", f"|{' --- |' * len(titles)}"]
    for row in rows:
        cells = [
            f"{row[key]:.{digits}f}" if key in row else "–"
            for key, (_, digits) in figures.items()]
        ratio = f"{row['aver_is_faster_by']:.2f}" if "aver_is_faster_by" in row else "–"
        out.append(f"| {' | '.join([row['precision'], row['label'], *cells, ratio])} |")
    return "\n".join(out) + "\n"


def main():
    lines_path, output = sys.argv[1:]
    lines = [json.loads(line) for line in pathlib.Path(lines_path).read_text().splitlines()]
    rows = summarise(lines)
    pathlib.Path(output).parent.mkdir(parents=True, exist_ok=True)
    table = markdown(rows, lines[0]["result"])
    pathlib.Path(f"{output}.md").write_text(table)
    document = {"processor": processor(), "cores": os.cpu_count(), "rows": rows, "rounds": lines}
    pathlib.Path(f"{output}.json").write_text(json.dumps(document, indent=1) + "\n")
    print(table, end="")


if __name__ == "__main__":
    main()
