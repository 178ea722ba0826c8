// Included once per instruction set by pooling_kernels.c; see instruction_sets.h.

// The vector `v` of a step at element `row`.
#define LOAD(run, row) NAME(load)((run).address, (size_t)(row) + v * LANES, type, lanes)
#define STORE(run, row, values) \
  NAME(store)((run).address, (size_t)(row) + v * LANES, values, type, lanes)

INLINE void NAME(adaptive_average_lanes)(
    aver_pooling pooling, aver_channel_run source, aver_channel_run destination, size_t vectors,
    size_t lanes, aver_element_type type) {
  for (size_t n = 0; n < pooling.images; n++) {
    ptrdiff_t to = (ptrdiff_t)n * destination.image_stride;
    for (size_t row = 0; row < pooling.to_height; row++) {
      size_t top = bin_start(row, pooling.to_height, pooling.from_height);
      size_t bottom = bin_end(row, pooling.to_height, pooling.from_height);
      for (size_t column = 0; column < pooling.to_width; column++) {
        size_t left = bin_start(column, pooling.to_width, pooling.from_width);
        size_t right = bin_end(column, pooling.to_width, pooling.from_width);
        FLOATS sums[MAX_VECTORS] = {0};
        for (size_t y = top; y < bottom; y++) {
          ptrdiff_t from = (ptrdiff_t)n * source.image_stride +
              (ptrdiff_t)(y * pooling.from_width + left) * source.pixel_stride;
          for (size_t x = left; x < right; x++) {
            EACH_VECTOR { sums[v] += LOAD(source, from); }
            from += source.pixel_stride;
          }
        }
        float count = (float)((bottom - top) * (right - left));
        EACH_VECTOR { STORE(destination, to, sums[v] / count); }
        to += destination.pixel_stride;
      }
    }
  }
}

// Each source pixel gathers from the bins that it is part of: bins overlap where the sizes do not
// divide.
INLINE void NAME(adaptive_average_backward_lanes)(
    aver_pooling pooling, aver_channel_run gradient, aver_channel_run source_gradient,
    size_t vectors, size_t lanes, aver_element_type type) {
  for (size_t n = 0; n < pooling.images; n++) {
    ptrdiff_t to = (ptrdiff_t)n * source_gradient.image_stride;
    for (size_t y = 0; y < pooling.from_height; y++) {
      size_t top = bin_start(y, pooling.from_height, pooling.to_height);
      size_t bottom = bin_end(y, pooling.from_height, pooling.to_height);
      for (size_t x = 0; x < pooling.from_width; x++) {
        size_t left = bin_start(x, pooling.from_width, pooling.to_width);
        size_t right = bin_end(x, pooling.from_width, pooling.to_width);
        FLOATS sums[MAX_VECTORS] = {0};
        for (size_t row = top; row < bottom; row++) {
          size_t height = bin_end(row, pooling.to_height, pooling.from_height) -
              bin_start(row, pooling.to_height, pooling.from_height);
          for (size_t column = left; column < right; column++) {
            size_t width = bin_end(column, pooling.to_width, pooling.from_width) -
                bin_start(column, pooling.to_width, pooling.from_width);
            ptrdiff_t in = (ptrdiff_t)n * gradient.image_stride +
                (ptrdiff_t)(row * pooling.to_width + column) * gradient.pixel_stride;
            EACH_VECTOR { sums[v] += LOAD(gradient, in) / (float)(height * width); }
          }
        }
        EACH_VECTOR { STORE(source_gradient, to, sums[v]); }
        to += source_gradient.pixel_stride;
      }
    }
  }
}

KERNEL void NAME(adaptive_average)(
    aver_pooling pooling, aver_channel_run source, aver_channel_run destination, size_t channels) {
  for (size_t c = 0, count; c < channels; c += count) {
    count = step_count(channels - c, LANES);
    aver_channel_run from = run_from(source, c, pooling.type);
    aver_channel_run to = run_from(destination, c, pooling.type);
#define STEP(vectors, lanes, type) \
  NAME(adaptive_average_lanes)(pooling, from, to, vectors, lanes, type)
    WITH_CONSTANTS(count, pooling.type, STEP);
#undef STEP
  }
}

KERNEL void NAME(adaptive_average_backward)(
    aver_pooling pooling, aver_channel_run gradient, aver_channel_run source_gradient,
    size_t channels) {
  for (size_t c = 0, count; c < channels; c += count) {
    count = step_count(channels - c, LANES);
    aver_channel_run in = run_from(gradient, c, pooling.type);
    aver_channel_run to = run_from(source_gradient, c, pooling.type);
#define STEP(vectors, lanes, type) \
  NAME(adaptive_average_backward_lanes)(pooling, in, to, vectors, lanes, type)
    WITH_CONSTANTS(count, pooling.type, STEP);
#undef STEP
  }
}

static const aver_pooling_kernels NAME(pooling_kernels) = {
    .adaptive_average = NAME(adaptive_average),
    .adaptive_average_backward = NAME(adaptive_average_backward),
};

#undef LOAD
#undef STORE
