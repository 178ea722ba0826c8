#include "image_kernels.h"

#define TEMPLATE "image_template.h"
#include "instruction_sets.h"

const aver_image_kernels *aver_image_kernels_for(aver_instruction_set instruction_set) {
  return aver_vector_kernels_for(instruction_set) ? VARIANT(image_kernels, instruction_set) : NULL;
}

static const aver_image_kernels *in_use(void) {
  return VARIANT(image_kernels, aver_vector_kernels_in_use()->instruction_set);
}

// A group of the widest vectors for each column.
size_t aver_resize_scratch(const aver_taps *columns) { return 16 * (columns->end - columns->first); }

void aver_resize_u8(float *planes, float *scratch, const aver_picture *picture,
    const aver_taps *columns, const aver_taps *rows, float factor) {
  in_use()->resize(planes, scratch, picture, columns, rows, factor);
}

float aver_mean_grey_f32(const aver_colour_planes *image) { return in_use()->mean_grey(image); }

void aver_write_image(
    void *output, const aver_colour_planes *image, const aver_image_format *format) {
  in_use()->write(output, image, format);
}
