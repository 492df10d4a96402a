/* A host that loads the library as a plug-in, and unloads it, again and again.
 *   unload LIBRARY MODEL.obv    prints what does not hold; exits with 1 then */
#define _GNU_SOURCE
#include "check.h"

#include <dlfcn.h>
#include <obverse.h>
#include <pthread.h>
#include <stdlib.h>

int checks, failures;

static const char *library_path, *model_path;
static unsigned char first[3 * 256 * 256], pixels[sizeof first];

#define FUNCTION(name) __typeof__(&name) name##_ = (__typeof__(&name))dlsym(library, #name)

/* Loads, draws a face and unloads; in a thread of its own, so that a thread's storage is freed after. */
static void *round_trip(void *target) {
  void *library = dlopen(library_path, RTLD_NOW | RTLD_LOCAL);
  if (!library) return (void *)dlerror();
  FUNCTION(obv_model_open);
  FUNCTION(obv_model_get_info);
  FUNCTION(obv_context_create);
  FUNCTION(obv_generate);
  FUNCTION(obv_context_destroy);
  FUNCTION(obv_model_close);
  FUNCTION(obv_last_error);
  obv_model *model = NULL;
  obv_context *context = NULL;
  obv_model_info info = OBV_MODEL_INFO_INIT;
  obv_context_options two = {.size = sizeof two, .threads = 2};
  const char *wrong = NULL;
  if (obv_model_open_("no/such.obv", &model) != OBV_FILE_MISSING) wrong = "missing";
  if (obv_model_open_(model_path, &model) || obv_model_get_info_(model, &info) ||
      obv_context_create_(model, &two, &context) ||
      obv_generate_(context, 85, NULL, target, (size_t)3 * info.width, OBV_RGB8))
    wrong = obv_last_error_();
  obv_context_destroy_(context);
  obv_model_close_(model);
  if (dlclose(library)) wrong = "dlclose";
  return (void *)wrong;
}

static const char *in_a_thread(void *target) {
  pthread_t thread;
  void *wrong = "no thread";
  if (!pthread_create(&thread, NULL, round_trip, target)) pthread_join(thread, &wrong);
  return wrong;
}

int main(int count, char **words) {
  if (count != 3) return 64;
  library_path = words[1];
  model_path = words[2];
  CHECK(in_a_thread(first) == NULL);
  int files = entries("/proc/self/fd"), threads = entries("/proc/self/task");
  for (int i = 0; i < 50; i++) {
    const char *wrong = in_a_thread(pixels);
    if (wrong) printf("round %d: %s\n", i, wrong);
    CHECK(!wrong && !memcmp(pixels, first, sizeof first));
    memset(pixels, 0, sizeof pixels);
  }
  CHECK(entries("/proc/self/fd") == files && threads_are(threads));
  printf("%d checks, %d failures\n", checks, failures);
  return failures ? 1 : 0;
}
