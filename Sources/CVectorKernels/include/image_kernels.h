#pragma once

#include <stddef.h>
#include <stdint.h>

#include "element_types.h"
#include "vector_kernels.h"

// Kernels between a decoded picture and the array that a network reads: resizing, colours,
// normalisation and layout. Every result has the same bits whichever instruction set computes it.
// They run on the thread that calls them.

#ifdef __cplusplus
extern "C" {
#endif

/// Pixels of 8 bits, rows without gaps.
typedef struct {
  const uint8_t *bytes;
  /// Pixels of a row.
  size_t width;
  /// Bytes of a pixel: 1 for grey, 4 for red, green, blue and one without a meaning.
  size_t channels;
} aver_picture;

/// One direction of a resize: output i is the sum over k < counts[i] of weights[i * stride + k] times
/// input starts[i] + k.
typedef struct {
  const int32_t *starts;
  const int32_t *counts;
  const float *weights;
  size_t stride;
  /// How many outputs there are, and whether the last comes first.
  size_t outputs;
  bool mirrored;
  /// The inputs that any output takes: first ..< end.
  size_t first, end;
} aver_taps;

/// Resizes, the rows first, and multiplies by `factor`.
///
/// Shapes: planes [1 or 3][rows.outputs][columns.outputs], 1 for grey; scratch
/// [aver_resize_scratch(columns)].
void aver_resize_u8(float *planes, float *scratch, const aver_picture *picture,
    const aver_taps *columns, const aver_taps *rows, float factor);

/// Floats that aver_resize_u8 needs to work in.
size_t aver_resize_scratch(const aver_taps *columns);

/// What a change of colours adds to a pixel that is multiplied.
typedef enum {
  /// A number.
  aver_add_constant = 0,
  /// The pixel's own grey, 0.2989 red + 0.587 green + 0.114 blue, times a number.
  aver_add_own_grey = 1,
} aver_colour_kind;

/// A change of colours: each becomes factor * colour + added (* grey), cut to 0...1.
typedef struct {
  aver_colour_kind kind;
  float factor, added;
} aver_colour_change;

/// An image on its way: planes [channels][pixels], 1 channel for grey, and changes that are still to
/// be made, in order.
typedef struct {
  const float *planes;
  size_t channels, pixels;
  const aver_colour_change *changes;
  size_t change_count;
} aver_colour_planes;

/// The mean grey of an image after its changes.
float aver_mean_grey_f32(const aver_colour_planes *image);

/// How an image is handed on: colour * factors[c] + added[c], as a network reads it.
typedef struct {
  float factors[3], added[3];
  aver_element_type type;
  /// [3][pixels] instead of [pixels][3].
  bool is_planar;
} aver_image_format;

/// Makes an image's changes and writes it as `format` says; grey becomes three equal colours.
///
/// Shapes: output 3 * image->pixels elements of the format's type.
void aver_write_image(
    void *output, const aver_colour_planes *image, const aver_image_format *format);

/// The kernels for one instruction set, with the meaning of the functions above.
typedef struct {
  void (*resize)(float *, float *, const aver_picture *, const aver_taps *, const aver_taps *, float);
  float (*mean_grey)(const aver_colour_planes *);
  void (*write)(void *, const aver_colour_planes *, const aver_image_format *);
} aver_image_kernels;

/// The kernels for `instruction_set`, or NULL where this processor or build lacks it: for tests
/// that hold the variants against each other.
const aver_image_kernels *aver_image_kernels_for(aver_instruction_set instruction_set);

#ifdef __cplusplus
}
#endif
