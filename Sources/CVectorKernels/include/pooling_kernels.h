#pragma once

#include <stddef.h>

#include "channel_run.h"
#include "vector_kernels.h"

// Poolings of runs of channels that oneDNN does not have.
//
// As in vector_kernels.h, every result has the same bits whichever instruction set computes it:
// sums are float32, over a bin's pixels (or a pixel's bins) in row-major order; results of type
// bfloat16 are rounded once.

#ifdef __cplusplus
extern "C" {
#endif

/// Images, their sizes before and after a pooling, and the type of their elements.
typedef struct {
  size_t images;
  size_t from_height, from_width;
  size_t to_height, to_width;
  aver_element_type type;
} aver_pooling;

/// Means over bins that cover the source: element i of `to` covers the pixels from
/// floor(i * from / to) to ceil((i + 1) * from / to) of an axis, the last not included.
/// Source: torch.nn.functional.adaptive_avg_pool2d.
void aver_adaptive_average(
    aver_pooling pooling, const aver_channel_slice *slices, size_t count);

/// The gradient of aver_adaptive_average with respect to its source: the slices' sources are the
/// gradients of its result.
void aver_adaptive_average_backward(
    aver_pooling pooling, const aver_channel_slice *slices, size_t count);

/// The kernels for one instruction set, with the meaning of the functions above.
typedef struct {
  void (*adaptive_average)(aver_pooling, aver_channel_run, aver_channel_run, size_t);
  void (*adaptive_average_backward)(aver_pooling, aver_channel_run, aver_channel_run, size_t);
} aver_pooling_kernels;

/// The kernels for `instruction_set`, or NULL where this processor or build lacks it: for tests
/// that hold the variants against each other.
const aver_pooling_kernels *aver_pooling_kernels_for(aver_instruction_set instruction_set);

#ifdef __cplusplus
}
#endif
