#define _GNU_SOURCE
#include "kernel_threads.h"

#include <dlfcn.h>
#include <pthread.h>

// What is called of OpenMP; NULL where there is none.
static struct {
  void (*set_threads)(int);
  void (*set_dynamic)(int);
  int (*thread_limit)(void);
  int (*thread)(void);
  int (*threads)(void);
  // Runs `member` in every thread of a team; 0 threads: as many as were set.
  void (*parallel)(void (*member)(void *), void *data, unsigned threads, unsigned flags);
} openmp;

static void find_openmp(void) {
  openmp.set_threads = (void (*)(int))dlsym(RTLD_DEFAULT, "omp_set_num_threads");
  openmp.set_dynamic = (void (*)(int))dlsym(RTLD_DEFAULT, "omp_set_dynamic");
  openmp.thread_limit = (int (*)(void))dlsym(RTLD_DEFAULT, "omp_get_thread_limit");
  openmp.thread = (int (*)(void))dlsym(RTLD_DEFAULT, "omp_get_thread_num");
  openmp.threads = (int (*)(void))dlsym(RTLD_DEFAULT, "omp_get_num_threads");
  openmp.parallel = (void (*)(void (*)(void *), void *, unsigned, unsigned))dlsym(
      RTLD_DEFAULT, "GOMP_parallel");
}

static bool has_openmp(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, find_openmp);
  return openmp.set_threads && openmp.set_dynamic && openmp.thread_limit &&
         openmp.thread && openmp.threads && openmp.parallel;
}

// OpenMP itself lets a thread that was told nothing have a team of all cores: beside the one that computes, each thread
// that sums, decodes or copies would begin one.
static _Thread_local int threads_of_caller = 1;

bool aver_set_kernel_threads(int threads) {
  // oneDNN's kernels wait inside for as many threads as they were made for: fewer would hang them.
  if (!has_openmp() || openmp.thread_limit() < threads) return false;
  openmp.set_dynamic(0);
  openmp.set_threads(threads);
  threads_of_caller = threads;
  return true;
}

int aver_kernel_threads(void) { return threads_of_caller; }

typedef struct {
  size_t parts;
  aver_work work;
  void *context;
} shared_work;

static void do_parts(const shared_work *shared, aver_range parts) {
  for (size_t part = parts.first; part < parts.end; part++) shared->work(shared->context, part);
}

static void do_own_parts(void *data) {
  const shared_work *shared = data;
  size_t threads = (size_t)openmp.threads();
  do_parts(shared, aver_part(shared->parts, threads, (size_t)openmp.thread()));
}

void aver_share_work(size_t parts, aver_work work, void *context) {
  shared_work shared = {.parts = parts, .work = work, .context = context};
  if (parts > 1 && aver_kernel_threads() > 1) {
    openmp.parallel(do_own_parts, &shared, 0, 0);
  } else {
    do_parts(&shared, aver_part(parts, 1, 0));
  }
}
