#include <stdio.h>
#include <string.h>

#include "count.h"
#include "report.h"

static int tally(const char *name) {
    FILE *file = fopen(name, "rb");
    if (!file) {
        perror(name);
        return 1;
    }
    struct count count = {0};
    char buffer[65536], line[4352];
    size_t length;
    while ((length = fread(buffer, 1, sizeof buffer, file)) > 0) count_add(&count, buffer, length);
    int failed = ferror(file);
    fclose(file);
    report(line, sizeof line, name, &count);
    puts(line);
    return failed;
}

static int self_test(void) {
    struct count count = {0};
    count_add(&count, "one two\n", 8);
    int passed = count.lines == 1 && count.words == 2 && count.bytes == 8;
    puts(passed ? "self-test passed" : "self-test failed");
    return !passed;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--self-test") == 0) return self_test();
    int status = 0;
    for (int i = 1; i < argc; i++) status |= tally(argv[i]);
    return status;
}
