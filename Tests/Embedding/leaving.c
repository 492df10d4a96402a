/* Callbacks that never come back. Nothing can catch them: their context is lost, and nothing else is. */
#define _GNU_SOURCE
#include "host.h"

#include <pthread.h>
#include <setjmp.h>

static jmp_buf place;

static int32_t jumps(void *user, uint32_t done, uint32_t total) {
  (void)total;
  if (done == *(uint32_t *)user) longjmp(place, 1);
  return 0;
}

static int32_t exits(void *user, uint32_t done, uint32_t total) {
  (void)total;
  if (done == *(uint32_t *)user) pthread_exit(user);
  return 0;
}

/* Cancelled in the callback, at the first point where a thread can be. */
static int32_t is_cancelled(void *user, uint32_t done, uint32_t total) {
  (void)total;
  if (done == *(uint32_t *)user) {
    pthread_cancel(pthread_self());
    pthread_testcancel();
  }
  return 0;
}

struct leaver {
  obv_context *context;
  obv_progress_fn leaves;
  uint32_t when;
  int came_back;
};

static void *draw_in_vain(void *given) {
  struct leaver *leaver = given;
  static unsigned char pixels[3 * 1024 * 1024];
  obv_draw_options options = usual();
  options.progress = leaver->leaves;
  options.progress_user = &leaver->when;
  obv_generate(leaver->context, 85, &options, pixels, row, OBV_RGB8);
  leaver->came_back = 1;
  return NULL;
}

/* What holds of a context that was left, and of all others. */
static void is_left(obv_context *left) {
  unsigned char *pixels = room(image_bytes);
  GIVES(OBV_BUSY, obv_generate(left, 85, NULL, pixels, row, OBV_RGB8));
  obv_cancel(left);
  /* Does not wait, and does not free what workers still look at, however often. */
  for (int i = 0; i < 100; i++) obv_context_destroy(left);
  GIVES(OBV_BUSY, obv_generate(left, 85, NULL, pixels, row, OBV_RGB8));
  CHECK(draws_well(context));
  free(pixels);
}

static obv_context *another(uint32_t threads) {
  obv_context_options options = OBV_CONTEXT_OPTIONS_INIT;
  obv_context *made = NULL;
  options.threads = threads;
  GIVES(OBV_OK, obv_context_create(model, &options, &made));
  if (!made) exit(1);
  return made;
}

int main(int count, char **words) {
  begin(count, words);
  for (uint32_t threads = 1; threads <= 3; threads += 2) {
    for (uint32_t when = 0; when < 3; when++) {
      static struct leaver leaver;
      leaver = (struct leaver){another(threads), jumps, when, 0};
      if (setjmp(place) == 0) draw_in_vain(&leaver);
      CHECK(!leaver.came_back);
      is_left(leaver.context);

      static const obv_progress_fn ends[] = {exits, is_cancelled};
      for (int i = 0; i < 2; i++) {
        leaver = (struct leaver){another(threads), ends[i], when, 0};
        pthread_t thread;
        if (pthread_create(&thread, NULL, draw_in_vain, &leaver)) abort();
        pthread_join(thread, NULL);
        CHECK(!leaver.came_back);
        is_left(leaver.context);
      }
    }
  }
  /* Of 18 contexts, half with two workers, all threads are there still; nothing else is. */
  CHECK(threads_are(threads_before + 18));
  threads_before += 18;
  return end();
}
