#include "recurrent_kernels.h"

#define TEMPLATE "recurrent_template.h"
#include "instruction_sets.h"

const aver_recurrent_kernels *aver_recurrent_kernels_for(aver_instruction_set instruction_set) {
  return aver_vector_kernels_for(instruction_set) ? VARIANT(recurrent_kernels, instruction_set)
                                                  : NULL;
}

static const aver_recurrent_kernels *in_use(void) {
  return VARIANT(recurrent_kernels, aver_vector_kernels_in_use()->instruction_set);
}

void aver_gru_forward_f32(float *gates, const float *recurrent, float *state, size_t hidden) {
  in_use()->gru_forward(gates, recurrent, state, hidden);
}

void aver_gru_backward_f32(
    const float *gates, const float *candidate, const float *state, float *state_gradient,
    float *input_gradient, float *recurrent_gradient, size_t hidden) {
  in_use()->gru_backward(
      gates, candidate, state, state_gradient, input_gradient, recurrent_gradient, hidden);
}

void aver_lstm_forward_f32(
    float *gates, const float *recurrent, float *cell, float *state, size_t hidden) {
  in_use()->lstm_forward(gates, recurrent, cell, state, hidden);
}

void aver_lstm_backward_f32(
    const float *gates, const float *cell, const float *state_gradient, float *cell_gradient,
    float *gradient, size_t hidden) {
  in_use()->lstm_backward(gates, cell, state_gradient, cell_gradient, gradient, hidden);
}
