#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Extended attributes of a file by directory and name; a symbolic link is not followed. By path before Linux 6.13.
ssize_t caisson_list_attributes(int directory, const char *file, void *names, size_t size);
ssize_t caisson_get_attribute(int directory, const char *file, const char *name, void *value, size_t size);
int caisson_set_attribute(int directory, const char *file, const char *name, const void *value, size_t size);

// copy_file_range(2) and mknodat(2) with a device's halves: GNU's extensions and macros.
ssize_t caisson_copy_range(int source, int64_t from, int target, int64_t to, size_t count);
int caisson_make_node(int directory, const char *name, mode_t mode, unsigned major, unsigned minor);
