// What the runtime of Embedded Swift asks of the system beyond the C library's oldest functions.
#if defined(OBV_EMBEDDED)

#include <stddef.h>
#include <stdlib.h>
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

// What is left of an object whose initialiser has thrown. Swift's own (6.3) keeps its memory for ever. Our classes
// inherit from none, so that the compiler has ended all that is in it.
__attribute__((visibility("hidden"))) void swift_deallocPartialClassInstance(
    void *object, const void *type, size_t bytes, size_t alignment) {
  free(object);
}

#endif
