#pragma once

#include "vector_kernels.h"

// Norms of whole tensors, the optimizers that need them, and the moving average of weights, float32.
// As in vector_kernels.h: bit-identical under every instruction set and for any number of threads.
//
// Sums are taken in double over blocks, in each by 16 lanes, and added in the order of the blocks;
// where a block ends depends on the count alone.

#ifdef __cplusplus
extern "C" {
#endif

/// The sum of values[i]^2. Shapes: [count].
double aver_square_sum_f32(const float *values, size_t count);

/// average[i] = average[i] + factor * (values[i] - average[i]). Shapes: both [count].
void aver_move_towards_f32(float *average, const float *values, float factor, size_t count);

/// The numbers of one LARS step of a tensor.
typedef struct {
  /// The global rate times the tensor's trust ratio.
  double rate;
  double momentum;
  /// weight_decay * weight is added to the gradient.
  double weight_decay;
  /// Multiplies the gradient first.
  double gradient_scale;
} aver_lars_step;

/// One step of LARS on a tensor:
///
///     v = momentum * v + rate * (gradient * gradient_scale + weight_decay * w)
///     w = w - v
///
/// Shapes: weights (w), velocity (v) and gradient are [count]; weights and velocity are updated.
/// Source: Y. You, I. Gitman and B. Ginsburg, "Large batch training of convolutional networks", 2017,
/// algorithm 1.
void aver_lars_f32(
    float *weights, float *velocity, const float *gradient, size_t count, aver_lars_step step);

/// The squared norms that LAMB's trust ratio is made of.
typedef struct {
  double weight;
  double direction;
} aver_lamb_squares;

/// The first half of a LAMB step on a tensor; of `step` the learning rate is not read:
///
///     g = gradient * gradient_scale
///     m = m + (1 - beta1) * (g - m)
///     v = beta2 * v + (1 - beta2) * g * g
///     u = m / bias_correction1 / (sqrt(v) / sqrt(bias_correction2) + epsilon) + weight_decay * w
///
/// Returns the squared norms of w and u. Shapes: all [count]; the moments are updated, and are zeros
/// before the first step.
/// Source: Y. You et al., "Large batch optimization for deep learning: training BERT in 76 minutes",
/// ICLR 2020, algorithm 2.
aver_lamb_squares aver_lamb_moments_f32(
    const float *weights, float *first_moment, float *second_moment, const float *gradient,
    size_t count, aver_adamw_step step);

/// The second half: w = w - learning_rate * u, with the u of the first; the learning rate is the
/// global one times the tensor's trust ratio. Shapes: all [count].
void aver_lamb_apply_f32(
    float *weights, const float *first_moment, const float *second_moment, size_t count,
    aver_adamw_step step);

/// The kernels for one instruction set, for one thread; sums are of one block.
typedef struct {
  double (*square_sum)(const float *, size_t);
  void (*move_towards)(float *, const float *, float, size_t);
  void (*lars)(float *, float *, const float *, size_t, aver_lars_step);
  aver_lamb_squares (*lamb_moments)(
      const float *, float *, float *, const float *, size_t, aver_adamw_step);
  void (*lamb_apply)(float *, const float *, const float *, size_t, aver_adamw_step);
} aver_optimizer_kernels;

/// The kernels for `instruction_set`, or NULL where this processor or build lacks it: for tests
/// that hold the variants against each other.
const aver_optimizer_kernels *aver_optimizer_kernels_for(aver_instruction_set instruction_set);

#ifdef __cplusplus
}
#endif
