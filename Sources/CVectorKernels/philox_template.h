// Part of the templates that draw random numbers: Philox4x32-10, LANES blocks of four at a time.

typedef uint64_t NAME(products) __attribute__((vector_size(LANES * sizeof(uint64_t))));

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

// Numbers in [0, 1), those of CounterRandom.uniform(): lane i of uniforms[j] is the j-th of the
// stream's block blocks[i].
INLINE void NAME(draw_blocks)(
    FLOATS uniforms[4], WORDS blocks, const aver_random_stream *stream) {
  const WORDS zero = {0};
  WORDS c[4] = {blocks + stream->counter[0], zero + stream->counter[1], zero + stream->counter[2],
      zero + stream->counter[3]};
  NAME(philox)(c, stream->key[0], stream->key[1]);
  for (int word = 0; word < 4; word++) {
    uniforms[word] = __builtin_convertvector(c[word] >> 8, FLOATS) * 0x1p-24f;
  }
}
