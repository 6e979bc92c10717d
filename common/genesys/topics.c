/* SPDX-License-Identifier: MIT */
#include "common/genesys/topics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/ascii.h"
#include "common/base/json/document.h"

enum {
  ANSWER_MAX_BYTES = 16 << 20,
  STRING_MAX_BYTES = 65536,
  LONE_REFUSALS_MAX = 4,
};

void gc_topic_of_queue(char ret_topic[GC_TOPIC_SIZE], const char *queue) {
  snprintf(ret_topic, GC_TOPIC_SIZE, "v2.routing.queues.%s.conversations",
           queue);
}

/* Refuses names with other characters, such as `?` and `&` of combined
 * topics. */
static enum gc_code check_name(const char *name, struct gc_err *err) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  size_t len = strlen(name);
  if (len == 0 || len > GC_TOPIC_MAX || name[strspn(name, letters)] != '\0')
    return gc_fail(err, GC_ERR_REQUEST,
                   "not a topic of letters, digits, dots and dashes, up to %d "
                   "bytes",
                   GC_TOPIC_MAX);
  return GC_OK;
}

struct gc_topic *gc_topics_find(const struct gc_topics *t, const char *key) {
  return gc_strmap_get(&t->by_key, key);
}

static struct gc_topic *find_name(const struct gc_topics *t, const char *name) {
  char key[GC_TOPIC_SIZE];
  if (strlen(name) > GC_TOPIC_MAX)
    return NULL;
  snprintf(key, sizeof(key), "%s", name);
  gc_lower_text(key);
  return gc_topics_find(t, key);
}

static struct gc_topic *add_topic(struct gc_topics *t, const char *name) {
  struct gc_topic *topic = gc_zalloc(1, sizeof(*topic));
  snprintf(topic->name, sizeof(topic->name), "%s", name);
  snprintf(topic->key, sizeof(topic->key), "%s", name);
  gc_lower_text(topic->key);
  gc_strmap_put(&t->by_key, topic->key, topic);
  if (t->count == t->cap) {
    t->cap = t->cap == 0 ? 64 : t->cap * 2;
    t->list = gc_resize(t->list, t->cap, sizeof(struct gc_topic *));
  }
  return t->list[t->count++] = topic;
}

static void free_topic(struct gc_topic *topic) {
  while (topic->subscribers != NULL) {
    struct gc_topic_subscriber *sub = topic->subscribers;
    topic->subscribers = sub->next;
    free(sub);
  }
  free(topic);
}

/* Removes topics without a subscriber, except topics of the running batch. */
static void drop_left_overs(struct gc_topics *t) {
  size_t kept = 0;
  for (size_t i = 0; i < t->count; i++) {
    struct gc_topic *topic = t->list[i];
    if (topic->subscribers != NULL || topic->state == GC_TOPIC_REQUESTED) {
      t->list[kept++] = topic;
      continue;
    }
    (void)gc_strmap_drop(&t->by_key, topic->key);
    free_topic(topic);
  }
  t->count = kept;
}

static struct gc_topic_subscriber **find_subscriber(struct gc_topic *topic,
                                                    const void *owner) {
  struct gc_topic_subscriber **at = &topic->subscribers;
  while (*at != NULL && (*at)->owner != owner)
    at = &(*at)->next;
  return at;
}

enum gc_code gc_topics_subscribe(struct gc_topics *t, const char *name,
                                 void *owner, void *tag, struct gc_err *err) {
  GC_TRY(check_name(name, err));
  struct gc_topic *topic = find_name(t, name);
  size_t max = t->max > 0 ? t->max : GC_TOPICS_MAX;
  if ((topic == NULL || topic->subscribers == NULL) && t->wanted >= max)
    return gc_fail(err, GC_ERR_LIMIT,
                   "more than %zu topics for one notification channel", max);
  /* Topics without a subscriber fill the channel. */
  if (topic == NULL && t->count >= max)
    gc_topics_restart(t);
  if (topic == NULL)
    topic = add_topic(t, name);

  struct gc_topic_subscriber **at = find_subscriber(topic, owner);
  if (*at == NULL) {
    struct gc_topic_subscriber *sub = gc_zalloc(1, sizeof(*sub));
    t->wanted += topic->subscribers == NULL;
    sub->owner = owner;
    *at = sub;
  }
  (*at)->tag = tag;
  return GC_OK;
}

static void remove_subscriber(struct gc_topics *t, struct gc_topic *topic,
                              const void *owner) {
  struct gc_topic_subscriber **at = find_subscriber(topic, owner);
  struct gc_topic_subscriber *sub = *at;
  if (sub == NULL)
    return;
  *at = sub->next;
  free(sub);
  t->wanted -= topic->subscribers == NULL;
}

void gc_topics_unsubscribe(struct gc_topics *t, const char *name,
                           const void *owner) {
  struct gc_topic *topic = name != NULL ? find_name(t, name) : NULL;
  if (topic != NULL)
    remove_subscriber(t, topic, owner);
  for (size_t i = 0; name == NULL && i < t->count; i++)
    remove_subscriber(t, t->list[i], owner);
}

static void mark_all_missing(struct gc_topics *t) {
  for (size_t i = 0; i < t->count; i++)
    t->list[i]->state = GC_TOPIC_MISSING;
  t->requested = 0;
  t->lone_refusals = 0;
  /* The answer to the running batch says nothing about the new requests. */
  t->replaces = false;
}

void gc_topics_restart(struct gc_topics *t) {
  mark_all_missing(t);
  drop_left_overs(t);
  t->must_replace = true;
  t->is_starting = true;
}

void gc_topics_forget(struct gc_topics *t) {
  for (size_t i = 0; i < t->count; i++)
    t->list[i]->is_on_channel = false;
  gc_topics_restart(t);
}

void gc_topics_renew(struct gc_topics *t) {
  bool has_leftovers = t->wanted < t->count;
  mark_all_missing(t);
  if (has_leftovers) {
    drop_left_overs(t);
    t->must_replace = true;
  }
}

size_t gc_topics_count_in(const struct gc_topics *t,
                          enum gc_topic_state state) {
  size_t count = 0;
  for (size_t i = 0; i < t->count; i++)
    count += t->list[i]->state == state && t->list[i]->subscribers != NULL;
  return count;
}

bool gc_topics_settled(const struct gc_topics *t) {
  return t->requested == 0 && gc_topics_count_in(t, GC_TOPIC_MISSING) == 0 &&
         gc_topics_count_in(t, GC_TOPIC_FAILED) == 0;
}

bool gc_topics_started(const struct gc_topics *t) { return !t->is_starting; }

/* ---- batches ---- */

static bool is_in(const struct gc_topic *topic, enum gc_topic_state state) {
  return topic->state == state && topic->subscribers != NULL;
}

/* True if `a` is requested before `b`. Topics that never failed come first.
 * After a refusal (400) the smallest batch is halved next, until its cause is
 * alone. After other failures each topic is requested: first those of the
 * largest batch, then those that failed least often. */
static bool goes_before(const struct gc_topic *a, const struct gc_topic *b,
                        enum gc_topic_state state) {
  if (a->failed_size == b->failed_size)
    return a->failures < b->failures;
  if (a->failed_size == 0 || b->failed_size == 0)
    return a->failed_size == 0;
  return (a->failed_size < b->failed_size) == (state == GC_TOPIC_MISSING);
}

/* Returns the first topic in `state`; NULL: there is none. */
static const struct gc_topic *find_first(const struct gc_topics *t,
                                         enum gc_topic_state state) {
  const struct gc_topic *first = NULL;
  for (size_t i = 0; i < t->count; i++)
    if (is_in(t->list[i], state) &&
        (first == NULL || goes_before(t->list[i], first, state)))
      first = t->list[i];
  return first;
}

/* Returns the size of the next batch. With each success it doubles, since after
 * an outage all topics may have failed alone. */
static size_t batch_max(const struct gc_topics *t, unsigned level) {
  size_t max = level > 0 ? level / 2 : GC_TOPICS_BATCH;
  if (level == t->grown_level && t->grown_max > max)
    max = t->grown_max;
  return max > 0 ? max : 1;
}

/* Takes the next topics into the batch, in the order of the list. */
static void take_batch(struct gc_topics *t) {
  enum gc_topic_state from = gc_topics_count_in(t, GC_TOPIC_MISSING) > 0
                                 ? GC_TOPIC_MISSING
                                 : GC_TOPIC_FAILED;
  const struct gc_topic *first = find_first(t, from);
  t->requested = 0;
  if (first == NULL)
    return;
  unsigned failures = first->failures;
  t->level = first->failed_size;
  size_t max = batch_max(t, t->level);
  for (size_t i = 0; i < t->count && t->requested < max; i++) {
    struct gc_topic *topic = t->list[i];
    if (!is_in(topic, from) || topic->failed_size != t->level ||
        topic->failures != failures)
      continue;
    topic->state = GC_TOPIC_REQUESTED;
    t->requested++;
  }
}

enum gc_code gc_topics_next(struct gc_topics *t, struct gc_buf *body,
                            bool *ret_replaces, struct gc_err *err) {
  GC_AUTO(gc_document_clear) struct gc_document d = {.root = NULL};
  struct json_object *list = gc_document_add_array(&d, NULL, NULL);
  gc_buf_reset(body);
  take_batch(t);
  for (size_t i = 0; i < t->count; i++)
    if (t->list[i]->state == GC_TOPIC_REQUESTED)
      gc_document_add_text(&d, gc_document_add_object(&d, list, NULL), "id",
                           t->list[i]->name);
  enum gc_code code = gc_document_write(&d, body, err);
  if (code != GC_OK)
    (void)gc_topics_end_batch(t, code, "");
  if (code != GC_OK || t->requested == 0)
    gc_buf_reset(body);
  t->replaces = t->must_replace;
  *ret_replaces = t->replaces;
  return code;
}

/* ---- the answer ---- */

enum { K_ENTITIES = 1, K_ID, K_STATE, K_REASON, K_PERMISSIONS };

static const struct gc_json_key keys[] = {
    {"entities", K_ENTITIES},
    {"id", K_ID},
    {"state", K_STATE},
    {"rejectionReason", K_REASON},
    {"missingPermissions", K_PERMISSIONS},
};

/* Adds the platform's text as one line, since it is written to the log. */
static void add_reason(struct gc_topics *t, const char *before,
                       const struct gc_json_value *v) {
  size_t used = strlen(t->reason);
  if (v->kind != GC_JSON_STRING || v->len == 0)
    return;
  snprintf(t->reason + used, sizeof(t->reason) - used, "%s%.*s",
           used > 0 ? before : "", (int)v->len, v->text);
  gc_replace_unprintable(t->reason + used, '_');
}

static enum gc_code on_value(void *ctx, const struct gc_json_at *at,
                             const struct gc_json_value *v) {
  struct gc_topics *t = ctx;
  switch (at->path) {
  case GC_JSON_PATH3(K_ENTITIES, GC_JSON_ITEM, K_ID):
    if (v->kind == GC_JSON_STRING && v->len <= GC_TOPIC_MAX)
      snprintf(t->id, sizeof(t->id), "%.*s", (int)v->len, v->text);
    break;
  case GC_JSON_PATH3(K_ENTITIES, GC_JSON_ITEM, K_STATE):
    t->is_rejected = gc_json_is(v, "Rejected");
    break;
  case GC_JSON_PATH3(K_ENTITIES, GC_JSON_ITEM, K_REASON):
    add_reason(t, "; ", v);
    break;
  case GC_JSON_PATH4(K_ENTITIES, GC_JSON_ITEM, K_PERMISSIONS, GC_JSON_ITEM):
    add_reason(t, ", ", v);
    break;
  default:
    break;
  }
  return GC_OK;
}

static enum gc_code on_open(void *ctx, const struct gc_json_at *at) {
  struct gc_topics *t = ctx;
  if (at->path == GC_JSON_PATH2(K_ENTITIES, GC_JSON_ITEM)) {
    t->id[0] = t->reason[0] = '\0';
    t->is_rejected = false;
  }
  return GC_OK;
}

static void reject_topic(struct gc_topics *t, struct gc_topic *topic,
                         const char *reason) {
  topic->state = GC_TOPIC_REJECTED;
  topic->is_on_channel = false;
  if (t->rejected != NULL && topic->subscribers != NULL)
    t->rejected(t->ctx, topic, reason);
}

static enum gc_code on_close(void *ctx, const struct gc_json_at *at) {
  struct gc_topics *t = ctx;
  if (at->path != GC_JSON_PATH2(K_ENTITIES, GC_JSON_ITEM) || !t->is_rejected)
    return GC_OK;
  struct gc_topic *topic = find_name(t, t->id);
  if (topic != NULL && topic->state != GC_TOPIC_REJECTED)
    reject_topic(t, topic,
                 t->reason[0] != '\0' ? t->reason : "no reason is given");
  return GC_OK;
}

static const struct gc_json_reader reader = {
    .keys = keys,
    .key_count = GC_COUNT(keys),
    .skip_unknown = true,
    .bytes_max = ANSWER_MAX_BYTES,
    .string_max = STRING_MAX_BYTES,
    .open = on_open,
    .close = on_close,
    .value = on_value,
};

void gc_topics_answer_begin(struct gc_topics *t) {
  if (t->answer == NULL)
    t->answer = gc_json_stream_new(&reader, t);
  gc_json_stream_reset(t->answer);
}

enum gc_code gc_topics_answer_feed(struct gc_topics *t, const char *bytes,
                                   size_t len, struct gc_err *err) {
  return gc_json_stream_feed(t->answer, bytes, len, err);
}

enum gc_code gc_topics_answer_end(struct gc_topics *t, struct gc_err *err) {
  return gc_json_stream_end(t->answer, err);
}

/* True if the code may be due to a single topic of the batch. */
static bool concerns_a_topic(enum gc_code code) {
  switch (code) {
  case GC_ERR_REQUEST:
  case GC_ERR_PERMISSION:
  case GC_ERR_NOT_FOUND:
  case GC_ERR_REMOTE:
  case GC_ERR_PARSE:
  case GC_ERR_LIMIT:
    return true;
  default:
    return false;
  }
}

static void finish_topic(struct gc_topics *t, struct gc_topic *topic,
                         enum gc_topic_state state, const char *why) {
  if (state == GC_TOPIC_REJECTED) {
    reject_topic(t, topic, why);
    return;
  }
  topic->state = state;
  if (state == GC_TOPIC_PERMITTED) {
    topic->is_on_channel = true;
    topic->failures = topic->failed_size = 0;
  }
}

/* Sets the state of the topics of the batch. The answer has set the topics that
 * it rejects. */
static void finish_batch(struct gc_topics *t, enum gc_topic_state state,
                         const char *why) {
  for (size_t i = 0; i < t->count; i++)
    if (t->list[i]->state == GC_TOPIC_REQUESTED)
      finish_topic(t, t->list[i], state, why);
  t->requested = 0;
  if (gc_topics_settled(t) ||
      (!t->must_replace && gc_topics_count_in(t, GC_TOPIC_MISSING) == 0))
    t->is_starting = false;
}

static void note_failure(struct gc_topics *t) {
  t->grown_max = 0;
  for (size_t i = 0; i < t->count; i++) {
    struct gc_topic *topic = t->list[i];
    if (topic->state != GC_TOPIC_REQUESTED)
      continue;
    topic->failures++;
    topic->failed_size = (unsigned)t->requested;
  }
}

static void permit_batch(struct gc_topics *t) {
  size_t max = t->requested * 2;
  t->grown_level = t->level;
  t->grown_max = max < GC_TOPICS_BATCH ? max : GC_TOPICS_BATCH;
  t->lone_refusals = 0;
  if (t->replaces)
    t->must_replace = false;
  finish_batch(t, GC_TOPIC_PERMITTED, NULL);
}

bool gc_topics_end_batch(struct gc_topics *t, enum gc_code code,
                         const char *why) {
  bool is_refused = code == GC_ERR_REQUEST && t->requested > 0;
  if (code == GC_OK) {
    permit_batch(t);
    return true;
  }
  if (concerns_a_topic(code))
    note_failure(t);
  if (is_refused && t->requested == 1) {
    t->lone_refusals++;
    finish_batch(t, GC_TOPIC_REJECTED, why);
  } else {
    finish_batch(t, is_refused ? GC_TOPIC_MISSING : GC_TOPIC_FAILED, NULL);
  }
  return is_refused;
}

void gc_topics_cancel_batch(struct gc_topics *t) {
  if (t->requested > 0)
    finish_batch(t, GC_TOPIC_MISSING, NULL);
}

bool gc_topics_are_refused(const struct gc_topics *t) {
  return t->lone_refusals >= LONE_REFUSALS_MAX;
}

void gc_topics_clear(struct gc_topics *t) {
  for (size_t i = 0; i < t->count; i++)
    free_topic(t->list[i]);
  free(t->list);
  gc_strmap_clear(&t->by_key);
  gc_json_stream_free(t->answer);
  *t =
      (struct gc_topics){.max = t->max, .rejected = t->rejected, .ctx = t->ctx};
}
