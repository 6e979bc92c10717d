/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/stream/guide_decode.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/ascii.h"
#include "common/base/json/document.h"
#include "common/base/json/stream.h"

enum { K_TYPE = 1, K_EVENT, K_ID, K_MEDIA, K_STATE, K_QUEUE, K_WRAPUP };

static const struct gc_json_key keys[] = {
    {"eventType", K_TYPE},    {"event", K_EVENT}, {"conversationId", K_ID},
    {"type", K_MEDIA},        {"state", K_STATE}, {"queueId", K_QUEUE},
    {"wrapUpCode", K_WRAPUP},
};

static const struct {
  const char *word;
  enum cv_state state;
} states[] = {
    {"ACTIVE", CV_STATE_ACTIVE},     {"TERMINATED", CV_STATE_ENDED},
    {"WRAPPED_UP", CV_STATE_WRAPUP}, {"QUEUED", CV_STATE_WAITING},
    {"WAITING", CV_STATE_WAITING},   {"OFFERED", CV_STATE_WAITING},
    {"ALERTING", CV_STATE_ALERTING}, {"HELD", CV_STATE_HELD},
};

struct guide_decoder {
  struct gc_json_stream *stream;
  bool is_conversation, is_wrong;
  struct guide_event now;
  struct gc_unknown_words strange; /* of the present message */
  struct gc_unknown_words unknown; /* of all events */
};

static const char state_kind[] = "state";
static const char type_kind[] = "type";

/* Notes a text that is in no table. A value of another kind is no word: an
 * event without a state counts as other. */
static void note_unknown(struct guide_decoder *d, const char *kind,
                         const struct gc_json_value *v) {
  if (v->kind == GC_JSON_STRING)
    gc_unknown_words_add(&d->strange, kind, v->text, v->len);
}

static enum cv_state read_state(struct guide_decoder *d,
                                const struct gc_json_value *v) {
  for (size_t i = 0; i < GC_COUNT(states); i++)
    if (gc_json_is(v, states[i].word))
      return states[i].state;
  note_unknown(d, state_kind, v);
  return CV_STATE_NONE;
}

/* Returns the medium of a media type, in any case; CV_ALL for any other. */
static enum cv_media find_media(const struct gc_json_value *v) {
  char label[32];
  if (v->kind != GC_JSON_STRING || v->len >= sizeof(label))
    return CV_ALL;
  for (size_t i = 0; i < v->len; i++)
    label[i] = gc_lower(v->text[i]);
  label[v->len] = '\0';
  enum cv_media media = cv_media_find(label);
  return media == CV_MEDIA_COUNT || media == CV_UNKNOWN ? CV_ALL : media;
}

static enum cv_media read_media(struct guide_decoder *d,
                                const struct gc_json_value *v) {
  enum cv_media media = find_media(v);
  if (media == CV_ALL)
    note_unknown(d, type_kind, v);
  return media;
}

static void read_queue(struct guide_decoder *d, const struct gc_json_value *v) {
  if (v->kind == GC_JSON_NULL || (v->kind == GC_JSON_STRING && v->len == 0))
    return;
  if (v->kind != GC_JSON_STRING || v->len >= sizeof(d->now.queue_text) ||
      memchr(v->text, '\0', v->len) != NULL) {
    d->is_wrong = true;
    return;
  }
  d->now.queue = uuid_key_read(v->text, v->len);
  memcpy(d->now.queue_text, v->text, v->len);
  d->now.queue_text[v->len] = '\0';
}

/* Reads a wrap-up code. Ignores a code that is too long for a name. */
static void read_wrapup(struct guide_decoder *d,
                        const struct gc_json_value *v) {
  d->now.wrapup[0] = '\0';
  if (v->kind != GC_JSON_STRING || v->len >= sizeof(d->now.wrapup) ||
      memchr(v->text, '\0', v->len) != NULL)
    return;
  memcpy(d->now.wrapup, v->text, v->len);
  d->now.wrapup[v->len] = '\0';
}

static enum gc_code on_value(void *ctx, const struct gc_json_at *at,
                             const struct gc_json_value *v) {
  struct guide_decoder *d = ctx;
  switch (at->path) {
  case GC_JSON_PATH1(K_TYPE):
    d->is_conversation = gc_json_is(v, "ConversationEvent");
    break;
  case GC_JSON_PATH2(K_EVENT, K_ID):
    if (v->kind == GC_JSON_STRING)
      d->now.id = uuid_key_read(v->text, v->len);
    break;
  case GC_JSON_PATH2(K_EVENT, K_MEDIA):
    d->now.media = (uint8_t)read_media(d, v);
    break;
  case GC_JSON_PATH2(K_EVENT, K_STATE):
    d->now.state = (uint8_t)read_state(d, v);
    break;
  case GC_JSON_PATH2(K_EVENT, K_QUEUE):
    read_queue(d, v);
    break;
  case GC_JSON_PATH2(K_EVENT, K_WRAPUP):
    read_wrapup(d, v);
    break;
  default:
    break;
  }
  return GC_OK;
}

static const struct gc_json_reader reader = {
    .keys = keys,
    .key_count = GC_COUNT(keys),
    .skip_unknown = true,
    .bytes_max = GC_MESSAGE_MAX_BYTES,
    .string_max = GC_MESSAGE_MAX_BYTES,
    .value = on_value,
};

static void reset_event(struct guide_decoder *d) {
  d->is_conversation = d->is_wrong = false;
  d->now.id = d->now.queue = (struct uuid_key){0, 0};
  d->now.queue_text[0] = d->now.wrapup[0] = '\0';
  d->now.state = CV_STATE_NONE;
  d->now.media = CV_ALL;
  gc_unknown_words_clear(&d->strange);
}

void guide_decoder_free(struct guide_decoder *d) {
  if (d == NULL)
    return;
  gc_json_stream_free(d->stream);
  free(d);
}

struct guide_decoder *guide_decoder_new(void) {
  struct guide_decoder *d = gc_zalloc(1, sizeof(*d));
  d->stream = gc_json_stream_new(&reader, d);
  return d;
}

enum gc_code decode_guide_event(struct guide_decoder *d, const char *bytes,
                                size_t len, const struct guide_event **ret,
                                struct gc_err *err) {
  reset_event(d);
  GC_TRY(gc_json_stream_next(d->stream, bytes, len, err));
  bool has_event = d->is_conversation && !d->is_wrong &&
                   d->now.state != CV_STATE_NONE &&
                   !uuid_key_is_none(d->now.id);
  if (d->is_conversation && d->strange.total > 0)
    gc_unknown_words_move(&d->unknown, &d->strange);
  *ret = has_event ? &d->now : NULL;
  return GC_OK;
}

struct gc_unknown_words *guide_decoder_unknown(struct guide_decoder *d) {
  return &d->unknown;
}

const char *guide_word_default(const char *kind) {
  return strcmp(kind, state_kind) == 0 ? "the event is ignored"
                                       : "the contact counts as medium all";
}

/* ---- the query ---- */

static enum gc_code add_media(struct gc_document *d, struct json_object *in,
                              char *const *media, size_t count) {
  GC_AUTO(gc_buf_clear) struct gc_buf clause = {.max = 4096};
  for (size_t i = 0; i < count; i++)
    GC_TRY(
        gc_buf_print(&clause, "%stype = '%s'", i > 0 ? " OR " : "", media[i]));
  gc_document_add_text(d, in, NULL, gc_buf_string(&clause));
  return GC_OK;
}

enum gc_code guide_query(char *const *where, size_t where_count,
                         char *const *media, size_t media_count,
                         struct gc_buf *out) {
  static const char *const fields[] = {"conversationId", "type", "state",
                                       "queueId", "wrapUpCode"};
  GC_AUTO(gc_document_clear) struct gc_document d = {.root = NULL};
  struct json_object *root = gc_document_add_object(&d, NULL, NULL);
  struct json_object *query = gc_document_add_object(&d, root, "query");
  gc_document_add_text(&d, query, "view", "DEFAULT");
  gc_document_add_text(&d, query, "interval", "PT1S");
  struct json_object *select = gc_document_add_array(&d, query, "select");
  for (size_t i = 0; i < GC_COUNT(fields); i++)
    gc_document_add_text(&d, select, NULL, fields[i]);
  struct json_object *clauses = gc_document_add_array(&d, query, "where");
  for (size_t i = 0; i < where_count; i++)
    gc_document_add_text(&d, clauses, NULL, where[i]);
  if (where_count == 0 && media_count > 0)
    GC_TRY(add_media(&d, clauses, media, media_count));
  return gc_document_write(&d, out, NULL);
}
