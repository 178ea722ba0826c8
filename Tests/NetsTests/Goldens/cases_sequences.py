"""Operations along the last axis of features [N, F] and of sequences [N, T, F]."""

import torch.nn.functional as F

SHAPES = {
    "features-odd": (5, 19), "features-batch1": (1, 7), "features-aligned": (4, 32),
    "sequence-odd": (3, 5, 7), "sequence-batch1": (1, 4, 33), "sequence-one-frame": (2, 1, 5),
}


def add(cases):
    add_layer_normalisations(cases)
    add_linears(cases)


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
