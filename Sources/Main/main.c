// The program begins in C, since Swift's own beginning asks /proc for the words of the command line,
// and a system without it, such as an early container, would run every command as if none were given.

#include <stdint.h>
#include <sys/auxv.h>

// Written in Swift, in CLI/Program.swift: runs the command line and gives the exit code; `path` is what
// the system was given to execute.
int32_t obverse_main(int32_t count, char *const *words, const char *path);

int main(int count, char **words) {
  return obverse_main(count, words, (const char *)getauxval(AT_EXECFN));
}
