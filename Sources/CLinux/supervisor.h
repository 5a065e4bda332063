#pragma once
#include "include/supervisor.h"
#include <sched.h>
#include <linux/sched.h>

// What the files of the supervisor share. Everything here runs in single-threaded processes forked from it.

struct supervisor {
    int socket;
    unsigned base;        // first id of the user namespaces, outside
    const char *id_map;   // all of them, as /proc/<pid>/uid_map has it
    const char *slirp;    // path of slirp4netns; "" without
};

// fork(2) into new namespaces; `*pidfd` unless NULL.
pid_t supervisor_fork(uint64_t namespaces, int *pidfd);

// Answers `request` with what failed and errno.
void supervisor_refuse(const struct supervisor *supervisor, uint64_t id, const char *what);

// The bodies of forked processes; they end the process.
_Noreturn void supervisor_prepare_network(const struct supervisor *supervisor, const struct caisson_request *request);
_Noreturn void supervisor_run_step(
    const struct supervisor *supervisor, const struct caisson_request *request, const int *descriptors);
