#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "channel_run.h"
#include "vector_kernels.h"

// Batch normalisation of runs of channels.
//
// As in vector_kernels.h, every result has the same bits whichever instruction set computes it and
// wherever the arrays lie: arithmetic is float32, sums run over the images and their pixels in
// order, in float32 over 64 pixels at most and beyond in float64; results of type bfloat16 are
// rounded once.

#ifdef __cplusplus
extern "C" {
#endif

/// Images, pixels of each (height times width) and the type of their elements.
typedef struct {
  size_t images;
  size_t pixels;
  aver_element_type type;
} aver_extent;

/// What follows a normalisation, z being its result.
typedef enum {
  /// y = z.
  aver_no_activation,
  /// y = max(z, 0).
  aver_relu,
  /// y = z / (1 + exp(-z)).
  aver_silu,
} aver_activation;

/// A batch normalisation, and the activation f after it:
///
///     y = f((x - mean) * (scale / sqrt(variance + epsilon)) + shift)
///
/// Shapes: mean, variance, scale and shift are [channels].
/// Source: Ioffe and Szegedy, 2015.
typedef struct {
  const float *mean;
  const float *variance;
  const float *scale;
  const float *shift;
  float epsilon;
  aver_activation activation;
} aver_normalization;

/// Mean and (biased) variance of each channel of the sources over images and pixels.
///
/// Up to 64 pixels are summed around their own mean, then joined: nothing cancels where the mean is
/// large against the deviation.
/// Shapes: mean and variance are [channels].
/// Source: T. Chan, G. Golub and R. LeVeque, 1983 (joining).
void aver_channel_moments(
    aver_extent extent, const aver_channel_slice *slices, size_t count, float *mean,
    float *variance);

/// Writes the normalised sources into the destinations.
void aver_normalize_channels(
    aver_extent extent, const aver_channel_slice *slices, size_t count,
    aver_normalization normalization);

/// The gradients of aver_normalize_channels, where mean and variance are those of the source.
///
/// With g the gradient of y times the derivative of f, which is computed anew from x, d = x - mean,
/// r = 1 / sqrt(variance + epsilon), and n images times pixels:
///
///     shift_gradient = sum(g)
///     scale_gradient = sum(g * d) * r
///     source_gradient = scale * r * (g - sum(g) / n - d * r * r * sum(g * d) / n)
///
/// For SiLU, g may pass through the array of the last, the destination, and its type. Where the
/// destination's address is NULL it is left out.
/// Shapes: scale_gradient and shift_gradient are [channels].
void aver_normalize_channels_backward(
    aver_extent extent, const aver_channel_slice *slices, size_t count,
    aver_normalization normalization, float *scale_gradient, float *shift_gradient);

/// The gradient of aver_normalize_channels where mean and variance are constants, as running statistics
/// are: scale * r * g. Where a destination's address is NULL it is left out.
void aver_normalize_channels_backward_constant(
    aver_extent extent, const aver_channel_slice *slices, size_t count,
    aver_normalization normalization);

/// Sets a run of channels to zero: what pads a blocked layout.
void aver_clear_channels(aver_extent extent, aver_channel_run destination, size_t channels);

/// The kernels for one instruction set, with the meaning of the functions above.
typedef struct {
  void (*moments)(aver_extent, aver_channel_run, size_t, float *, float *);
  void (*normalize)(aver_extent, aver_channel_run, aver_channel_run, size_t, aver_normalization);
  void (*normalize_backward)(
      aver_extent, aver_channel_run, aver_channel_run, aver_channel_run, bool, size_t,
      aver_normalization, float *, float *);
  void (*normalize_backward_constant)(
      aver_extent, aver_channel_run, aver_channel_run, aver_channel_run, bool, size_t,
      aver_normalization);
  void (*clear)(aver_extent, aver_channel_run, size_t);
} aver_normalization_kernels;

/// The kernels for `instruction_set`, or NULL where this processor or build lacks it: for tests
/// that hold the variants against each other.
const aver_normalization_kernels *aver_normalization_kernels_for(
    aver_instruction_set instruction_set);

#ifdef __cplusplus
}
#endif
