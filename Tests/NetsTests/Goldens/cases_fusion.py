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
STEPS = {
    # case: (visual, audio, width, frames, lengths, frames without arousal at each end)
    "both": (11, 6, 10, 8, [5, 8, 7], 2),
    "visual": (11, 0, 10, 8, [8, 6], 1),
    "audio": (0, 6, 10, 8, [4, 8], 3),
}


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
        # A modality of no features is not there.
        self.visual = Modality(visual, width, activation) if visual else None
        self.audio = Modality(audio, width, activation) if audio else None
        modalities = bool(visual) + bool(audio)
        self.gate = torch.nn.Linear(2 * width, width) if gated else None
        self.recurrent = (torch.nn.LSTM if lstm else torch.nn.GRU)(
            width if gated else modalities * width, hidden, layers, batch_first=True,
            bidirectional=bool(both))
        self.head = torch.nn.Linear(hidden * (2 if both else 1), 2)
        self.bounded = bounded

    def forward(self, visual, audio, lengths):
        parts = [
            part(value) for part, value in ((self.visual, visual), (self.audio, audio)) if part]
        joined = torch.cat(parts, -1)
        if self.gate is not None:
            gate = torch.sigmoid(self.gate(joined))
            visual_part, audio_part = parts
            joined = audio_part + gate * (visual_part - audio_part)
        packed = pack_padded_sequence(joined, lengths, batch_first=True, enforce_sorted=False)
        states = pad_packed_sequence(
            self.recurrent(packed)[0], batch_first=True, total_length=visual.shape[1])[0]
        predictions = self.head(states)
        return torch.tanh(predictions) if self.bounded else predictions


def add(cases):
    for name, sizes in CASES.items():
        add_case(cases, f"fusion/{name}", *sizes)
    for name, sizes in STEPS.items():
        add_step(cases, f"fusion_step/{name}", *sizes)


def draw_weights(cases, model):
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            is_scale = key.endswith("norm.weight")
            deviation = 0.3 if parameter.dim() == 1 else parameter.shape[1] ** -0.5
            parameter.copy_(cases.normal(
                *parameter.shape, mean=float(is_scale), deviation=deviation))
    return {key: value.clone() for key, value in model.state_dict().items()}


def concordance(prediction, target):
    spread = prediction.var(correction=0) + target.var(correction=0)
    covariance = ((prediction - prediction.mean()) * (target - target.mean())).mean()
    return 2 * covariance / (spread + (prediction.mean() - target.mean()) ** 2)


def add_step(cases, name, visual, audio, width, frames, lengths, missing):
    hidden = 7
    model = FusionNetwork(visual, audio, width, 0, 0, 0, hidden, 1, 1, 0)
    state = draw_weights(cases, model)
    inputs = {
        key: cases.normal(len(lengths), frames, features)
        for key, features in (("visual", visual), ("audio", audio)) if features}
    targets = cases.normal(len(lengths), frames, 2, deviation=0.5)
    for row, length in enumerate(lengths):
        targets[row, length:] = torch.nan
        targets[row, length - missing:, 1] = torch.nan
    model.double()
    predictions = model(
        *(inputs[key].double() if key in inputs else targets for key in ("visual", "audio")),
        torch.tensor(lengths))
    known = [~targets[..., dimension].isnan() for dimension in (0, 1)]
    pairs = [(predictions[..., d][known[d]], targets[..., d][known[d]].double()) for d in (0, 1)]
    loss = 1 - sum(concordance(*pair) for pair in pairs) / 2
    squares = [(prediction - target) ** 2 for prediction, target in pairs]
    loss = loss + 0.5 * torch.cat(squares).mean()
    loss.backward()
    cases.add(
        name, dict(zip(("visual_features", "audio_features", "width", "frames", "hidden"),
                       (visual, audio, width, frames, hidden))),
        lengths=torch.tensor(lengths).int(), targets=targets, loss=loss.detach(),
        predictions=predictions.detach(), **inputs)
    cases.add(name, **{f"weights/{key}": value for key, value in state.items()})
    cases.add(name, **{
        f"gradients/{key}": value.grad for key, value in model.named_parameters()})


def add_case(
        cases, name, visual, audio, width, frames, lengths, gated, tanh, lstm, hidden, layers, both,
        bounded):
    model = FusionNetwork(visual, audio, width, gated, tanh, lstm, hidden, layers, both, bounded)
    state = draw_weights(cases, model)
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
