#define _GNU_SOURCE
#include "child_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

// Exec keeps which signals are ignored and blocked.
static int reset_signals(void) {
  for (int number = 1; number < NSIG; number++) {
    // Fails for those that nobody may change, and where there is none of this number.
    signal(number, SIG_DFL);
  }
  sigset_t none;
  sigemptyset(&none);
  return sigprocmask(SIG_SETMASK, &none, NULL);
}

static int set_up(pid_t parent, int output, int errors, int death_signal) {
  if (setsid() == -1 || prctl(PR_SET_PDEATHSIG, death_signal) == -1) return -1;
  // It may have died before the signal was asked for.
  if (getppid() != parent) _exit(1);
  int empty = open("/dev/null", O_RDONLY);
  if (empty == -1 || dup2(empty, STDIN_FILENO) == -1) return -1;
  if (empty != STDIN_FILENO) close(empty);
  // Duplicates stay open in the program, also where what they were made of does not.
  if (dup2(output, STDOUT_FILENO) == -1 || dup2(errors, STDERR_FILENO) == -1) return -1;
  return reset_signals();
}

// Reads the errno that a child reports; 0 where exec closed the pipe.
static int reported_failure(int report) {
  int code = 0;
  ssize_t count;
  do {
    count = read(report, &code, sizeof code);
  } while (count == -1 && errno == EINTR);
  close(report);
  return count == sizeof code ? code : 0;
}

pid_t aver_start_process(
    const char *path, char *const *arguments, int output, int errors, int death_signal) {
  int report[2];
  if (pipe2(report, O_CLOEXEC) == -1) return -1;
  pid_t parent = getpid();
  pid_t child = fork();
  if (child == 0) {
    if (set_up(parent, output, errors, death_signal) == 0) execv(path, arguments);
    int code = errno;
    ssize_t written = write(report[1], &code, sizeof code);
    _exit(written == sizeof code ? 126 : 127);
  }
  int code = errno;
  close(report[1]);
  if (child == -1) {
    close(report[0]);
    errno = code;
    return -1;
  }
  code = reported_failure(report[0]);
  if (code == 0) return child;
  // It has ended by itself; nobody else is told of it.
  waitpid(child, NULL, 0);
  errno = code;
  return -1;
}
