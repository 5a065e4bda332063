#pragma once
#include <stdint.h>

// statfs(2): the magic number of the file system at `path` and the bytes an unprivileged writer may still use.
int caisson_filesystem(const char *path, uint32_t *magic, int64_t *available);

// syncfs(2).
int caisson_syncfs(int descriptor);
