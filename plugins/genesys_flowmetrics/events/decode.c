/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif
/* Reads documents of any envelope: a stack of containers, and the attributes
 * that wait for the conversation of one of them. */
#include "plugins/genesys_flowmetrics/events/decode.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "common/base/alloc.h"
#include "common/base/ascii.h"
#include "common/base/buf.h"
#include "common/base/json/stream.h"
#include "common/base/uuid.h"

enum {
  NESTED_MAX = 5, /* documents within each other, the outermost one included */
  FRAMES_MAX = NESTED_MAX * GC_JSON_DEPTH_MAX,
  SHOWN_SIZE = 24,
  SHAPE_SIZE = 200,
};

/* The keys that the decoder knows, in any envelope. */
enum key {
  KEY_OTHER,
  KEY_ATTRIBUTES,
  KEY_PARTICIPANTS,
  KEY_BODY,
  KEY_CONVERSATION,
  KEY_ID,
  KEY_TOPIC,
  KEY_DATA,
};

/* Members of an event of the platform. */
static const unsigned known_keys = 1u << KEY_ATTRIBUTES |
                                   1u << KEY_PARTICIPANTS | 1u << KEY_BODY |
                                   1u << KEY_CONVERSATION | 1u << KEY_TOPIC;

#define KEY(text)                                                              \
  { text, sizeof(text) - 1 }
static const struct {
  const char *text;
  size_t len;
} key_names[] = {
    [KEY_ATTRIBUTES] = KEY("attributes"),
    [KEY_PARTICIPANTS] = KEY("participants"),
    [KEY_BODY] = KEY("eventBody"),
    [KEY_CONVERSATION] = KEY("conversationId"),
    [KEY_ID] = KEY("id"),
    [KEY_TOPIC] = KEY("topicName"),
    [KEY_DATA] = KEY("data"),
};

/* An open container. Ids are offsets into `texts`; 0: none. */
struct frame {
  enum key key; /* the member's key; KEY_OTHER: it is an element */
  bool is_array, has_participants;
  size_t conversation, topic, id;
  size_t first_waiting; /* attributes found inside it */
  char name[SHOWN_SIZE];
};

/* An attribute that is kept until the end of its element, because the
 * conversation's id may follow it. */
struct waiting {
  size_t name, name_len; /* offset into names */
  unsigned owner;        /* the frame of its event */
  size_t conversation;   /* offset into texts; 0: not known yet */
  bool has_value;
  double value;
};

/* The state that is restored when a string turns out to be no document. */
struct marks {
  unsigned frame_count;
  size_t waiting_count;
  unsigned events; /* events with metrics */
  bool is_known;   /* it has members of an event of the platform */
  bool has_stray, has_stray_key; /* a marker outside of attributes; in a name */
};

struct event_reader {
  const struct attribute_form *form;
  struct gc_json_stream *streams[NESTED_MAX]; /* made when first needed */
  struct event_counts counts;
  const struct event_sink *sink;

  struct frame frames[FRAMES_MAX];
  unsigned nested;      /* strings around the document that is being read */
  const char *root_key; /* such a string's key */
  size_t root_key_len;

  /* The element of the outermost document: the root, or an element of it. */
  struct gc_buf names, texts;
  struct waiting *waiting;
  size_t waiting_cap;
  struct marks now;
  char shape[SHAPE_SIZE]; /* the last element that was not read */
  char time_form[ATTRIBUTE_FORM_SIZE];
};

static enum key key_of(const char *text, size_t len) {
  for (size_t i = 1; i < GC_COUNT(key_names); i++)
    if (key_names[i].len == len && memcmp(key_names[i].text, text, len) == 0)
      return (enum key)i;
  return KEY_OTHER;
}

static struct frame *top_of(struct event_reader *r) {
  return r->now.frame_count > 0 ? &r->frames[r->now.frame_count - 1] : NULL;
}

/* ---- one element ---- */

static void begin_element(struct event_reader *r) {
  gc_buf_reset(&r->names);
  gc_buf_reset(&r->texts);
  r->now = (struct marks){.frame_count = r->now.frame_count};
}

/* Appends ".name" or "[]" to the shape, and returns its new length. Each
 * character that is no letter becomes #, because a name may be a customer's
 * data. */
static size_t add_place(char shape[SHAPE_SIZE], size_t at, bool is_item,
                        const char *name, size_t len) {
  if (at + 2 + len >= SHAPE_SIZE)
    return at;
  shape[at++] = is_item ? '[' : '.';
  for (size_t i = 0; !is_item && i < len; i++)
    shape[at++] =
        gc_is_letter(name[i]) || strchr("_-", name[i]) != NULL ? name[i] : '#';
  if (is_item)
    shape[at++] = ']';
  return at;
}

/* Writes the place of a marker as names of members. */
static void set_shape(struct event_reader *r, const char *key, size_t len) {
  size_t at = 0;
  for (unsigned i = 1; i < r->now.frame_count; i++)
    at = add_place(r->shape, at, r->frames[i - 1].is_array, r->frames[i].name,
                   strlen(r->frames[i].name));
  const struct frame *top = top_of(r);
  if (top != NULL && (key != NULL || top->is_array))
    at = add_place(r->shape, at, top->is_array, key, len);
  r->shape[at] = '\0';
}

/* Notes a marker outside of attributes. The first one in a name is shown. */
static void note_stray(struct event_reader *r, const char *key, size_t len,
                       bool in_key) {
  if (!r->now.has_stray || (in_key && !r->now.has_stray_key))
    set_shape(r, key, len);
  r->now.has_stray = true;
  r->now.has_stray_key = r->now.has_stray_key || in_key;
}

static enum gc_code report_attribute(struct event_reader *r,
                                     const struct waiting *w) {
  struct event_metric m = {.conversation =
                               gc_buf_string(&r->texts) + w->conversation,
                           .name = gc_buf_string(&r->names) + w->name,
                           .name_len = w->name_len,
                           .has_value = w->has_value,
                           .value = w->value};
  enum malformed why = attribute_parse(r->form, m.name, m.name_len, &m.parts);
  if (why == MALFORMED_NOT)
    return r->sink->metric(r->sink->ctx, &m);
  r->counts.malformed[why]++;
  if (why == MALFORMED_TIME &&
      attribute_looks_like_time(m.parts.unread, m.parts.unread_len)) {
    r->counts.untimed++;
    attribute_time_form(r->time_form, m.parts.unread, m.parts.unread_len);
  }
  return GC_OK;
}

/* Counts an element as skipped, or as unplaced if its marker is where no event
 * has one. In a known event a value may contain the marker. */
static void end_empty_element(struct event_reader *r) {
  r->counts.events++;
  if (r->now.has_stray_key || (r->now.has_stray && !r->now.is_known))
    r->counts.unplaced++;
  else
    r->counts.skipped++;
}

static enum gc_code end_element(struct event_reader *r) {
  bool lacks_conversation = false;
  if (r->now.waiting_count == 0) {
    end_empty_element(r);
    return GC_OK;
  }
  r->counts.events += r->now.events;
  for (size_t i = 0; i < r->now.waiting_count; i++) {
    const struct waiting *w = &r->waiting[i];
    if (w->conversation == 0)
      lacks_conversation = true;
    else
      GC_TRY(report_attribute(r, w));
  }
  if (lacks_conversation) {
    r->counts.malformed[MALFORMED_CONVERSATION]++;
    memcpy(r->shape, "no conversation id", sizeof("no conversation id"));
  }
  return GC_OK;
}

/* ---- attributes ---- */

/* Reads a number, also one with its type in front, as the platform writes typed
 * attributes: "number:100.9", "integer:4". */
static bool read_value(const struct gc_json_value *v, double *ret) {
  static const char *const types[] = {"number:", "integer:"};
  if (v == NULL || (v->kind != GC_JSON_STRING && v->kind != GC_JSON_NUMBER))
    return false;
  const char *text = v->text;
  size_t len = v->len;
  for (size_t i = 0; i < GC_COUNT(types); i++) {
    size_t skip = strlen(types[i]);
    if (len > skip && memcmp(text, types[i], skip) == 0) {
      text += skip;
      len -= skip;
      break;
    }
  }
  return gc_decimal_real(text, len, ret);
}

static struct waiting *more_waiting(struct event_reader *r) {
  if (r->now.waiting_count < r->waiting_cap)
    return &r->waiting[r->now.waiting_count++];
  size_t cap = r->waiting_cap == 0 ? 16 : r->waiting_cap * 2;
  struct waiting *bigger = realloc(r->waiting, cap * sizeof(*bigger));
  if (bigger == NULL)
    return NULL;
  r->waiting = bigger;
  r->waiting_cap = cap;
  return &r->waiting[r->now.waiting_count++];
}

/* Returns the frame of the event that has the innermost container's attributes:
 * the object around it, or the conversation of that participant. */
static unsigned find_owner(struct event_reader *r) {
  unsigned at = r->now.frame_count - 1;
  if (at >= 3 && r->frames[at - 2].key == KEY_PARTICIPANTS &&
      r->frames[at - 2].is_array)
    return at - 3;
  return at > 0 ? at - 1 : 0;
}

/* Returns the bytes of the prefix that the platform puts before the name of an
 * attribute of the participant's data; it is no part of the name. */
static size_t prefix_of(const char *name, size_t len) {
  static const char prefix[] = "conversationDetails.participantData.";
  size_t skip = sizeof(prefix) - 1;
  return len > skip && memcmp(name, prefix, skip) == 0 ? skip : 0;
}

/* Keeps an attribute that is meant as a metric. `v` NULL: a container. */
static enum gc_code keep_attribute(struct event_reader *r,
                                   const struct gc_json_at *at,
                                   const struct gc_json_value *v) {
  if (!attribute_is_meant(r->form, at->key, at->key_len))
    return GC_OK;
  size_t name = r->names.len, skip = prefix_of(at->key, at->key_len);
  size_t name_len = at->key_len - skip;
  enum gc_code code = gc_buf_add(&r->names, at->key + skip, name_len);
  struct waiting *w = code == GC_OK ? more_waiting(r) : NULL;
  if (w == NULL)
    return gc_fail(at->err, code != GC_OK ? code : GC_ERR_MEMORY,
                   "too many metrics in one event");
  *w = (struct waiting){
      .name = name, .name_len = name_len, .owner = find_owner(r)};
  w->has_value = read_value(v, &w->value);
  return GC_OK;
}

/* Sets the frame's conversation in the attributes that were found inside it. */
static void resolve_waiting(struct event_reader *r, const struct frame *f) {
  unsigned number = (unsigned)(f - r->frames);
  bool owns = false;
  for (size_t i = f->first_waiting; i < r->now.waiting_count; i++) {
    struct waiting *w = &r->waiting[i];
    bool is_own = w->owner == number;
    owns = owns || is_own;
    if (w->conversation != 0)
      continue;
    w->conversation = f->conversation != 0 ? f->conversation : f->topic;
    if (w->conversation == 0 && is_own &&
        (f->key == KEY_BODY || f->has_participants))
      w->conversation = f->id;
  }
  r->now.events += owns;
}

/* ---- texts ---- */

static const char *skip_space(const char *p, const char *end) {
  while (p < end && gc_is_space(*p))
    p++;
  return p;
}

static bool may_be_document(const char *text, size_t len) {
  const char *p = skip_space(text, text + len);
  return p < text + len && (*p == '{' || *p == '[');
}

/* Decodes base64 of a document into `out`, which is empty. Returns false for
 * any other text. */
static bool decode_base64(const char *text, size_t len, struct gc_buf *out) {
  size_t padding = 0;
  if (len < 4 || len % 4 != 0 || (text[0] != 'e' && text[0] != 'W'))
    return false;
  unsigned char *bytes = len < INT_MAX ? malloc(len + 1) : NULL;
  int got = bytes != NULL
                ? EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)len)
                : -1;
  while (padding < 2 && text[len - 1 - padding] == '=')
    padding++;
  bool good =
      got >= (int)padding && (*bytes == '{' || *bytes == '[') &&
      gc_buf_add(out, (const char *)bytes, (size_t)got - padding) == GC_OK;
  free(bytes);
  return good;
}

/* Returns the conversation's id in a topic such as
 * "v2.detail.events.conversation.{id}.attributes"; NULL when it has none. */
static const char *id_of_topic(const char *topic, size_t len) {
  static const char *const before[] = {"conversation.", "conversations."};
  for (size_t i = 0; i < GC_COUNT(before); i++) {
    size_t skip = strlen(before[i]);
    const char *p = memmem(topic, len, before[i], skip);
    if (p != NULL && topic + len - p >= (ptrdiff_t)(skip + GC_UUID_LEN) &&
        gc_is_uuid(p + skip, GC_UUID_LEN))
      return p + skip;
  }
  return NULL;
}

/* Copies an id, unless it is empty, too long or has a NUL. A UUID is copied in
 * lower case: it is the same conversation in any case. */
static enum gc_code keep_id(struct event_reader *r, size_t *ret,
                            const char *text, size_t len, struct gc_err *err) {
  if (len == 0 || len > EVENT_CONVERSATION_MAX_BYTES ||
      memchr(text, '\0', len) != NULL)
    return GC_OK;
  if (r->texts.len == 0 && gc_buf_add(&r->texts, "", 1) != GC_OK)
    return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  *ret = r->texts.len;
  if (gc_buf_add(&r->texts, text, len) != GC_OK ||
      gc_buf_add(&r->texts, "", 1) != GC_OK)
    return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  if (gc_is_uuid(text, len))
    gc_lower_text(r->texts.data + *ret);
  return GC_OK;
}

static enum gc_code keep_member(struct event_reader *r, struct frame *f,
                                enum key key, const struct gc_json_value *v,
                                struct gc_err *err) {
  const char *id;
  r->now.is_known |= known_keys >> key & 1;
  if (key == KEY_CONVERSATION)
    return keep_id(r, &f->conversation, v->text, v->len, err);
  if (key == KEY_ID)
    return keep_id(r, &f->id, v->text, v->len, err);
  if (key == KEY_TOPIC && (id = id_of_topic(v->text, v->len)) != NULL)
    return keep_id(r, &f->topic, id, GC_UUID_LEN, err);
  return GC_OK;
}

/* ---- documents within strings ---- */

static enum gc_code read_documents(struct event_reader *r, const char *bytes,
                                   size_t len, struct gc_err *err);

/* Reads the text as a document of its own. *ret_read is false, and nothing has
 * changed, when the text is no document. */
static enum gc_code read_nested(struct event_reader *r,
                                const struct gc_json_at *at, const char *text,
                                size_t len, bool *ret_read) {
  const struct marks before = r->now;
  const char *root_key = r->root_key;
  size_t root_key_len = r->root_key_len;
  *ret_read = false;
  if (r->nested + 1 == NESTED_MAX)
    return GC_OK;
  r->nested++;
  r->root_key = at->key;
  r->root_key_len = at->key_len;
  enum gc_code code = read_documents(r, text, len, NULL);
  r->nested--;
  r->root_key = root_key;
  r->root_key_len = root_key_len;
  *ret_read = code == GC_OK;
  if (code == GC_OK)
    return GC_OK;
  r->now = before;
  return code == GC_ERR_MEMORY ? gc_fail(at->err, code, "out of memory")
                               : GC_OK;
}

/* Reads base64 as a document. Base64 hides a marker from memmem, so the decoded
 * text goes through the prefilter. */
static enum gc_code read_base64(struct event_reader *r,
                                const struct gc_json_at *at,
                                const struct gc_json_value *v, bool *ret_read) {
  GC_AUTO(gc_buf_clear) struct gc_buf plain = {.max = EVENT_MAX_BYTES};
  *ret_read = false;
  if (!decode_base64(v->text, v->len, &plain) ||
      prefilter_rejects(r->form, gc_buf_string(&plain), plain.len))
    return GC_OK;
  return read_nested(r, at, gc_buf_string(&plain), plain.len, ret_read);
}

static enum gc_code read_string(struct event_reader *r,
                                const struct gc_json_at *at,
                                const struct gc_json_value *v, enum key key) {
  bool is_read = false;
  if (may_be_document(v->text, v->len) &&
      !prefilter_rejects(r->form, v->text, v->len))
    GC_TRY(read_nested(r, at, v->text, v->len, &is_read));
  if (!is_read && key == KEY_DATA)
    GC_TRY(read_base64(r, at, v, &is_read));
  if (!is_read && attribute_is_meant(r->form, v->text, v->len))
    note_stray(r, top_of(r)->is_array ? NULL : at->key, at->key_len, false);
  return GC_OK;
}

/* ---- callbacks ---- */

/* Returns true for the root of the outermost document, and for its elements. */
static bool is_element(const struct event_reader *r, unsigned frame) {
  return frame == 0 ? !r->frames[0].is_array
                    : frame == 1 && r->frames[0].is_array;
}

static enum gc_code on_open(void *ctx, const struct gc_json_at *at) {
  struct event_reader *r = ctx;
  const struct frame *above = top_of(r);
  bool is_root = at->depth == 0;
  bool is_member = above != NULL && !above->is_array;
  const char *key = is_root ? r->root_key : at->key;
  size_t len = is_root ? r->root_key_len : at->key_len;
  if (is_member && !is_root && above->key == KEY_ATTRIBUTES)
    GC_TRY(keep_attribute(r, at, NULL));
  else if (is_member && !is_root && attribute_is_meant(r->form, key, len))
    note_stray(r, NULL, 0, true);
  if (r->now.frame_count == FRAMES_MAX)
    return gc_fail(at->err, GC_ERR_LIMIT, "too many levels");
  struct frame *f = &r->frames[r->now.frame_count];
  *f = (struct frame){.is_array = at->kind == GC_JSON_ARRAY};
  if (is_member) {
    f->key = key_of(key, len);
    memcpy(f->name, key, len < SHOWN_SIZE ? len : SHOWN_SIZE - 1);
  }
  if (f->key == KEY_PARTICIPANTS)
    r->frames[r->now.frame_count - 1].has_participants = true;
  if (is_element(r, r->now.frame_count++))
    begin_element(r);
  r->now.is_known |= known_keys >> f->key & 1;
  f->first_waiting = r->now.waiting_count;
  return GC_OK;
}

static enum gc_code on_close(void *ctx, const struct gc_json_at *at) {
  struct event_reader *r = ctx;
  const struct frame *f = top_of(r);
  (void)at;
  resolve_waiting(r, f);
  return is_element(r, --r->now.frame_count) ? end_element(r) : GC_OK;
}

static enum gc_code on_value(void *ctx, const struct gc_json_at *at,
                             const struct gc_json_value *v) {
  struct event_reader *r = ctx;
  struct frame *f = top_of(r);
  enum key key = KEY_OTHER;
  if (f == NULL || (r->now.frame_count == 1 && f->is_array))
    return gc_fail(at->err, GC_ERR_PARSE, "not an object");
  if (!f->is_array && f->key == KEY_ATTRIBUTES)
    return keep_attribute(r, at, v);
  if (!f->is_array) {
    key = key_of(at->key, at->key_len);
    if (attribute_is_meant(r->form, at->key, at->key_len))
      note_stray(r, NULL, 0, true);
  }
  if (v->kind != GC_JSON_STRING)
    return GC_OK;
  GC_TRY(keep_member(r, f, key, v, at->err));
  return read_string(r, at, v, key);
}

static const struct gc_json_reader reader = {.skip_unknown = false,
                                             .bytes_max = EVENT_MAX_BYTES,
                                             .string_max = EVENT_MAX_BYTES,
                                             .open = on_open,
                                             .close = on_close,
                                             .value = on_value};

/* ---- documents ---- */

struct event_reader *event_reader_new(const struct attribute_form *form) {
  struct event_reader *r = gc_zalloc(1, sizeof(*r));
  r->form = form;
  r->names.max = r->texts.max = EVENT_NAMES_MAX_BYTES;
  return r;
}

void event_reader_free(struct event_reader *r) {
  if (r == NULL)
    return;
  for (size_t i = 0; i < NESTED_MAX; i++)
    gc_json_stream_free(r->streams[i]);
  gc_buf_clear(&r->names);
  gc_buf_clear(&r->texts);
  free(r->waiting);
  free(r);
}

/* Reads one document, or several that follow each other. One whose end is
 * missing reaches to the end of the bytes. */
static enum gc_code read_documents(struct event_reader *r, const char *bytes,
                                   size_t len, struct gc_err *err) {
  struct gc_json_stream **stream = &r->streams[r->nested];
  const char *end = bytes + len, *p = bytes;
  if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) /* byte order mark */
    p += 3;
  if (*stream == NULL)
    *stream = gc_json_stream_new(&reader, r);
  p = skip_space(p, end);
  do {
    if (!may_be_document(p, (size_t)(end - p)))
      return gc_fail(err, GC_ERR_PARSE, "not an object");
    const char *after = gc_json_container_end(p, end);
    after = after != NULL ? after : end;
    GC_TRY(gc_json_stream_next(*stream, p, (size_t)(after - p), err));
    p = skip_space(after, end);
  } while (p < end);
  return GC_OK;
}

enum gc_code event_read_unfiltered(struct event_reader *r, const char *bytes,
                                   size_t len, struct event_counts *counts,
                                   const struct event_sink *sink,
                                   struct gc_err *err) {
  r->counts = (struct event_counts){.events = 0};
  r->sink = sink;
  r->now.frame_count = r->nested = 0;
  r->root_key = "";
  r->root_key_len = 0;
  r->shape[0] = '\0';
  enum gc_code code = len <= EVENT_MAX_BYTES
                          ? read_documents(r, bytes, len, err)
                          : gc_fail(err, GC_ERR_LIMIT, "too large");
  if (code != GC_OK) {
    r->counts = (struct event_counts){.events = 1};
    r->counts.malformed[MALFORMED_JSON] = 1;
  } else if (r->counts.events == 0)
    r->counts.events = r->counts.skipped = 1; /* an empty array */
  event_counts_add(counts, &r->counts);
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

const char *event_reader_shape(const struct event_reader *r) {
  return r->shape;
}

const char *event_reader_time_form(const struct event_reader *r) {
  return r->time_form;
}
