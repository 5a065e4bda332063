#pragma once
// Kernel interfaces that glibc does not wrap, or wraps in a way Swift cannot call.
#include "file.h"
#include "thread.h"
