// The forward pass, inference and the backward pass of the data. A part of winograd_template.h.

// Transforms `count` tiles from `first` on to [position, channel / 16, tile, 16].
TARGET static void NAME(transform_inputs)(const convolution_plan *plan, const ELEMENT *source,
    ELEMENT *inputs, int64_t first, int64_t count) {
  const tiling *tiles = &plan->tiles;
  for (int64_t block = 0; block < plan->from / 16; block++) {
    NAME(tile_place) place = NAME(place)(tiles, first);
    NAME(input_window) window;
    ELEMENT *to = inputs + block * plan->block * 16;
    for (int64_t tile = 0; tile < count; tile++, to += 16) {
      NAME(move_window)(&window, source, tiles, place, tile == 0, block, plan->from);
#pragma clang loop unroll(full)
      for (int i = 0; i < 4; i++) {
        FLOATS row[4];
        NAME(input_row)(row, &window, i);
#pragma clang loop unroll(full)
        for (int j = 0; j < 4; j++) NAME(store)(to + (4 * i + j) * plan->input_stride, row[j]);
      }
      place = NAME(following)(tiles, place);
    }
  }
}

// Ends the sums of 16 channels and stores them at `offset` of the destination.
INLINE void NAME(store_ended)(ELEMENT *destination, int64_t offset, FLOATS sums,
    aver_winograd_ending ending, int64_t channel) {
  if (ending.biases) sums += NAME(load_sums)(ending.biases + channel);
  if (ending.addend) sums += NAME(load)((const ELEMENT *)ending.addend + offset);
  // The second operand where one is NaN.
  if (ending.relu) sums = (FLOATS)_mm512_max_ps(_mm512_setzero_ps(), (__m512)sums);
  NAME(store)(destination + offset, sums);
}

// Turns products [position, tile, COLUMNS] into 2x2 outputs a tile, of the channels from `channel` on.
TARGET static void NAME(transform_outputs)(const convolution_plan *plan, const float *products,
    aver_winograd_ending ending, ELEMENT *destination, int64_t first, int64_t count,
    int64_t channel) {
  const tiling *tiles = &plan->tiles;
  NAME(tile_place) place = NAME(place)(tiles, first);
  for (int64_t tile = 0; tile < count; tile++) {
    for (int64_t column = 0; column < COLUMNS; column += 16) {
      FLOATS rows[8];
#pragma clang loop unroll(full)
      for (int j = 0; j < 4; j++) {
        FLOATS m[4];
#pragma clang loop unroll(full)
        for (int i = 0; i < 4; i++) {
          m[i] = NAME(load_sums)(
              products + (4 * i + j) * plan->product_stride + tile * COLUMNS + column);
        }
        rows[j] = m[0] + m[1] + m[2];
        rows[4 + j] = m[1] - m[2] - m[3];
      }
      int64_t first_channel = channel + column;
      NAME(plane) plane = NAME(plane_of)(tiles, place, first_channel / 16, plan->to);
#pragma clang loop unroll(full)
      for (int i = 0; i < 2; i++) {
        if (place.y + i >= tiles->height) break;
        const FLOATS *row = rows + 4 * i;
        int64_t offset =
            plane.offset + ((place.y + i) * tiles->width + place.x) * plane.pixel;
        NAME(store_ended)(destination, offset, row[0] + row[1] + row[2], ending, first_channel);
        if (place.x + 1 >= tiles->width) continue;
        NAME(store_ended)
        (destination, offset + plane.pixel, row[1] - row[2] - row[3], ending, first_channel);
      }
    }
    place = NAME(following)(tiles, place);
  }
}

TARGET static void NAME(convolve)(const convolution_plan *plan, const void *source,
    NAME(weights) weights, aver_winograd_ending ending, void *destination, void *scratch) {
  ELEMENT *inputs = scratch;
  float *products = (float *)((char *)scratch + plan->products_offset);
  LANE *panels = (LANE *)((char *)scratch + plan->weights_offset);
  int64_t run = 16 / KPACK;
  for (int64_t first = 0; first < plan->tiles.count; first += plan->block) {
    int64_t left = plan->tiles.count - first;
    int64_t count = left < plan->block ? left : plan->block;
    NAME(transform_inputs)(plan, source, inputs, first, count);
    for (int64_t channel = 0; channel < plan->to; channel += COLUMNS) {
      const LANE *panel = NAME(panel_of)(&weights, plan, panels, channel, first == 0);
      for (int p = 0; p < POSITIONS; p++) {
        NAME(left_operand) operand = {
            .lanes = (const LANE *)(inputs + p * plan->input_stride),
            .panel = 16 * run,
            .row = run,
            .run = run,
            .runs = plan->block * run,
            .step = 1};
        // Rows beyond the last tile hold what an earlier block left; nothing reads their products.
        NAME(multiply)
        (products + p * plan->product_stride, COLUMNS, rounded_up(count, ROWS), operand,
            panel + p * plan->weights_stride, plan->from / KPACK, false);
      }
      NAME(transform_outputs)(plan, products, ending, destination, first, count, channel);
    }
  }
}

// With weights that are transformed on the way.
static void NAME(convolve_plain)(const aver_winograd_shape *shape, const convolution_plan *plan,
    const void *source, const float *weights, bool is_turned, void *destination, void *scratch) {
  NAME(convolve)
  (plan, source, (NAME(weights)){.shape = shape, .plain = weights, .is_turned = is_turned},
      (aver_winograd_ending){0}, destination, scratch);
}

// With weights that were transformed before.
static void NAME(convolve_transformed)(const convolution_plan *plan, const void *source,
    const void *weights, aver_winograd_ending ending, void *destination, void *scratch) {
  NAME(convolve)
  (plan, source, (NAME(weights)){.transformed = weights}, ending, destination, scratch);
}
