/* Four threads draw from one model, each with a context of its own, and must draw the same.
 *   cc threads.c $(pkg-config --cflags --libs obverse) -pthread -o threads && ./threads MODEL.obv */
#include <obverse.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, FACES = 4 };

struct job {
  obv_model *model;
  uint32_t workers;      /* of this thread's context; the picture does not depend on it */
  unsigned char *pixels; /* FACES pictures */
  size_t side;
  int failed;
};

static void *draw(void *argument) {
  struct job *job = argument;
  obv_context *context;
  obv_context_options workers = OBV_CONTEXT_OPTIONS_INIT;
  workers.threads = job->workers;
  job->failed = obv_context_create(job->model, &workers, &context) != OBV_OK;
  if (!job->failed) {
    for (uint32_t face = 0; face < FACES && !job->failed; face++)
      job->failed = obv_generate(context, 85 + face, NULL,
                                 job->pixels + face * 3 * job->side * job->side, 3 * job->side,
                                 OBV_RGB8) != OBV_OK;
    obv_context_destroy(context);
  }
  /* The sentence belongs to this thread, so it is told here. */
  if (job->failed) fprintf(stderr, "threads: %s\n", obv_last_error());
  return NULL;
}

int main(int count, char **words) {
  obv_model *model;
  obv_model_info info = OBV_MODEL_INFO_INIT;
  struct job jobs[THREADS];
  pthread_t threads[THREADS];
  int differ = 0;
  if (count != 2) {
    fprintf(stderr, "usage: threads MODEL.obv\n");
    return 64;
  }
  if (obv_model_open(words[1], &model) || obv_model_get_info(model, &info)) {
    fprintf(stderr, "threads: %s\n", obv_last_error());
    return 1;
  }
  size_t bytes = (size_t)FACES * 3 * info.width * info.height;
  for (int i = 0; i < THREADS; i++) {
    jobs[i] = (struct job){model, 1 + i % 3, calloc(bytes, 1), info.width, 0};
    if (!jobs[i].pixels || pthread_create(&threads[i], NULL, draw, &jobs[i])) abort();
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    differ |= jobs[i].failed || memcmp(jobs[i].pixels, jobs[0].pixels, bytes);
  }
  for (int i = 0; i < THREADS; i++) free(jobs[i].pixels);
  obv_model_close(model);
  puts(differ ? "the threads drew different faces" : "four threads drew the same faces");
  return differ;
}
