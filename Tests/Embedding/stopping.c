/* Ending calls: by progress, by signal handlers, by the number of a job; and nothing but the call that was meant. */
#define _GNU_SOURCE
#include "host.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>

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
  obv_draw_options options = usual();
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

/* ---- A call and the one after it --------------------------------------------------------------- */

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
  begin(count, words);
  stopping();
  idle();
  jobs();
  late();
  return end();
}
