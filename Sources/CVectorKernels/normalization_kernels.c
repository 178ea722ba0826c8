#include "normalization_kernels.h"

#include "channel_steps.h"
#include "shared_work.h"

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

// ---- What threads share

typedef struct {
  aver_extent extent;
  aver_normalization normalization;
  // Results that there are one of for each channel.
  float *mean, *variance;
  float *scale_gradient, *shift_gradient;
} arguments;

static aver_extent extent_of(const arguments *all, size_t images) {
  return (aver_extent){images, all->extent.pixels, all->extent.type};
}

static void moments_of_slice(const void *context, size_t images, const aver_channel_slice *slice) {
  const arguments *all = context;
  in_use()->moments(
      extent_of(all, images), slice->source, slice->channels, all->mean + slice->channel,
      all->variance + slice->channel);
}

static void normalize_slice(const void *context, size_t images, const aver_channel_slice *slice) {
  const arguments *all = context;
  in_use()->normalize(
      extent_of(all, images), slice->source, slice->destination, slice->channels,
      normalization_from(all->normalization, slice->channel));
}

static void normalize_slice_backward(
    const void *context, size_t images, const aver_channel_slice *slice) {
  const arguments *all = context;
  in_use()->normalize_backward(
      extent_of(all, images), slice->source, slice->gradient, slice->destination, slice->adds,
      slice->channels, normalization_from(all->normalization, slice->channel),
      all->scale_gradient + slice->channel, all->shift_gradient + slice->channel);
}

static void normalize_slice_backward_constant(
    const void *context, size_t images, const aver_channel_slice *slice) {
  const arguments *all = context;
  in_use()->normalize_backward_constant(
      extent_of(all, images), slice->source, slice->gradient, slice->destination, slice->adds,
      slice->channels, normalization_from(all->normalization, slice->channel));
}

static void clear_slice(const void *context, size_t images, const aver_channel_slice *slice) {
  in_use()->clear(extent_of(context, images), slice->destination, slice->channels);
}

// ---- Lists of runs

static aver_slices list_of(const aver_channel_slice *slices, size_t count, aver_extent extent) {
  return (aver_slices){slices, count, extent.images, extent.pixels, extent.type};
}

void aver_channel_moments(
    aver_extent extent, const aver_channel_slice *slices, size_t count, float *mean,
    float *variance) {
  arguments all = {.extent = extent, .mean = mean, .variance = variance};
  aver_share_channels(list_of(slices, count, extent), moments_of_slice, &all);
}

void aver_normalize_channels(
    aver_extent extent, const aver_channel_slice *slices, size_t count,
    aver_normalization normalization) {
  arguments all = {.extent = extent, .normalization = normalization};
  aver_share_channels_or_images(list_of(slices, count, extent), normalize_slice, &all);
}

void aver_normalize_channels_backward(
    aver_extent extent, const aver_channel_slice *slices, size_t count,
    aver_normalization normalization, float *scale_gradient, float *shift_gradient) {
  arguments all = {
      .extent = extent,
      .normalization = normalization,
      .scale_gradient = scale_gradient,
      .shift_gradient = shift_gradient};
  aver_share_channels(list_of(slices, count, extent), normalize_slice_backward, &all);
}

void aver_normalize_channels_backward_constant(
    aver_extent extent, const aver_channel_slice *slices, size_t count,
    aver_normalization normalization) {
  arguments all = {.extent = extent, .normalization = normalization};
  aver_share_channels_or_images(
      list_of(slices, count, extent), normalize_slice_backward_constant, &all);
}

void aver_clear_channels(aver_extent extent, aver_channel_run destination, size_t channels) {
  arguments all = {.extent = extent};
  aver_channel_slice slice = {.channels = channels, .destination = destination};
  aver_share_channels_or_images(list_of(&slice, 1, extent), clear_slice, &all);
}
