// CRC-32 at the speed of memory, where the processor multiplies without carry.
#ifndef CZLIB_CRC32_H
#define CZLIB_CRC32_H

#include <stddef.h>
#include <string.h>
#include <zlib.h>

#if defined(__x86_64__)
typedef long long crc32_lane __attribute__((vector_size(16)));

static inline crc32_lane crc32_load(const unsigned char *bytes) {
  crc32_lane lane;
  memcpy(&lane, bytes, sizeof lane);
  return lane;
}

/// Moves 16 bytes of a message forward by as many bits as the constants stand for.
__attribute__((target("pclmul"))) static inline crc32_lane crc32_fold(crc32_lane lane, crc32_lane constants) {
  return __builtin_ia32_pclmulqdq128(lane, constants, 0x00) ^ __builtin_ia32_pclmulqdq128(lane, constants, 0x11);
}

/// The CRC-32 of `count` bytes, 64 at least.
///
/// After Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction" (Intel, 2009), section
/// "Folding": a message's CRC is that of a shorter one which is congruent to it modulo the polynomial. Four lanes are
/// folded by 64 bytes at a time, then into one; zlib does the last 16 bytes and what follows them. The constants are
/// x^(512+64), x^512, x^(128+64) and x^128 modulo the polynomial, bit-reflected.
__attribute__((target("pclmul"))) static inline unsigned long crc32_folded(const unsigned char *bytes, size_t count) {
  const crc32_lane by64 = {0x154442bd4, 0x1c6e41596};
  const crc32_lane by16 = {0x1751997d0, 0x0ccaa009e};
  const crc32_lane start = {0xffffffff, 0};
  crc32_lane a = crc32_load(bytes) ^ start, b = crc32_load(bytes + 16);
  crc32_lane c = crc32_load(bytes + 32), d = crc32_load(bytes + 48);
  for (bytes += 64, count -= 64; count >= 64; bytes += 64, count -= 64) {
    a = crc32_fold(a, by64) ^ crc32_load(bytes);
    b = crc32_fold(b, by64) ^ crc32_load(bytes + 16);
    c = crc32_fold(c, by64) ^ crc32_load(bytes + 32);
    d = crc32_fold(d, by64) ^ crc32_load(bytes + 48);
  }
  b ^= crc32_fold(a, by16);
  c ^= crc32_fold(b, by16);
  d ^= crc32_fold(c, by16);
  for (; count >= 16; bytes += 16, count -= 16) d = crc32_fold(d, by16) ^ crc32_load(bytes);
  unsigned char rest[16];
  memcpy(rest, &d, sizeof rest);
  // The start is folded in already: zlib inverts what it is given.
  return crc32_z(crc32_z(0xffffffff, rest, sizeof rest), bytes, count);
}
#endif

/// The CRC-32 of bytes, as zip and gzip define it.
static inline unsigned long crc32_bytes(const unsigned char *bytes, size_t count) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (count >= 64 && __builtin_cpu_supports("pclmul")) return crc32_folded(bytes, count);
#endif
  return crc32_z(0, bytes, count);
}

#endif
