#include "random_kernels.h"

#define TEMPLATE "random_template.h"
#include "instruction_sets.h"

static const aver_random_kernels *in_use(void) {
  return VARIANT(random_kernels, aver_vector_kernels_in_use()->instruction_set);
}

const aver_random_kernels *aver_random_kernels_for(aver_instruction_set instruction_set) {
  return aver_vector_kernels_for(instruction_set) ? VARIANT(random_kernels, instruction_set)
                                                  : NULL;
}

void aver_draw_keep_mask(
    uint8_t *mask, size_t count, float drop_probability, aver_random_stream stream) {
  in_use()->draw_keep_mask(mask, count, drop_probability, stream);
}

void aver_apply_mask(void *y, const void *x, const uint8_t *mask, float factor, size_t count,
    aver_element_type type) {
  in_use()->apply_mask(y, x, mask, factor, count, type);
}

void aver_scale_samples(void *y, const void *x, const void *addend, const float *factors,
    size_t batch, size_t count, aver_element_type type) {
  in_use()->scale_samples(y, x, addend, factors, batch, count, type);
}
