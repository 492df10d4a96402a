/* The host that most of these tests are: a model, a context of two threads, and the face that it draws.
 *   TEST MODEL.obv FOLDER    prints what does not hold; exits with 1 then
 * MODEL is an unconditional RGB model with a w average and stored noise; FOLDER is for small files. */
#ifndef HOST_H
#define HOST_H

#include "check.h"

#include <obverse.h>
#include <stdlib.h>

int checks, failures;

static const char *model_path, *folder;
static obv_model *model;
static obv_context *context;
static obv_model_info info = OBV_MODEL_INFO_INIT;
static size_t side, row, image_bytes, ws_floats;
static unsigned char *reference; /* seed 85, psi 0.7 */
static int files_before, threads_before;

static inline void *room(size_t bytes) {
  void *memory = malloc(bytes);
  if (!memory) abort();
  memset(memory, 0xa5, bytes);
  return memory;
}

static inline obv_draw_options usual(void) {
  obv_draw_options options = OBV_DRAW_OPTIONS_INIT;
  options.psi = 0.7f;
  return options;
}

/* Whether a context draws what it should. */
static inline int draws(obv_context *which, const obv_draw_options *options) {
  unsigned char *pixels = room(image_bytes);
  int well = obv_generate(which, 85, options, pixels, row, OBV_RGB8) == OBV_OK &&
             !memcmp(pixels, reference, image_bytes);
  free(pixels);
  return well;
}

static inline int draws_well(obv_context *which) {
  obv_draw_options options = usual();
  return draws(which, &options);
}

/* First of all; ends the process where there is no face to compare with. */
static inline void begin(int count, char **words) {
  if (count != 3) exit(64);
  model_path = words[1];
  folder = words[2];
  GIVES(OBV_OK, obv_model_open(model_path, &model));
  GIVES(OBV_OK, obv_model_get_info(model, &info));
  obv_context_options two = OBV_CONTEXT_OPTIONS_INIT;
  two.threads = 2;
  GIVES(OBV_OK, obv_context_create(model, &two, &context));
  if (failures) exit(1);
  side = info.width;
  row = 3 * side;
  image_bytes = row * side;
  ws_floats = (size_t)info.ws_count * info.w_dim;
  reference = room(image_bytes);
  obv_draw_options options = usual();
  GIVES(OBV_OK, obv_generate(context, 85, &options, reference, row, OBV_RGB8));
  files_before = entries("/proc/self/fd");
  threads_before = entries("/proc/self/task");
}

/* Last of all: whatever was done, the context draws as before, and no file and no thread is left. Gives the exit code. */
static inline int end(void) {
  CHECK(draws_well(context));
  CHECK(entries("/proc/self/fd") == files_before);
  CHECK(threads_are(threads_before));
  free(reference);
  obv_context_destroy(context);
  obv_model_close(model);
  printf("%d checks, %d failures\n", checks, failures);
  return failures ? 1 : 0;
}

#endif
