#include "depthwise_kernels.h"

#include "kernel_threads.h"
#include "shared_work.h"

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

static size_t chunks_of_block(const aver_depthwise_convolution *c) {
  return (c->block + CHUNK - 1) / CHUNK;
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

// The last block may have fewer chunks than others.
size_t aver_depthwise_chunks(aver_depthwise_convolution c) {
  size_t whole = c.channels / c.block;
  return whole * chunks_of_block(&c) + (c.channels % c.block + CHUNK - 1) / CHUNK;
}

typedef struct {
  float *weights_gradient;
  const void *input, *gradient;
  float *scratch;
  const aver_depthwise_convolution *convolution;
  size_t parts;
} arguments;

static void gradient_of_part(void *context, size_t part) {
  const arguments *all = context;
  aver_depthwise_convolution c = *all->convolution;
  aver_range chunks = aver_part(aver_depthwise_chunks(c), all->parts, part);
  VARIANT(depthwise_kernels, aver_vector_kernels_in_use()->instruction_set)
      ->weights_gradient(
          all->weights_gradient, all->input, all->gradient,
          all->scratch + part * aver_depthwise_scratch_count(c), c, chunks.first, chunks.end);
}

void aver_depthwise_weights_gradient(float *weights_gradient, const void *input,
    const void *gradient, float *scratch, size_t threads, aver_depthwise_convolution c) {
  size_t chunks = aver_depthwise_chunks(c);
  size_t elements = c.batch * c.channels * c.height * c.width;
  size_t parts = aver_parts(elements, chunks < threads ? chunks : threads);
  arguments all = {weights_gradient, input, gradient, scratch, &c, parts};
  aver_share_work(parts, gradient_of_part, &all);
}
