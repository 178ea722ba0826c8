/// The threads that share a kernel's work: OpenMP's, the same that oneDNN's kernels run on, so that the
/// two kinds of kernels never compete for cores.
//
/// OpenMP keeps their number, and a team of threads, per calling thread. Its library is looked up at run
/// time, because which one oneDNN was linked with is only known then: GNU's and LLVM's both have the
/// functions that are called here.
#pragma once

#include <stdbool.h>
#include <stddef.h>

/// Sets the number of threads for kernels called from the calling thread; false where there is no
/// OpenMP, or where OMP_THREAD_LIMIT allows fewer.
bool aver_set_kernel_threads(int threads);

/// How many threads share a kernel's work in the calling thread: what it has set, else 1.
int aver_kernel_threads(void);

/// Some of the numbers from 0 on.
typedef struct {
  size_t first, end;
} aver_range;

/// What part `part` of `parts` has of `units`: parts follow each other and differ by one at most.
static inline aver_range aver_part(size_t units, size_t parts, size_t part) {
  aver_range range = {units * part / parts, units * (part + 1) / parts};
  return range;
}

/// Does one part of a kernel's work, in whichever thread.
typedef void (*aver_work)(void *context, size_t part);

/// Calls `work` for the parts 0 … `parts` - 1 and returns when all are done. Each thread has parts that
/// follow each other; which one does a part must make no difference to the result.
void aver_share_work(size_t parts, aver_work work, void *context);
