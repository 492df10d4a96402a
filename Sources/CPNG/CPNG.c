#include "CPNG.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

// A text chunk may unpack to this much, and this many are kept: together a bound on what a small
// file of compressed texts can take.
#define TEXT_BYTES (1 << 20)
#define TEXT_COUNT 32

struct cpng_reader {
  png_structp png;
  png_infop info;
  const uint8_t *bytes;
  size_t count, at;
  uint32_t height, channels;
  char message[128];
};

static void fail_reading(png_structp png, png_const_charp message) {
  cpng_reader *reader = png_get_error_ptr(png);
  strncpy(reader->message, message, sizeof reader->message - 1);
  png_longjmp(png, 1);
}

static void ignore(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}

static void take(png_structp png, png_bytep target, png_size_t count) {
  cpng_reader *reader = png_get_io_ptr(png);
  if (count > reader->count - reader->at) {
    png_error(png, "the file ends early");
  }
  memcpy(target, reader->bytes + reader->at, count);
  reader->at += count;
}

cpng_reader *cpng_reader_make(const uint8_t *bytes, size_t count, uint32_t max_side, int texts) {
  cpng_reader *reader = calloc(1, sizeof *reader);
  if (!reader) return NULL;
  reader->bytes = bytes;
  reader->count = count;
  reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, fail_reading, ignore);
  if (reader->png) reader->info = png_create_info_struct(reader->png);
  if (!reader->info || setjmp(png_jmpbuf(reader->png))) {
    cpng_reader_free(reader);
    return NULL;
  }
  png_set_read_fn(reader->png, reader, take);
  png_set_user_limits(reader->png, max_side, max_side);
  png_set_chunk_malloc_max(reader->png, TEXT_BYTES);
  png_set_chunk_cache_max(reader->png, TEXT_COUNT);
  // Colour profiles, gamma and the rest do not change our bytes, so they are not even parsed.
  png_set_keep_unknown_chunks(reader->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  if (texts) {
    static const png_byte names[] = "tEXt\0zTXt\0iTXt";
    png_set_keep_unknown_chunks(reader->png, PNG_HANDLE_CHUNK_AS_DEFAULT, names, 3);
  }
  return reader;
}

void cpng_reader_free(cpng_reader *reader) {
  if (!reader) return;
  if (reader->png) png_destroy_read_struct(&reader->png, &reader->info, NULL);
  free(reader);
}

const char *cpng_reader_message(const cpng_reader *reader) {
  return reader->message;
}

// libpng tells a failed allocation from a bad file by its words only.
static cpng_status failure(const cpng_reader *reader) {
  return strstr(reader->message, "emory") ? CPNG_NO_MEMORY : CPNG_MALFORMED;
}

// libpng makes room for all of a chunk before it reads any of it: 2 GB for a file of a few bytes.
static int chunks_fit(const cpng_reader *reader) {
  size_t at = 8;
  while (at <= reader->count && reader->count - at >= 12) {
    const uint8_t *chunk = reader->bytes + at;
    size_t length =
        (size_t)chunk[0] << 24 | (size_t)chunk[1] << 16 | (size_t)chunk[2] << 8 | chunk[3];
    if (length > reader->count - at - 12) return 0;
    if (memcmp(chunk + 4, "IEND", 4) == 0) break;
    at += 12 + length;
  }
  return 1;
}

cpng_status cpng_read_header(cpng_reader *reader, cpng_header *out) {
  png_structp png = reader->png;
  png_infop info = reader->info;
  if (setjmp(png_jmpbuf(png))) return failure(reader);
  if (!chunks_fit(reader)) png_error(png, "the file ends early");
  png_read_info(png, info);
  out->packed_bytes =
      ((uint64_t)png_get_rowbytes(png, info) + 1) * png_get_image_height(png, info);
  out->width = png_get_image_width(png, info);
  out->height = reader->height = png_get_image_height(png, info);
  int color = png_get_color_type(png, info);
  int alpha = (color & PNG_COLOR_MASK_ALPHA) || png_get_valid(png, info, PNG_INFO_tRNS);
  out->channels = reader->channels = (color & PNG_COLOR_MASK_COLOR ? 3 : 1) + (alpha ? 1 : 0);
  return CPNG_OK;
}

cpng_status cpng_read_pixels(cpng_reader *reader, uint8_t *pixels) {
  png_structp png = reader->png;
  if (setjmp(png_jmpbuf(png))) return failure(reader);
  // Palettes, 1, 2, 4 and 16 bits, and transparent colours all become 8-bit samples. Only here, since
  // libpng now makes room for rows, whose length the caller has judged by the header.
  png_set_expand(png);
  png_set_scale_16(png);
  png_set_interlace_handling(png);
  png_read_update_info(png, reader->info);
  size_t row_bytes = (size_t)png_get_image_width(png, reader->info) * reader->channels;
  if (png_get_rowbytes(png, reader->info) != row_bytes) png_error(png, "rows of another length");
  // Interlaced files come in seven passes over the same rows.
  int passes = png_get_interlace_type(png, reader->info) == PNG_INTERLACE_ADAM7 ? 7 : 1;
  for (int pass = 0; pass < passes; pass++) {
    for (uint32_t y = 0; y < reader->height; y++) {
      png_read_row(png, pixels + y * row_bytes, NULL);
    }
  }
  png_read_end(png, NULL);
  return CPNG_OK;
}

// Pixels are skipped, chunk by chunk; the texts that follow them count too.
cpng_status cpng_read_texts(cpng_reader *reader, int *count) {
  png_structp png = reader->png;
  if (setjmp(png_jmpbuf(png))) return failure(reader);
  png_read_update_info(png, reader->info);  // else the first chunk of pixels is not skipped
  png_read_end(png, reader->info);
  png_textp texts = NULL;
  *count = png_get_text(png, reader->info, &texts, NULL);
  return CPNG_OK;
}

int cpng_text_at(const cpng_reader *reader, int index, const char **key, const char **value) {
  png_textp texts = NULL;
  png_get_text(reader->png, reader->info, &texts, NULL);
  *key = texts[index].key;
  *value = texts[index].text ? texts[index].text : "";
  return texts[index].compression >= PNG_ITXT_COMPRESSION_NONE;
}

struct cpng_writer {
  png_structp png;
  png_infop info;
  uint32_t width, height, channels;
  uint8_t *bytes;
  size_t count, capacity;
};

static void fail_writing(png_structp png, png_const_charp message) {
  (void)message;
  png_longjmp(png, 1);
}

static void give(png_structp png, png_bytep source, png_size_t count) {
  cpng_writer *writer = png_get_io_ptr(png);
  if (count > writer->capacity - writer->count) {
    size_t wanted = (writer->count + count) * 2;
    uint8_t *grown = realloc(writer->bytes, wanted);
    if (!grown) png_error(png, "out of memory");
    writer->bytes = grown;
    writer->capacity = wanted;
  }
  memcpy(writer->bytes + writer->count, source, count);
  writer->count += count;
}

static void flush(png_structp png) {
  (void)png;
}

cpng_writer *cpng_writer_make(uint32_t width, uint32_t height, uint32_t channels, int level,
                              int filter, int strategy) {
  static const int colors[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                               PNG_COLOR_TYPE_RGB_ALPHA};
  static const int filters[] = {PNG_FILTER_NONE, PNG_FILTER_SUB,   PNG_FILTER_UP,
                                PNG_FILTER_AVG,  PNG_FILTER_PAETH, PNG_ALL_FILTERS};
  cpng_writer *writer = calloc(1, sizeof *writer);
  if (!writer) return NULL;
  writer->width = width;
  writer->height = height;
  writer->channels = channels;
  writer->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, writer, fail_writing, ignore);
  if (writer->png) writer->info = png_create_info_struct(writer->png);
  if (!writer->info || setjmp(png_jmpbuf(writer->png))) {
    cpng_writer_free(writer);
    return NULL;
  }
  png_set_write_fn(writer->png, writer, give, flush);
  png_set_user_limits(writer->png, 0x7fffffff, 0x7fffffff);
  png_set_IHDR(writer->png, writer->info, width, height, 8, colors[channels - 1],
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_compression_level(writer->png, level);
  png_set_compression_strategy(writer->png, strategy);
  png_set_compression_buffer_size(writer->png, 1 << 16);  // fewer, larger IDAT chunks
  png_set_filter(writer->png, PNG_FILTER_TYPE_BASE, filters[filter]);
  return writer;
}

void cpng_writer_free(cpng_writer *writer) {
  if (!writer) return;
  if (writer->png) png_destroy_write_struct(&writer->png, &writer->info);
  free(writer->bytes);
  free(writer);
}

cpng_status cpng_add_text(cpng_writer *writer, const char *key, const char *value, int utf8) {
  if (setjmp(png_jmpbuf(writer->png))) return CPNG_NO_MEMORY;
  png_text text = {
      .compression = utf8 ? PNG_ITXT_COMPRESSION_NONE : PNG_TEXT_COMPRESSION_NONE,
      .key = (char *)key,
      .text = (char *)value,
  };
  png_set_text(writer->png, writer->info, &text, 1);
  return CPNG_OK;
}

cpng_status cpng_write(cpng_writer *writer, const uint8_t *pixels, const uint8_t **out,
                       size_t *count) {
  if (setjmp(png_jmpbuf(writer->png))) return CPNG_NO_MEMORY;
  png_write_info(writer->png, writer->info);
  size_t row_bytes = (size_t)writer->width * writer->channels;
  for (uint32_t y = 0; y < writer->height; y++) {
    png_write_row(writer->png, pixels + y * row_bytes);
  }
  png_write_end(writer->png, NULL);
  *out = writer->bytes;
  *count = writer->count;
  return CPNG_OK;
}
