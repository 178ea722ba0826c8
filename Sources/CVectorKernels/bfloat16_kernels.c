#include "bfloat16_kernels.h"

#include "shared_work.h"

#define TEMPLATE "bfloat16_template.h"
#include "instruction_sets.h"

const aver_bfloat16_kernels *aver_bfloat16_kernels_for(aver_instruction_set instruction_set) {
  return aver_vector_kernels_for(instruction_set) ? VARIANT(bfloat16_kernels, instruction_set)
                                                  : NULL;
}

static const aver_bfloat16_kernels *in_use(void) {
  return VARIANT(bfloat16_kernels, aver_vector_kernels_in_use()->instruction_set);
}

void aver_round_bf16(uint16_t *result, const float *values, size_t count) {
  in_use()->round(result, values, count);
}

void aver_widen_bf16(float *result, const uint16_t *source, size_t count) {
  in_use()->widen(result, source, count);
}

void aver_add_bf16(float *destination, const uint16_t *source, size_t count) {
  in_use()->add(destination, source, count);
}

typedef struct {
  float *values, *left;
  const float *errors;
} feedback_arguments;

static void feedback_range(const void *arguments, aver_range range) {
  const feedback_arguments *all = arguments;
  in_use()->round_with_feedback(
      all->values + range.first, all->left + range.first, all->errors + range.first,
      range.end - range.first);
}

void aver_round_with_feedback_bf16(
    float *values, float *left, const float *errors, size_t count) {
  aver_share_elements(count, feedback_range, &(feedback_arguments){values, left, errors});
}
