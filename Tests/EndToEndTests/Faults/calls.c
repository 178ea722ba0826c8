// Loaded into a rank (LD_PRELOAD), makes one call of a library be its last, stop the process or fail.
//
// Calls are counted by the phase of a training that they belong to: `start` (collectives before the first kernel),
// `data` (pictures opened), `forward` (kernels), `reduction` (messages of gradients; there are none in shared memory),
// `agreement` (other collectives), `checkpoint` (fsync below `checkpoints`), `evaluation` (pictures opened whose number,
// as in face-160.jpg, is AVER_FIRST_EVALUATED or more).
//
// AVER_CALL_FAULT="PHASE ACTION NUMBER": the NUMBER-th call of PHASE, counted from 1 over all threads, is
// subject to ACTION: `kill` (SIGKILL), `stop` (SIGSTOP), `hang` (the thread sleeps for ten minutes) or `fail` (the
// call returns an error).
// AVER_CALL_FAULT_RANK names the rank it happens to, or `all`. AVER_CALL_COUNTS names a file to which, at the end,
// that rank's calls are written, a line "PHASE COUNT" each.
// AVER_NODES_OF_ONE: ranks of one host count as ranks of different ones, so that gradients travel in messages.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum phase { start, data, forward, reduction, agreement, checkpoint, evaluation, phases };
static const char *const names[phases] = {
    "start", "data", "forward", "reduction", "agreement", "checkpoint", "evaluation",
};
static atomic_int counts[phases];

static int is_rank_concerned(void) {
  const char *wanted = getenv("AVER_CALL_FAULT_RANK");
  const char *own = getenv("OMPI_COMM_WORLD_RANK");
  return wanted && own && (!strcmp(wanted, "all") || !strcmp(wanted, own));
}

// Whether the call has to fail.
static int fails(enum phase phase) {
  if (!is_rank_concerned()) return 0;
  int number = atomic_fetch_add(&counts[phase], 1) + 1;
  const char *setting = getenv("AVER_CALL_FAULT");
  char name[64], action[16];
  int wanted;
  if (!setting || sscanf(setting, "%63s %15s %d", name, action, &wanted) != 3) return 0;
  if (number != wanted || strcmp(name, names[phase])) return 0;
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
  for (int phase = 0; phase < phases; phase++) {
    fprintf(file, "%s %d\n", names[phase], counts[phase]);
  }
  fclose(file);
}

// All arguments are whole numbers or addresses, and all of these functions have at most seven.
typedef int (*call)(long, long, long, long, long, long, long);

static enum phase of_collective(void) { return counts[forward] ? agreement : start; }

#define FORWARD(function, phase, failure)                                      \
  int function(long a, long b, long c, long d, long e, long f, long g) {       \
    static call real;                                                          \
    if (!real) real = (call)dlsym(RTLD_NEXT, #function);                       \
    return fails(phase) ? failure : real(a, b, c, d, e, f, g);                \
  }

FORWARD(dnnl_primitive_execute, forward, 5 /* dnnl_runtime_error */)
FORWARD(MPI_Irecv, reduction, 16 /* MPI_ERR_OTHER */)
FORWARD(MPI_Allreduce, of_collective(), 16)
FORWARD(MPI_Bcast, of_collective(), 16)
FORWARD(MPI_Allgather, of_collective(), 16)
FORWARD(MPI_Barrier, of_collective(), 16)

static int fails_as_file(enum phase phase) {
  if (!fails(phase)) return 0;
  errno = EIO;
  return 1;
}

// Whether a path is that of a picture, and of which phase.
static int is_picture(const char *path, enum phase *phase) {
  const char *name = strstr(path, "/face-");
  if (!strstr(path, "/affectnet/") || !name || !strstr(name, ".jpg")) return 0;
  const char *first = getenv("AVER_FIRST_EVALUATED");
  *phase = first && atoi(name + strlen("/face-")) >= atoi(first) ? evaluation : data;
  return 1;
}

int fsync(int file) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  path[length < 0 ? 0 : length] = 0;
  return strstr(path, "/checkpoints") && fails_as_file(checkpoint) ? -1 : real(file);
}

// The pictures only: what a process opens on its way is no phase of a training.
#define OPEN(function)                                                         \
  int function(const char *path, int flags, ...) {                             \
    va_list rest;                                                              \
    va_start(rest, flags);                                                     \
    int mode = flags & O_CREAT ? va_arg(rest, int) : 0;                        \
    va_end(rest);                                                              \
    static int (*real)(const char *, int, ...);                                \
    if (!real) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #function); \
    enum phase phase;                                                          \
    if (is_picture(path, &phase) && fails_as_file(phase)) return -1;           \
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
