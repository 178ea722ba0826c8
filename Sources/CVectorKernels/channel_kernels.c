#include "channel_kernels.h"

#include "shared_work.h"

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

// ---- What threads share: samples

typedef struct {
  void *result, *factors_gradient;
  const void *operand, *x, *factors;
  aver_channel_array array;
} arguments;

// Where a sample begins in the arrays, and in the factors.
static const void *sample(const void *array, const arguments *all, size_t n) {
  size_t blocks = (all->array.channels + all->array.block - 1) / all->array.block;
  size_t elements = n * blocks * all->array.block * all->array.pixels;
  return (const char *)array + elements * aver_element_bytes(all->array.type);
}

static const void *factors_of_sample(const void *factors, const arguments *all, size_t n) {
  return (const char *)factors + n * all->array.channels * aver_element_bytes(all->array.type);
}

static aver_channel_array array_of(const arguments *all, aver_range samples) {
  aver_channel_array array = all->array;
  array.batch = samples.end - samples.first;
  return array;
}

static void multiply_samples(const void *context, aver_range samples) {
  const arguments *all = context;
  size_t n = samples.first;
  in_use()->multiply(
      (void *)sample(all->result, all, n), sample(all->operand, all, n),
      factors_of_sample(all->factors, all, n), array_of(all, samples));
}

static void multiply_samples_backward(const void *context, aver_range samples) {
  const arguments *all = context;
  size_t n = samples.first;
  in_use()->multiply_backward(
      (void *)sample(all->result, all, n),
      (void *)factors_of_sample(all->factors_gradient, all, n), sample(all->operand, all, n),
      sample(all->x, all, n), factors_of_sample(all->factors, all, n), array_of(all, samples));
}

void aver_multiply_channels(
    void *y, const void *x, const void *factors, aver_channel_array array) {
  arguments all = {.result = y, .operand = x, .factors = factors, .array = array};
  aver_share_samples(array.batch, array.channels * array.pixels, multiply_samples, &all);
}

void aver_multiply_channels_backward(void *x_gradient, void *factors_gradient,
    const void *gradient, const void *x, const void *factors, aver_channel_array array) {
  arguments all = {
      .result = x_gradient,
      .factors_gradient = factors_gradient,
      .operand = gradient,
      .x = x,
      .factors = factors,
      .array = array};
  aver_share_samples(array.batch, array.channels * array.pixels, multiply_samples_backward, &all);
}
