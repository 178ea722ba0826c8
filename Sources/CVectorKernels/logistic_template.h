// Part of the templates that need it: the exponential and logistic functions.

// e^x within 1 unit in the last place for x in [-87, 88], which x is clamped to: the result stays
// normal and finite. Source: S. Moshier, Cephes, expf.
INLINE FLOATS NAME(exponential)(FLOATS x) {
  // Comparisons with NaN are false: it passes.
  x = NAME(select)((WORDS)(x < -87.0f), (FLOATS){0} - 87.0f, x);
  x = NAME(select)((WORDS)(x > 88.0f), (FLOATS){0} + 88.0f, x);
  // Adding and subtracting 1.5 * 2^23 rounds to an integer.
  const FLOATS shifted = x * 1.44269504088896341f + 12582912.0f;
  const FLOATS whole = shifted - 12582912.0f;
  // ln 2 in two parts, the first with few bits, so that the first product is exact.
  x = x - whole * 0.693359375f;
  x = x + whole * 2.12194440e-4f;
  FLOATS p = x * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * x + 8.3334519073e-3f;
  p = p * x + 4.1665795894e-2f;
  p = p * x + 1.6666665459e-1f;
  p = p * x + 5.0000001201e-1f;
  const FLOATS y = p * (x * x) + x + 1.0f;
  // 2^whole: the integer stands in the low bits of `shifted`; unsigned, for NaN may overflow.
  const WORDS power = ((WORDS)shifted - 0x4b400000u + 127u) << 23;
  return y * (FLOATS)power;
}

INLINE FLOATS NAME(logistic)(FLOATS x) {
  return 1.0f / (NAME(exponential)(-x) + 1.0f);
}
