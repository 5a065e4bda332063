#pragma once
#include <stdint.h>
#include <sys/types.h>

// The supervisor of a build's steps: pid 1 of its own PID namespace, with its own mount namespace, started by executing
// this very program under the name below. It never reaches `main`: its memory holds nothing of the parent's.
//
// Descriptor 0 is a SOCK_SEQPACKET socket. Each message is one of the structures below with descriptors attached. When
// the socket closes, or the parent dies, the supervisor ends, and the kernel ends every process and mount with it.
#define CAISSON_SUPERVISOR_NAME "caisson-supervisor"

enum caisson_request_kind {
    // Prepare a user and a network namespace. No descriptors. Answered by `network` or `failed`.
    caisson_request_network = 1,
    // Run a step. Descriptors: bundle, log, stdout, stderr, root mount, user namespace, network namespace, then
    // `cgroup_count` cgroup.procs files, then `mount_count` detached mounts, then, if `has_input`, stdin. Answered by
    // `started`, later `exited`; or by `failed`.
    caisson_request_step = 2,
};

// The first descriptors of a step.
enum {
    caisson_step_bundle,
    caisson_step_log,
    caisson_step_stdout,
    caisson_step_stderr,
    caisson_step_root,
    caisson_step_user_namespace,
    caisson_step_network_namespace,
    caisson_step_fixed_count,
};

struct caisson_request {
    uint32_t kind;
    uint32_t cgroup_count;
    uint32_t mount_count;
    uint32_t reaches_out; // network: with slirp4netns
    uint32_t has_input; // step: else it reads /dev/null
    uint64_t id;
};

enum caisson_reply_kind {
    // The supervisor is set up.
    caisson_reply_ready = 1,
    // Descriptors: user namespace, network namespace, and, if the network reaches out, the pipe whose closing ends it.
    caisson_reply_network = 2,
    // Descriptor: pidfd of the step's first process. Killing it kills the step.
    caisson_reply_started = 3,
    // `code` and `status` as waitid(2) has them.
    caisson_reply_exited = 4,
    // `error` and `message` say what could not be done.
    caisson_reply_failed = 5,
};

struct caisson_reply {
    uint32_t kind;
    int32_t code;
    int32_t status;
    int32_t error;
    uint64_t id;
    uint64_t processor_microseconds;
    uint64_t peak_resident_bytes;
    char message[88];
};

// A bundle is a sequence of files to make below `CAISSON_STEP_DIRECTORY`, each a header, its name and its contents. The
// file without a name holds the runtime's arguments, each ended by a zero byte; the first is the program.
struct caisson_bundle_entry {
    uint32_t name_length;
    uint32_t size;
    // Of the file; meaningless for the arguments.
    uint32_t mode;
};

// Where the step's own mount namespace has its bundle; the root is mounted on `rootfs` below, extra mounts on
// `mounts/0`, `mounts/1`, …. The runtime finds the namespaces and its log at these descriptors.
#define CAISSON_STEP_DIRECTORY "/tmp"
enum {
    caisson_runtime_log = 3,
    caisson_runtime_user_namespace = 4,
    caisson_runtime_network_namespace = 5,
};

// A connected pair of SOCK_SEQPACKET sockets, close-on-exec.
int caisson_socket_pair(int ends[2]);

// Sends one message with descriptors. Returns 0, or -1 and errno; without `waits`, EAGAIN when the other end does not
// read.
int caisson_send(int socket, const void *message, uint64_t size, const int *descriptors, int count, int waits);

// Receives one message: returns its size, 0 at the end, -1 and errno. Stores up to `*count` descriptors and how many
// there were; they are close-on-exec.
int64_t caisson_receive(int socket, void *message, uint64_t size, int *descriptors, int *count);

// memfd_create(2), close-on-exec.
int caisson_memfd(const char *name);

// 1 if the file system at `path` is cgroup2, 0 if not, -1 if there is none.
int caisson_is_cgroup2(const char *path);
