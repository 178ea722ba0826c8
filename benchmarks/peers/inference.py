#!/usr/bin/env python3
"""Times the forward pass of a PyTorch model in evaluation mode on CPU ranks, synthetic data.

    python inference.py --ranks 2 --threads 1 --model resnet18 --image-size 112 --batch 64

Prints one JSON object: median time of a batch, images per second of all ranks, seconds from the
start of the processes to the end of the first batch, peak memory of a rank. Needs torch and
torchvision.
"""

import argparse
import json
import statistics
import time

import ranks


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ranks", type=int, default=2, help="each has a batch of its own")
    parser.add_argument("--threads", type=int, default=1, help="per rank")
    parser.add_argument("--model", default="resnet18", help="any classifier of torchvision.models")
    parser.add_argument("--image-size", type=int, default=112)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--classes", type=int, default=8)
    parser.add_argument("--steps", type=int, default=20, help="timed batches")
    parser.add_argument("--warm-up", type=int, default=3, help="batches before them")
    parser.add_argument("--mode", choices=["f32", "bf16-autocast", "bf16-weights"], default="f32")
    parser.add_argument("--compile", action="store_true",
                        help="torch.compile, with weights as constants, instead of eager")
    parser.add_argument("--memory-format", choices=["channels-last", "contiguous"],
                        default="channels-last")
    return parser.parse_args()


def make_step(arguments, torch, torchvision):
    """A closure that computes the logits of a batch."""
    memory_format = (
        torch.channels_last if arguments.memory_format == "channels-last"
        else torch.contiguous_format)
    dtype = torch.bfloat16 if arguments.mode == "bf16-weights" else torch.float32
    torch.manual_seed(0)
    model = torchvision.models.get_model(arguments.model, num_classes=arguments.classes)
    model = model.to(dtype).to(memory_format=memory_format).eval()
    if arguments.compile:
        import torch._inductor.config

        # Lets it fold batch normalisations, as an inference engine does.
        torch._inductor.config.freezing = True
    forward = torch.compile(model) if arguments.compile else model
    size = arguments.image_size
    images = torch.randn(arguments.batch, 3, size, size).to(dtype)
    images = images.contiguous(memory_format=memory_format)
    autocast = arguments.mode == "bf16-autocast"

    def step():
        # Constants are folded under no_grad; inference_mode keeps inductor from it.
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            return forward(images).float()

    return step


def measure(arguments):
    import torch
    import torch.distributed as distributed

    torchvision = ranks.import_torchvision()
    torch.set_num_threads(arguments.threads)
    distributed.init_process_group("gloo")
    step = make_step(arguments, torch, torchvision)
    step()
    seconds_to_first_batch = ranks.seconds_since_launch()
    for _ in range(arguments.warm_up):
        step()
    seconds = []
    for _ in range(arguments.steps):
        distributed.barrier()
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    # A batch is over when its slowest rank is done.
    figures = torch.tensor(
        [statistics.median(seconds), seconds_to_first_batch, ranks.peak_memory_mib()])
    distributed.all_reduce(figures, distributed.ReduceOp.MAX)
    if distributed.get_rank() == 0:
        print(json.dumps(report(arguments, torch.__version__, *figures.tolist())), flush=True)
    ranks.finish(distributed)


def report(arguments, version, batch_seconds, seconds_to_first_batch, memory_mib):
    return {
        "program": f"PyTorch {version}", "model": arguments.model,
        "mode": arguments.mode, "compile": arguments.compile,
        "memory_format": arguments.memory_format, "ranks": arguments.ranks,
        "threads": arguments.threads, "batch_per_rank": arguments.batch,
        "image_size": arguments.image_size, "steps": arguments.steps,
        "batch_ms_median": round(batch_seconds * 1000, 2),
        "images_per_second": round(arguments.ranks * arguments.batch / batch_seconds, 2),
        "seconds_to_first_batch": round(seconds_to_first_batch, 2),
        "peak_memory_mib_per_rank": round(memory_mib, 1),
    }


if __name__ == "__main__":
    parsed = parse_arguments()
    if ranks.is_launcher():
        raise SystemExit(ranks.launch(parsed.ranks, parsed.threads))
    measure(parsed)
