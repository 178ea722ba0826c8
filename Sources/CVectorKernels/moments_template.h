// Part of normalization_template.h: mean and variance of channels.

INLINE void NAME(moments_lanes)(
    aver_extent extent, aver_channel_run source, float *mean, float *variance, size_t vectors,
    size_t lanes, aver_element_type type) {
  DOUBLES means[MAX_VECTORS] = {0};
  DOUBLES squares[MAX_VECTORS] = {0};
  double count = 0;
  for (size_t n = 0; n < extent.images; n++) {
    ptrdiff_t image = (ptrdiff_t)n * source.image_stride;
    for (size_t first = 0; first < extent.pixels; first += CHUNK) {
      size_t end = first + CHUNK < extent.pixels ? first + CHUNK : extent.pixels;
      FLOATS centre[MAX_VECTORS] = {0};
      for (size_t p = first; p < end; p++) {
        EACH_VECTOR {
          FLOATS x = LOAD(source, image + (ptrdiff_t)p * source.pixel_stride);
          centre[v] += x;
        }
      }
      double rows = (double)(end - first);
      FLOATS sums[MAX_VECTORS] = {0};
      FLOATS chunk_squares[MAX_VECTORS] = {0};
      EACH_VECTOR { centre[v] /= (float)rows; }
      for (size_t p = first; p < end; p++) {
        EACH_VECTOR {
          FLOATS x = LOAD(source, image + (ptrdiff_t)p * source.pixel_stride);
          x -= centre[v];
          sums[v] += x;
          chunk_squares[v] += x * x;
        }
      }
      EACH_VECTOR {
        // The centre is rounded: what is left around it is the chunk's mean exactly enough.
        DOUBLES rest = __builtin_convertvector(sums[v], DOUBLES) / rows;
        DOUBLES chunk_mean = __builtin_convertvector(centre[v], DOUBLES) + rest;
        DOUBLES chunk_square =
            __builtin_convertvector(chunk_squares[v], DOUBLES) - rest * rest * rows;
        DOUBLES distance = chunk_mean - means[v];
        means[v] += distance * (rows / (count + rows));
        squares[v] += chunk_square + distance * distance * (count * rows / (count + rows));
      }
      count += rows;
    }
  }
  EACH_VECTOR {
    NAME(store_f32)(mean + v * LANES, __builtin_convertvector(means[v], FLOATS), lanes);
    NAME(store_f32)
    (variance + v * LANES, __builtin_convertvector(squares[v] / count, FLOATS), lanes);
  }
}

KERNEL void NAME(moments)(
    aver_extent extent, aver_channel_run source, size_t channels, float *mean, float *variance) {
  for (size_t c = 0, count; c < channels; c += count) {
    count = step_count(channels - c, LANES);
    aver_channel_run from = run_from(source, c, extent.type);
#define STEP(vectors, lanes, type) \
  NAME(moments_lanes)(extent, from, mean + c, variance + c, vectors, lanes, type)
    WITH_CONSTANTS(count, extent.type, STEP);
#undef STEP
  }
}
