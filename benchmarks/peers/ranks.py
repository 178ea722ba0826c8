"""What the PyTorch peers share: starting ranks, measuring them, and importing torchvision."""

import os
import resource
import socket
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
