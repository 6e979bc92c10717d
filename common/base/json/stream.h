/* SPDX-License-Identifier: MIT */
/* The reader of JSON: whole messages of a socket, and answers as they arrive,
 * in constant memory. Bytes in, events out; any split of the input gives the
 * same events. It accepts JSON as RFC 8259 has it, and UTF-8 as RFC 3629 has
 * it; a fuzz target compares it with json-c.
 *
 * The path of an event is one number. Each object key that the reader knows has
 * an id; the path holds up to eight levels, one byte each, the deepest in the
 * lowest byte. Example: the 4 in {"results": [{"data": 4}]} has the path
 * GC_JSON_PATH3(K_RESULTS, GC_JSON_ITEM, K_DATA), so a decoder is a switch:
 *
 *   enum { K_RESULTS = 1, K_DATA };
 *   static const struct gc_json_key keys[] = {{"results", K_RESULTS},
 *                                             {"data", K_DATA}};
 *   static enum gc_code value(void *ctx, const struct gc_json_at *at,
 *                             const struct gc_json_value *v) {
 *     switch (at->path) {
 *     case GC_JSON_PATH3(K_RESULTS, GC_JSON_ITEM, K_DATA):
 *       …
 *
 * An object that has a key twice reports both. The text of a string has its
 * escapes resolved: it can hold NUL. Half a surrogate pair from \u becomes
 * U+FFFD. The text of a string without escapes that a chunk has as a whole
 * points into the chunk. One stream belongs to one thread at a time; a
 * callback must not touch the stream that calls it. */
#ifndef GC_BASE_JSON_STREAM_H
#define GC_BASE_JSON_STREAM_H

#include "common/base/decimal.h"
#include "common/base/err.h"

#include <stdint.h>
#include <string.h>

/* Bytes of a path that are not ids. */
enum {
  GC_JSON_ID_MAX = 250,
  GC_JSON_DEEP = 253,  /* the whole path below eight levels; no id matches it */
  GC_JSON_OTHER = 254, /* a member whose key is not in the table */
  GC_JSON_ITEM = 255,  /* an element of an array */
};

/* Nested containers; deeper nesting is GC_ERR_LIMIT. */
enum { GC_JSON_DEPTH_MAX = 64 };

/* The byte of one level in a path; the id 0 means GC_JSON_OTHER. */
#define GC_JSON_LEVEL(id)                                                      \
  ((uint64_t)((int)(id) != 0 ? (int)(id) : (int)GC_JSON_OTHER))
#define GC_JSON_PATH1(a) GC_JSON_LEVEL(a)
#define GC_JSON_PATH2(a, b) (GC_JSON_PATH1(a) << 8 | GC_JSON_LEVEL(b))
#define GC_JSON_PATH3(a, b, c) (GC_JSON_PATH2(a, b) << 8 | GC_JSON_LEVEL(c))
#define GC_JSON_PATH4(a, b, c, d)                                              \
  (GC_JSON_PATH3(a, b, c) << 8 | GC_JSON_LEVEL(d))
#define GC_JSON_PATH5(a, b, c, d, e)                                           \
  (GC_JSON_PATH4(a, b, c, d) << 8 | GC_JSON_LEVEL(e))
#define GC_JSON_PATH6(a, b, c, d, e, f)                                        \
  (GC_JSON_PATH5(a, b, c, d, e) << 8 | GC_JSON_LEVEL(f))
#define GC_JSON_PATH7(a, b, c, d, e, f, g)                                     \
  (GC_JSON_PATH6(a, b, c, d, e, f) << 8 | GC_JSON_LEVEL(g))
#define GC_JSON_PATH8(a, b, c, d, e, f, g, h)                                  \
  (GC_JSON_PATH7(a, b, c, d, e, f, g) << 8 | GC_JSON_LEVEL(h))

/* A name is given once. */
struct gc_json_key {
  const char *name;
  uint8_t id; /* 1 … GC_JSON_ID_MAX; two names may share one */
};

enum gc_json_kind {
  GC_JSON_NULL,
  GC_JSON_BOOL,
  GC_JSON_NUMBER,
  GC_JSON_STRING,
  GC_JSON_OBJECT,
  GC_JSON_ARRAY,
};

/* The place of an event. Borrowed for the call. */
struct gc_json_at {
  uint64_t path;
  const char *key; /* key of the innermost member: for an array's elements, of
                      the array; "" if there is none. Ends in a NUL */
  size_t key_len;  /* bytes; the key itself may hold a NUL */
  unsigned depth;  /* containers around it; 0 at the root */
  enum gc_json_kind kind;
  struct gc_err *err; /* for the text of a callback that fails; may be NULL */
};

/* A value other than a container. Borrowed for the call, not NUL-terminated. */
struct gc_json_value {
  enum gc_json_kind kind;
  bool truth;       /* value of a BOOL */
  const char *text; /* string: its contents; number: as it was written; bool
                       and null: the literal */
  size_t len;
};

/* The keys to report and the callbacks; must outlive the stream. Any callback
 * may be NULL. A callback that does not return GC_OK ends the document: feed
 * returns that code, with the text that the callback put into at->err. */
struct gc_json_reader {
  const struct gc_json_key *keys;
  size_t key_count;
  /* True: a member whose key is not in the table is skipped with everything
   * inside; this is the fastest. False: it is reported as GC_JSON_OTHER, for
   * maps whose keys are data (attribute names). */
  bool skip_unknown;
  uint64_t bytes_max; /* of one document; must be set */
  size_t string_max;  /* bytes of one string, key or number; must be set */

  enum gc_code (*open)(void *ctx, const struct gc_json_at *at);
  enum gc_code (*close)(void *ctx, const struct gc_json_at *at);
  enum gc_code (*value)(void *ctx, const struct gc_json_at *at,
                        const struct gc_json_value *value);
};

struct gc_json_stream;

/* Makes a stream; never NULL. */
GC_API struct gc_json_stream *
gc_json_stream_new(const struct gc_json_reader *reader, void *ctx);
GC_API void gc_json_stream_free(struct gc_json_stream *s);

/* Reads the next bytes. GC_ERR_PARSE: not JSON; GC_ERR_LIMIT: more than
 * bytes_max, string_max or GC_JSON_DEPTH_MAX; GC_ERR_MEMORY; otherwise the code
 * of a callback. The text names the byte and never shows the input, which can
 * be a customer's data. After a failure feed returns the same failure until the
 * stream is reset. */
GC_API GC_MUST_CHECK enum gc_code gc_json_stream_feed(struct gc_json_stream *s,
                                                      const char *bytes,
                                                      size_t len,
                                                      struct gc_err *err);

/* Ends the document: GC_ERR_PARSE when it is not complete. The stream is then
 * ready for the next one. */
GC_API GC_MUST_CHECK enum gc_code gc_json_stream_end(struct gc_json_stream *s,
                                                     struct gc_err *err);

/* Drops a document that was read in part. */
GC_API void gc_json_stream_reset(struct gc_json_stream *s);

/* Reads a whole document, such as a message of a socket: reset, feed, end. */
GC_API GC_MUST_CHECK enum gc_code gc_json_stream_next(struct gc_json_stream *s,
                                                      const char *bytes,
                                                      size_t len,
                                                      struct gc_err *err);

/* ---- where a value ends ---- */

/* For a text that another reader gets in part, such as the eventBody of a
 * notification. Both check nothing, since that reader reports the errors. Each
 * begins at the opening character of the value and returns the byte after the
 * last; NULL: the value does not end before `end`. */

GC_API const char *gc_json_string_end(const char *p, const char *end);
/* Braces and brackets are not distinguished: "[1}" ends with its brace. */
GC_API const char *gc_json_container_end(const char *p, const char *end);

/* ---- values ---- */

/* Reads the number of a value with base/decimal; false when the value is not a
 * number. */
GC_MUST_CHECK static inline bool gc_json_int(const struct gc_json_value *v,
                                             int64_t *ret) {
  return v->kind == GC_JSON_NUMBER && gc_decimal_int(v->text, v->len, ret);
}

GC_MUST_CHECK static inline bool gc_json_real(const struct gc_json_value *v,
                                              double *ret) {
  return v->kind == GC_JSON_NUMBER && gc_decimal_real(v->text, v->len, ret);
}

/* True if the value is a string with exactly this text. */
static inline bool gc_json_is(const struct gc_json_value *v, const char *text) {
  return v->kind == GC_JSON_STRING && v->len == strlen(text) &&
         memcmp(v->text, text, v->len) == 0;
}

#endif
