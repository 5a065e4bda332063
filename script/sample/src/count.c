#include "count.h"

#include <ctype.h>

void count_add(struct count *count, const char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        int is_space = isspace((unsigned char)bytes[i]) != 0;
        count->lines += bytes[i] == '\n';
        count->words += !is_space && !count->inside_word;
        count->inside_word = !is_space;
    }
    count->bytes += length;
}
