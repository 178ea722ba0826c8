// Includes TEMPLATE, which the includer defines, once per instruction set, with
//   LANES      floats in a vector
//   NAME(x)    x with the instruction set's suffix
// and what vector_lanes.h makes of them. No floating-point contraction: see vector_kernels.c.

#include "vector_kernels.h"

#pragma STDC FP_CONTRACT OFF

#define LANES 4
#define TARGET
#define NAME(x) x##_baseline
#include "vector_lanes.h"
#include TEMPLATE
#include "vector_lanes_end.h"

#if defined(__x86_64__)

#define LANES 8
#define TARGET __attribute__((target("avx2")))
#define NAME(x) x##_avx2
#include "vector_lanes.h"
#include TEMPLATE
#include "vector_lanes_end.h"

#define LANES 16
#define TARGET __attribute__((target("avx512f"), min_vector_width(512)))
#define NAME(x) x##_avx512f
#include "vector_lanes.h"
#include TEMPLATE
#include "vector_lanes_end.h"

// The table of a topic's kernels for `set`, which the processor must have.
#define VARIANT(x, set)                                      \
  ((set) == aver_instruction_set_avx512f ? &x##_avx512f      \
          : (set) == aver_instruction_set_avx2 ? &x##_avx2 : &x##_baseline)

#else

#define VARIANT(x, set) (&x##_baseline)

#endif
