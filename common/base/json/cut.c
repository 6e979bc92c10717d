/* SPDX-License-Identifier: MIT */
#include "common/base/json/cut.h"

#include "common/base/json/stream.h"
#include "common/base/utf8.h"

enum { KEY_ID = 1 };

/* A cut within an escape or a character leaves up to five bytes of it, as in
 * "\u00e". */
enum { PART_MAX = 5 };

struct wanted {
  char *out;
  size_t size;
  bool is_found;
};

static enum gc_code take_text(void *ctx, const struct gc_json_at *at,
                              const struct gc_json_value *v) {
  struct wanted *w = ctx;
  if (at->path != GC_JSON_PATH1(KEY_ID) || v->kind != GC_JSON_STRING ||
      memchr(v->text, '\0', v->len) != NULL)
    return GC_OK;
  size_t len = gc_utf8_cut(v->text, v->len, w->size - 1);
  memcpy(w->out, v->text, len);
  w->out[len] = '\0';
  w->is_found = true;
  return GC_OK;
}

/* Reads the bytes and then a quote, which ends a text that is cut off. */
static void read_and_end(struct gc_json_stream *s, const char *bytes,
                         size_t len) {
  gc_json_stream_reset(s);
  if (gc_json_stream_feed(s, bytes, len, NULL) == GC_OK)
    (void)!gc_json_stream_feed(s, "\"", 1, NULL);
}

bool gc_json_cut_text(const char *bytes, size_t len, const char *key, char *out,
                      size_t size) {
  const struct gc_json_key keys[] = {{key, KEY_ID}};
  const struct gc_json_reader reader = {.keys = keys,
                                        .key_count = GC_COUNT(keys),
                                        .skip_unknown = true,
                                        .bytes_max = len + 1,
                                        .string_max = len,
                                        .value = take_text};
  struct wanted w = {.out = out, .size = size};
  struct gc_json_stream *s = gc_json_stream_new(&reader, &w, NULL);
  for (size_t part = 0;
       s != NULL && !w.is_found && part <= PART_MAX && part <= len; part++)
    read_and_end(s, bytes, len - part);
  gc_json_stream_free(s);
  return w.is_found;
}
