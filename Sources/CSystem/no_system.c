// What the rooms ask of a system where there is none, as in a browser: every answer is no. Without these the
// C library would ask whoever runs the module for files, clocks and an environment.
#include "CSystem.h"

#if defined(__wasm__)

void *one_thread_value;

static int refused(void) {
  errno = ENOSYS;
  return -1;
}

int open(const char *path, int flags, ...) { return refused(); }
int close(int descriptor) { return refused(); }
int fstat(int descriptor, struct stat *status) { return refused(); }
int stat(const char *restrict path, struct stat *restrict status) { return refused(); }
ssize_t read(int descriptor, void *bytes, size_t count) { return refused(); }
ssize_t write(int descriptor, const void *bytes, size_t count) { return refused(); }
int rename(const char *from, const char *to) { return refused(); }
int unlink(const char *path) { return refused(); }
char *getenv(const char *name) { return NULL; }
// What Swift's guards of the stack compare, and do.
uintptr_t __stack_chk_guard = 0x595e9fbd;
_Noreturn void __stack_chk_fail(void) { __builtin_trap(); }
// What a fatal error would print.
int putchar(int character) { return character; }

#endif
