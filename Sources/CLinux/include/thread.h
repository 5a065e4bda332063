#pragma once

// Names the calling thread; the kernel keeps 15 bytes. prctl(2) is variadic.
void caisson_name_thread(const char *name);

// Keeps the memory of this process out of core dumps until it executes another program.
void caisson_forbid_dumps(void);
