/* Drawing: options, latents, formats and strides, and that nothing is allocated for a face. */
#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <stdatomic.h>

/* ---- Counted memory: every allocation of this process comes through here. --------------------- */

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
static atomic_long allocations;

void *malloc(size_t size) {
  allocations++;
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  allocations++;
  return __libc_calloc(count, size);
}
void *realloc(void *old, size_t size) {
  allocations++;
  return __libc_realloc(old, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  allocations++;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void **out, size_t alignment, size_t size) {
  allocations++;
  *out = __libc_memalign(alignment, size);
  return *out ? 0 : ENOMEM;
}

/* ---- Options ----------------------------------------------------------------------------------- */

static void draw_options(void) {
  unsigned char *pixels = room(image_bytes);
  struct {
    obv_draw_options known;
    uint64_t later;
  } longer = {OBV_DRAW_OPTIONS_INIT, 0};
  longer.known.psi = 0.7f;
  longer.known.size = sizeof longer;
  GIVES(OBV_OK, obv_generate(context, 85, &longer.known, pixels, row, OBV_RGB8));
  CHECK(!memcmp(pixels, reference, image_bytes));
  longer.later = (uint64_t)1 << 63;
  GIVES(OBV_ARGUMENT, obv_generate(context, 85, &longer.known, pixels, row, OBV_RGB8));
  obv_draw_options options = obv_draw_options_default();
  options.size = offsetof(obv_draw_options, zeros) - 8;
  GIVES(OBV_ARGUMENT, obv_generate(context, 85, &options, pixels, row, OBV_RGB8));
  options = obv_draw_options_default();
  options.noise = 3;
  GIVES(OBV_ARGUMENT, obv_generate(context, 85, &options, pixels, row, OBV_RGB8));
  options = obv_draw_options_default();
  options.label = 0;
  GIVES(OBV_REQUEST, obv_generate(context, 85, &options, pixels, row, OBV_RGB8));
  SAYS("no classes");
  float zero = 0;
  options = usual();
  options.psi = zero / zero;
  GIVES(OBV_REQUEST, obv_generate(context, 85, &options, pixels, row, OBV_RGB8));
  CHECK(draws_well(context));

  /* Noise: by its own seed, and only where it is asked for. */
  unsigned char *again = room(image_bytes);
  options = usual();
  options.noise = OBV_NOISE_RANDOM;
  options.noise_seed = 7;
  GIVES(OBV_OK, obv_generate(context, 85, &options, pixels, row, OBV_RGB8));
  CHECK(memcmp(pixels, reference, image_bytes));
  GIVES(OBV_OK, obv_generate(context, 85, &options, again, row, OBV_RGB8));
  CHECK(!memcmp(pixels, again, image_bytes));
  options.noise_seed = 8;
  GIVES(OBV_OK, obv_generate(context, 85, &options, again, row, OBV_RGB8));
  CHECK(memcmp(pixels, again, image_bytes));
  options.noise = OBV_NOISE_NONE;
  GIVES(OBV_OK, obv_generate(context, 85, &options, pixels, row, OBV_RGB8));
  CHECK(memcmp(pixels, again, image_bytes) && memcmp(pixels, reference, image_bytes));
  free(again);
  free(pixels);
}

static void zeros(void) {
  obv_draw_options preset = obv_draw_options_default(), macro = OBV_DRAW_OPTIONS_INIT;
  CHECK(preset.size == macro.size && preset.psi == macro.psi && preset.cutoff == macro.cutoff);
  CHECK(preset.label == macro.label && preset.zeros == macro.zeros && preset.noise == macro.noise);
  CHECK(!preset.progress && !preset.progress_user && !preset.noise_seed && !preset.job);

  obv_draw_options few = {.size = sizeof few, .psi = 0.7f};
  CHECK(draws(context, &few));
  /* A zero is the preset, or zero, as `zeros` says. */
  float *z = room(info.z_dim * sizeof *z), *ws = room(ws_floats * sizeof *ws);
  float *whole = room(ws_floats * sizeof *ws), *average = room(ws_floats * sizeof *ws);
  GIVES(OBV_OK, obv_latent_from_seed(model, 85, z, info.z_dim));
  GIVES(OBV_OK, obv_map(context, z, info.z_dim, NULL, whole, ws_floats));
  obv_draw_options none = {.size = sizeof none};
  GIVES(OBV_OK, obv_map(context, z, info.z_dim, &none, ws, ws_floats));
  CHECK(!memcmp(ws, whole, ws_floats * sizeof *ws));
  none.zeros = OBV_ZERO_IS_ZERO;
  none.label = none.cutoff = -1;
  GIVES(OBV_OK, obv_map(context, z, info.z_dim, &none, average, ws_floats));
  CHECK(memcmp(average, whole, ws_floats * sizeof *ws));
  none.cutoff = 0;
  GIVES(OBV_OK, obv_map(context, z, info.z_dim, &none, ws, ws_floats));
  CHECK(!memcmp(ws, whole, ws_floats * sizeof *ws));
  none.label = 0;
  GIVES(OBV_REQUEST, obv_map(context, z, info.z_dim, &none, ws, ws_floats));
  none.zeros = 2;
  GIVES(OBV_ARGUMENT, obv_map(context, z, info.z_dim, &none, ws, ws_floats));
  SAYS("zeros is 2");

  /* A program of 0.1.0: its struct ends before `zeros`, and its zeros are zeros. */
  obv_draw_options old = OBV_DRAW_OPTIONS_INIT;
  old.size = offsetof(obv_draw_options, zeros);
  memset(&old.zeros, 0xa5, sizeof old - old.size);
  old.psi = 0;
  GIVES(OBV_OK, obv_map(context, z, info.z_dim, &old, ws, ws_floats));
  CHECK(!memcmp(ws, average, ws_floats * sizeof *ws));
  free(average);
  free(whole);
  free(ws);
  free(z);
}

/* ---- Latents and pixels ------------------------------------------------------------------------ */

static void latents(void) {
  float *z = room(info.z_dim * sizeof *z), *ws = room(ws_floats * sizeof *ws);
  unsigned char *pixels = room(image_bytes);
  GIVES(OBV_ARGUMENT, obv_latent_from_seed(model, 0, z, info.z_dim - 1));
  GIVES(OBV_ARGUMENT, obv_latent_from_seed(model, 0, z, info.z_dim + 1));
  GIVES(OBV_OK, obv_latent_from_seed(model, 0, z, info.z_dim));
  /* NumPy's RandomState(0).randn. */
  CHECK(z[0] == 1.764052345967664f && z[1] == 0.4001572083672233f);
  CHECK(z[2] == 0.9787379841057392f && z[3] == 2.240893199201458f);

  GIVES(OBV_OK, obv_latent_from_seed(model, 85, z, info.z_dim));
  obv_draw_options options = usual();
  GIVES(OBV_ARGUMENT, obv_map(context, z, info.z_dim + 1, &options, ws, ws_floats));
  GIVES(OBV_ARGUMENT, obv_map(context, z, info.z_dim, &options, ws, ws_floats - 1));
  SAYS("ws_count");
  GIVES(OBV_OK, obv_map(context, z, info.z_dim, &options, ws, ws_floats));
  GIVES(OBV_ARGUMENT, obv_synthesize(context, ws, 0, &options, pixels, row, OBV_RGB8));
  GIVES(OBV_ARGUMENT, obv_synthesize(context, ws, ws_floats, &options, pixels, row - 1, OBV_RGB8));
  GIVES(OBV_OK, obv_synthesize(context, ws, ws_floats, &options, pixels, row, OBV_RGB8));
  CHECK(!memcmp(pixels, reference, image_bytes));

  /* Truncated to nothing, all faces are the average one; beyond the cutoff they are not. */
  float *average = room(ws_floats * sizeof *ws);
  options.psi = 0;
  GIVES(OBV_OK, obv_map(context, z, info.z_dim, &options, average, ws_floats));
  GIVES(OBV_OK, obv_latent_from_seed(model, 86, z, info.z_dim));
  GIVES(OBV_OK, obv_map(context, z, info.z_dim, &options, ws, ws_floats));
  CHECK(!memcmp(ws, average, ws_floats * sizeof *ws));
  options.cutoff = 1;
  GIVES(OBV_OK, obv_map(context, z, info.z_dim, &options, ws, ws_floats));
  CHECK(!memcmp(ws, average, info.w_dim * sizeof *ws));
  CHECK(memcmp(ws + info.w_dim, average + info.w_dim, info.w_dim * sizeof *ws));
  free(average);
  free(pixels);
  free(ws);
  free(z);
}

static void formats(void) {
  static const size_t sizes[] = {3, 4, 4, 12};
  obv_draw_options options = usual();
  for (uint32_t format = OBV_RGB8; format <= OBV_RGBF32; format++) {
    for (size_t gap = 0; gap <= 8; gap += 4) {
      size_t stride = side * sizes[format] + gap;
      unsigned char *pixels = room(stride * side);
      GIVES(OBV_ARGUMENT,
            obv_generate(context, 85, &options, pixels, stride - gap - 1, format));
      SAYS("stride");
      GIVES(OBV_ARGUMENT, obv_generate(context, 85, &options, pixels, 0, format));
      GIVES(OBV_ARGUMENT, obv_generate(context, 85, &options, pixels, (size_t)-4, format));
      if (format == OBV_RGBF32) {
        GIVES(OBV_ARGUMENT, obv_generate(context, 85, &options, pixels, stride + 1, format));
        GIVES(OBV_ARGUMENT, obv_generate(context, 85, &options, pixels + 1, stride, format));
      }
      CHECK(pixels[0] == 0xa5 && pixels[stride * side - 1] == 0xa5);
      GIVES(OBV_OK, obv_generate(context, 85, &options, pixels, stride, format));
      size_t wrong = 0;
      for (size_t y = 0; y < side; y++) {
        const unsigned char *wanted = reference + y * row, *found = pixels + y * stride;
        for (size_t x = 0; x < side; x++, wanted += 3, found += sizes[format]) {
          if (format == OBV_RGBF32) {
            float values[3];
            memcpy(values, found, sizeof values);
            for (int c = 0; c < 3; c++) {
              float level = values[c] * 127.5f + 128;
              wrong += (unsigned char)(level < 0 ? 0 : level > 255 ? 255 : level) != wanted[c];
            }
          } else {
            int red = format == OBV_BGRA8 ? 2 : 0;
            wrong += found[red] != wanted[0] || found[1] != wanted[1] || found[2 - red] != wanted[2];
            wrong += sizes[format] == 4 && found[3] != 255;
          }
        }
        for (size_t i = side * sizes[format]; i < stride; i++) wrong += pixels[y * stride + i] != 0xa5;
      }
      CHECK(wrong == 0);
      free(pixels);
    }
  }
  unsigned char *pixels = room(image_bytes * 4);
  GIVES(OBV_ARGUMENT, obv_generate(context, 85, &options, pixels, side * 12, 4));
  GIVES(OBV_ARGUMENT, obv_generate(context, 85, &options, pixels, side * 12, UINT32_MAX));
  free(pixels);
}

static void between_floats(void) {
  char *z_bytes = room(info.z_dim * sizeof(float) + 4);
  char *ws_bytes = room(ws_floats * sizeof(float) + 4);
  unsigned char *pixels = room(image_bytes);
  for (int offset = 1; offset < 4; offset++) {
    float *z = (void *)(z_bytes + offset), *ws = (void *)(ws_bytes + offset);
    float *good_z = (void *)z_bytes, *good_ws = (void *)ws_bytes;
    GIVES(OBV_ARGUMENT, obv_latent_from_seed(model, 0, z, info.z_dim));
    SAYS("z must begin at a multiple of 4");
    GIVES(OBV_OK, obv_latent_from_seed(model, 0, good_z, info.z_dim));
    GIVES(OBV_ARGUMENT, obv_map(context, z, info.z_dim, NULL, good_ws, ws_floats));
    GIVES(OBV_ARGUMENT, obv_map(context, good_z, info.z_dim, NULL, ws, ws_floats));
    SAYS("ws must begin at a multiple of 4");
    GIVES(OBV_ARGUMENT, obv_synthesize(context, ws, ws_floats, NULL, pixels, row, OBV_RGB8));
  }
  /* Bytes have no boundary, and neither have option structs. */
  unsigned char *odd = room(image_bytes + 1 + sizeof(obv_draw_options));
  obv_draw_options options = usual(), *moved = (void *)(odd + image_bytes + 1);
  memcpy(moved, &options, sizeof options);
  GIVES(OBV_OK, obv_generate(context, 85, moved, odd + 1, row, OBV_RGB8));
  CHECK(!memcmp(odd + 1, reference, image_bytes));
  free(odd);
  free(pixels);
  free(ws_bytes);
  free(z_bytes);
}

static void no_allocation(void) {
  obv_draw_options options = usual();
  float *z = room(info.z_dim * sizeof *z), *ws = room(ws_floats * sizeof *ws);
  unsigned char *pixels = room(side * side * 12);
  for (uint32_t seed = 0; seed < 20; seed++) {
    long before = allocations;
    options.noise = seed % 3;
    int bad = obv_generate(context, seed, &options, pixels, side * 12, seed % 4) != OBV_OK;
    bad |= obv_latent_from_seed(model, seed, z, info.z_dim) != OBV_OK;
    bad |= obv_map(context, z, info.z_dim, &options, ws, ws_floats) != OBV_OK;
    bad |= obv_synthesize(context, ws, ws_floats, &options, pixels, row, OBV_RGB8) != OBV_OK;
    CHECK(!bad);
    if (seed > 0) CHECK(allocations == before);
  }
  free(pixels);
  free(ws);
  free(z);
}

int main(int count, char **words) {
  begin(count, words);
  draw_options();
  zeros();
  latents();
  formats();
  between_floats();
  no_allocation();
  return end();
}
