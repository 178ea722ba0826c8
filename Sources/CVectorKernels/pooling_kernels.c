#include "pooling_kernels.h"

#include "channel_steps.h"
#include "shared_work.h"

// Bins along an axis: [bin_start, bin_end) of the source for each element of the result, and the
// other way round.
static inline size_t bin_start(size_t index, size_t from, size_t to) { return index * to / from; }
static inline size_t bin_end(size_t index, size_t from, size_t to) {
  return ((index + 1) * to + from - 1) / from;
}

#define TEMPLATE "pooling_template.h"
#include "instruction_sets.h"

static const aver_pooling_kernels *in_use(void) {
  return VARIANT(pooling_kernels, aver_vector_kernels_in_use()->instruction_set);
}

const aver_pooling_kernels *aver_pooling_kernels_for(aver_instruction_set instruction_set) {
  return aver_vector_kernels_for(instruction_set) ? VARIANT(pooling_kernels, instruction_set)
                                                  : NULL;
}

static aver_pooling pooling_of(const aver_pooling *pooling, size_t images) {
  aver_pooling part = *pooling;
  part.images = images;
  return part;
}

static void average_slice(const void *pooling, size_t images, const aver_channel_slice *slice) {
  in_use()->adaptive_average(
      pooling_of(pooling, images), slice->source, slice->destination, slice->channels);
}

static void average_slice_backward(
    const void *pooling, size_t images, const aver_channel_slice *slice) {
  in_use()->adaptive_average_backward(
      pooling_of(pooling, images), slice->source, slice->destination, slice->channels);
}

static aver_slices list_of(
    const aver_channel_slice *slices, size_t count, const aver_pooling *pooling) {
  return (aver_slices){
      slices, count, pooling->images, pooling->from_height * pooling->from_width, pooling->type};
}

void aver_adaptive_average(
    aver_pooling pooling, const aver_channel_slice *slices, size_t count) {
  aver_share_channels_or_images(list_of(slices, count, &pooling), average_slice, &pooling);
}

void aver_adaptive_average_backward(
    aver_pooling pooling, const aver_channel_slice *slices, size_t count) {
  aver_share_channels_or_images(
      list_of(slices, count, &pooling), average_slice_backward, &pooling);
}
