#pragma once
#include <stddef.h>
#include <stdint.h>

// libFuzzer's own mutations, which no installed header declares: https://llvm.org/docs/LibFuzzer.html
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maximum);
