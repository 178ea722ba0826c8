#define _GNU_SOURCE
#include "node_flags.h"

#include <limits.h>
#include <sched.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const struct timespec patience = {.tv_nsec = 10 * 1000 * 1000};
// A fraction of a millisecond on a core of its own. No more: some kernels count a yield against the process as if it had
// used the core.
static const uint32_t courtesies = 1000;

static inline void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static inline bool is_there(uint32_t said, uint32_t wanted) {
  return (int32_t)(said - wanted) >= 0;
}

void aver_node_flag_say(aver_node_flag *flag, uint32_t value) {
  // In one order with the count of sleepers: whoever lies down after this sees the new value.
  atomic_store(&flag->value, value);
  if (atomic_load(&flag->sleepers) > 0) {
    syscall(SYS_futex, &flag->value, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
  }
}

bool aver_node_flag_await(aver_node_flag *flag, uint32_t value, uint32_t spins) {
  for (uint32_t turn = 0; turn < spins; turn++) {
    if (is_there(atomic_load_explicit(&flag->value, memory_order_acquire), value)) {
      return true;
    }
    relax();
  }
  for (uint32_t turn = 0; turn < courtesies; turn++) {
    if (is_there(atomic_load_explicit(&flag->value, memory_order_acquire), value)) {
      return true;
    }
    sched_yield();
  }
  atomic_fetch_add(&flag->sleepers, 1);
  const uint32_t said = atomic_load(&flag->value);
  if (!is_there(said, value)) {
    // Does not sleep where the value is another one by now.
    syscall(SYS_futex, &flag->value, FUTEX_WAIT, said, &patience, NULL, 0);
  }
  atomic_fetch_sub(&flag->sleepers, 1);
  return is_there(atomic_load_explicit(&flag->value, memory_order_acquire), value);
}
