#include "channel_kernels.h"

// Vectors of channels that are summed at once: as many independent sums as additions take cycles.
enum { SUMMED_VECTORS = 4 };

// How many channels of block `b` exist.
static size_t channels_of_block(aver_channel_array array, size_t b) {
  size_t left = array.channels - b * array.block;
  return left < array.block ? left : array.block;
}

#define TEMPLATE "channel_template.h"
#include "instruction_sets.h"

static const aver_channel_kernels *in_use(void) {
  return VARIANT(channel_kernels, aver_vector_kernels_in_use()->instruction_set);
}

const aver_channel_kernels *aver_channel_kernels_for(aver_instruction_set instruction_set) {
  return aver_vector_kernels_for(instruction_set) ? VARIANT(channel_kernels, instruction_set)
                                                  : NULL;
}

void aver_multiply_channels(
    void *y, const void *x, const void *factors, aver_channel_array array) {
  in_use()->multiply(y, x, factors, array);
}

void aver_multiply_channels_backward(void *x_gradient, void *factors_gradient,
    const void *gradient, const void *x, const void *factors, aver_channel_array array) {
  in_use()->multiply_backward(x_gradient, factors_gradient, gradient, x, factors, array);
}
