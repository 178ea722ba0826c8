// Included once per instruction set by image_template.h, before resize_template.h.

typedef struct {
  FLOATS red, green, blue;
} NAME(colours);
#define COLOURS NAME(colours)

INLINE FLOATS NAME(unit)(FLOATS value) {
  const FLOATS zero = {0};
  const FLOATS one = zero + 1.0f;
  value = NAME(select)((WORDS)(value > zero), value, zero);
  return NAME(select)((WORDS)(value < one), value, one);
}

INLINE FLOATS NAME(grey)(COLOURS pixel) {
  return pixel.red * 0.2989f + pixel.green * 0.587f + pixel.blue * 0.114f;
}

// Pixels `first` ... after the image's changes.
INLINE COLOURS NAME(changed)(const aver_colour_planes *image, size_t first, size_t lanes) {
  const bool grey = image->channels == 1;
  const float *from = image->planes + first;
  COLOURS pixel;
  pixel.red = NAME(load_f32)(from, lanes);
  pixel.green = grey ? pixel.red : NAME(load_f32)(from + image->pixels, lanes);
  pixel.blue = grey ? pixel.red : NAME(load_f32)(from + 2 * image->pixels, lanes);
  for (size_t i = 0; i < image->change_count; i++) {
    const aver_colour_change *change = image->changes + i;
    FLOATS added = {0};
    added = added + change->added;
    if (change->kind == aver_add_own_grey) added = added * NAME(grey)(pixel);
    pixel.red = NAME(unit)(pixel.red * change->factor + added);
    if (grey) {
      pixel.green = pixel.blue = pixel.red;
    } else {
      pixel.green = NAME(unit)(pixel.green * change->factor + added);
      pixel.blue = NAME(unit)(pixel.blue * change->factor + added);
    }
  }
  return pixel;
}

// Sums are 16 partial ones over up to 1024 pixels, which do not depend on LANES, then in double: float
// sums of a whole image would be wrong in the sixth digit.
#define PARTS (16 / LANES)

KERNEL float NAME(mean_grey)(const aver_colour_planes *image) {
  double total = 0;
  for (size_t start = 0; start < image->pixels; start += 1024) {
    const size_t end = start + 1024 < image->pixels ? start + 1024 : image->pixels;
    FLOATS sums[PARTS] = {{0}};
    for (size_t i = start; i < end; i += 16) {
      for (size_t part = 0; part < PARTS; part++) {
        const size_t first = i + part * LANES;
        if (first + LANES <= end) {
          sums[part] = sums[part] + NAME(grey)(NAME(changed)(image, first, LANES));
        } else if (first < end) {
          // Lanes without a pixel count nothing, though changes make something of them.
          float rest[LANES] = {0};
          FLOATS greys = NAME(grey)(NAME(changed)(image, first, end - first));
          NAME(store_f32)(rest, greys, end - first);
          sums[part] = sums[part] + NAME(load_f32)(rest, LANES);
        }
      }
    }
    float parts[16];
    __builtin_memcpy(parts, sums, sizeof parts);
    for (size_t i = 0; i < 16; i++) total += parts[i];
  }
  return (float)(total / (double)image->pixels);
}

// Element l of vector j of interleaved pixels is the colour (j * LANES + l) % 3 of one of LANES pixels:
// first red and green are put in place, then blue.
#define PIXEL(j, l) (((j) * LANES + (l)) / 3)
#define COLOUR(j, l) (((j) * LANES + (l)) % 3)
#define RED_OR_GREEN(j, l) (COLOUR(j, l) == 1 ? LANES + PIXEL(j, l) : PIXEL(j, l))
#define THESE_OR_BLUE(j, l) (COLOUR(j, l) == 2 ? LANES + PIXEL(j, l) : (l))
#define FOUR_LANES(index, j, l) index(j, l), index(j, l + 1), index(j, l + 2), index(j, l + 3)
#if LANES == 4
#define ALL_LANES(index, j) FOUR_LANES(index, j, 0)
#elif LANES == 8
#define ALL_LANES(index, j) FOUR_LANES(index, j, 0), FOUR_LANES(index, j, 4)
#else
#define ALL_LANES(index, j)                                                                   \
  FOUR_LANES(index, j, 0), FOUR_LANES(index, j, 4), FOUR_LANES(index, j, 8), FOUR_LANES(index, j, 12)
#endif
#define INTERLEAVED(j)                                                                         \
  __builtin_shufflevector(                                                                     \
      __builtin_shufflevector(pixel.red, pixel.green, ALL_LANES(RED_OR_GREEN, j)), pixel.blue, \
      ALL_LANES(THESE_OR_BLUE, j))

INLINE void NAME(store_pixels)(
    void *output, size_t first, COLOURS pixel, aver_element_type type, size_t lanes) {
  const FLOATS vectors[3] = {INTERLEAVED(0), INTERLEAVED(1), INTERLEAVED(2)};
  for (size_t j = 0; j < 3 && j * LANES < 3 * lanes; j++) {
    const size_t rest = 3 * lanes - j * LANES;
    NAME(store)(output, 3 * first + j * LANES, vectors[j], type, rest < LANES ? rest : LANES);
  }
}

INLINE void NAME(write_pixels)(void *output, const aver_colour_planes *image,
    const aver_image_format *format, size_t first, size_t lanes) {
  COLOURS pixel = NAME(changed)(image, first, lanes);
  pixel.red = pixel.red * format->factors[0] + format->added[0];
  pixel.green = pixel.green * format->factors[1] + format->added[1];
  pixel.blue = pixel.blue * format->factors[2] + format->added[2];
  if (format->is_planar) {
    NAME(store)(output, first, pixel.red, format->type, lanes);
    NAME(store)(output, image->pixels + first, pixel.green, format->type, lanes);
    NAME(store)(output, 2 * image->pixels + first, pixel.blue, format->type, lanes);
  } else {
    NAME(store_pixels)(output, first, pixel, format->type, lanes);
  }
}

KERNEL void NAME(write_image)(
    void *output, const aver_colour_planes *image, const aver_image_format *format) {
  size_t i = 0;
  for (; i + LANES <= image->pixels; i += LANES) {
    NAME(write_pixels)(output, image, format, i, LANES);
  }
  if (i < image->pixels) NAME(write_pixels)(output, image, format, i, image->pixels - i);
}

#undef COLOURS
#undef PARTS
#undef PIXEL
#undef COLOUR
#undef RED_OR_GREEN
#undef THESE_OR_BLUE
#undef FOUR_LANES
#undef ALL_LANES
#undef INTERLEAVED
