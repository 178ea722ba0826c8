// The backward pass of the weights. A part of winograd_template.h.

// Stores one row of transformed numbers of KPACK tiles, from position 4 · i on.
INLINE void NAME(store_row)(
    LANE *to, int64_t position_stride, int i, const FLOATS *row, const FLOATS *next) {
#pragma clang loop unroll(full)
  for (int j = 0; j < 4; j++) {
#if BFLOAT16
    NAME(store_pairs)(to + (4 * i + j) * position_stride, row[j], next[j]);
#else
    (void)next;
    NAME(store)(to + (4 * i + j) * position_stride, row[j]);
#endif
  }
}

// Transforms tiles of the source to lanes [position, channel / 16, tile / KPACK, 16].
TARGET static void NAME(transform_sources)(const weights_plan *plan, const ELEMENT *source,
    LANE *inputs, int64_t first, int64_t count) {
  const tiling *tiles = &plan->tiles;
  for (int64_t block = 0; block < plan->input_channels / 16; block++) {
    NAME(tile_place) place = NAME(place)(tiles, first);
    NAME(input_window) windows[2];
    LANE *to = inputs + block * (plan->block / KPACK) * 16;
    for (int64_t tile = 0; tile < count; tile += KPACK, to += 16) {
      windows[0] = windows[KPACK - 1];
      NAME(move_window)
      (&windows[0], source, tiles, place, tile == 0, block, plan->input_channels);
      place = NAME(following)(tiles, place);
      bool has_next = KPACK == 2 && tile + 1 < count;
      if (has_next) {
        windows[1] = windows[0];
        NAME(move_window)
        (&windows[1], source, tiles, place, false, block, plan->input_channels);
        place = NAME(following)(tiles, place);
      }
#pragma clang loop unroll(full)
      for (int i = 0; i < 4; i++) {
        FLOATS row[4], next[4] = {{0}, {0}, {0}, {0}};
        NAME(input_row)(row, &windows[0], i);
        if (has_next) NAME(input_row)(next, &windows[1], i);
        NAME(store_row)(to, plan->input_stride, i, row, next);
      }
    }
  }
}

// Transforms tiles of the gradient to lanes [position, channel / COLUMNS, tile / KPACK, COLUMNS].
TARGET static void NAME(transform_gradients)(const weights_plan *plan, const ELEMENT *gradient,
    LANE *gradients, int64_t first, int64_t count) {
  const tiling *tiles = &plan->tiles;
  int64_t depth = plan->block / KPACK;
  for (int64_t block = 0; block < plan->output_channels / 16; block++) {
    NAME(tile_place) place = NAME(place)(tiles, first);
    LANE *to = gradients + block / 2 * depth * COLUMNS + block % 2 * 16;
    for (int64_t tile = 0; tile < count; tile += KPACK, to += COLUMNS) {
      FLOATS values[2 * POSITIONS];
#pragma clang loop unroll(full)
      for (int i = 0; i < KPACK; i++) {
        if (tile + i < count) {
          NAME(gradient_tile)
          (values + i * POSITIONS, gradient, tiles, place, block, plan->output_channels);
          place = NAME(following)(tiles, place);
        } else {
          NAME(clear_tile)(values + i * POSITIONS);
        }
      }
      NAME(store_tiles)(to, plan->gradient_stride, values);
    }
  }
}

// Turns products [position, `inputs`, output channel] into 3x3 weights of these input channels.
TARGET static void NAME(transform_products)(
    const weights_plan *plan, const float *products, float *weights, int64_t inputs) {
  int64_t size = plan->input_channels * plan->output_channels;
  int64_t count = inputs * plan->output_channels;
  for (int64_t element = 0; element < count; element += 16) {
    FLOATS rows[12];
#pragma clang loop unroll(full)
    for (int j = 0; j < 4; j++) {
      FLOATS m[4];
#pragma clang loop unroll(full)
      for (int i = 0; i < 4; i++) m[i] = NAME(load_sums)(products + (4 * i + j) * count + element);
      FLOATS sum = (m[1] + m[2]) * 0.5f, difference = (m[1] - m[2]) * 0.5f;
      rows[j] = m[0] + sum;
      rows[4 + j] = difference;
      rows[8 + j] = sum + m[3];
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < 3; i++) {
      const FLOATS *row = rows + 4 * i;
      FLOATS sum = (row[1] + row[2]) * 0.5f, difference = (row[1] - row[2]) * 0.5f;
      NAME(store_sums)(weights + (3 * i) * size + element, row[0] + sum);
      NAME(store_sums)(weights + (3 * i + 1) * size + element, difference);
      NAME(store_sums)(weights + (3 * i + 2) * size + element, sum + row[3]);
    }
  }
}

// products [position, `rows`, output channel] (+)= the sums over `count` tiles, for input channels from
// `first` on.
TARGET static void NAME(multiply_tiles)(const weights_plan *plan, const LANE *inputs,
    const LANE *gradients, float *products, int64_t first, int64_t rows, int64_t count,
    bool accumulate) {
  int64_t depth = plan->block / KPACK;
  int64_t used = (count + KPACK - 1) / KPACK;
  for (int p = 0; p < POSITIONS; p++) {
    NAME(left_operand) left = {.lanes = inputs + p * plan->input_stride + first * depth,
        .panel = 16 * depth,
        .row = 1,
        .run = used,
        .runs = 0,
        .step = 16};
    for (int64_t column = 0; column < plan->output_channels; column += COLUMNS) {
      NAME(multiply)
      (products + p * rows * plan->output_channels + column, plan->output_channels, rows, left,
          gradients + p * plan->gradient_stride + column * depth, used, accumulate);
    }
  }
}

TARGET static void NAME(correlate)(const weights_plan *plan, const void *source,
    const void *gradient, float *weights, void *scratch) {
  LANE *inputs = scratch;
  LANE *gradients = (LANE *)((char *)scratch + plan->gradients_offset);
  float *products = (float *)((char *)scratch + plan->products_offset);
  for (int64_t first = 0; first < plan->tiles.count; first += plan->block) {
    int64_t left = plan->tiles.count - first;
    int64_t count = left < plan->block ? left : plan->block;
    NAME(transform_sources)(plan, source, inputs, first, count);
    NAME(transform_gradients)(plan, gradient, gradients, first, count);
    for (int64_t input = 0; input < plan->input_channels; input += plan->input_block) {
      int64_t rest = plan->input_channels - input;
      int64_t rows = rest < plan->input_block ? rest : plan->input_block;
      NAME(multiply_tiles)(plan, inputs, gradients, products, input, rows, count, first > 0);
      if (left <= plan->block) {
        NAME(transform_products)(plan, products, weights + input * plan->output_channels, rows);
      }
    }
  }
}
