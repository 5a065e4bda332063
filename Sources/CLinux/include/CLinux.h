#pragma once
// Kernel interfaces that glibc does not wrap, or wraps in a way Swift cannot call.
#include "events.h"
#include "file.h"
#include "filesystem.h"
#include "metadata.h"
#include "mount.h"
#include "process.h"
#include "socket.h"
#include "supervisor.h"
#include "system-calls.h"
#include "terminal.h"
#include "thread.h"
