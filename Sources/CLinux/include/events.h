#pragma once
#include <stdint.h>

// epoll(7) with plain numbers: `struct epoll_event` is packed and holds a union, which Swift reads badly.
int caisson_epoll_create(void);
int caisson_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t token);
int caisson_epoll_change(int epoll, int descriptor, uint32_t events, uint64_t token);
int caisson_epoll_remove(int epoll, int descriptor);
// Returns how many of `tokens` and `events` (room for `capacity` ≤ 64) were filled; waits without end.
int caisson_epoll_wait(int epoll, uint64_t *tokens, uint32_t *events, int capacity);

// A timer descriptor that becomes readable once after `nanoseconds`.
int caisson_timer(uint64_t nanoseconds);
// An event descriptor, readable after `caisson_event_signal`.
int caisson_event(void);
int caisson_event_signal(int event);
// An event descriptor that SIGINT and SIGTERM signal; from now on they do nothing else. For one call in a process.
int caisson_stop_event(void);
