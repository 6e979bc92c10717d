/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/events/decode.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/json/stream.h"
#include "plugins/genesys_flowmetrics/events/prefilter.h"

enum {
  K_DETAIL = 1,
  K_BODY,
  K_CONVERSATION,
  K_ID,
  K_ATTRIBUTES,
  K_PARTICIPANTS,
  K_TYPE,
  K_MESSAGE,
};

static const struct gc_json_key keys[] = {
    {"detail", K_DETAIL},
    {"eventBody", K_BODY},
    {"conversationId", K_CONVERSATION},
    {"id", K_ID},
    {"attributes", K_ATTRIBUTES},
    {"participants", K_PARTICIPANTS},
    {"Type", K_TYPE},
    {"Message", K_MESSAGE},
};

/* An attribute kept until the end of its event: the conversation id may follow
 * the attributes. */
struct waiting {
  size_t name, name_len; /* offset into names */
  enum event_value kind;
  double value;
};

struct event_reader {
  const struct attribute_form *form;
  struct gc_json_stream *stream;

  /* One document. */
  bool is_array;
  bool is_notification; /* its "Type" is "Notification" */
  bool has_message;
  struct gc_buf message; /* SNS: the document inside */
  struct event_counts counts;
  const struct event_sink *sink;

  /* One event. */
  char conversation[EVENT_CONVERSATION_MAX_BYTES + 1];
  char id[EVENT_CONVERSATION_MAX_BYTES + 1];
  struct gc_buf names;
  struct waiting *waiting;
  size_t waiting_count, waiting_cap;
};

/* The path of a value, relative to the event's body. */
struct place {
  uint64_t path;
  bool in_body;  /* below "eventBody" */
  bool in_event; /* below "detail" or "eventBody", so not in an envelope */
};

static unsigned id_at(const struct gc_json_at *at, unsigned level) {
  return (unsigned)(at->path >> 8 * (at->depth - 1 - level)) & 0xff;
}

static struct place place_of(const struct event_reader *r,
                             const struct gc_json_at *at) {
  struct place p = {0};
  unsigned level = r->is_array ? 1 : 0;
  if (at->depth > 8) {
    p.path = at->path;
    return p;
  }
  if (level < at->depth && id_at(at, level) == K_DETAIL) {
    level++;
    p.in_event = true;
  }
  if (level < at->depth && id_at(at, level) == K_BODY) {
    level++;
    p.in_body = p.in_event = true;
  }
  unsigned left = at->depth > level ? at->depth - level : 0;
  p.path = left == 8 ? at->path : at->path & ((UINT64_C(1) << 8 * left) - 1);
  return p;
}

static bool is_event(const struct event_reader *r,
                     const struct gc_json_at *at) {
  return at->depth == (r->is_array ? 1 : 0);
}

static void begin_event(struct event_reader *r) {
  r->conversation[0] = r->id[0] = '\0';
  gc_buf_reset(&r->names);
  r->waiting_count = 0;
}

static enum gc_code report_attribute(struct event_reader *r,
                                     const struct waiting *w,
                                     const char *conversation) {
  struct event_metric m = {.conversation = conversation,
                           .name = gc_buf_string(&r->names) + w->name,
                           .name_len = w->name_len,
                           .kind = w->kind,
                           .value = w->value};
  enum malformed why = attribute_parse(r->form, m.name, m.name_len, &m.parts);
  if (why == MALFORMED_NOT)
    return r->sink->metric(r->sink->ctx, &m);
  r->counts.malformed[why]++;
  return GC_OK;
}

/* True for the envelope of SNS, whose event is the document inside. */
static bool is_envelope(const struct event_reader *r) {
  return r->has_message && !r->is_array && r->waiting_count == 0;
}

static void skip_one(struct event_reader *r) {
  r->counts.events++;
  r->counts.skipped++;
}

static enum gc_code end_event(struct event_reader *r) {
  const char *conversation =
      r->conversation[0] != '\0' ? r->conversation : r->id;
  if (is_envelope(r))
    return GC_OK;
  r->counts.events++;
  if (r->waiting_count == 0)
    r->counts.skipped++;
  else if (conversation[0] == '\0')
    r->counts.malformed[MALFORMED_CONVERSATION]++;
  else
    for (size_t i = 0; i < r->waiting_count; i++)
      GC_TRY(report_attribute(r, &r->waiting[i], conversation));
  return GC_OK;
}

static enum gc_code on_open(void *ctx, const struct gc_json_at *at) {
  struct event_reader *r = ctx;
  if (at->depth == 0) {
    r->is_array = at->kind == GC_JSON_ARRAY;
    begin_event(r);
    return GC_OK;
  }
  if (!is_event(r, at))
    return GC_OK;
  if (at->kind != GC_JSON_OBJECT)
    return gc_fail(at->err, GC_ERR_PARSE, "an array within the array");
  begin_event(r);
  return GC_OK;
}

static enum gc_code on_close(void *ctx, const struct gc_json_at *at) {
  struct event_reader *r = ctx;
  return is_event(r, at) && at->kind == GC_JSON_OBJECT ? end_event(r) : GC_OK;
}

static void keep_id(char out[EVENT_CONVERSATION_MAX_BYTES + 1],
                    const struct gc_json_value *v) {
  if (v->kind != GC_JSON_STRING || v->len > EVENT_CONVERSATION_MAX_BYTES ||
      memchr(v->text, '\0', v->len) != NULL)
    return;
  memcpy(out, v->text, v->len);
  out[v->len] = '\0';
}

static enum event_value read_value(const struct gc_json_value *v, double *ret) {
  bool may = v->kind == GC_JSON_STRING || v->kind == GC_JSON_NUMBER;
  return may && gc_decimal_real(v->text, v->len, ret) ? VALUE_NUMBER
                                                      : VALUE_OTHER;
}

static struct waiting *more_waiting(struct event_reader *r) {
  if (r->waiting_count < r->waiting_cap)
    return &r->waiting[r->waiting_count++];
  size_t cap = r->waiting_cap == 0 ? 16 : r->waiting_cap * 2;
  struct waiting *bigger = realloc(r->waiting, cap * sizeof(*bigger));
  if (bigger == NULL)
    return NULL;
  r->waiting = bigger;
  r->waiting_cap = cap;
  return &r->waiting[r->waiting_count++];
}

static enum gc_code keep_attribute(struct event_reader *r,
                                   const struct gc_json_at *at,
                                   const struct gc_json_value *v) {
  if (!attribute_is_meant(r->form, at->key, at->key_len))
    return GC_OK;
  size_t name = r->names.len;
  enum gc_code code = gc_buf_add(&r->names, at->key, at->key_len);
  struct waiting *w = code == GC_OK ? more_waiting(r) : NULL;
  if (w == NULL)
    return gc_fail(at->err, code != GC_OK ? code : GC_ERR_MEMORY,
                   "too many metrics in one event");
  *w = (struct waiting){.name = name, .name_len = at->key_len};
  w->kind = read_value(v, &w->value);
  return GC_OK;
}

/* Keeps the members of an SNS envelope. An event without attributes that has
 * members of these names is read as an envelope too, which finds nothing. */
static enum gc_code keep_envelope(struct event_reader *r,
                                  const struct gc_json_at *at,
                                  const struct gc_json_value *v,
                                  uint64_t path) {
  if (path == GC_JSON_PATH1(K_TYPE))
    r->is_notification = gc_json_is(v, "Notification");
  if (path != GC_JSON_PATH1(K_MESSAGE) || v->kind != GC_JSON_STRING)
    return GC_OK;
  gc_buf_reset(&r->message);
  r->has_message = true;
  if (gc_buf_add(&r->message, v->text, v->len) == GC_OK)
    return GC_OK;
  return gc_fail(at->err, GC_ERR_MEMORY, "out of memory");
}

static enum gc_code on_value(void *ctx, const struct gc_json_at *at,
                             const struct gc_json_value *v) {
  struct event_reader *r = ctx;
  if (is_event(r, at) || at->depth == 0)
    return gc_fail(at->err, GC_ERR_PARSE, "not an object");
  struct place p = place_of(r, at);
  if (p.path >> 8 == GC_JSON_PATH1(K_ATTRIBUTES) ||
      p.path >> 8 == GC_JSON_PATH3(K_PARTICIPANTS, GC_JSON_ITEM, K_ATTRIBUTES))
    return keep_attribute(r, at, v);
  if (p.path == GC_JSON_PATH1(K_CONVERSATION))
    keep_id(r->conversation, v);
  if (p.in_body && p.path == GC_JSON_PATH1(K_ID))
    keep_id(r->id, v);
  return p.in_event || r->is_array ? GC_OK : keep_envelope(r, at, v, p.path);
}

static const struct gc_json_reader reader = {.keys = keys,
                                             .key_count = GC_COUNT(keys),
                                             .skip_unknown = false,
                                             .bytes_max = EVENT_MAX_BYTES,
                                             .string_max = EVENT_MAX_BYTES,
                                             .open = on_open,
                                             .close = on_close,
                                             .value = on_value};

struct event_reader *event_reader_new(const struct attribute_form *form,
                                      struct gc_err *err) {
  struct event_reader *r = calloc(1, sizeof(*r));
  if (r == NULL) {
    gc_fail(err, GC_ERR_MEMORY, "out of memory");
    return NULL;
  }
  r->form = form;
  r->message.max = EVENT_MAX_BYTES;
  r->names.max = EVENT_ATTRIBUTES_MAX_BYTES;
  r->stream = gc_json_stream_new(&reader, r, err);
  if (r->stream != NULL)
    return r;
  event_reader_free(r);
  return NULL;
}

void event_reader_free(struct event_reader *r) {
  if (r == NULL)
    return;
  gc_json_stream_free(r->stream);
  gc_buf_clear(&r->message);
  gc_buf_clear(&r->names);
  free(r->waiting);
  free(r);
}

static enum gc_code read_document(struct event_reader *r, const char *bytes,
                                  size_t len, struct gc_err *err) {
  r->is_array = r->is_notification = r->has_message = false;
  begin_event(r);
  return gc_json_stream_next(r->stream, bytes, len, err);
}

/* Reads the document inside a notification of SNS; one level only. */
static enum gc_code read_message(struct event_reader *r, struct gc_err *err) {
  GC_AUTO(gc_buf_clear) struct gc_buf inside = r->message;
  r->message = (struct gc_buf){.max = EVENT_MAX_BYTES};
  GC_TRY(read_document(r, gc_buf_string(&inside), inside.len, err));
  if (is_envelope(r))
    skip_one(r);
  return GC_OK;
}

static void add_counts(struct event_counts *to,
                       const struct event_counts *more) {
  to->events += more->events;
  to->skipped += more->skipped;
  for (size_t i = 0; i < MALFORMED_COUNT; i++)
    to->malformed[i] += more->malformed[i];
}

enum gc_code event_read_unfiltered(struct event_reader *r, const char *bytes,
                                   size_t len, struct event_counts *counts,
                                   const struct event_sink *sink,
                                   struct gc_err *err) {
  r->counts = (struct event_counts){0};
  r->sink = sink;
  enum gc_code code = read_document(r, bytes, len, err);
  if (code == GC_OK && is_envelope(r)) {
    if (r->is_notification)
      code = read_message(r, err);
    else
      skip_one(r);
  }
  if (code != GC_OK) {
    r->counts = (struct event_counts){.events = 1};
    r->counts.malformed[MALFORMED_JSON] = 1;
  }
  add_counts(counts, &r->counts);
  return code;
}

enum gc_code event_read(struct event_reader *r, const char *bytes, size_t len,
                        struct event_counts *counts,
                        const struct event_sink *sink, struct gc_err *err) {
  if (len <= EVENT_MAX_BYTES && prefilter_rejects(r->form, bytes, len)) {
    counts->events++;
    counts->skipped++;
    return GC_OK;
  }
  return event_read_unfiltered(r, bytes, len, counts, sink, err);
}
