#!/usr/bin/env python3
"""Writes the golden files that Nets is compared with: inputs, outputs, losses and every gradient.

    python generate.py                 the small files beside this script, which are committed
    python generate.py --full OUTDIR   the real networks, large, not committed

Expected values are computed by PyTorch in float64 from parameters and inputs that are float32
numbers, and stored rounded to float32: they are exact to float32's last digit, so a tolerance in a
test speaks about our rounding only. How far PyTorch's own float32 and bfloat16 (autocast) are from
the same values is stored beside them, so that ours can be held to the same standard.

Layouts are torch's (NCHW, OIHW) except `input/images`, which is NHWC. See README.md.
"""

import argparse
import json
import pathlib
import sys
import types

# The CPU build of torchvision lacks the operators that this module registers shapes for.
sys.modules.setdefault("torchvision._meta_registrations", types.ModuleType("_meta"))

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torchvision.models import resnet18, resnet50
from torchvision.models.efficientnet import (
    EfficientNet, MBConv, MBConvConfig, _efficientnet_conf as efficientnet_settings)
from torchvision.models.resnet import BasicBlock, Bottleneck

import cases_audio
import cases_convolution
import cases_elementwise
import cases_faces
import cases_frozen
import cases_fusion
import cases_losses
import cases_recurrent
import cases_normalisation
import cases_pooling
import cases_sequences
import cases_tuning
import cases_winograd
import networks

# Operations beyond those in this file: file name → (what adds its cases, seed).
TOPICS = {
    "audio": (cases_audio.add, 105),
    "convolution": (cases_convolution.add, 101),
    "elementwise": (cases_elementwise.add, 102),
    "losses": (cases_losses.add, 21),
    "sequences": (cases_sequences.add, 100),
    "recurrent": (cases_recurrent.add, 101),
    "faces": (lambda cases: cases_faces.add(cases, tiny_resnet, initialise), 105),
    "frozen": (cases_frozen.add, 115),
    "fusion": (cases_fusion.add, 104),
    "normalisation": (cases_normalisation.add, 111),
    "pooling": (cases_pooling.add, 112),
    "tuning": (lambda cases: cases_tuning.add(cases, tiny_resnet, initialise), 120),
    "winograd": (cases_winograd.add, 113),
}

BATCH_NORM_EPSILON = 1e-5
BATCH_NORM_MOMENTUM = 0.1
BRANCH_SCALE = 0.25  # mean scale of the last normalisation of a residual branch


class Cases:
    """Collects `case/tensor` entries and one JSON object of attributes per case."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)
        self.tensors = {}
        self.attributes = {}

    def normal(self, *shape, mean=0.0, deviation=1.0):
        """float32 numbers, held as float64."""
        values = torch.randn(shape, generator=self.generator) * deviation + mean
        return values.double()

    def add(self, case, attributes=None, **tensors):
        if attributes is not None:
            self.attributes[case] = json.dumps(attributes, sort_keys=True)
        for name, tensor in tensors.items():
            tensor = tensor.detach()
            stored = tensor.float() if tensor.is_floating_point() else tensor
            self.tensors[f"{case}/{name}"] = stored.contiguous()

    def differentiate(self, case, function, attributes=None, **inputs):
        """Stores inputs, function(**inputs), a random output gradient and every input's gradient."""
        leaves = {name: value.requires_grad_(True) for name, value in inputs.items()}
        output = function(**leaves)
        output_gradient = self.normal(*output.shape)
        output.backward(output_gradient)
        self.add(case, attributes, output=output, output_gradient=output_gradient, **inputs)
        self.add(case, **{f"{name}_gradient": leaf.grad for name, leaf in leaves.items()})


def add_convolutions(cases):
    """Square kernels; attributes: stride, padding."""
    shapes = {
        # case: (batch, in channels, height, width, out channels, kernel, stride, padding)
        "1x1": (2, 5, 9, 7, 6, 1, 1, 0),
        "1x1-stride2": (2, 16, 9, 7, 32, 1, 2, 0),
        "3x3": (2, 5, 9, 7, 7, 3, 1, 1),
        "3x3-stride2": (2, 16, 9, 8, 32, 3, 2, 1),
        "3x3-aligned": (2, 16, 8, 8, 16, 3, 1, 1),
        "3x3-batch1": (1, 17, 6, 5, 3, 3, 1, 1),
        "7x7-stride2": (2, 3, 17, 15, 16, 7, 2, 3),
        "7x7-stride2-odd": (1, 3, 16, 13, 10, 7, 2, 3),
    }
    for name, (batch, channels, height, width, filters, kernel, stride, padding) in shapes.items():
        cases.differentiate(
            f"convolution/{name}",
            lambda input, weight: F.conv2d(input, weight, stride=stride, padding=padding),
            attributes={"stride": stride, "padding": padding},
            input=cases.normal(batch, channels, height, width),
            weight=cases.normal(filters, channels, kernel, kernel, deviation=0.3),
        )


def add_batch_normalisations(cases):
    """Training (statistics of the batch, running statistics updated) and evaluation."""
    attributes = {"epsilon": BATCH_NORM_EPSILON, "momentum": BATCH_NORM_MOMENTUM}
    shapes = {"channels5": (2, 5, 9, 7), "channels16": (3, 16, 4, 4), "batch1": (1, 19, 5, 3)}
    for name, shape in shapes.items():
        for relu in (False, True):
            add_batch_normalisation(cases, name, shape, relu, attributes)


def add_batch_normalisation(cases, name, shape, relu, attributes):
    channels = shape[1]
    running_mean = cases.normal(channels, deviation=0.5)
    running_variance = cases.normal(channels).abs() + 0.5
    updated_mean, updated_variance = running_mean.clone(), running_variance.clone()
    scale = cases.normal(channels, mean=1.0, deviation=0.3)
    shift = cases.normal(channels, deviation=0.3)
    values = cases.normal(*shape, mean=0.7, deviation=1.5)
    activation = F.relu if relu else (lambda x: x)

    def train(input, scale, shift):
        return activation(F.batch_norm(
            input, updated_mean, updated_variance, scale, shift, training=True,
            momentum=BATCH_NORM_MOMENTUM, eps=BATCH_NORM_EPSILON))

    case = f"batch-normalisation{'-relu' if relu else ''}/{name}"
    cases.differentiate(case, train, attributes, input=values, scale=scale, shift=shift)
    evaluated = activation(F.batch_norm(
        values, running_mean, running_variance, scale, shift, training=False,
        eps=BATCH_NORM_EPSILON))
    cases.add(
        case, running_mean=running_mean, running_variance=running_variance,
        updated_mean=updated_mean, updated_variance=updated_variance,
        evaluation_output=evaluated)


def add_poolings(cases):
    for name, shape in {"odd": (2, 5, 9, 7), "even": (2, 16, 8, 6), "batch1": (1, 3, 5, 12)}.items():
        cases.differentiate(
            f"max-pooling/{name}",
            lambda input: F.max_pool2d(input, kernel_size=3, stride=2, padding=1),
            attributes={"kernel": 3, "stride": 2, "padding": 1},
            input=cases.normal(*shape))
        cases.differentiate(
            f"global-average-pooling/{name}",
            lambda input: F.adaptive_avg_pool2d(input, 1).flatten(1),
            attributes={}, input=cases.normal(*shape))


def add_linears(cases):
    shapes = {"odd": (5, 19, 7), "aligned": (4, 32, 16), "batch1": (1, 11, 8)}
    for name, (batch, inputs, outputs) in shapes.items():
        cases.differentiate(
            f"linear/{name}", F.linear, attributes={}, input=cases.normal(batch, inputs),
            weight=cases.normal(outputs, inputs, deviation=0.3), bias=cases.normal(outputs))


def add_additions(cases):
    for name, shape in {"odd": (2, 5, 9, 7), "aligned": (2, 16, 4, 4)}.items():
        cases.differentiate(
            f"addition-relu/{name}", lambda left, right: F.relu(left + right),
            attributes={}, left=cases.normal(*shape), right=cases.normal(*shape))


def write_operations(folder):
    cases = Cases(seed=1)
    add_convolutions(cases)
    add_batch_normalisations(cases)
    add_poolings(cases)
    add_linears(cases)
    add_additions(cases)
    write(folder / "operations.safetensors", cases.tensors, cases.attributes)


def write_topics(folder):
    for name, (add, seed) in TOPICS.items():
        cases = Cases(seed)
        add(cases)
        write(folder / f"{name}.safetensors", cases.tensors, cases.attributes)


def tiny_resnet():
    return networks.NarrowResNet(BasicBlock, [1, 1, 1, 1], [8, 8, 16, 16], classes=8)


def initialise(model, generator):
    """Kaiming-like weights, and normalisation parameters and statistics that are not 1 and 0.

    The last normalisation of a residual branch gets small scales: a random network whose branches
    weigh as much as their skips amplifies rounding until bfloat16 gradients are noise, in PyTorch as
    anywhere, and a comparison with noise shows nothing.
    """
    def branch_end(block):
        if isinstance(block, MBConv):
            return block.block[-1][1] if block.use_res_connect else None
        last = {BasicBlock: "bn2", Bottleneck: "bn3"}
        return getattr(block, last[type(block)]) if type(block) in last else None

    branch_ends = {branch_end(block) for block in model.modules()}

    def fill(tensor, mean, deviation):
        tensor.copy_(torch.randn(tensor.shape, generator=generator) * deviation + mean)

    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, torch.nn.Conv2d):
                fan_in = module.weight[0].numel()
                fill(module.weight, 0.0, (2.0 / fan_in) ** 0.5)
            elif isinstance(module, torch.nn.BatchNorm2d):
                scale = BRANCH_SCALE if module in branch_ends else 1.0
                fill(module.weight, scale, 0.2 * scale)
                fill(module.bias, 0.0, 0.2)
                fill(module.running_mean, 0.0, 0.2)
                fill(module.running_var, 1.0, 0.1)
                module.num_batches_tracked.fill_(7)
            elif isinstance(module, torch.nn.Linear):
                fill(module.weight, 0.0, module.weight.shape[1] ** -0.5)
                fill(module.bias, 0.0, 0.2)


def training_step(model, state, images, labels, weights, dtype, autocast=False):
    """Loss, training logits and every gradient, from `state`; the model keeps the updated state."""
    model.to(dtype).load_state_dict(state)
    model.train().zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        logits = model(images.to(dtype))
    losses = F.cross_entropy(logits.to(dtype), labels, reduction="none")
    loss = (weights.to(dtype) * losses).sum() / len(labels)
    loss.backward()
    gradients = {name: value.grad.clone() for name, value in model.named_parameters()}
    return loss.detach(), logits.detach(), gradients


def relative_error(actual, exact):
    return float((actual.double() - exact).norm() / exact.norm())


def write_network(folder, name, model, image_size, description, seed):
    """One training step and one evaluation of a network; description goes into the metadata.

    image_size is the height and the width, or a pair of them.
    """
    generator = torch.Generator().manual_seed(seed)
    initialise(model, generator)
    state = {key: value.clone() for key, value in model.state_dict().items()}
    batch, classes = 4, list(model.modules())[-1].out_features
    channels = next(model.parameters()).shape[1]
    height, width = image_size if isinstance(image_size, tuple) else (image_size, image_size)
    images = torch.randn(batch, channels, height, width, generator=generator)
    labels = torch.randint(classes, (batch,), generator=generator)
    weights = torch.tensor([1.0, 0.5, 2.0, 0.75])
    inputs = (images, labels, weights)

    _, logits16, gradients16 = training_step(model, state, *inputs, torch.float32, autocast=True)
    _, logits32, gradients32 = training_step(model, state, *inputs, torch.float32)
    loss, logits, gradients = training_step(model, state, *inputs, torch.float64)
    updated = model.state_dict()
    with torch.no_grad():
        eval_logits = model.eval()(images.double())

    tensors = {f"weights/{key}": value for key, value in state.items()}
    tensors |= {f"gradients/{key}": value for key, value in gradients.items()}
    tensors |= {f"updated/{key}": updated[key] for key, _ in model.named_buffers()}
    tensors |= {
        "input/images": images.permute(0, 2, 3, 1), "input/labels": labels.int(),
        "input/weights": weights, "output/logits": logits, "output/loss": loss,
        "output/eval_logits": eval_logits}
    metadata = dict(description, classes=str(classes), image_size=str(height))
    for key, exact in gradients.items():
        metadata[f"f32_error/{key}"] = f"{relative_error(gradients32[key], exact):.3e}"
        metadata[f"bf16_error/{key}"] = f"{relative_error(gradients16[key], exact):.3e}"
    metadata["f32_error/logits"] = f"{relative_error(logits32, logits):.3e}"
    metadata["bf16_error/logits"] = f"{relative_error(logits16, logits):.3e}"
    write(folder / f"{name}.safetensors", tensors, metadata)
    # Autocast computes convolution gradients in bf16, so most of these lose nothing here.
    write(folder / f"{name}-bf16.safetensors", {
        "bf16/logits": logits16.bfloat16(),
        **{f"bf16/gradients/{key}": value.bfloat16() for key, value in gradients16.items()}},
        {"source": f"PyTorch {torch.__version__} CPU autocast"})
    worst = max(relative_error(gradients16[key], gradients[key]) for key in gradients)
    print(f"  {name}: loss {loss:.4f}, worst bf16 gradient error of PyTorch {worst:.3f}")


# Of efficientnet-narrow: expansion, kernel, stride, channels, blocks. Without and with expansion, skips
# and strides, kernels of both sizes, numbers of channels that blocks of 16 do not divide.
NARROW_STAGES = [(1, 3, 1, 8, 1), (3, 5, 2, 24, 2), (3, 3, 2, 40, 1)]


def write_efficientnet(folder, name, settings, image_size, seed):
    """Of these stages, without dropout and stochastic depth."""
    model = EfficientNet(settings, dropout=0.0, stochastic_depth_prob=0.0, num_classes=8)
    stages = [
        (stage.expand_ratio, stage.kernel, stage.stride, stage.out_channels, stage.num_layers)
        for stage in settings]
    write_network(
        folder, name, model, image_size,
        {"stem": str(settings[0].input_channels),
         "stages": ",".join(str(int(number)) for stage in stages for number in stage)}, seed)


def write_narrow_efficientnet(folder):
    channels = [8] + [stage[3] for stage in NARROW_STAGES]
    settings = [
        MBConvConfig(expansion, kernel, stride, before, after, blocks, 1, 1)
        for before, (expansion, kernel, stride, after, blocks) in zip(channels, NARROW_STAGES)]
    write_efficientnet(folder, "efficientnet-narrow", settings, 32, seed=6)


def write_narrow_networks(folder, image_size):
    basic = networks.NarrowResNet(BasicBlock, [2, 2, 2, 2], [16, 16, 32, 32], classes=8)
    write_network(
        folder, "resnet-basic", basic, image_size,
        {"block": "basic", "layers": "2,2,2,2", "widths": "16,16,32,32"}, seed=2)
    bottleneck = networks.NarrowResNet(Bottleneck, [1, 1, 1, 1], [8, 8, 16, 16], classes=8)
    write_network(
        folder, "resnet-bottleneck", bottleneck, image_size,
        {"block": "bottleneck", "layers": "1,1,1,1", "widths": "8,8,16,16"}, seed=3)


def write_full_networks(folder):
    folder.mkdir(parents=True, exist_ok=True)
    write_network(
        folder, "resnet18", resnet18(num_classes=8), 112,
        {"block": "basic", "layers": "2,2,2,2", "widths": "64,128,256,512"}, seed=4)
    write_network(
        folder, "resnet50", resnet50(num_classes=8), 112,
        {"block": "bottleneck", "layers": "3,4,6,3", "widths": "64,128,256,512"}, seed=5)
    for name, width, depth, seed in [
            ("efficientnet_b0", 1.0, 1.0, 7), ("efficientnet_b2", 1.1, 1.2, 8)]:
        settings, _ = efficientnet_settings(name, width_mult=width, depth_mult=depth)
        write_efficientnet(folder, name, settings, 64, seed)
    networks.write_full(folder, write_network)


def write_format_sample(folder):
    """Every element type that the reader knows, an empty tensor, a scalar and awkward names."""
    tensors = {
        "f32": torch.tensor([[1.5, -2.25, 0.0], [3.0e38, 1e-45, -0.0]]),
        "bf16": torch.tensor([1.0, -3.140625, 65280.0], dtype=torch.bfloat16),
        "f16": torch.tensor([1.0, -0.333251953125, 65504.0], dtype=torch.float16),
        "f64": torch.tensor([0.1, -1e300], dtype=torch.float64),
        "i64": torch.tensor([2**62, -1]),
        "i32": torch.tensor([[7], [-8]], dtype=torch.int32),
        "u8": torch.tensor([0, 255, 3], dtype=torch.uint8),
        "bool": torch.tensor([True, False, True]),
        "scalar": torch.tensor(42.0),
        "empty": torch.zeros(0, 3),
        'a "quoted" \\ name\n\u00e9\U0001f600': torch.tensor([5.0]),
    }
    write(folder / "format.safetensors", tensors, {"writ\u00e9r": "safetensors for Python \u2713"})


def write(path, tensors, metadata):
    def stored(tensor):
        keeps_type = path.stem.startswith("format") or tensor.dtype != torch.float64
        return (tensor if keeps_type else tensor.float()).contiguous()

    save_file({name: stored(tensor) for name, tensor in tensors.items()}, path, metadata)
    sort_metadata(path)
    print(f"{path.name}: {len(tensors)} tensors, {path.stat().st_size} bytes")


def sort_metadata(path):
    """The library writes metadata in no fixed order; the same values must give the same file."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8:8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + length:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", type=pathlib.Path, metavar="OUTDIR",
                        help="write the full-size networks there instead of the small files")
    parser.add_argument("--image-size", type=int, default=48,
                        help="height and width of the narrow networks' input")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    if arguments.full:
        write_full_networks(arguments.full)
        return
    folder = pathlib.Path(__file__).parent
    write_operations(folder)
    write_topics(folder)
    write_narrow_networks(folder, arguments.image_size)
    write_narrow_efficientnet(folder)
    networks.write_narrow(folder, write_network)
    cases_frozen.write_network(
        folder, networks.NarrowResNet(BasicBlock, [1, 1, 1, 1], [8, 16, 32, 32], classes=8),
        {"block": "basic", "layers": "1,1,1,1", "widths": "8,16,32,32"}, initialise, write)
    write_format_sample(folder)


if __name__ == "__main__":
    main()
