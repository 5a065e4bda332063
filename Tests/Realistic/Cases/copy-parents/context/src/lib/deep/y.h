src/lib/deep/y.h
