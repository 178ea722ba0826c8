#!/usr/bin/env python3
"""What a checkpoint of ResNet with AdamW costs in PyTorch: torch.save and torch.distributed.checkpoint.

Ranks train on random images with DistributedDataParallel and save after every so many steps. One JSON line:
seconds that the training stands still for a checkpoint, and until it is on disk; with --resume seconds from
the start of the process to the end of the first step after loading.
"""

import argparse
import json
import os
import socket
import sys
import time
import types

START = time.time()
# The CPU build lacks what torchvision registers kernels for.
sys.modules["torchvision._meta_registrations"] = types.ModuleType("torchvision._meta_registrations")

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
import torch.distributed.checkpoint.state_dict as states
import torch.multiprocessing as processes
import torchvision


def synchronise(folder):
    """Waits until what is in a folder is on the device: neither way of saving does."""
    for root, _, files in os.walk(folder):
        for name in [*files, ""]:
            descriptor = os.open(os.path.join(root, name), os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)


def work(rank, arguments, start):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=arguments.ranks)
    model = torchvision.models.resnet50(num_classes=8)
    parallel = torch.nn.parallel.DistributedDataParallel(model)
    optimizer = torch.optim.AdamW(model.parameters())
    images = torch.randn(16, 3, 112, 112)
    labels = torch.randint(0, 8, (16,))

    def step():
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(parallel(images), labels).backward()
        optimizer.step()

    def state():
        if arguments.mode == "torch.save":
            return {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
        weights, moments = states.get_state_dict(model, optimizer)
        return {"model": weights, "optimizer": moments}

    path = f"{arguments.folder}/{arguments.mode}"
    if arguments.resume:
        if arguments.mode == "torch.save":
            loaded = torch.load(f"{path}/checkpoint.pt")
            model.load_state_dict(loaded["model"])
            optimizer.load_state_dict(loaded["optimizer"])
        else:
            loaded = state()
            dcp.load(loaded, checkpoint_id=f"{path}/{arguments.every}")
            states.set_state_dict(
                model, optimizer, model_state_dict=loaded["model"], optim_state_dict=loaded["optimizer"])
        step()
        if rank == 0:
            print(json.dumps({"resumed_seconds": time.time() - start}))
        return
    os.makedirs(path, exist_ok=True)
    # What is written beside the training must not take its turns in the training's collectives.
    writers = dist.new_group(backend="gloo")
    stalls, pending = [], None
    for number in range(1, arguments.steps + 1):
        step()
        if number % arguments.every:
            continue
        dist.barrier()
        began = time.time()
        if arguments.mode == "torch.save":
            if rank == 0:
                torch.save(state(), f"{path}/checkpoint.pt")
                synchronise(path)
            dist.barrier()
        elif arguments.mode == "dcp.save":
            dcp.save(state(), checkpoint_id=f"{path}/{number}")
            if rank == 0:
                synchronise(f"{path}/{number}")
            dist.barrier()
        else:
            if pending:
                pending.result()
            pending = dcp.async_save(state(), checkpoint_id=f"{path}/{number}", process_group=writers)
        stalls.append(time.time() - began)
    if pending:
        pending.result()
    if rank == 0:
        print(json.dumps({"stall_seconds": stalls}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--mode", choices=["torch.save", "dcp.save", "dcp.async_save"], default="torch.save")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--every", type=int, default=3)
    parser.add_argument("--resume", action="store_true")
    arguments = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        os.environ["MASTER_PORT"] = str(free.getsockname()[1])
    os.environ["MASTER_ADDR"] = "127.0.0.1"
    processes.spawn(work, (arguments, START), nprocs=arguments.ranks)


if __name__ == "__main__":
    main()
