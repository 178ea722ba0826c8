// Included once per instruction set by normalization_kernels.c; see instruction_sets.h.

typedef double NAME(doubles) __attribute__((vector_size(LANES * sizeof(double))));
typedef int32_t NAME(masks) __attribute__((vector_size(LANES * sizeof(int32_t))));

#define DOUBLES NAME(doubles)
#define MASKS NAME(masks)
// The vector `v` of a step at element `row`.
#define LOAD(run, row) NAME(load)((run).address, (size_t)(row) + v * LANES, type, lanes)
#define STORE(run, row, values) \
  NAME(store)((run).address, (size_t)(row) + v * LANES, values, type, lanes)

#include "logistic_template.h"
#include "moments_template.h"

// ---- Normalisation

// What the formulas need of a channel.
typedef struct {
  FLOATS mean;
  FLOATS inverse_deviation;
  FLOATS factor;
  FLOATS shift;
} NAME(channel);

INLINE void NAME(load_channel)(
    NAME(channel) *channel, const aver_normalization *normalization, size_t offset, size_t lanes) {
  FLOATS variance = NAME(load_f32)(normalization->variance + offset, lanes);
  FLOATS scale = NAME(load_f32)(normalization->scale + offset, lanes);
  channel->mean = NAME(load_f32)(normalization->mean + offset, lanes);
  channel->shift = NAME(load_f32)(normalization->shift + offset, lanes);
  channel->inverse_deviation = 1 / __builtin_elementwise_sqrt(variance + normalization->epsilon);
  channel->factor = scale * channel->inverse_deviation;
}

INLINE FLOATS NAME(activated)(FLOATS z, aver_activation activation) {
  switch (activation) {
    case aver_no_activation: return z;
    // NaN is not below 0: it passes, as PyTorch's does.
    case aver_relu: return (FLOATS)((MASKS)z & ~(z < 0));
    case aver_silu: return z * NAME(logistic)(z);
  }
}

// The gradient of z from that of the activation's result.
INLINE FLOATS NAME(activated_backward)(FLOATS gradient, FLOATS z, aver_activation activation) {
  switch (activation) {
    case aver_no_activation: return gradient;
    case aver_relu: return (FLOATS)((MASKS)gradient & ~(z <= 0));
    case aver_silu: {
      FLOATS s = NAME(logistic)(z);
      return gradient * (s * (1 + z * (1 - s)));
    }
  }
}

INLINE void NAME(normalize_lanes)(
    aver_extent extent, aver_channel_run source, aver_channel_run destination,
    aver_normalization normalization, size_t vectors, size_t lanes, aver_element_type type) {
  NAME(channel) channel[MAX_VECTORS];
  EACH_VECTOR { NAME(load_channel)(&channel[v], &normalization, v * LANES, lanes); }
  for (size_t n = 0; n < extent.images; n++) {
    ptrdiff_t from = (ptrdiff_t)n * source.image_stride;
    ptrdiff_t to = (ptrdiff_t)n * destination.image_stride;
    for (size_t p = 0; p < extent.pixels; p++) {
      EACH_VECTOR {
        FLOATS x = LOAD(source, from);
        FLOATS y = (x - channel[v].mean) * channel[v].factor + channel[v].shift;
        STORE(destination, to, NAME(activated)(y, normalization.activation));
      }
      from += source.pixel_stride;
      to += destination.pixel_stride;
    }
  }
}

// g and d of a pixel: the gradient before the activation, and the distance from the mean.
#define GRADIENT_AND_DISTANCE(g, d)                                                      \
  FLOATS d = LOAD(source, from) - channel[v].mean;                                       \
  FLOATS g = NAME(activated_backward)(                                                   \
      LOAD(gradient, in), d * channel[v].factor + channel[v].shift, activation);

// sums = sum(g), products = sum(g * d). With `keeps`, g is written to the source's gradient.
INLINE void NAME(sum_gradients)(
    aver_extent extent, aver_channel_run source, aver_channel_run gradient,
    aver_channel_run source_gradient, bool keeps, const NAME(channel) *channel, aver_activation activation, DOUBLES *sums, DOUBLES *products, size_t vectors,
    size_t lanes, aver_element_type type) {
  for (size_t n = 0; n < extent.images; n++) {
    ptrdiff_t from = (ptrdiff_t)n * source.image_stride;
    ptrdiff_t in = (ptrdiff_t)n * gradient.image_stride;
    ptrdiff_t to = (ptrdiff_t)n * source_gradient.image_stride;
    for (size_t first = 0; first < extent.pixels; first += CHUNK) {
      size_t end = first + CHUNK < extent.pixels ? first + CHUNK : extent.pixels;
      FLOATS chunk_sums[MAX_VECTORS] = {0};
      FLOATS chunk_products[MAX_VECTORS] = {0};
      for (size_t p = first; p < end; p++) {
        EACH_VECTOR {
          GRADIENT_AND_DISTANCE(g, d)
          chunk_sums[v] += g;
          chunk_products[v] += g * d;
          if (keeps) STORE(source_gradient, to, g);
        }
        from += source.pixel_stride;
        in += gradient.pixel_stride;
        to += source_gradient.pixel_stride;
      }
      EACH_VECTOR {
        sums[v] += __builtin_convertvector(chunk_sums[v], DOUBLES);
        products[v] += __builtin_convertvector(chunk_products[v], DOUBLES);
      }
    }
  }
}

// Writes or adds factor * g - slope * d - constant.
INLINE void NAME(spread_gradients)(
    aver_extent extent, aver_channel_run source, aver_channel_run gradient,
    aver_channel_run source_gradient, bool adds, const NAME(channel) *channel,
    aver_activation activation,
    const FLOATS *slope, const FLOATS *constant, size_t vectors, size_t lanes,
    aver_element_type type) {
  for (size_t n = 0; n < extent.images; n++) {
    ptrdiff_t from = (ptrdiff_t)n * source.image_stride;
    ptrdiff_t in = (ptrdiff_t)n * gradient.image_stride;
    ptrdiff_t to = (ptrdiff_t)n * source_gradient.image_stride;
    for (size_t p = 0; p < extent.pixels; p++) {
      EACH_VECTOR {
        GRADIENT_AND_DISTANCE(g, d)
        FLOATS share = g * channel[v].factor - d * slope[v] - constant[v];
        if (adds) share += LOAD(source_gradient, to);
        STORE(source_gradient, to, share);
      }
      from += source.pixel_stride;
      in += gradient.pixel_stride;
      to += source_gradient.pixel_stride;
    }
  }
}

INLINE void NAME(normalize_backward_lanes)(
    aver_extent extent, aver_channel_run source, aver_channel_run gradient,
    aver_channel_run source_gradient, bool adds, aver_normalization normalization,
    float *scale_gradient, float *shift_gradient, size_t vectors, size_t lanes,
    aver_element_type type) {
  NAME(channel) channel[MAX_VECTORS];
  EACH_VECTOR { NAME(load_channel)(&channel[v], &normalization, v * LANES, lanes); }
  DOUBLES sums[MAX_VECTORS] = {0};
  DOUBLES products[MAX_VECTORS] = {0};
  // A derivative that is dear to compute is computed once, where there is room to keep it.
  const bool keeps = normalization.activation == aver_silu && source_gradient.address && !adds;
  NAME(sum_gradients)
  (extent, source, gradient, source_gradient, keeps, channel, normalization.activation, sums,
   products, vectors, lanes, type);
  FLOATS slope[MAX_VECTORS], constant[MAX_VECTORS];
  const double count = (double)extent.images * (double)extent.pixels;
  EACH_VECTOR {
    const FLOATS r = channel[v].inverse_deviation;
    NAME(store_f32)(shift_gradient + v * LANES, __builtin_convertvector(sums[v], FLOATS), lanes);
    NAME(store_f32)
    (scale_gradient + v * LANES, __builtin_convertvector(products[v], FLOATS) * r, lanes);
    constant[v] = __builtin_convertvector(sums[v] / count, FLOATS) * channel[v].factor;
    slope[v] = __builtin_convertvector(products[v] / count, FLOATS) * channel[v].factor * r * r;
  }
  if (!source_gradient.address) return;
  NAME(spread_gradients)
  (extent, source, keeps ? source_gradient : gradient, source_gradient, adds, channel,
   keeps ? aver_no_activation : normalization.activation, slope, constant, vectors, lanes, type);
}

INLINE void NAME(normalize_backward_constant_lanes)(
    aver_extent extent, aver_channel_run source, aver_channel_run gradient,
    aver_channel_run source_gradient, bool adds, aver_normalization normalization, size_t vectors,
    size_t lanes, aver_element_type type) {
  if (!source_gradient.address) return;
  NAME(channel) channel[MAX_VECTORS];
  EACH_VECTOR { NAME(load_channel)(&channel[v], &normalization, v * LANES, lanes); }
  const FLOATS zeros[MAX_VECTORS] = {0};
  NAME(spread_gradients)
  (extent, source, gradient, source_gradient, adds, channel, normalization.activation, zeros, zeros,
   vectors, lanes, type);
}

INLINE void NAME(clear_lanes)(
    aver_extent extent, aver_channel_run destination, size_t vectors, size_t lanes,
    aver_element_type type) {
  const FLOATS zero = {0};
  for (size_t n = 0; n < extent.images; n++) {
    ptrdiff_t to = (ptrdiff_t)n * destination.image_stride;
    for (size_t p = 0; p < extent.pixels; p++) {
      EACH_VECTOR { STORE(destination, to, zero); }
      to += destination.pixel_stride;
    }
  }
}

// ---- Runs of any length, in steps whose sizes are constants

KERNEL void NAME(normalize)(
    aver_extent extent, aver_channel_run source, aver_channel_run destination, size_t channels,
    aver_normalization normalization) {
  for (size_t c = 0, count; c < channels; c += count) {
    count = step_count(channels - c, LANES);
    aver_channel_run from = run_from(source, c, extent.type);
    aver_channel_run to = run_from(destination, c, extent.type);
    aver_normalization part = normalization_from(normalization, c);
#define STEP(vectors, lanes, type) \
  NAME(normalize_lanes)(extent, from, to, part, vectors, lanes, type)
    WITH_CONSTANTS(count, extent.type, STEP);
#undef STEP
  }
}

KERNEL void NAME(normalize_backward)(
    aver_extent extent, aver_channel_run source, aver_channel_run gradient,
    aver_channel_run source_gradient, bool adds, size_t channels, aver_normalization normalization,
    float *scale_gradient, float *shift_gradient) {
  for (size_t c = 0, count; c < channels; c += count) {
    count = step_count(channels - c, LANES);
    aver_channel_run from = run_from(source, c, extent.type);
    aver_channel_run in = run_from(gradient, c, extent.type);
    aver_channel_run to = run_from(source_gradient, c, extent.type);
    aver_normalization part = normalization_from(normalization, c);
#define STEP(vectors, lanes, type)                                                           \
  NAME(normalize_backward_lanes)                                                             \
  (extent, from, in, to, adds, part, scale_gradient + c, shift_gradient + c, vectors, lanes, \
   type)
    WITH_CONSTANTS(count, extent.type, STEP);
#undef STEP
  }
}

KERNEL void NAME(normalize_backward_constant)(
    aver_extent extent, aver_channel_run source, aver_channel_run gradient,
    aver_channel_run source_gradient, bool adds, size_t channels,
    aver_normalization normalization) {
  for (size_t c = 0, count; c < channels; c += count) {
    count = step_count(channels - c, LANES);
    aver_channel_run from = run_from(source, c, extent.type);
    aver_channel_run in = run_from(gradient, c, extent.type);
    aver_channel_run to = run_from(source_gradient, c, extent.type);
    aver_normalization part = normalization_from(normalization, c);
#define STEP(vectors, lanes, type) \
  NAME(normalize_backward_constant_lanes)(extent, from, in, to, adds, part, vectors, lanes, type)
    WITH_CONSTANTS(count, extent.type, STEP);
#undef STEP
  }
}

KERNEL void NAME(clear)(aver_extent extent, aver_channel_run destination, size_t channels) {
  for (size_t c = 0, count; c < channels; c += count) {
    count = step_count(channels - c, LANES);
    aver_channel_run to = run_from(destination, c, extent.type);
#define STEP(vectors, lanes, type) NAME(clear_lanes)(extent, to, vectors, lanes, type)
    WITH_CONSTANTS(count, extent.type, STEP);
#undef STEP
  }
}

static const aver_normalization_kernels NAME(normalization_kernels) = {
    .moments = NAME(moments),
    .normalize = NAME(normalize),
    .normalize_backward = NAME(normalize_backward),
    .normalize_backward_constant = NAME(normalize_backward_constant),
    .clear = NAME(clear),
};

#undef DOUBLES
#undef MASKS
#undef LOAD
#undef STORE
#undef GRADIENT_AND_DISTANCE
