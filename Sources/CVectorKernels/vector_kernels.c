#include "vector_kernels.h"

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

void aver_add_f32(float *destination, const float *source, size_t count) {
  aver_vector_kernels_in_use()->add(destination, source, count);
}

void aver_sum_f32(float *result, const float *left, const float *right, size_t count) {
  aver_vector_kernels_in_use()->sum(result, left, right, count);
}

void aver_scale_f32(float *values, float factor, size_t count) {
  aver_vector_kernels_in_use()->scale(values, factor, count);
}

int64_t aver_first_nonfinite_f32(const float *values, size_t count) {
  return aver_vector_kernels_in_use()->first_nonfinite(values, count);
}

void aver_sgd_f32(
    float *weights, float *velocity, const float *gradient, size_t count, aver_sgd_step step) {
  aver_vector_kernels_in_use()->sgd(weights, velocity, gradient, count, step);
}

void aver_adamw_f32(
    float *weights, float *first_moment, float *second_moment, const float *gradient, size_t count,
    aver_adamw_step step) {
  aver_vector_kernels_in_use()->adamw(
      weights, first_moment, second_moment, gradient, count, step);
}
