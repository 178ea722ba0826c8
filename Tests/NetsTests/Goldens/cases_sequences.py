"""Operations along the last axis of features [N, F] and of sequences [N, T, F]."""

import torch
import torch.nn.functional as F

SHAPES = {
    "features-odd": (5, 19), "features-batch1": (1, 7), "features-aligned": (4, 32),
    "sequence-odd": (3, 5, 7), "sequence-batch1": (1, 4, 33), "sequence-one-frame": (2, 1, 5),
}


def add(cases):
    add_layer_normalisations(cases)
    add_linears(cases)
    add_joins(cases)
    add_padding_masks(cases)


def add_layer_normalisations(cases):
    for name, shape in SHAPES.items():
        features = shape[-1:]
        cases.differentiate(
            f"layer-normalisation/{name}",
            lambda input, scale, shift: F.layer_norm(input, features, scale, shift, eps=1e-5),
            attributes={}, input=cases.normal(*shape, mean=0.7, deviation=1.5),
            scale=cases.normal(*features, mean=1.0, deviation=0.3),
            shift=cases.normal(*features, deviation=0.3))


def add_linears(cases):
    for name, shape in SHAPES.items():
        if name.startswith("sequence"):
            cases.differentiate(
                f"linear/{name}", F.linear, attributes={}, input=cases.normal(*shape),
                weight=cases.normal(9, shape[-1], deviation=0.3), bias=cases.normal(9))


def add_joins(cases):
    for name, shape in SHAPES.items():
        cases.differentiate(
            f"gated-sum/{name}", lambda gate, left, right: gate * left + (1 - gate) * right,
            attributes={}, gate=cases.normal(*shape), left=cases.normal(*shape),
            right=cases.normal(*shape))
        cases.differentiate(
            f"concatenation/{name}", lambda **parts: torch.cat(list(parts.values()), dim=-1),
            attributes={},
            first=cases.normal(*shape), second=cases.normal(*shape[:-1], 3),
            third=cases.normal(*shape[:-1], 16))


def add_padding_masks(cases):
    for name, frames, lengths in (
            ("none-padded", 4, [4, 4]), ("padded", 5, [2, 5, 1]), ("batch1", 3, [1])):
        lengths = torch.tensor(lengths)
        valid = (torch.arange(frames)[None, :] < lengths[:, None])[:, :, None]
        cases.differentiate(
            f"padding-mask/{name}", lambda input: torch.where(valid, input, 0.0), attributes={},
            input=cases.normal(len(lengths), frames, 7))
        cases.add(f"padding-mask/{name}", lengths=lengths.int())
