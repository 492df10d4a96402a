// A host of C++ whose callbacks throw.
//   throws MODEL.obv    prints what does not hold; exits with 1 then
#include "check.h"

#include <obverse.h>
#include <stdexcept>
#include <vector>

int checks, failures;

static int32_t throws_at(void *user, uint32_t done, uint32_t) {
  if (done == *static_cast<uint32_t *>(user)) throw std::runtime_error("of the host");
  return 0;
}

static void logs(void *user, int32_t, const char *) {
  ++*static_cast<int *>(user);
  throw 1;
}

int main(int count, char **words) {
  if (count != 2) return 64;
  obv_model *model;
  int lines = 0;
  obv_set_log(logs, &lines);
  GIVES(OBV_OK, obv_model_open(words[1], &model));
  obv_model_info info = OBV_MODEL_INFO_INIT;
  GIVES(OBV_OK, obv_model_get_info(model, &info));
  size_t row = 3 * size_t(info.width);
  std::vector<unsigned char> wanted(row * info.height), pixels(wanted);
  for (uint32_t threads = 1; threads <= 4; threads += 3) {
    obv_context_options options = OBV_CONTEXT_OPTIONS_INIT;
    options.threads = threads;
    obv_context *context;
    GIVES(OBV_OK, obv_context_create(model, &options, &context));
    GIVES(OBV_OK, obv_generate(context, 85, nullptr, wanted.data(), row, OBV_RGB8));
    for (uint32_t when = 0; when < 4; when++) {
      obv_draw_options draw = OBV_DRAW_OPTIONS_INIT;
      draw.progress = throws_at;
      draw.progress_user = &when;
      GIVES(OBV_CANCELLED, obv_generate(context, 85, &draw, pixels.data(), row, OBV_RGB8));
      SAYS("threw");
      GIVES(OBV_OK, obv_generate(context, 85, nullptr, pixels.data(), row, OBV_RGB8));
      CHECK(pixels == wanted);
    }
    obv_context_destroy(context);
  }
  obv_model_close(model);
  CHECK(lines >= 3);
  std::printf("%d checks, %d failures\n", checks, failures);
  return failures ? 1 : 0;
}
