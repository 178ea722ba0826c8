/// 3x3 convolutions of stride 1 and padding 1 by Winograd's minimal filtering, F(2x2, 3x3): 16
/// multiplications in place of 36 for each 2x2 outputs.
//
/// Source: A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks", 2015.
//
/// Activations are in oneDNN's layouts nChw16c or nhwc, float32 or bfloat16; sums are float32. In
/// bfloat16 the transformed inputs and weights are rounded once more, each to 8 bits. Everything here
/// allocates nothing, and adds in an order that depends on the shape alone.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { aver_winograd_f32, aver_winograd_bf16 } aver_winograd_type;

typedef struct {
  aver_winograd_type type;
  /// nhwc instead of nChw16c.
  bool channels_last;
  /// Channels are multiples of 32.
  int64_t batch, input_channels, output_channels, height, width;
  /// That share the work; results are the same for any number of them.
  int threads;
} aver_winograd_shape;

/// Whether the processor has the instructions: AVX-512, for bfloat16 AVX512_BF16 as well.
bool aver_winograd_is_available(aver_winograd_type type);

typedef enum {
  aver_winograd_pass_forward,
  aver_winograd_pass_inference,
  aver_winograd_pass_backward_data,
  aver_winograd_pass_backward_weights,
} aver_winograd_pass;

/// Bytes of the weights as inference reads them.
size_t aver_winograd_weights_bytes(const aver_winograd_shape *shape);
/// Bytes of scratch memory, aligned to 64, for a pass.
size_t aver_winograd_scratch_bytes(const aver_winograd_shape *shape, aver_winograd_pass pass);

/// Transforms float32 weights [3, 3, I, O], times factors [O] where `factors` is not NULL, for
/// inference. The result is aligned to 64 bytes.
void aver_winograd_transform_weights(const aver_winograd_shape *shape, const float *weights,
    const float *factors, void *transformed);

/// What is done to float32 sums before they are rounded.
typedef struct {
  /// Added, by output channel [O]; or NULL.
  const float *biases;
  /// Added, as the destination in type and layout, may be the destination; or NULL.
  const void *addend;
  /// Then negative ones become 0.
  bool relu;
} aver_winograd_ending;

/// destination [N, O, H, W] = convolution of source [N, I, H, W] with float32 weights [3, 3, I, O].
///
/// In training, weights change with every step: here and in the backward pass of the data they are
/// transformed on the way, in about the time in which a copy would be brought up to date.
void aver_winograd_forward(const aver_winograd_shape *shape, const void *source,
    const float *weights, void *destination, void *scratch);
/// The same with transformed weights and with what follows the convolution.
void aver_winograd_infer(const aver_winograd_shape *shape, const void *source,
    const void *transformed_weights, aver_winograd_ending ending, void *destination, void *scratch);
/// source_gradient [N, I, H, W] from destination_gradient [N, O, H, W] and float32 weights
/// [3, 3, I, O].
void aver_winograd_backward_data(const aver_winograd_shape *shape,
    const void *destination_gradient, const float *weights, void *source_gradient, void *scratch);
/// weights_gradient, float32 [3, 3, I, O], from source and destination_gradient.
void aver_winograd_backward_weights(const aver_winograd_shape *shape, const void *source,
    const void *destination_gradient, float *weights_gradient, void *scratch);
