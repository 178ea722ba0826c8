"""Batch normalisation of arrays that are concatenated over channels."""

import torch
import torch.nn.functional as F

EPSILON = 1e-5
# case: (batch, channels of each input, height, width, offset of the values)
SHAPES = {
    "aligned": (2, (32, 16, 16), 3, 4, 0.7),
    "odd": (2, (5, 19, 8), 5, 3, 0.7),
    "batch1": (1, (3, 17), 6, 5, -1.0),
    "one-pixel": (3, (40, 24), 1, 1, 0.0),
    "one-input": (2, (8,), 11, 12, 0.7),
    "large-mean": (2, (6, 3), 10, 8, 40.0),
}


def add(cases):
    for name, (batch, channels, height, width, offset) in SHAPES.items():
        # Few values a channel: bfloat16 would decide about the ReLU of some of them.
        for relu in (False,) if name == "one-pixel" else (False, True):
            inputs = {
                f"input{index}": cases.normal(batch, count, height, width, mean=offset,
                                              deviation=1.5)
                for index, count in enumerate(channels)
            }
            cases.differentiate(
                f"concatenated-normalisation{'-relu' if relu else ''}/{name}",
                lambda scale, shift, **values: normalise(values.values(), scale, shift, relu),
                attributes={"inputs": len(channels)}, **inputs,
                scale=cases.normal(sum(channels), mean=1.0, deviation=0.3),
                shift=cases.normal(sum(channels), deviation=0.3))
    add_nested(cases)
    add_silu(cases)


def normalise(values, scale, shift, relu):
    output = F.batch_norm(
        torch.cat(list(values), 1), None, None, scale, shift, training=True, eps=EPSILON)
    return F.relu(output) if relu else output


def add_nested(cases):
    """Two normalisations that share inputs, as in a dense block."""
    for name, (batch, first, second) in {"aligned": (2, 16, 32), "odd": (3, 5, 12)}.items():
        inner, outer = first + second, 2 * (first + second)

        def both(a, b, inner_scale, inner_shift, outer_scale, outer_shift):
            middle = normalise([a, b], inner_scale, inner_shift, relu=True)
            return normalise([a, middle, b], outer_scale, outer_shift, relu=False)

        cases.differentiate(
            f"nested-normalisation/{name}", both, attributes={},
            a=cases.normal(batch, first, 6, 5, mean=0.5), b=cases.normal(batch, second, 6, 5),
            inner_scale=cases.normal(inner, mean=1.0, deviation=0.3),
            inner_shift=cases.normal(inner, deviation=0.3),
            outer_scale=cases.normal(outer, mean=1.0, deviation=0.3),
            outer_shift=cases.normal(outer, deviation=0.3))


def add_silu(cases):
    """One input, with a SiLU after it."""
    for name, shape in {"aligned": (2, 32, 5, 6), "odd": (3, 21, 4, 3), "batch1": (1, 8, 9, 7)}.items():
        cases.differentiate(
            f"concatenated-normalisation-silu/{name}",
            lambda input0, scale, shift: F.silu(normalise([input0], scale, shift, relu=False)),
            attributes={"inputs": 1}, input0=cases.normal(*shape, mean=0.7, deviation=1.5),
            scale=cases.normal(shape[1], mean=1.0, deviation=0.3),
            shift=cases.normal(shape[1], deviation=0.3))
