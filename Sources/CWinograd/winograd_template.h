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

#include "numbers_template.h"
#include "products_template.h"
#include "tiles_template.h"
#include "weights_template.h"
#include "convolution_template.h"
#include "correlation_template.h"

#undef INLINE
#undef FLOATS
#undef ELEMENT
#undef LANE
#undef KPACK
#undef BFLOAT16
#undef NAME
#undef TARGET
