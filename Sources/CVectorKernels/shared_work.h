// How kernels share their work among the threads of kernel_threads.h: every part computes other
// elements of the result and no sum is cut, so that the bits are the same for any number of threads.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "channel_run.h"
#include "kernel_threads.h"

static inline size_t aver_element_bytes(aver_element_type type) {
  return type == aver_bf16 ? sizeof(uint16_t) : sizeof(float);
}

// How many parts to cut work on `elements` elements into, which consists of `units`: 1 where there
// is less to save than waking threads costs.
size_t aver_parts(size_t elements, size_t units);

// Computes elements of what `arguments` describes.
typedef void (*aver_element_kernel)(const void *arguments, aver_range elements);

// Calls `kernel` for parts of 0 ..< count that begin at multiples of 64: a cache line of any type.
void aver_share_elements(size_t count, aver_element_kernel kernel, const void *arguments);

// Calls `kernel` for parts of 0 ..< samples, of `count` elements each.
void aver_share_samples(
    size_t samples, size_t count, aver_element_kernel kernel, const void *arguments);

// Computes `images` images of the channels of a slice.
typedef void (*aver_slice_kernel)(
    const void *arguments, size_t images, const aver_channel_slice *slice);

// A list of slices, in the order of their channels, and the arrays that they are of.
typedef struct {
  const aver_channel_slice *slices;
  size_t count;
  size_t images;
  size_t pixels;
  aver_element_type type;
} aver_slices;

// Calls `kernel` for all images of all channels: for kernels that sum over images.
void aver_share_channels(aver_slices list, aver_slice_kernel kernel, const void *arguments);

// Calls `kernel` for parts of the images or of the channels, whichever makes more parts.
void aver_share_channels_or_images(
    aver_slices list, aver_slice_kernel kernel, const void *arguments);
