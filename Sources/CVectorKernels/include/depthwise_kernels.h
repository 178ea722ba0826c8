#pragma once

#include <stddef.h>

#include "element_types.h"
#include "vector_kernels.h"

// The gradient of a depthwise convolution's weights, for the sizes that oneDNN leaves to plain loops
// or to one small matrix product a channel: kernels larger than 3 x 3.
//
// As in vector_kernels.h, the bits are the same whichever instruction set computes them: products and
// sums are float32; the products of a row are summed in order of their columns, the rows in order of
// sample and height.

#ifdef __cplusplus
extern "C" {
#endif

/// A depthwise convolution, one result channel for each of its channels, with a square kernel.
///
/// Input and result are [batch, blocks, height, width, block] with blocks * block >= channels: NHWC,
/// one block of all channels, or oneDNN's nChw16c and nChw8c, the last block padded with zeros.
typedef struct {
  size_t batch;
  size_t channels;
  size_t height, width;
  size_t result_height, result_width;
  size_t kernel, stride, padding;
  size_t block;
  aver_element_type type;
} aver_depthwise_convolution;

/// Elements of the scratch memory, float32, that the gradient needs of each thread.
size_t aver_depthwise_scratch_count(aver_depthwise_convolution convolution);

/// weights_gradient[c, i, j] = sum over n, h, w of
///     gradient[n, c, h, w] * input[n, c, h * stride + i - padding, w * stride + j - padding],
/// where the input is zero outside.
///
/// Shapes: weights_gradient [channels, kernel, kernel], row-major; input and gradient (of the result)
/// as `convolution` tells; scratch [threads, aver_depthwise_scratch_count].
///
/// As many threads of kernel_threads.h as there is scratch memory for share the channels, at most; the
/// bits are the same for any number of them.
void aver_depthwise_weights_gradient(float *weights_gradient, const void *input,
    const void *gradient, float *scratch, size_t threads, aver_depthwise_convolution convolution);

/// Chunks of 16 channels, or of a narrower block, which are computed one after the other.
size_t aver_depthwise_chunks(aver_depthwise_convolution convolution);

/// The kernels for one instruction set.
typedef struct {
  /// What the function above computes, of the chunks [first_chunk, end_chunk).
  void (*weights_gradient)(
      float *, const void *, const void *, float *, aver_depthwise_convolution,
      size_t first_chunk, size_t end_chunk);
} aver_depthwise_kernels;

/// The kernels for `instruction_set`, or NULL where this processor or build lacks it: for tests
/// that hold the variants against each other.
const aver_depthwise_kernels *aver_depthwise_kernels_for(aver_instruction_set instruction_set);

#ifdef __cplusplus
}
#endif
