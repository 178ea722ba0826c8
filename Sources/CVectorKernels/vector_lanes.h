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

// Rounds to nearest, ties to even; a NaN stays one.
INLINE void NAME(store_bf16)(uint16_t *to, FLOATS values, size_t lanes) {
  WORDS bits = (WORDS)values;
  WORDS is_nan = (WORDS)(values != values);
  WORDS rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  WORDS quiet = bits >> 16 | 0x40;
  HALVES halves = __builtin_convertvector((rounded & ~is_nan) | (quiet & is_nan), HALVES);
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
