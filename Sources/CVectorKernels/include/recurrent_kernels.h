#pragma once

#include "element_types.h"
#include "vector_kernels.h"

// The elementwise part of one time step of recurrent networks, for one sample, float32: the matrix
// products before and after it are the library's.
//
// As in vector_kernels.h: bit-identical under every instruction set, vectors contiguous and apart
// from each other. The logistic function is within 3 units in the last place for results above
// 1e-37, tanh within 2; NaN stays NaN. Gates of H units each follow each other in a vector.

#ifdef __cplusplus
extern "C" {
#endif

/// One step of a GRU whose reset gate acts after the hidden product:
///
///     r = logistic(gates_r + recurrent_r)
///     z = logistic(gates_z + recurrent_z)
///     n = tanh(gates_n + r * recurrent_n)
///     state = n + z * (state - n)
///
/// Shapes: gates, W_ih x + b_ih in and r, z, n out, [3 * hidden]; recurrent, W_hh h + b_hh,
/// [3 * hidden]; state [hidden].
/// Source: torch.nn.GRU; K. Cho et al., 2014.
void aver_gru_forward_f32(float *gates, const float *recurrent, float *state, size_t hidden);

/// The gradients of that step.
///
/// Shapes: gates, r, z, n, [3 * hidden]; candidate, recurrent_n of the step, [hidden]; state before
/// the step [hidden]; state_gradient [hidden], in: of the state after the step, out: the part of that
/// before the step which does not go through W_hh; input_gradient and recurrent_gradient [3 * hidden],
/// of W_ih x + b_ih and of W_hh h + b_hh.
void aver_gru_backward_f32(
    const float *gates, const float *candidate, const float *state, float *state_gradient,
    float *input_gradient, float *recurrent_gradient, size_t hidden);

/// One step of an LSTM:
///
///     i, f, o = logistic(gates + recurrent), g = tanh(gates_g + recurrent_g)
///     cell = f * cell + i * g
///     state = o * tanh(cell)
///
/// Shapes: gates, W_ih x + b_ih in and i, f, g, o out, [4 * hidden]; recurrent, W_hh h + b_hh,
/// [4 * hidden]; cell [hidden], updated; state [hidden], written.
/// Source: torch.nn.LSTM; S. Hochreiter and J. Schmidhuber, 1997.
void aver_lstm_forward_f32(
    float *gates, const float *recurrent, float *cell, float *state, size_t hidden);

/// The gradients of that step.
///
/// Shapes: gates, i, f, g, o, [4 * hidden]; cell before the step [hidden]; state_gradient of the state
/// after the step [hidden]; cell_gradient [hidden], in: of the cell after the step through later ones,
/// out: of the cell before it; gradient [4 * hidden], of the gates before their functions.
void aver_lstm_backward_f32(
    const float *gates, const float *cell, const float *state_gradient, float *cell_gradient,
    float *gradient, size_t hidden);

/// The kernels for one instruction set, with the meaning of the functions above.
typedef struct {
  void (*gru_forward)(float *, const float *, float *, size_t);
  void (*gru_backward)(
      const float *, const float *, const float *, float *, float *, float *, size_t);
  void (*lstm_forward)(float *, const float *, float *, float *, size_t);
  void (*lstm_backward)(const float *, const float *, const float *, float *, float *, size_t);
} aver_recurrent_kernels;

/// The kernels for `instruction_set`, or NULL where this processor or build lacks it: for tests
/// that hold the variants against each other.
const aver_recurrent_kernels *aver_recurrent_kernels_for(aver_instruction_set instruction_set);

#ifdef __cplusplus
}
#endif
