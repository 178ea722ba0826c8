// Included once per instruction set by draw_kernels.c; see instruction_sets.h.

#include "philox_template.h"
#include "transpose_template.h"

// ln x for a normal x in (0, 2]. Source: S. Moshier, Cephes, logf.
INLINE FLOATS NAME(logarithm)(FLOATS x) {
  // x = (1 + m) * 2^e with 1 + m from sqrt(1/2), whose bits are 3f3504f3, to sqrt(2). The exponent's
  // bias keeps it positive.
  const WORDS biased = ((WORDS)x - 0x3f3504f3u + (127u << 23)) >> 23;
  const FLOATS e = __builtin_convertvector(biased, FLOATS) - 127.0f;
  const FLOATS m = (FLOATS)((WORDS)x - ((biased - 127u) << 23)) - 1.0f;
  const FLOATS square = m * m;
  FLOATS p = m * 7.0376836292e-2f - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  p = p * m * square;
  // ln 2 in two parts, the first with few bits, so that its product is exact.
  p = p - e * 2.12194440e-4f;
  p = p - square * 0.5f;
  return (m + p) + e * 0.693359375f;
}

// The cosine and sine of 2 pi * turns, turns in [0, 1). Source: S. Moshier, Cephes, sinf.
INLINE void NAME(circle)(FLOATS turns, FLOATS *cosine, FLOATS *sine) {
  // Adding and subtracting 1.5 * 2^23 rounds to an integer. The rest, in [-1/2, 1/2] quarters, is
  // exact, which 2 pi * turns would not be.
  const FLOATS shifted = turns * 4.0f + 12582912.0f;
  const FLOATS x = (turns * 4.0f - (shifted - 12582912.0f)) * 1.57079632679489662f;
  const FLOATS square = x * x;
  FLOATS s = square * -1.9515295891e-4f + 8.3321608736e-3f;
  s = s * square - 1.6666654611e-1f;
  s = s * square * x + x;
  FLOATS c = square * 2.443315711809948e-5f - 1.388731625493765e-3f;
  c = c * square + 4.166664568298827e-2f;
  c = c * square * square - square * 0.5f + 1.0f;
  // The number of quarters stands in the low bits of `shifted`. Odd ones exchange the two.
  const WORDS quarters = (WORDS)shifted;
  const WORDS odd = -(quarters & 1);
  *cosine = (FLOATS)((WORDS)NAME(select)(odd, s, c) ^ ((quarters + 1) & 2) << 30);
  *sine = (FLOATS)((WORDS)NAME(select)(odd, c, s) ^ (quarters & 2) << 30);
}

// Two independent standard normal numbers of two uniform ones.
INLINE void NAME(normal_pair)(FLOATS *first, FLOATS *second) {
  // 1 - u is exact, and in (0, 1]: its logarithm is finite.
  const FLOATS radius =
      __builtin_elementwise_sqrt(NAME(logarithm)(1.0f - *first) * -2.0f);
  FLOATS cosine, sine;
  NAME(circle)(*second, &cosine, &sine);
  *first = radius * cosine;
  *second = radius * sine;
}

// Which of the LANES blocks of a group each lane draws: what lets store_blocks do with transpositions
// of four lanes.
INLINE WORDS NAME(block_of_lane)(void) {
  WORDS blocks;
  for (uint32_t i = 0; i < LANES; i++) blocks[i] = i % 4 * (LANES / 4) + i / 4;
  return blocks;
}

// Writes the LANES blocks that block_of_lane names, one after the other: drawn[j] has the j-th number
// of each.
INLINE void NAME(store_blocks)(float *to, FLOATS drawn[4]) {
  NAME(transpose_quads)(drawn);
  __builtin_memcpy(to, drawn, 4 * sizeof(FLOATS));
}

// Draws the LANES blocks that begin with the stream's block `first`: lower + factor * number.
INLINE void NAME(draw_group)(float *to, size_t first, bool normal, float lower, float factor,
    const aver_random_stream *stream) {
  FLOATS drawn[4];
  NAME(draw_blocks)(drawn, NAME(block_of_lane)() + (uint32_t)first, stream);
  if (normal) {
    NAME(normal_pair)(&drawn[0], &drawn[1]);
    NAME(normal_pair)(&drawn[2], &drawn[3]);
  }
  for (int word = 0; word < 4; word++) drawn[word] = lower + factor * drawn[word];
  NAME(store_blocks)(to, drawn);
}

INLINE void NAME(draw)(float *values, size_t count, bool normal, float lower, float factor,
    const aver_random_stream *stream) {
  const size_t group = 4 * LANES;
  size_t i = 0;
  for (; i + group <= count; i += group) {
    NAME(draw_group)(values + i, i / 4, normal, lower, factor, stream);
  }
  if (i < count) {
    float rest[4 * LANES];
    NAME(draw_group)(rest, i / 4, normal, lower, factor, stream);
    __builtin_memcpy(values + i, rest, (count - i) * sizeof(float));
  }
}

KERNEL void NAME(uniform)(
    float *values, size_t count, float lower, float width, aver_random_stream stream) {
  NAME(draw)(values, count, false, lower, width, &stream);
}

KERNEL void NAME(normal)(float *values, size_t count, float deviation, aver_random_stream stream) {
  NAME(draw)(values, count, true, 0, deviation, &stream);
}

static const aver_draw_kernels NAME(draw_kernels) = {
    .uniform = NAME(uniform),
    .normal = NAME(normal),
};
