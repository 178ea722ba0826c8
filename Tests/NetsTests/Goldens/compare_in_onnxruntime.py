#!/usr/bin/env python3
"""Shows that models as we export them give in ONNX Runtime what we compute.

    python compare_in_onnxruntime.py FOLDER     what ONNXTests, or the tests of `aver export`, have written

FOLDER holds NAME.onnx and NAME-1.safetensors, NAME-2.safetensors, …: each a batch, with what the model is
given (`input/…`) and what we make of it (`output/…`). Every model has to pass ONNX's checker with shape
inference, and every output has to be ours within 1e-4, of the largest element where that is more than 1. A
line for each model tells the largest difference.
"""

import json
import pathlib
import struct
import sys

import numpy
import onnx
import onnxruntime

TOLERANCE = 1e-4
TYPES = {"F32": numpy.float32, "I32": numpy.int32}


def tensors(path):
    """The arrays of a safetensors file."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    header.pop("__metadata__", None)
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        array = numpy.frombuffer(content[begin:end], TYPES[entry["dtype"]])
        yield name, array.reshape(entry["shape"])


def differences(session, path):
    """Of each output the largest difference, and what is allowed."""
    arrays = dict(tensors(path))
    given = {name[6:]: array for name, array in arrays.items() if name.startswith("input/")}
    names = [output.name for output in session.get_outputs()]
    expected = {name[7:]: array for name, array in arrays.items() if name.startswith("output/")}
    if set(names) != set(expected) or {i.name for i in session.get_inputs()} != set(given):
        sys.exit(f"{path}: the model takes or gives other arrays: {names}")
    for name, array in zip(names, session.run(names, given)):
        if array.shape != expected[name].shape or not array.any() or numpy.ptp(array) == 0:
            sys.exit(f"{path}: {name} has shape {array.shape}, or says nothing")
        largest = float(numpy.abs(expected[name]).max())
        yield name, float(numpy.abs(array - expected[name]).max()), largest


def compare(path):
    """Whether a model gives what we compute; prints how far it is from that."""
    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    batches = sorted(path.parent.glob(f"{path.stem}-[0-9]*.safetensors"))
    if not batches:
        sys.exit(f"{path}: no batches to compare")
    found = {}
    for batch in batches:
        for name, difference, largest in differences(session, batch):
            found.setdefault(name, []).append((difference, largest))
    words = [
        f"{name} {max(d for d, _ in values):.1e} of {max(m for _, m in values):.1e}"
        for name, values in found.items()
    ]
    print(f"{path.stem}: {', '.join(words)}")
    return all(
        difference <= TOLERANCE * max(1, largest)
        for values in found.values()
        for difference, largest in values
    )


def main():
    folder = pathlib.Path(sys.argv[1])
    models = sorted(folder.glob("*.onnx"))
    if not models:
        sys.exit(f"{folder}: no models")
    sys.exit(not all([compare(path) for path in models]))


if __name__ == "__main__":
    main()
