#include "include/thread.h"
#include <sys/prctl.h>

void caisson_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

void caisson_forbid_dumps(void) { prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
