"""A fusion network with its extractors' backbones in it, and one training step of it: `tuning/<case>/…`.

Backbones compute as torchvision's FrozenBatchNorm2d does: by stored statistics, with scales and shifts that
do not learn. A case has images and patches (NHWC), presence, mean and factor of each modality, lengths,
targets, weights/<name>, loss, predictions, features (of the backbones) and gradients/<name>.
"""

import torch
from torchvision.ops.misc import FrozenBatchNorm2d

from cases_fusion import FusionNetwork, draw_weights

FRAMES, WIDTH, HIDDEN, SIZE, PATCH = 4, 9, 5, 32, (20, 16)
LENGTHS = [4, 3]
FEATURES = 16
CASES = {"both": ("visual", "audio"), "visual": ("visual",)}
INPUTS = {"visual": "images", "audio": "patches"}


def add(cases, make_backbone, initialise):
    for name, tuned in CASES.items():
        add_step(cases, f"tuning/{name}", tuned, make_backbone, initialise)


def with_held_statistics(module):
    for name, child in module.named_children():
        if isinstance(child, torch.nn.BatchNorm2d):
            held = FrozenBatchNorm2d(child.num_features, eps=child.eps)
            held.load_state_dict(child.state_dict())
            setattr(module, name, held)
        else:
            with_held_statistics(child)


def backbone(modality, cases, make_backbone, initialise):
    model = make_backbone()
    model.fc = torch.nn.Identity()
    if modality == "audio":
        model.conv1 = torch.nn.Conv2d(1, 8, 7, stride=2, padding=3, bias=False)
    initialise(model, cases.generator)
    state = {f"{modality}.backbone.{key}": value.clone() for key, value in model.state_dict().items()}
    with_held_statistics(model)
    return model, state


def add_step(cases, case, tuned, make_backbone, initialise):
    fusion = FusionNetwork(FEATURES + 1, FEATURES + 1, WIDTH, 0, 0, 0, HIDDEN, 1, 1, 0)
    state = draw_weights(cases, fusion)
    backbones, inputs, constants = {}, {}, {}
    for modality in ("visual", "audio"):
        if modality not in tuned:
            inputs[modality] = cases.normal(len(LENGTHS), FRAMES, FEATURES + 1)
            continue
        backbones[modality], own = backbone(modality, cases, make_backbone, initialise)
        state |= own
        shape = (3, SIZE, SIZE) if modality == "visual" else (1, *PATCH)
        inputs[modality] = cases.normal(len(LENGTHS) * FRAMES, *shape)
        presence = torch.ones(len(LENGTHS), FRAMES)
        # Frames without a face or a sound, and those behind the second sequence's end.
        presence[0, 1] = presence[1, LENGTHS[1]:] = 0
        constants |= {
            f"{modality}.presence": presence.double(),
            f"{modality}.mean": cases.normal(1, FEATURES, deviation=0.5),
            f"{modality}.factor": cases.normal(1, FEATURES).abs() + 0.5}
    targets = cases.normal(len(LENGTHS), FRAMES, 2, deviation=0.5)
    targets[1, LENGTHS[1]:] = torch.nan
    for model in [fusion, *backbones.values()]:
        model.double()
    features = {key: model(inputs[key]) for key, model in backbones.items()}
    vectors = {
        key: present(features[key], constants, key) if key in backbones else inputs[key].double()
        for key in inputs}
    predictions = fusion(vectors["visual"], vectors["audio"], torch.tensor(LENGTHS))
    known = ~targets.isnan()
    loss = (predictions[known] - targets[known]).square().mean()
    loss.backward()
    stored = {
        f"{key}.{INPUTS[key]}" if key in backbones else key:
            value.permute(0, 2, 3, 1) if key in backbones else value
        for key, value in inputs.items()}
    gradients = {key: value.grad for key, value in fusion.named_parameters()}
    for modality, model in backbones.items():
        gradients |= {
            f"{modality}.backbone.{key}": value.grad for key, value in model.named_parameters()}
    cases.add(
        case, {"frames": FRAMES, "width": WIDTH, "hidden": HIDDEN, "features": FEATURES,
               "size": SIZE, "patch_frames": PATCH[0], "patch_bands": PATCH[1]},
        lengths=torch.tensor(LENGTHS).int(), targets=targets, loss=loss.detach(),
        predictions=predictions.detach(), **stored, **constants)
    cases.add(case, **{f"{key}.features": value.detach() for key, value in features.items()})
    cases.add(case, **{f"weights/{key}": value for key, value in state.items()})
    cases.add(case, **{f"gradients/{key}": value for key, value in gradients.items()})


def present(features, constants, modality):
    presence, mean, factor = (
        constants[f"{modality}.{part}"] for part in ("presence", "mean", "factor"))
    is_there = (presence != 0).unsqueeze(-1)
    rows = (features - mean) * factor
    rows = torch.where(is_there, rows.unflatten(0, presence.shape), 0.0)
    return torch.cat([rows, is_there.double()], -1)
