#!/usr/bin/env python3
"""Times torch.distributed.all_reduce with gloo, the way `aver-train benchmark allreduce` times itself.

    mpirun -n 2 python allreduce_gloo.py --bytes 26214400

Prints one JSON object on rank 0: the median over the iterations, of each the time of the slowest rank. Needs torch.
"""

import argparse
import json
import os
import statistics
import time

import torch
import torch.distributed as dist


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bytes", type=int, default=100_000_000)
    parser.add_argument("--port", default="29517")
    arguments = parser.parse_args()
    rank, size = int(os.environ["OMPI_COMM_WORLD_RANK"]), int(os.environ["OMPI_COMM_WORLD_SIZE"])
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=arguments.port)
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=size)
    values = torch.zeros(max(arguments.bytes // 4, 1))

    def timed():
        dist.barrier()
        start = time.perf_counter()
        dist.all_reduce(values)
        return time.perf_counter() - start

    timed()
    count = torch.tensor([min(max(1 / timed(), 10), 200)])
    dist.all_reduce(count, dist.ReduceOp.MAX)
    slowest = torch.tensor([timed() for _ in range(int(count))], dtype=torch.float64)
    dist.all_reduce(slowest, dist.ReduceOp.MAX)
    if rank == 0:
        print(json.dumps({"bytes": values.numel() * 4, "ms_median": 1000 * statistics.median(slowest.tolist())}))
    # Who leaves while others still talk to it makes them abort.
    dist.barrier()
    dist.destroy_process_group()


main()
