/* A host that has too little memory, or too few threads: every call gives a status, the process lives on, and once there is
 * memory again the library draws as before.
 *   memory MODEL.obv    prints what does not hold; exits with 1 then */
#define _GNU_SOURCE
#include "check.h"

#include <dlfcn.h>
#include <errno.h>
#include <obverse.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int checks, failures;

/* ---- The nth large allocation fails. Small ones are bounded whatever the model, and are Swift's own. */

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
static atomic_long large, fails_at;
enum { LARGE = 8 << 10 };

static int fails(size_t size) { return size >= LARGE && ++large == fails_at; }

void *malloc(size_t size) {
  if (!fails(size)) return __libc_malloc(size);
  errno = ENOMEM;
  return NULL;
}
void *calloc(size_t count, size_t size) {
  if (!size || !fails(count * size)) return __libc_calloc(count, size);
  errno = ENOMEM;
  return NULL;
}
void *realloc(void *old, size_t size) {
  if (!fails(size)) return __libc_realloc(old, size);
  errno = ENOMEM;
  return NULL;
}
void *aligned_alloc(size_t alignment, size_t size) {
  return fails(size) ? NULL : __libc_memalign(alignment, size);
}
int posix_memalign(void **out, size_t alignment, size_t size) {
  if (fails(size)) return ENOMEM;
  *out = __libc_memalign(alignment, size);
  return *out ? 0 : ENOMEM;
}

/* ---- So many threads can still be made. ---- */

static int threads_left = 1 << 20;

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
  static int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  if (!next) *(void **)&next = dlsym(RTLD_NEXT, "pthread_create");
  if (threads_left == 0) return EAGAIN;
  threads_left--;
  return next(thread, attributes, start, argument);
}

/* ---- One face from the file to the pixels. ------------------------------------------------------- */

static unsigned char pixels[4 * 256 * 256], reference[sizeof pixels], *bytes;
static size_t size;
static const char *model_path;

/* The status of the first call that fails. */
static obv_status whole_way(int is_copied) {
  obv_model *model = NULL;
  obv_context *context = NULL;
  obv_model_info info = OBV_MODEL_INFO_INIT;
  obv_context_options two = {.size = sizeof two, .threads = 2};
  memset(pixels, 0, sizeof pixels);
  obv_status status = is_copied ? obv_model_open_memory(bytes, size, OBV_COPY, &model)
                                : obv_model_open(model_path, &model);
  if (!status) status = obv_model_get_info(model, &info);
  if (!status) status = obv_context_create(model, &two, &context);
  if (!status) status = obv_generate(context, 85, NULL, pixels, 3 * info.width, OBV_RGB8);
  obv_context_destroy(context);
  obv_model_close(model);
  return status;
}

/* That of the copy, or of the context and what it draws; the large allocations before it do not count. */
static obv_status part_way(int is_copied) {
  obv_model *model = NULL;
  obv_context *context = NULL;
  obv_model_info info = OBV_MODEL_INFO_INIT;
  obv_context_options two = {.size = sizeof two, .threads = 2};
  if (is_copied) {
    /* No model, so that nothing but the copy is made. */
    static char none[1 << 20];
    obv_status status = obv_model_open_memory(none, sizeof none, OBV_COPY, &model);
    return status == OBV_MODEL_MAGIC ? OBV_OK : status;
  }
  long failing = fails_at;
  fails_at = 0;
  obv_status status = obv_model_open(model_path, &model);
  large = 0;
  fails_at = failing;
  float z[512], ws[18 * 512];
  if (!status) status = obv_model_get_info(model, &info);
  if (!status) status = obv_context_create(model, &two, &context);
  if (!status) status = obv_latent_from_seed(model, 85, z, info.z_dim);
  if (!status)
    status = obv_map(context, z, info.z_dim, NULL, ws, (size_t)info.ws_count * info.w_dim);
  if (!status) status = obv_generate(context, 85, NULL, pixels, 4 * info.width, OBV_BGRA8);
  obv_context_destroy(context);
  obv_model_close(model);
  return status;
}

/* What a child came to: its exit code, or 1000 and its signal. */
static int outcome(pid_t child) {
  int status = -1;
  if (child < 0 || waitpid(child, &status, 0) != child) return 2000;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* ---- Tests ----------------------------------------------------------------------------------------- */

/* Of the copy of a model, and of all that a context needs. What opening packs is asked for beforehand, as
 * a whole: that is what limits() tries. */
static void each_allocation(void) {
  for (int is_copied = 0; is_copied < 2; is_copied++) {
    large = fails_at = 0;
    GIVES(OBV_OK, part_way(is_copied));
    long all = large;
    CHECK(all >= (is_copied ? 1 : 2));
    int refused = 0, wrong = 0;
    for (long n = 1; n <= all; n++) {
      fflush(stdout);
      pid_t child = fork();
      if (child == 0) {
        alarm(60);
        close(STDERR_FILENO);
        large = 0;
        fails_at = n;
        obv_status status = part_way(is_copied);
        if (status != OBV_OK && !strlen(obv_last_error())) _exit(200);
        fails_at = 0;
        /* The next call works. */
        if (whole_way(is_copied) != OBV_OK || memcmp(pixels, reference, sizeof pixels)) _exit(201);
        _exit(status);
      }
      int code = outcome(child);
      refused += code == OBV_RESOURCES;
      if (code != OBV_RESOURCES && code != OBV_OK) {
        if (!wrong++) printf("allocation %ld of %ld: %d\n", n, all, code);
      }
    }
    printf("%s: %ld large allocations: %d refused with a status, %d went wrong\n",
           is_copied ? "memory" : "file", all, refused, wrong);
    CHECK(refused > 0 && wrong == 0);
  }
}

static long mapped(void) {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%ld", &pages) != 1) abort();
  fclose(file);
  return pages * sysconf(_SC_PAGESIZE);
}

static void limits(void) {
  int refused = 0, drawn = 0, wrong = 0;
  for (int step = 0; step < 200; step++) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
      alarm(60);
      close(STDERR_FILENO);
      rlim_t some = (rlim_t)mapped() + (rlim_t)step * 64 * 1024;
      struct rlimit limit = {some, RLIM_INFINITY};
      setrlimit(RLIMIT_AS, &limit);
      obv_status status = whole_way(step % 2);
      limit.rlim_cur = RLIM_INFINITY;
      setrlimit(RLIMIT_AS, &limit);
      if (whole_way(step % 2) != OBV_OK || memcmp(pixels, reference, sizeof pixels)) _exit(201);
      _exit(status);
    }
    int code = outcome(child);
    drawn += code == OBV_OK;
    refused += code == OBV_RESOURCES || code == OBV_FILE_UNREADABLE;
    if (code != OBV_OK && code != OBV_RESOURCES && code != OBV_FILE_UNREADABLE) {
      if (!wrong++) printf("with %d kB: %d\n", step * 256, code);
    }
  }
  printf("200 limits: %d refused, %d drawn, %d went wrong\n", refused, drawn, wrong);
  CHECK(refused > 10 && drawn > 10 && wrong == 0);
}

static void no_threads(void) {
  obv_model *model;
  obv_context *context = NULL;
  obv_context_options five = {.size = sizeof five, .threads = 5};
  int before = entries("/proc/self/task");
  GIVES(OBV_OK, obv_model_open(model_path, &model));
  for (int left = 0; left < 4; left++) {
    threads_left = left;
    GIVES(OBV_RESOURCES, obv_context_create(model, &five, &context));
    SAYS("cannot start thread");
    CHECK(!context && threads_are(before));
  }
  threads_left = 4;
  GIVES(OBV_OK, obv_context_create(model, &five, &context));
  obv_context_destroy(context);
  CHECK(threads_are(before));
  obv_model_close(model);
}

int main(int count, char **words) {
  if (count != 2) return 64;
  model_path = words[1];
  FILE *file = fopen(model_path, "rb");
  if (!file || fseek(file, 0, SEEK_END)) abort();
  size = (size_t)ftell(file);
  rewind(file);
  bytes = malloc(size);
  if (!bytes || fread(bytes, 1, size, file) != size) abort();
  fclose(file);
  GIVES(OBV_OK, whole_way(0));
  memcpy(reference, pixels, sizeof pixels);
  each_allocation();
  limits();
  no_threads();
  free(bytes);
  printf("%d checks, %d failures\n", checks, failures);
  return failures ? 1 : 0;
}
