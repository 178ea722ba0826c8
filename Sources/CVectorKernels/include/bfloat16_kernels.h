#pragma once

#include <stddef.h>
#include <stdint.h>

#include "vector_kernels.h"

// Vectors of float32 to and from bfloat16, the upper half of a float32.
//
// As in vector_kernels.h, every result has the same bits whichever instruction set computes it.
// Vectors are contiguous, [count], and do not overlap.

#ifdef __cplusplus
extern "C" {
#endif

/// result[i] = values[i] rounded to bfloat16, ties to even; NaN stays NaN. Shapes: both [count].
void aver_round_bf16(uint16_t *result, const float *values, size_t count);

/// result[i] = source[i], where source is bfloat16. Shapes: both [count].
void aver_widen_bf16(float *result, const uint16_t *source, size_t count);

/// destination[i] = destination[i] + source[i], where source is bfloat16. Shapes: both [count].
void aver_add_bf16(float *destination, const uint16_t *source, size_t count);

/// Rounds to bfloat16 what is there together with what earlier roundings have left out:
///
///     c = values[i] + errors[i]
///     values[i] = c rounded to bfloat16, as float32
///     left[i] = c - values[i], without an error of its own
///
/// Shapes: all [count]. As many threads of kernel_threads.h as are there share a long vector.
/// Source: error feedback, F. Seide et al., "1-bit stochastic gradient descent", Interspeech 2014.
void aver_round_with_feedback_bf16(
    float *values, float *left, const float *errors, size_t count);

/// The kernels for one instruction set, with the meaning of the functions above.
typedef struct {
  void (*round)(uint16_t *, const float *, size_t);
  void (*widen)(float *, const uint16_t *, size_t);
  void (*add)(float *, const uint16_t *, size_t);
  void (*round_with_feedback)(float *, float *, const float *, size_t);
} aver_bfloat16_kernels;

/// The kernels for `instruction_set`, or NULL where this processor or build lacks it: for tests
/// that hold the variants against each other.
const aver_bfloat16_kernels *aver_bfloat16_kernels_for(aver_instruction_set instruction_set);

#ifdef __cplusplus
}
#endif
