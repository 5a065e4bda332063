#define _GNU_SOURCE
#include "include/filesystem.h"
#include <sys/vfs.h>
#include <unistd.h>

int caisson_filesystem(const char *path, uint32_t *magic, int64_t *available) {
    struct statfs status;
    if (statfs(path, &status) < 0) return -1;
    *magic = (uint32_t)status.f_type;
    *available = (int64_t)status.f_bavail * status.f_bsize;
    return 0;
}

int caisson_syncfs(int descriptor) { return syncfs(descriptor); }
