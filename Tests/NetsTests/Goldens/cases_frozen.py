"""Frozen parts: batch normalisation by running statistics, whose gradient passes on, and whole training
steps of a network of which parts are frozen.

Frozen is what `requires_grad_(False)` and `eval()` make of a module.
"""

import torch
import torch.nn.functional as F

EPSILON = 1e-5
# case: (batch, channels of each input, height, width)
SHAPES = {
    "aligned": (2, (32,), 4, 5),
    "odd": (2, (5,), 5, 3),
    "pieces": (2, (5, 16, 8), 5, 3),
    "one-value": (1, (16, 3), 1, 1),
}
ACTIVATIONS = {"": lambda x: x, "-relu": F.relu, "-silu": F.silu}

# What is frozen: before all that learns; between what learns; single layers, and the end.
PARTS = {
    "prefix": ("conv1", "bn1", "layer1", "layer2", "layer3"),
    "middle": ("layer3",),
    "mixed": ("bn1", "layer1.0.conv2", "layer2.0.downsample", "layer4.0.bn1.weight", "fc"),
}


def add(cases):
    for name, (batch, channels, height, width) in SHAPES.items():
        for suffix, activation in ACTIVATIONS.items():
            add_normalisation(cases, f"frozen-normalisation{suffix}/{name}", activation,
                              [(batch, count, height, width) for count in channels])


def add_normalisation(cases, case, activation, shapes):
    channels = sum(shape[1] for shape in shapes)
    constants = {
        "scale": cases.normal(channels, mean=1.0, deviation=0.3),
        "shift": cases.normal(channels, deviation=0.3),
        "running_mean": cases.normal(channels, deviation=0.5),
        "running_variance": cases.normal(channels).abs() + 0.5,
    }

    def normalise(**inputs):
        return activation(F.batch_norm(
            torch.cat(list(inputs.values()), 1), constants["running_mean"],
            constants["running_variance"], constants["scale"], constants["shift"],
            training=False, eps=EPSILON))

    inputs = {
        f"input{index}": cases.normal(*shape, mean=0.7, deviation=1.5)
        for index, shape in enumerate(shapes)}
    cases.differentiate(case, normalise, attributes={"inputs": len(shapes)}, **inputs)
    cases.add(case, **constants)


def freeze(model, parts):
    """Frozen parameters and modules, by what their names begin with."""
    def is_frozen(name):
        return any(name == part or name.startswith(f"{part}.") for part in parts)

    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not is_frozen(name))
    for name, module in model.named_modules():
        if is_frozen(name):
            module.eval()


def step(model, state, images, labels, weights, parts, dtype, autocast=False):
    model.to(dtype).load_state_dict(state)
    model.train().zero_grad()
    freeze(model, parts)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        logits = model(images.to(dtype))
    losses = F.cross_entropy(logits.to(dtype), labels, reduction="none")
    loss = (weights.to(dtype) * losses).sum() / len(labels)
    loss.backward()
    gradients = {
        name: value.grad.clone() for name, value in model.named_parameters()
        if value.grad is not None}
    return loss.detach(), logits.detach(), gradients


def write_network(folder, model, description, initialise, write):
    """A step for each of PARTS, from the same weights and images: `<case>/gradients/<name>` and so on."""
    generator = torch.Generator().manual_seed(116)
    initialise(model, generator)
    state = {key: value.clone() for key, value in model.state_dict().items()}
    images = torch.randn(4, 3, 48, 48, generator=generator)
    labels = torch.randint(8, (4,), generator=generator)
    weights = torch.tensor([1.0, 0.5, 2.0, 0.75])
    inputs = (images, labels, weights)
    tensors = {f"weights/{key}": value for key, value in state.items()}
    tensors |= {
        "input/images": images.permute(0, 2, 3, 1), "input/labels": labels.int(),
        "input/weights": weights}
    metadata = dict(description, classes="8", image_size="48")
    for case, parts in PARTS.items():
        _, _, gradients16 = step(model, state, *inputs, parts, torch.float32, autocast=True)
        loss, logits, gradients = step(model, state, *inputs, parts, torch.float64)
        updated = model.state_dict()
        tensors |= {f"{case}/gradients/{key}": value for key, value in gradients.items()}
        tensors |= {
            f"{case}/updated/{key}": updated[key].clone() for key, _ in model.named_buffers()}
        tensors |= {f"{case}/output/loss": loss, f"{case}/output/logits": logits}
        metadata[f"{case}/frozen"] = ",".join(parts)
        for key, exact in gradients.items():
            error = (gradients16[key].double() - exact).norm() / exact.norm()
            metadata[f"{case}/bf16_error/{key}"] = f"{float(error):.3e}"
    write(folder / "resnet-frozen.safetensors", tensors, metadata)
