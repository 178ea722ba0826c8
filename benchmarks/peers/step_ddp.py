#!/usr/bin/env python3
"""Times one training step of PyTorch DistributedDataParallel (gloo) on CPU ranks, synthetic data.

    python step_ddp.py --ranks 2 --threads 1 --model resnet18 --image-size 112 --batch-per-rank 32

Prints one JSON object: median step time, images per second, seconds from the start of the
processes to the end of the first step, peak memory of a rank. Needs torch and torchvision.
"""

import argparse
import json
import statistics
import time

import ranks


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1, help="per rank")
    parser.add_argument("--model", default="resnet18", help="any classifier of torchvision.models")
    parser.add_argument("--image-size", type=int, default=112)
    parser.add_argument("--batch-per-rank", type=int, default=32)
    parser.add_argument("--classes", type=int, default=8)
    parser.add_argument("--steps", type=int, default=20, help="timed steps")
    parser.add_argument("--warm-up", type=int, default=3, help="steps before them")
    parser.add_argument("--mode", choices=["f32", "bf16-autocast", "bf16-weights"], default="f32")
    parser.add_argument("--compile", action="store_true", help="torch.compile instead of eager")
    parser.add_argument("--memory-format", choices=["channels-last", "contiguous"],
                        default="channels-last")
    return parser.parse_args()


def make_step(arguments, torch, torchvision):
    """A closure that runs one whole step: forward, backward, all-reduce, optimizer."""
    memory_format = (
        torch.channels_last if arguments.memory_format == "channels-last"
        else torch.contiguous_format)
    dtype = torch.bfloat16 if arguments.mode == "bf16-weights" else torch.float32
    torch.manual_seed(0)
    model = torchvision.models.get_model(arguments.model, num_classes=arguments.classes)
    model = model.to(dtype).to(memory_format=memory_format).train()
    model = torch.nn.parallel.DistributedDataParallel(model, gradient_as_bucket_view=True)
    forward = torch.compile(model) if arguments.compile else model
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, nesterov=True)
    size = arguments.image_size
    images = torch.randn(arguments.batch_per_rank, 3, size, size).to(dtype)
    images = images.contiguous(memory_format=memory_format)
    labels = torch.randint(arguments.classes, (arguments.batch_per_rank,))
    autocast = arguments.mode == "bf16-autocast"

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
            logits = forward(images)
        torch.nn.functional.cross_entropy(logits.float(), labels).backward()
        optimizer.step()

    return step


def measure(arguments):
    import torch
    import torch.distributed as distributed

    torchvision = ranks.import_torchvision()
    torch.set_num_threads(arguments.threads)
    distributed.init_process_group("gloo")
    step = make_step(arguments, torch, torchvision)
    step()
    seconds_to_first_step = ranks.seconds_since_launch()
    for _ in range(arguments.warm_up):
        step()
    seconds = []
    for _ in range(arguments.steps):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    # A step is over when its slowest rank is done.
    figures = torch.tensor(
        [statistics.median(seconds), seconds_to_first_step, ranks.peak_memory_mib()])
    distributed.all_reduce(figures, distributed.ReduceOp.MAX)
    if distributed.get_rank() == 0:
        print(json.dumps(report(arguments, torch.__version__, *figures.tolist())), flush=True)
    ranks.finish(distributed)


def report(arguments, version, step_seconds, seconds_to_first_step, memory_mib):
    return {
        "program": f"PyTorch {version} DDP (gloo)", "model": arguments.model,
        "mode": arguments.mode, "compile": arguments.compile,
        "memory_format": arguments.memory_format, "ranks": arguments.ranks,
        "threads": arguments.threads, "batch_per_rank": arguments.batch_per_rank,
        "image_size": arguments.image_size, "steps": arguments.steps,
        "step_ms_median": round(step_seconds * 1000, 2),
        "images_per_second": round(arguments.ranks * arguments.batch_per_rank / step_seconds, 2),
        "seconds_to_first_step": round(seconds_to_first_step, 2),
        "peak_memory_mib_per_rank": round(memory_mib, 1),
    }


if __name__ == "__main__":
    parsed = parse_arguments()
    if ranks.is_launcher():
        raise SystemExit(ranks.launch(parsed.ranks, parsed.threads))
    measure(parsed)
