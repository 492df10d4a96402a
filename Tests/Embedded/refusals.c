/* Says what the library answers to damaged model files, one line each: builds are compared by it.
 *   refusals MODEL.obv    a small one; its bytes are changed in turn, and its end cut off
 * Lines are statuses and sentences. A file that is still good is good in all builds; of bytes in whose neighbourhood
 * all others left it so, as weights do, each eighth is changed. */
#include <obverse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int try(const char *what, size_t place, const unsigned char *bytes, size_t count) {
  obv_model *model = NULL;
  obv_status status = obv_model_open_memory(bytes, count, OBV_COPY, &model);
  printf("%s %zu: %s: %s\n", what, place, obv_status_text(status), status ? obv_last_error() : "");
  obv_model_close(model);
  return status == OBV_OK;
}

int main(int count, char **words) {
  FILE *file = count == 2 ? fopen(words[1], "rb") : NULL;
  if (!file) {
    fprintf(stderr, "usage: refusals MODEL.obv\n");
    return 64;
  }
  static unsigned char bytes[1 << 20], damaged[1 << 20];
  size_t size = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  memcpy(damaged, bytes, size);
  int good = 0; /* in a row */
  for (size_t i = 0; i < size; i += good < 32 ? 1 : 8) {
    static const unsigned char values[] = {0xff, 0x00, 0x7f, 0x05, 0x01};
    damaged[i] = values[i % sizeof values];
    if (damaged[i] != bytes[i]) good = try("byte", i, damaged, size) ? good + 1 : 0;
    damaged[i] = bytes[i];
  }
  for (size_t i = 1; i < size; i += 7) try("cut", i, bytes, i);
  /* What other files look like. */
  static const char *heads[] = {"\211PNG\r\n", "PK\3\4", "<!doctype html><title>github", "{\"error\": 1}",
                                "version https://git-lfs.github.com/spec/v1", "hello", "\200\2}q"};
  for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
    memset(damaged, 0, 64);
    memcpy(damaged, heads[i], strlen(heads[i]));
    try("head", i, damaged, 64);
    try("text", i, damaged, strlen(heads[i]));
  }
  obv_model *model = NULL;
  printf("%s\n", obv_model_open("/nowhere", &model) ? obv_last_error() : "");
  printf("%s\n", obv_model_open("/dev", &model) ? obv_last_error() : "");
  printf("%s\n", obv_model_open("/dev/null", &model) ? obv_last_error() : "");
  return 0;
}
