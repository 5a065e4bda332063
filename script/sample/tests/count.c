#include <stdio.h>
#include <string.h>

#include "count.h"

static int failures;

/* Counts `text` split at every byte: the result must be the same. */
static void expect(const char *text, size_t lines, size_t words) {
    size_t length = strlen(text);
    for (size_t cut = 0; cut <= length; cut++) {
        struct count count = {0};
        count_add(&count, text, cut);
        count_add(&count, text + cut, length - cut);
        if (count.lines == lines && count.words == words && count.bytes == length) continue;
        printf("  expected %zu lines and %zu words, got %zu and %zu in:\n%s\n", lines, words, count.lines, count.words,
               text);
        failures++;
        return;
    }
}

int main(void) {
    expect("", 0, 0);
    expect("one", 0, 1);
    expect("one two\n", 1, 2);
    expect("  one\n\ttwo\n\nthree ", 3, 3);
    return failures > 0;
}
