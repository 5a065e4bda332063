src/lib/x.h
