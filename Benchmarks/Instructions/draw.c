/* Draws a face some times by one thread, so that instructions of one can be told from those of opening a model.
 *   draw MODEL.obv COUNT */
#include <obverse.h>
#include <stdio.h>
#include <stdlib.h>

int main(int count, char **words) {
  obv_model *model = NULL;
  obv_context *context = NULL;
  obv_model_info info = OBV_MODEL_INFO_INIT;
  obv_context_options options = OBV_CONTEXT_OPTIONS_INIT;
  obv_draw_options draw = OBV_DRAW_OPTIONS_INIT;
  unsigned char *pixels;

  if (count != 3) {
    fprintf(stderr, "usage: draw MODEL.obv COUNT\n");
    return 64;
  }
  options.threads = 1;
  draw.psi = 0.7f;
  if (obv_model_open(words[1], &model) || obv_model_get_info(model, &info) ||
      obv_context_create(model, &options, &context)) {
    fprintf(stderr, "draw: %s: %s\n", words[1], obv_last_error());
    return 1;
  }
  pixels = malloc((size_t)3 * info.width * info.height);
  if (!pixels) return 71;
  for (long left = strtol(words[2], NULL, 10); left > 0; left--) {
    if (obv_generate(context, 85, &draw, pixels, (size_t)3 * info.width, OBV_RGB8)) {
      fprintf(stderr, "draw: %s\n", obv_last_error());
      return 1;
    }
  }
  printf("%s\n", info.instruction_set);
  free(pixels);
  obv_context_destroy(context);
  obv_model_close(model);
  return 0;
}
