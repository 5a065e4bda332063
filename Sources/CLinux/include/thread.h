#pragma once

// Names the calling thread; the kernel keeps 15 bytes. prctl(2) is variadic.
void caisson_name_thread(const char *name);
