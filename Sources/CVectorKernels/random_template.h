// Included once per instruction set by random_kernels.c; see instruction_sets.h.

typedef uint64_t NAME(products) __attribute__((vector_size(LANES * sizeof(uint64_t))));
typedef uint8_t NAME(octets) __attribute__((vector_size(LANES)));

// One of Philox's two multiplications: high and low words of word * multiplier.
INLINE WORDS NAME(multiply_wide)(WORDS *words, uint32_t multiplier) {
  NAME(products) product = __builtin_convertvector(*words, NAME(products)) * multiplier;
  *words = __builtin_convertvector(product, WORDS);
  return __builtin_convertvector(product >> 32, WORDS);
}

// Ten rounds on LANES counters at once, each lane its own.
INLINE void NAME(philox)(WORDS c[4], uint32_t key0, uint32_t key1) {
  for (int round = 0; round < 10; round++) {
    WORDS low0 = c[0], low1 = c[2];
    WORDS high0 = NAME(multiply_wide)(&low0, 0xD2511F53);
    WORDS high1 = NAME(multiply_wide)(&low1, 0xCD9E8D57);
    c[0] = high1 ^ c[1] ^ key0;
    c[1] = low1;
    c[2] = high0 ^ c[3] ^ key1;
    c[3] = low0;
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
}

KERNEL void NAME(draw_keep_mask)(
    uint8_t *mask, size_t count, float drop_probability, aver_random_stream stream) {
  WORDS lane;
  for (uint32_t i = 0; i < LANES; i++) lane[i] = i;
  for (size_t start = 0; start < count; start += 4 * LANES) {
    WORDS zero = {0};
    WORDS c[4] = {lane + (stream.counter[0] + (uint32_t)(start / 4)), zero + stream.counter[1],
        zero + stream.counter[2], zero + stream.counter[3]};
    NAME(philox)(c, stream.key[0], stream.key[1]);
    uint8_t keep[4][LANES];
    for (int word = 0; word < 4; word++) {
      FLOATS uniform = __builtin_convertvector(c[word] >> 8, FLOATS) * 0x1p-24f;
      NAME(octets) kept = __builtin_convertvector(
          (WORDS)(uniform >= drop_probability) & 1, NAME(octets));
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
