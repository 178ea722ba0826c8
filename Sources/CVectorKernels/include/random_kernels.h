#pragma once

#include <stddef.h>
#include <stdint.h>

#include "element_types.h"
#include "random_stream.h"
#include "vector_kernels.h"

// Kernels for regularisation that draws: masks of random numbers, and what is done with them. Every
// result has the same bits whichever instruction set computes it, in however many threads.

#ifdef __cplusplus
extern "C" {
#endif

/// mask[i] = 1 where the stream's i-th number in [0, 1) is at least drop_probability, else 0: the
/// numbers are those of CounterRandom.uniform(). Shapes: mask [count].
///
/// Source: Philox4x32-10, J. K. Salmon et al., SC 2011.
void aver_draw_keep_mask(
    uint8_t *mask, size_t count, float drop_probability, aver_random_stream stream);

/// y[i] = mask[i] ? x[i] * factor : 0. Shapes: all [count]; y may be x itself.
void aver_apply_mask(void *y, const void *x, const uint8_t *mask, float factor, size_t count,
    aver_element_type type);

/// y[n, i] = x[n, i] * factors[n], plus addend[n, i] where addend is not NULL; rounded once.
/// Shapes: y, x and addend [batch, count], factors [batch], float32.
void aver_scale_samples(void *y, const void *x, const void *addend, const float *factors,
    size_t batch, size_t count, aver_element_type type);

/// The kernels for one instruction set, with the meaning of the functions above.
typedef struct {
  void (*draw_keep_mask)(uint8_t *, size_t, float, aver_random_stream);
  void (*apply_mask)(
      void *, const void *, const uint8_t *, float, size_t, aver_element_type);
  void (*scale_samples)(void *, const void *, const void *, const float *, size_t, size_t,
      aver_element_type);
} aver_random_kernels;

/// The kernels for `instruction_set`, or NULL where this processor or build lacks it: for tests
/// that hold the variants against each other.
const aver_random_kernels *aver_random_kernels_for(aver_instruction_set instruction_set);

#ifdef __cplusplus
}
#endif
