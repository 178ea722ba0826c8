// Vectors of 16 numbers, and pairs of them that share lanes. A part of winograd_template.h.

#if BFLOAT16
INLINE FLOATS NAME(load)(const ELEMENT *from) {
  __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)from));
  return (FLOATS)_mm512_slli_epi32(wide, 16);
}

INLINE __m256i NAME(rounded)(FLOATS values) {
  return (__m256i)_mm512_cvtneps_pbh((__m512)values);
}

INLINE void NAME(store)(ELEMENT *to, FLOATS values) {
  _mm256_storeu_si256((__m256i *)to, NAME(rounded)(values));
}

typedef uint16_t NAME(pairs) __attribute__((vector_size(64)));

// 16 lanes that hold `first` and `second` side by side.
INLINE void NAME(store_pairs)(LANE *to, FLOATS first, FLOATS second) {
  NAME(pairs) halves = (NAME(pairs))_mm512_cvtne2ps_pbh((__m512)second, (__m512)first);
  NAME(pairs) pairs = __builtin_shufflevector(halves, halves, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5,
      21, 6, 22, 7, 23, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  _mm512_storeu_si512(to, (__m512i)pairs);
}

INLINE FLOATS NAME(multiply_add)(FLOATS sum, const LANE *left, FLOATS right) {
  __m512i broadcast = _mm512_set1_epi32((int)*left);
  return (FLOATS)_mm512_dpbf16_ps((__m512)sum, (__m512bh)right, (__m512bh)broadcast);
}
#else
INLINE FLOATS NAME(load)(const ELEMENT *from) { return (FLOATS)_mm512_loadu_ps(from); }

INLINE void NAME(store)(ELEMENT *to, FLOATS values) { _mm512_storeu_ps(to, (__m512)values); }

INLINE FLOATS NAME(multiply_add)(FLOATS sum, const LANE *left, FLOATS right) {
  return (FLOATS)_mm512_fmadd_ps((__m512)right, _mm512_set1_ps(*left), (__m512)sum);
}
#endif

INLINE FLOATS NAME(load_sums)(const float *from) { return (FLOATS)_mm512_loadu_ps(from); }

INLINE void NAME(store_sums)(float *to, FLOATS values) { _mm512_storeu_ps(to, (__m512)values); }
