/* Draws the face of a seed and writes it as PPM to standard output.
 *   cc face.c $(pkg-config --cflags --libs obverse) -o face && ./face MODEL.obv 85 > 85.ppm */
#include <errno.h>
#include <obverse.h>
#include <stdio.h>
#include <stdlib.h>

static int failed(const char *what) {
  fprintf(stderr, "face: %s: %s\n", what, obv_last_error());
  return 1;
}

int main(int count, char **words) {
  char *end;
  if (count != 3) {
    fprintf(stderr, "usage: face MODEL.obv SEED > FILE.ppm\n");
    return 64;
  }
  errno = 0;
  unsigned long long seed = strtoull(words[2], &end, 10);
  if (errno || *end || end == words[2] || words[2][0] == '-' || seed > UINT32_MAX) {
    fprintf(stderr, "face: '%s' is not a seed, 0 to 4294967295\n", words[2]);
    return 64;
  }

  obv_model *model = NULL;
  obv_context *context = NULL;
  unsigned char *pixels = NULL;
  obv_model_info info = OBV_MODEL_INFO_INIT;
  obv_draw_options options = OBV_DRAW_OPTIONS_INIT;
  int code = 0;

  options.psi = 0.7f;
  if (obv_model_open(words[1], &model)) return failed("cannot open the model");
  if (obv_model_get_info(model, &info) || obv_context_create(model, NULL, &context)) {
    code = failed("cannot prepare drawing");
  } else if (!(pixels = malloc((size_t)3 * info.width * info.height))) {
    fprintf(stderr, "face: out of memory\n");
    code = 71;
  } else if (obv_generate(context, (uint32_t)seed, &options, pixels, (size_t)3 * info.width,
                          OBV_RGB8)) {
    code = failed("cannot draw");
  } else {
    printf("P6\n%u %u\n255\n", info.width, info.height);
    fwrite(pixels, 3 * info.width, info.height, stdout);
    if (fflush(stdout) || ferror(stdout)) code = 74;
  }
  free(pixels);
  obv_context_destroy(context);
  obv_model_close(model);
  return code;
}
