// Included once per instruction set by image_template.h.
//
// Rows are resized first, a group of outputs at a time: LANES of grey, LANES / 4 in colour. The result
// lies in `scratch` column by column, LANES floats each: the group's rows, in colour four channels of
// each. So the horizontal pass reads whole vectors, whatever its taps are. A quad, four lanes, is four
// rows of grey or a pixel.

#define QUADS (LANES / 4)
// Vectors in arrays stay in registers where no index is variable.
#define UNROLLED _Pragma("clang loop unroll(full)")

typedef uint8_t NAME(bytes) __attribute__((vector_size(LANES)));

// LANES bytes as floats; lanes that are missing are zero.
INLINE FLOATS NAME(load_u8)(const uint8_t *from, size_t lanes) {
  NAME(bytes) values = {0};
  __builtin_memcpy(&values, from, lanes);
  return __builtin_convertvector(values, FLOATS);
}

INLINE void NAME(store_quad)(float *to, FLOATS values, size_t quad, size_t floats) {
  __builtin_memcpy(to, (const float *)&values + 4 * quad, floats * sizeof(float));
}

// `lanes` bytes of an output row, the first at `byte` of a row.
INLINE FLOATS NAME(vertical_sum)(
    const aver_picture *picture, const aver_taps *rows, size_t row, size_t byte, size_t lanes) {
  // Rows beyond the last are computed like it and not stored.
  if (row >= rows->outputs) row = rows->outputs - 1;
  const size_t stride = picture->width * picture->channels;
  const uint8_t *from = picture->bytes + (size_t)rows->starts[row] * stride + byte;
  const float *weights = rows->weights + row * rows->stride;
  FLOATS sum = {0};
  for (int32_t k = 0; k < rows->counts[row]; k++) {
    sum = sum + NAME(load_u8)(from + (size_t)k * stride, lanes) * weights[k];
  }
  return sum;
}

// Columns `column` ... of four rows of grey, each column's to its quad.
INLINE void NAME(narrow_grey)(float *scratch, const aver_picture *picture, const aver_taps *rows,
    size_t row, size_t column, size_t lanes) {
  FLOATS sums[4];
  for (size_t i = 0; i < 4; i++) {
    sums[i] = NAME(vertical_sum)(picture, rows, row + i, column, lanes);
  }
  NAME(transpose_quads)(sums);
  UNROLLED
  for (size_t quad = 0; quad < QUADS; quad++) {
    UNROLLED
    for (size_t j = 0; j < 4; j++) {
      const size_t i = 4 * quad + j;
      if (i < lanes) NAME(store_quad)(scratch + i * LANES, sums[j], quad, 4);
    }
  }
}

INLINE void NAME(narrow_colour)(float *scratch, const aver_picture *picture, const aver_taps *rows,
    size_t row, size_t column, size_t lanes) {
  FLOATS sum = NAME(vertical_sum)(picture, rows, row, 4 * column, lanes);
  for (size_t i = 0; i < lanes / 4; i++) NAME(store_quad)(scratch + i * LANES, sum, i, 4);
}

INLINE void NAME(narrow)(float *scratch, const aver_picture *picture, const aver_taps *columns,
    const aver_taps *rows, size_t row) {
  const bool grey = picture->channels == 1;
  const size_t step = grey ? LANES : QUADS;
  const size_t count = columns->end - columns->first;
  for (size_t quad = 0; quad < QUADS; quad++) {
    const size_t of_quad = grey ? row + 4 * quad : row + quad;
    float *to = scratch + 4 * quad;
    if (count < step) {
      grey ? NAME(narrow_grey)(to, picture, rows, of_quad, columns->first, count)
           : NAME(narrow_colour)(to, picture, rows, of_quad, columns->first, 4 * count);
      continue;
    }
    for (size_t i = 0; i < count; i += step) {
      // The last vector ends with the last column: some columns are computed twice.
      const size_t from = i + step <= count ? i : count - step;
      grey ? NAME(narrow_grey)(
                 to + from * LANES, picture, rows, of_quad, columns->first + from, LANES)
           : NAME(narrow_colour)(
                 to + from * LANES, picture, rows, of_quad, columns->first + from, LANES);
    }
  }
}

// Output column `column` of the group that lies in scratch.
INLINE FLOATS NAME(horizontal_sum)(const float *scratch, const aver_taps *columns, size_t column) {
  const size_t output = columns->mirrored ? columns->outputs - 1 - column : column;
  const float *from = scratch + ((size_t)columns->starts[output] - columns->first) * LANES;
  const float *weights = columns->weights + output * columns->stride;
  FLOATS sum = {0};
  for (int32_t k = 0; k < columns->counts[output]; k++) {
    sum = sum + NAME(load_f32)(from + (size_t)k * LANES, LANES) * weights[k];
  }
  return sum;
}

// Stores up to four output columns of the group: vector j has lane j of every quad.
INLINE void NAME(store_columns)(float *planes, const FLOATS sums[4], bool grey,
    const aver_taps *columns, const aver_taps *rows, size_t row, size_t column, size_t count) {
  const size_t plane = rows->outputs * columns->outputs;
  UNROLLED
  for (size_t quad = 0; quad < QUADS; quad++) {
    UNROLLED
    for (size_t j = 0; j < 4; j++) {
      const size_t to_row = grey ? row + 4 * quad + j : row + quad;
      if (to_row >= rows->outputs || (!grey && j == 3)) continue;
      float *to = planes + (grey ? 0 : j * plane) + to_row * columns->outputs + column;
      NAME(store_quad)(to, sums[j], quad, count);
    }
  }
}

INLINE void NAME(shorten)(float *planes, const float *scratch, bool grey, const aver_taps *columns,
    const aver_taps *rows, size_t row, float factor) {
  for (size_t column = 0; column < columns->outputs; column += 4) {
    const size_t rest = columns->outputs - column;
    const size_t count = rest < 4 ? rest : 4;
    FLOATS sums[4] = {{0}};
    for (size_t i = 0; i < count; i++) {
      sums[i] = NAME(horizontal_sum)(scratch, columns, column + i) * factor;
    }
    NAME(transpose_quads)(sums);
    if (count == 4) {
      NAME(store_columns)(planes, sums, grey, columns, rows, row, column, 4);
    } else {
      NAME(store_columns)(planes, sums, grey, columns, rows, row, column, count);
    }
  }
}

KERNEL void NAME(resize)(float *planes, float *scratch, const aver_picture *picture,
    const aver_taps *columns, const aver_taps *rows, float factor) {
  const bool grey = picture->channels == 1;
  for (size_t row = 0; row < rows->outputs; row += grey ? LANES : QUADS) {
    NAME(narrow)(scratch, picture, columns, rows, row);
    NAME(shorten)(planes, scratch, grey, columns, rows, row, factor);
  }
}

#undef QUADS
#undef UNROLLED
