#pragma once

// The next connection of a listening socket, close-on-exec; -1 and errno.
int caisson_accept_connection(int listener);
