#pragma once
#include <fcntl.h>
#include <stdint.h>
#include <sys/types.h>

// open(2) and openat(2) are variadic, which Swift cannot call.
int caisson_openat(int directory, const char *path, int flags, mode_t mode);

// openat2(2): `resolve` is a set of RESOLVE_* flags. Returns -1 and errno.
int caisson_openat2(int directory, const char *path, int flags, mode_t mode, uint64_t resolve);

// fallocate(2), which the C library declares for GNU programs only: blocks for a file of `size` bytes; blocks given back,
// which leaves a hole.
int caisson_allocate_blocks(int file, int64_t size);
int caisson_return_blocks(int file, int64_t offset, int64_t size);

// The halves of a device number; macros in the C library.
unsigned int caisson_major(dev_t device);
unsigned int caisson_minor(dev_t device);
