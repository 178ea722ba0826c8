#include "pooling_kernels.h"

#include "channel_steps.h"

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

void aver_adaptive_average(
    aver_pooling pooling, aver_channel_run source, aver_channel_run destination, size_t channels) {
  in_use()->adaptive_average(pooling, source, destination, channels);
}

void aver_adaptive_average_backward(
    aver_pooling pooling, aver_channel_run gradient, aver_channel_run source_gradient,
    size_t channels) {
  in_use()->adaptive_average_backward(pooling, gradient, source_gradient, channels);
}
