#pragma once

#include <stddef.h>
#include <stdint.h>

#include "random_stream.h"
#include "vector_kernels.h"

// Kernels that fill arrays with random numbers: how weights start out. Every result has the same
// bits whichever instruction set computes it, and none depends on the mathematics library.

#ifdef __cplusplus
extern "C" {
#endif

/// values[i] = lower + width * u[i] in float32, where u[i] in [0, 1) is the stream's i-th number as
/// CounterRandom.uniform() gives it. Shapes: values [count].
///
/// Source: Philox4x32-10, J. K. Salmon et al., SC 2011.
void aver_draw_uniform_f32(
    float *values, size_t count, float lower, float width, aver_random_stream stream);

/// Normal numbers with mean 0, two from each two numbers u of the stream:
///
///     values[2i] = deviation * sqrt(-2 ln(1 - u[2i])) * cos(2 pi u[2i + 1])
///     values[2i + 1] = deviation * sqrt(-2 ln(1 - u[2i])) * sin(2 pi u[2i + 1])
///
/// Shapes: values [count]; where count is odd, the last has no partner. Relative to what the formulas
/// give for the same u, each is wrong by less than 5e-7: over all 2^24 values of u, the root is within
/// 1 unit in the last place, cosine and sine within 2. None is beyond 5.77 deviations, where
/// u = 1 - 2^-24.
///
/// Source: G. Box and M. Muller, 1958; logarithm, cosine and sine of S. Moshier, Cephes.
void aver_draw_normal_f32(
    float *values, size_t count, float deviation, aver_random_stream stream);

/// The kernels for one instruction set, with the meaning of the functions above.
typedef struct {
  void (*uniform)(float *, size_t, float, float, aver_random_stream);
  void (*normal)(float *, size_t, float, aver_random_stream);
} aver_draw_kernels;

/// The kernels for `instruction_set`, or NULL where this processor or build lacks it: for tests
/// that hold the variants against each other.
const aver_draw_kernels *aver_draw_kernels_for(aver_instruction_set instruction_set);

#ifdef __cplusplus
}
#endif
