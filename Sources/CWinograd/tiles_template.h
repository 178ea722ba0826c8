// Tiles of images, and the transforms of inputs and gradients. A part of winograd_template.h.

// Where a tile is.
typedef struct {
  int64_t image, y, x;  // the image, and the tile's first output pixel
} NAME(tile_place);

INLINE NAME(tile_place) NAME(place)(const tiling *tiles, int64_t tile) {
  int64_t in_image = tile % (tiles->rows * tiles->columns);
  return (NAME(tile_place)){.image = tile / (tiles->rows * tiles->columns),
      .y = in_image / tiles->columns * 2,
      .x = in_image % tiles->columns * 2};
}

// The next tile: divisions would take as long as a tile's arithmetic.
INLINE NAME(tile_place) NAME(following)(const tiling *tiles, NAME(tile_place) place) {
  place.x += 2;
  if (place.x < tiles->width) return place;
  place.x = 0;
  place.y += 2;
  if (place.y < tiles->height) return place;
  place.y = 0;
  place.image += 1;
  return place;
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

// rows x columns pixels from (y, x) on; zero outside of the image.
INLINE void NAME(read_pixels)(FLOATS *pixels, const ELEMENT *image, NAME(plane) plane,
    const tiling *tiles, int64_t y, int64_t x, int rows, int columns) {
  int64_t row = tiles->width * plane.pixel;
  int64_t first = plane.offset + y * row + x * plane.pixel;
  // Tiles are walked along their row; only the last two rows of pixels are new in each row of tiles.
#pragma clang loop unroll(full)
  for (int i = rows - 2; i < rows; i++) {
    __builtin_prefetch(image + first + i * row + PIXELS_AHEAD * plane.pixel);
  }
  bool is_inside = y >= 0 && x >= 0 && y + rows <= tiles->height && x + columns <= tiles->width;
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) {
    bool row_is_inside = is_inside || (uint64_t)(y + i) < (uint64_t)tiles->height;
#pragma clang loop unroll(full)
    for (int j = 0; j < columns; j++) {
      bool pixel_is_inside =
          is_inside || (row_is_inside && (uint64_t)(x + j) < (uint64_t)tiles->width);
      FLOATS zero = {0};
      pixels[i * columns + j] =
          pixel_is_inside ? NAME(load)(image + first + i * row + j * plane.pixel) : zero;
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

// 4x4 inputs of a tile whose columns are transformed, the left and the right half: [4, 2] each.
typedef struct {
  FLOATS left[8], right[8];
} NAME(input_window);

// Two columns of inputs from x on, transformed.
INLINE void NAME(input_columns)(FLOATS *columns, const ELEMENT *source, NAME(plane) plane,
    const tiling *tiles, int64_t y, int64_t x) {
  NAME(read_pixels)(columns, source, plane, tiles, y, x, 4, 2);
#pragma clang loop unroll(full)
  for (int j = 0; j < 2; j++) NAME(transform_input_axis)(columns + j, 2);
}

// Moves on to a tile. Its left half is the right half of the tile before it, of the same row.
INLINE void NAME(move_window)(NAME(input_window) *window, const ELEMENT *source, const tiling *tiles,
    NAME(tile_place) place, bool is_first, int64_t block, int64_t channels) {
  NAME(plane) plane = NAME(plane_of)(tiles, place, block, channels);
  if (is_first || place.x == 0) {
    NAME(input_columns)(window->left, source, plane, tiles, place.y - 1, place.x - 1);
  } else {
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; i++) window->left[i] = window->right[i];
  }
  NAME(input_columns)(window->right, source, plane, tiles, place.y - 1, place.x + 1);
}

// Row i of the transformed tile.
INLINE void NAME(input_row)(FLOATS *row, const NAME(input_window) *window, int i) {
  row[0] = window->left[2 * i];
  row[1] = window->left[2 * i + 1];
  row[2] = window->right[2 * i];
  row[3] = window->right[2 * i + 1];
  NAME(transform_input_axis)(row, 1);
}

// 2x2 gradients of a tile's outputs, transformed to 4x4.
INLINE void NAME(gradient_tile)(FLOATS *tile, const ELEMENT *gradient, const tiling *tiles,
    NAME(tile_place) place, int64_t block, int64_t channels) {
  FLOATS pixels[4], rows[8];
  NAME(read_pixels)
  (pixels, gradient, NAME(plane_of)(tiles, place, block, channels), tiles, place.y, place.x, 2,
      2);
#pragma clang loop unroll(full)
  for (int j = 0; j < 2; j++) NAME(transform_gradient_axis)(rows + j, 2, pixels[j], pixels[2 + j]);
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    NAME(transform_gradient_axis)(tile + 4 * i, 1, rows[2 * i], rows[2 * i + 1]);
  }
}

INLINE void NAME(clear_tile)(FLOATS *tile) {
  FLOATS zero = {0};
#pragma clang loop unroll(full)
  for (int p = 0; p < POSITIONS; p++) tile[p] = zero;
}

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

// Stores the transformed numbers of 16 channels of KPACK tiles or channels, side by side in a lane.
INLINE void NAME(store_tiles)(LANE *to, int64_t position_stride, const FLOATS *values) {
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    const FLOATS *row = values + 4 * i;
    NAME(store_row)(to, position_stride, i, row, row + (KPACK - 1) * POSITIONS);
  }
}
