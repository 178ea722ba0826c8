#include "shared_work.h"

#include "channel_steps.h"

enum {
  // About 10 microseconds of work; a team takes a few to meet.
  LEAST_SHARED_ELEMENTS = 32 << 10,
  ELEMENTS_OF_UNIT = 64,
  // A cache line of float32, a block of nChw16c, the widest vector.
  CHANNELS_OF_UNIT = 16
};

size_t aver_parts(size_t elements, size_t units) {
  if (elements < LEAST_SHARED_ELEMENTS) return 1;
  size_t threads = (size_t)aver_kernel_threads();
  return units < threads ? units : threads;
}

// ---- Elements

typedef struct {
  aver_element_kernel kernel;
  const void *arguments;
  size_t count;
  // Elements that stay together.
  size_t unit;
  size_t units;
  size_t parts;
} shared_elements;

static void do_elements(void *context, size_t part) {
  const shared_elements *shared = context;
  aver_range units = aver_part(shared->units, shared->parts, part);
  size_t end = units.end * shared->unit;
  shared->kernel(
      shared->arguments,
      (aver_range){units.first * shared->unit, end < shared->count ? end : shared->count});
}

void aver_share_elements(size_t count, aver_element_kernel kernel, const void *arguments) {
  size_t units = (count + ELEMENTS_OF_UNIT - 1) / ELEMENTS_OF_UNIT;
  size_t parts = aver_parts(count, units);
  shared_elements shared = {kernel, arguments, count, ELEMENTS_OF_UNIT, units, parts};
  aver_share_work(parts, do_elements, &shared);
}

void aver_share_samples(
    size_t samples, size_t count, aver_element_kernel kernel, const void *arguments) {
  size_t parts = aver_parts(samples * count, samples);
  shared_elements shared = {kernel, arguments, samples, 1, samples, parts};
  aver_share_work(parts, do_elements, &shared);
}

// ---- Runs of channels

typedef struct {
  aver_slices list;
  aver_slice_kernel kernel;
  const void *arguments;
  size_t channels;
  // One of the two is 1.
  size_t image_parts, channel_parts;
} shared_slices;

static size_t channel_units(size_t channels) {
  return (channels + CHANNELS_OF_UNIT - 1) / CHANNELS_OF_UNIT;
}

// The channels [first, end) of the run, from an image on.
static aver_channel_run cut_run(
    aver_channel_run run, size_t image, size_t first, aver_element_type type) {
  return run_from(run, image * (size_t)run.image_stride + first, type);
}

static void do_slices(void *context, size_t part) {
  const shared_slices *shared = context;
  const aver_slices *list = &shared->list;
  aver_range images = aver_part(list->images, shared->image_parts, part / shared->channel_parts);
  aver_range units = aver_part(
      channel_units(shared->channels), shared->channel_parts, part % shared->channel_parts);
  size_t start = units.first * CHANNELS_OF_UNIT, end = units.end * CHANNELS_OF_UNIT;
  for (size_t index = 0; index < list->count; index++) {
    aver_channel_slice slice = list->slices[index];
    size_t slice_end = slice.channel + slice.channels;
    size_t skipped = start > slice.channel ? start - slice.channel : 0;
    if (slice_end > end) slice_end = end;
    if (slice.channel + skipped >= slice_end) continue;
    slice.channel += skipped;
    slice.channels = slice_end - slice.channel;
    slice.source = cut_run(slice.source, images.first, skipped, list->type);
    slice.destination = cut_run(slice.destination, images.first, skipped, list->type);
    slice.gradient = cut_run(slice.gradient, images.first, skipped, list->type);
    shared->kernel(shared->arguments, images.end - images.first, &slice);
  }
}

static void share_slices(
    aver_slices list, bool cuts_images, aver_slice_kernel kernel, const void *arguments) {
  if (list.count == 0) return;
  const aver_channel_slice *last = &list.slices[list.count - 1];
  size_t channels = last->channel + last->channels;
  size_t elements = list.images * list.pixels * channels;
  size_t image_parts = cuts_images ? aver_parts(elements, list.images) : 1;
  size_t channel_parts = aver_parts(elements, channel_units(channels));
  // Parts of the images are stretches of memory: they come first.
  if (image_parts >= channel_parts) {
    channel_parts = 1;
  } else {
    image_parts = 1;
  }
  shared_slices shared = {list, kernel, arguments, channels, image_parts, channel_parts};
  aver_share_work(image_parts * channel_parts, do_slices, &shared);
}

void aver_share_channels(aver_slices list, aver_slice_kernel kernel, const void *arguments) {
  share_slices(list, false, kernel, arguments);
}

void aver_share_channels_or_images(
    aver_slices list, aver_slice_kernel kernel, const void *arguments) {
  share_slices(list, true, kernel, arguments);
}
