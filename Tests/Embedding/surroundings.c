/* What a host may be and do beside its calls: rounding modes, threads, signals, little stack, forks, a log. */
#define _GNU_SOURCE
#include "host.h"

#include <execinfo.h>
#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

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

/* ---- Threads ----------------------------------------------------------------------------------- */

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

/* All that a host calls from one face to the next, in a thread whose stack shows what was touched. */
static void *on_a_small_stack(void *top) {
  static float z[1024], ws[64 * 1024];
  static unsigned char pixels[4 * 256 * 256];
  *(char **)top = __builtin_frame_address(0);
  obv_model *own = NULL;
  obv_context *its = NULL;
  obv_draw_options options = usual();
  GIVES(OBV_FILE_MISSING, obv_model_open("no/such.obv", &own));
  GIVES(OBV_OK, obv_model_open(model_path, &own));
  GIVES(OBV_OK, obv_context_create(own, NULL, &its));
  GIVES(OBV_OK, obv_latent_from_seed(own, 85, z, info.z_dim));
  GIVES(OBV_OK, obv_map(its, z, info.z_dim, &options, ws, ws_floats));
  GIVES(OBV_OK, obv_synthesize(its, ws, ws_floats, &options, pixels, 4 * side, OBV_BGRA8));
  options.noise = OBV_NOISE_RANDOM;
  GIVES(OBV_OK, obv_generate(its, 85, &options, pixels, row, OBV_RGB8));
  obv_context_destroy(its);
  obv_model_close(own);
  return NULL;
}

static void stack(void) {
  enum { SIZE = 1 << 20, SAID = 32 << 10 };
  static _Alignas(4096) char memory[SIZE];
  char *top = NULL;
  pthread_attr_t attributes;
  pthread_t thread;
  memset(memory, 0xa5, SIZE);
  if (pthread_attr_init(&attributes) || pthread_attr_setstack(&attributes, memory, SIZE) ||
      pthread_create(&thread, &attributes, on_a_small_stack, &top) || pthread_join(thread, NULL))
    abort();
  pthread_attr_destroy(&attributes);
  char *deepest = memory;
  while (deepest < top && *deepest == (char)0xa5) deepest++;
  printf("%ld bytes of stack\n", (long)(top - deepest));
  CHECK(deepest > memory && top - deepest <= SAID);
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

/* A debugger, or a crash reporter, finds its way through the library up to the call. Embedded Swift writes no tables of
 * how to: for that library NO_UNWINDING is set. */
static void backtraces(void) {
  unsigned char *pixels = room(image_bytes);
  int found = 0;
  obv_draw_options options = usual();
  options.progress = looks_up;
  options.progress_user = &found;
  GIVES(OBV_CANCELLED, obv_generate(context, 85, &options, pixels, row, OBV_RGB8));
  CHECK(found == 2 || getenv("NO_UNWINDING"));
  free(pixels);
}

/* ---- Processes and the log --------------------------------------------------------------------- */

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
  begin(count, words);
  rounding();
  rounding_of_callbacks();
  threads();
  workers();
  stack();
  backtraces();
  forks();
  logs();
  return end();
}
