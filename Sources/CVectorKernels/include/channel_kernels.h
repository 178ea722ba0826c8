#pragma once

#include <stddef.h>

#include "element_types.h"
#include "vector_kernels.h"

// Kernels over activations whose channels lie beside each other, in blocks: NHWC, one block of all
// channels, or oneDNN's nChw16c and nChw8c, blocks of 16 or 8, the last one padded with zeros.
//
// As in vector_kernels.h, every result has the same bits whichever instruction set computes it:
// products and sums are float32, sums run over the samples and then over the pixels in their order,
// results of type bfloat16 are rounded once.

#ifdef __cplusplus
extern "C" {
#endif

/// An array [batch, blocks, pixels, block], where blocks * block >= channels.
typedef struct {
  size_t batch;
  size_t channels;
  /// Height times width.
  size_t pixels;
  /// Channels beside each other; channels itself for NHWC.
  size_t block;
  aver_element_type type;
} aver_channel_array;

/// y[n, c, p] = x[n, c, p] * factors[n, c].
///
/// Shapes: x and y as `array` tells, factors [batch, channels] of the same type, row-major.
void aver_multiply_channels(
    void *y, const void *x, const void *factors, aver_channel_array array);

/// The gradients of aver_multiply_channels:
///
///     x_gradient[n, c, p] = gradient[n, c, p] * factors[n, c]
///     factors_gradient[n, c] = sum over p of gradient[n, c, p] * x[n, c, p]
///
/// Shapes: gradient, x and x_gradient as `array` tells; factors and factors_gradient
/// [batch, channels]; all of the same type.
void aver_multiply_channels_backward(void *x_gradient, void *factors_gradient,
    const void *gradient, const void *x, const void *factors, aver_channel_array array);

/// The kernels for one instruction set, with the meaning of the functions above.
typedef struct {
  void (*multiply)(void *, const void *, const void *, aver_channel_array);
  void (*multiply_backward)(
      void *, void *, const void *, const void *, const void *, aver_channel_array);
} aver_channel_kernels;

/// The kernels for `instruction_set`, or NULL where this processor or build lacks it: for tests
/// that hold the variants against each other.
const aver_channel_kernels *aver_channel_kernels_for(aver_instruction_set instruction_set);

#ifdef __cplusplus
}
#endif
