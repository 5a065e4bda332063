#include <stdio.h>
#include <string.h>

#include "report.h"

int main(void) {
    struct count count = {.lines = 1, .words = 2, .bytes = 3};
    char line[128];
    int length = report(line, sizeof line, "file", &count);
    if (length == (int)strlen(line) && !strncmp(line, "file: 1 line", 12)) return 0;
    printf("  unexpected report: %s\n", line);
    return 1;
}
