#define _GNU_SOURCE
#include "include/mount.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdint.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int caisson_fsopen(const char *type) { return (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC); }

int caisson_fsconfig_flag(int context, const char *key) {
    return (int)syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, key, NULL, 0);
}

int caisson_fsconfig_string(int context, const char *key, const char *value) {
    return (int)syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, key, value, 0);
}

int caisson_fsconfig_descriptor(int context, const char *key, int value) {
    return (int)syscall(SYS_fsconfig, context, FSCONFIG_SET_FD, key, NULL, value);
}

int caisson_fsconfig_create(int context) {
    return (int)syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
}

int caisson_fsmount(int context, unsigned attributes) {
    return (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
}

int caisson_clone_mount(int directory) {
    return (int)syscall(SYS_open_tree, directory, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
}

int caisson_idmap_mount(int mount, int user_namespace) {
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)user_namespace};
    return (int)syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH, &attributes, sizeof attributes);
}

static int hold(void *parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() == (pid_t)(intptr_t)parent)
        for (;;) pause();
    _exit(0);
}

pid_t caisson_start_namespace_holder(void *stack, size_t size) {
    // Every signal stays blocked in the child: it shares the parent's errno, which an interrupted call would write.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t child = clone(hold, (char *)stack + size, CLONE_NEWUSER | CLONE_VM, (void *)(intptr_t)getpid());
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return child;
}

void caisson_stop_namespace_holder(pid_t process) {
    kill(process, SIGKILL);
    while (waitpid(process, NULL, __WALL) < 0 && errno == EINTR) {}
}
