// Included once per instruction set by random_kernels.c; see instruction_sets.h.

#include "philox_template.h"

typedef uint8_t NAME(octets) __attribute__((vector_size(LANES)));

KERNEL void NAME(draw_keep_mask)(
    uint8_t *mask, size_t count, float drop_probability, aver_random_stream stream) {
  WORDS lane;
  for (uint32_t i = 0; i < LANES; i++) lane[i] = i;
  for (size_t start = 0; start < count; start += 4 * LANES) {
    FLOATS uniforms[4];
    NAME(draw_blocks)(uniforms, lane + (uint32_t)(start / 4), &stream);
    uint8_t keep[4][LANES];
    for (int word = 0; word < 4; word++) {
      NAME(octets) kept = __builtin_convertvector(
          (WORDS)(uniforms[word] >= drop_probability) & 1, NAME(octets));
      __builtin_memcpy(keep[word], &kept, LANES);
    }
    size_t drawn = count - start < 4 * LANES ? count - start : 4 * LANES;
    for (size_t i = 0; i < drawn; i++) mask[start + i] = keep[i % 4][i / 4];
  }
}

INLINE void NAME(apply_mask_lanes)(void *y, const void *x, const uint8_t *mask, float factor,
    size_t i, aver_element_type type, size_t lanes) {
  NAME(octets) kept = {0};
  __builtin_memcpy(&kept, mask + i, lanes);
  WORDS all = -__builtin_convertvector(kept, WORDS);
  WORDS bits = (WORDS)(NAME(load)(x, i, type, lanes) * factor);
  NAME(store)(y, i, (FLOATS)(bits & all), type, lanes);
}

INLINE void NAME(apply_mask_typed)(void *y, const void *x, const uint8_t *mask, float factor,
    size_t count, aver_element_type type) {
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    NAME(apply_mask_lanes)(y, x, mask, factor, i, type, LANES);
  }
  if (i < count) NAME(apply_mask_lanes)(y, x, mask, factor, i, type, count - i);
}

KERNEL void NAME(apply_mask)(void *y, const void *x, const uint8_t *mask, float factor,
    size_t count, aver_element_type type) {
  if (type == aver_bf16) {
    NAME(apply_mask_typed)(y, x, mask, factor, count, aver_bf16);
  } else {
    NAME(apply_mask_typed)(y, x, mask, factor, count, aver_f32);
  }
}

INLINE void NAME(scale_lanes)(void *y, const void *x, const void *addend, float factor, size_t i,
    aver_element_type type, size_t lanes) {
  FLOATS value = NAME(load)(x, i, type, lanes) * factor;
  if (addend) value += NAME(load)(addend, i, type, lanes);
  NAME(store)(y, i, value, type, lanes);
}

INLINE void NAME(scale_typed)(void *y, const void *x, const void *addend, const float *factors,
    size_t batch, size_t count, aver_element_type type) {
  for (size_t n = 0; n < batch; n++) {
    size_t end = (n + 1) * count;
    size_t i = n * count;
    for (; i + LANES <= end; i += LANES) {
      NAME(scale_lanes)(y, x, addend, factors[n], i, type, LANES);
    }
    if (i < end) NAME(scale_lanes)(y, x, addend, factors[n], i, type, end - i);
  }
}

KERNEL void NAME(scale_samples)(void *y, const void *x, const void *addend, const float *factors,
    size_t batch, size_t count, aver_element_type type) {
  if (type == aver_bf16) {
    NAME(scale_typed)(y, x, addend, factors, batch, count, aver_bf16);
  } else {
    NAME(scale_typed)(y, x, addend, factors, batch, count, aver_f32);
  }
}

static const aver_random_kernels NAME(random_kernels) = {
    .draw_keep_mask = NAME(draw_keep_mask),
    .apply_mask = NAME(apply_mask),
    .scale_samples = NAME(scale_samples),
};
