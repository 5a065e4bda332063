#define _GNU_SOURCE
#include "include/metadata.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

ssize_t caisson_list_attributes(const char *path, void *names, size_t size) { return llistxattr(path, names, size); }

ssize_t caisson_get_attribute(const char *path, const char *name, void *value, size_t size) {
    return lgetxattr(path, name, value, size);
}

int caisson_set_attribute(const char *path, const char *name, const void *value, size_t size) {
    return lsetxattr(path, name, value, size, 0);
}

ssize_t caisson_copy_range(int source, int64_t from, int target, int64_t to, size_t count) {
    off_t input = from, output = to;
    return copy_file_range(source, &input, target, &output, count, 0);
}

int caisson_make_node(int directory, const char *name, mode_t mode, unsigned major, unsigned minor) {
    return mknodat(directory, name, mode, makedev(major, minor));
}
