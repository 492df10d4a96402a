/* Uses the library for long and looks whether anything grows.
 *   soak MODEL.obv FACES ROUNDS    FACES drawn, ROUNDS of opening and closing
 * After the first hundred faces the resident memory may change by 1 MB; after the rounds no file, no
 * thread and no memory may be left. */
#define _GNU_SOURCE
#include "check.h"

#include <obverse.h>
#include <stdlib.h>
#include <unistd.h>

int checks, failures;

/* Resident kB that are not a file's pages. */
static long resident(void) {
  char line[256];
  long size = 0;
  FILE *file = fopen("/proc/self/status", "r");
  while (file && fgets(line, sizeof line, file)) sscanf(line, "RssAnon: %ld", &size);
  if (file) fclose(file);
  return size;
}

int main(int count, char **words) {
  if (count != 4) return 64;
  long faces = atol(words[2]), rounds = atol(words[3]);
  obv_model *model;
  obv_context *context;
  obv_model_info info = OBV_MODEL_INFO_INIT;
  GIVES(OBV_OK, obv_model_open(words[1], &model));
  GIVES(OBV_OK, obv_model_get_info(model, &info));
  GIVES(OBV_OK, obv_context_create(model, NULL, &context));
  if (failures) return 1;
  size_t row = (size_t)4 * info.width;
  unsigned char *pixels = malloc(row * info.height);
  if (!pixels) return 71;
  obv_draw_options options = OBV_DRAW_OPTIONS_INIT;
  long first = 0;
  for (long face = 0; face < faces; face++) {
    if (face == 100) first = resident();
    options.noise = face % 3;
    options.noise_seed = face;
    options.job = face + 1;
    if (face % 7 == 6) obv_cancel_job(context, options.job);
    GIVES(face % 7 == 6 ? OBV_CANCELLED : OBV_OK,
          obv_generate(context, face, &options, pixels, row, face % 3));
  }
  long growth = faces > 100 ? resident() - first : 0;
  printf("%ld faces: grown by %ld kB after the first 100\n", faces, growth);
  CHECK(growth < 1024 && growth > -1024);
  obv_context_destroy(context);
  obv_model_close(model);

  int files = entries("/proc/self/fd"), threads = entries("/proc/self/task");
  long before = 0;
  obv_context_options workers = OBV_CONTEXT_OPTIONS_INIT;
  for (long round = 0; round < rounds; round++) {
    if (round == 100) before = resident();
    workers.threads = 1 + round % 3;
    GIVES(OBV_OK, obv_model_open(words[1], &model));
    GIVES(OBV_OK, obv_context_create(model, &workers, &context));
    obv_model_close(model);
    if (round % 10 == 0) GIVES(OBV_OK, obv_generate(context, 1, NULL, pixels, row, OBV_RGBA8));
    obv_context_destroy(context);
    obv_model *none;
    GIVES(OBV_FILE_MISSING, obv_model_open("missing.obv", &none));
  }
  growth = rounds > 100 ? resident() - before : 0;
  printf("%ld rounds: grown by %ld kB after the first 100\n", rounds, growth);
  CHECK(growth < 1024);
  CHECK(entries("/proc/self/fd") == files && threads_are(threads));
  free(pixels);
  printf("%d checks, %d failures\n", checks, failures);
  return failures ? 1 : 0;
}
