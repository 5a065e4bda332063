#include <stdio.h>

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

int main(int argc, char **argv) {
    int status = 0;
    for (int i = 1; i < argc; i++) status |= tally(argv[i]);
    return status;
}
