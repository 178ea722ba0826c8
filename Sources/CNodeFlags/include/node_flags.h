#pragma once

#include <stdbool.h>
#include <stdint.h>

// Numbers that processes of one node tell each other through memory that they share: what Swift has
// no atomic access to at an address that it did not choose.

#ifdef __cplusplus
extern "C" {
#endif

/// A number that one process says and others wait for. Zeros at first.
typedef struct {
  _Atomic(uint32_t) value;
  _Atomic(uint32_t) sleepers;
} aver_node_flag;

/// Says `value`, after everything that this thread has written before.
void aver_node_flag_say(aver_node_flag *flag, uint32_t value);

/// Waits until what was said is `value` or a later number; numbers begin anew behind 2³² - 1, and no flag is ever
/// 2³¹ ahead. What the speaker wrote before can be read after.
///
/// First at full speed, `spins` times: a core of its own finishes what it does at the same time within
/// microseconds. Then a few times after others have had this core, which they may need to get there. Then asleep.
///
/// Returns whether it was said, and gives up after some milliseconds.
bool aver_node_flag_await(aver_node_flag *flag, uint32_t value, uint32_t spins);

#ifdef __cplusplus
}
#endif
