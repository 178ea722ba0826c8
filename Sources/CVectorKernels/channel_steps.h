// Kernels over runs of channels (include/channel_run.h) take a run in steps of 32 channels, then of
// whole vectors, then of what is left. Included by the topics' .c files.
//
// A kernel over a step is told `vectors` and `lanes` (fewer than LANES only for a single vector)
// and the element type; WITH_CONSTANTS calls it with constants, so that its loops are unrolled and its
// loads and stores are single instructions. 32 channels of bfloat16 in NHWC are a cache line.
#pragma once

#include "channel_run.h"
#include "shared_work.h"

enum {
  STEP_CHANNELS = 32,
  // Vectors of 4 floats, the narrowest, in a step.
  MAX_VECTORS = STEP_CHANNELS / 4
};

#define EACH_VECTOR _Pragma("clang loop unroll(full)") for (size_t v = 0; v < vectors; v++)

// How many of `rest` channels to take in a step.
static inline size_t step_count(size_t rest, size_t lanes) {
  if (rest >= STEP_CHANNELS) return STEP_CHANNELS;
  if (rest >= lanes) return lanes;
  return rest >= lanes / 2 ? lanes / 2 : rest;
}

static inline aver_channel_run run_from(
    aver_channel_run run, size_t first, aver_element_type type) {
  if (run.address) run.address = (char *)run.address + first * aver_element_bytes(type);
  return run;
}

#define WITH_CONSTANTS(count, type, kernel)         \
  do {                                              \
    if ((type) == aver_bf16) {                      \
      WITH_CONSTANT_COUNT(count, aver_bf16, kernel) \
    } else {                                        \
      WITH_CONSTANT_COUNT(count, aver_f32, kernel)  \
    }                                               \
  } while (0)

#define WITH_CONSTANT_COUNT(count, type, kernel)    \
  switch (count) {                                  \
    case STEP_CHANNELS:                             \
      kernel(STEP_CHANNELS / LANES, LANES, type);   \
      break;                                        \
    case LANES:                                     \
      kernel(1, LANES, type);                       \
      break;                                        \
    case LANES / 2:                                 \
      kernel(1, LANES / 2, type);                   \
      break;                                        \
    default:                                        \
      kernel(1, count, type);                       \
  }
