#pragma once
#include <stdint.h>
#include <sys/types.h>

// A program to start. The child gets exactly what is named here: its arguments, its environment, `descriptor_count`
// descriptors as 0, 1, 2, … and nothing else that was open.
struct caisson_program {
    const char *path;
    char *const *arguments;
    char *const *environment;
    const char *directory;  // NULL: the caller's
    const int *descriptors; // -1: /dev/null
    int descriptor_count;
    uint64_t clone_flags;      // CLONE_NEW*
    int new_session;           // its own session and process group; else its own process group only
    int no_new_privileges;     // set-id bits of the program mean nothing
    int dies_with_thread;      // SIGKILL when the calling thread ends
    uint64_t file_size_limit;  // RLIMIT_FSIZE; 0: the caller's
    uint64_t cpu_seconds;      // RLIMIT_CPU; 0: the caller's
    uint64_t address_space;    // RLIMIT_AS; 0: the caller's
};

// Starts `program`; returns its process id and stores a pidfd in `*pidfd`. On failure returns -1 and errno, with the
// step that failed in `*failed`. The caller's thread waits until the program runs.
pid_t caisson_start(const struct caisson_program *program, int *pidfd, const char **failed);

// Reaps the child of `pidfd`. Returns 1 with `*code` (CLD_EXITED, CLD_KILLED, CLD_DUMPED) and `*status`, 0 while it
// still runs, -1 and errno on failure. Never blocks.
int caisson_reap(int pidfd, int *code, int *status);

// pidfd_send_signal(2).
int caisson_signal(int pidfd, int signal);

// pipe2(2) with O_CLOEXEC.
int caisson_pipe(int ends[2]);

// Makes the hard limit of a process for `resource` (prlimit(2)) at least `hard`, and leaves its soft one.
int caisson_raise_limit(pid_t process, int resource, uint64_t hard);
