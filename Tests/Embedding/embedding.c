/* Every function of obverse.h with what it must do and what it must refuse.
 *   embedding MODEL.obv [FOLDER]    prints what does not hold; exits with 1 then
 * MODEL is an unconditional RGB model with a w average and stored noise; FOLDER is for small files. */
#define _GNU_SOURCE
#include "check.h"

#include <errno.h>
#include <obverse.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

int checks, failures;

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

/* ---- What the tests share ---------------------------------------------------------------------- */

static const char *model_path, *folder;
static obv_model *model;
static obv_context *context;
static obv_model_info info = OBV_MODEL_INFO_INIT;
static size_t side, row, image_bytes, ws_floats;
static unsigned char *reference; /* seed 85, psi 0.7 */

static obv_draw_options options_of(float psi) {
  obv_draw_options options = OBV_DRAW_OPTIONS_INIT;
  options.psi = psi;
  return options;
}

static void *room(size_t bytes) {
  void *memory = malloc(bytes);
  if (!memory) abort();
  memset(memory, 0xa5, bytes);
  return memory;
}

/* Whether the context still draws what it should. */
static int draws_well(obv_context *which) {
  obv_draw_options options = options_of(0.7f);
  unsigned char *pixels = room(image_bytes);
  int well = obv_generate(which, 85, &options, pixels, row, OBV_RGB8) == OBV_OK &&
             !memcmp(pixels, reference, image_bytes);
  free(pixels);
  return well;
}

static char *file_in_folder(const char *name, const void *bytes, size_t size) {
  static char path[4096];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(bytes, 1, size, file) != size || fclose(file)) abort();
  return path;
}

static unsigned char *whole_file(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file || fseek(file, 0, SEEK_END)) abort();
  *size = (size_t)ftell(file);
  rewind(file);
  unsigned char *bytes = room(*size);
  if (fread(bytes, 1, *size, file) != *size) abort();
  fclose(file);
  return bytes;
}

/* ---- The library ------------------------------------------------------------------------------- */

static void library(void) {
  CHECK(!strcmp(obv_version(), OBV_VERSION));
  CHECK(obv_abi_version() == OBV_ABI_VERSION);
  CHECK(!strcmp(obv_last_error(), ""));
  CHECK(!strcmp(obv_status_text(OBV_OK), "ok"));
  CHECK(!strcmp(obv_status_text(OBV_FILE_MISSING), "file-missing"));
  CHECK(!strcmp(obv_status_text(-1), "unknown") && !strcmp(obv_status_text(9), "unknown"));
  CHECK(!strcmp(obv_status_text(INT32_MAX), "unknown"));
}

static void nothing_given(void) {
  static const float some[1];
  static float out[1];
  obv_model *no_model = (obv_model *)8;
  obv_context *no_context = (obv_context *)8;
  GIVES(OBV_ARGUMENT, obv_model_open(NULL, &no_model));
  GIVES(OBV_ARGUMENT, obv_model_open(model_path, NULL));
  GIVES(OBV_ARGUMENT, obv_model_open_memory(NULL, 10, OBV_COPY, &no_model));
  GIVES(OBV_ARGUMENT, obv_model_open_memory("x", 1, OBV_COPY, NULL));
  GIVES(OBV_ARGUMENT, obv_model_get_info(NULL, &info));
  GIVES(OBV_ARGUMENT, obv_model_get_info(model, NULL));
  GIVES(OBV_ARGUMENT, obv_context_create(NULL, NULL, &no_context));
  GIVES(OBV_ARGUMENT, obv_context_create(model, NULL, NULL));
  GIVES(OBV_ARGUMENT, obv_latent_from_seed(NULL, 0, out, 1));
  GIVES(OBV_ARGUMENT, obv_latent_from_seed(model, 0, NULL, info.z_dim));
  GIVES(OBV_ARGUMENT, obv_map(NULL, some, 1, NULL, out, 1));
  GIVES(OBV_ARGUMENT, obv_map(context, NULL, info.z_dim, NULL, out, ws_floats));
  GIVES(OBV_ARGUMENT, obv_map(context, some, info.z_dim, NULL, NULL, ws_floats));
  GIVES(OBV_ARGUMENT, obv_synthesize(NULL, some, 1, NULL, out, row, OBV_RGB8));
  GIVES(OBV_ARGUMENT, obv_synthesize(context, NULL, ws_floats, NULL, out, row, OBV_RGB8));
  GIVES(OBV_ARGUMENT, obv_synthesize(context, some, ws_floats, NULL, NULL, row, OBV_RGB8));
  GIVES(OBV_ARGUMENT, obv_generate(NULL, 0, NULL, out, row, OBV_RGB8));
  GIVES(OBV_ARGUMENT, obv_generate(context, 0, NULL, NULL, row, OBV_RGB8));
  SAYS("pixels is NULL");
  obv_model_retain(NULL);
  obv_model_close(NULL);
  obv_context_destroy(NULL);
  obv_cancel(NULL);
  CHECK(no_model == (obv_model *)8 && no_context == (obv_context *)8);
}

/* ---- Models ------------------------------------------------------------------------------------ */

static void files(void) {
  obv_model *none = NULL;
  GIVES(OBV_FILE_MISSING, obv_model_open("no/such.obv", &none));
  SAYS("no/such.obv");
  GIVES(OBV_FILE_UNREADABLE, obv_model_open(folder, &none));
  GIVES(OBV_FILE_EMPTY, obv_model_open(file_in_folder("empty.obv", "", 0), &none));
  GIVES(OBV_MODEL_MAGIC, obv_model_open(file_in_folder("text.obv", "hello, world", 12), &none));
  /* A name that is no UTF-8 is opened as the bytes it is, and shown as text. */
  GIVES(OBV_MODEL_MAGIC, obv_model_open(file_in_folder("l\xe9.obv", "hello, world", 12), &none));
  CHECK(strstr(obv_last_error(), "/l\\xE9.obv': "));
  char pipe_path[4096];
  snprintf(pipe_path, sizeof pipe_path, "%s/pipe.obv", folder);
  CHECK(mkfifo(pipe_path, 0600) == 0 || errno == EEXIST);
  GIVES(OBV_FILE_UNREADABLE, obv_model_open(pipe_path, &none));
  SAYS("not a regular file");
  char *far_away = room(3001);
  memset(far_away, 'x', 3000);
  far_away[3000] = 0;
  CHECK(obv_model_open(far_away, &none) != OBV_OK);
  CHECK(strlen(obv_last_error()) > 100 && strlen(obv_last_error()) < 1024);
  free(far_away);

  size_t size;
  unsigned char *bytes = whole_file(model_path, &size);
  GIVES(OBV_TRUNCATED, obv_model_open(file_in_folder("cut.obv", bytes, size / 2), &none));
  CHECK(none == NULL);

  obv_model *other;
  GIVES(OBV_FILE_EMPTY, obv_model_open_memory(bytes, 0, OBV_COPY, &none));
  GIVES(OBV_ARGUMENT, obv_model_open_memory(bytes, (size_t)-1, OBV_BORROW, &none));
  GIVES(OBV_ARGUMENT, obv_model_open_memory(bytes, size, 2, &none));
  GIVES(OBV_TRUNCATED, obv_model_open_memory(bytes, size / 2, OBV_BORROW, &none));
  /* At every alignment; a copy outlives what it was made from. */
  for (uint32_t flag = OBV_COPY; flag <= OBV_BORROW; flag++) {
    for (size_t offset = 0; offset < 3; offset++) {
      unsigned char *moved = room(size + 64);
      memcpy(moved + offset, bytes, size);
      GIVES(OBV_OK, obv_model_open_memory(moved + offset, size, flag, &other));
      if (flag == OBV_COPY) memset(moved, 0, size + 64);
      obv_context *its;
      GIVES(OBV_OK, obv_context_create(other, NULL, &its));
      CHECK(draws_well(its));
      obv_context_destroy(its);
      obv_model_close(other);
      free(moved);
    }
  }
  free(bytes);

  setenv("OBVERSE_ISA", "abacus", 1);
  GIVES(OBV_USAGE, obv_model_open(model_path, &none));
  unsetenv("OBVERSE_ISA");
}

static void infos(void) {
  CHECK(info.size == sizeof info && info.width == info.height && info.channels == 3);
  CHECK(info.ws_count >= 2 && info.z_dim > 0 && info.w_dim > 0 && info.classes == 0);
  CHECK(info.flags == (OBV_HAS_W_AVERAGE | OBV_HAS_STORED_NOISE | OBV_ALLOWS_RANDOM_NOISE));
  CHECK(strlen(info.weights_sha256) == 64 && strlen(info.instruction_set) > 3);

  obv_model_info wrong = OBV_MODEL_INFO_INIT;
  wrong.size = 0;
  GIVES(OBV_ARGUMENT, obv_model_get_info(model, &wrong));
  wrong.size = offsetof(obv_model_info, facts) - 4;
  GIVES(OBV_ARGUMENT, obv_model_get_info(model, &wrong));
  wrong.size = 1 << 30;
  GIVES(OBV_ARGUMENT, obv_model_get_info(model, &wrong));
  CHECK(wrong.width == 0);
  /* A caller of 0.1.0 has no facts. */
  wrong.size = offsetof(obv_model_info, facts);
  wrong.facts = 0xa5a5a5a5;
  GIVES(OBV_OK, obv_model_get_info(model, &wrong));
  CHECK(wrong.width == info.width && wrong.facts == 0xa5a5a5a5);
  /* A caller of a later version finds zeros in what this library does not know. */
  struct {
    obv_model_info known;
    uint32_t later, behind;
  } longer;
  memset(&longer, 0xa5, sizeof longer);
  longer.known.size = sizeof longer.known + 4;
  GIVES(OBV_OK, obv_model_get_info(model, &longer.known));
  CHECK(longer.known.width == info.width && longer.later == 0 && longer.behind == 0xa5a5a5a5);
}

static void owners(void) {
  obv_model *own;
  obv_context *its;
  GIVES(OBV_OK, obv_model_open(model_path, &own));
  obv_model_retain(own);
  obv_model_close(own);
  obv_context_options one = OBV_CONTEXT_OPTIONS_INIT;
  one.threads = 1;
  GIVES(OBV_OK, obv_context_create(own, &one, &its));
  obv_model_close(own);
  CHECK(draws_well(its));
  obv_context_destroy(its);
}

/* ---- Contexts and options ---------------------------------------------------------------------- */

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
  SAYS("at byte 12");
  longer.known.size = 0;
  GIVES(OBV_ARGUMENT, obv_context_create(model, &longer.known, &its));
  longer.known.size = sizeof longer.known;
  longer.known.threads = 1025;
  GIVES(OBV_ARGUMENT, obv_context_create(model, &longer.known, &its));
  CHECK(its == NULL);
}

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
  obv_draw_options options = options_of(1);
  options.size = offsetof(obv_draw_options, zeros) - 8;
  GIVES(OBV_ARGUMENT, obv_generate(context, 85, &options, pixels, row, OBV_RGB8));
  options = options_of(1);
  options.noise = 3;
  GIVES(OBV_ARGUMENT, obv_generate(context, 85, &options, pixels, row, OBV_RGB8));
  options = options_of(1);
  options.label = 0;
  GIVES(OBV_REQUEST, obv_generate(context, 85, &options, pixels, row, OBV_RGB8));
  SAYS("no classes");
  float zero = 0;
  options = options_of(zero / zero);
  GIVES(OBV_REQUEST, obv_generate(context, 85, &options, pixels, row, OBV_RGB8));
  CHECK(draws_well(context));

  /* Noise: by its own seed, and only where it is asked for. */
  unsigned char *again = room(image_bytes);
  options = options_of(0.7f);
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

/* ---- Drawing ----------------------------------------------------------------------------------- */

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
  obv_draw_options options = options_of(0.7f);
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
  obv_draw_options options = options_of(0.7f);
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

static void no_allocation(void) {
  obv_draw_options options = options_of(0.7f);
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

/* ---- Stopping ---------------------------------------------------------------------------------- */

struct watch {
  uint32_t calls, total, stop_at;
  obv_status inner;
};

static int32_t watching(void *user, uint32_t done, uint32_t total) {
  struct watch *watch = user;
  unsigned char one[1];
  watch->inner = obv_generate(context, 0, NULL, one, row, OBV_RGB8);
  if (done != watch->calls++) watch->total = UINT32_MAX;
  if (watch->total != UINT32_MAX) watch->total = total;
  return done == watch->stop_at;
}

static void alarmed(int signal) {
  (void)signal;
  obv_cancel(context);
}

static void stopping(void) {
  unsigned char *pixels = room(image_bytes);
  float *z = room(info.z_dim * sizeof *z), *ws = room(ws_floats * sizeof *ws);
  obv_draw_options options = options_of(0.7f);
  GIVES(OBV_OK, obv_latent_from_seed(model, 1, z, info.z_dim));

  /* Every call that draws has a job. */
  options.job = 7;
  obv_cancel_job(context, 7);
  GIVES(OBV_CANCELLED, obv_generate(context, 85, &options, pixels, row, OBV_RGB8));
  GIVES(OBV_CANCELLED, obv_map(context, z, info.z_dim, &options, ws, ws_floats));
  GIVES(OBV_CANCELLED, obv_synthesize(context, ws, ws_floats, &options, pixels, row, OBV_RGB8));
  CHECK(draws_well(context));
  options.job = 8;
  GIVES(OBV_OK, obv_map(context, z, info.z_dim, &options, ws, ws_floats));

  struct watch watch = {0, 0, UINT32_MAX, OBV_OK};
  options.progress = watching;
  options.progress_user = &watch;
  GIVES(OBV_OK, obv_generate(context, 85, &options, pixels, row, OBV_RGB8));
  CHECK(watch.calls > 3 && watch.calls == watch.total && watch.inner == OBV_BUSY);
  CHECK(!memcmp(pixels, reference, image_bytes));
  for (uint32_t stop = 0; stop < watch.total; stop++) {
    struct watch stopping = {0, 0, stop, OBV_OK};
    options.progress_user = &stopping;
    GIVES(OBV_CANCELLED, obv_generate(context, 85, &options, pixels, row, OBV_RGB8));
    CHECK(stopping.calls == stop + 1);
  }
  CHECK(draws_well(context));

  /* From a signal handler, at whatever moment. */
  signal(SIGALRM, alarmed);
  struct itimerval every = {{0, 700}, {0, 700}}, never = {{0, 0}, {0, 0}};
  options.progress = NULL;
  setitimer(ITIMER_REAL, &every, NULL);
  int cancelled = 0, other = 0;
  for (int i = 0; i < 20000 && cancelled < 50; i++) {
    obv_status status = obv_generate(context, 85, &options, pixels, row, OBV_RGB8);
    cancelled += status == OBV_CANCELLED;
    other += status != OBV_OK && status != OBV_CANCELLED;
  }
  setitimer(ITIMER_REAL, &never, NULL);
  CHECK(cancelled == 50 && other == 0);
  CHECK(draws_well(context));
  free(ws);
  free(z);
  free(pixels);
}

/* ---- Threads, processes, log ------------------------------------------------------------------- */

static void *silent(void *unused) {
  (void)unused;
  CHECK(!strcmp(obv_last_error(), ""));
  obv_model *none;
  GIVES(OBV_FILE_MISSING, obv_model_open("of-this-thread", &none));
  SAYS("of-this-thread");
  return NULL;
}

static void threads(void) {
  obv_model *none;
  GIVES(OBV_FILE_MISSING, obv_model_open("of-the-first-thread", &none));
  pthread_t other;
  if (pthread_create(&other, NULL, silent, NULL)) abort();
  pthread_join(other, NULL);
  SAYS("of-the-first-thread");
}

static void forks(void) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    alarm(30); /* a child that waits for threads it does not have is killed */
    failures = 0;
    unsigned char *pixels = room(image_bytes);
    GIVES(OBV_FORKED, obv_generate(context, 85, NULL, pixels, row, OBV_RGB8));
    float *z = room(info.z_dim * sizeof *z), *ws = room(ws_floats * sizeof *ws);
    GIVES(OBV_OK, obv_latent_from_seed(model, 1, z, info.z_dim));
    GIVES(OBV_FORKED, obv_map(context, z, info.z_dim, NULL, ws, ws_floats));
    GIVES(OBV_FORKED, obv_synthesize(context, ws, ws_floats, NULL, pixels, row, OBV_RGB8));
    obv_cancel(context);
    obv_context_destroy(context);
    obv_context *its;
    GIVES(OBV_OK, obv_context_create(model, NULL, &its));
    CHECK(draws_well(its));
    obv_context_destroy(its);
    fflush(stdout);
    _exit(failures ? 1 : 0);
  }
  int status = -1;
  CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
  CHECK(draws_well(context));
}

static char log_text[4000];

static void logged(void *user, int32_t level, const char *text) {
  CHECK(user == log_text && (level == OBV_LOG_INFO || level == OBV_LOG_WARNING));
  strncat(log_text, text, sizeof log_text - strlen(log_text) - 2);
  strcat(log_text, "\n");
}

static void logs(void) {
  obv_set_log(logged, log_text);
  obv_model *own;
  obv_context *its;
  GIVES(OBV_OK, obv_model_open(model_path, &own));
  GIVES(OBV_OK, obv_context_create(own, NULL, &its));
  obv_set_log(NULL, NULL);
  obv_context_destroy(its);
  obv_model_close(own);
  CHECK(strstr(log_text, model_path) && strstr(log_text, "opened") && strstr(log_text, "threads"));
  size_t length = strlen(log_text);
  GIVES(OBV_OK, obv_model_open(model_path, &own));
  obv_model_close(own);
  CHECK(strlen(log_text) == length);
}

int main(int count, char **words) {
  if (count != 3) return 64;
  model_path = words[1];
  folder = words[2];
  library();
  GIVES(OBV_OK, obv_model_open(model_path, &model));
  GIVES(OBV_OK, obv_model_get_info(model, &info));
  obv_context_options two = OBV_CONTEXT_OPTIONS_INIT;
  two.threads = 2;
  GIVES(OBV_OK, obv_context_create(model, &two, &context));
  if (failures) return 1;
  side = info.width;
  row = 3 * side;
  image_bytes = row * side;
  ws_floats = (size_t)info.ws_count * info.w_dim;
  reference = room(image_bytes);
  obv_draw_options options = options_of(0.7f);
  GIVES(OBV_OK, obv_generate(context, 85, &options, reference, row, OBV_RGB8));

  int files_before = entries("/proc/self/fd"), threads_before = entries("/proc/self/task");
  nothing_given();
  files();
  infos();
  owners();
  contexts();
  draw_options();
  latents();
  formats();
  no_allocation();
  stopping();
  threads();
  forks();
  logs();
  CHECK(entries("/proc/self/fd") == files_before);
  CHECK(threads_are(threads_before));

  free(reference);
  obv_context_destroy(context);
  obv_model_close(model);
  printf("%d checks, %d failures\n", checks, failures);
  return failures ? 1 : 0;
}
