// Included once per instruction set by depthwise_kernels.c; see instruction_sets.h.
//
// CHUNK channels of one sample are copied to float32 planes [height, width, CHUNK], the input with
// zeros around it: every element is converted once, although the kernel meets it many times, and the
// loops over the window have no borders.

// One pixel: `count` channels, the others of the chunk zero.
INLINE void NAME(copy_pixel)(
    float *to, const void *from, size_t index, size_t count, aver_element_type type) {
  for (size_t lane = 0; lane < CHUNK; lane += LANES) {
    size_t left = lane < count ? count - lane : 0;
    FLOATS values = left >= LANES ? NAME(load)(from, index + lane, type, LANES)
        : left > 0                ? NAME(load)(from, index + lane, type, left)
                                  : (FLOATS){0};
    NAME(store_f32)(to + lane, values, LANES);
  }
}

INLINE void NAME(copy_row)(float *to, const void *from, size_t index, size_t pixels, size_t block,
    size_t count, aver_element_type type) {
  for (size_t w = 0; w < pixels; w++) {
    NAME(copy_pixel)(to + w * CHUNK, from, index + w * block, count, type);
  }
}

// As much of the input's plane as the window reaches.
INLINE void NAME(copy_input)(float *plane, const void *input, size_t start, size_t count,
    const aver_depthwise_convolution *c, aver_element_type type) {
  size_t rows = padded_height(c), columns = padded_width(c);
  if (c->padding >= columns) return;
  size_t reached = columns - c->padding;
  size_t pixels = c->width < reached ? c->width : reached;
  for (size_t h = 0; h < c->height && h + c->padding < rows; h++) {
    float *row = plane + ((h + c->padding) * columns + c->padding) * CHUNK;
    NAME(copy_row)(row, input, start + h * c->width * c->block, pixels, c->block, count, type);
  }
}

// Adds the products of one sample to the sums of `taps` neighbours in one row of the window.
INLINE void NAME(add_taps)(float *sums, const float *input, const float *gradient,
    const aver_depthwise_convolution *c, size_t taps) {
  FLOATS totals[5];
  for (size_t t = 0; t < taps; t++) totals[t] = NAME(load_f32)(sums + t * CHUNK, LANES);
  for (size_t h = 0; h < c->result_height; h++) {
    const float *row = input + h * c->stride * padded_width(c) * CHUNK;
    const float *slopes = gradient + h * c->result_width * CHUNK;
    FLOATS products[5] = {0};
    for (size_t w = 0; w < c->result_width; w++) {
      FLOATS slope = NAME(load_f32)(slopes + w * CHUNK, LANES);
      for (size_t t = 0; t < taps; t++) {
        products[t] += slope * NAME(load_f32)(row + (w * c->stride + t) * CHUNK, LANES);
      }
    }
    for (size_t t = 0; t < taps; t++) totals[t] += products[t];
  }
  for (size_t t = 0; t < taps; t++) NAME(store_f32)(sums + t * CHUNK, totals[t], LANES);
}

// One sample: as many neighbours at once as keep their sums in registers.
INLINE void NAME(add_sample)(float *sums, const float *input, const float *gradient,
    const aver_depthwise_convolution *c) {
  for (size_t lane = 0; lane < CHUNK; lane += LANES) {
    for (size_t i = 0; i < c->kernel; i++) {
      const float *rows = input + i * padded_width(c) * CHUNK + lane;
      float *row_sums = sums + i * c->kernel * CHUNK + lane;
      size_t j = 0;
      for (; j + 5 <= c->kernel; j += 5) {
        NAME(add_taps)(row_sums + j * CHUNK, rows + j * CHUNK, gradient + lane, c, 5);
      }
      for (; j + 3 <= c->kernel; j += 3) {
        NAME(add_taps)(row_sums + j * CHUNK, rows + j * CHUNK, gradient + lane, c, 3);
      }
      for (; j < c->kernel; j++) {
        NAME(add_taps)(row_sums + j * CHUNK, rows + j * CHUNK, gradient + lane, c, 1);
      }
    }
  }
}

// `count` channels from `first` on of block `b`.
INLINE void NAME(chunk_gradient)(float *weights_gradient, const void *input, const void *gradient,
    float *scratch, size_t b, size_t first, size_t count, const aver_depthwise_convolution *c,
    aver_element_type type) {
  size_t blocks = (c->channels + c->block - 1) / c->block;
  size_t input_pixels = c->height * c->width, pixels = c->result_height * c->result_width;
  size_t taps = c->kernel * c->kernel;
  float *slopes = scratch + input_count(c);
  float *sums = slopes + gradient_count(c);
  __builtin_memset(scratch, 0, input_count(c) * sizeof(float));
  __builtin_memset(sums, 0, taps * CHUNK * sizeof(float));
  for (size_t n = 0; n < c->batch; n++) {
    size_t plane = n * blocks + b;
    NAME(copy_input)(scratch, input, plane * input_pixels * c->block + first, count, c, type);
    NAME(copy_row)(
        slopes, gradient, plane * pixels * c->block + first, pixels, c->block, count, type);
    NAME(add_sample)(sums, scratch, slopes, c);
  }
  float *result = weights_gradient + (b * c->block + first) * taps;
  for (size_t channel = 0; channel < count; channel++) {
    for (size_t t = 0; t < taps; t++) result[channel * taps + t] = sums[t * CHUNK + channel];
  }
}

KERNEL void NAME(weights_gradient)(float *weights_gradient, const void *input,
    const void *gradient, float *scratch, aver_depthwise_convolution c, size_t first_chunk,
    size_t end_chunk) {
  for (size_t chunk = first_chunk; chunk < end_chunk; chunk++) {
    size_t b = chunk / chunks_of_block(&c);
    size_t first = chunk % chunks_of_block(&c) * CHUNK;
    size_t left = c.channels - b * c.block;
    size_t width = (left < c.block ? left : c.block) - first;
    size_t count = width < CHUNK ? width : CHUNK;
    if (c.type == aver_bf16) {
      NAME(chunk_gradient)
      (weights_gradient, input, gradient, scratch, b, first, count, &c, aver_bf16);
    } else {
      NAME(chunk_gradient)
      (weights_gradient, input, gradient, scratch, b, first, count, &c, aver_f32);
    }
  }
}

static const aver_depthwise_kernels NAME(depthwise_kernels) = {
    .weights_gradient = NAME(weights_gradient),
};
