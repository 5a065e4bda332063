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

// What each signal did before: nothing of ours, or the report of a crash.
static struct sigaction former[NSIG];

static void end(int signal) {
    caisson_terminal_restore();
    sigaction(signal, &former[signal], NULL);
    raise(signal);
}

static void restore_before_the_end(void) {
    static const int crashes[] = {SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP};
    // Who handles these ends the process in an orderly way.
    static const int requests[] = {SIGHUP, SIGINT, SIGTERM, SIGPIPE, SIGALRM};
    struct sigaction action = {.sa_handler = end};
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) {
        // The report of a crash may want a stack of its own.
        action.sa_flags = SA_ONSTACK;
        sigaction(crashes[i], &action, &former[crashes[i]]);
    }
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        action.sa_flags = 0;
        if (sigaction(requests[i], NULL, &former[requests[i]]) == 0 && former[requests[i]].sa_handler == SIG_DFL)
            sigaction(requests[i], &action, NULL);
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
