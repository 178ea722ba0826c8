// Included once per instruction set by channel_kernels.c; see instruction_sets.h.

// ---- One block of one sample: rows of `block` channels, of which the first `width` exist.

INLINE void NAME(multiply_row)(void *y, const void *x, size_t start, const void *factors,
    size_t first, size_t width, aver_element_type type) {
  size_t c = 0;
  for (; c + LANES <= width; c += LANES) {
    NAME(store)(y, start + c,
        NAME(load)(x, start + c, type, LANES) * NAME(load)(factors, first + c, type, LANES), type,
        LANES);
  }
  if (c < width) {
    size_t rest = width - c;
    NAME(store)(y, start + c,
        NAME(load)(x, start + c, type, rest) * NAME(load)(factors, first + c, type, rest), type,
        rest);
  }
}

// What pads a block stays zero.
INLINE void NAME(clear_padding)(
    void *y, size_t start, size_t width, size_t block, aver_element_type type) {
  for (size_t c = width; c < block; c++) NAME(store)(y, start + c, (FLOATS){0}, type, 1);
}

// factors_gradient[first + v * LANES + lane] for `vectors` vectors of channels at `start`, whose
// pixels are `block` apart; the sums stay in registers.
INLINE void NAME(sum_products)(void *factors_gradient, size_t first, const void *gradient,
    const void *x, size_t start, aver_channel_array array, aver_element_type type, size_t vectors,
    size_t lanes) {
  FLOATS sums[SUMMED_VECTORS] = {0};
  for (size_t p = 0; p < array.pixels; p++) {
    size_t row = start + p * array.block;
    for (size_t v = 0; v < vectors; v++) {
      size_t c = row + v * LANES;
      sums[v] += NAME(load)(gradient, c, type, lanes) * NAME(load)(x, c, type, lanes);
    }
  }
  for (size_t v = 0; v < vectors; v++) {
    NAME(store)(factors_gradient, first + v * LANES, sums[v], type, lanes);
  }
}

// ---- Whole arrays, for a type known when compiled

INLINE void NAME(multiply_typed)(void *y, const void *x, const void *factors,
    aver_channel_array array, aver_element_type type) {
  size_t blocks = (array.channels + array.block - 1) / array.block;
  for (size_t n = 0; n < array.batch; n++) {
    for (size_t b = 0; b < blocks; b++) {
      size_t width = channels_of_block(array, b);
      size_t first = n * array.channels + b * array.block;
      for (size_t p = 0; p < array.pixels; p++) {
        size_t start = ((n * blocks + b) * array.pixels + p) * array.block;
        NAME(multiply_row)(y, x, start, factors, first, width, type);
        NAME(clear_padding)(y, start, width, array.block, type);
      }
    }
  }
}

INLINE void NAME(sum_products_typed)(void *factors_gradient, const void *gradient, const void *x,
    aver_channel_array array, aver_element_type type) {
  size_t blocks = (array.channels + array.block - 1) / array.block;
  for (size_t n = 0; n < array.batch; n++) {
    for (size_t b = 0; b < blocks; b++) {
      size_t width = channels_of_block(array, b);
      size_t first = n * array.channels + b * array.block;
      size_t start = (n * blocks + b) * array.pixels * array.block;
      size_t c = 0;
      for (; c + SUMMED_VECTORS * LANES <= width; c += SUMMED_VECTORS * LANES) {
        NAME(sum_products)
        (factors_gradient, first + c, gradient, x, start + c, array, type, SUMMED_VECTORS, LANES);
      }
      for (; c + LANES <= width; c += LANES) {
        NAME(sum_products)
        (factors_gradient, first + c, gradient, x, start + c, array, type, 1, LANES);
      }
      if (c < width) {
        NAME(sum_products)
        (factors_gradient, first + c, gradient, x, start + c, array, type, 1, width - c);
      }
    }
  }
}

KERNEL void NAME(multiply)(
    void *y, const void *x, const void *factors, aver_channel_array array) {
  if (array.type == aver_bf16) {
    NAME(multiply_typed)(y, x, factors, array, aver_bf16);
  } else {
    NAME(multiply_typed)(y, x, factors, array, aver_f32);
  }
}

KERNEL void NAME(multiply_backward)(void *x_gradient, void *factors_gradient,
    const void *gradient, const void *x, const void *factors, aver_channel_array array) {
  NAME(multiply)(x_gradient, gradient, factors, array);
  if (array.type == aver_bf16) {
    NAME(sum_products_typed)(factors_gradient, gradient, x, array, aver_bf16);
  } else {
    NAME(sum_products_typed)(factors_gradient, gradient, x, array, aver_f32);
  }
}

static const aver_channel_kernels NAME(channel_kernels) = {
    .multiply = NAME(multiply),
    .multiply_backward = NAME(multiply_backward),
};
