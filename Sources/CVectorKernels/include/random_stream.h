#pragma once

#include <stdint.h>

/// Where a stream of CounterRandom begins: Philox's key, and the counter of the first block of four
/// numbers. The first word of the counter counts the blocks.
typedef struct {
  uint32_t key[2];
  uint32_t counter[4];
} aver_random_stream;
