// Vectors of LANES elements, how one is chosen lane by lane, and how they are read from and written
// to float32 and bfloat16 arrays.
// The number of lanes that are read or written is passed along: where it is the constant LANES, the
// accesses become single instructions; missing lanes are zero.

typedef float NAME(floats) __attribute__((vector_size(LANES * sizeof(float))));
typedef uint32_t NAME(words) __attribute__((vector_size(LANES * sizeof(uint32_t))));
typedef uint16_t NAME(halves) __attribute__((vector_size(LANES * sizeof(uint16_t))));

#define FLOATS NAME(floats)
#define WORDS NAME(words)
#define HALVES NAME(halves)
#define KERNEL TARGET static
#define INLINE TARGET static inline __attribute__((always_inline))
// Runs a step over all elements: `step` uses i and lanes.
#define FOR_ALL(count, step)                \
  size_t i = 0;                             \
  for (; i + LANES <= (count); i += LANES) { \
    const size_t lanes = LANES;             \
    step;                                   \
  }                                         \
  if (i < (count)) {                        \
    const size_t lanes = (count) - i;       \
    step;                                   \
  }

// `yes` in the lanes where all bits of `mask` are set, `no` where none is.
INLINE FLOATS NAME(select)(WORDS mask, FLOATS yes, FLOATS no) {
  return (FLOATS)((mask & (WORDS)yes) | (~mask & (WORDS)no));
}

INLINE FLOATS NAME(load_f32)(const float *from, size_t lanes) {
  FLOATS values = {0};
  __builtin_memcpy(&values, from, lanes * sizeof(float));
  return values;
}

INLINE void NAME(store_f32)(float *to, FLOATS values, size_t lanes) {
  __builtin_memcpy(to, &values, lanes * sizeof(float));
}

// bfloat16 is the upper half of a float32.
INLINE FLOATS NAME(load_bf16)(const uint16_t *from, size_t lanes) {
  HALVES halves = {0};
  __builtin_memcpy(&halves, from, lanes * sizeof(uint16_t));
  return (FLOATS)(__builtin_convertvector(halves, WORDS) << 16);
}

// The upper halves, rounded to nearest, ties to even; a NaN stays one.
INLINE WORDS NAME(rounded_bf16)(FLOATS values) {
  WORDS bits = (WORDS)values;
  WORDS is_nan = (WORDS)(values != values);
  WORDS rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  WORDS quiet = bits >> 16 | 0x40;
  return (rounded & ~is_nan) | (quiet & is_nan);
}

INLINE void NAME(store_bf16)(uint16_t *to, FLOATS values, size_t lanes) {
  HALVES halves = __builtin_convertvector(NAME(rounded_bf16)(values), HALVES);
  __builtin_memcpy(to, &halves, lanes * sizeof(uint16_t));
}

INLINE FLOATS NAME(load)(const void *from, size_t index, aver_element_type type, size_t lanes) {
  return type == aver_bf16 ? NAME(load_bf16)((const uint16_t *)from + index, lanes)
                           : NAME(load_f32)((const float *)from + index, lanes);
}

INLINE void NAME(store)(
    void *to, size_t index, FLOATS values, aver_element_type type, size_t lanes) {
  if (type == aver_bf16) {
    NAME(store_bf16)((uint16_t *)to + index, values, lanes);
  } else {
    NAME(store_f32)((float *)to + index, values, lanes);
  }
}
