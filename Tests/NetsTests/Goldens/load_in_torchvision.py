#!/usr/bin/env python3
"""Shows that models as we store them load in torchvision (what it lacks in modules of networks.py) and
give our logits there.

    python load_in_torchvision.py FOLDER     what ExportTests has written there
    python load_in_torchvision.py --check    ends with 0 where it could run
    python load_in_torchvision.py --exported WEIGHTS GRAPHS
                                             what `aver export` has written of a run that sees or hears, by
                                             `--format safetensors` and `--format onnx`: every head has to
                                             give, behind torchvision's backbone, what ONNX Runtime gives

FOLDER holds NAME.safetensors, NAME being ours of the model, and NAME-logits.safetensors with
`images` (NHWC) or `patches` (N1HW) and the `logits` that we compute of them.
"""

import argparse
import json
import pathlib
import sys
import types

# The CPU build of torchvision lacks the operators that this module registers shapes for.
sys.modules.setdefault("torchvision._meta_registrations", types.ModuleType("_meta"))

import torch
import torchvision
from safetensors.torch import load_file

from networks import NarrowResNet, VGGISH, VGGish

TOLERANCE = 1e-5  # of the largest logit
SUFFIX = "-logits"


def visual(name, classes):
    if name == "resnet10_x0_25":
        block = torchvision.models.resnet.BasicBlock
        return NarrowResNet(block, [1, 1, 1, 1], [16, 32, 64, 128], classes)
    return torchvision.models.get_model(name, num_classes=classes)


def difference(path):
    """Largest difference of logits, as a fraction of the largest logit."""
    expected = load_file(path.with_name(f"{path.stem}{SUFFIX}.safetensors"))
    classes = expected["logits"].shape[1]
    if path.stem == "vggish":
        samples = expected["patches"]
        model = VGGish(tuple(samples.shape[2:]), **VGGISH, outputs=classes)
    else:
        samples = expected["images"].permute(0, 3, 1, 2).contiguous()
        model = visual(path.stem, classes)
    model.load_state_dict(load_file(path), strict=True)
    with torch.no_grad():
        logits = model.eval()(samples)
    return float((logits - expected["logits"]).abs().max() / logits.abs().max())


def exported_backbone(description, weights):
    """The library's own class with the exported weights, all of them and no others."""
    name, state = description["architecture"], load_file(weights)
    if name == "vggish":
        audio = description["audio"]
        model = VGGish((audio["patch_frames"], audio["mel_bands"]), **VGGISH, outputs=1)
        model.head = torch.nn.Identity()
    else:
        classes = len(description["outputs"].get("classes", [])) or 1
        model = visual(name, classes)
        if "classes" not in description["outputs"]:
            model.fc = torch.nn.Identity()
        if "audio" in description:
            first = model.conv1
            model.conv1 = torch.nn.Conv2d(
                1, first.out_channels, first.kernel_size, first.stride, first.padding, bias=False)
    model.load_state_dict(state, strict=True)
    return model.eval()


def without_head(model):
    """The same model, up to its features."""
    for head in ("fc", "classifier", "head"):
        if hasattr(model, head):
            setattr(model, head, torch.nn.Identity())
    return model


def head(tensors, features):
    """A linear head, or two layers with a ReLU between them, scaled to length 1."""
    layers = sorted({name.rsplit(".", 1)[0] for name in tensors})
    for index, layer in enumerate(layers):
        if index > 0:
            features = torch.relu(features)
        features = torch.nn.functional.linear(
            features, tensors[f"{layer}.weight"], tensors[f"{layer}.bias"])
    if layers[0].startswith("embedding"):
        features = torch.nn.functional.normalize(features)
    return features


def exported(weights, graphs):
    """Largest difference of each output, as a fraction of the largest element."""
    import onnxruntime

    description = json.loads((weights / "model.json").read_text())
    session = onnxruntime.InferenceSession(str(graphs / "model.onnx"))
    name, shape = session.get_inputs()[0].name, session.get_inputs()[0].shape
    samples = torch.rand([2] + shape[1:], generator=torch.Generator().manual_seed(1)) * 2 - 1
    outputs = [output.name for output in session.get_outputs()]
    theirs = dict(zip(outputs, session.run(outputs, {name: samples.numpy()})))
    with torch.no_grad():
        whole = exported_backbone(description, weights / "model.safetensors")
        ours = {"logits": whole(samples)} if "classes" in description["outputs"] else {}
        ours["features"] = without_head(whole)(samples)
        for path in weights.glob("head-*.safetensors"):
            ours[path.stem[5:]] = head(load_file(path), ours["features"])
    if set(ours) != set(outputs):
        sys.exit(f"{weights} gives {sorted(ours)}, {graphs} gives {sorted(outputs)}")
    return {
        output: float((ours[output] - torch.from_numpy(theirs[output])).abs().max()
                      / ours[output].abs().max())
        for output in outputs
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, nargs="?", help="what ExportTests has written")
    parser.add_argument("--check", action="store_true", help="only see whether this could run")
    parser.add_argument(
        "--exported", nargs=2, type=pathlib.Path, metavar=("WEIGHTS", "GRAPHS"),
        help="what aver export has written in both formats")
    arguments = parser.parse_args()
    if arguments.check:
        return
    if arguments.exported:
        differences = exported(*arguments.exported)
        for name, value in differences.items():
            print(f"{name}: every tensor loads; differs by {value:.1e} of the largest")
        sys.exit(any(not value <= TOLERANCE for value in differences.values()))
    if arguments.folder is None:
        parser.error("name the folder")
    models = sorted(
        path for path in arguments.folder.glob("*.safetensors") if not path.stem.endswith(SUFFIX))
    if not models:
        sys.exit(f"{arguments.folder}: no models")
    differences = {path.stem: difference(path) for path in models}
    for name, value in differences.items():
        print(f"{name}: every tensor loads; logits differ by {value:.1e} of the largest")
    sys.exit(any(not value <= TOLERANCE for value in differences.values()))


if __name__ == "__main__":
    main()
