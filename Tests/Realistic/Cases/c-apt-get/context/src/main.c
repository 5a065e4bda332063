#include <greet.h>
#include <string.h>

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "--version") == 0) return puts(VERSION) < 0;
    return greet(argc > 1 ? argv[1] : "nobody");
}
