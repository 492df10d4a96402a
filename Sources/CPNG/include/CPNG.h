// libpng for Swift. libpng reports errors by longjmp, which must not cross Swift frames: every call
// here returns a status instead, and nothing aborts or prints.
#ifndef CPNG_H
#define CPNG_H

#include <stddef.h>
#include <stdint.h>

/// What a call came to. After any failure the object may only be asked for its message and freed.
typedef enum {
  CPNG_OK,
  CPNG_MALFORMED,
  CPNG_NO_MEMORY,
} cpng_status;

/// Reads one PNG from memory that must stay until cpng_reader_free().
typedef struct cpng_reader cpng_reader;

/// What a header says, after expansion to 8 bits a sample.
typedef struct {
  uint32_t width, height;
  /// 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA.
  uint32_t channels;
  /// Bytes of all rows with their filter bytes, before compression.
  uint64_t packed_bytes;
} cpng_header;

/// Returns NULL where memory is short. With `texts` non-zero text chunks are kept, else skipped.
cpng_reader *cpng_reader_make(const uint8_t *bytes, size_t count, uint32_t max_side, int texts);
void cpng_reader_free(cpng_reader *reader);
/// libpng's words for the last failure; owned by the reader.
const char *cpng_reader_message(const cpng_reader *reader);

/// First call.
cpng_status cpng_read_header(cpng_reader *reader, cpng_header *out);
/// After the header: `pixels` receives width * height * channels bytes.
cpng_status cpng_read_pixels(cpng_reader *reader, uint8_t *pixels);
/// After the header, instead of the pixels: reads on to the end of the file.
cpng_status cpng_read_texts(cpng_reader *reader, int *count);
/// Text number `index`; strings end with a zero and are owned by the reader.
/// @return 1 where the value is UTF-8, 0 where it is Latin-1.
int cpng_text_at(const cpng_reader *reader, int index, const char **key, const char **value);

/// Writes one PNG to memory.
typedef struct cpng_writer cpng_writer;

/// Returns NULL where memory is short. `filter` 0...4 as in the PNG standard, 5 picks one each row;
/// `strategy` as in zlib.h.
cpng_writer *cpng_writer_make(uint32_t width, uint32_t height, uint32_t channels, int level,
                              int filter, int strategy);
void cpng_writer_free(cpng_writer *writer);
/// Adds a tEXt chunk, or an uncompressed iTXt chunk where `utf8` is non-zero. Copies both strings.
cpng_status cpng_add_text(cpng_writer *writer, const char *key, const char *value, int utf8);
/// Last call: `out` receives the whole file, owned by the writer.
cpng_status cpng_write(cpng_writer *writer, const uint8_t *pixels, const uint8_t **out,
                       size_t *count);

#endif
