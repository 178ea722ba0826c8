// How the work of a convolution is cut into blocks that fit a core's caches: pure functions of the
// shape, since the order of additions depends on them.
#pragma once

#include "kernel_threads.h"
#include "winograd.h"

enum {
  // A 4x4 tile of the input: 2x2 outputs and a 3x3 window.
  POSITIONS = 16,
  // Rows and columns of a product that are held in registers.
  ROWS = 8,
  COLUMNS = 32,
  // How far ahead of a tile its row is fetched into the cache.
  PIXELS_AHEAD = 32,
};

// What a block of tiles may take: about half of the second-level cache of the processors that have
// AVX-512.
static const int64_t block_bytes = 512 << 10;

// What all tiles of a batch may take together: a part of the third-level cache.
static const int64_t all_tiles_bytes = 16 << 20;

static inline int64_t rounded_up(int64_t value, int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

// The image as tiles.
typedef struct {
  int64_t height, width;  // of the image
  int64_t rows, columns;  // of tiles
  int64_t count;          // of tiles in the whole batch
  bool channels_last;
} tiling;

static inline tiling tiling_of(const aver_winograd_shape *shape) {
  int64_t rows = (shape->height + 1) / 2;
  int64_t columns = (shape->width + 1) / 2;
  return (tiling){.height = shape->height,
      .width = shape->width,
      .rows = rows,
      .columns = columns,
      .channels_last = shape->channels_last,
      .count = shape->batch * rows * columns};
}

// Tiles of a block where each takes `tile_bytes`: a multiple of ROWS.
static inline int64_t tiles_of_block(tiling tiles, int64_t tile_bytes) {
  int64_t fitting = block_bytes / tile_bytes / ROWS * ROWS;
  int64_t least = 4 * ROWS;
  int64_t wanted = fitting < least ? least : fitting;
  int64_t all = rounded_up(tiles.count, ROWS);
  return wanted < all ? wanted : all;
}

// The same where the blocks are shared by threads: as many for each of them.
static inline int64_t tiles_of_shared_block(tiling tiles, int64_t tile_bytes, int threads) {
  int64_t block = tiles_of_block(tiles, tile_bytes);
  int64_t blocks = rounded_up((tiles.count + block - 1) / block, threads);
  return rounded_up((tiles.count + blocks - 1) / blocks, ROWS);
}

// What one of several threads does of `count` things.
typedef struct {
  int64_t first, end;
} share;

static inline share share_of(int64_t count, size_t thread, int threads) {
  aver_range range = aver_part((size_t)count, (size_t)threads, thread);
  return (share){.first = (int64_t)range.first, .end = (int64_t)range.end};
}

static inline int64_t element_bytes(const aver_winograd_shape *shape) {
  return shape->type == aver_winograd_bf16 ? 2 : 4;
}

// The forward pass, and the backward pass of the data with the channels exchanged. Blocks of tiles are
// multiplied with the weights of COLUMNS output channels at a time: a panel. Threads share the blocks;
// where there is only one, they share the panels.
typedef struct {
  tiling tiles;
  int64_t from, to;  // channels
  int64_t block;     // tiles
  bool is_one_block;
  // From one position to the next, in elements of the inputs, floats of the products and lanes of a
  // panel of weights.
  int64_t input_stride, product_stride, weights_stride;
  // From one panel of transformed weights to the next, in lanes.
  int64_t panel_stride;
  int threads;
  // Of the scratch memory: what all threads read comes first, then each has its own.
  size_t own_offset, own_bytes;
  // Within what is shared or a thread's own.
  size_t products_offset, weights_offset, scratch_bytes;
} convolution_plan;

// From one position of a panel of transformed weights to the next, in lanes. A cache line more than
// needed: at multiples of a power of two, all positions would share a few sets of the caches.
static inline int64_t weights_stride_of(int64_t from, int64_t element) {
  return from * element / 4 * COLUMNS + 16;
}

// Bytes of all panels of transformed weights.
static inline int64_t weights_bytes_of(int64_t from, int64_t to, int64_t element) {
  return to / COLUMNS * POSITIONS * weights_stride_of(from, element) * 4;
}

// `transforms`: whether the weights have to be transformed on the way.
static inline convolution_plan convolution_plan_of(
    const aver_winograd_shape *shape, int64_t from, int64_t to, bool transforms) {
  tiling tiles = tiling_of(shape);
  int64_t element = element_bytes(shape);
  int64_t all_tiles = rounded_up(tiles.count, ROWS);
  size_t all_weights = (size_t)weights_bytes_of(from, to, element);
  convolution_plan plan = {.tiles = tiles, .from = from, .to = to, .threads = shape->threads};
  // Where the weights are the larger part, each panel of them is transformed and read once.
  plan.is_one_block = (size_t)(all_tiles * POSITIONS * from * element) < all_weights;
  plan.block = plan.is_one_block
                   ? all_tiles
                   : tiles_of_shared_block(
                         tiles, POSITIONS * (from * element + COLUMNS * 4), shape->threads);
  // Not multiples of a power of two either.
  plan.input_stride = plan.block * from + 64 / element;
  plan.product_stride = plan.block * COLUMNS + 16;
  plan.weights_stride = weights_stride_of(from, element);
  plan.panel_stride = POSITIONS * plan.weights_stride;
  size_t inputs = (size_t)(POSITIONS * plan.input_stride * element);
  size_t products = (size_t)(POSITIONS * plan.product_stride) * 4;
  if (plan.is_one_block) {
    plan.own_offset = inputs;
    plan.weights_offset = products;
    plan.own_bytes = products + (transforms ? (size_t)plan.panel_stride * 4 : 0);
  } else {
    plan.own_offset = transforms ? all_weights : 0;
    plan.products_offset = inputs;
    plan.own_bytes = inputs + products;
  }
  plan.scratch_bytes = plan.own_offset + (size_t)plan.threads * plan.own_bytes;
  return plan;
}

// The backward pass of the weights. Either blocks of tiles are added to products of all channels, or,
// where those products would not stay in the cache, all tiles are multiplied for a few input
// channels at a time.
typedef struct {
  tiling tiles;
  int64_t input_channels, output_channels;
  int64_t block;           // tiles
  int64_t input_block;     // input channels
  // From one position to the next, in lanes.
  int64_t input_stride, gradient_stride;
  int threads;
  size_t gradients_offset, products_offset, scratch_bytes;
} weights_plan;

static inline weights_plan weights_plan_of(const aver_winograd_shape *shape) {
  tiling tiles = tiling_of(shape);
  int64_t element = element_bytes(shape);
  int64_t tile_bytes = POSITIONS * (shape->input_channels + shape->output_channels) * element;
  int64_t row_bytes = POSITIONS * shape->output_channels * 4;
  int64_t all_tiles = rounded_up(tiles.count, ROWS);
  bool is_cut_by_channels =
      shape->input_channels * row_bytes > block_bytes && all_tiles * tile_bytes <= all_tiles_bytes;
  // Threads share the channels and positions of a block.
  int64_t block = is_cut_by_channels
                      ? all_tiles
                      : tiles_of_block(tiles, (tile_bytes + shape->threads - 1) / shape->threads);
  int64_t fitting = 2 * block_bytes / row_bytes / 16 * 16;
  int64_t input_block = shape->input_channels;
  if (is_cut_by_channels && fitting < input_block) input_block = fitting < 16 ? 16 : fitting;
  int64_t input_stride = block * shape->input_channels * element / 4 + 16;
  int64_t gradient_stride = block * shape->output_channels * element / 4 + 16;
  size_t inputs = (size_t)(POSITIONS * input_stride) * 4;
  size_t gradients = (size_t)(POSITIONS * gradient_stride) * 4;
  size_t products = (size_t)(input_block * row_bytes);
  return (weights_plan){.tiles = tiles,
      .input_channels = shape->input_channels,
      .output_channels = shape->output_channels,
      .block = block,
      .input_block = input_block,
      .input_stride = input_stride,
      .gradient_stride = gradient_stride,
      .threads = shape->threads,
      .gradients_offset = inputs,
      .products_offset = inputs + gradients,
      .scratch_bytes = inputs + gradients + products};
}
