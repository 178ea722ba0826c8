#include "depthwise_kernels.h"

// Channels that are worked on at once: oneDNN's block, and a cache line of float32.
enum { CHUNK = 16 };

// Height and width of the input with its padding, as far as the kernel reaches.
static size_t padded_height(const aver_depthwise_convolution *c) {
  return (c->result_height - 1) * c->stride + c->kernel;
}

static size_t padded_width(const aver_depthwise_convolution *c) {
  return (c->result_width - 1) * c->stride + c->kernel;
}

// Where the three parts of the scratch memory end: one sample's padded input, one sample's
// gradient, and the sums, each [.., CHUNK].
static size_t input_count(const aver_depthwise_convolution *c) {
  return padded_height(c) * padded_width(c) * CHUNK;
}

static size_t gradient_count(const aver_depthwise_convolution *c) {
  return c->result_height * c->result_width * CHUNK;
}

#define TEMPLATE "depthwise_template.h"
#include "instruction_sets.h"

const aver_depthwise_kernels *aver_depthwise_kernels_for(aver_instruction_set instruction_set) {
  return aver_vector_kernels_for(instruction_set) ? VARIANT(depthwise_kernels, instruction_set)
                                                  : NULL;
}

size_t aver_depthwise_scratch_count(aver_depthwise_convolution c) {
  return input_count(&c) + gradient_count(&c) + c.kernel * c.kernel * CHUNK;
}

void aver_depthwise_weights_gradient(float *weights_gradient, const void *input,
    const void *gradient, float *scratch, aver_depthwise_convolution convolution) {
  VARIANT(depthwise_kernels, aver_vector_kernels_in_use()->instruction_set)
      ->weights_gradient(weights_gradient, input, gradient, scratch, convolution);
}
