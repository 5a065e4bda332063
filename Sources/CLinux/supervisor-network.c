#define _GNU_SOURCE
#include "supervisor.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// A network of its own for one step: a new user namespace and, owned by it, a new network namespace, with loopback up
// and, if it reaches out, a tap device served by slirp4netns from outside. Root in the user namespace that runs in it
// has no CAP_NET_ADMIN, so what is set here stays.

static int write_file(const char *path, const char *text) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t written = write(file, text, strlen(text));
    int error = errno;
    close(file);
    errno = error;
    return written < 0 ? -1 : 0;
}

static int bring_loopback_up(void) {
    int socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket_ < 0) return -1;
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int status = ioctl(socket_, SIOCSIFFLAGS, &request);
    close(socket_);
    return status;
}

// 169.254.0.0/16 holds the metadata services of cloud hosts, which give credentials to whoever asks.
static int refuse_link_local(void) {
    struct {
        struct nlmsghdr header;
        struct rtmsg route;
        struct rtattr attribute;
        struct in_addr destination;
    } request = {
        .header = {
            .nlmsg_len = sizeof request,
            .nlmsg_type = RTM_NEWROUTE,
            .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK,
        },
        .route = {
            .rtm_family = AF_INET,
            .rtm_dst_len = 16,
            .rtm_table = RT_TABLE_MAIN,
            .rtm_protocol = RTPROT_STATIC,
            .rtm_scope = RT_SCOPE_UNIVERSE,
            .rtm_type = RTN_UNREACHABLE,
        },
        .attribute = {.rta_len = RTA_LENGTH(sizeof(struct in_addr)), .rta_type = RTA_DST},
        .destination = {htonl(0xA9FE0000)},
    };
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
        char rest[256];
    } answer;
    int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (netlink < 0) return -1;
    int status = -1;
    if (send(netlink, &request, sizeof request, 0) == sizeof request
        && recv(netlink, &answer, sizeof answer, 0) >= (ssize_t)(sizeof answer.header + sizeof answer.error.error)) {
        errno = -answer.error.error;
        status = answer.error.error == 0 ? 0 : -1;
    }
    int error = errno;
    close(netlink);
    errno = error;
    return status;
}

// In the new namespaces, as their root. Tells through `done` how it went: 0, or errno and the step's number.
static _Noreturn void hold(int mapped, int done) {
    char byte;
    if (read(mapped, &byte, 1) != 1) _exit(1);
    int answer[2] = {0, 0};
    if (syscall(SYS_setresgid, 0, 0, 0) < 0 || syscall(SYS_setresuid, 0, 0, 0) < 0) answer[1] = 1;
    else if (bring_loopback_up() < 0) answer[1] = 2;
    else if (refuse_link_local() < 0) answer[1] = 3;
    // ping works without raw sockets, and port 80 without a capability, as in Docker.
    else if (write_file("/proc/sys/net/ipv4/ping_group_range", "0 65535") < 0) answer[1] = 4;
    else if (write_file("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0") < 0) answer[1] = 5;
    if (answer[1]) answer[0] = errno;
    if (write(done, answer, sizeof answer) != sizeof answer) _exit(1);
    for (;;) pause();
}

static const char *const hold_steps[] = {
    "prepare a network", "become root of a user namespace", "bring the loopback device up",
    "refuse link-local addresses", "set ping_group_range", "set ip_unprivileged_port_start",
};

static int map_ids(pid_t pid, const char *file, const char *map) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
    return write_file(path, map);
}

static int open_namespace(pid_t pid, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static const char *create_namespaces(const struct supervisor *supervisor, int namespaces[2]) {
    int mapped[2], done[2], answer[2] = {EPIPE, 0};
    if (pipe2(mapped, O_CLOEXEC) < 0 || pipe2(done, O_CLOEXEC) < 0) return "create a pipe";
    pid_t holder = supervisor_fork(CLONE_NEWUSER | CLONE_NEWNET, NULL);
    if (holder == 0) {
        // Its parent's end must be the only one, so that it ends with its parent.
        close(mapped[1]);
        hold(mapped[0], done[1]);
    }
    if (holder < 0) return "create a user namespace";
    close(done[1]);
    const char *failed = NULL;
    if (map_ids(holder, "uid_map", supervisor->id_map) < 0
        || map_ids(holder, "gid_map", supervisor->id_map) < 0)
        failed = "map the ids of a user namespace";
    else if (write(mapped[1], "", 1) != 1 || read(done[0], answer, sizeof answer) != sizeof answer || answer[1]) {
        errno = answer[0];
        failed = hold_steps[answer[1]];
    } else if ((namespaces[0] = open_namespace(holder, "user")) < 0
               || (namespaces[1] = open_namespace(holder, "net")) < 0)
        failed = "open a namespace";
    int error = errno;
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
    errno = error;
    return failed;
}

// slirp4netns ends when the other end of `exit_` closes.
static _Noreturn void run_slirp(const char *path, const int namespaces[2], int ready, int exit_) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int sources[] = {null, null, null, ready, exit_, namespaces[0], namespaces[1]};
    enum { count = sizeof sources / sizeof *sources };
    for (int i = 0; i < count; i++) sources[i] = fcntl(sources[i], F_DUPFD_CLOEXEC, count);
    for (int i = 0; i < count; i++)
        if (dup2(sources[i], i) < 0) _exit(127);
    syscall(SYS_close_range, count, ~0U, 0);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    char *arguments[] = {
        "slirp4netns", "--configure", "--mtu=65520", "--disable-host-loopback", "--enable-sandbox", "--enable-seccomp",
        "--ready-fd=3", "--exit-fd=4", "--netns-type=path", "--userns-path=/proc/self/fd/5", "/proc/self/fd/6", "tap0",
        NULL};
    char *environment[] = {NULL};
    execve(path, arguments, environment);
    _exit(127);
}

static const char *start_slirp(const struct supervisor *supervisor, const int namespaces[2], int *keeper) {
    int ready[2], exit_[2];
    if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(exit_, O_CLOEXEC) < 0) return "create a pipe";
    pid_t slirp = supervisor_fork(0, NULL);
    if (slirp == 0) run_slirp(supervisor->slirp, namespaces, ready[1], exit_[0]);
    if (slirp < 0) return "create a process";
    close(ready[1]);
    close(exit_[0]);
    char byte;
    // The end of the pipe without a byte: it died.
    if (read(ready[0], &byte, 1) != 1) {
        errno = ENETUNREACH;
        return "start slirp4netns";
    }
    *keeper = exit_[1];
    return NULL;
}

_Noreturn void supervisor_prepare_network(const struct supervisor *supervisor, const struct caisson_request *request) {
    int descriptors[3];
    const char *failed = create_namespaces(supervisor, descriptors);
    if (!failed && request->reaches_out) failed = start_slirp(supervisor, descriptors, &descriptors[2]);
    if (failed) {
        supervisor_refuse(supervisor, request->id, failed);
        _exit(1);
    }
    struct caisson_reply network = {.kind = caisson_reply_network, .id = request->id};
    caisson_send(supervisor->socket, &network, sizeof network, descriptors, request->reaches_out ? 3 : 2, 1);
    _exit(0);
}
