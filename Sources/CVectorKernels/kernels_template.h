// Included once per instruction set by vector_kernels.c, which defines
//   LANES      floats in a vector
//   TARGET     the function attribute that enables the instruction set
//   NAME(x)    x with the instruction set's suffix
//   SET        the enumeration's value
//
// Each kernel is a step over `lanes` elements, called with the constant LANES in the loop (where
// loads and stores become single instructions) and with the rest at the end, so that a formula is
// written once and its rounding cannot differ between the body and the tail.

typedef float NAME(floats) __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t NAME(ints) __attribute__((vector_size(LANES * sizeof(int32_t))));

#define FLOATS NAME(floats)
#define INTS NAME(ints)
#define INLINE TARGET static inline __attribute__((always_inline))
// Missing lanes are zero; what is computed in them is not stored.
#define LOAD(variable, pointer) \
  FLOATS variable = {0};        \
  __builtin_memcpy(&variable, pointer, lanes * sizeof(float))
#define STORE(pointer, variable) __builtin_memcpy(pointer, &variable, lanes * sizeof(float))

INLINE void NAME(sum_lanes)(float *result, const float *left, const float *right, size_t lanes) {
  LOAD(a, left);
  LOAD(b, right);
  FLOATS total = a + b;
  STORE(result, total);
}

TARGET static void NAME(sum)(float *result, const float *left, const float *right, size_t count) {
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    NAME(sum_lanes)(result + i, left + i, right + i, LANES);
  }
  if (i < count) {
    NAME(sum_lanes)(result + i, left + i, right + i, count - i);
  }
}

TARGET static void NAME(add)(float *destination, const float *source, size_t count) {
  NAME(sum)(destination, destination, source, count);
}

INLINE void NAME(scale_lanes)(float *values, float factor, size_t lanes) {
  LOAD(value, values);
  value = value * factor;
  STORE(values, value);
}

TARGET static void NAME(scale)(float *values, float factor, size_t count) {
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    NAME(scale_lanes)(values + i, factor, LANES);
  }
  if (i < count) {
    NAME(scale_lanes)(values + i, factor, count - i);
  }
}

// An infinity or a NaN has all bits of the exponent set.
INLINE bool NAME(any_nonfinite_lanes)(const float *values, size_t lanes) {
  LOAD(value, values);
  INTS bits = (INTS)value & 0x7f800000;
  return __builtin_reduce_or(bits == 0x7f800000) != 0;
}

TARGET static int64_t NAME(first_nonfinite)(const float *values, size_t count) {
  size_t start = 0;
  while (start + LANES <= count && !NAME(any_nonfinite_lanes)(values + start, LANES)) {
    start += LANES;
  }
  for (size_t i = start; i < count; i++) {
    if (NAME(any_nonfinite_lanes)(values + i, 1)) {
      return (int64_t)i;
    }
  }
  return -1;
}

INLINE void NAME(sgd_lanes)(
    float *weights, float *velocity, const float *gradient, size_t lanes, aver_sgd_step step) {
  LOAD(w, weights);
  LOAD(v, velocity);
  LOAD(g, gradient);
  g = g * (float)step.gradient_scale + w * (float)step.weight_decay;
  v = v * (float)step.momentum + g;
  FLOATS direction = step.nesterov ? g + v * (float)step.momentum : v;
  w = w - direction * (float)step.learning_rate;
  STORE(velocity, v);
  STORE(weights, w);
}

TARGET static void NAME(sgd)(
    float *weights, float *velocity, const float *gradient, size_t count, aver_sgd_step step) {
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    NAME(sgd_lanes)(weights + i, velocity + i, gradient + i, LANES, step);
  }
  if (i < count) {
    NAME(sgd_lanes)(weights + i, velocity + i, gradient + i, count - i, step);
  }
}

INLINE void NAME(adamw_lanes)(
    float *weights, float *first_moment, float *second_moment, const float *gradient, size_t lanes,
    adamw_scalars scalars) {
  LOAD(w, weights);
  LOAD(m, first_moment);
  LOAD(v, second_moment);
  LOAD(g, gradient);
  g = g * scalars.gradient_scale;
  w = w * scalars.weight_factor;
  m = m + (g - m) * scalars.one_minus_beta1;
  v = v * scalars.beta2 + g * g * scalars.one_minus_beta2;
  FLOATS denominator = __builtin_elementwise_sqrt(v) / scalars.root_correction2 + scalars.epsilon;
  w = w - m / denominator * scalars.step_size;
  STORE(first_moment, m);
  STORE(second_moment, v);
  STORE(weights, w);
}

TARGET static void NAME(adamw)(
    float *weights, float *first_moment, float *second_moment, const float *gradient, size_t count,
    aver_adamw_step step) {
  const adamw_scalars scalars = adamw_scalars_of(step);
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    NAME(adamw_lanes)(weights + i, first_moment + i, second_moment + i, gradient + i, LANES, scalars);
  }
  if (i < count) {
    NAME(adamw_lanes)
    (weights + i, first_moment + i, second_moment + i, gradient + i, count - i, scalars);
  }
}

static const aver_vector_kernels NAME(kernels) = {
    .instruction_set = SET,
    .add = NAME(add),
    .sum = NAME(sum),
    .scale = NAME(scale),
    .first_nonfinite = NAME(first_nonfinite),
    .sgd = NAME(sgd),
    .adamw = NAME(adamw),
};

#undef FLOATS
#undef INTS
#undef INLINE
#undef LOAD
#undef STORE
#undef LANES
#undef TARGET
#undef NAME
#undef SET
