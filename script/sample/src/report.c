#include "report.h"

#include <stdio.h>

int report(char *out, size_t size, const char *name, const struct count *count) {
    return snprintf(out, size, "%s: %zu lines, %zu words, %zu bytes", name, count->lines, count->words, count->bytes);
}
