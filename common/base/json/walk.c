/* SPDX-License-Identifier: MIT */
#include "common/base/json/walk.h"

#include <stdlib.h>

uint64_t gc_json_walk_offset(const struct gc_json_stream *s) {
  return s->base + yajl_get_bytes_consumed(s->yajl);
}

int gc_json_walk_fail(struct gc_json_stream *s, enum gc_code code,
                      const char *what) {
  s->failed = gc_fail(&s->why, code, "%s", what);
  return 0;
}

/* A callback's own words stay; it need not have any. */
static int refuse(struct gc_json_stream *s, enum gc_code code) {
  if (s->why.text[0] == '\0')
    return gc_json_walk_fail(s, code, gc_code_words(code));
  s->failed = s->why.code = code;
  return 0;
}

static inline uint64_t under(uint64_t path, unsigned depth, unsigned id) {
  return depth > 8 ? GC_JSON_DEEP : path << 8 | id;
}

/* The event that begins now is the root value; there is only one. */
static int begin_root(struct gc_json_stream *s) {
  return s->done
             ? gc_json_walk_fail(s, GC_ERR_PARSE, "more than one JSON value")
             : 1;
}

static void end_root(struct gc_json_stream *s) {
  s->done = true;
  s->end = gc_json_walk_offset(s);
}

/* A copy of an unknown key behind those of the outer levels. */
static int keep_key(struct gc_json_stream *s, size_t from, const char *text,
                    size_t len) {
  if (s->names_cap - from <= len) {
    size_t cap = (from + len + 1) * 2;
    char *names = realloc(s->names, cap);
    if (names == NULL)
      return gc_json_walk_fail(s, GC_ERR_MEMORY, "no memory for a JSON key");
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
  s->heard = true;
  if (len > s->reader->string_max)
    return gc_json_walk_fail(s, GC_ERR_LIMIT,
                             "a JSON key is longer than we accept");
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
  s->at.path = under(in->path, s->at.depth,
                     slot != NULL ? slot->id : (unsigned)GC_JSON_OTHER);
  show_key(s);
  return 1;
}

static int give(struct gc_json_stream *s, const struct gc_json_value *v) {
  s->heard = true;
  if (v->len > s->reader->string_max)
    return gc_json_walk_fail(s, GC_ERR_LIMIT,
                             "a JSON value is longer than we accept");
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
      return refuse(s, code);
  }
  if (s->at.depth == 0)
    end_root(s);
  return 1;
}

/* What yajl calls; 0 ends the parse. */
static int on_null(void *ctx) {
  return give(ctx, &(struct gc_json_value){GC_JSON_NULL, false, "null", 4});
}

static int on_bool(void *ctx, int truth) {
  return give(ctx,
              &(struct gc_json_value){GC_JSON_BOOL, truth != 0,
                                      truth ? "true" : "false", truth ? 4 : 5});
}

static int on_number(void *ctx, const char *text, size_t len) {
  return give(ctx, &(struct gc_json_value){GC_JSON_NUMBER, false, text, len});
}

static int on_string(void *ctx, const unsigned char *text, size_t len) {
  return give(ctx, &(struct gc_json_value){GC_JSON_STRING, false,
                                           (const char *)text, len});
}

static int open_container(struct gc_json_stream *s, enum gc_json_kind kind) {
  s->heard = true;
  unsigned hidden = s->skipped > 0 ? s->skipped - 1 : 0;
  if (s->at.depth + hidden == GC_JSON_DEPTH_MAX)
    return gc_json_walk_fail(s, GC_ERR_LIMIT,
                             "JSON nested deeper than we accept");
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
      return refuse(s, code);
  }
  s->levels[s->at.depth] = (struct gc_json_level){
      s->at.path, s->known_key, s->key_at, s->at.key_len, s->names_len, kind};
  s->at.depth++;
  if (kind == GC_JSON_ARRAY)
    s->at.path = under(s->at.path, s->at.depth, GC_JSON_ITEM);
  return 1;
}

/* Puts `at` back to what it was when the container opened. In an array that
 * is also where the next element stands. */
static int close_container(struct gc_json_stream *s) {
  s->heard = true;
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
      return refuse(s, code);
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

const yajl_callbacks gc_json_walk = {
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
