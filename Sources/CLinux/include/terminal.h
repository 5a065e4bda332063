#pragma once

// Makes the terminal raw: every byte passes as it is, none becomes a signal. Until `caisson_terminal_restore`, whatever
// ends this process but SIGKILL gives the terminal back as it was. Returns 0, or -1 and errno; one terminal at a time.
int caisson_terminal_raw(int terminal);
// Gives it back as it was; nothing happens if it is not raw.
void caisson_terminal_restore(void);

// An event descriptor that SIGWINCH signals: the size of the terminal's window may have changed. For one terminal at a
// time; the former one's descriptor is signalled no more.
int caisson_window_event(void);

// ioctl(2) with the window size, in characters. Return 0, or -1 and errno.
int caisson_get_window_size(int terminal, unsigned short *columns, unsigned short *rows);
int caisson_set_window_size(int terminal, unsigned short columns, unsigned short rows);

// A listening SOCK_STREAM socket at the name `name` in `directory`, close-on-exec and non-blocking.
int caisson_listen(int directory, const char *name);
// accept4(2), close-on-exec and non-blocking.
int caisson_accept(int socket);
