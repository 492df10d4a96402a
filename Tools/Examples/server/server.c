/* Faces over HTTP on a local port: GET /85.png gives the face of seed 85.
 *   cc server.c $(pkg-config --cflags --libs obverse libpng) -pthread -o server
 *   ./server MODEL.obv PORT THREADS
 * Each thread has a context and serves one connection after the other; a browser's may stay open. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <obverse.h>
#include <png.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static obv_model *model;
static obv_model_info info = OBV_MODEL_INFO_INIT;
static int listener;

static void stop(const char *what) { fprintf(stderr, "server: %s\n", what), exit(1); }

static void answer(FILE *out, const char *status, const char *type, const void *body, size_t size) {
  fprintf(out, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n", status, type, size);
  fprintf(out, "X-Digital-Source-Type: trainedAlgorithmicMedia\r\n\r\n");
  fwrite(body, 1, size, out);
  fflush(out);
}

static void *serve(void *unused) {
  obv_context_options one = {.size = sizeof one, .threads = 1};
  obv_context *context;
  if (obv_context_create(model, &one, &context)) stop(obv_last_error());
  png_image image = {.version = PNG_IMAGE_VERSION, .width = info.width, .height = info.height, .format = PNG_FORMAT_RGB};
  png_alloc_size_t most = PNG_IMAGE_PNG_SIZE_MAX(image), size;
  unsigned char *pixels = malloc((size_t)3 * info.width * info.height), *file = malloc(most);
  if (!pixels || !file) stop("no memory");
  for (int socket; (socket = accept(listener, NULL, NULL)) >= 0; close(socket)) {
    FILE *in = fdopen(dup(socket), "r"), *out = fdopen(dup(socket), "w");
    char line[4096], path[4096] = "";
    while (in && out && fgets(line, sizeof line, in)) {
      if (sscanf(line, "GET %4095s", path) == 1 || strcmp(line, "\r\n")) continue; /* to the end of the request */
      char seed[11];
      int length = 0;
      const char *why = "no such face; try /85.png\n";
      obv_draw_options options = {.size = sizeof options, .psi = 0.7f};
      int is_face = sscanf(path, "/%10[0-9].png%n", seed, &length) == 1 && length && !path[length];
      unsigned long long number = is_face ? strtoull(seed, NULL, 10) : UINT64_MAX;
      if (number > UINT32_MAX)
        answer(out, "404 Not Found", "text/plain", why, strlen(why));
      else if (size = most, obv_generate(context, (uint32_t)number, &options, pixels, 3 * info.width, OBV_RGB8) ||
               !png_image_write_to_memory(&image, file, &size, 0, pixels, 0, NULL))
        answer(out, "500 Internal Server Error", "text/plain", obv_last_error(), strlen(obv_last_error()));
      else answer(out, "200 OK", "image/png", file, size);
    }
    if (in) fclose(in);
    if (out) fclose(out);
  }
  return unused;
}

int main(int count, char **words) {
  if (count != 4) stop("usage: server MODEL.obv PORT THREADS");
  signal(SIGPIPE, SIG_IGN); /* a browser that has gone */
  if (obv_model_open(words[1], &model) || obv_model_get_info(model, &info)) stop(obv_last_error());
  struct sockaddr_in here = {AF_INET, htons((uint16_t)atoi(words[2])), {htonl(INADDR_LOOPBACK)}, {0}};
  listener = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
  if (bind(listener, (void *)&here, sizeof here) || listen(listener, 128)) stop("this port cannot be had");
  pthread_t thread;
  for (int i = 1; i < atoi(words[3]); i++)
    if (pthread_create(&thread, NULL, serve, NULL)) stop("no thread");
  serve(NULL);
}
