/* Draws faces by some numbers of threads, which must give the same bytes, and compares them with pictures.
 *   faces MODEL.obv FOLDER MOST THREADS SEED...    FOLDER holds seed0085.ppm and so on, drawn with psi 0.7;
 *                                                  THREADS are digits: 123 is 1, 2 and 3 threads
 * Exits with 1 where a sample is farther than MOST of 255 from the picture's. */
#include <obverse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static obv_model *model;
static obv_model_info info = OBV_MODEL_INFO_INIT;

static void fail(const char *what, const char *why) {
  fprintf(stderr, "faces: %s: %s\n", what, why);
  exit(1);
}

static size_t bytes(void) { return (size_t)3 * info.width * info.height; }

/* The samples of a binary PPM of the model's size. */
static unsigned char *picture(const char *folder, unsigned seed) {
  char name[4096], wanted[64], header[64];
  unsigned char *samples = malloc(bytes());
  int length = snprintf(wanted, sizeof wanted, "P6\n%u %u\n255\n", info.width, info.height);
  snprintf(name, sizeof name, "%s/seed%04u.ppm", folder, seed);
  FILE *file = fopen(name, "rb");
  if (!file || !samples) fail(name, "cannot be read");
  if (fread(header, 1, length, file) != (size_t)length || memcmp(header, wanted, length))
    fail(name, "is no PPM of the model's size");
  if (fread(samples, 1, bytes(), file) != bytes()) fail(name, "is too short");
  fclose(file);
  return samples;
}

int main(int count, char **words) {
  obv_context *contexts[9] = {0};
  size_t differ = 0;
  int most = 0;
  int ways = count > 5 ? (int)strlen(words[4]) : 0;
  if (ways < 1 || ways > 9 || strspn(words[4], "123456789") != (size_t)ways) {
    fprintf(stderr, "usage: faces MODEL.obv FOLDER MOST THREADS SEED...\n");
    return 64;
  }
  if (obv_model_open(words[1], &model) || obv_model_get_info(model, &info)) fail(words[1], obv_last_error());
  for (int i = 0; i < ways; i++) {
    obv_context_options options = OBV_CONTEXT_OPTIONS_INIT;
    options.threads = (uint32_t)(words[4][i] - '0');
    if (obv_context_create(model, &options, &contexts[i])) fail("a context", obv_last_error());
  }
  obv_draw_options options = OBV_DRAW_OPTIONS_INIT;
  options.psi = 0.7f;
  for (int word = 5; word < count; word++) {
    unsigned seed = (unsigned)strtoul(words[word], NULL, 10);
    unsigned char *wanted = picture(words[2], seed), *found[9];
    for (int i = 0; i < ways; i++) {
      found[i] = calloc(bytes(), 1);
      if (!found[i]) fail("memory", "there is none");
      if (obv_generate(contexts[i], seed, &options, found[i], (size_t)3 * info.width, OBV_RGB8))
        fail("a face", obv_last_error());
      if (memcmp(found[i], found[0], bytes())) fail(words[word], "other bytes by other threads");
    }
    for (size_t i = 0; i < bytes(); i++) {
      int distance = abs(wanted[i] - found[0][i]);
      differ += distance > 0;
      if (distance > most) most = distance;
    }
    for (int i = 0; i < ways; i++) free(found[i]);
    free(wanted);
  }
  printf("%s, %s, threads %s: %zu of %zu samples differ, by %d of 255 at most\n", words[1], info.instruction_set,
         words[4], differ, bytes() * (size_t)(count - 5), most);
  for (int i = 0; i < ways; i++) obv_context_destroy(contexts[i]);
  obv_model_close(model);
  return most > atoi(words[3]);
}
