#include "gating_kernels.h"

#include "element_types.h"
#include "shared_work.h"

#define TEMPLATE "gating_template.h"
#include "instruction_sets.h"

const aver_gating_kernels *aver_gating_kernels_for(aver_instruction_set instruction_set) {
  return aver_vector_kernels_for(instruction_set) ? VARIANT(gating_kernels, instruction_set) : NULL;
}

static const aver_gating_kernels *in_use(void) {
  return VARIANT(gating_kernels, aver_vector_kernels_in_use()->instruction_set);
}

// ---- What threads share

typedef struct {
  float *result;
  const float *gate, *left, *right;
} sum_arguments;

static void gated_sum_range(const void *arguments, aver_range range) {
  const sum_arguments *all = arguments;
  size_t i = range.first;
  in_use()->gated_sum(
      all->result + i, all->gate + i, all->left + i, all->right + i, range.end - i);
}

void aver_gated_sum_f32(
    float *result, const float *gate, const float *left, const float *right, size_t count) {
  aver_share_elements(count, gated_sum_range, &(sum_arguments){result, gate, left, right});
}

typedef struct {
  float *gate_gradient, *left_gradient, *right_gradient;
  const float *gradient, *gate, *left, *right;
} gradient_arguments;

static void gated_sum_backward_range(const void *arguments, aver_range range) {
  const gradient_arguments *all = arguments;
  size_t i = range.first;
  in_use()->gated_sum_backward(
      all->gate_gradient + i, all->left_gradient + i, all->right_gradient + i, all->gradient + i,
      all->gate + i, all->left + i, all->right + i, range.end - i);
}

void aver_gated_sum_backward_f32(
    float *gate_gradient, float *left_gradient, float *right_gradient, const float *gradient,
    const float *gate, const float *left, const float *right, size_t count) {
  aver_share_elements(count, gated_sum_backward_range,
      &(gradient_arguments){
          gate_gradient, left_gradient, right_gradient, gradient, gate, left, right});
}
