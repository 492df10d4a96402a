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
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int checks, failures;

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

/* What a child came to: its exit code, or 1000 and its signal. */
static int outcome(pid_t child) {
  int status = -1;
  if (child < 0 || waitpid(child, &status, 0) != child) return 2000;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* ---- Tests ----------------------------------------------------------------------------------------- */

static long mapped(void) {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%ld", &pages) != 1) abort();
  fclose(file);
  return pages * sysconf(_SC_PAGESIZE);
}

/* The address space ends somewhere between what the process has and what it needs. */
static void limits(void) {
  enum { STEP = 128 << 10 };
  int refused = 0, drawn = 0, wrong = 0;
  for (int step = 0; step < 200; step++) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
      alarm(60);
      close(STDERR_FILENO);
      rlim_t some = (rlim_t)mapped() + (rlim_t)step * STEP;
      struct rlimit limit = {some, RLIM_INFINITY};
      setrlimit(RLIMIT_AS, &limit);
      obv_status status = whole_way(step % 2);
      if (status && !strstr(obv_last_error(), "memory") && !strstr(obv_last_error(), "thread")) _exit(202);
      limit.rlim_cur = RLIM_INFINITY;
      setrlimit(RLIMIT_AS, &limit);
      if (whole_way(step % 2) != OBV_OK || memcmp(pixels, reference, sizeof pixels)) _exit(201);
      _exit(status);
    }
    int code = outcome(child);
    drawn += code == OBV_OK;
    refused += code == OBV_RESOURCES;
    if (code != OBV_OK && code != OBV_RESOURCES) {
      if (!wrong++) printf("with %d kB more: %d\n", step * (STEP >> 10), code);
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
  limits();
  no_threads();
  free(bytes);
  printf("%d checks, %d failures\n", checks, failures);
  return failures ? 1 : 0;
}
