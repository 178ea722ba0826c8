// Their folder is on the path of headers; pkg-config says so.
#include <cairo.h>
#include <cairo-svg.h>
