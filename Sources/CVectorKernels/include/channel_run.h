#pragma once

#include <stdbool.h>
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

/// Channels that are a run in every array that a kernel touches at once, and where they lie.
///
/// A kernel takes a list of them, in the order of the channels from 0 on, and shares it among the
/// threads of kernel_threads.h, with the same bits for any number of them.
typedef struct {
  /// The first among all channels: its place in what there is one of for each channel.
  size_t channel;
  size_t channels;
  aver_channel_run source;
  aver_channel_run destination;
  /// That of the result, where the destination is the source's gradient.
  aver_channel_run gradient;
  /// Adds to what is in the destination.
  bool adds;
} aver_channel_slice;
