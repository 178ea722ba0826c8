// Included once per instruction set by optimizer_kernels.c; see instruction_sets.h.
//
// All vectors have 16 lanes, whichever the instruction set: the lanes are the first level of the sums'
// order. Missing lanes are zero and add nothing.

typedef float NAME(floats16) __attribute__((vector_size(SUM_LANES * sizeof(float))));
typedef double NAME(doubles16) __attribute__((vector_size(SUM_LANES * sizeof(double))));

#define FLOATS16 NAME(floats16)
#define DOUBLES16 NAME(doubles16)
#define LOAD16(variable, pointer) \
  FLOATS16 variable = {0};        \
  __builtin_memcpy(&variable, pointer, lanes * sizeof(float))
#define STORE16(pointer, variable) __builtin_memcpy(pointer, &variable, lanes * sizeof(float))
#define DOUBLE16(variable) __builtin_convertvector(variable, DOUBLES16)

// Calls step(offset, lanes) for 16 elements at a time, with constant lanes but for the last.
#define EACH_16(step)                                                 \
  size_t i = 0;                                                       \
  for (; i + SUM_LANES <= count; i += SUM_LANES) step(i, SUM_LANES);  \
  if (i < count) step(i, count - i)

// The lanes' sum, halves first.
INLINE double NAME(fold)(const DOUBLES16 *sums) {
  double lanes[SUM_LANES];
  __builtin_memcpy(lanes, sums, sizeof(lanes));
  for (size_t half = SUM_LANES / 2; half > 0; half /= 2) {
    for (size_t lane = 0; lane < half; lane++) lanes[lane] += lanes[lane + half];
  }
  return lanes[0];
}

INLINE void NAME(square_sum_lanes)(DOUBLES16 *sum, const float *values, size_t lanes) {
  LOAD16(value, values);
  *sum += DOUBLE16(value) * DOUBLE16(value);
}

KERNEL double NAME(square_sum)(const float *values, size_t count) {
  DOUBLES16 sum = {0};
#define STEP(offset, lanes) NAME(square_sum_lanes)(&sum, values + offset, lanes)
  EACH_16(STEP);
#undef STEP
  return NAME(fold)(&sum);
}

INLINE void NAME(move_towards_lanes)(
    float *average, const float *values, float factor, size_t lanes) {
  LOAD16(a, average);
  LOAD16(value, values);
  a = a + (value - a) * factor;
  STORE16(average, a);
}

KERNEL void NAME(move_towards)(float *average, const float *values, float factor, size_t count) {
#define STEP(offset, lanes) \
  NAME(move_towards_lanes)(average + offset, values + offset, factor, lanes)
  EACH_16(STEP);
#undef STEP
}

INLINE void NAME(lars_lanes)(
    float *weights, float *velocity, const float *gradient, size_t lanes, aver_lars_step step) {
  LOAD16(w, weights);
  LOAD16(v, velocity);
  LOAD16(g, gradient);
  g = g * (float)step.gradient_scale + w * (float)step.weight_decay;
  v = v * (float)step.momentum + g * (float)step.rate;
  w = w - v;
  STORE16(velocity, v);
  STORE16(weights, w);
}

KERNEL void NAME(lars)(
    float *weights, float *velocity, const float *gradient, size_t count, aver_lars_step step) {
#define STEP(offset, lanes) \
  NAME(lars_lanes)(weights + offset, velocity + offset, gradient + offset, lanes, step)
  EACH_16(STEP);
#undef STEP
}

// u of the step; both halves compute it alike, which costs less than keeping it.
INLINE void NAME(lamb_direction)(
    FLOATS16 *u, const FLOATS16 *w, const FLOATS16 *m, const FLOATS16 *v, lamb_scalars scalars) {
  FLOATS16 denominator =
      __builtin_elementwise_sqrt(*v) / scalars.root_correction2 + scalars.epsilon;
  *u = *m / scalars.correction1 / denominator + *w * scalars.weight_decay;
}

INLINE void NAME(lamb_moments_lanes)(
    DOUBLES16 *weight_squares, DOUBLES16 *direction_squares, const float *weights,
    float *first_moment, float *second_moment, const float *gradient, size_t lanes,
    lamb_scalars scalars) {
  LOAD16(w, weights);
  LOAD16(m, first_moment);
  LOAD16(v, second_moment);
  LOAD16(g, gradient);
  g = g * scalars.gradient_scale;
  m = m + (g - m) * scalars.one_minus_beta1;
  v = v * scalars.beta2 + g * g * scalars.one_minus_beta2;
  FLOATS16 u;
  NAME(lamb_direction)(&u, &w, &m, &v, scalars);
  *weight_squares += DOUBLE16(w) * DOUBLE16(w);
  *direction_squares += DOUBLE16(u) * DOUBLE16(u);
  STORE16(first_moment, m);
  STORE16(second_moment, v);
}

KERNEL aver_lamb_squares NAME(lamb_moments)(
    const float *weights, float *first_moment, float *second_moment, const float *gradient,
    size_t count, aver_adamw_step step) {
  const lamb_scalars scalars = lamb_scalars_of(step);
  DOUBLES16 weight_squares = {0};
  DOUBLES16 direction_squares = {0};
#define STEP(offset, lanes)                                                            \
  NAME(lamb_moments_lanes)                                                             \
  (&weight_squares, &direction_squares, weights + offset, first_moment + offset,       \
      second_moment + offset, gradient + offset, lanes, scalars)
  EACH_16(STEP);
#undef STEP
  return (aver_lamb_squares){NAME(fold)(&weight_squares), NAME(fold)(&direction_squares)};
}

INLINE void NAME(lamb_apply_lanes)(
    float *weights, const float *first_moment, const float *second_moment, size_t lanes,
    lamb_scalars scalars) {
  LOAD16(w, weights);
  LOAD16(m, first_moment);
  LOAD16(v, second_moment);
  FLOATS16 u;
  NAME(lamb_direction)(&u, &w, &m, &v, scalars);
  w = w - u * scalars.learning_rate;
  STORE16(weights, w);
}

KERNEL void NAME(lamb_apply)(
    float *weights, const float *first_moment, const float *second_moment, size_t count,
    aver_adamw_step step) {
  const lamb_scalars scalars = lamb_scalars_of(step);
#define STEP(offset, lanes)                                                              \
  NAME(lamb_apply_lanes)                                                                 \
  (weights + offset, first_moment + offset, second_moment + offset, lanes, scalars)
  EACH_16(STEP);
#undef STEP
}

static const aver_optimizer_kernels NAME(optimizer_kernels) = {
    .square_sum = NAME(square_sum),
    .move_towards = NAME(move_towards),
    .lars = NAME(lars),
    .lamb_moments = NAME(lamb_moments),
    .lamb_apply = NAME(lamb_apply),
};

#undef FLOATS16
#undef DOUBLES16
#undef LOAD16
#undef STORE16
#undef DOUBLE16
#undef EACH_16
