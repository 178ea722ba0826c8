#include "draw_kernels.h"

#include "element_types.h"

#define TEMPLATE "draw_template.h"
#include "instruction_sets.h"

const aver_draw_kernels *aver_draw_kernels_for(aver_instruction_set instruction_set) {
  return aver_vector_kernels_for(instruction_set) ? VARIANT(draw_kernels, instruction_set) : NULL;
}

static const aver_draw_kernels *in_use(void) {
  return VARIANT(draw_kernels, aver_vector_kernels_in_use()->instruction_set);
}

void aver_draw_uniform_f32(
    float *values, size_t count, float lower, float width, aver_random_stream stream) {
  in_use()->uniform(values, count, lower, width, stream);
}

void aver_draw_normal_f32(
    float *values, size_t count, float deviation, aver_random_stream stream) {
  in_use()->normal(values, count, deviation, stream);
}
