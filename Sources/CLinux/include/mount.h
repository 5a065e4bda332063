#pragma once
#include <stddef.h>
#include <sys/types.h>

// The mount API of Linux 5.2 and later: file system contexts, mounts held by descriptor, ids mapped per mount. Older C
// libraries lack these calls. All return -1 and errno; all descriptors are close-on-exec.

int caisson_fsopen(const char *type);
int caisson_fsconfig_flag(int context, const char *key);
int caisson_fsconfig_string(int context, const char *key, const char *value);
int caisson_fsconfig_descriptor(int context, const char *key, int value);
int caisson_fsconfig_create(int context);

// `attributes` is a set of MOUNT_ATTR_* flags.
int caisson_fsmount(int context, unsigned attributes);

// A second, detached mount of what `directory` shows, without what is mounted below it.
int caisson_clone_mount(int directory);

// Maps the ids of a mount that nothing shows yet by a user namespace.
int caisson_idmap_mount(int mount, int user_namespace);

// Starts a process in a user namespace of its own which does nothing until it is killed, and dies with its parent.
// It shares the parent's memory and sends no signal when it ends: no other part of the program sees it.
// `stack` has `size` bytes and lives until the process is reaped.
pid_t caisson_start_namespace_holder(void *stack, size_t size);

// Kills and reaps such a process.
void caisson_stop_namespace_holder(pid_t process);
