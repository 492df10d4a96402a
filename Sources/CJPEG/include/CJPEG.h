// libjpeg for Swift. libjpeg reports errors by a handler that must not return, and by default it
// exits the process: every call here returns a status instead, and nothing prints.
#ifndef CJPEG_H
#define CJPEG_H

#include <stddef.h>
#include <stdint.h>

/// What a call came to. After any failure the object may only be asked for its message and freed.
typedef enum {
  CJPEG_OK,
  CJPEG_MALFORMED,
  CJPEG_UNSUPPORTED,
  CJPEG_NO_MEMORY,
} cjpeg_status;

/// Reads one JPEG from memory that must stay until cjpeg_reader_free().
typedef struct cjpeg_reader cjpeg_reader;

typedef struct {
  uint32_t width, height;
  /// 1 gray, 3 RGB.
  uint32_t channels;
} cjpeg_header;

/// Returns NULL where memory is short.
cjpeg_reader *cjpeg_reader_make(const uint8_t *bytes, size_t count);
void cjpeg_reader_free(cjpeg_reader *reader);
/// libjpeg's words for the last failure; owned by the reader.
const char *cjpeg_reader_message(const cjpeg_reader *reader);

/// First call.
cjpeg_status cjpeg_read_header(cjpeg_reader *reader, cjpeg_header *out);
/// After the header: `pixels` receives width * height * channels bytes.
cjpeg_status cjpeg_read_pixels(cjpeg_reader *reader, uint8_t *pixels);

/// Writes one JPEG to memory.
typedef struct cjpeg_writer cjpeg_writer;

/// Returns NULL where memory is short. `channels` 1 or 3, `quality` 1...100.
cjpeg_writer *cjpeg_writer_make(uint32_t width, uint32_t height, uint32_t channels, int quality);
void cjpeg_writer_free(cjpeg_writer *writer);
/// `app1` of `app1_count` bytes becomes an APP1 segment where it is not NULL; `out` receives the
/// whole file, owned by the writer.
cjpeg_status cjpeg_write(cjpeg_writer *writer, const uint8_t *pixels, const uint8_t *app1,
                         size_t app1_count, const uint8_t **out, size_t *count);

#endif
