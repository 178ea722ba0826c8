// The transforms of weights. A part of winograd_template.h.

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

// The weights [3, 3, I, O] of a convolution, as a pass reads them.
typedef struct {
  const aver_winograd_shape *shape;
  const float *plain;
  const float *factors;  // [O], or NULL for 1
  // For the backward pass of the data: turned by 180 degrees and with the channels exchanged.
  bool is_turned;
  // All panels, transformed; NULL where that is to be done.
  const LANE *transformed;
} NAME(weights);

// Transforms the weights of the output channels from `output` on to lanes
// [position, I / KPACK, COLUMNS].
TARGET static void NAME(transform_panel)(const NAME(weights) *weights, int64_t output,
    LANE *panel, int64_t position_stride) {
  int64_t inputs = weights->shape->input_channels, outputs = weights->shape->output_channels;
  for (int64_t input = 0; input < inputs; input += KPACK) {
    for (int64_t column = 0; column < COLUMNS; column += 16) {
      FLOATS values[KPACK * POSITIONS];
#pragma clang loop unroll(full)
      for (int i = 0; i < KPACK; i++) {
        NAME(weights_tile)
        (values + i * POSITIONS, weights->plain + (input + i) * outputs + output + column,
            weights->factors ? weights->factors + output + column : NULL, inputs * outputs);
      }
      NAME(store_tiles)(panel + input / KPACK * COLUMNS + column, position_stride, values);
    }
  }
}

// 16 x 16 floats with rows and columns exchanged: four times, the first half of the rows is shuffled
// perfectly with the second.
INLINE void NAME(transpose)(FLOATS *rows) {
#pragma clang loop unroll(full)
  for (int round = 0; round < 4; round++) {
    FLOATS shuffled[16];
#pragma clang loop unroll(full)
    for (int r = 0; r < 8; r++) {
      shuffled[2 * r] = __builtin_shufflevector(
          rows[r], rows[r + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      shuffled[2 * r + 1] = __builtin_shufflevector(
          rows[r], rows[r + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < 16; r++) rows[r] = shuffled[r];
  }
}

// 3x3 weights of 16 input channels from `input` and 16 output channels from `output` on, turned:
// [tap, output channel, input channel].
INLINE void NAME(turn_weights)(
    float turned[9][16][16], const NAME(weights) *weights, int64_t input, int64_t output) {
  int64_t inputs = weights->shape->input_channels, outputs = weights->shape->output_channels;
  for (int tap = 0; tap < 9; tap++) {
    FLOATS rows[16];
#pragma clang loop unroll(full)
    for (int i = 0; i < 16; i++) {
      rows[i] = NAME(load_sums)(
          weights->plain + (tap * inputs + input + i) * outputs + output);
    }
    NAME(transpose)(rows);
#pragma clang loop unroll(full)
    for (int o = 0; o < 16; o++) NAME(store_sums)(turned[8 - tap][o], rows[o]);
  }
}

// Transforms the turned weights of the input channels from `input` on to lanes
// [position, O / KPACK, COLUMNS].
TARGET static void NAME(transform_turned_panel)(const NAME(weights) *weights, int64_t input,
    LANE *panel, int64_t position_stride) {
  for (int64_t column = 0; column < COLUMNS; column += 16) {
    for (int64_t output = 0; output < weights->shape->output_channels; output += 16) {
      float turned[9][16][16];
      NAME(turn_weights)(turned, weights, input + column, output);
      for (int64_t o = 0; o < 16; o += KPACK) {
        FLOATS values[KPACK * POSITIONS];
#pragma clang loop unroll(full)
        for (int i = 0; i < KPACK; i++) {
          NAME(weights_tile)(values + i * POSITIONS, turned[0][o + i], NULL, 16 * 16);
        }
        NAME(store_tiles)
        (panel + (output + o) / KPACK * COLUMNS + column, position_stride, values);
      }
    }
  }
}

// Transforms the panel that gives the channels from `channel` on.
INLINE void NAME(make_panel)(
    const NAME(weights) *weights, int64_t channel, LANE *panel, int64_t position_stride) {
  if (weights->is_turned) {
    NAME(transform_turned_panel)(weights, channel, panel, position_stride);
  } else {
    NAME(transform_panel)(weights, channel, panel, position_stride);
  }
}

// Transforms all weights to lanes [O / COLUMNS, position, I / KPACK, COLUMNS].
TARGET static void NAME(transform_weights)(const aver_winograd_shape *shape, const float *plain,
    const float *factors, void *transformed) {
  NAME(weights) weights = {.shape = shape, .plain = plain, .factors = factors};
  int64_t stride = weights_stride_of(shape->input_channels, sizeof(ELEMENT));
  LANE *panel = transformed;
  for (int64_t output = 0; output < shape->output_channels; output += COLUMNS) {
    NAME(transform_panel)(&weights, output, panel, stride);
    panel += POSITIONS * stride;
  }
}
