#include "optimizer_kernels.h"

#include "element_types.h"
#include "shared_work.h"

enum {
  SUM_LANES = 16,
  LEAST_BLOCK = 8192,
  // Their sums lie on the stack.
  MOST_BLOCKS = 512
};

// The numbers of a LAMB step in the precision of the elements; what is derived is computed in double.
typedef struct {
  float gradient_scale;
  float one_minus_beta1;
  float beta2;
  float one_minus_beta2;
  float correction1;
  float root_correction2;
  float epsilon;
  float weight_decay;
  float learning_rate;
} lamb_scalars;

static lamb_scalars lamb_scalars_of(aver_adamw_step step) {
  return (lamb_scalars){
      .gradient_scale = (float)step.gradient_scale,
      .one_minus_beta1 = (float)(1 - step.beta1),
      .beta2 = (float)step.beta2,
      .one_minus_beta2 = (float)(1 - step.beta2),
      .correction1 = (float)step.bias_correction1,
      .root_correction2 = (float)__builtin_elementwise_sqrt(step.bias_correction2),
      .epsilon = (float)step.epsilon,
      .weight_decay = (float)step.weight_decay,
      .learning_rate = (float)step.learning_rate,
  };
}

#define TEMPLATE "optimizer_template.h"
#include "instruction_sets.h"

const aver_optimizer_kernels *aver_optimizer_kernels_for(aver_instruction_set instruction_set) {
  return aver_vector_kernels_for(instruction_set) ? VARIANT(optimizer_kernels, instruction_set)
                                                  : NULL;
}

static const aver_optimizer_kernels *in_use(void) {
  return VARIANT(optimizer_kernels, aver_vector_kernels_in_use()->instruction_set);
}

// ---- Sums that threads share

// Elements of a block: more where there would be too many blocks, and whole cache lines.
static size_t block_elements(size_t count) {
  size_t least = (count + MOST_BLOCKS - 1) / MOST_BLOCKS;
  size_t elements = (least + SUM_LANES - 1) / SUM_LANES * SUM_LANES;
  return elements > LEAST_BLOCK ? elements : LEAST_BLOCK;
}

typedef struct {
  const float *weights;
  // LAMB's; NULL where only the squares of the weights are summed.
  float *first_moment, *second_moment;
  const float *gradient;
  aver_adamw_step step;
  size_t count;
  size_t parts;
  // The sums of each block.
  aver_lamb_squares *blocks;
} summing;

static aver_lamb_squares sum_block(const summing *all, size_t first, size_t count) {
  if (!all->first_moment) {
    return (aver_lamb_squares){in_use()->square_sum(all->weights + first, count), 0};
  }
  return in_use()->lamb_moments(
      all->weights + first, all->first_moment + first, all->second_moment + first,
      all->gradient + first, count, all->step);
}

static size_t block_count(size_t count) {
  size_t elements = block_elements(count);
  return (count + elements - 1) / elements;
}

static void sum_part(void *context, size_t part) {
  const summing *all = context;
  size_t elements = block_elements(all->count);
  aver_range blocks = aver_part(block_count(all->count), all->parts, part);
  for (size_t block = blocks.first; block < blocks.end; block++) {
    size_t first = block * elements;
    size_t rest = all->count - first;
    all->blocks[block] = sum_block(all, first, rest < elements ? rest : elements);
  }
}

// The blocks' sums in their order, whichever threads had them.
static aver_lamb_squares sum_blocks(summing all) {
  aver_lamb_squares blocks[MOST_BLOCKS];
  size_t count = block_count(all.count);
  all.blocks = blocks;
  all.parts = aver_parts(all.count, count);
  aver_share_work(all.parts, sum_part, &all);
  aver_lamb_squares sum = {0, 0};
  for (size_t block = 0; block < count; block++) {
    sum.weight += blocks[block].weight;
    sum.direction += blocks[block].direction;
  }
  return sum;
}

double aver_square_sum_f32(const float *values, size_t count) {
  return sum_blocks((summing){.weights = values, .count = count}).weight;
}

aver_lamb_squares aver_lamb_moments_f32(
    const float *weights, float *first_moment, float *second_moment, const float *gradient,
    size_t count, aver_adamw_step step) {
  return sum_blocks((summing){
      .weights = weights, .first_moment = first_moment, .second_moment = second_moment,
      .gradient = gradient, .step = step, .count = count});
}

// ---- Elements that threads share

typedef struct {
  float *average;
  const float *values;
  float factor;
} average_arguments;

static void move_towards_range(const void *arguments, aver_range range) {
  const average_arguments *all = arguments;
  in_use()->move_towards(
      all->average + range.first, all->values + range.first, all->factor, range.end - range.first);
}

void aver_move_towards_f32(float *average, const float *values, float factor, size_t count) {
  aver_share_elements(count, move_towards_range, &(average_arguments){average, values, factor});
}

typedef struct {
  float *weights, *velocity;
  const float *gradient;
  aver_lars_step step;
} lars_arguments;

static void lars_range(const void *arguments, aver_range range) {
  const lars_arguments *all = arguments;
  in_use()->lars(
      all->weights + range.first, all->velocity + range.first, all->gradient + range.first,
      range.end - range.first, all->step);
}

void aver_lars_f32(
    float *weights, float *velocity, const float *gradient, size_t count, aver_lars_step step) {
  aver_share_elements(count, lars_range, &(lars_arguments){weights, velocity, gradient, step});
}

typedef struct {
  float *weights;
  const float *first_moment, *second_moment;
  aver_adamw_step step;
} lamb_arguments;

static void lamb_apply_range(const void *arguments, aver_range range) {
  const lamb_arguments *all = arguments;
  in_use()->lamb_apply(
      all->weights + range.first, all->first_moment + range.first,
      all->second_moment + range.first, range.end - range.first, all->step);
}

void aver_lamb_apply_f32(
    float *weights, const float *first_moment, const float *second_moment, size_t count,
    aver_adamw_step step) {
  aver_share_elements(
      count, lamb_apply_range, &(lamb_arguments){weights, first_moment, second_moment, step});
}
