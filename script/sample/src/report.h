#ifndef REPORT_H
#define REPORT_H

#include "count.h"

/* Writes one line about `name` into `out`, cut at `size`; returns its full length. */
int report(char *out, size_t size, const char *name, const struct count *count);

#endif
