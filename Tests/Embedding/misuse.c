/* What a host may do to the library, and what it must not notice of it.
 *   misuse MODEL.obv    prints what does not hold; exits with 1 then
 * MODEL is an unconditional RGB model with a w average and stored noise. */
#define _GNU_SOURCE
#include "check.h"

#include <execinfo.h>
#include <fenv.h>
#include <obverse.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

int checks, failures;

static const char *model_path;
static obv_model *model;
static obv_context *context;
static obv_model_info info = OBV_MODEL_INFO_INIT;
static size_t row, image_bytes, ws_floats;
static unsigned char *reference; /* seed 85, psi 0.7 */

static void *room(size_t bytes) {
  void *memory = malloc(bytes);
  if (!memory) abort();
  memset(memory, 0xa5, bytes);
  return memory;
}

static int draws(obv_context *which, const obv_draw_options *options) {
  unsigned char *pixels = room(image_bytes);
  int well = obv_generate(which, 85, options, pixels, row, OBV_RGB8) == OBV_OK &&
             !memcmp(pixels, reference, image_bytes);
  free(pixels);
  return well;
}

static obv_draw_options usual(void) {
  obv_draw_options options = OBV_DRAW_OPTIONS_INIT;
  options.psi = 0.7f;
  return options;
}

static int draws_well(obv_context *which) {
  obv_draw_options options = usual();
  return draws(which, &options);
}

/* ---- Arguments --------------------------------------------------------------------------------- */

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

static void says(void) {
  int words = 0;
  for (uint32_t text = OBV_TEXT_LICENCE; text <= OBV_TEXT_W_AVERAGE; text++)
    words += obv_model_text(model, text)[0] != 0;
  CHECK(words >= 2);
  CHECK(strstr(obv_model_text(model, OBV_TEXT_PRODUCER), "verse"));
  CHECK(strlen(obv_model_text(model, OBV_TEXT_SOURCE_SHA256)) == 64);
  CHECK(!strcmp(obv_model_text(model, OBV_TEXT_W_AVERAGE + 1), ""));
  CHECK(!strcmp(obv_model_text(model, UINT32_MAX), ""));
  CHECK(!strcmp(obv_model_text(NULL, OBV_TEXT_NOTE), ""));
  const char *name = "untouched", *value = name;
  for (uint32_t i = 0; i < info.facts; i++) {
    GIVES(OBV_OK, obv_model_fact(model, i, &name, &value));
    CHECK(name[0] && value);
  }
  const char *last = name;
  GIVES(OBV_ARGUMENT, obv_model_fact(model, info.facts, &name, &value));
  GIVES(OBV_ARGUMENT, obv_model_fact(model, UINT32_MAX, &name, &value));
  SAYS("index is 4294967295");
  CHECK(name == last);
  GIVES(OBV_ARGUMENT, obv_model_fact(NULL, 0, &name, &value));
  GIVES(OBV_ARGUMENT, obv_model_fact(model, 0, NULL, &value));
  GIVES(OBV_ARGUMENT, obv_model_fact(model, 0, &name, NULL));
}

/* ---- Contexts ---------------------------------------------------------------------------------- */

static void instruction_sets(void) {
  static const char *const names[] = {"", "baseline", "avx2", "avx512", "neon"};
  int made = 0;
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
    /* The same faces as a model that was opened for this set. */
    setenv("OBVERSE_ISA", names[isa], 1);
    obv_model *own;
    obv_context *wanted;
    GIVES(OBV_OK, obv_model_open(model_path, &own));
    unsetenv("OBVERSE_ISA");
    GIVES(OBV_OK, obv_context_create(own, NULL, &wanted));
    unsigned char *a = room(image_bytes), *b = room(image_bytes);
    GIVES(OBV_OK, obv_generate(its, 3, NULL, a, row, OBV_RGB8));
    GIVES(OBV_OK, obv_generate(wanted, 3, NULL, b, row, OBV_RGB8));
    CHECK(!memcmp(a, b, image_bytes));
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
  CHECK(made >= 1);
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

/* ---- The host's settings ----------------------------------------------------------------------- */

static void rounding(void) {
  static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
  for (int i = 0; i < 3; i++) {
    fesetround(modes[i]);
    feenableexcept(FE_INEXACT | FE_OVERFLOW | FE_UNDERFLOW);
    obv_model *own = NULL;
    obv_context *its = NULL;
    obv_context_options two = OBV_CONTEXT_OPTIONS_INIT;
    two.threads = 2;
    obv_status opened = obv_model_open(model_path, &own);
    obv_status made = opened ? opened : obv_context_create(own, &two, &its);
    int same = made ? 0 : draws_well(its);
    int kept = fegetround() == modes[i] &&
               fegetexcept() == (FE_INEXACT | FE_OVERFLOW | FE_UNDERFLOW);
    fesetenv(FE_DFL_ENV);
    CHECK(!made && same && kept);
    obv_context_destroy(its);
    obv_model_close(own);
  }
#ifdef __x86_64__
  /* Denormals as zeros, as a host with -ffast-math has them. */
  __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 0x8040);
  CHECK(draws_well(context));
  CHECK((__builtin_ia32_stmxcsr() & 0x8040) == 0x8040);
  fesetenv(FE_DFL_ENV);
#endif
}

static int32_t rounds_up(void *user, uint32_t done, uint32_t total) {
  (void)user, (void)done, (void)total;
  fesetround(FE_UPWARD);
  return 0;
}

static void rounding_of_callbacks(void) {
  obv_draw_options options = usual();
  options.progress = rounds_up;
  CHECK(draws(context, &options));
  CHECK(fegetround() == FE_TONEAREST);
}

/* The workers' names, and whether any of them takes a signal. */
static void workers(void) {
  obv_context_options five = OBV_CONTEXT_OPTIONS_INIT;
  five.threads = 5;
  obv_context *its;
  sigset_t before, after;
  pthread_sigmask(SIG_SETMASK, NULL, &before);
  GIVES(OBV_OK, obv_context_create(model, &five, &its));
  pthread_sigmask(SIG_SETMASK, NULL, &after);
  for (int i = 1; i < NSIG; i++) CHECK(sigismember(&before, i) == sigismember(&after, i));
  CHECK(draws_well(its)); /* so that all of them have begun */
  unsigned seen = 0;
  int deaf = 0;
  DIR *tasks = opendir("/proc/self/task");
  for (struct dirent *task; tasks && (task = readdir(tasks));) {
    char path[400], line[256], name[64] = "";
    unsigned long long blocked = 0;
    snprintf(path, sizeof path, "/proc/self/task/%s/status", task->d_name);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) {
      sscanf(line, "Name: %63s", name);
      sscanf(line, "SigBlk: %llx", &blocked);
    }
    if (file) fclose(file);
    unsigned number;
    if (sscanf(name, "obverse-%u", &number) != 1 || number > 5) continue;
    seen |= 1u << number;
    /* All but SIGKILL and SIGSTOP, and the two that the C library keeps for itself. */
    deaf += (blocked | 1ull << 31 | 1ull << 32 | 1ull << 8 | 1ull << 18) == ~0ull;
  }
  if (tasks) closedir(tasks);
  /* Those of `context` are there too: its second thread. */
  CHECK(seen == (1u << 2 | 1u << 3 | 1u << 4 | 1u << 5));
  CHECK(deaf == 5);
  obv_context_destroy(its);
}

static int32_t looks_up(void *user, uint32_t done, uint32_t total) {
  (void)total;
  void *frames[64];
  int count = backtrace(frames, 64);
  char **names = backtrace_symbols(frames, count);
  for (int i = 0; names && i < count; i++)
    if (strstr(names[i], "(obv_generate+")) *(int *)user += 1;
  free(names);
  return done == 1;
}

/* A debugger, or a crash reporter, finds its way through the library up to the call. */
static void backtraces(void) {
  unsigned char *pixels = room(image_bytes);
  int found = 0;
  obv_draw_options options = usual();
  options.progress = looks_up;
  options.progress_user = &found;
  GIVES(OBV_CANCELLED, obv_generate(context, 85, &options, pixels, row, OBV_RGB8));
  CHECK(found == 2);
  free(pixels);
}

/* ---- Cancelling -------------------------------------------------------------------------------- */

static void idle(void) {
  float *z = room(info.z_dim * sizeof *z), *ws = room(ws_floats * sizeof *ws);
  GIVES(OBV_OK, obv_latent_from_seed(model, 1, z, info.z_dim));
  obv_cancel(context);
  obv_cancel(context);
  CHECK(draws_well(context));
  obv_cancel(context);
  GIVES(OBV_OK, obv_map(context, z, info.z_dim, NULL, ws, ws_floats));
  free(ws);
  free(z);
}

static int32_t cancels_itself(void *user, uint32_t done, uint32_t total) {
  (void)total;
  if (done == 2) obv_cancel(user);
  return 0;
}

static int32_t cancels_job_9(void *user, uint32_t done, uint32_t total) {
  (void)total;
  if (done == 2) obv_cancel_job(user, 9);
  return 0;
}

static void jobs(void) {
  unsigned char *pixels = room(image_bytes);
  obv_draw_options options = usual();
  options.progress_user = context;
  options.progress = cancels_itself;
  GIVES(OBV_CANCELLED, obv_generate(context, 85, &options, pixels, row, OBV_RGB8));
  CHECK(draws_well(context));
  options.progress = cancels_job_9;
  options.job = 8;
  GIVES(OBV_OK, obv_generate(context, 85, &options, pixels, row, OBV_RGB8));
  options.job = 9; /* asked before it began: it ends at once, and a mapping too */
  options.progress = NULL;
  GIVES(OBV_CANCELLED, obv_generate(context, 85, &options, pixels, row, OBV_RGB8));
  GIVES(OBV_CANCELLED, obv_generate(context, 85, &options, pixels, row, OBV_RGB8));
  obv_cancel_job(context, 0);
  CHECK(draws(context, &options));
  options.progress = cancels_job_9;
  GIVES(OBV_CANCELLED, obv_generate(context, 85, &options, pixels, row, OBV_RGB8));
  options.job = 10;
  CHECK(draws(context, &options));
  obv_cancel_job(context, 0);
  CHECK(draws_well(context)); /* without a job, whatever was asked */
  obv_cancel_job(NULL, 1);
  free(pixels);
}

/* Somebody who looks which job is in progress, and cancels it, however late: never another one. */
static atomic_uint current;
static atomic_int is_over;

static void *watchdog(void *unused) {
  (void)unused;
  uint32_t seen = 0;
  while (!is_over) {
    uint32_t now = current;
    if (now % 4 == 1 && now != seen) {
      seen = now;
      usleep(300 + now % 7 * 200); /* meanwhile the next one may have begun */
      obv_cancel_job(context, now);
    }
  }
  return NULL;
}

static void late(void) {
  unsigned char *pixels = room(image_bytes);
  obv_draw_options options = usual();
  pthread_t dog;
  if (pthread_create(&dog, NULL, watchdog, NULL)) abort();
  int wrong = 0;
  for (uint32_t job = 1; job <= 400; job++) {
    options.job = job;
    current = job;
    obv_status status = obv_generate(context, 85, &options, pixels, row, OBV_RGB8);
    wrong += job % 4 != 1 && status != OBV_OK;
    wrong += status != OBV_OK && status != OBV_CANCELLED;
  }
  is_over = 1;
  pthread_join(dog, NULL);
  CHECK(wrong == 0);
  obv_cancel_job(context, 0);
  free(pixels);
}

int main(int count, char **words) {
  if (count != 2) return 64;
  model_path = words[1];
  GIVES(OBV_OK, obv_model_open(model_path, &model));
  GIVES(OBV_OK, obv_model_get_info(model, &info));
  obv_context_options two = OBV_CONTEXT_OPTIONS_INIT;
  two.threads = 2;
  GIVES(OBV_OK, obv_context_create(model, &two, &context));
  if (failures) return 1;
  row = (size_t)3 * info.width;
  image_bytes = row * info.height;
  ws_floats = (size_t)info.ws_count * info.w_dim;
  reference = room(image_bytes);
  obv_draw_options options = usual();
  GIVES(OBV_OK, obv_generate(context, 85, &options, reference, row, OBV_RGB8));
  between_floats();
  zeros();
  says();
  instruction_sets();
  memory();
  rounding();
  rounding_of_callbacks();
  workers();
  backtraces();
  idle();
  jobs();
  late();
  CHECK(draws_well(context));
  free(reference);
  obv_context_destroy(context);
  obv_model_close(model);
  printf("%d checks, %d failures\n", checks, failures);
  return failures ? 1 : 0;
}
