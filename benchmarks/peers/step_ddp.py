#!/usr/bin/env python3
"""Times one training step of PyTorch DistributedDataParallel (gloo) on CPU ranks, synthetic data.

    python step_ddp.py --ranks 2 --threads 1 --model resnet18 --image-size 112 --batch-per-rank 32

Prints one JSON object: median step time, images per second, seconds from the start of the
processes to the end of the first step, peak memory of a rank. Needs torch and torchvision.
"""

import ranks


def make_step(arguments, torch, torchvision):
    """A closure that runs one whole step: forward, backward, all-reduce, optimizer."""
    model, images = ranks.make_model(arguments, torch, torchvision)
    model.train()
    freeze(model, arguments.freeze)
    model = torch.nn.parallel.DistributedDataParallel(model, gradient_as_bucket_view=True)
    forward = torch.compile(model) if arguments.compile else model
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=0.01, momentum=0.9, nesterov=True)
    labels = torch.randint(arguments.classes, (arguments.batch,))
    autocast = arguments.mode == "bf16-autocast"

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            logits = forward(images)
        torch.nn.functional.cross_entropy(logits.float(), labels).backward()
        optimizer.step()

    return step


def freeze(model, parts):
    """Frozen modules are evaluated and not trained."""
    for part in parts:
        model.get_submodule(part).requires_grad_(False).eval()


if __name__ == "__main__":
    parsed = ranks.parse_arguments(
        __doc__.splitlines()[0], "--batch-per-rank", 32, compiled="torch.compile instead of eager",
        counted="steps", more=lambda parser: parser.add_argument(
            "--freeze", nargs="*", default=[], metavar="MODULE", help="modules that are not trained"))
    if ranks.is_launcher():
        raise SystemExit(ranks.launch(parsed.ranks, parsed.threads))
    ranks.measure(parsed, make_step, "PyTorch {version} DDP (gloo)", "step", together=False)
