#pragma once

#include <stddef.h>

#include "element_types.h"

/// A run of channels beside each other in an activation [N, C, H, W]: channel c of pixel p of image
/// n is the element n * image_stride + p * pixel_stride + c from `address` on.
///
/// All channels of NHWC are one run; in nChw16c each block of 16 is one. Kernels that work run by
/// run read arrays in different layouts side by side, and take channels from several arrays.
typedef struct {
  void *address;
  ptrdiff_t image_stride;
  ptrdiff_t pixel_stride;
} aver_channel_run;
