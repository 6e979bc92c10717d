/* SPDX-License-Identifier: MIT */
#include "common/base/json/stream.h"

#include <stdlib.h>
#include <yajl/yajl_parse.h>

#include "common/base/ascii.h"
#include "common/base/json/keys.h"

/* An open container: its part of `at`, and where the copies of its members'
 * keys begin. */
struct gc_json_level {
  uint64_t path;
  const char *known_key; /* NULL: the key is a copy at names + key_at */
  size_t key_at, key_len;
  size_t names_len; /* bytes of the names that belong to outer levels */
  enum gc_json_kind kind;
};

struct gc_json_stream {
  const struct gc_json_reader *reader;
  void *ctx;
  yajl_handle yajl;

  struct gc_json_keys keys;
  struct gc_json_at at;
  const char *known_key; /* key of `at`, as in struct gc_json_level */
  size_t key_at;
  struct gc_json_level levels[GC_JSON_DEPTH_MAX];
  char *names; /* copies of unknown keys, one for each open level */
  size_t names_len, names_cap;

  /* 0: events are reported. 1: the next value is skipped. n > 1: skipping,
   * inside n - 1 containers of the skipped value. */
  unsigned skipped;

  bool done;       /* the root value is complete */
  bool used;       /* yajl has seen bytes of this document */
  bool has_event;  /* yajl found an event in the bytes of this feed */
  uint64_t silent; /* bytes in a row without an event */
  uint64_t base;   /* bytes of the document before this feed */
  uint64_t end;    /* where the root value ended */
  enum gc_code failed;
  struct gc_err why; /* of `failed` */
};

/* ---- from yajl's callbacks to events with a path ---- */

/* Returns how many bytes of the document yajl has consumed. */
static uint64_t offset_of_yajl(const struct gc_json_stream *s) {
  return s->base + yajl_get_bytes_consumed(s->yajl);
}

/* Notes a failure and returns 0, which ends yajl's parse. */
static int note_failure(struct gc_json_stream *s, enum gc_code code,
                        const char *what) {
  s->failed = gc_fail(&s->why, code, "%s", what);
  return 0;
}

/* Ends the parse with the code of a callback, and with the text that it put
 * into at->err, if any. */
static int stop_with(struct gc_json_stream *s, enum gc_code code) {
  if (s->why.text[0] == '\0')
    return note_failure(s, code, gc_code_words(code));
  s->failed = s->why.code = code;
  return 0;
}

static inline uint64_t path_below(uint64_t path, unsigned depth, unsigned id) {
  return depth > 8 ? GC_JSON_DEEP : path << 8 | id;
}

/* Begins the root value; a second one is a failure. */
static int begin_root(struct gc_json_stream *s) {
  return s->done ? note_failure(s, GC_ERR_PARSE, "more than one JSON value")
                 : 1;
}

static void end_root(struct gc_json_stream *s) {
  s->done = true;
  s->end = offset_of_yajl(s);
}

/* Copies an unknown key to `from`, after the keys of the outer levels. */
static int keep_key(struct gc_json_stream *s, size_t from, const char *text,
                    size_t len) {
  if (s->names_cap - from <= len) {
    size_t cap = (from + len + 1) * 2;
    char *names = realloc(s->names, cap);
    if (names == NULL)
      return note_failure(s, GC_ERR_MEMORY, "no memory for a JSON key");
    s->names = names;
    s->names_cap = cap;
  }
  memcpy(s->names + from, text, len);
  s->names[from + len] = '\0';
  s->key_at = from;
  s->names_len = from + len + 1;
  s->known_key = NULL;
  return 1;
}

static inline void show_key(struct gc_json_stream *s) {
  s->at.key = s->known_key != NULL ? s->known_key : s->names + s->key_at;
}

static int on_key(void *ctx, const unsigned char *bytes, size_t len) {
  struct gc_json_stream *s = ctx;
  s->has_event = true;
  if (len > s->reader->string_max)
    return note_failure(s, GC_ERR_LIMIT, "a JSON key is longer than the limit");
  if (s->skipped > 0)
    return 1;

  const char *text = (const char *)bytes;
  const struct gc_json_level *in = &s->levels[s->at.depth - 1];
  const struct gc_json_slot *slot = gc_json_keys_find(&s->keys, text, len);
  if (slot == NULL && s->reader->skip_unknown) {
    s->skipped = 1;
    return 1;
  }
  if (slot != NULL) {
    s->known_key = slot->name;
    s->names_len = in->names_len;
  } else if (!keep_key(s, in->names_len, text, len)) {
    return 0;
  }
  s->at.key_len = len;
  s->at.path = path_below(in->path, s->at.depth,
                          slot != NULL ? slot->id : (unsigned)GC_JSON_OTHER);
  show_key(s);
  return 1;
}

static int report_value(struct gc_json_stream *s,
                        const struct gc_json_value *v) {
  s->has_event = true;
  if (v->len > s->reader->string_max)
    return note_failure(s, GC_ERR_LIMIT,
                        "a JSON value is longer than the limit");
  if (s->skipped > 0) {
    s->skipped -= s->skipped == 1;
    return 1;
  }
  if (s->at.depth == 0 && !begin_root(s))
    return 0;

  s->at.kind = v->kind;
  if (s->reader->value != NULL) {
    enum gc_code code = s->reader->value(s->ctx, &s->at, v);
    if (code != GC_OK)
      return stop_with(s, code);
  }
  if (s->at.depth == 0)
    end_root(s);
  return 1;
}

/* yajl's callbacks; returning 0 ends its parse. */
static int on_null(void *ctx) {
  return report_value(ctx,
                      &(struct gc_json_value){GC_JSON_NULL, false, "null", 4});
}

static int on_bool(void *ctx, int truth) {
  return report_value(ctx, &(struct gc_json_value){GC_JSON_BOOL, truth != 0,
                                                   truth ? "true" : "false",
                                                   truth ? 4 : 5});
}

static int on_number(void *ctx, const char *text, size_t len) {
  return report_value(
      ctx, &(struct gc_json_value){GC_JSON_NUMBER, false, text, len});
}

static int on_string(void *ctx, const unsigned char *text, size_t len) {
  return report_value(ctx, &(struct gc_json_value){GC_JSON_STRING, false,
                                                   (const char *)text, len});
}

static int open_container(struct gc_json_stream *s, enum gc_json_kind kind) {
  s->has_event = true;
  unsigned hidden = s->skipped > 0 ? s->skipped - 1 : 0;
  if (s->at.depth + hidden == GC_JSON_DEPTH_MAX)
    return note_failure(s, GC_ERR_LIMIT, "JSON nested deeper than the limit");
  if (s->skipped > 0) {
    s->skipped++;
    return 1;
  }
  if (s->at.depth == 0 && !begin_root(s))
    return 0;

  s->at.kind = kind;
  if (s->reader->open != NULL) {
    enum gc_code code = s->reader->open(s->ctx, &s->at);
    if (code != GC_OK)
      return stop_with(s, code);
  }
  s->levels[s->at.depth] = (struct gc_json_level){
      s->at.path, s->known_key, s->key_at, s->at.key_len, s->names_len, kind};
  s->at.depth++;
  if (kind == GC_JSON_ARRAY)
    s->at.path = path_below(s->at.path, s->at.depth, GC_JSON_ITEM);
  return 1;
}

/* Restores `at` as it was when the container opened; the next element of an
 * array has the same path. */
static int close_container(struct gc_json_stream *s) {
  s->has_event = true;
  if (s->skipped > 0) {
    s->skipped--;
    s->skipped -= s->skipped == 1;
    return 1;
  }
  s->at.depth--;
  const struct gc_json_level *level = &s->levels[s->at.depth];
  s->at.path = level->path;
  s->at.key_len = level->key_len;
  s->at.kind = level->kind;
  s->known_key = level->known_key;
  s->key_at = level->key_at;
  s->names_len = level->names_len;
  show_key(s);

  if (s->reader->close != NULL) {
    enum gc_code code = s->reader->close(s->ctx, &s->at);
    if (code != GC_OK)
      return stop_with(s, code);
  }
  if (s->at.depth == 0)
    end_root(s);
  return 1;
}

static int on_open_map(void *ctx) {
  return open_container(ctx, GC_JSON_OBJECT);
}

static int on_open_array(void *ctx) {
  return open_container(ctx, GC_JSON_ARRAY);
}

static int on_close(void *ctx) { return close_container(ctx); }

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_bool,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_open_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_close,
    .yajl_start_array = on_open_array,
    .yajl_end_array = on_close,
};

/* ---- the document, its chunks and its end ---- */

static enum gc_code fail_at(struct gc_json_stream *s, uint64_t at,
                            struct gc_err *err) {
  gc_fail_in(&s->why, s->failed, "JSON, byte %llu: ", (unsigned long long)at);
  if (err != NULL)
    *err = s->why;
  return s->failed;
}

static enum gc_code fail_again(const struct gc_json_stream *s,
                               struct gc_err *err) {
  if (err != NULL)
    *err = s->why;
  return s->failed;
}

/* Takes yajl's description of a syntax error, without the input. */
static void note_syntax(struct gc_json_stream *s) {
  unsigned char *words = yajl_get_error(s->yajl, 0, NULL, 0);
  const char *text = words != NULL ? (const char *)words : "not JSON";
  s->failed =
      gc_fail(&s->why, GC_ERR_PARSE, "%.*s", (int)strcspn(text, "\n"), text);
  if (words != NULL)
    yajl_free_error(s->yajl, words);
}

/* Accepts only white space after the root. yajl itself would accept further
 * values, and would not notice a value that is cut off. */
static enum gc_code expect_space(struct gc_json_stream *s, const char *bytes,
                                 size_t len, struct gc_err *err) {
  for (size_t i = 0; i < len; i++) {
    if (gc_is_space(bytes[i]))
      continue;
    note_failure(s, GC_ERR_PARSE, "something follows the JSON value");
    return fail_at(s, s->base + i, err);
  }
  s->base += len;
  return GC_OK;
}

static enum gc_code parse_chunk(struct gc_json_stream *s, const char *bytes,
                                size_t len, struct gc_err *err) {
  if (s->done)
    return expect_space(s, bytes, len, err);

  s->used = true;
  s->has_event = false;
  yajl_status status = yajl_parse(s->yajl, (const unsigned char *)bytes, len);
  if (status != yajl_status_ok) {
    if (s->failed == GC_OK)
      note_syntax(s);
    return fail_at(s, offset_of_yajl(s), err);
  }
  if (s->done) {
    size_t used = (size_t)(s->end - s->base);
    s->base = s->end;
    return expect_space(s, bytes + used, len - used, err);
  }
  s->base += len;
  s->silent = s->has_event ? 0 : s->silent + len;
  if (s->silent / 6 > s->reader->string_max) {
    note_failure(s, GC_ERR_LIMIT, "a JSON string is longer than the limit");
    return fail_at(s, s->base, err);
  }
  return GC_OK;
}

#define NO_PARSER "no memory for a JSON parser"

static bool make_parser(struct gc_json_stream *s) {
  if (s->yajl != NULL)
    yajl_free(s->yajl);
  s->yajl = yajl_alloc(&callbacks, NULL, s);
  return s->yajl != NULL &&
         yajl_config(s->yajl, yajl_allow_multiple_values, 1) != 0;
}

/* Prepares for the next document. The yajl handle is used again only if it has
 * read the last document to its end. */
static void begin_document(struct gc_json_stream *s) {
  bool has_parser =
      s->yajl != NULL && s->failed == GC_OK && (!s->used || s->done);
  if (!has_parser)
    has_parser = make_parser(s);
  s->at = (struct gc_json_at){.key = "", .err = &s->why};
  s->known_key = "";
  s->names_len = 0;
  s->skipped = 0;
  s->done = s->used = false;
  s->silent = s->base = s->end = 0;
  s->failed = GC_OK;
  s->why.code = GC_OK;
  s->why.text[0] = '\0';
  if (!has_parser)
    s->failed = gc_fail(&s->why, GC_ERR_MEMORY, NO_PARSER);
}

struct gc_json_stream *gc_json_stream_new(const struct gc_json_reader *reader,
                                          void *ctx, struct gc_err *err) {
  struct gc_json_stream *s = calloc(1, sizeof(*s));
  if (s == NULL || !make_parser(s)) {
    gc_json_stream_free(s);
    gc_fail(err, GC_ERR_MEMORY, NO_PARSER);
    return NULL;
  }
  s->reader = reader;
  s->ctx = ctx;
  if (gc_json_keys_set(&s->keys, reader->keys, reader->key_count, err) !=
      GC_OK) {
    gc_json_stream_free(s);
    return NULL;
  }
  begin_document(s);
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
    return fail_again(s, err);
  uint64_t room = s->reader->bytes_max - s->base;
  GC_TRY(parse_chunk(s, bytes, len < room ? len : (size_t)room, err));
  if (len <= room)
    return GC_OK;
  note_failure(s, GC_ERR_LIMIT, "the JSON is longer than the limit");
  return fail_at(s, s->base, err);
}

enum gc_code gc_json_stream_end(struct gc_json_stream *s, struct gc_err *err) {
  enum gc_code code = s->failed;
  if (code != GC_OK) {
    fail_again(s, err);
  } else if (!s->done) {
    /* A number at the root ends only with the next character. */
    code = parse_chunk(s, " ", 1, err);
    if (code == GC_OK && !s->done) {
      note_failure(s, GC_ERR_PARSE, "the JSON is cut off, or there is none");
      code = fail_at(s, s->base - 1, err);
    }
  }
  begin_document(s);
  return code;
}

void gc_json_stream_reset(struct gc_json_stream *s) { begin_document(s); }

enum gc_code gc_json_stream_next(struct gc_json_stream *s, const char *bytes,
                                 size_t len, struct gc_err *err) {
  begin_document(s);
  GC_TRY(gc_json_stream_feed(s, bytes, len, err));
  return gc_json_stream_end(s, err);
}
