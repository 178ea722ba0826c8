// Loaded into a program (LD_PRELOAD), makes calls of the C library that change a folder's content fail, wait
// or be the process's last.
//
// AVER_FAULTS="PART ACTION FIRST LAST": of the calls on paths that have PART in them, those from the
// FIRST to the LAST, counted from 1 over all threads, are subject to ACTION: `kill` (SIGKILL, before the
// call), `errno=N` (the call fails) or `sleep=MICROSECONDS`. AVER_FAULTS_LOG names a file to which a line a
// call is appended. AVER_FAULTS_RANK restricts both to one of the ranks that mpirun starts.
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
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int calls;

static void log_call(const char *name, const char *path) {
  const char *file = getenv("AVER_FAULTS_LOG");
  if (!file) return;
  char line[8192];
  int length = snprintf(line, sizeof line, "%s %s\n", name, path);
  // Straight to the kernel: these calls are none of those that are counted.
  long log = syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (log < 0) return;
  syscall(SYS_write, log, line, length);
  syscall(SYS_close, log);
}

static int is_of_another_rank(void) {
  const char *wanted = getenv("AVER_FAULTS_RANK");
  const char *own = getenv("OMPI_COMM_WORLD_RANK");
  return wanted && (!own || strcmp(wanted, own));
}

// Whether the call has to fail; errno says with what.
static int fails(const char *name, const char *path) {
  const char *setting = getenv("AVER_FAULTS");
  char part[256], action[64];
  int first, last;
  if (!setting || sscanf(setting, "%255s %63s %d %d", part, action, &first, &last) != 4) return 0;
  if (!strstr(path, part) || is_of_another_rank()) return 0;
  log_call(name, path);
  int number = atomic_fetch_add(&calls, 1) + 1;
  if (number < first || number > last) return 0;
  if (!strcmp(action, "kill")) kill(getpid(), SIGKILL);
  if (!strncmp(action, "sleep=", 6)) usleep((useconds_t)atoi(action + 6));
  if (strncmp(action, "errno=", 6)) return 0;
  errno = atoi(action + 6);
  return 1;
}

static int fails_at(const char *name, int file) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return fails(name, path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define ON_PATH(result, name, arguments, values, path) \
  result name arguments { return fails(#name, path) ? -1 : REAL(name) values; }
#define ON_FILE(result, name, arguments, values, file) \
  result name arguments { return fails_at(#name, file) ? -1 : REAL(name) values; }

ON_PATH(int, mkdir, (const char *path, mode_t mode), (path, mode), path)
ON_PATH(int, rename, (const char *from, const char *to), (from, to), to)
ON_PATH(int, unlink, (const char *path), (path), path)
ON_PATH(int, rmdir, (const char *path), (path), path)
ON_PATH(int, remove, (const char *path), (path), path)
ON_PATH(int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags), path)
ON_FILE(ssize_t, write, (int file, const void *bytes, size_t count), (file, bytes, count), file)
ON_FILE(ssize_t, pwrite, (int file, const void *bytes, size_t count, off_t at), (file, bytes, count, at), file)
ON_FILE(ssize_t, pwrite64, (int file, const void *bytes, size_t count, off_t at), (file, bytes, count, at), file)
ON_FILE(int, fsync, (int file), (file), file)
ON_FILE(int, ftruncate, (int file, off_t length), (file, length), file)
ON_FILE(int, ftruncate64, (int file, off_t length), (file, length), file)

// Opening for reading changes nothing.
#define OPEN(name)                                                  \
  int name(const char *path, int flags, ...) {                      \
    va_list rest;                                                   \
    va_start(rest, flags);                                          \
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;       \
    va_end(rest);                                                   \
    if ((flags & O_ACCMODE) != O_RDONLY && fails(#name, path)) return -1; \
    return REAL(name)(path, flags, mode);                           \
  }
OPEN(open)
OPEN(open64)
