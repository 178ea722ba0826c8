"""What the PyTorch peers share: starting ranks, measuring them, and importing torchvision."""

import argparse
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import time
import types


def process_start():
    """When this process began, in seconds of the monotonic clock since boot (Linux)."""
    with open("/proc/self/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")


def now():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def is_launcher():
    return "RANK" not in os.environ


def launch(ranks, threads):
    """Runs this script once per rank, each on its own cores where there are enough, as mpirun does.

    Returns the exit status. One failing rank ends the others.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    cores = sorted(os.sched_getaffinity(0))
    children = []
    for rank in range(ranks):
        environment = dict(
            os.environ, RANK=str(rank), WORLD_SIZE=str(ranks), MASTER_ADDR="127.0.0.1",
            MASTER_PORT=str(port), OMP_NUM_THREADS=str(threads),
            LAUNCHED_AT=str(process_start()))
        own = cores[rank * threads:(rank + 1) * threads] if len(cores) >= ranks * threads else cores
        # Set before the interpreter starts, so that no thread pool is made for other cores.
        children.append(subprocess.Popen(
            [sys.executable, *sys.argv], env=environment,
            preexec_fn=lambda own=own: os.sched_setaffinity(0, own)))
    return wait(children)


def wait(children):
    running = list(children)
    while running:
        for child in list(running):
            status = child.poll()
            if status is None:
                continue
            running.remove(child)
            if status != 0:
                for other in running:
                    other.terminate()
                return status if status > 0 else 1
        time.sleep(0.02)
    return 0


def finish(distributed):
    """Ends this rank. Destroying a gloo group while threads of it still run can hang for ever."""
    distributed.barrier()
    sys.stdout.flush()
    os._exit(0)


def seconds_since_launch():
    return now() - float(os.environ["LAUNCHED_AT"])


def peak_memory_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def import_torchvision():
    """torchvision's CPU build lacks the operators that this module registers shapes for."""
    sys.modules.setdefault("torchvision._meta_registrations", types.ModuleType("_meta"))
    import torchvision

    return torchvision


def parse_arguments(description, batch_option, batch, compiled, counted, more=None):
    """The options of a peer; the size of a batch becomes `batch`, whatever its option's name.

    `more` adds options that others do not have.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--ranks", type=int, default=2, help="each has a batch of its own")
    parser.add_argument("--threads", type=int, default=1, help="per rank")
    parser.add_argument("--model", default="resnet18", help="any classifier of torchvision.models")
    parser.add_argument("--image-size", type=int, default=112)
    parser.add_argument(batch_option, dest="batch", type=int, default=batch)
    parser.add_argument("--classes", type=int, default=8)
    parser.add_argument("--steps", type=int, default=20, help=f"timed {counted}")
    parser.add_argument("--warm-up", type=int, default=3, help=f"{counted} before them")
    parser.add_argument("--mode", choices=["f32", "bf16-autocast", "bf16-weights"], default="f32")
    parser.add_argument("--compile", action="store_true", help=compiled)
    parser.add_argument("--memory-format", choices=["channels-last", "contiguous"],
                        default="channels-last")
    if more:
        more(parser)
    return parser.parse_args()


def make_model(arguments, torch, torchvision):
    """The model and random images, in the format and order that the arguments ask for."""
    memory_format = (
        torch.channels_last if arguments.memory_format == "channels-last"
        else torch.contiguous_format)
    dtype = torch.bfloat16 if arguments.mode == "bf16-weights" else torch.float32
    torch.manual_seed(0)
    model = torchvision.models.get_model(arguments.model, num_classes=arguments.classes)
    model = model.to(dtype).to(memory_format=memory_format)
    size = arguments.image_size
    images = torch.randn(arguments.batch, 3, size, size).to(dtype)
    return model, images.contiguous(memory_format=memory_format)


def measure(arguments, make_step, program, kind, together):
    """Times the closure that make_step gives, on every rank, and prints one JSON object.

    `kind` names what is timed in the keys; `together`: whether ranks start each run together.
    """
    import torch
    import torch.distributed as distributed

    torchvision = import_torchvision()
    torch.set_num_threads(arguments.threads)
    distributed.init_process_group("gloo")
    step = make_step(arguments, torch, torchvision)
    step()
    seconds_to_first = seconds_since_launch()
    for _ in range(arguments.warm_up):
        step()
    seconds = []
    for _ in range(arguments.steps):
        if together:
            distributed.barrier()
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    # A run is over when its slowest rank is done.
    figures = torch.tensor([statistics.median(seconds), seconds_to_first, peak_memory_mib()])
    distributed.all_reduce(figures, distributed.ReduceOp.MAX)
    if distributed.get_rank() == 0:
        name = program.format(version=torch.__version__)
        print(json.dumps(report(arguments, name, kind, *figures.tolist())), flush=True)
    finish(distributed)


def report(arguments, program, kind, seconds, seconds_to_first, memory_mib):
    return {
        "program": program, "model": arguments.model,
        "mode": arguments.mode, "compile": arguments.compile,
        "memory_format": arguments.memory_format, "ranks": arguments.ranks,
        "threads": arguments.threads, "batch_per_rank": arguments.batch,
        "image_size": arguments.image_size, "steps": arguments.steps,
        f"{kind}_ms_median": round(seconds * 1000, 2),
        "images_per_second": round(arguments.ranks * arguments.batch / seconds, 2),
        f"seconds_to_first_{kind}": round(seconds_to_first, 2),
        "peak_memory_mib_per_rank": round(memory_mib, 1),
    }
