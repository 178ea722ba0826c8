#include "winograd.h"

#include "winograd_plan.h"

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
  size_t element = shape->type == aver_winograd_bf16 ? 2 : 4;
  return POSITIONS * (size_t)(shape->input_channels * shape->output_channels) * element;
}

size_t aver_winograd_scratch_bytes(const aver_winograd_shape *shape) {
  convolution_plan forward = convolution_plan_of(shape, shape->input_channels, shape->output_channels);
  convolution_plan backward = convolution_plan_of(shape, shape->output_channels, shape->input_channels);
  size_t convolution = forward.scratch_bytes > backward.scratch_bytes ? forward.scratch_bytes
                                                                      : backward.scratch_bytes;
  size_t weights = weights_plan_of(shape).scratch_bytes;
  return convolution > weights ? convolution : weights;
}

void aver_winograd_transform_weights(
    const aver_winograd_shape *shape, const float *weights, const float *factors, void *forward,
    void *backward) {
  DISPATCH(transform_weights, shape, shape, weights, factors, forward, backward);
}

void aver_winograd_forward(const aver_winograd_shape *shape, const void *source,
    const void *weights, aver_winograd_ending ending, void *destination, void *scratch) {
  convolution_plan plan = convolution_plan_of(shape, shape->input_channels, shape->output_channels);
  DISPATCH(convolve, shape, &plan, source, weights, ending, destination, scratch);
}

void aver_winograd_backward_data(const aver_winograd_shape *shape,
    const void *destination_gradient, const void *weights, void *source_gradient, void *scratch) {
  convolution_plan plan = convolution_plan_of(shape, shape->output_channels, shape->input_channels);
  aver_winograd_ending nothing = {0};
  DISPATCH(convolve, shape, &plan, destination_gradient, weights, nothing, source_gradient, scratch);
}

void aver_winograd_backward_weights(const aver_winograd_shape *shape, const void *source,
    const void *destination_gradient, float *weights_gradient, void *scratch) {
  weights_plan plan = weights_plan_of(shape);
  DISPATCH(correlate, shape, &plan, source, destination_gradient, weights_gradient, scratch);
}
