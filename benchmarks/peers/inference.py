#!/usr/bin/env python3
"""Times the forward pass of a PyTorch model in evaluation mode on CPU ranks, synthetic data.

    python inference.py --ranks 2 --threads 1 --model resnet18 --image-size 112 --batch 64

Prints one JSON object: median time of a batch, images per second of all ranks, seconds from the
start of the processes to the end of the first batch, peak memory of a rank. Needs torch and
torchvision.
"""

import ranks


def make_step(arguments, torch, torchvision):
    """A closure that computes the logits of a batch."""
    model, images = ranks.make_model(arguments, torch, torchvision)
    model.eval()
    if arguments.compile:
        import torch._inductor.config

        # Lets it fold batch normalisations, as an inference engine does.
        torch._inductor.config.freezing = True
    forward = torch.compile(model) if arguments.compile else model
    autocast = arguments.mode == "bf16-autocast"

    def step():
        # Constants are folded under no_grad; inference_mode keeps inductor from it.
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            return forward(images).float()

    return step


if __name__ == "__main__":
    parsed = ranks.parse_arguments(
        __doc__.splitlines()[0], "--batch", 64, counted="batches",
        compiled="torch.compile, with weights as constants, instead of eager")
    if ranks.is_launcher():
        raise SystemExit(ranks.launch(parsed.ranks, parsed.threads))
    ranks.measure(parsed, make_step, "PyTorch {version}", "batch", together=True)
