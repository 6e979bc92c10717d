/* SPDX-License-Identifier: MIT */
#include "common/base/json/stream.h"

#include <stdlib.h>

#include "common/base/json/walk.h"

static bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static enum gc_code failed_here(struct gc_json_stream *s, uint64_t at,
                                struct gc_err *err) {
  gc_fail_in(&s->why, s->failed, "JSON, byte %llu: ", (unsigned long long)at);
  if (err != NULL)
    *err = s->why;
  return s->failed;
}

static enum gc_code failed_again(const struct gc_json_stream *s,
                                 struct gc_err *err) {
  if (err != NULL)
    *err = s->why;
  return s->failed;
}

/* yajl's words for what it does not like, without the input. */
static void note_syntax(struct gc_json_stream *s) {
  unsigned char *words = yajl_get_error(s->yajl, 0, NULL, 0);
  const char *text = words != NULL ? (const char *)words : "not JSON";
  s->failed =
      gc_fail(&s->why, GC_ERR_PARSE, "%.*s", (int)strcspn(text, "\n"), text);
  if (words != NULL)
    yajl_free_error(s->yajl, words);
}

/* After the root only white space may follow. yajl alone would take further
 * values, and not notice one that is cut off. */
static enum gc_code expect_space(struct gc_json_stream *s, const char *bytes,
                                 size_t len, struct gc_err *err) {
  for (size_t i = 0; i < len; i++) {
    if (is_space(bytes[i]))
      continue;
    gc_json_walk_fail(s, GC_ERR_PARSE, "something follows the JSON value");
    return failed_here(s, s->base + i, err);
  }
  s->base += len;
  return GC_OK;
}

static enum gc_code parse(struct gc_json_stream *s, const char *bytes,
                          size_t len, struct gc_err *err) {
  if (s->done)
    return expect_space(s, bytes, len, err);

  s->used = true;
  s->heard = false;
  yajl_status status = yajl_parse(s->yajl, (const unsigned char *)bytes, len);
  if (status != yajl_status_ok) {
    if (s->failed == GC_OK)
      note_syntax(s);
    return failed_here(s, gc_json_walk_offset(s), err);
  }
  if (s->done) {
    size_t used = (size_t)(s->end - s->base);
    s->base = s->end;
    return expect_space(s, bytes + used, len - used, err);
  }
  s->base += len;
  s->silent = s->heard ? 0 : s->silent + len;
  if (s->silent / 6 > s->reader->string_max) {
    gc_json_walk_fail(s, GC_ERR_LIMIT,
                      "a JSON string is longer than we accept");
    return failed_here(s, s->base, err);
  }
  return GC_OK;
}

static bool make_parser(struct gc_json_stream *s) {
  if (s->yajl != NULL)
    yajl_free(s->yajl);
  s->yajl = yajl_alloc(&gc_json_walk, NULL, s);
  return s->yajl != NULL &&
         yajl_config(s->yajl, yajl_allow_multiple_values, 1) != 0;
}

/* Ready for the next document; yajl is still good for it when it has seen the
 * last one to its end. */
static void begin(struct gc_json_stream *s) {
  if (s->failed != GC_OK || (s->used && !s->done))
    make_parser(s);
  s->at = (struct gc_json_at){.key = "", .err = &s->why};
  s->known_key = "";
  s->names_len = 0;
  s->skipped = 0;
  s->done = s->used = false;
  s->silent = s->base = s->end = 0;
  s->failed = GC_OK;
  s->why.code = GC_OK;
  s->why.text[0] = '\0';
}

struct gc_json_stream *gc_json_stream_new(const struct gc_json_reader *reader,
                                          void *ctx, struct gc_err *err) {
  struct gc_json_stream *s = calloc(1, sizeof(*s));
  if (s == NULL || !make_parser(s)) {
    gc_json_stream_free(s);
    gc_fail(err, GC_ERR_MEMORY, "no memory for a JSON parser");
    return NULL;
  }
  s->reader = reader;
  s->ctx = ctx;
  if (gc_json_keys_set(&s->keys, reader->keys, reader->key_count, err) !=
      GC_OK) {
    gc_json_stream_free(s);
    return NULL;
  }
  begin(s);
  return s;
}

void gc_json_stream_free(struct gc_json_stream *s) {
  if (s == NULL)
    return;
  if (s->yajl != NULL)
    yajl_free(s->yajl);
  gc_json_keys_clear(&s->keys);
  free(s->names);
  free(s);
}

enum gc_code gc_json_stream_feed(struct gc_json_stream *s, const char *bytes,
                                 size_t len, struct gc_err *err) {
  if (s->failed != GC_OK)
    return failed_again(s, err);
  uint64_t room = s->reader->bytes_max - s->base;
  GC_TRY(parse(s, bytes, len < room ? len : (size_t)room, err));
  if (len <= room)
    return GC_OK;
  gc_json_walk_fail(s, GC_ERR_LIMIT, "the JSON is longer than we accept");
  return failed_here(s, s->base, err);
}

enum gc_code gc_json_stream_end(struct gc_json_stream *s, struct gc_err *err) {
  enum gc_code code = s->failed;
  if (code != GC_OK) {
    failed_again(s, err);
  } else if (!s->done) {
    /* A number at the root ends only with what follows it. */
    code = parse(s, " ", 1, err);
    if (code == GC_OK && !s->done) {
      gc_json_walk_fail(s, GC_ERR_PARSE,
                        "the JSON is cut off, or there is none");
      code = failed_here(s, s->base - 1, err);
    }
  }
  begin(s);
  return code;
}

void gc_json_stream_reset(struct gc_json_stream *s) { begin(s); }

enum gc_code gc_json_stream_next(struct gc_json_stream *s, const char *bytes,
                                 size_t len, struct gc_err *err) {
  begin(s);
  GC_TRY(gc_json_stream_feed(s, bytes, len, err));
  return gc_json_stream_end(s, err);
}
