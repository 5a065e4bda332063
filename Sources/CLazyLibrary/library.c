#include "CLazyLibrary.h"
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

// The exit code for a host that lacks something.
enum { infrastructure = 3 };

void *caisson_library_symbol(const struct caisson_library *library, const char *symbol, void **cache) {
    void *address = __atomic_load_n(cache, __ATOMIC_ACQUIRE);
    if (address != NULL) return address;
    // Counted, so that threads that come here together all get the same.
    void *handle = dlopen(library->name, RTLD_LAZY | RTLD_LOCAL);
    if (handle != NULL) address = dlsym(handle, symbol);
    if (address == NULL) {
        dprintf(STDERR_FILENO, "error: %s\nhint: %s\n", dlerror(), library->remedy);
        _exit(infrastructure);
    }
    __atomic_store_n(cache, address, __ATOMIC_RELEASE);
    return address;
}
