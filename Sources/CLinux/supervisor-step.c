#define _GNU_SOURCE
#include "supervisor.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#ifndef MOVE_MOUNT_F_EMPTY_PATH
#define MOVE_MOUNT_F_EMPTY_PATH 0x4
#endif

// From a fresh process in its own mount and PID namespaces to the runtime with a ready bundle.

enum { failed_status = 125 };

static int log_descriptor;

static _Noreturn void fail(const char *format, ...) {
    int error = errno;
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    dprintf(log_descriptor, "cannot %s: %s", message, strerror(error));
    _exit(failed_status);
}

static void mount_private(const char *type, const char *path, unsigned long flags, const char *data) {
    if (mount(type, path, type, flags, data) < 0) fail("mount %s on %s", type, path);
}

// The runtime binds these into the step: nodes of its own, so that root in the step cannot change the mode or the owner
// of the host's.
static void make_devices(unsigned owner) {
    static const struct {
        const char *path;
        int major, minor;
    } devices[] = {
        {"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
        {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},
    };
    mount_private("tmpfs", "/dev", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k");
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        const char *path = devices[i].path;
        if (mknod(path, S_IFCHR, makedev(devices[i].major, devices[i].minor)) < 0 || chmod(path, 0666) < 0
            || chown(path, owner, owner) < 0)
            fail("create %s", path);
    }
}

static void write_file(
    const char *name, size_t name_length, const char *bytes, size_t size, unsigned mode, unsigned owner) {
    char path[256];
    if (snprintf(path, sizeof path, CAISSON_STEP_DIRECTORY "/%.*s", (int)name_length, name) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        fail("create a file of the bundle");
    }
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0 || fchown(file, owner, owner) < 0 || fchmod(file, mode) < 0) fail("create %s", path);
    while (size > 0) {
        ssize_t written = write(file, bytes, size);
        if (written < 0) fail("write %s", path);
        bytes += written;
        size -= (size_t)written;
    }
    close(file);
}

// Makes the bundle's files, which belong to `owner`; returns the runtime's arguments.
static char **unpack_bundle(int bundle, unsigned owner) {
    struct stat status;
    if (fstat(bundle, &status) < 0) fail("read the bundle");
    size_t size = (size_t)status.st_size;
    char *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, bundle, 0);
    if (bytes == MAP_FAILED) fail("read the bundle");
    char **arguments = NULL;
    for (size_t at = 0; at + sizeof(struct caisson_bundle_entry) <= size;) {
        struct caisson_bundle_entry entry;
        memcpy(&entry, bytes + at, sizeof entry);
        at += sizeof entry;
        if (entry.name_length > size - at || entry.size > size - at - entry.name_length) break;
        const char *name = bytes + at;
        char *contents = bytes + at + entry.name_length;
        at += (size_t)entry.name_length + entry.size;
        if (entry.name_length > 0) {
            write_file(name, entry.name_length, contents, entry.size, entry.mode, owner);
            continue;
        }
        arguments = calloc((size_t)entry.size + 1, sizeof *arguments);
        size_t count = 0;
        for (char *argument = contents; arguments && argument < contents + entry.size;
             argument += strnlen(argument, (size_t)(contents + entry.size - argument)) + 1)
            arguments[count++] = argument;
    }
    if (arguments == NULL || arguments[0] == NULL) {
        errno = EBADMSG;
        fail("read the bundle");
    }
    return arguments;
}

// `detached` may be the root of a directory tree or a single file.
static void attach(int detached, const char *path) {
    struct stat status;
    if (fstat(detached, &status) < 0) fail("read the status of a mount");
    if (S_ISDIR(status.st_mode)) {
        if (mkdir(path, 0755) < 0) fail("create %s", path);
    } else {
        int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        if (file < 0) fail("create %s", path);
        close(file);
    }
    if (syscall(SYS_move_mount, detached, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0) fail("attach %s", path);
}

// A runtime that can be written to starts itself anew from a copy that cannot, lest a container overwrite the program
// it was started by (CVE-2019-5736). One on a read-only mount is such a copy: that saves loading it twice.
static const char *protect_runtime(const char *program) {
    static const char path[] = CAISSON_STEP_DIRECTORY "/runtime";
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    if (file < 0) fail("create %s", path);
    close(file);
    if (mount(program, path, NULL, MS_BIND, NULL) < 0) fail("bind %s", program);
    if (mount(NULL, path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) < 0) fail("make %s read-only", path);
    return path;
}

static void place(const int *descriptors, int input) {
    int sources[] = {
        input,
        descriptors[caisson_step_stdout],
        descriptors[caisson_step_stderr],
        descriptors[caisson_step_log],
        descriptors[caisson_step_user_namespace],
        descriptors[caisson_step_network_namespace],
    };
    enum { count = sizeof sources / sizeof *sources };
    for (int i = 0; i < count; i++)
        if ((sources[i] = fcntl(sources[i], F_DUPFD_CLOEXEC, 300)) < 0) fail("place descriptors");
    for (int i = 0; i < count; i++)
        if (dup2(sources[i], i) < 0) _exit(failed_status);
    log_descriptor = caisson_runtime_log;
    if (syscall(SYS_close_range, count, ~0U, 0) < 0) fail("close descriptors");
}

_Noreturn void supervisor_run_step(
    const struct supervisor *supervisor, const struct caisson_request *request, const int *descriptors) {
    log_descriptor = descriptors[caisson_step_log];
    const int *cgroups = descriptors + caisson_step_fixed_count;
    const int *mounts = cgroups + request->cgroup_count;
    // "0" is the writer: everything it starts from now on is counted and limited.
    for (uint32_t i = 0; i < request->cgroup_count; i++)
        if (write(cgroups[i], "0", 1) != 1) fail("join a cgroup");
    setsid();
    // The mount namespace is a copy of the supervisor's; what is mounted here goes with this process.
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) fail("separate the mount namespace");
    mount_private("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    // Programs among the bundle's files can be run by what they are shown to.
    mount_private("tmpfs", CAISSON_STEP_DIRECTORY, MS_NOSUID | MS_NODEV, "mode=755,size=16m");
    make_devices(supervisor->base);
    char **arguments = unpack_bundle(descriptors[caisson_step_bundle], supervisor->base);
    attach(descriptors[caisson_step_root], CAISSON_STEP_DIRECTORY "/rootfs");
    if (mkdir(CAISSON_STEP_DIRECTORY "/mounts", 0755) < 0) fail("create the directory of mounts");
    for (uint32_t i = 0; i < request->mount_count; i++) {
        char path[64];
        snprintf(path, sizeof path, CAISSON_STEP_DIRECTORY "/mounts/%u", i);
        attach(mounts[i], path);
    }
    const char *program = protect_runtime(arguments[0]);
    // The node of its own: a runtime changes the owner of what it finds there.
    int input = request->has_input ? mounts[request->mount_count] : open("/dev/null", O_RDWR | O_CLOEXEC);
    place(descriptors, input);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    char *environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
    execve(program, arguments, environment);
    fail("run %s", arguments[0]);
}
