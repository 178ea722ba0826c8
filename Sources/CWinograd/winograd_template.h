// Included once for each type of activations by winograd.c, which defines
//   BFLOAT16   1 for bfloat16, 0 for float32
//   TARGET     the function attribute that enables the instruction set
//   NAME(x)    x with the type's suffix
//
// Products run over 32-bit lanes: a float32 number, or two bfloat16 numbers that are multiplied and
// added together (a pair of channels, or of tiles where tiles are summed over). KPACK is how many
// numbers share a lane.

#define INLINE TARGET static inline __attribute__((always_inline))
#define FLOATS NAME(floats)
#define ELEMENT NAME(element)
#define LANE NAME(lane)

typedef float FLOATS __attribute__((vector_size(64), aligned(4)));

#if BFLOAT16
#define KPACK 2
typedef uint16_t ELEMENT;
typedef uint32_t LANE;
#else
#define KPACK 1
typedef float ELEMENT;
typedef float LANE;
#endif

// ---- Numbers

#if BFLOAT16
INLINE FLOATS NAME(load)(const ELEMENT *from) {
  __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)from));
  return (FLOATS)_mm512_slli_epi32(wide, 16);
}

INLINE __m256i NAME(rounded)(FLOATS values) {
  return (__m256i)_mm512_cvtneps_pbh((__m512)values);
}

INLINE void NAME(store)(ELEMENT *to, FLOATS values) {
  _mm256_storeu_si256((__m256i *)to, NAME(rounded)(values));
}

// 16 lanes that hold `first` and `second` side by side.
INLINE void NAME(store_pairs)(LANE *to, FLOATS first, FLOATS second) {
  __m512i low = _mm512_cvtepu16_epi32(NAME(rounded)(first));
  __m512i high = _mm512_slli_epi32(_mm512_cvtepu16_epi32(NAME(rounded)(second)), 16);
  _mm512_storeu_si512(to, _mm512_or_si512(low, high));
}

INLINE FLOATS NAME(multiply_add)(FLOATS sum, const LANE *left, FLOATS right) {
  __m512i broadcast = _mm512_set1_epi32((int)*left);
  return (FLOATS)_mm512_dpbf16_ps((__m512)sum, (__m512bh)right, (__m512bh)broadcast);
}
#else
INLINE FLOATS NAME(load)(const ELEMENT *from) { return (FLOATS)_mm512_loadu_ps(from); }

INLINE void NAME(store)(ELEMENT *to, FLOATS values) { _mm512_storeu_ps(to, (__m512)values); }

INLINE FLOATS NAME(multiply_add)(FLOATS sum, const LANE *left, FLOATS right) {
  return (FLOATS)_mm512_fmadd_ps((__m512)right, _mm512_set1_ps(*left), (__m512)sum);
}
#endif

INLINE FLOATS NAME(load_sums)(const float *from) { return (FLOATS)_mm512_loadu_ps(from); }

INLINE void NAME(store_sums)(float *to, FLOATS values) { _mm512_storeu_ps(to, (__m512)values); }

// ---- Products

// sums [ROWS, COLUMNS] (+)= left [ROWS, depth] · right [depth, COLUMNS], in lanes.
INLINE void NAME(multiply_panel)(float *sums, int64_t stride, const LANE *left, int64_t row,
    int64_t step, const LANE *right, int64_t depth, bool accumulate) {
  FLOATS total[ROWS][2];
#pragma clang loop unroll(full)
  for (int r = 0; r < ROWS; r++) {
    for (int half = 0; half < 2; half++) {
      FLOATS zero = {0};
      total[r][half] = accumulate ? NAME(load_sums)(sums + r * stride + 16 * half) : zero;
    }
  }
  for (int64_t k = 0; k < depth; k++) {
    FLOATS first = NAME(load_sums)((const float *)(right + k * COLUMNS));
    FLOATS second = NAME(load_sums)((const float *)(right + k * COLUMNS + 16));
#pragma clang loop unroll(full)
    for (int r = 0; r < ROWS; r++) {
      const LANE *factor = left + r * row + k * step;
      total[r][0] = NAME(multiply_add)(total[r][0], factor, first);
      total[r][1] = NAME(multiply_add)(total[r][1], factor, second);
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < ROWS; r++) {
    for (int half = 0; half < 2; half++) {
      NAME(store_sums)(sums + r * stride + 16 * half, total[r][half]);
    }
  }
}

// sums [rows, columns] (+)= left · right, where left's element (r, k) lies at r · row + k · step and
// right is [columns / COLUMNS, depth, COLUMNS].
TARGET static void NAME(multiply)(float *sums, int64_t rows, int64_t columns, const LANE *left,
    int64_t row, int64_t step, const LANE *right, int64_t depth, int64_t right_depth,
    bool accumulate) {
  for (int64_t column = 0; column < columns; column += COLUMNS) {
    for (int64_t r = 0; r < rows; r += ROWS) {
      NAME(multiply_panel)
      (sums + r * columns + column, columns, left + r * row, row, step,
          right + column * right_depth, depth, accumulate);
    }
  }
}

// ---- Tiles

// One tile of a block of 16 channels.
typedef struct {
  int64_t image, y, x;  // the image, and the tile's first output pixel
} NAME(tile_place);

INLINE NAME(tile_place) NAME(place)(const tiling *tiles, int64_t tile) {
  int64_t in_image = tile % (tiles->rows * tiles->columns);
  return (NAME(tile_place)){.image = tile / (tiles->rows * tiles->columns),
      .y = in_image / tiles->columns * 2,
      .x = in_image % tiles->columns * 2};
}

// Where the channels `block` of an image start, and how far apart its pixels are.
typedef struct {
  int64_t offset, pixel;
} NAME(plane);

INLINE NAME(plane) NAME(plane_of)(
    const tiling *tiles, NAME(tile_place) place, int64_t block, int64_t channels) {
  int64_t pixels = tiles->height * tiles->width;
  if (tiles->channels_last) {
    return (NAME(plane)){.offset = place.image * pixels * channels + 16 * block, .pixel = channels};
  }
  return (NAME(plane)){
      .offset = (place.image * (channels / 16) + block) * pixels * 16, .pixel = 16};
}

// size x size pixels from (y, x) on; zero outside of the image.
INLINE void NAME(read_pixels)(FLOATS *pixels, const ELEMENT *image, NAME(plane) plane,
    const tiling *tiles, int64_t y, int64_t x, int size) {
  const ELEMENT *first = image + plane.offset;
#pragma clang loop unroll(full)
  for (int i = 0; i < size; i++) {
    bool row_is_inside = (uint64_t)(y + i) < (uint64_t)tiles->height;
#pragma clang loop unroll(full)
    for (int j = 0; j < size; j++) {
      bool is_inside = row_is_inside && (uint64_t)(x + j) < (uint64_t)tiles->width;
      FLOATS zero = {0};
      pixels[i * size + j] =
          is_inside ? NAME(load)(first + ((y + i) * tiles->width + x + j) * plane.pixel)
                    : zero;
    }
  }
}

// The transforms of one axis; applied to rows, then to columns.

INLINE void NAME(transform_input_axis)(FLOATS *d, int step) {
  FLOATS d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];
  d[0] = d0 - d2;
  d[step] = d1 + d2;
  d[2 * step] = d2 - d1;
  d[3 * step] = d1 - d3;
}

INLINE void NAME(transform_gradient_axis)(FLOATS *to, int to_step, FLOATS g0, FLOATS g1) {
  to[0] = g0;
  to[to_step] = g0 + g1;
  to[2 * to_step] = g0 - g1;
  to[3 * to_step] = -g1;
}

INLINE void NAME(transform_weights_axis)(
    FLOATS *to, int to_step, FLOATS w0, FLOATS w1, FLOATS w2) {
  FLOATS outer = w0 + w2;
  to[0] = w0;
  to[to_step] = (outer + w1) * 0.5f;
  to[2 * to_step] = (outer - w1) * 0.5f;
  to[3 * to_step] = w2;
}

// 4x4 inputs of a tile, transformed.
INLINE void NAME(input_tile)(FLOATS *tile, const ELEMENT *source, const tiling *tiles,
    int64_t index, int64_t block, int64_t channels) {
  NAME(tile_place) place = NAME(place)(tiles, index);
  NAME(read_pixels)
  (tile, source, NAME(plane_of)(tiles, place, block, channels), tiles, place.y - 1, place.x - 1, 4);
#pragma clang loop unroll(full)
  for (int j = 0; j < 4; j++) NAME(transform_input_axis)(tile + j, 4);
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) NAME(transform_input_axis)(tile + 4 * i, 1);
}

// 2x2 gradients of a tile's outputs, transformed to 4x4.
INLINE void NAME(gradient_tile)(FLOATS *tile, const ELEMENT *gradient, const tiling *tiles,
    int64_t index, int64_t block, int64_t channels) {
  NAME(tile_place) place = NAME(place)(tiles, index);
  FLOATS pixels[4], rows[8];
  NAME(read_pixels)
  (pixels, gradient, NAME(plane_of)(tiles, place, block, channels), tiles, place.y, place.x, 2);
#pragma clang loop unroll(full)
  for (int j = 0; j < 2; j++) NAME(transform_gradient_axis)(rows + j, 2, pixels[j], pixels[2 + j]);
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    NAME(transform_gradient_axis)(tile + 4 * i, 1, rows[2 * i], rows[2 * i + 1]);
  }
}

// ---- The forward pass, and the backward pass of the data

// Transforms `count` tiles from `first` on to [position, tile, channel].
TARGET static void NAME(transform_inputs)(const convolution_plan *plan, const ELEMENT *source,
    ELEMENT *inputs, int64_t first, int64_t count) {
  for (int64_t tile = 0; tile < count; tile++) {
    for (int64_t block = 0; block < plan->from / 16; block++) {
      FLOATS values[POSITIONS];
      NAME(input_tile)(values, source, &plan->tiles, first + tile, block, plan->from);
#pragma clang loop unroll(full)
      for (int p = 0; p < POSITIONS; p++) {
        NAME(store)(inputs + p * plan->input_stride + tile * plan->from + 16 * block, values[p]);
      }
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

// Turns products [position, tile, channel] into 2x2 outputs a tile.
TARGET static void NAME(transform_outputs)(const convolution_plan *plan, const float *products,
    aver_winograd_ending ending, ELEMENT *destination, int64_t first, int64_t count) {
  const tiling *tiles = &plan->tiles;
  for (int64_t tile = 0; tile < count; tile++) {
    NAME(tile_place) place = NAME(place)(tiles, first + tile);
    for (int64_t block = 0; block < plan->to / 16; block++) {
      FLOATS rows[8];
#pragma clang loop unroll(full)
      for (int j = 0; j < 4; j++) {
        FLOATS m[4];
#pragma clang loop unroll(full)
        for (int i = 0; i < 4; i++) {
          m[i] = NAME(load_sums)(
              products + (4 * i + j) * plan->product_stride + tile * plan->to + 16 * block);
        }
        rows[j] = m[0] + m[1] + m[2];
        rows[4 + j] = m[1] - m[2] - m[3];
      }
      NAME(plane) plane = NAME(plane_of)(tiles, place, block, plan->to);
#pragma clang loop unroll(full)
      for (int i = 0; i < 2; i++) {
        if (place.y + i >= tiles->height) break;
        const FLOATS *row = rows + 4 * i;
        int64_t offset =
            plane.offset + ((place.y + i) * tiles->width + place.x) * plane.pixel;
        NAME(store_ended)(destination, offset, row[0] + row[1] + row[2], ending, 16 * block);
        if (place.x + 1 >= tiles->width) continue;
        NAME(store_ended)
        (destination, offset + plane.pixel, row[1] - row[2] - row[3], ending, 16 * block);
      }
    }
  }
}

TARGET static void NAME(convolve)(const convolution_plan *plan, const void *source,
    const void *weights, aver_winograd_ending ending, void *destination, void *scratch) {
  ELEMENT *inputs = scratch;
  float *products = (float *)((char *)scratch + plan->products_offset);
  int64_t depth = plan->from / KPACK;
  for (int64_t first = 0; first < plan->tiles.count; first += plan->block) {
    int64_t left = plan->tiles.count - first;
    int64_t count = left < plan->block ? left : plan->block;
    NAME(transform_inputs)(plan, source, inputs, first, count);
    for (int p = 0; p < POSITIONS; p++) {
      // Rows beyond the last tile hold what an earlier block left; nothing reads their products.
      NAME(multiply)
      (products + p * plan->product_stride, rounded_up(count, ROWS), plan->to,
          (const LANE *)(inputs + p * plan->input_stride), depth, 1,
          (const LANE *)weights + p * depth * plan->to, depth, depth, false);
    }
    NAME(transform_outputs)(plan, products, ending, destination, first, count);
  }
}

// ---- The backward pass of the weights

// Stores the transformed numbers of 16 channels of KPACK tiles or channels, side by side in a lane.
INLINE void NAME(store_tiles)(LANE *to, int64_t position_stride, FLOATS *values) {
#pragma clang loop unroll(full)
  for (int p = 0; p < POSITIONS; p++) {
#if BFLOAT16
    NAME(store_pairs)(to + p * position_stride, values[p], values[POSITIONS + p]);
#else
    NAME(store)(to + p * position_stride, values[p]);
#endif
  }
}

// Transforms tiles of the source to lanes [position, tile / KPACK, channel].
TARGET static void NAME(transform_sources)(const weights_plan *plan, const ELEMENT *source,
    LANE *inputs, int64_t first, int64_t count) {
  int64_t depth = plan->block / KPACK;
  for (int64_t tile = 0; tile < count; tile += KPACK) {
    for (int64_t block = 0; block < plan->input_channels / 16; block++) {
      FLOATS values[KPACK * POSITIONS] = {0};
      for (int64_t i = 0; i < KPACK && tile + i < count; i++) {
        NAME(input_tile)
        (values + i * POSITIONS, source, &plan->tiles, first + tile + i, block,
            plan->input_channels);
      }
      NAME(store_tiles)
      (inputs + tile / KPACK * plan->input_channels + 16 * block, depth * plan->input_channels,
          values);
    }
  }
}

// Transforms tiles of the gradient to lanes [position, channel / COLUMNS, tile / KPACK, COLUMNS].
TARGET static void NAME(transform_gradients)(const weights_plan *plan, const ELEMENT *gradient,
    LANE *gradients, int64_t first, int64_t count) {
  int64_t depth = plan->block / KPACK;
  for (int64_t tile = 0; tile < count; tile += KPACK) {
    for (int64_t block = 0; block < plan->output_channels / 16; block++) {
      FLOATS values[KPACK * POSITIONS] = {0};
      for (int64_t i = 0; i < KPACK && tile + i < count; i++) {
        NAME(gradient_tile)
        (values + i * POSITIONS, gradient, &plan->tiles, first + tile + i, block,
            plan->output_channels);
      }
      NAME(store_tiles)
      (gradients + (block / 2 * depth + tile / KPACK) * COLUMNS + block % 2 * 16,
          depth * plan->output_channels, values);
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

// products [position, `rows`, output channel] (+)= the sums over `count` tiles.
TARGET static void NAME(multiply_tiles)(const weights_plan *plan, const LANE *inputs,
    const LANE *gradients, float *products, int64_t rows, int64_t count, bool accumulate) {
  int64_t block_depth = plan->block / KPACK;
  for (int p = 0; p < POSITIONS; p++) {
    NAME(multiply)
    (products + p * rows * plan->output_channels, rows, plan->output_channels,
        inputs + p * block_depth * plan->input_channels, 1, plan->input_channels,
        gradients + p * block_depth * plan->output_channels, (count + KPACK - 1) / KPACK,
        block_depth, accumulate);
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
      NAME(multiply_tiles)
      (plan, inputs + input, gradients, products, rows, count, first > 0);
      if (left <= plan->block) {
        NAME(transform_products)(plan, products, weights + input * plan->output_channels, rows);
      }
    }
  }
}

// ---- Weights

// 3x3 weights of one input channel and 16 output channels, times their factors where there are any,
// transformed to 4x4.
INLINE void NAME(weights_tile)(
    FLOATS *tile, const float *weights, const float *factors, int64_t count) {
  FLOATS values[9], rows[12];
#pragma clang loop unroll(full)
  for (int i = 0; i < 9; i++) {
    values[i] = NAME(load_sums)(weights + i * count);
    if (factors) values[i] *= NAME(load_sums)(factors);
  }
#pragma clang loop unroll(full)
  for (int j = 0; j < 3; j++) {
    NAME(transform_weights_axis)(rows + j, 3, values[j], values[3 + j], values[6 + j]);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    NAME(transform_weights_axis)(tile + 4 * i, 1, rows[3 * i], rows[3 * i + 1], rows[3 * i + 2]);
  }
}

// The same weights, turned by 180 degrees and with the channels exchanged: a turned kernel transforms
// to the same values with the first and the last row and column exchanged.
INLINE void NAME(store_turned)(ELEMENT *to, const aver_winograd_shape *shape, const FLOATS *tile,
    int64_t input, int64_t output) {
  static const int turned[4] = {3, 1, 2, 0};
  int64_t size = shape->input_channels * shape->output_channels;
  int64_t depth = shape->output_channels / KPACK;
  ELEMENT *column = to + ((input / COLUMNS * depth + output / KPACK) * COLUMNS + input % COLUMNS) * KPACK;
  for (int p = 0; p < POSITIONS; p++) {
    LANE lanes[16 / KPACK];
    NAME(store)((ELEMENT *)lanes, tile[p]);
    LANE *position = (LANE *)(column + (4 * turned[p / 4] + turned[p % 4]) * size);
    for (int lane = 0; lane < 16 / KPACK; lane++) position[lane * COLUMNS] = lanes[lane];
  }
}

TARGET static void NAME(transform_weights)(
    const aver_winograd_shape *shape, const float *weights, const float *factors, void *forward,
    void *backward) {
  int64_t size = shape->input_channels * shape->output_channels;
  int64_t depth = shape->input_channels / KPACK;
  // Input channels innermost: both destinations are then written along their cache lines.
  for (int64_t output = 0; output < shape->output_channels; output += 16) {
    for (int64_t input = 0; input < shape->input_channels; input += KPACK) {
      FLOATS values[KPACK * POSITIONS];
      for (int64_t i = 0; i < KPACK; i++) {
        NAME(weights_tile)
        (values + i * POSITIONS, weights + (input + i) * shape->output_channels + output,
            factors ? factors + output : NULL, size);
      }
      LANE *panel = (LANE *)forward +
                    (output / COLUMNS * depth + input / KPACK) * COLUMNS + output % COLUMNS;
      NAME(store_tiles)(panel, size / KPACK, values);
      if (!backward) continue;
      for (int64_t i = 0; i < KPACK; i++) {
        NAME(store_turned)(backward, shape, values + i * POSITIONS, input + i, output);
      }
    }
  }
}

#undef INLINE
#undef FLOATS
#undef ELEMENT
#undef LANE
#undef KPACK
#undef BFLOAT16
#undef NAME
#undef TARGET
