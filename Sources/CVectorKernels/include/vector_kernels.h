#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Elementwise float32 kernels for what no library offers in one pass over memory.
//
// Plain Swift is compiled for baseline SSE; these functions carry their own target attributes and
// pick the widest instruction set of the processor at run time. Every element goes through the
// same sequence of IEEE operations under each of them (no contraction to fused multiply-add, no
// reassociation, denormals kept), so the results are bit-identical whichever is picked, and however
// many threads (kernel_threads.h) share a long vector. The only freedom is the payload of a NaN.
//
// Every vector is contiguous, [count], and needs only the alignment of a float. Vectors do not
// overlap unless a comment says so. A count of 0 is allowed and reads nothing.

#ifdef __cplusplus
extern "C" {
#endif

/// The numbers of one SGD step, as torch.optim.SGD names them; dampening is 0.
typedef struct {
  double learning_rate;
  double momentum;
  /// Coupled: weight_decay * weight is added to the gradient.
  double weight_decay;
  /// Multiplies the gradient first: 1 / M for a gradient summed over M micro-batches.
  double gradient_scale;
  bool nesterov;
} aver_sgd_step;

/// The numbers of one AdamW step, as torch.optim.AdamW names them.
typedef struct {
  double learning_rate;
  double beta1;
  double beta2;
  double epsilon;
  /// Decoupled: the weight is multiplied by 1 - learning_rate * weight_decay.
  double weight_decay;
  /// Multiplies the gradient first: 1 / M for a gradient summed over M micro-batches.
  double gradient_scale;
  /// 1 - beta1^t, where t = 1 in the first step.
  double bias_correction1;
  /// 1 - beta2^t.
  double bias_correction2;
} aver_adamw_step;

/// destination[i] = destination[i] + source[i]. Shapes: both [count].
void aver_add_f32(float *destination, const float *source, size_t count);

/// result[i] = left[i] + right[i]. Shapes: all [count]; result may be left or right themselves.
void aver_sum_f32(float *result, const float *left, const float *right, size_t count);

/// The sum of a power of two of vectors, neighbours first: ((s0 + s1) + (s2 + s3)) + …, written to all results.
/// Of `count` elements from `first` on; the others are not touched. Results may be sources.
void aver_tree_sum_f32(
    float *const *results, size_t result_count, const float *const *sources, size_t source_count,
    size_t first, size_t count);

/// values[i] = values[i] * factor. Shapes: [count].
void aver_scale_f32(float *values, float factor, size_t count);

/// The index of the first infinity or NaN, or -1 when all values are finite. Shapes: [count].
int64_t aver_first_nonfinite_f32(const float *values, size_t count);

/// One step of SGD with momentum over a range of parameters that share one weight decay:
///
///     g = gradient * gradient_scale + weight_decay * w
///     v = momentum * v + g
///     w = w - learning_rate * (nesterov ? g + momentum * v : v)
///
/// Shapes: weights (w), velocity (v) and gradient are [count]; weights and velocity are updated.
/// A velocity of zeros before the first step gives PyTorch's first step (v = g).
/// Source: torch.optim.SGD; Sutskever et al., ICML 2013.
void aver_sgd_f32(
    float *weights, float *velocity, const float *gradient, size_t count, aver_sgd_step step);

/// One step of AdamW over a range of parameters that share one weight decay:
///
///     g = gradient * gradient_scale
///     w = w * (1 - learning_rate * weight_decay)
///     m = m + (1 - beta1) * (g - m)
///     v = beta2 * v + (1 - beta2) * g * g
///     w = w - learning_rate / bias_correction1 * (m / (sqrt(v) / sqrt(bias_correction2) + epsilon))
///
/// Shapes: weights (w), first_moment (m), second_moment (v) and gradient are [count]; the first
/// three are updated, the moments are zeros before the first step.
/// Source: torch.optim.AdamW; Loshchilov and Hutter, ICLR 2019.
void aver_adamw_f32(
    float *weights, float *first_moment, float *second_moment, const float *gradient, size_t count,
    aver_adamw_step step);

/// The instruction sets that the kernels are compiled for.
typedef enum {
  aver_instruction_set_baseline = 0,
  aver_instruction_set_avx2 = 1,
  aver_instruction_set_avx512f = 2,
} aver_instruction_set;

/// The kernels for one instruction set, with the meaning of the functions above.
typedef struct {
  aver_instruction_set instruction_set;
  void (*add)(float *, const float *, size_t);
  void (*sum)(float *, const float *, const float *, size_t);
  void (*scale)(float *, float, size_t);
  int64_t (*first_nonfinite)(const float *, size_t);
  void (*sgd)(float *, float *, const float *, size_t, aver_sgd_step);
  void (*adamw)(float *, float *, float *, const float *, size_t, aver_adamw_step);
} aver_vector_kernels;

/// The kernels for `instruction_set`, or NULL where this processor or build lacks it: for tests
/// that hold the variants against each other.
const aver_vector_kernels *aver_vector_kernels_for(aver_instruction_set instruction_set);

/// The kernels that the functions above run here.
const aver_vector_kernels *aver_vector_kernels_in_use(void);

#ifdef __cplusplus
}
#endif
