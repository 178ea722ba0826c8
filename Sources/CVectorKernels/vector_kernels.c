#include "vector_kernels.h"

#include <stdatomic.h>
#include <string.h>

#include "shared_work.h"

// AVX-512F includes fused multiply-add, baseline SSE does not: contraction would give each
// instruction set its own bits.
#pragma STDC FP_CONTRACT OFF

// The numbers of an AdamW step in the precision of the elements. The derived ones are computed in
// double, as PyTorch does: 1 - 0.9f is not 0.1f.
typedef struct {
  float gradient_scale;
  float weight_factor;
  float one_minus_beta1;
  float beta2;
  float one_minus_beta2;
  float root_correction2;
  float epsilon;
  float step_size;
} adamw_scalars;

static adamw_scalars adamw_scalars_of(aver_adamw_step step) {
  return (adamw_scalars){
      .gradient_scale = (float)step.gradient_scale,
      .weight_factor = (float)(1 - step.learning_rate * step.weight_decay),
      .one_minus_beta1 = (float)(1 - step.beta1),
      .beta2 = (float)step.beta2,
      .one_minus_beta2 = (float)(1 - step.beta2),
      .root_correction2 = (float)__builtin_elementwise_sqrt(step.bias_correction2),
      .epsilon = (float)step.epsilon,
      .step_size = (float)(step.learning_rate / step.bias_correction1),
  };
}

#define LANES 4
#define TARGET
#define NAME(x) x##_baseline
#define SET aver_instruction_set_baseline
#include "kernels_template.h"

#if defined(__x86_64__)

#define LANES 8
#define TARGET __attribute__((target("avx2")))
#define NAME(x) x##_avx2
#define SET aver_instruction_set_avx2
#include "kernels_template.h"

#define LANES 16
#define TARGET __attribute__((target("avx512f"), min_vector_width(512)))
#define NAME(x) x##_avx512f
#define SET aver_instruction_set_avx512f
#include "kernels_template.h"

// The C runtime reads the processor's features once, before main; asking again is a load and a
// test, from any thread.
const aver_vector_kernels *aver_vector_kernels_for(aver_instruction_set instruction_set) {
  switch (instruction_set) {
    case aver_instruction_set_baseline:
      return &kernels_baseline;
    case aver_instruction_set_avx2:
      return __builtin_cpu_supports("avx2") ? &kernels_avx2 : NULL;
    case aver_instruction_set_avx512f:
      return __builtin_cpu_supports("avx512f") ? &kernels_avx512f : NULL;
  }
  return NULL;
}

const aver_vector_kernels *aver_vector_kernels_in_use(void) {
  if (__builtin_cpu_supports("avx512f")) {
    return &kernels_avx512f;
  }
  return __builtin_cpu_supports("avx2") ? &kernels_avx2 : &kernels_baseline;
}

#else

const aver_vector_kernels *aver_vector_kernels_for(aver_instruction_set instruction_set) {
  return instruction_set == aver_instruction_set_baseline ? &kernels_baseline : NULL;
}

const aver_vector_kernels *aver_vector_kernels_in_use(void) { return &kernels_baseline; }

#endif

// ---- What threads share

typedef struct {
  float *result;
  const float *left, *right;
} sum_arguments;

static void sum_range(const void *arguments, aver_range range) {
  const sum_arguments *all = arguments;
  aver_vector_kernels_in_use()->sum(
      all->result + range.first, all->left + range.first, all->right + range.first,
      range.end - range.first);
}

void aver_sum_f32(float *result, const float *left, const float *right, size_t count) {
  aver_share_elements(count, sum_range, &(sum_arguments){result, left, right});
}

void aver_add_f32(float *destination, const float *source, size_t count) {
  aver_sum_f32(destination, destination, source, count);
}

typedef struct {
  float *const *results;
  size_t result_count;
  const float *const *sources;
  size_t source_count;
  size_t first;
} tree_arguments;

// Elements that are summed at a time: what comes between stays in the first-level cache.
enum { TREE_BLOCK = 1024 };

// The levels of the largest tree: 2^16 sources.
enum { TREE_LEVELS = 16 };

// The sum of the elements from `first` on of `count` sources, which is in `place` where it is a sum.
static const float *tree_block(
    const float *const *sources, size_t source_count, size_t first, size_t count, float *place) {
  if (source_count == 1) {
    return sources[0] + first;
  }
  const size_t half = source_count / 2;
  const float *left = tree_block(sources, half, first, count, place);
  // Behind the left sum, which lies at the place of this one.
  const float *right = tree_block(sources + half, half, first, count, place + TREE_BLOCK);
  aver_vector_kernels_in_use()->sum(place, left, right, count);
  return place;
}

static void tree_range(const void *arguments, aver_range range) {
  const tree_arguments *all = arguments;
  float places[TREE_LEVELS * TREE_BLOCK];
  const size_t end = all->first + range.end;
  for (size_t first = all->first + range.first; first < end; first += TREE_BLOCK) {
    const size_t rest = end - first;
    const size_t count = rest < TREE_BLOCK ? rest : TREE_BLOCK;
    const float *sum = tree_block(all->sources, all->source_count, first, count, places);
    for (size_t result = 0; result < all->result_count; result++) {
      if (all->results[result] + first != sum) {
        memcpy(all->results[result] + first, sum, count * sizeof(float));
      }
    }
  }
}

void aver_tree_sum_f32(
    float *const *results, size_t result_count, const float *const *sources, size_t source_count,
    size_t first, size_t count) {
  aver_share_elements(
      count, tree_range, &(tree_arguments){results, result_count, sources, source_count, first});
}

typedef struct {
  float *values;
  float factor;
} scale_arguments;

static void scale_range(const void *arguments, aver_range range) {
  const scale_arguments *all = arguments;
  aver_vector_kernels_in_use()->scale(
      all->values + range.first, all->factor, range.end - range.first);
}

void aver_scale_f32(float *values, float factor, size_t count) {
  aver_share_elements(count, scale_range, &(scale_arguments){values, factor});
}

typedef struct {
  const float *values;
  // The least index that a part found; INT64_MAX where none did.
  _Atomic(int64_t) *first;
} nonfinite_arguments;

static void find_nonfinite_in_range(const void *arguments, aver_range range) {
  const nonfinite_arguments *all = arguments;
  int64_t found = aver_vector_kernels_in_use()->first_nonfinite(
      all->values + range.first, range.end - range.first);
  if (found < 0) return;
  found += (int64_t)range.first;
  int64_t first = atomic_load(all->first);
  while (found < first && !atomic_compare_exchange_weak(all->first, &first, found)) {
  }
}

int64_t aver_first_nonfinite_f32(const float *values, size_t count) {
  _Atomic(int64_t) first = INT64_MAX;
  aver_share_elements(count, find_nonfinite_in_range, &(nonfinite_arguments){values, &first});
  int64_t found = atomic_load(&first);
  return found == INT64_MAX ? -1 : found;
}

typedef struct {
  float *weights, *velocity;
  const float *gradient;
  aver_sgd_step step;
} sgd_arguments;

static void sgd_range(const void *arguments, aver_range range) {
  const sgd_arguments *all = arguments;
  aver_vector_kernels_in_use()->sgd(
      all->weights + range.first, all->velocity + range.first, all->gradient + range.first,
      range.end - range.first, all->step);
}

void aver_sgd_f32(
    float *weights, float *velocity, const float *gradient, size_t count, aver_sgd_step step) {
  aver_share_elements(count, sgd_range, &(sgd_arguments){weights, velocity, gradient, step});
}

typedef struct {
  float *weights, *first_moment, *second_moment;
  const float *gradient;
  aver_adamw_step step;
} adamw_arguments;

static void adamw_range(const void *arguments, aver_range range) {
  const adamw_arguments *all = arguments;
  aver_vector_kernels_in_use()->adamw(
      all->weights + range.first, all->first_moment + range.first,
      all->second_moment + range.first, all->gradient + range.first, range.end - range.first,
      all->step);
}

void aver_adamw_f32(
    float *weights, float *first_moment, float *second_moment, const float *gradient, size_t count,
    aver_adamw_step step) {
  aver_share_elements(count, adamw_range,
      &(adamw_arguments){weights, first_moment, second_moment, gradient, step});
}
