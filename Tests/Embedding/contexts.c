/* Contexts: their options, their instruction sets, and the memory they say they take. */
#define _GNU_SOURCE
#include "host.h"

static void contexts(void) {
  obv_context *its = NULL;
  struct {
    obv_context_options known;
    uint32_t later;
  } longer = {OBV_CONTEXT_OPTIONS_INIT, 0};
  longer.known.size = sizeof longer;
  longer.known.threads = 3;
  GIVES(OBV_OK, obv_context_create(model, &longer.known, &its));
  CHECK(draws_well(its));
  obv_context_destroy(its);
  its = NULL;
  longer.later = 1;
  GIVES(OBV_ARGUMENT, obv_context_create(model, &longer.known, &its));
  char place[32];
  snprintf(place, sizeof place, "at byte %zu", offsetof(__typeof__(longer), later));
  SAYS(place);
  longer.known.size = 0;
  GIVES(OBV_ARGUMENT, obv_context_create(model, &longer.known, &its));
  longer.known.size = sizeof longer.known;
  longer.known.threads = 1025;
  GIVES(OBV_ARGUMENT, obv_context_create(model, &longer.known, &its));
  CHECK(its == NULL);
}

static void instruction_sets(void) {
  static const char *const names[] = {"", "baseline", "avx2", "avx512", "neon"};
  size_t float_bytes = 4 * image_bytes;
  int made = 0, others = 0;
  for (uint32_t isa = OBV_ISA_BASELINE; isa <= OBV_ISA_NEON; isa++) {
    obv_context_options options = OBV_CONTEXT_OPTIONS_INIT;
    options.isa = isa;
    options.threads = 2;
    obv_context *its = NULL;
    obv_status status = obv_context_create(model, &options, &its);
    CHECK(status == OBV_OK || status == OBV_USAGE);
    if (status) {
      SAYS(names[isa]);
      continue;
    }
    made++;
    /* The same faces as a model that was opened for this set, to the last bit. */
    setenv("OBVERSE_ISA", names[isa], 1);
    obv_model *own;
    obv_context *wanted;
    GIVES(OBV_OK, obv_model_open(model_path, &own));
    unsetenv("OBVERSE_ISA");
    GIVES(OBV_OK, obv_context_create(own, NULL, &wanted));
    unsigned char *a = room(float_bytes), *b = room(float_bytes);
    GIVES(OBV_OK, obv_generate(its, 3, NULL, a, 4 * row, OBV_RGBF32));
    GIVES(OBV_OK, obv_generate(wanted, 3, NULL, b, 4 * row, OBV_RGBF32));
    CHECK(!memcmp(a, b, float_bytes));
    GIVES(OBV_OK, obv_generate(context, 3, NULL, b, 4 * row, OBV_RGBF32));
    others += memcmp(a, b, float_bytes) != 0;
    GIVES(OBV_OK, obv_generate(its, 3, NULL, a, row, OBV_RGB8));
    size_t differing = 0;
    GIVES(OBV_OK, obv_generate(context, 3, NULL, b, row, OBV_RGB8));
    for (size_t i = 0; i < image_bytes; i++) differing += abs(a[i] - b[i]) > 1;
    CHECK(differing == 0);
    free(a);
    free(b);
    obv_context_destroy(wanted);
    obv_context_destroy(its);
    obv_model_close(own);
  }
  /* One of them is the model's own. Where there are more, at least one rounds in another way. */
  CHECK(made >= 1 && (made == 1 || others >= 1));
  obv_context_options options = OBV_CONTEXT_OPTIONS_INIT;
  options.isa = OBV_ISA_NEON + 1;
  obv_context *its;
  GIVES(OBV_ARGUMENT, obv_context_create(model, &options, &its));
}

static long mapped_bytes(void) {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%ld", &pages) != 1) abort();
  fclose(file);
  return pages * sysconf(_SC_PAGESIZE);
}

static void memory(void) {
  obv_context_options options = OBV_CONTEXT_OPTIONS_INIT;
  size_t one = 0, many = 0, bytes = 0;
  options.threads = 1;
  GIVES(OBV_OK, obv_context_memory(model, &options, &one));
  options.threads = 1024;
  GIVES(OBV_OK, obv_context_memory(model, &options, &many));
  CHECK(one >= image_bytes && many > one);
  options.threads = 1025;
  GIVES(OBV_ARGUMENT, obv_context_memory(model, &options, &bytes));
  GIVES(OBV_ARGUMENT, obv_context_memory(NULL, NULL, &bytes));
  GIVES(OBV_ARGUMENT, obv_context_memory(model, NULL, NULL));
  CHECK(bytes == 0);
  GIVES(OBV_OK, obv_context_memory(model, NULL, &bytes));
  CHECK(bytes >= one);
  /* Sixteen contexts map what was said, and little else. */
  obv_context *all[16];
  options.threads = 1;
  long before = mapped_bytes();
  for (int i = 0; i < 16; i++) GIVES(OBV_OK, obv_context_create(model, &options, &all[i]));
  double found = (mapped_bytes() - before) / 16.0;
  CHECK(found > 0.7 * one && found < 1.3 * one + 200000);
  for (int i = 0; i < 16; i++) obv_context_destroy(all[i]);
}

int main(int count, char **words) {
  begin(count, words);
  memory(); /* first, before there is anything to be used again */
  contexts();
  instruction_sets();
  return end();
}
