#pragma once

// Shared libraries that are loaded when one of their functions is first called. libcurl and libgit2 come with forty
// others, whose loading takes longer than the rest of a program's start; most runs of the program call neither.

// A library by its name for the loader, and what installs it.
struct caisson_library {
    const char *name;
    const char *remedy;
};

// The address of `symbol` in `library`, kept in `cache`. Never NULL: like the loader at a program's start, it ends the
// process with a message where the library or the function is missing.
void *caisson_library_symbol(const struct caisson_library *library, const char *symbol, void **cache);

// Defines `function`, which the library's own header declares, as a call of the one in `library`.
#define CAISSON_FORWARD(library, result, function, parameters, arguments)                                              \
    result function parameters {                                                                                       \
        static void *address;                                                                                          \
        return ((__typeof__(&function))caisson_library_symbol(&library, #function, &address)) arguments;               \
    }
