// Matrix products over lanes. A part of winograd_template.h.

// Where an operand's element (r, k) lies: at
//   r / 16 · panel + r % 16 · row + k / run · runs + k % run · step.
typedef struct {
  const LANE *lanes;
  int64_t panel, row, run, runs, step;
} NAME(left_operand);

// sums [ROWS, COLUMNS] (+)= left [ROWS, depth] · right [depth, COLUMNS], in lanes.
INLINE void NAME(multiply_panel)(float *sums, int64_t stride, NAME(left_operand) left,
    const LANE *right, int64_t depth, bool accumulate) {
  FLOATS total[ROWS][2];
#pragma clang loop unroll(full)
  for (int r = 0; r < ROWS; r++) {
    for (int half = 0; half < 2; half++) {
      FLOATS zero = {0};
      total[r][half] = accumulate ? NAME(load_sums)(sums + r * stride + 16 * half) : zero;
    }
  }
  for (int64_t start = 0; start < depth; start += left.run, left.lanes += left.runs) {
    for (int64_t k = 0; k < left.run; k++, right += COLUMNS) {
      FLOATS first = NAME(load_sums)((const float *)right);
      FLOATS second = NAME(load_sums)((const float *)right + 16);
#pragma clang loop unroll(full)
      for (int r = 0; r < ROWS; r++) {
        const LANE *factor = left.lanes + r * left.row + k * left.step;
        total[r][0] = NAME(multiply_add)(total[r][0], factor, first);
        total[r][1] = NAME(multiply_add)(total[r][1], factor, second);
      }
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < ROWS; r++) {
    for (int half = 0; half < 2; half++) {
      NAME(store_sums)(sums + r * stride + 16 * half, total[r][half]);
    }
  }
}

// sums [rows, COLUMNS] (+)= left [rows, depth] · right [depth, COLUMNS], where `rows` is a multiple of
// ROWS, `depth` one of left's runs, and the rows of the sums are `stride` apart.
TARGET static void NAME(multiply)(float *sums, int64_t stride, int64_t rows,
    NAME(left_operand) left, const LANE *right, int64_t depth, bool accumulate) {
  for (int64_t r = 0; r < rows; r += ROWS) {
    NAME(left_operand) at_row = left;
    at_row.lanes += r / 16 * left.panel + r % 16 * left.row;
    NAME(multiply_panel)(sums + r * stride, stride, at_row, right, depth, accumulate);
  }
}
