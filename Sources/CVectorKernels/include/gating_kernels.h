#pragma once

#include "vector_kernels.h"

// Sums whose shares a gate decides, element by element, float32. As in vector_kernels.h:
// bit-identical under every instruction set, vectors contiguous and apart from each other.

#ifdef __cplusplus
extern "C" {
#endif

/// result[i] = right[i] + gate[i] * (left[i] - right[i]). Shapes: all [count].
void aver_gated_sum_f32(
    float *result, const float *gate, const float *left, const float *right, size_t count);

/// The gradients of aver_gated_sum_f32:
///
///     gate_gradient[i] = gradient[i] * (left[i] - right[i])
///     left_gradient[i] = gradient[i] * gate[i]
///     right_gradient[i] = gradient[i] - left_gradient[i]
///
/// Shapes: all [count].
void aver_gated_sum_backward_f32(
    float *gate_gradient, float *left_gradient, float *right_gradient, const float *gradient,
    const float *gate, const float *left, const float *right, size_t count);

/// The kernels for one instruction set, with the meaning of the functions above.
typedef struct {
  void (*gated_sum)(float *, const float *, const float *, const float *, size_t);
  void (*gated_sum_backward)(
      float *, float *, float *, const float *, const float *, const float *, const float *, size_t);
} aver_gating_kernels;

/// The kernels for `instruction_set`, or NULL where this processor or build lacks it: for tests
/// that hold the variants against each other.
const aver_gating_kernels *aver_gating_kernels_for(aver_instruction_set instruction_set);

#ifdef __cplusplus
}
#endif
