src/lib/z.c
