// Included once per instruction set by bfloat16_kernels.c; see instruction_sets.h.

KERNEL void NAME(round_bf16)(uint16_t *result, const float *values, size_t count) {
  FOR_ALL(count, NAME(store_bf16)(result + i, NAME(load_f32)(values + i, lanes), lanes));
}

KERNEL void NAME(widen_bf16)(float *result, const uint16_t *source, size_t count) {
  FOR_ALL(count, NAME(store_f32)(result + i, NAME(load_bf16)(source + i, lanes), lanes));
}

INLINE void NAME(add_bf16_lanes)(float *destination, const uint16_t *source, size_t lanes) {
  FLOATS total = NAME(load_f32)(destination, lanes);
  total = total + NAME(load_bf16)(source, lanes);
  NAME(store_f32)(destination, total, lanes);
}

KERNEL void NAME(add_bf16)(float *destination, const uint16_t *source, size_t count) {
  FOR_ALL(count, NAME(add_bf16_lanes)(destination + i, source + i, lanes));
}

INLINE void NAME(round_with_feedback_lanes)(
    float *values, float *left, const float *errors, size_t lanes) {
  const FLOATS whole = NAME(load_f32)(values, lanes) + NAME(load_f32)(errors, lanes);
  const FLOATS rounded = (FLOATS)(NAME(rounded_bf16)(whole) << 16);
  NAME(store_f32)(values, rounded, lanes);
  NAME(store_f32)(left, whole - rounded, lanes);
}

KERNEL void NAME(round_with_feedback_bf16)(
    float *values, float *left, const float *errors, size_t count) {
  FOR_ALL(count, NAME(round_with_feedback_lanes)(values + i, left + i, errors + i, lanes));
}

static const aver_bfloat16_kernels NAME(bfloat16_kernels) = {
    .round = NAME(round_bf16),
    .widen = NAME(widen_bf16),
    .add = NAME(add_bf16),
    .round_with_feedback = NAME(round_with_feedback_bf16),
};
