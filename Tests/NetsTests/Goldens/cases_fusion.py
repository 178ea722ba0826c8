"""The fusion network: one training step (mean squared error over valid frames) and its predictions.

A case has visual, audio, lengths, targets, weights/<name> (a state_dict), loss, predictions,
gradients/<name>; its attributes are the sizes and, as f32_error/<name> and bf16_error/<name>, what
PyTorch itself in float32 and with CPU autocast misses the exact values by.
"""

import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

CASES = {
    # case: (visual, audio, width, frames, lengths, gated, tanh, lstm, hidden, layers, both, bounded)
    "gru-concatenation": (11, 6, 10, 8, [5, 8, 1], 0, 0, 0, 7, 2, 1, 0),
    "lstm-gated": (11, 6, 19, 6, [6, 2, 4, 6], 1, 1, 1, 9, 1, 0, 1),
}
NAMES = ("visual_features", "audio_features", "width", "frames", "gated", "tanh", "lstm", "hidden",
         "layers", "bidirectional", "bounded")


class Modality(torch.nn.Module):
    def __init__(self, features, width, activation):
        super().__init__()
        self.linear = torch.nn.Linear(features, width)
        self.norm = torch.nn.LayerNorm(width)
        self.activation = activation

    def forward(self, x):
        return self.activation(self.norm(self.linear(x)))


class FusionNetwork(torch.nn.Module):
    def __init__(self, visual, audio, width, gated, tanh, lstm, hidden, layers, both, bounded):
        super().__init__()
        activation = torch.tanh if tanh else torch.relu
        self.visual = Modality(visual, width, activation)
        self.audio = Modality(audio, width, activation)
        self.gate = torch.nn.Linear(2 * width, width) if gated else None
        self.recurrent = (torch.nn.LSTM if lstm else torch.nn.GRU)(
            width if gated else 2 * width, hidden, layers, batch_first=True,
            bidirectional=bool(both))
        self.head = torch.nn.Linear(hidden * (2 if both else 1), 2)
        self.bounded = bounded

    def forward(self, visual, audio, lengths):
        visual_part, audio_part = self.visual(visual), self.audio(audio)
        joined = torch.cat([visual_part, audio_part], -1)
        if self.gate is not None:
            gate = torch.sigmoid(self.gate(joined))
            joined = audio_part + gate * (visual_part - audio_part)
        packed = pack_padded_sequence(joined, lengths, batch_first=True, enforce_sorted=False)
        states = pad_packed_sequence(
            self.recurrent(packed)[0], batch_first=True, total_length=visual.shape[1])[0]
        predictions = self.head(states)
        return torch.tanh(predictions) if self.bounded else predictions


def add(cases):
    for name, sizes in CASES.items():
        add_case(cases, f"fusion/{name}", *sizes)


def add_case(
        cases, name, visual, audio, width, frames, lengths, gated, tanh, lstm, hidden, layers, both,
        bounded):
    model = FusionNetwork(visual, audio, width, gated, tanh, lstm, hidden, layers, both, bounded)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            is_scale = key.endswith("norm.weight")
            deviation = 0.3 if parameter.dim() == 1 else parameter.shape[1] ** -0.5
            parameter.copy_(cases.normal(
                *parameter.shape, mean=float(is_scale), deviation=deviation))
    state = {key: value.clone() for key, value in model.state_dict().items()}
    lengths = torch.tensor(lengths)
    valid = torch.arange(frames)[None, :] < lengths[:, None]
    inputs = (cases.normal(len(lengths), frames, visual), cases.normal(len(lengths), frames, audio))
    targets = cases.normal(len(lengths), frames, 2, deviation=0.5)

    def step(dtype, autocast=False):
        model.to(dtype).load_state_dict(state, strict=True)
        model.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            predictions = model(*(value.to(dtype) for value in inputs), lengths).to(dtype)
        loss = ((predictions - targets.to(dtype))[valid] ** 2).mean()
        loss.backward()
        gradients = {key: value.grad.double() for key, value in model.named_parameters()}
        return loss, {"predictions": predictions.detach().double(), **gradients}

    loss, exact = step(torch.float64)
    attributes = dict(zip(
        NAMES, (visual, audio, width, frames, gated, tanh, lstm, hidden, layers, both, bounded)))
    for label, (_, values) in (
            ("f32", step(torch.float32)), ("bf16", step(torch.float32, autocast=True))):
        for key, value in values.items():
            error = (value - exact[key]).norm() / exact[key].norm()
            attributes[f"{label}_error/{key}"] = float(f"{error:.3e}")
    cases.add(
        name, attributes, visual=inputs[0], audio=inputs[1], lengths=lengths.int(),
        targets=targets, loss=loss, predictions=exact.pop("predictions"))
    cases.add(name, **{f"weights/{key}": value for key, value in state.items()})
    cases.add(name, **{f"gradients/{key}": value for key, value in exact.items()})
