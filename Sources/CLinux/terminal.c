#define _GNU_SOURCE
#include "include/terminal.h"
#include "include/events.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

static struct termios before;
// -1: no terminal is raw.
static volatile sig_atomic_t raw_terminal = -1;

void caisson_terminal_restore(void) {
    int terminal = raw_terminal;
    raw_terminal = -1;
    // Not "drain": output that is held back must not hold us.
    if (terminal >= 0) tcsetattr(terminal, TCSANOW, &before);
}

static void end(int signal_) {
    caisson_terminal_restore();
    signal(signal_, SIG_DFL);
    raise(signal_);
}

// Signals that somebody handles are theirs: they end the process in an orderly way.
static void restore_before_the_end(void) {
    static const int signals[] = {SIGHUP,  SIGINT, SIGQUIT, SIGTERM, SIGABRT, SIGBUS,
                                  SIGFPE,  SIGILL, SIGSEGV, SIGTRAP, SIGPIPE, SIGALRM};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction old, action = {.sa_handler = end};
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL) sigaction(signals[i], &action, NULL);
    }
    atexit(caisson_terminal_restore);
}

int caisson_terminal_raw(int terminal) {
    static int is_prepared;
    struct termios raw;
    if (tcgetattr(terminal, &raw) < 0) return -1;
    if (!is_prepared) {
        is_prepared = 1;
        restore_before_the_end();
    }
    before = raw;
    cfmakeraw(&raw);
    raw_terminal = terminal;
    if (tcsetattr(terminal, TCSANOW, &raw) == 0) return 0;
    raw_terminal = -1;
    return -1;
}

static int window_event = -1;

static void window_changed(int signal_) {
    (void)signal_;
    int saved = errno;
    caisson_event_signal(window_event);
    errno = saved;
}

int caisson_window_event(void) {
    window_event = caisson_event();
    struct sigaction action = {.sa_handler = window_changed, .sa_flags = SA_RESTART};
    sigaction(SIGWINCH, &action, NULL);
    return window_event;
}

int caisson_get_window_size(int terminal, unsigned short *columns, unsigned short *rows) {
    struct winsize size;
    if (ioctl(terminal, TIOCGWINSZ, &size) < 0) return -1;
    *columns = size.ws_col;
    *rows = size.ws_row;
    return 0;
}

int caisson_set_window_size(int terminal, unsigned short columns, unsigned short rows) {
    struct winsize size = {.ws_col = columns, .ws_row = rows};
    return ioctl(terminal, TIOCSWINSZ, &size);
}

int caisson_listen(int directory, const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int length = snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", directory, name);
    if (length >= (int)sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0) return -1;
    if (bind(listener, (struct sockaddr *)&address, sizeof address) == 0 && listen(listener, 1) == 0) return listener;
    int error = errno;
    close(listener);
    errno = error;
    return -1;
}

int caisson_accept(int socket) { return accept4(socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }
