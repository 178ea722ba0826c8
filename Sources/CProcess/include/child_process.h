/// Starting a program as a launcher of jobs needs it, which Swift cannot: between fork and exec only
/// functions that are safe in signal handlers may run, and Foundation's Process neither opens a session
/// nor asks for a signal when its parent dies.
#pragma once

#include <sys/types.h>

/// Starts `path` with `arguments` (argv, with a null at the end) and returns its process, or -1 with errno
/// set where that fails, also where it is the execution that does.
///
/// The program runs in a session of its own, so that what a terminal sends reaches the caller alone. Its
/// signals are as at login, its standard input is empty, and it writes to `output` and `errors`. It gets
/// `death_signal` when the *thread* that called this ends, however that may be: call it on the first one.
pid_t aver_start_process(
    const char *path, char *const *arguments, int output, int errors, int death_signal);
