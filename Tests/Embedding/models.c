/* Opening models, asking what they are, and giving them back; and every NULL that there can be. */
#define _GNU_SOURCE
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

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
  int major, minor, patch;
  CHECK(sscanf(obv_version(), "%d.%d.%d", &major, &minor, &patch) == 3);
  CHECK(OBV_VERSION_NUMBER == 10000 * major + 100 * minor + patch);
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
  GIVES(OBV_ARGUMENT, obv_generate_many(NULL, &info.width, 1, NULL, out, image_bytes, row, OBV_RGB8));
  GIVES(OBV_ARGUMENT, obv_generate_many(context, NULL, 1, NULL, out, image_bytes, row, OBV_RGB8));
  GIVES(OBV_ARGUMENT, obv_generate_many(context, &info.width, 1, NULL, NULL, image_bytes, row, OBV_RGB8));
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
  /* A file that is cut while it is in use: a copy has lost nothing. */
  int file = open(file_in_folder("shorter.obv", bytes, size), O_RDWR);
  void *mapped = mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0);
  CHECK(file >= 0 && mapped != MAP_FAILED);
  GIVES(OBV_OK, obv_model_open_memory(mapped, size, OBV_COPY, &other));
  CHECK(ftruncate(file, 0) == 0);
  obv_context *cut;
  GIVES(OBV_OK, obv_context_create(other, NULL, &cut));
  CHECK(draws_well(cut));
  obv_context_destroy(cut);
  obv_model_close(other);
  munmap(mapped, size);
  close(file);
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

int main(int count, char **words) {
  begin(count, words);
  library();
  nothing_given();
  files();
  infos();
  says();
  owners();
  return end();
}
