#include "CJPEG.h"

#include <setjmp.h>
#include <stdio.h>  // jpeglib.h needs it
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

// A progressive file repeats its passes almost for free; real ones have about ten.
#define MAX_SCANS 64

// The first member of both objects, so that a handler finds it behind cinfo->err.
typedef struct {
  struct jpeg_error_mgr base;
  jmp_buf jump;
  int code;
  char message[JMSG_LENGTH_MAX];
} cjpeg_errors;

struct cjpeg_reader {
  cjpeg_errors errors;
  struct jpeg_decompress_struct info;
  struct jpeg_progress_mgr progress;
};

struct cjpeg_writer {
  cjpeg_errors errors;
  struct jpeg_compress_struct info;
  struct jpeg_destination_mgr target;
  uint8_t *bytes;
  size_t capacity, count;
};

static void fail(j_common_ptr info) {
  cjpeg_errors *errors = (cjpeg_errors *)info->err;
  errors->code = errors->base.msg_code;
  errors->base.format_message(info, errors->message);
  longjmp(errors->jump, 1);
}

static void ignore(j_common_ptr info) {
  (void)info;
}

// libjpeg fills what is damaged or missing with grey and warns. Such an image is no image to us;
// warnings about what lies around the pixels are let pass.
static void warn(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR:
    case JWRN_TOO_MUCH_DATA:
      return;
    default:
      fail(info);
  }
}

static void prepare(cjpeg_errors *errors) {
  jpeg_std_error(&errors->base);
  errors->base.error_exit = fail;
  errors->base.emit_message = warn;
  errors->base.output_message = ignore;
}

static cjpeg_status failure(const cjpeg_errors *errors) {
  switch (errors->code) {
    case JERR_OUT_OF_MEMORY:
      return CJPEG_NO_MEMORY;
    case JERR_ARITH_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_SOF_UNSUPPORTED:
    case JERR_BAD_PRECISION:
      return CJPEG_UNSUPPORTED;
    default:
      return CJPEG_MALFORMED;
  }
}

static void watch(j_common_ptr info) {
  if (((j_decompress_ptr)info)->input_scan_number > MAX_SCANS) {
    ERREXIT(info, JERR_BAD_PROGRESSION);
  }
}

cjpeg_reader *cjpeg_reader_make(const uint8_t *bytes, size_t count) {
  cjpeg_reader *reader = calloc(1, sizeof *reader);
  if (!reader) return NULL;
  prepare(&reader->errors);
  reader->info.err = &reader->errors.base;
  if (setjmp(reader->errors.jump)) {
    cjpeg_reader_free(reader);
    return NULL;
  }
  jpeg_create_decompress(&reader->info);
  reader->progress.progress_monitor = watch;
  reader->info.progress = &reader->progress;
  jpeg_mem_src(&reader->info, bytes, count);
  return reader;
}

void cjpeg_reader_free(cjpeg_reader *reader) {
  if (!reader) return;
  jpeg_destroy_decompress(&reader->info);
  free(reader);
}

const char *cjpeg_reader_message(const cjpeg_reader *reader) {
  return reader->errors.message;
}

cjpeg_status cjpeg_read_header(cjpeg_reader *reader, cjpeg_header *out) {
  struct jpeg_decompress_struct *info = &reader->info;
  if (setjmp(reader->errors.jump)) return failure(&reader->errors);
  jpeg_read_header(info, TRUE);
  // Its smallest size a block has no useful lower bound, and nobody writes it.
  if (info->arith_code) ERREXIT(info, JERR_ARITH_NOTIMPL);
  switch (info->jpeg_color_space) {
    case JCS_GRAYSCALE:
      info->out_color_space = JCS_GRAYSCALE;
      break;
    case JCS_YCbCr:
    case JCS_RGB:
      info->out_color_space = JCS_RGB;
      break;
    default:
      ERREXIT(info, JERR_CONVERSION_NOTIMPL);
  }
  jpeg_calc_output_dimensions(info);
  out->width = info->output_width;
  out->height = info->output_height;
  out->channels = info->output_components;
  return CJPEG_OK;
}

cjpeg_status cjpeg_read_pixels(cjpeg_reader *reader, uint8_t *pixels) {
  struct jpeg_decompress_struct *info = &reader->info;
  if (setjmp(reader->errors.jump)) return failure(&reader->errors);
  jpeg_start_decompress(info);
  size_t row_bytes = (size_t)info->output_width * info->output_components;
  while (info->output_scanline < info->output_height) {
    JSAMPROW row = pixels + info->output_scanline * row_bytes;
    jpeg_read_scanlines(info, &row, 1);
  }
  jpeg_finish_decompress(info);
  return CJPEG_OK;
}

static void begin(j_compress_ptr info) {
  cjpeg_writer *writer = info->client_data;
  writer->target.next_output_byte = writer->bytes;
  writer->target.free_in_buffer = writer->capacity;
}

// Called with the whole buffer full, whatever free_in_buffer says.
static boolean grow(j_compress_ptr info) {
  cjpeg_writer *writer = info->client_data;
  uint8_t *grown = realloc(writer->bytes, writer->capacity * 2);
  if (!grown) ERREXIT1(info, JERR_OUT_OF_MEMORY, 0);
  writer->bytes = grown;
  writer->target.next_output_byte = grown + writer->capacity;
  writer->target.free_in_buffer = writer->capacity;
  writer->capacity *= 2;
  return TRUE;
}

static void end(j_compress_ptr info) {
  cjpeg_writer *writer = info->client_data;
  writer->count = writer->capacity - writer->target.free_in_buffer;
}

cjpeg_writer *cjpeg_writer_make(uint32_t width, uint32_t height, uint32_t channels, int quality) {
  cjpeg_writer *writer = calloc(1, sizeof *writer);
  if (!writer) return NULL;
  prepare(&writer->errors);
  writer->info.err = &writer->errors.base;
  writer->capacity = (size_t)width * height / 4 + 4096;
  writer->bytes = malloc(writer->capacity);
  if (!writer->bytes || setjmp(writer->errors.jump)) {
    cjpeg_writer_free(writer);
    return NULL;
  }
  jpeg_create_compress(&writer->info);
  writer->info.client_data = writer;
  writer->target.init_destination = begin;
  writer->target.empty_output_buffer = grow;
  writer->target.term_destination = end;
  writer->info.dest = &writer->target;
  writer->info.image_width = width;
  writer->info.image_height = height;
  writer->info.input_components = channels;
  writer->info.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&writer->info);
  jpeg_set_quality(&writer->info, quality, TRUE);
  return writer;
}

void cjpeg_writer_free(cjpeg_writer *writer) {
  if (!writer) return;
  jpeg_destroy_compress(&writer->info);
  free(writer->bytes);
  free(writer);
}

cjpeg_status cjpeg_write(cjpeg_writer *writer, const uint8_t *pixels, const uint8_t *app1,
                         size_t app1_count, const uint8_t **out, size_t *count) {
  struct jpeg_compress_struct *info = &writer->info;
  if (setjmp(writer->errors.jump)) return failure(&writer->errors);
  jpeg_start_compress(info, TRUE);
  if (app1) jpeg_write_marker(info, JPEG_APP0 + 1, app1, (unsigned)app1_count);
  size_t row_bytes = (size_t)info->image_width * info->input_components;
  while (info->next_scanline < info->image_height) {
    JSAMPROW row = (JSAMPROW)(pixels + info->next_scanline * row_bytes);
    jpeg_write_scanlines(info, &row, 1);
  }
  jpeg_finish_compress(info);
  *out = writer->bytes;
  *count = writer->count;
  return CJPEG_OK;
}
