/* obverse.h - draws faces with compressed StyleGAN2 generators, on a CPU.
 *
 * Two kinds of object:
 *   obv_model    a checked model file. Immutable and counted; any number of threads may share it.
 *   obv_context  scratch memory and worker threads that draw from one model. One thread at a time;
 *                several contexts may share a model.
 *
 * Rules that hold for every function:
 * - Functions that can fail give an obv_status, 0 for success, and a sentence through
 *   obv_last_error(). Results come through pointers and are untouched on failure; pixels alone may be
 *   half written after OBV_CANCELLED.
 * - A NULL where a pointer is needed gives OBV_ARGUMENT. Functions without a status do nothing then.
 * - The caller owns every buffer, and the library keeps none after the call, but for
 *   obv_model_open_memory() with OBV_BORROW.
 * - Floats (z, ws, float pixels) begin at multiples of 4, or else OBV_ARGUMENT says so.
 * - The library never prints, exits, opens a connection, or changes signal handlers or locale.
 * - Equal model, seed, options and instruction set give equal pixels, whatever the number of threads,
 *   and whatever rounding mode, traps or flushing of denormals the caller has set: a call computes with
 *   the defaults and restores the caller's. Another instruction set may change a channel by 1 of 255;
 *   obv_context_options.isa and the environment variable OBVERSE_ISA pin one.
 * - A call needs 32 KB of stack. Once loaded, the library stays in the process, dlclose() or not.
 *
 * Threads: a context has workers of its own, named obverse-2 and so on (the calling thread is the
 * first). They run nothing but this library's code, never a callback, and block all signals.
 *
 * Callbacks run in the calling thread, with the default rounding mode. A C++ exception must not leave
 * them; one that does is caught, lost, and ends the call with OBV_CANCELLED. longjmp(), pthread_exit()
 * and thread cancellation must not leave them either, and cannot be caught: the context stays inside
 * its call then, gives OBV_BUSY, and its memory and threads stay until the process ends, since
 * obv_context_destroy() does nothing. The model and other contexts go on working.
 *
 * fork: contexts stay behind. In the child a context made before the fork gives OBV_FORKED, since its
 * threads are not there; models go on working, and new contexts too. No other thread may be inside a
 * function of this library while a process forks, unless the child only calls exec.
 *
 * Stability: functions, statuses and fields are only ever appended as long as the library is called
 * libobverse.so.0.
 */
#ifndef OBVERSE_H
#define OBVERSE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of this header; obv_version() tells that of the library. */
#define OBV_VERSION "0.2.0"
/* The same as a number: 10000 * major + 100 * minor + patch. */
#define OBV_VERSION_NUMBER 200
/* The number after libobverse.so. */
#define OBV_ABI_VERSION 0

typedef struct obv_model obv_model;
typedef struct obv_context obv_context;

/* ---- Statuses ---------------------------------------------------------------------------------- */

typedef int32_t obv_status;
enum {
  OBV_OK = 0,
  /* Somebody asked to stop. */
  OBV_CANCELLED = 1,
  /* A NULL, a wrong count, a small stride, a bad option struct. */
  OBV_ARGUMENT = 2,
  /* This model cannot do what was asked, such as truncate without a w average. */
  OBV_REQUEST = 3,
  /* An instruction set was asked for that is not there, by obv_context_options.isa or by the
   * environment variable OBVERSE_ISA; or a precision that the processor lacks. */
  OBV_USAGE = 4,
  /* The context is inside another call. */
  OBV_BUSY = 5,
  /* The context was made before this process was forked. */
  OBV_FORKED = 6,
  /* Memory or threads cannot be had. For what is small whatever the model, 4 MiB are asked for beforehand: only
   * a thread of the host that takes the last of the memory in between can still end the process. */
  OBV_RESOURCES = 7,
  /* Our own mistake; please report it. */
  OBV_BUG = 8,

  OBV_FILE_MISSING = 16,
  OBV_FILE_UNREADABLE = 17,
  OBV_FILE_EMPTY = 18,
  /* Reading failed half-way. */
  OBV_INPUT_OUTPUT = 19,

  /* Not an .obv file. */
  OBV_MODEL_MAGIC = 32,
  /* The file's format is newer than this library. */
  OBV_MODEL_VERSION = 33,
  OBV_TRUNCATED = 34,
  /* The file breaks the rules of its format. */
  OBV_MALFORMED = 35,
  /* The file is well-formed and holds what is not read. */
  OBV_UNSUPPORTED = 36,
  /* The file asks for more than a reader allows. */
  OBV_TOO_LARGE = 37,
  OBV_TENSOR_MISSING = 38,
  /* A tensor does not fit its layer. */
  OBV_TENSOR_SHAPE = 39
};

/* The stable word of a status, such as "file-missing"; "unknown" for a number that is none.
 * Static memory. Threads: any. */
const char *obv_status_text(obv_status status);

/* The sentence of the last call that failed in this thread; "" before the first.
 * UTF-8, one line, without a full stop. Valid until the next call that fails in this thread, or until
 * the thread ends. Threads: each has its own. */
const char *obv_last_error(void);

/* ---- The library itself ------------------------------------------------------------------------ */

/* The library's version, such as "0.2.0". Static memory. Threads: any. */
const char *obv_version(void);

/* The number after libobverse.so. of the library in use. Threads: any. */
uint32_t obv_abi_version(void);

enum { OBV_LOG_WARNING = 1, OBV_LOG_INFO = 2 };

/* Receives one line of UTF-8 text without a line's end, valid for the call, in the thread that caused
 * it. It may call any function of this library but on the context in use. */
typedef void (*obv_log_fn)(void *user, int32_t level, const char *text);

/* Sets who is told what happens; NULL, as at the start, for nobody.
 * Process-wide. Threads: any; a call in another thread may use the former function once more. */
void obv_set_log(obv_log_fn fn, void *user);

/* ---- Models ------------------------------------------------------------------------------------ */

/* Opens a model file read-only and checks all of it before returning.
 *
 * path   Borrowed for the call.
 * model  Receives the model. Give it back with obv_model_close().
 *
 * Statuses: OBV_FILE_*, OBV_INPUT_OUTPUT, OBV_MODEL_*, OBV_TRUNCATED to OBV_TENSOR_SHAPE, OBV_USAGE,
 * OBV_RESOURCES. Threads: any.
 *
 * The file stays mapped until the model is gone, so that its pages are shared with other processes.
 * If another process cuts the file short meanwhile, reading a lost page ends this process with SIGBUS.
 * Replacing the file by rename is harmless, as obverse's own tools do it. Where a file may be
 * overwritten in place, read it yourself and use obv_model_open_memory() with OBV_COPY. */
obv_status obv_model_open(const char *path, obv_model **model);

enum {
  /* The library makes its own copy. */
  OBV_COPY = 0,
  /* The bytes must stay unchanged until the model is gone: closed by all who retained it, and all its
   * contexts destroyed. At a 64-byte boundary nothing large is copied. */
  OBV_BORROW = 1
};

/* Like obv_model_open(), from the bytes of a whole model file.
 *
 * bytes, size  The file.
 * flags        OBV_COPY or OBV_BORROW.
 *
 * Statuses: as obv_model_open(); OBV_FILE_EMPTY for no bytes. Threads: any. */
obv_status obv_model_open_memory(const void *bytes, size_t size, uint32_t flags, obv_model **model);

/* Counts one owner more, who has to call obv_model_close() too. Threads: any. */
void obv_model_retain(obv_model *model);

/* Counts one owner less; the last one frees the model, or else its last context does.
 * NULL is allowed. Threads: any. */
void obv_model_close(obv_model *model);

enum {
  /* Truncation (psi other than 1) is possible. */
  OBV_HAS_W_AVERAGE = 1,
  /* OBV_NOISE_CONST draws noise. */
  OBV_HAS_STORED_NOISE = 2,
  /* OBV_NOISE_RANDOM is possible. */
  OBV_ALLOWS_RANDOM_NOISE = 4
};

typedef struct obv_model_info {
  uint32_t size; /* of this struct; set by OBV_MODEL_INFO_INIT */
  uint32_t width;
  uint32_t height;
  uint32_t channels; /* of the network's image: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA */
  uint32_t z_dim;    /* floats of z */
  uint32_t w_dim;    /* floats of one w */
  uint32_t ws_count; /* style layers: ws has ws_count * w_dim floats */
  uint32_t classes;  /* 0 for an unconditional model */
  uint32_t flags;    /* OBV_HAS_W_AVERAGE and so on */
  char instruction_set[16]; /* "baseline", "avx2", "avx512" or "neon" */
  char weights_sha256[68];  /* as the file says it, in hexadecimal; may be "" */
  uint32_t facts;           /* how many obv_model_fact() knows (since 0.2.0) */
} obv_model_info;
#define OBV_MODEL_INFO_INIT { sizeof(obv_model_info), 0, 0, 0, 0, 0, 0, 0, 0, { 0 }, { 0 }, 0 }

/* Says what a model is. Fields that this library does not know are set to 0.
 * Statuses: OBV_ARGUMENT. Threads: any. */
obv_status obv_model_get_info(const obv_model *model, obv_model_info *info);

enum {
  /* Under which terms the model may be used, such as "CC BY-NC-SA 4.0 (non-commercial)". */
  OBV_TEXT_LICENCE = 0,
  /* What its maker wants to be known. */
  OBV_TEXT_NOTE = 1,
  /* What it was converted from, such as "nvlabs-pickle". */
  OBV_TEXT_SOURCE = 2,
  /* SHA-256 of that file, in hexadecimal. */
  OBV_TEXT_SOURCE_SHA256 = 3,
  /* Program and version that wrote the model file. */
  OBV_TEXT_PRODUCER = 4,
  /* Where the w average comes from. */
  OBV_TEXT_W_AVERAGE = 5
};

/* What a model file says about itself, in its own words: UTF-8 of any length and content, up to its
 * first zero byte; "" where it says nothing, and for a text that this library does not know.
 * Valid until the model is gone. Threads: any. Since 0.2.0. */
const char *obv_model_text(const obv_model *model, uint32_t text);

/* A fact of a model's training, such as "pruning_ratio" and "0.9", in the file's order.
 *
 * index        0 to obv_model_info.facts - 1.
 * name, value  Receive texts like those of obv_model_text().
 *
 * Statuses: OBV_ARGUMENT. Threads: any. Since 0.2.0. */
obv_status obv_model_fact(const obv_model *model, uint32_t index, const char **name,
                          const char **value);

/* ---- Contexts ---------------------------------------------------------------------------------- */

enum {
  /* The model's own: what OBVERSE_ISA says, else the best that this processor has. */
  OBV_ISA_MODEL = 0,
  OBV_ISA_BASELINE = 1,
  OBV_ISA_AVX2 = 2,
  OBV_ISA_AVX512 = 3,
  OBV_ISA_NEON = 4
};

enum {
  OBV_PRECISION_FLOAT32 = 0,
  /* Inputs and weights of a separable network's 1x1 convolutions rounded to bfloat16, their products
   * summed in float32: faster, and other pixels. Needs AVX512-BF16. */
  OBV_PRECISION_BF16 = 1
};

typedef struct obv_context_options {
  uint32_t size;    /* of this struct; set by OBV_CONTEXT_OPTIONS_INIT */
  uint32_t threads; /* workers, the calling thread among them, at most 1024; 0 for one a core */
  uint32_t isa;     /* OBV_ISA_MODEL and so on; for another than the model's, the weights are prepared
                     * once more, for this context alone (since 0.2.0) */
  uint32_t precision; /* OBV_PRECISION_FLOAT32 or, with weights prepared for this context alone,
                       * OBV_PRECISION_BF16: OBV_USAGE where the processor lacks it, OBV_REQUEST for a
                       * network that is not separable (since 0.2.0) */
} obv_context_options;
#define OBV_CONTEXT_OPTIONS_INIT \
  { sizeof(obv_context_options), 0, OBV_ISA_MODEL, OBV_PRECISION_FLOAT32 }

/* Makes what drawing needs: memory and workers. After it, drawing allocates nothing.
 *
 * model    Kept by the context, so it may be closed at once.
 * options  NULL for OBV_CONTEXT_OPTIONS_INIT. A tail that this library does not know must be zero.
 * context  Receives the context. Give it back with obv_context_destroy().
 *
 * Between faces the workers sleep. They are joined by obv_context_destroy().
 * Statuses: OBV_ARGUMENT, OBV_USAGE, OBV_REQUEST, OBV_RESOURCES. Threads: any. */
obv_status obv_context_create(
    obv_model *model, const obv_context_options *options, obv_context **context);

/* Says how much memory a context would take, without making one.
 *
 * options  As for obv_context_create(). What `isa` and `precision` add is not counted.
 * bytes    Receives the bytes, the workers' stacks not among them.
 *
 * Statuses: OBV_ARGUMENT. Threads: any. Since 0.2.0. */
obv_status obv_context_memory(
    const obv_model *model, const obv_context_options *options, size_t *bytes);

/* Ends the workers and frees the memory. NULL is allowed. Nobody may be inside a call on this context;
 * one that somebody is inside stays as it is. In a forked child nothing is given back of a context made
 * before the fork. Threads: any. */
void obv_context_destroy(obv_context *context);

/* Asks the call in progress on this context to end with OBV_CANCELLED before its next layer. Without
 * one, nothing happens: a later call is not touched. obv_map() is short and runs to its end.
 *
 * Who looks which call is in progress, and then cancels, may hit the one after it, since calls go on
 * meanwhile: number them, and use obv_cancel_job().
 * NULL is allowed. Threads: any, and signal handlers. */
void obv_cancel(obv_context *context);

/* Asks the call whose obv_draw_options.job is this number to end with OBV_CANCELLED: at its next layer
 * if it is in progress, at once if it has yet to begin. Other calls go on. A context remembers the
 * number of the last request only; 0 is no job's number, and forgets the request.
 * NULL is allowed. Threads: any, and signal handlers. Since 0.2.0. */
void obv_cancel_job(obv_context *context, uint32_t job);

/* ---- Drawing ----------------------------------------------------------------------------------- */

enum {
  /* The planes stored with the model. */
  OBV_NOISE_CONST = 0,
  /* Fresh normals that noise_seed gives, the same for any number of threads. */
  OBV_NOISE_RANDOM = 1,
  OBV_NOISE_NONE = 2
};

/* Called in the calling thread before each part of a face, done from 0 to total - 1; other than 0
 * cancels. It must not use the context, which would give OBV_BUSY; obv_cancel() is allowed. */
typedef int32_t (*obv_progress_fn)(void *user, uint32_t done, uint32_t total);

enum {
  /* In psi, cutoff and label, 0 stands for the preset, so that { .size = sizeof(obv_draw_options) }
   * and a few fields more are options too. */
  OBV_ZERO_IS_PRESET = 0,
  /* In psi, cutoff and label, 0 is 0. A struct of 0.1.0, which lacks this field, means this too. */
  OBV_ZERO_IS_ZERO = 1
};

typedef struct obv_draw_options {
  uint32_t size;       /* of this struct; set by OBV_DRAW_OPTIONS_INIT */
  float psi;           /* truncation: 1, the preset, for none; 0 for the average face */
  int32_t cutoff;      /* truncates the first style layers only, so many; -1, the preset, all */
  int32_t label;       /* a class of a conditional model; -1, the preset, none */
  uint32_t noise;      /* OBV_NOISE_CONST and so on */
  uint32_t noise_seed; /* for OBV_NOISE_RANDOM; the program obverse takes the face's seed */
  obv_progress_fn progress; /* or NULL */
  void *progress_user;
  uint32_t zeros;      /* OBV_ZERO_IS_PRESET or, by OBV_DRAW_OPTIONS_INIT, OBV_ZERO_IS_ZERO (since 0.2.0) */
  uint32_t job;        /* a number for obv_cancel_job(); 0 for none (since 0.2.0) */
} obv_draw_options;
#define OBV_DRAW_OPTIONS_INIT \
  { sizeof(obv_draw_options), 1.0f, -1, -1, OBV_NOISE_CONST, 0, NULL, NULL, OBV_ZERO_IS_ZERO, 0 }

/* OBV_DRAW_OPTIONS_INIT, for languages without macros. The struct is that of this library, not of an
 * older header. Threads: any. Since 0.2.0. */
obv_draw_options obv_draw_options_default(void);

enum {
  OBV_RGB8 = 0,  /* 3 bytes a pixel */
  OBV_RGBA8 = 1, /* 4 bytes a pixel; alpha 255 unless the network draws it */
  OBV_BGRA8 = 2,
  OBV_RGBF32 = 3 /* 3 floats a pixel, around -1 to 1, not clamped */
};

/* Writes the input latent of a seed, as NumPy's RandomState(seed).randn gives it.
 *
 * z, count  Receives z_dim floats; count must say so.
 *
 * Statuses: OBV_ARGUMENT. Threads: any. */
obv_status obv_latent_from_seed(const obv_model *model, uint32_t seed, float *z, size_t count);

/* Maps z to ws: one w for each style layer, truncated by psi and cutoff. To mix two faces, take some
 * entries of w_dim floats from each; to walk between them, interpolate.
 *
 * z, z_count    z_dim floats.
 * options       NULL for OBV_DRAW_OPTIONS_INIT; psi, cutoff and label are used.
 * ws, ws_count  Receives ws_count * w_dim floats; the argument must say so.
 *
 * Statuses: OBV_ARGUMENT, OBV_REQUEST, OBV_CANCELLED, OBV_BUSY, OBV_FORKED. Threads: one at a time. */
obv_status obv_map(obv_context *context, const float *z, size_t z_count,
                   const obv_draw_options *options, float *ws, size_t ws_count);

/* Draws the image of ws.
 *
 * ws, ws_count  ws_count * w_dim floats.
 * options       NULL for OBV_DRAW_OPTIONS_INIT; noise, noise_seed and progress are used.
 * pixels        Receives height rows, from the top, of width pixels each.
 * stride        Bytes from one row to the next, at least those of a row. For OBV_RGBF32 pixels and
 *               stride must be multiples of 4. Bytes between rows stay as they are.
 * format        OBV_RGB8 and so on.
 *
 * Statuses: OBV_ARGUMENT, OBV_REQUEST, OBV_CANCELLED, OBV_BUSY, OBV_FORKED. Threads: one at a time. */
obv_status obv_synthesize(obv_context *context, const float *ws, size_t ws_count,
                          const obv_draw_options *options, void *pixels, size_t stride,
                          uint32_t format);

/* Draws the face of a seed: obv_latent_from_seed(), obv_map() and obv_synthesize() in one, with the
 * same pixels. All options are used. Statuses and threads: as obv_synthesize(). */
obv_status obv_generate(obv_context *context, uint32_t seed, const obv_draw_options *options,
                        void *pixels, size_t stride, uint32_t format);

/* Draws the faces of several seeds, each on a worker of its own where there are as many as workers: more
 * faces a second than obv_generate() for one after the other, and the same pixels.
 *
 * seeds, count  The faces; none is allowed.
 * options       As for obv_generate(), but that random noise takes each face's own seed. `progress` is
 *               told how many faces are done, of how many, before the first face and before layers
 *               that the calling thread draws.
 * pixels        Receives the pictures, each as obv_generate() writes it.
 * image_stride  Bytes from one picture to the next, at least those of a picture.
 *
 * A first call makes memory for each worker, of about obv_context_memory() with one thread; where that
 * cannot be had, all workers draw each face together. Latents and w of the faces in hand, some kB, are
 * allocated by every call. Cancelled or failed, pictures may be missing or
 * half written. Statuses: as obv_generate(), and OBV_RESOURCES. Threads: one at a time. Since 0.2.0. */
obv_status obv_generate_many(obv_context *context, const uint32_t *seeds, size_t count,
                             const obv_draw_options *options, void *pixels, size_t image_stride,
                             size_t stride, uint32_t format);

#ifdef __cplusplus
}
#endif

#endif
