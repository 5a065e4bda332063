#define _GNU_SOURCE
#include "include/process.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

enum { stack_size = 64 * 1024 };

// Lives on the parent's stack; the child shares the parent's memory until it runs the program, so it answers here.
struct start {
    const struct caisson_program *program;
    pid_t parent;
    int error;
    const char *failed;
};

static int limit(int resource, uint64_t value) {
    if (value == 0) return 0;
    struct rlimit limit;
    if (getrlimit(resource, &limit) < 0) return -1;
    if (value < limit.rlim_max) limit.rlim_max = value;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(resource, &limit);
}

// dup2 below would overwrite a source that lies among the targets: first move all sources above them.
static int place_descriptors(const struct caisson_program *program) {
    int count = program->descriptor_count;
    int moved[count > 0 ? count : 1];
    for (int i = 0; i < count; i++) {
        int source = program->descriptors[i];
        if (source < 0) source = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (source < 0) return -1;
        moved[i] = fcntl(source, F_DUPFD_CLOEXEC, count);
        if (moved[i] < 0) return -1;
    }
    for (int i = 0; i < count; i++)
        if (dup2(moved[i], i) < 0) return -1;
    return (int)syscall(SYS_close_range, count, ~0U, 0);
}

static int fail(struct start *start, const char *step) {
    start->error = errno;
    start->failed = step;
    _exit(127);
}

static int run_child(void *argument) {
    struct start *start = argument;
    const struct caisson_program *program = start->program;
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int signal = 1; signal < NSIG; signal++) sigaction(signal, &standard, NULL);
    if (program->dies_with_thread) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) fail(start, "set the parent-death signal");
        // The parent may have died before the call above. In a new PID namespace it has no number: such a child learns
        // of it from its descriptors.
        if (!(program->clone_flags & CLONE_NEWPID) && getppid() != start->parent) _exit(127);
    }
    if (program->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) fail(start, "give up privileges");
    if (program->new_session ? setsid() < 0 : setpgid(0, 0) < 0) fail(start, "create a process group");
    if (program->directory && chdir(program->directory) < 0) fail(start, "enter the working directory");
    if (limit(RLIMIT_FSIZE, program->file_size_limit) < 0 || limit(RLIMIT_CPU, program->cpu_seconds) < 0
        || limit(RLIMIT_AS, program->address_space) < 0)
        fail(start, "set resource limits");
    if (place_descriptors(program) < 0) fail(start, "place descriptors");
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(program->path, program->arguments, program->environment);
    return fail(start, "run");
}

pid_t caisson_start(const struct caisson_program *program, int *pidfd, const char **failed) {
    struct start start = {.program = program, .parent = getpid()};
    void *stack = mmap(NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) {
        *failed = "map a stack";
        return -1;
    }
    // A handler of the parent must not run in the child, which shares its memory.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD | (int)program->clone_flags;
    pid_t pid = clone(run_child, (char *)stack + stack_size, flags, &start, pidfd);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    munmap(stack, stack_size);
    if (pid < 0) {
        *failed = "create a process";
        errno = error;
        return -1;
    }
    if (start.failed == NULL) return pid;
    waitpid(pid, NULL, 0);
    close(*pidfd);
    *failed = start.failed;
    errno = start.error;
    return -1;
}

int caisson_reap(int pidfd, int *code, int *status) {
    siginfo_t info = {0};
    if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) < 0) return -1;
    if (info.si_pid == 0) return 0;
    *code = info.si_code;
    *status = info.si_status;
    return 1;
}

int caisson_signal(int pidfd, int signal) { return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0); }

int caisson_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int caisson_raise_limit(pid_t process, int resource, uint64_t hard) {
    struct {
        uint64_t soft, hard;
    } limit;
    if (syscall(SYS_prlimit64, process, resource, NULL, &limit) < 0) return -1;
    if (limit.hard >= hard) return 0;
    limit.hard = hard;
    return (int)syscall(SYS_prlimit64, process, resource, &limit, NULL);
}
