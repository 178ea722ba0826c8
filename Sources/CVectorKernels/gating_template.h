// Included once per instruction set by gating_kernels.c; see instruction_sets.h.

INLINE void NAME(gated_sum_lanes)(
    float *result, const float *gate, const float *left, const float *right, size_t lanes) {
  FLOATS a = NAME(load_f32)(left, lanes);
  FLOATS b = NAME(load_f32)(right, lanes);
  NAME(store_f32)(result, b + NAME(load_f32)(gate, lanes) * (a - b), lanes);
}

KERNEL void NAME(gated_sum)(
    float *result, const float *gate, const float *left, const float *right, size_t count) {
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    NAME(gated_sum_lanes)(result + i, gate + i, left + i, right + i, LANES);
  }
  if (i < count) {
    NAME(gated_sum_lanes)(result + i, gate + i, left + i, right + i, count - i);
  }
}

INLINE void NAME(gated_sum_backward_lanes)(
    float *gate_gradient, float *left_gradient, float *right_gradient, const float *gradient,
    const float *gate, const float *left, const float *right, size_t lanes) {
  FLOATS g = NAME(load_f32)(gradient, lanes);
  FLOATS difference = NAME(load_f32)(left, lanes) - NAME(load_f32)(right, lanes);
  FLOATS share = g * NAME(load_f32)(gate, lanes);
  NAME(store_f32)(gate_gradient, g * difference, lanes);
  NAME(store_f32)(left_gradient, share, lanes);
  NAME(store_f32)(right_gradient, g - share, lanes);
}

KERNEL void NAME(gated_sum_backward)(
    float *gate_gradient, float *left_gradient, float *right_gradient, const float *gradient,
    const float *gate, const float *left, const float *right, size_t count) {
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    NAME(gated_sum_backward_lanes)
    (gate_gradient + i, left_gradient + i, right_gradient + i, gradient + i, gate + i, left + i,
        right + i, LANES);
  }
  if (i < count) {
    NAME(gated_sum_backward_lanes)
    (gate_gradient + i, left_gradient + i, right_gradient + i, gradient + i, gate + i, left + i,
        right + i, count - i);
  }
}

static const aver_gating_kernels NAME(gating_kernels) = {
    .gated_sum = NAME(gated_sum),
    .gated_sum_backward = NAME(gated_sum_backward),
};
