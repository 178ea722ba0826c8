#include "winograd.h"

#include "winograd_plan.h"

// The order and the rounding of additions are part of what is promised.
#pragma STDC FP_CONTRACT OFF

#if defined(__x86_64__)
#include <immintrin.h>

#define BFLOAT16 0
#define NAME(x) x##_f32
#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl"), min_vector_width(512)))
#include "winograd_template.h"

#define BFLOAT16 1
#define NAME(x) x##_bf16
#define TARGET \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16"), min_vector_width(512)))
#include "winograd_template.h"

bool aver_winograd_is_available(aver_winograd_type type) {
  bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
              __builtin_cpu_supports("avx512vl");
  return wide && (type == aver_winograd_f32 || __builtin_cpu_supports("avx512bf16"));
}

#define DISPATCH(function, shape, ...) \
  ((shape)->type == aver_winograd_bf16 ? function##_bf16 : function##_f32)(__VA_ARGS__)

#else

bool aver_winograd_is_available(aver_winograd_type type) {
  (void)type;
  return false;
}

// Never reached: callers ask for availability first.
#define DISPATCH(function, shape, ...) __builtin_trap()

#endif

size_t aver_winograd_weights_bytes(const aver_winograd_shape *shape) {
  return (size_t)weights_bytes_of(
      shape->input_channels, shape->output_channels, element_bytes(shape));
}

static convolution_plan forward_plan(const aver_winograd_shape *shape, bool transforms) {
  return convolution_plan_of(shape, shape->input_channels, shape->output_channels, transforms);
}

static convolution_plan backward_data_plan(const aver_winograd_shape *shape) {
  return convolution_plan_of(shape, shape->output_channels, shape->input_channels, true);
}

size_t aver_winograd_scratch_bytes(const aver_winograd_shape *shape, aver_winograd_pass pass) {
  switch (pass) {
    case aver_winograd_pass_forward: return forward_plan(shape, true).scratch_bytes;
    case aver_winograd_pass_inference: return forward_plan(shape, false).scratch_bytes;
    case aver_winograd_pass_backward_data: return backward_data_plan(shape).scratch_bytes;
    case aver_winograd_pass_backward_weights: return weights_plan_of(shape).scratch_bytes;
  }
  return 0;
}

void aver_winograd_transform_weights(const aver_winograd_shape *shape, const float *weights,
    const float *factors, void *transformed) {
  DISPATCH(transform_weights, shape, shape, weights, factors, transformed);
}

void aver_winograd_forward(const aver_winograd_shape *shape, const void *source,
    const float *weights, void *destination, void *scratch) {
  convolution_plan plan = forward_plan(shape, true);
  DISPATCH(convolve_plain, shape, shape, &plan, source, weights, false, destination, scratch);
}

void aver_winograd_infer(const aver_winograd_shape *shape, const void *source,
    const void *transformed_weights, aver_winograd_ending ending, void *destination,
    void *scratch) {
  convolution_plan plan = forward_plan(shape, false);
  DISPATCH(convolve_transformed, shape, &plan, source, transformed_weights, ending, destination,
      scratch);
}

void aver_winograd_backward_data(const aver_winograd_shape *shape,
    const void *destination_gradient, const float *weights, void *source_gradient, void *scratch) {
  convolution_plan plan = backward_data_plan(shape);
  DISPATCH(convolve_plain, shape, shape, &plan, destination_gradient, weights, true,
      source_gradient, scratch);
}

void aver_winograd_backward_weights(const aver_winograd_shape *shape, const void *source,
    const void *destination_gradient, float *weights_gradient, void *scratch) {
  weights_plan plan = weights_plan_of(shape);
  DISPATCH(correlate, shape, &plan, source, destination_gradient, weights_gradient, scratch);
}
