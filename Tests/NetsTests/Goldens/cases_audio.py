"""The audio network with both heads: one whole training step, and what it answers in evaluation.

A case has patches, labels, weights, affect_targets (NaN where unknown), affect_weights, weights/<name>
(a state_dict before the step), loss and its three parts, logits, affect, gradients/<name>,
updated/<name> (running statistics) and eval_logits, eval_affect, eval_features; its attributes are the
sizes and, as f32_error/<name>, what PyTorch itself in float32 misses the exact values by.
"""

import copy

import torch
import torch.nn.functional as F
from torchvision.models.resnet import BasicBlock

import networks
from cases_losses import concordance, weighted_mean

BATCH, CLASSES, FRAMES, BANDS = 6, 5, 40, 32
SMOOTHING, CONCORDANCE, SQUARED_ERROR = 0.1, 0.7, 0.3


def add(cases):
    resnet = networks.NarrowResNet(BasicBlock, [1, 1, 1, 1], [16, 16, 32, 32], classes=CLASSES)
    resnet.conv1 = torch.nn.Conv2d(1, 16, 7, stride=2, padding=3, bias=False)
    head, resnet.fc = resnet.fc, torch.nn.Identity()
    add_case(cases, "resnet", resnet, "fc", head.in_features)
    vggish = networks.VGGish((FRAMES, BANDS), **networks.NARROW_VGGISH, outputs=CLASSES)
    head, vggish.head = vggish.head, torch.nn.Identity()
    add_case(cases, "vggish", vggish, "head", head.in_features)


class Voice(torch.nn.Module):
    """A trunk with two heads; the first has the name that the trunk's own had."""

    def __init__(self, trunk, head, features):
        super().__init__()
        self.trunk, self.head = trunk, head
        self.heads = torch.nn.ModuleDict({
            head: torch.nn.Linear(features, CLASSES), "affect": torch.nn.Linear(features, 2)})

    def forward(self, patches):
        features = self.trunk(patches)
        return self.heads[self.head](features), self.heads["affect"](features), features

    @staticmethod
    def published(name):
        """The name that files have."""
        return name.removeprefix("trunk.").removeprefix("heads.")


def fill(model, cases):
    """Random values; small scales where a residual branch ends, as in generate.py."""
    with torch.no_grad():
        for name, value in model.state_dict().items():
            is_scale = name.endswith(".weight") and value.dim() == 1
            if not value.is_floating_point():
                value.fill_(7)
            elif name.endswith("running_var"):
                value.copy_(cases.normal(*value.shape, mean=1.0, deviation=0.1))
            elif is_scale:
                scale = 0.25 if ".bn2." in name else 1.0
                value.copy_(cases.normal(*value.shape, mean=scale, deviation=0.2 * scale))
            elif value.dim() == 1:
                value.copy_(cases.normal(*value.shape, deviation=0.2))
            else:
                gain = 2.0 if value.dim() == 4 else 1.0
                deviation = (gain / value[0].numel()) ** 0.5
                value.copy_(cases.normal(*value.shape, deviation=deviation))


def affect_loss(predictions, targets, weights):
    """The mean of 1 - CCC, and the mean squared error, over what is known."""
    known = ~targets.isnan()
    counted = known & (weights != 0).unsqueeze(-1)
    distance = sum(
        1 - concordance(predictions[counted[:, d], d], targets[counted[:, d], d])
        for d in range(2)) / 2
    errors = (predictions[known] - targets[known]).square()
    return distance, weighted_mean(weights.unsqueeze(-1).expand(-1, 2)[known], errors)


def step(model, state, inputs, dtype):
    """What a training step gives, by name."""
    model.to(dtype).load_state_dict(state)
    model.train().zero_grad()
    patches, weights, targets, affect_weights = (
        inputs[name].to(dtype) for name in ("patches", "weights", "affect_targets", "affect_weights"))
    logits, affect, _ = model(patches.unsqueeze(1))
    emotion = weighted_mean(weights, F.cross_entropy(
        logits, inputs["labels"], reduction="none", label_smoothing=SMOOTHING))
    distance, error = affect_loss(affect, targets, affect_weights)
    loss = emotion + CONCORDANCE * distance + SQUARED_ERROR * error
    loss.backward()
    results = {"loss": loss, "emotion_loss": emotion, "concordance_loss": distance,
               "affect_loss": error, "logits": logits, "affect": affect}
    results |= {
        f"gradients/{model.published(name)}": value.grad
        for name, value in model.named_parameters()}
    return {name: value.detach().double() for name, value in results.items()}


def add_case(cases, name, trunk, head, features):
    model = Voice(trunk, head, features).double()
    fill(model, cases)
    state = {key: value.float() if value.is_floating_point() else value
             for key, value in copy.deepcopy(model.state_dict()).items()}
    targets = cases.normal(BATCH, 2, deviation=0.5)
    targets[1, 0] = targets[4] = float("nan")
    inputs = {
        "patches": cases.normal(BATCH, FRAMES, BANDS, mean=-2.0, deviation=1.5),
        "labels": torch.randint(CLASSES, (BATCH,), generator=cases.generator),
        "weights": torch.tensor([1.0, 0.5, 2.0, 0.0, 0.75, 1.25]).double(),
        "affect_targets": targets,
        "affect_weights": torch.tensor([1.0, 1.0, 1.0, 0.0, 1.0, 1.0]).double()}
    rounded = step(model, state, inputs, torch.float32)
    exact = step(model, state, inputs, torch.float64)
    updated = {f"updated/{model.published(key)}": value.clone()
               for key, value in model.named_buffers() if value.is_floating_point()}
    with torch.no_grad():
        answers = model.eval()(inputs["patches"].unsqueeze(1))
    attributes = {
        f"f32_error/{key}": float(f"{(rounded[key] - value).norm() / value.norm():.3e}")
        for key, value in exact.items()}
    case = f"audio/{name}"
    cases.add(case, attributes, **(inputs | {"labels": inputs["labels"].int()}), **exact, **updated)
    cases.add(case, **dict(zip(("eval_logits", "eval_affect", "eval_features"), answers)))
    cases.add(f"{case}/weights", **{model.published(key): value for key, value in state.items()})
