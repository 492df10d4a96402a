// What the runtime of Embedded Swift asks of the system beyond the C library's oldest functions.
#if defined(OBV_EMBEDDED)

#include <stddef.h>
#include <string.h>
#include <unistd.h>

// Swift seeds its hash tables with it. glibc has it from 2.36 on, and the library is to run with 2.34;
// WebAssembly would have to be lent one. A table that is seeded with zeros is as right, and ours have keys
// of our own: instruction sets, cores, layers.
__attribute__((visibility("hidden"))) void arc4random_buf(void *bytes, size_t count) {
#if defined(__wasm__)
  memset(bytes, 0, count);
#else
  if (count > 256 || getentropy(bytes, count) != 0) memset(bytes, 0, count);
#endif
}

#endif
