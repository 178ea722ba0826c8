#include "normalization_kernels.h"

#include "channel_steps.h"

// Pixels that are summed in float32 before float64 takes over.
enum { CHUNK = 64 };

static aver_normalization normalization_from(aver_normalization normalization, size_t first) {
  normalization.mean += first;
  normalization.variance += first;
  normalization.scale += first;
  normalization.shift += first;
  return normalization;
}

#define TEMPLATE "normalization_template.h"
#include "instruction_sets.h"

static const aver_normalization_kernels *in_use(void) {
  return VARIANT(normalization_kernels, aver_vector_kernels_in_use()->instruction_set);
}

const aver_normalization_kernels *aver_normalization_kernels_for(
    aver_instruction_set instruction_set) {
  return aver_vector_kernels_for(instruction_set) ? VARIANT(normalization_kernels, instruction_set)
                                                  : NULL;
}

void aver_channel_moments(
    aver_extent extent, aver_channel_run source, size_t channels, float *mean, float *variance) {
  in_use()->moments(extent, source, channels, mean, variance);
}

void aver_normalize_channels(
    aver_extent extent, aver_channel_run source, aver_channel_run destination, size_t channels,
    aver_normalization normalization) {
  in_use()->normalize(extent, source, destination, channels, normalization);
}

void aver_normalize_channels_backward(
    aver_extent extent, aver_channel_run source, aver_channel_run gradient,
    aver_channel_run source_gradient, bool adds, size_t channels, aver_normalization normalization,
    float *scale_gradient, float *shift_gradient) {
  in_use()->normalize_backward(
      extent, source, gradient, source_gradient, adds, channels, normalization, scale_gradient,
      shift_gradient);
}

void aver_clear_channels(aver_extent extent, aver_channel_run destination, size_t channels) {
  in_use()->clear(extent, destination, channels);
}
