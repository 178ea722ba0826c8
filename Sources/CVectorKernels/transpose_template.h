// Included once per instruction set by templates that turn arrays of vectors; see instruction_sets.h.

// Pairs of neighbouring lanes, and the indices that interleave those of two vectors: the even ones,
// the odd ones.
typedef uint64_t NAME(pairs) __attribute__((vector_size(LANES * sizeof(float))));
#define PAIRS NAME(pairs)
#if LANES == 4
#define EVEN_PAIRS 0, 2
#define ODD_PAIRS 1, 3
#elif LANES == 8
#define EVEN_PAIRS 0, 4, 2, 6
#define ODD_PAIRS 1, 5, 3, 7
#else
#define EVEN_PAIRS 0, 8, 2, 10, 4, 12, 6, 14
#define ODD_PAIRS 1, 9, 3, 11, 5, 13, 7, 15
#endif

// Transposes the 4 x 4 blocks that the quads (4 neighbouring lanes) of four vectors form:
// lane 4q + i of vector j goes to lane 4q + j of vector i.
INLINE void NAME(transpose_quads)(FLOATS vectors[4]) {
  const PAIRS first = (PAIRS)vectors[0], second = (PAIRS)vectors[1];
  const PAIRS third = (PAIRS)vectors[2], fourth = (PAIRS)vectors[3];
  const PAIRS even_heads = (first & 0xffffffffu) | second << 32;
  const PAIRS even_tails = (third & 0xffffffffu) | fourth << 32;
  const PAIRS odd_heads = first >> 32 | (second & ~0xffffffffull);
  const PAIRS odd_tails = third >> 32 | (fourth & ~0xffffffffull);
  vectors[0] = (FLOATS)__builtin_shufflevector(even_heads, even_tails, EVEN_PAIRS);
  vectors[1] = (FLOATS)__builtin_shufflevector(odd_heads, odd_tails, EVEN_PAIRS);
  vectors[2] = (FLOATS)__builtin_shufflevector(even_heads, even_tails, ODD_PAIRS);
  vectors[3] = (FLOATS)__builtin_shufflevector(odd_heads, odd_tails, ODD_PAIRS);
}

#undef PAIRS
#undef EVEN_PAIRS
#undef ODD_PAIRS
