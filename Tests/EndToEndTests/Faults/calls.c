// Loaded into a rank (LD_PRELOAD), makes one call of a library be its last, stop the process or fail.
//
// AVER_CALL_FAULT="FUNCTION ACTION NUMBER": the NUMBER-th call of FUNCTION, counted from 1 over all threads, is
// subject to ACTION: `kill` (SIGKILL), `stop` (SIGSTOP), `hang` (the thread sleeps for ten minutes) or `fail` (the
// call returns an error).
// AVER_CALL_FAULT_RANK names the rank it happens to. AVER_CALL_COUNTS names a file to which, at the end,
// that rank's calls are written, a line "FUNCTION COUNT" each.
// AVER_NODES_OF_ONE: ranks of one host count as ranks of different ones, so that gradients travel in messages.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = {
    "dnnl_primitive_execute", "MPI_Allreduce", "MPI_Bcast", "MPI_Allgather",
    "MPI_Irecv", "MPI_Barrier", "open",
};
enum { functions = sizeof names / sizeof *names };
static atomic_int counts[functions];

static int is_rank_concerned(void) {
  const char *wanted = getenv("AVER_CALL_FAULT_RANK");
  const char *own = getenv("OMPI_COMM_WORLD_RANK");
  return wanted && own && !strcmp(wanted, own);
}

// Whether the call has to fail.
static int fails(int function) {
  if (!is_rank_concerned()) return 0;
  int number = atomic_fetch_add(&counts[function], 1) + 1;
  const char *setting = getenv("AVER_CALL_FAULT");
  char name[64], action[16];
  int wanted;
  if (!setting || sscanf(setting, "%63s %15s %d", name, action, &wanted) != 3) return 0;
  if (number != wanted || strcmp(name, names[function])) return 0;
  if (!strcmp(action, "kill")) raise(SIGKILL);
  if (!strcmp(action, "stop")) kill(getpid(), SIGSTOP);
  if (!strcmp(action, "hang")) sleep(600);
  return !strcmp(action, "fail");
}

__attribute__((destructor)) static void write_counts(void) {
  const char *path = getenv("AVER_CALL_COUNTS");
  if (!path || !is_rank_concerned()) return;
  FILE *file = fopen(path, "w");
  if (!file) return;
  for (int function = 0; function < functions; function++) {
    fprintf(file, "%s %d\n", names[function], counts[function]);
  }
  fclose(file);
}

// All arguments are whole numbers or addresses, and all of these functions have at most seven.
typedef int (*call)(long, long, long, long, long, long, long);

#define FORWARD(function, number, failure)                                     \
  int function(long a, long b, long c, long d, long e, long f, long g) {       \
    static call real;                                                          \
    if (!real) real = (call)dlsym(RTLD_NEXT, #function);                       \
    return fails(number) ? failure : real(a, b, c, d, e, f, g);                \
  }

FORWARD(dnnl_primitive_execute, 0, 5 /* dnnl_runtime_error */)
FORWARD(MPI_Allreduce, 1, 16 /* MPI_ERR_OTHER */)
FORWARD(MPI_Bcast, 2, 16)
FORWARD(MPI_Allgather, 3, 16)
FORWARD(MPI_Irecv, 4, 16)
FORWARD(MPI_Barrier, 5, 16)

// The pictures only: what a process opens on its way is no phase of a training.
#define OPEN(function)                                                         \
  int function(const char *path, int flags, ...) {                             \
    va_list rest;                                                              \
    va_start(rest, flags);                                                     \
    int mode = flags & O_CREAT ? va_arg(rest, int) : 0;                        \
    va_end(rest);                                                              \
    static int (*real)(const char *, int, ...);                                \
    if (!real) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #function); \
    if (strstr(path, "/affectnet/") && strstr(path, ".jpg") && fails(6)) return -1; \
    return real(path, flags, mode);                                            \
  }

OPEN(open)
OPEN(open64)

int MPI_Comm_split_type(void *comm, int type, int key, void *info, void **result) {
  typedef int (*split_type)(void *, int, int, void *, void **);
  typedef int (*split)(void *, int, int, void **);
  if (!getenv("AVER_NODES_OF_ONE")) {
    return ((split_type)dlsym(RTLD_NEXT, "MPI_Comm_split_type"))(comm, type, key, info, result);
  }
  return ((split)dlsym(RTLD_NEXT, "MPI_Comm_split"))(comm, key, 0, result);
}
