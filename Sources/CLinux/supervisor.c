#define _GNU_SOURCE
#include "supervisor.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { most_steps = 512 };

struct step {
    pid_t pid; // 0: free
    uint64_t id;
};

static struct step steps[most_steps];

pid_t supervisor_fork(uint64_t namespaces, int *pidfd) {
    struct clone_args arguments = {
        .flags = namespaces | (pidfd ? CLONE_PIDFD : 0), .pidfd = (uint64_t)(uintptr_t)pidfd, .exit_signal = SIGCHLD};
    return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

static void reply(
    const struct supervisor *supervisor, const struct caisson_reply *reply, const int *descriptors, int count) {
    // The parent is gone: so is everything here.
    if (caisson_send(supervisor->socket, reply, sizeof *reply, descriptors, count, 1) < 0) _exit(1);
}

void supervisor_refuse(const struct supervisor *supervisor, uint64_t id, const char *what) {
    struct caisson_reply refusal = {.kind = caisson_reply_failed, .id = id, .error = errno};
    snprintf(refusal.message, sizeof refusal.message, "%s", what);
    reply(supervisor, &refusal, NULL, 0);
}

static void start_network(const struct supervisor *supervisor, const struct caisson_request *request) {
    pid_t pid = supervisor_fork(0, NULL);
    if (pid == 0) supervisor_prepare_network(supervisor, request);
    if (pid < 0) supervisor_refuse(supervisor, request->id, "create a process");
}

static void start_step(
    const struct supervisor *supervisor, const struct caisson_request *request, const int *descriptors, int count) {
    struct step *step = steps;
    while (step < steps + most_steps && step->pid != 0) step++;
    if (step == steps + most_steps) {
        errno = EAGAIN;
        return supervisor_refuse(supervisor, request->id, "run so many steps at once");
    }
    if (count != caisson_step_fixed_count + (int)(request->cgroup_count + request->mount_count + request->has_input)) {
        errno = EBADMSG;
        return supervisor_refuse(supervisor, request->id, "read a request");
    }
    int pidfd = -1;
    // Its first process is the runtime itself, pid 1 of a namespace of its own: killing that one process kills the step
    // and drops its mounts, whatever state the runtime was in.
    pid_t pid = supervisor_fork(CLONE_NEWPID | CLONE_NEWNS, &pidfd);
    if (pid == 0) supervisor_run_step(supervisor, request, descriptors);
    if (pid < 0) return supervisor_refuse(supervisor, request->id, "create a process");
    step->pid = pid;
    step->id = request->id;
    struct caisson_reply started = {.kind = caisson_reply_started, .id = request->id};
    reply(supervisor, &started, &pidfd, 1);
    close(pidfd);
}

static void take_request(const struct supervisor *supervisor) {
    struct caisson_request request;
    int descriptors[253];
    int count = 253;
    int64_t size = caisson_receive(supervisor->socket, &request, sizeof request, descriptors, &count);
    if (size <= 0) _exit(0);
    if (size == sizeof request) {
        if (request.kind == caisson_request_network) start_network(supervisor, &request);
        if (request.kind == caisson_request_step) start_step(supervisor, &request, descriptors, count);
    }
    for (int i = 0; i < count; i++) close(descriptors[i]);
}

static void reap(const struct supervisor *supervisor) {
    for (;;) {
        int status;
        struct rusage usage;
        pid_t pid = wait4(-1, &status, WNOHANG, &usage);
        if (pid <= 0) return;
        for (struct step *step = steps; step < steps + most_steps; step++) {
            if (step->pid != pid) continue;
            step->pid = 0;
            struct caisson_reply exited = {
                .kind = caisson_reply_exited,
                .id = step->id,
                .code = WIFEXITED(status) ? CLD_EXITED : CLD_KILLED,
                .status = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status),
                .processor_microseconds = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000
                    + (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec),
                .peak_resident_bytes = (uint64_t)usage.ru_maxrss * 1024,
            };
            reply(supervisor, &exited, NULL, 0);
        }
    }
}

static const char *set_up(void) {
    // Slave: unmounting on the host still reaches this namespace, nothing mounted here reaches the host.
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0) return "separate the mount namespace";
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) return "mount /proc";
    // crun refuses hosts with controllers in both cgroup versions, even when it is told to manage none.
    if (caisson_is_cgroup2("/sys/fs/cgroup/unified") == 1 && umount2("/sys/fs/cgroup/unified", MNT_DETACH) < 0)
        return "hide /sys/fs/cgroup/unified";
    if (setgroups(0, NULL) < 0) return "drop supplementary groups";
    if (chdir("/") < 0) return "enter /";
    umask(022);
    return NULL;
}

static _Noreturn void supervise(const struct supervisor *supervisor) {
    const char *failed = set_up();
    if (failed) {
        supervisor_refuse(supervisor, 0, failed);
        _exit(1);
    }
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    int signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    struct caisson_reply ready = {.kind = caisson_reply_ready};
    reply(supervisor, &ready, NULL, 0);
    struct pollfd sources[] = {{supervisor->socket, POLLIN, 0}, {signals, POLLIN, 0}};
    for (;;) {
        if (poll(sources, 2, -1) < 0) continue;
        if (sources[1].revents) {
            struct signalfd_siginfo ignored;
            while (read(signals, &ignored, sizeof ignored) > 0) {}
            reap(supervisor);
        }
        if (sources[0].revents) take_request(supervisor);
    }
}

// Runs before `main` and before anything of Swift.
__attribute__((constructor)) static void become_supervisor(int count, char **arguments) {
    if (count != 4 || strcmp(arguments[0], CAISSON_SUPERVISOR_NAME) != 0 || getpid() != 1) return;
    struct supervisor supervisor = {
        .socket = 0,
        .base = (unsigned)strtoul(arguments[1], NULL, 10),
        .id_map = arguments[2],
        .slirp = arguments[3],
    };
    fcntl(supervisor.socket, F_SETFD, FD_CLOEXEC);
    supervise(&supervisor);
}
