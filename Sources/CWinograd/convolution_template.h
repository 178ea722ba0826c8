// The forward pass, inference and the backward pass of the data. A part of winograd_template.h.

// Transforms `count` tiles from `first` on, of some blocks of 16 channels, to
// [position, channel / 16, tile, 16].
TARGET static void NAME(transform_inputs)(const convolution_plan *plan, const ELEMENT *source,
    ELEMENT *inputs, int64_t first, int64_t count, share blocks) {
  const tiling *tiles = &plan->tiles;
  for (int64_t block = blocks.first; block < blocks.end; block++) {
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
        __builtin_prefetch(destination + offset + PIXELS_AHEAD * plane.pixel, 1);
        NAME(store_ended)(destination, offset, row[0] + row[1] + row[2], ending, first_channel);
        if (place.x + 1 >= tiles->width) continue;
        NAME(store_ended)
        (destination, offset + plane.pixel, row[1] - row[2] - row[3], ending, first_channel);
      }
    }
    place = NAME(following)(tiles, place);
  }
}

// What the threads know of a convolution.
typedef struct {
  const convolution_plan *plan;
  const ELEMENT *source;
  const NAME(weights) *weights;
  aver_winograd_ending ending;
  ELEMENT *destination;
  char *scratch;
} NAME(convolution);

// A block of `count` tiles from `first` on, its inputs transformed, for the channels of one panel.
TARGET static void NAME(convolve_panel)(const NAME(convolution) *work, const ELEMENT *inputs,
    float *products, const LANE *panel, int64_t first, int64_t count, int64_t channel) {
  const convolution_plan *plan = work->plan;
  int64_t run = 16 / KPACK;
  for (int p = 0; p < POSITIONS; p++) {
    NAME(left_operand) operand = {.lanes = (const LANE *)(inputs + p * plan->input_stride),
        .panel = 16 * run,
        .row = run,
        .run = run,
        .runs = plan->block * run,
        .step = 1};
    // Rows beyond the last tile hold anything; nothing reads their products.
    NAME(multiply)
    (products + p * plan->product_stride, COLUMNS, rounded_up(count, ROWS), operand,
        panel + p * plan->weights_stride, plan->from / KPACK, false);
  }
  NAME(transform_outputs)
  (plan, products, work->ending, work->destination, first, count, channel);
}

// A thread's share of the only block's inputs: some of their channels.
TARGET static void NAME(transform_channels)(void *context, size_t thread) {
  const NAME(convolution) *work = context;
  const convolution_plan *plan = work->plan;
  NAME(transform_inputs)
  (plan, work->source, (ELEMENT *)work->scratch, 0, plan->tiles.count,
      share_of(plan->from / 16, thread, plan->threads));
}

// A thread's share of the only block: some panels, each with weights of its own.
TARGET static void NAME(convolve_panels)(void *context, size_t thread) {
  const NAME(convolution) *work = context;
  const convolution_plan *plan = work->plan;
  char *own = work->scratch + plan->own_offset + thread * plan->own_bytes;
  share panels = share_of(plan->to / COLUMNS, thread, plan->threads);
  for (int64_t p = panels.first; p < panels.end; p++) {
    const LANE *panel;
    if (work->weights->transformed) {
      panel = work->weights->transformed + p * plan->panel_stride;
    } else {
      LANE *made = (LANE *)(own + plan->weights_offset);
      NAME(make_panel)(work->weights, p * COLUMNS, made, plan->weights_stride);
      panel = made;
    }
    NAME(convolve_panel)
    (work, (const ELEMENT *)work->scratch, (float *)own, panel, 0, plan->tiles.count, p * COLUMNS);
  }
}

// A thread's share of the weights of all blocks.
TARGET static void NAME(make_panels)(void *context, size_t thread) {
  const NAME(convolution) *work = context;
  const convolution_plan *plan = work->plan;
  share panels = share_of(plan->to / COLUMNS, thread, plan->threads);
  for (int64_t p = panels.first; p < panels.end; p++) {
    NAME(make_panel)
    (work->weights, p * COLUMNS, (LANE *)work->scratch + p * plan->panel_stride,
        plan->weights_stride);
  }
}

// A thread's share of the blocks.
TARGET static void NAME(convolve_blocks)(void *context, size_t thread) {
  const NAME(convolution) *work = context;
  const convolution_plan *plan = work->plan;
  char *own = work->scratch + plan->own_offset + thread * plan->own_bytes;
  ELEMENT *inputs = (ELEMENT *)own;
  float *products = (float *)(own + plan->products_offset);
  const LANE *panels =
      work->weights->transformed ? work->weights->transformed : (const LANE *)work->scratch;
  int64_t count = (plan->tiles.count + plan->block - 1) / plan->block;
  share blocks = share_of(count, thread, plan->threads);
  for (int64_t block = blocks.first; block < blocks.end; block++) {
    int64_t first = block * plan->block;
    int64_t left = plan->tiles.count - first;
    int64_t tiles = left < plan->block ? left : plan->block;
    NAME(transform_inputs)
    (plan, work->source, inputs, first, tiles, (share){.first = 0, .end = plan->from / 16});
    for (int64_t p = 0; p < plan->to / COLUMNS; p++) {
      NAME(convolve_panel)
      (work, inputs, products, panels + p * plan->panel_stride, first, tiles, p * COLUMNS);
    }
  }
}

static void NAME(convolve)(const convolution_plan *plan, const void *source,
    NAME(weights) weights, aver_winograd_ending ending, void *destination, void *scratch) {
  NAME(convolution) work = {.plan = plan,
      .source = source,
      .weights = &weights,
      .ending = ending,
      .destination = destination,
      .scratch = scratch};
  size_t threads = (size_t)plan->threads;
  if (plan->is_one_block) {
    aver_share_work(threads, NAME(transform_channels), &work);
    aver_share_work(threads, NAME(convolve_panels), &work);
  } else {
    if (!weights.transformed) aver_share_work(threads, NAME(make_panels), &work);
    aver_share_work(threads, NAME(convolve_blocks), &work);
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
