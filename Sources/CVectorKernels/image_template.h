// Included once per instruction set by image_kernels.c; see instruction_sets.h.

#include "transpose_template.h"

#include "colour_template.h"
#include "resize_template.h"

static const aver_image_kernels NAME(image_kernels) = {
    .resize = NAME(resize),
    .mean_grey = NAME(mean_grey),
    .write = NAME(write_image),
};
