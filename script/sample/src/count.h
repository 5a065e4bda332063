#ifndef COUNT_H
#define COUNT_H

#include <stddef.h>

struct count {
    size_t lines, words, bytes;
    int inside_word;
};

/* Adds the bytes of one buffer; a word may go on in the next. */
void count_add(struct count *count, const char *bytes, size_t length);

#endif
