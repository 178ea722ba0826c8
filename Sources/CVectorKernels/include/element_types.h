#pragma once

/// What an array of activations or of their gradients consists of.
typedef enum {
  aver_f32 = 0,
  /// The upper halves of float32.
  aver_bf16 = 1,
} aver_element_type;
