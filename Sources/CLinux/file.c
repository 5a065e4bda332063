#define _GNU_SOURCE
#include "include/file.h"
#include <errno.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

int caisson_openat(int directory, const char *path, int flags, mode_t mode) {
    return openat(directory, path, flags | O_CLOEXEC, mode);
}

int caisson_openat2(int directory, const char *path, int flags, mode_t mode, uint64_t resolve) {
    struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC), .mode = mode, .resolve = resolve};
    // Where a walk is bounded and meets "..", any mount or rename on the host meanwhile makes it fail with EAGAIN.
    int descriptor, attempts = 0;
    do descriptor = (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
    while (descriptor < 0 && errno == EAGAIN && resolve != 0 && ++attempts < 1000);
    return descriptor;
}

int caisson_allocate_blocks(int file, int64_t size) { return fallocate(file, 0, 0, size); }

int caisson_return_blocks(int file, int64_t offset, int64_t size) {
    return fallocate(file, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, offset, size);
}

unsigned int caisson_major(dev_t device) { return major(device); }

unsigned int caisson_minor(dev_t device) { return minor(device); }
