#include "random_kernels.h"

#include "shared_work.h"

#define TEMPLATE "random_template.h"
#include "instruction_sets.h"

static const aver_random_kernels *in_use(void) {
  return VARIANT(random_kernels, aver_vector_kernels_in_use()->instruction_set);
}

const aver_random_kernels *aver_random_kernels_for(aver_instruction_set instruction_set) {
  return aver_vector_kernels_for(instruction_set) ? VARIANT(random_kernels, instruction_set)
                                                  : NULL;
}

// ---- What threads share

typedef struct {
  uint8_t *mask;
  float drop_probability;
  aver_random_stream stream;
} draw_arguments;

static void draw_range(const void *arguments, aver_range range) {
  const draw_arguments *all = arguments;
  aver_random_stream stream = all->stream;
  // Blocks of four numbers; a range begins with one.
  stream.counter[0] += (uint32_t)(range.first / 4);
  in_use()->draw_keep_mask(
      all->mask + range.first, range.end - range.first, all->drop_probability, stream);
}

void aver_draw_keep_mask(
    uint8_t *mask, size_t count, float drop_probability, aver_random_stream stream) {
  aver_share_elements(count, draw_range, &(draw_arguments){mask, drop_probability, stream});
}

typedef struct {
  void *y;
  const void *x;
  const uint8_t *mask;
  float factor;
  aver_element_type type;
} mask_arguments;

static void apply_mask_range(const void *arguments, aver_range range) {
  const mask_arguments *all = arguments;
  size_t start = range.first * aver_element_bytes(all->type);
  in_use()->apply_mask(
      (char *)all->y + start, (const char *)all->x + start, all->mask + range.first, all->factor,
      range.end - range.first, all->type);
}

void aver_apply_mask(void *y, const void *x, const uint8_t *mask, float factor, size_t count,
    aver_element_type type) {
  aver_share_elements(count, apply_mask_range, &(mask_arguments){y, x, mask, factor, type});
}

typedef struct {
  void *y;
  const void *x, *addend;
  const float *factors;
  size_t count;
  aver_element_type type;
} sample_arguments;

static void scale_sample_range(const void *arguments, aver_range samples) {
  const sample_arguments *all = arguments;
  size_t start = samples.first * all->count * aver_element_bytes(all->type);
  in_use()->scale_samples(
      (char *)all->y + start, (const char *)all->x + start,
      all->addend ? (const char *)all->addend + start : NULL, all->factors + samples.first,
      samples.end - samples.first, all->count, all->type);
}

void aver_scale_samples(void *y, const void *x, const void *addend, const float *factors,
    size_t batch, size_t count, aver_element_type type) {
  aver_share_samples(batch, count, scale_sample_range,
      &(sample_arguments){y, x, addend, factors, count, type});
}
