"""GRU and LSTM as torch.nn computes them, with packed sequences where lengths differ.

A case has input, lengths (absent where all are full), parameters/<PyTorch's name>, output,
output_gradient, input_gradient and parameter_gradients/<name>; attributes: hidden, layers,
bidirectional. Padding holds garbage: it must not matter.
"""

import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

GARBAGE = 1e4
CASES = {
    # case: (frames, features, hidden, layers, bidirectional, lengths)
    "plain": (6, 5, 7, 1, False, [6, 6, 6]),
    "batch1": (4, 5, 7, 1, True, [4]),
    "one-frame": (1, 3, 4, 1, True, [1, 1]),
    "lengths": (6, 5, 7, 1, False, [3, 6, 1, 5]),
    "bidirectional-lengths": (6, 5, 7, 1, True, [3, 6, 1, 5]),
    "two-layers": (5, 5, 7, 2, False, [5, 5]),
    "two-layers-bidirectional-lengths": (7, 5, 7, 2, True, [2, 7, 1, 4, 7]),
    "two-layers-short-batch": (7, 4, 8, 2, False, [4, 1]),
    "wide": (5, 17, 20, 1, False, [5, 3]),
}


def add(cases):
    for cell in ("gru", "lstm"):
        for name, case in CASES.items():
            add_case(cases, f"{cell}/{name}", cell, *case)


def run(module, input, lengths):
    frames = input.shape[1]
    packed = pack_padded_sequence(input, lengths, batch_first=True, enforce_sorted=False)
    return pad_packed_sequence(module(packed)[0], batch_first=True, total_length=frames)[0]


def add_case(cases, name, cell, frames, features, hidden, layers, bidirectional, lengths):
    lengths = torch.tensor(lengths)
    module = {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[cell](
        features, hidden, layers, batch_first=True, bidirectional=bidirectional).double()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(cases.normal(*parameter.shape, deviation=hidden ** -0.5))
    padding = torch.arange(frames)[None, :] >= lengths[:, None]
    input = cases.normal(len(lengths), frames, features)
    input[padding] *= GARBAGE
    input.requires_grad_(True)
    output = run(module, input, lengths)
    gradient = cases.normal(*output.shape)
    gradient[padding] *= GARBAGE
    output.backward(gradient)
    attributes = {
        "hidden": hidden, "layers": layers, "bidirectional": int(bidirectional)}
    cases.add(
        name, attributes, input=input, output=output, output_gradient=gradient,
        input_gradient=input.grad)
    if padding.any() or lengths.max() < frames:
        cases.add(name, lengths=lengths.int())
    for key, parameter in module.named_parameters():
        cases.add(name, **{
            f"parameters/{key}": parameter, f"parameter_gradients/{key}": parameter.grad})
