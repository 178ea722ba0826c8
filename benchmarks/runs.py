"""Runs programs under mpirun, and reads the JSON object that they print."""

import json
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks/results"
TRAINER = str(ROOT / ".build/release/aver-train")
CORES = os.cpu_count()


def last_line(output):
    """The object on the last line."""
    return json.loads(output.strip().splitlines()[-1])


def run(command, read=last_line):
    """The object that a command prints."""
    return read(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)


def mpirun(ranks, words, read=last_line):
    """The object that ranks of this machine print: each on a core of its own, as long as there are so many."""
    binding = "core" if ranks <= CORES else "none"
    return run(["bash", "-c", 'source scripts/mpi-environment; exec "$@"', "-", "mpirun", "-n", str(ranks),
                "--oversubscribe", "--bind-to", binding, *map(str, words)], read)
