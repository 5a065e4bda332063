#define _GNU_SOURCE
#include "include/metadata.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

// One number on every architecture.
enum { set_attribute_at = 463, get_attribute_at = 464, list_attributes_at = 465 };

struct attribute_value {
    _Alignas(8) uint64_t value;
    uint32_t size;
    uint32_t flags;
};

static const char *path(char *buffer, size_t size, int directory, const char *file) {
    snprintf(buffer, size, "/proc/self/fd/%d/%s", directory, file);
    return buffer;
}

ssize_t caisson_list_attributes(int directory, const char *file, void *names, size_t size) {
    ssize_t result = syscall(list_attributes_at, directory, file, AT_SYMLINK_NOFOLLOW, names, size);
    if (result >= 0 || errno != ENOSYS) return result;
    char buffer[NAME_MAX + 64];
    return llistxattr(path(buffer, sizeof buffer, directory, file), names, size);
}

ssize_t caisson_get_attribute(int directory, const char *file, const char *name, void *value, size_t size) {
    struct attribute_value argument = {.value = (uint64_t)(uintptr_t)value, .size = (uint32_t)size};
    ssize_t result =
        syscall(get_attribute_at, directory, file, AT_SYMLINK_NOFOLLOW, name, &argument, sizeof argument);
    if (result >= 0 || errno != ENOSYS) return result;
    char buffer[NAME_MAX + 64];
    return lgetxattr(path(buffer, sizeof buffer, directory, file), name, value, size);
}

int caisson_set_attribute(int directory, const char *file, const char *name, const void *value, size_t size) {
    struct attribute_value argument = {.value = (uint64_t)(uintptr_t)value, .size = (uint32_t)size};
    long result = syscall(set_attribute_at, directory, file, AT_SYMLINK_NOFOLLOW, name, &argument, sizeof argument);
    if (result >= 0 || errno != ENOSYS) return (int)result;
    char buffer[NAME_MAX + 64];
    return lsetxattr(path(buffer, sizeof buffer, directory, file), name, value, size, 0);
}

ssize_t caisson_copy_range(int source, int64_t from, int target, int64_t to, size_t count) {
    off_t input = from, output = to;
    return copy_file_range(source, &input, target, &output, count, 0);
}

int caisson_make_node(int directory, const char *name, mode_t mode, unsigned major, unsigned minor) {
    return mknodat(directory, name, mode, makedev(major, minor));
}
