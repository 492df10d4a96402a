/* The nth allocation fails, for every n on the way from a model's file to its pixels: the call that meets it gives
 * OBV_RESOURCES and a sentence, leaves nothing behind, and the next one draws as if nothing had been.
 *   failing [--long] MODEL.obv...    prints what does not hold; exits with 1 then
 * --long also takes every instruction set and three threads, and wants 10,000 failures. */
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <malloc.h>
#include <obverse.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

int checks, failures;

/* ---- An allocator that fails when it is told to -------------------------------------------------------
 * What fails is all that depends on a model or a caller: aligned and zeroed memory, whatever its size, which is how the
 * library has every such block, and mappings; the system's own for a thread too. Swift's objects are mallocs and cannot fail softly; a file bounds their number, and none
 * may reach LARGE, the array of 64 mapping layers and 9 blocks. One that does counts, and would end this process. */

enum { LARGE = 16 << 10 };

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

static atomic_long met, fails_at;            /* allocations that can fail, and the number of the one that does */
static atomic_long blocks, bytes, mappings;  /* that live now */

/* Bytes of what cannot fail: those that live, and the most that ever lived at once. Its blocks are listed in a table
 * by a hash of their place, while `is_watched`; a place whose block is gone is used again, and is not an end. */
enum { PLACES = 1 << 20 };
static int is_watched;
static atomic_long small, most_small;
static _Atomic(void *) small_blocks[PLACES];
static char gone;

static size_t place_of(void *block, size_t step) {
  return ((((uintptr_t)block >> 4) * 0x9e3779b97f4a7c15u >> 40) + step) % PLACES;
}

static void watch(void *block, long size) {
  if (!is_watched) return;
  long now = small += size;
  if (now > most_small) most_small = now;
  for (size_t i = 0; i < PLACES; i++) {
    _Atomic(void *) *place = &small_blocks[place_of(block, i)];
    void *there = *place;
    if ((!there || there == &gone) && atomic_compare_exchange_strong(place, &there, block)) return;
  }
  abort();
}

static void forget(void *block, long size) {
  if (!is_watched) return;
  for (size_t i = 0; i < PLACES; i++) {
    _Atomic(void *) *place = &small_blocks[place_of(block, i)];
    if (!*place) return;
    if (*place != block) continue;
    *place = &gone;
    small -= size;
    return;
  }
}

static int fails(int can_fail) {
  if (!can_fail || ++met != fails_at) return 0;
  errno = ENOMEM;
  return 1;
}

static void *lives(void *block, int is_small) {
  if (!block) return NULL;
  long size = (long)malloc_usable_size(block);
  blocks++;
  bytes += size;
  if (is_small) watch(block, size);
  return block;
}

static void dies(void *block) {
  if (!block) return;
  long size = (long)malloc_usable_size(block);
  blocks--;
  bytes -= size;
  forget(block, size);
}

void *malloc(size_t size) {
  return fails(size >= LARGE) ? NULL : lives(__libc_malloc(size), 1);
}
void *calloc(size_t count, size_t size) {
  return fails(1) ? NULL : lives(__libc_calloc(count, size), 0);
}
void *realloc(void *old, size_t size) {
  if (fails(size >= LARGE)) return NULL;
  dies(old);
  return lives(__libc_realloc(old, size), 1);
}
void *aligned_alloc(size_t alignment, size_t size) {
  return fails(1) ? NULL : lives(__libc_memalign(alignment, size), 0);
}
int posix_memalign(void **out, size_t alignment, size_t size) {
  /* Ours begin at 64 bytes or more: what does not is an object of Swift's. */
  int is_ours = alignment >= 64;
  void *block = fails(is_ours || size >= LARGE) ? NULL : lives(__libc_memalign(alignment, size), !is_ours);
  if (block) *out = block;
  return block ? 0 : ENOMEM;
}
void free(void *block) {
  dies(block);
  __libc_free(block);
}

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) {
  if (fails(1)) return MAP_FAILED;
  void *found = (void *)syscall(SYS_mmap, address, size, protection, flags, file, offset);
  if (found != MAP_FAILED) mappings++;
  return found;
}
int munmap(void *address, size_t size) {
  mappings--;
  return (int)syscall(SYS_munmap, address, size);
}

/* ---- One face from the file to the pixels -------------------------------------------------------------- */

enum { FROM_FILE, COPIED, UNALIGNED, WAYS };

struct way {
  const char *path;
  const unsigned char *odd; /* the file, behind one byte more than a cache line */
  size_t size;
  int opening;
  uint32_t threads, isa;
};

enum { FACE = 4 * 256 * 256, MANY = 3 };
static unsigned char pixels[(1 + MANY) * FACE], reference[sizeof pixels];

/* Allocations that were met before many faces were asked for: what comes after makes them slower, and fails nothing. */
static long met_before_many;

/* The status of the first call that fails. */
static obv_status draw(const struct way *way) {
  static float z[1024], ws[64 * 1024];
  obv_model *model = NULL;
  obv_context *context = NULL;
  obv_model_info info = OBV_MODEL_INFO_INIT;
  obv_context_options options = {.size = sizeof options, .threads = way->threads, .isa = way->isa};
  size_t need;
  memset(pixels, 0, sizeof pixels);
  obv_status status = way->opening == FROM_FILE
                          ? obv_model_open(way->path, &model)
                          : obv_model_open_memory(way->odd, way->size, way->opening == COPIED ? OBV_COPY : OBV_BORROW, &model);
  if (!status) status = obv_model_get_info(model, &info);
  if (!status) status = obv_context_memory(model, &options, &need);
  if (!status) status = obv_context_create(model, &options, &context);
  if (!status) status = obv_latent_from_seed(model, 85, z, info.z_dim);
  obv_draw_options face = OBV_DRAW_OPTIONS_INIT;
  if (info.classes) face.label = 1;
  if (!status) status = obv_map(context, z, info.z_dim, &face, ws, (size_t)info.ws_count * info.w_dim);
  if (!status)
    status = obv_synthesize(context, ws, (size_t)info.ws_count * info.w_dim, &face, pixels, 4 * info.width, OBV_BGRA8);
  if (!status) status = obv_generate(context, 85, &face, pixels, 4 * info.width, OBV_RGBA8);
  met_before_many = met;
  static const uint32_t seeds[MANY] = {1, 2, 3};
  if (!status)
    status = obv_generate_many(context, seeds, MANY, &face, pixels + FACE, FACE, 4 * info.width, OBV_RGBA8);
  obv_context_destroy(context);
  obv_model_close(model);
  return status;
}

/* ---- Every allocation of one way ------------------------------------------------------------------------ */

/* What a child has come to, for its parent to read. */
struct found {
  long all, failed, n;
  char what[256];
};

static void expect(int holds, struct found *found, const char *what) {
  if (holds) return;
  snprintf(found->what, sizeof found->what, "%s", what);
  _exit(1);
}

static void each(const struct way *way, struct found *found) {
  char sentence[256];
  /* Twice, since the first error of a process makes what stays: the thread's sentence, Swift's types. */
  for (int round = 0; round < 2; round++) {
    met = 0;
    fails_at = round;
    obv_status status = draw(way);
    fails_at = 0;
    expect(status == (round ? OBV_RESOURCES : OBV_OK), found, "a first try");
    expect(draw(way) == OBV_OK, found, "a second try");
  }
  memcpy(reference, pixels, sizeof pixels);
  met = 0;
  draw(way);
  found->all = met;
  long had_blocks = 0, had_bytes = 0, had_mappings = 0;
  for (found->n = 1; found->n <= found->all; found->n++) {
    met = 0;
    fails_at = found->n;
    obv_status status = draw(way);
    int is_slow = status == OBV_OK && found->n > met_before_many;
    /* Of many faces one thread may draw all before another comes to ask for memory. */
    int has_met = met >= found->n || is_slow;
    fails_at = 0;
    snprintf(sentence, sizeof sentence, "%s: %s", obv_status_text(status), obv_last_error());
    expect(has_met, found, "fewer allocations than before");
    int says_it = strstr(sentence, "memory") || strstr(sentence, "thread");
    expect(is_slow || (status == OBV_RESOURCES && says_it), found, sentence);
    expect(!is_slow || !memcmp(pixels, reference, sizeof pixels), found, "many faces are others");
    expect(draw(way) == OBV_OK, found, "the next call fails");
    expect(!memcmp(pixels, reference, sizeof pixels), found, "the next call draws another face");
    if (found->n > 1) {
      snprintf(sentence, sizeof sentence, "%ld blocks, %ld bytes and %ld mappings are left behind", blocks - had_blocks,
               bytes - had_bytes, mappings - had_mappings);
      expect(blocks == had_blocks && bytes == had_bytes && mappings == had_mappings, found, sentence);
    }
    had_blocks = blocks;
    had_bytes = bytes;
    had_mappings = mappings;
    found->failed++;
  }
}

/* In a process of its own, so that one that ends is one finding; gives the allocations that failed. */
static long try_all(const struct way *way) {
  static struct found *found;
  static const char *openings[] = {"from a file", "copied", "unaligned"};
  if (!found) found = mmap(NULL, sizeof *found, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  memset(found, 0, sizeof *found);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    alarm(3600); /* a child that waits for ever, however slow the machine is */
    each(way, found);
    _exit(0);
  }
  int status = -1;
  if (child < 0 || waitpid(child, &status, 0) != child) abort();
  CHECK(status == 0 && found->failed == found->all && found->all > 2);
  if (status != 0) {
    printf("%s, %s, %u threads, isa %u, allocation %ld of %ld: %s%s\n", way->path, openings[way->opening], way->threads,
           way->isa, found->n, found->all, WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "", found->what);
  }
  return found->failed;
}

/* ---- What cannot fail ------------------------------------------------------------------------------------- */

/* The library asks for room for Swift's objects before it makes them: 4 MiB, of which this is a part. */
static void what_cannot_fail(const struct way *way) {
  is_watched = 1;
  small = most_small = 0;
  CHECK(draw(way) == OBV_OK);
  is_watched = 0;
  memset(small_blocks, 0, sizeof small_blocks);
  printf("%s: %ld kB at most of what cannot fail\n", way->path, most_small >> 10);
  CHECK(most_small > 0 && most_small < 2 << 20);
}

/* Whether a context can be had for this instruction set. */
static int is_here(const char *path, uint32_t isa) {
  obv_model *model;
  obv_context *context = NULL;
  obv_context_options options = {.size = sizeof options, .threads = 1, .isa = isa};
  if (obv_model_open(path, &model)) abort();
  obv_status status = obv_context_create(model, &options, &context);
  obv_context_destroy(context);
  obv_model_close(model);
  return status == OBV_OK;
}

static long try_model(const char *path, int is_long) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END)) abort();
  size_t size = (size_t)ftell(file);
  rewind(file);
  unsigned char *memory = aligned_alloc(64, size + 128), *odd = memory + 65;
  if (!memory || fread(odd, 1, size, file) != size) abort();
  fclose(file);
  struct way way = {path, odd, size, FROM_FILE, 2, OBV_ISA_MODEL};
  what_cannot_fail(&way);
  long failed = try_all(&way);
  way.threads = 3;
  if (is_long) failed += try_all(&way);
  /* What opening and packing allocate does not depend on threads. */
  way.threads = 1;
  for (way.isa = OBV_ISA_MODEL; way.isa <= (is_long ? OBV_ISA_NEON : OBV_ISA_MODEL); way.isa++) {
    if (!is_here(path, way.isa)) continue;
    for (way.opening = 0; way.opening < WAYS; way.opening++) failed += try_all(&way);
  }
  free(memory);
  return failed;
}

int main(int count, char **words) {
  int is_long = count > 1 && !strcmp(words[1], "--long");
  if (count < 2 + is_long) return 64;
  long failed = 0;
  for (int i = 1 + is_long; i < count; i++) failed += try_model(words[i], is_long);
  if (is_long) CHECK(failed >= 10000);
  printf("%ld allocations failed; %d checks, %d failures\n", failed, checks, failures);
  return failures ? 1 : 0;
}
