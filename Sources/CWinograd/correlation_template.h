// The backward pass of the weights. A part of winograd_template.h.

// Transforms tiles of the source, of some blocks of 16 channels, to lanes
// [position, channel / 16, tile / KPACK, 16].
TARGET static void NAME(transform_sources)(const weights_plan *plan, const ELEMENT *source,
    LANE *inputs, int64_t first, int64_t count, share blocks) {
  const tiling *tiles = &plan->tiles;
  for (int64_t block = blocks.first; block < blocks.end; block++) {
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

// Transforms tiles of the gradient, of some blocks of 16 channels, to lanes
// [position, channel / COLUMNS, tile / KPACK, COLUMNS].
TARGET static void NAME(transform_gradients)(const weights_plan *plan, const ELEMENT *gradient,
    LANE *gradients, int64_t first, int64_t count, share blocks) {
  const tiling *tiles = &plan->tiles;
  int64_t depth = plan->block / KPACK;
  for (int64_t block = blocks.first; block < blocks.end; block++) {
    NAME(tile_place) place = NAME(place)(tiles, first);
    LANE *to = gradients + block / 2 * depth * COLUMNS + block % 2 * 16;
    for (int64_t tile = 0; tile < count; tile += KPACK, to += COLUMNS) {
      FLOATS values[KPACK * POSITIONS];
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

// Turns products [position, `inputs`, output channel] into 3x3 weights, of some of these input channels.
TARGET static void NAME(transform_products)(const weights_plan *plan, const float *products,
    float *weights, int64_t inputs, share chosen) {
  int64_t size = plan->input_channels * plan->output_channels;
  int64_t count = inputs * plan->output_channels;
  int64_t end = chosen.end * plan->output_channels;
  for (int64_t element = chosen.first * plan->output_channels; element < end; element += 16) {
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

// What the threads know of a block of `count` tiles from `first` on, and of `rows` input channels from
// `input` on that are being multiplied.
typedef struct {
  const weights_plan *plan;
  const ELEMENT *source, *gradient;
  float *weights;
  LANE *inputs, *gradients;
  float *products;
  int64_t first, count, input, rows;
} NAME(correlation);

// A thread's share of a block's tiles: some channels of the source and of the gradient.
TARGET static void NAME(transform_tiles)(void *context, size_t thread) {
  const NAME(correlation) *work = context;
  const weights_plan *plan = work->plan;
  NAME(transform_sources)
  (plan, work->source, work->inputs, work->first, work->count,
      share_of(plan->input_channels / 16, thread, plan->threads));
  NAME(transform_gradients)
  (plan, work->gradient, work->gradients, work->first, work->count,
      share_of(plan->output_channels / 16, thread, plan->threads));
}

// A thread's share of products [position, `rows`, output channel] (+)= the sums over a block's tiles.
TARGET static void NAME(multiply_tiles)(void *context, size_t thread) {
  const NAME(correlation) *work = context;
  const weights_plan *plan = work->plan;
  int64_t depth = plan->block / KPACK;
  int64_t used = (work->count + KPACK - 1) / KPACK;
  int64_t panels = plan->output_channels / COLUMNS;
  share mine = share_of(POSITIONS * panels, thread, plan->threads);
  for (int64_t part = mine.first; part < mine.end; part++) {
    int64_t p = part / panels, column = part % panels * COLUMNS;
    NAME(left_operand) left = {
        .lanes = work->inputs + p * plan->input_stride + work->input * depth,
        .panel = 16 * depth,
        .row = 1,
        .run = used,
        .runs = 0,
        .step = 16};
    NAME(multiply)
    (work->products + p * work->rows * plan->output_channels + column, plan->output_channels,
        work->rows, left, work->gradients + p * plan->gradient_stride + column * depth, used,
        work->first > 0);
  }
}

// A thread's share of the weights' gradient.
TARGET static void NAME(finish_rows)(void *context, size_t thread) {
  const NAME(correlation) *work = context;
  const weights_plan *plan = work->plan;
  NAME(transform_products)
  (plan, work->products, work->weights + work->input * plan->output_channels, work->rows,
      share_of(work->rows, thread, plan->threads));
}

static void NAME(correlate)(const weights_plan *plan, const void *source, const void *gradient,
    float *weights, void *scratch) {
  NAME(correlation) work = {.plan = plan,
      .source = source,
      .gradient = gradient,
      .weights = weights,
      .inputs = scratch,
      .gradients = (LANE *)((char *)scratch + plan->gradients_offset),
      .products = (float *)((char *)scratch + plan->products_offset)};
  size_t threads = (size_t)plan->threads;
  for (; work.first < plan->tiles.count; work.first += plan->block) {
    int64_t left = plan->tiles.count - work.first;
    work.count = left < plan->block ? left : plan->block;
    aver_share_work(threads, NAME(transform_tiles), &work);
    for (work.input = 0; work.input < plan->input_channels; work.input += plan->input_block) {
      int64_t rest = plan->input_channels - work.input;
      work.rows = rest < plan->input_block ? rest : plan->input_block;
      aver_share_work(threads, NAME(multiply_tiles), &work);
      if (left <= plan->block) aver_share_work(threads, NAME(finish_rows), &work);
    }
  }
}
