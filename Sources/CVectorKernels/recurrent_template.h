// Included once per instruction set by recurrent_kernels.c; see instruction_sets.h. Each kernel is a
// step over `lanes` elements that serves the body of a loop and its tail.

#define LOAD(variable, pointer) FLOATS variable = NAME(load_f32)(pointer, lanes)
#define STORE(pointer, variable) NAME(store_f32)(pointer, variable, lanes)
#include "logistic_template.h"

// Source: S. Moshier, Cephes, tanhf.
INLINE FLOATS NAME(hyperbolic_tangent)(FLOATS x) {
  const FLOATS magnitude = (FLOATS)((WORDS)x & 0x7fffffffu);
  const FLOATS z = x * x;
  FLOATS p = z * -5.70498872745e-3f + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  const FLOATS small = p * z * x + x;
  const FLOATS large = 1.0f - 2.0f / (NAME(exponential)(magnitude + magnitude) + 1.0f);
  const FLOATS signed_large = (FLOATS)((WORDS)large | ((WORDS)x & 0x80000000u));
  return NAME(select)((WORDS)(magnitude < 0.625f), small, signed_large);
}

INLINE void NAME(gru_forward_lanes)(
    float *gates, const float *recurrent, float *state, size_t hidden, size_t lanes) {
  LOAD(gates_r, gates);
  LOAD(gates_z, gates + hidden);
  LOAD(gates_n, gates + 2 * hidden);
  LOAD(recurrent_r, recurrent);
  LOAD(recurrent_z, recurrent + hidden);
  LOAD(recurrent_n, recurrent + 2 * hidden);
  LOAD(h, state);
  FLOATS r = NAME(logistic)(gates_r + recurrent_r);
  FLOATS z = NAME(logistic)(gates_z + recurrent_z);
  FLOATS n = NAME(hyperbolic_tangent)(gates_n + r * recurrent_n);
  h = n + z * (h - n);
  STORE(gates, r);
  STORE(gates + hidden, z);
  STORE(gates + 2 * hidden, n);
  STORE(state, h);
}

KERNEL void NAME(gru_forward)(
    float *gates, const float *recurrent, float *state, size_t hidden) {
  FOR_ALL(hidden, NAME(gru_forward_lanes)(gates + i, recurrent + i, state + i, hidden, lanes));
}

INLINE void NAME(gru_backward_lanes)(
    const float *gates, const float *candidate, const float *state, float *state_gradient,
    float *input_gradient, float *recurrent_gradient, size_t hidden, size_t lanes) {
  LOAD(r, gates);
  LOAD(z, gates + hidden);
  LOAD(n, gates + 2 * hidden);
  LOAD(recurrent_n, candidate);
  LOAD(h, state);
  LOAD(dh, state_gradient);
  // Through tanh and the logistic functions, to their arguments.
  FLOATS dn = dh * (1.0f - z) * (1.0f - n * n);
  FLOATS dz = dh * (h - n) * z * (1.0f - z);
  FLOATS dr = dn * recurrent_n * r * (1.0f - r);
  FLOATS recurrent_dn = dn * r;
  dh = dh * z;
  STORE(input_gradient, dr);
  STORE(input_gradient + hidden, dz);
  STORE(input_gradient + 2 * hidden, dn);
  STORE(recurrent_gradient, dr);
  STORE(recurrent_gradient + hidden, dz);
  STORE(recurrent_gradient + 2 * hidden, recurrent_dn);
  STORE(state_gradient, dh);
}

KERNEL void NAME(gru_backward)(
    const float *gates, const float *candidate, const float *state, float *state_gradient,
    float *input_gradient, float *recurrent_gradient, size_t hidden) {
  FOR_ALL(
      hidden, NAME(gru_backward_lanes)(
                  gates + i, candidate + i, state + i, state_gradient + i, input_gradient + i,
                  recurrent_gradient + i, hidden, lanes));
}

INLINE void NAME(lstm_forward_lanes)(
    float *gates, const float *recurrent, float *cell, float *state, size_t hidden, size_t lanes) {
  LOAD(gates_i, gates);
  LOAD(gates_f, gates + hidden);
  LOAD(gates_g, gates + 2 * hidden);
  LOAD(gates_o, gates + 3 * hidden);
  LOAD(recurrent_i, recurrent);
  LOAD(recurrent_f, recurrent + hidden);
  LOAD(recurrent_g, recurrent + 2 * hidden);
  LOAD(recurrent_o, recurrent + 3 * hidden);
  LOAD(c, cell);
  FLOATS input = NAME(logistic)(gates_i + recurrent_i);
  FLOATS forget = NAME(logistic)(gates_f + recurrent_f);
  FLOATS g = NAME(hyperbolic_tangent)(gates_g + recurrent_g);
  FLOATS output = NAME(logistic)(gates_o + recurrent_o);
  c = forget * c + input * g;
  FLOATS h = output * NAME(hyperbolic_tangent)(c);
  STORE(gates, input);
  STORE(gates + hidden, forget);
  STORE(gates + 2 * hidden, g);
  STORE(gates + 3 * hidden, output);
  STORE(cell, c);
  STORE(state, h);
}

KERNEL void NAME(lstm_forward)(
    float *gates, const float *recurrent, float *cell, float *state, size_t hidden) {
  FOR_ALL(
      hidden, NAME(lstm_forward_lanes)(
                  gates + i, recurrent + i, cell + i, state + i, hidden, lanes));
}

INLINE void NAME(lstm_backward_lanes)(
    const float *gates, const float *cell, const float *state_gradient, float *cell_gradient,
    float *gradient, size_t hidden, size_t lanes) {
  LOAD(input, gates);
  LOAD(forget, gates + hidden);
  LOAD(g, gates + 2 * hidden);
  LOAD(output, gates + 3 * hidden);
  LOAD(c, cell);
  LOAD(dh, state_gradient);
  LOAD(dc, cell_gradient);
  // The same operations as forward: the same bits.
  const FLOATS tanh_cell = NAME(hyperbolic_tangent)(forget * c + input * g);
  dc = dc + dh * output * (1.0f - tanh_cell * tanh_cell);
  FLOATS di = dc * g * input * (1.0f - input);
  FLOATS df = dc * c * forget * (1.0f - forget);
  FLOATS dg = dc * input * (1.0f - g * g);
  FLOATS d_output = dh * tanh_cell * output * (1.0f - output);
  dc = dc * forget;
  STORE(gradient, di);
  STORE(gradient + hidden, df);
  STORE(gradient + 2 * hidden, dg);
  STORE(gradient + 3 * hidden, d_output);
  STORE(cell_gradient, dc);
}

KERNEL void NAME(lstm_backward)(
    const float *gates, const float *cell, const float *state_gradient, float *cell_gradient,
    float *gradient, size_t hidden) {
  FOR_ALL(
      hidden, NAME(lstm_backward_lanes)(
                  gates + i, cell + i, state_gradient + i, cell_gradient + i, gradient + i, hidden,
                  lanes));
}

static const aver_recurrent_kernels NAME(recurrent_kernels) = {
    .gru_forward = NAME(gru_forward),
    .gru_backward = NAME(gru_backward),
    .lstm_forward = NAME(lstm_forward),
    .lstm_backward = NAME(lstm_backward),
};

#undef LOAD
#undef STORE
