#include <math.h>

// Swift's Glibc module mentions hypotf(), whose newest version in libm is that of glibc 2.35; with this
// one inside, programs and libraries run with 2.34, which is what the long-lived distributions have.
// Nobody outside sees it. The squares of floats are exact in double precision, and neither overflow nor vanish.
__attribute__((visibility("hidden"))) float hypotf(float x, float y) {
  if (__builtin_isinf(x) || __builtin_isinf(y)) return __builtin_inff();
  return (float)__builtin_sqrt((double)x * x + (double)y * y);
}
