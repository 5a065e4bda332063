#pragma once
#include <stdint.h>

// The system calls known by name on this architecture.
int caisson_system_call_count(void);
const char *caisson_system_call(int index, int *number);

// The AUDIT_ARCH_* value of this architecture, which seccomp filters compare with.
uint32_t caisson_audit_architecture(void);
