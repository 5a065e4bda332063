#define _GNU_SOURCE
#include "include/socket.h"
#include <sys/socket.h>

int caisson_accept_connection(int listener) { return accept4(listener, 0, 0, SOCK_CLOEXEC); }
