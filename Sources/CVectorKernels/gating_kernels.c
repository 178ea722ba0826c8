#include "gating_kernels.h"

#include "element_types.h"

#define TEMPLATE "gating_template.h"
#include "instruction_sets.h"

const aver_gating_kernels *aver_gating_kernels_for(aver_instruction_set instruction_set) {
  return aver_vector_kernels_for(instruction_set) ? VARIANT(gating_kernels, instruction_set) : NULL;
}

static const aver_gating_kernels *in_use(void) {
  return VARIANT(gating_kernels, aver_vector_kernels_in_use()->instruction_set);
}

void aver_gated_sum_f32(
    float *result, const float *gate, const float *left, const float *right, size_t count) {
  in_use()->gated_sum(result, gate, left, right, count);
}

void aver_gated_sum_backward_f32(
    float *gate_gradient, float *left_gradient, float *right_gradient, const float *gradient,
    const float *gate, const float *left, const float *right, size_t count) {
  in_use()->gated_sum_backward(
      gate_gradient, left_gradient, right_gradient, gradient, gate, left, right, count);
}
