/* SPDX-License-Identifier: MIT */
/* The life of a store in Redis. */
#include "plugins/genesys_flowmetrics/ledger/redis/internal.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "common/base/decimal.h"
#include "common/net/clock.h"
#include "common/net/redis/durability.h"
#include "plugins/genesys_flowmetrics/events/attribute_name.h"
#include "plugins/genesys_flowmetrics/ledger/redis/scripts.h"

enum { PING_AFTER_MS = 2000 };

static void reply_auto(redisReply **r) {
  if (*r != NULL)
    freeReplyObject(*r);
}

void redis_script_words(struct ledger *l, const char *verb, const char *script,
                        size_t more) {
  struct redis_words *w = &l->shared->words;
  redis_print(w, "%s", verb);
  redis_word(w, script, strlen(script));
  redis_print(w, "%zu", l->identity_count + more);
  for (size_t i = 0; i < l->identity_count; i++)
    redis_print(w, REDIS_KEYS "count:%.255s/%.255s", l->identities[i].host,
                l->identities[i].block);
}

void redis_field(struct redis_words *w, char kind, const struct series *s) {
  redis_print(w, "%c:%zu:%s:%s", kind, strlen(s->kept.flow), s->kept.flow,
              s->kept.metric);
}

void redis_close(struct ledger *l) {
  struct shared *s = l->shared;
  l->is_open = false;
  l->shared = NULL;
  if (s == NULL)
    return;
  redis_link_close(s->link);
  redis_words_clear(&s->words);
  free(s->counters);
  free(s->chunks);
  free(s);
}

enum gc_code redis_load_script(struct ledger *l, struct gc_err *err) {
  struct shared *s = l->shared;
  GC_AUTO(reply_auto) redisReply *reply = NULL;
  redis_print(&s->words, "SCRIPT");
  redis_print(&s->words, "LOAD");
  redis_word(&s->words, REDIS_SCRIPT_COUNT, strlen(REDIS_SCRIPT_COUNT));
  GC_TRY(redis_ask(s->link, &s->words, &reply, err));
  if (reply->type != REDIS_REPLY_STRING || reply->len >= REDIS_SHA_SIZE)
    return gc_fail(err, GC_ERR_PARSE, "SCRIPT LOAD: no hash in the answer");
  snprintf(s->count_sha, sizeof(s->count_sha), "%s", reply->str);
  return GC_OK;
}

/* ---- how durable it is ---- */

/* The value of CONFIG GET's answer; NULL when it does not tell. */
static const char *setting_of(const redisReply *reply) {
  bool tells = reply != NULL && reply->type == REDIS_REPLY_ARRAY &&
               reply->elements == 2 &&
               reply->element[1]->type == REDIS_REPLY_STRING;
  return tells ? reply->element[1]->str : NULL;
}

static enum gc_code look_at_settings(struct ledger *l, struct gc_err *err) {
  static const char *const names[] = {"appendonly", "appendfsync",
                                      "maxmemory-policy"};
  struct shared *s = l->shared;
  redisReply *replies[GC_COUNT(names)] = {NULL};
  struct gc_err advice = {.code = GC_OK};
  for (size_t i = 0; i < GC_COUNT(names); i++) {
    redis_print(&s->words, "CONFIG");
    redis_print(&s->words, "GET");
    redis_print(&s->words, "%s", names[i]);
    GC_TRY(redis_put(s->link, &s->words, err));
  }
  enum gc_code code = GC_OK;
  for (size_t i = 0; i < GC_COUNT(names) && code == GC_OK; i++)
    code = redis_get(s->link, &replies[i], err);
  const struct redis_durability d = {
      setting_of(replies[0]), setting_of(replies[1]), setting_of(replies[2])};
  if (code == GC_OK) {
    (void)redis_advice(&d, &advice);
    ledger_say(l, "durability of the state", &advice);
  }
  for (size_t i = 0; i < GC_COUNT(names); i++)
    reply_auto(&replies[i]);
  return code;
}

/* ---- what it has ---- */

struct field {
  char kind;
  char flow[ATTRIBUTE_MAX_BYTES + 1], metric[ATTRIBUTE_MAX_BYTES + 1];
};

/* "c:4:Flow:metric"; false for any other. */
static bool field_parse(const redisReply *text, struct field *ret) {
  if (text->type != REDIS_REPLY_STRING || strlen(text->str) != text->len ||
      text->len < 2 || text->str[1] != ':')
    return false;
  const char *number = text->str + 2, *end = strchr(number, ':');
  int64_t len;
  if (end == NULL || !gc_decimal_int(number, (size_t)(end - number), &len))
    return false;
  size_t rest = strlen(end + 1);
  if (len < 0 || len > ATTRIBUTE_MAX_BYTES || (size_t)len >= rest ||
      end[1 + len] != ':' || rest - (size_t)len - 1 > ATTRIBUTE_MAX_BYTES)
    return false;
  ret->kind = text->str[0];
  snprintf(ret->flow, sizeof(ret->flow), "%.*s", (int)len, end + 1);
  snprintf(ret->metric, sizeof(ret->metric), "%s", end + 1 + len + 1);
  return true;
}

/* A series with the labels that it had. The lock is held. */
static enum gc_code load_labels(struct ledger *l, const char *scope,
                                const struct field *f, const char *labels) {
  char flow[ATTRIBUTE_MAX_BYTES + 1];
  struct series *s;
  const char *slash = strchr(labels, '/');
  if (f->kind != 'l' || slash == NULL || slash - labels >= (int)sizeof(flow) ||
      series_find(&l->set, scope, f->flow, f->metric, 0, &s) == GC_OK)
    return GC_OK;
  snprintf(flow, sizeof(flow), "%.*s", (int)(slash - labels), labels);
  const struct seen_counter c = {.scope = scope,
                                 .flow = f->flow,
                                 .metric = f->metric,
                                 .flow_label = flow,
                                 .metric_label = slash + 1};
  return series_load(&l->set, &c);
}

/* The newest of all identities; what we know of it may be newer still. */
static enum gc_code load_minute(struct series *s, const redisReply *value) {
  int64_t minute;
  if (!gc_decimal_int(value->str, value->len, &minute) || minute < 0 ||
      minute > UINT32_MAX)
    return GC_ERR_PARSE;
  if (s->kept.last_minute < (uint32_t)minute)
    s->kept.last_minute = (uint32_t)minute;
  return GC_OK;
}

/* The lock is held. */
static enum gc_code load_number(struct ledger *l, unsigned identity,
                                const struct field *f,
                                const redisReply *value) {
  struct series *s;
  if (strchr("cstz", f->kind) == NULL)
    return GC_OK;
  GC_TRY(series_find(&l->set, l->identities[identity].scope, f->flow, f->metric,
                     SIZE_MAX, &s));
  GC_TRY(series_divide(s, l->identity_count));
  struct series_part *part = &s->parts[identity];
  if (f->kind == 'z')
    s->kept.shown = true;
  else if (f->kind == 'c' &&
           !gc_decimal_int(value->str, value->len, &part->stored_count))
    return GC_ERR_PARSE;
  else if (f->kind == 't')
    return load_minute(s, value);
  else if (f->kind == 's') {
    if (!gc_decimal_real(value->str, value->len, &part->stored_sum))
      return GC_ERR_PARSE;
    part->stored_has_sum = true;
  }
  return GC_OK;
}

/* Labels first: a name that has one keeps it. */
static enum gc_code load_identity(struct ledger *l, unsigned identity,
                                  const redisReply *all, struct gc_err *err) {
  enum gc_code code = GC_OK;
  struct field f;
  if (all->type != REDIS_REPLY_ARRAY)
    return gc_fail(err, GC_ERR_PARSE, "no counters in the answer");
  pthread_mutex_lock(&l->lock);
  for (unsigned pass = 0; pass < 2; pass++)
    for (size_t i = 0; i + 1 < all->elements && code == GC_OK; i += 2) {
      const redisReply *value = all->element[i + 1];
      if (value->type != REDIS_REPLY_STRING ||
          !field_parse(all->element[i], &f))
        continue;
      code = pass == 0
                 ? load_labels(l, l->identities[identity].scope, &f, value->str)
                 : load_number(l, identity, &f, value);
    }
  pthread_mutex_unlock(&l->lock);
  if (code == GC_ERR_PARSE)
    return gc_fail(err, code,
                   "Redis: a field of " REDIS_KEYS "count:%.60s/%.60s is no "
                   "number; who writes there?",
                   l->identities[identity].host, l->identities[identity].block);
  return code == GC_OK ? GC_OK : gc_fail(err, code, "out of memory");
}

/* ---- what it has forgotten ---- */

static void put_field(struct redis_words *w, unsigned identity, char kind,
                      const struct series *s) {
  redis_print(w, "%u", identity + 1);
  redis_field(w, kind, s);
}

static void put_part(struct redis_words *w, unsigned identity,
                     const struct series *s) {
  const struct series_part *part = &s->parts[identity];
  put_field(w, identity, 'c', s);
  redis_print(w, "%lld", (long long)part->count);
  put_field(w, identity, 'l', s);
  redis_print(w, "%s/%s", s->kept.flow_label, s->kept.metric_label);
  if (part->has_sum) {
    put_field(w, identity, 's', s);
    redis_real(w, part->sum);
  }
  put_field(w, identity, 't', s);
  redis_print(w, "%u", s->kept.last_minute);
  if (s->kept.shown) {
    put_field(w, identity, 'z', s);
    redis_word(w, "1", 1);
  }
}

/* Takes what the store says, unless it has lost what we know: how many counters
 * it is then told anew. */
static size_t reconcile(struct ledger *l) {
  size_t forgotten = 0;
  for (size_t i = 0; i < l->set.count; i++) {
    struct series *s = l->set.at[i];
    for (size_t k = 0; k < s->part_count; k++) {
      struct series_part *part = &s->parts[k];
      if (part->count > part->stored_count) {
        put_part(&l->shared->words, (unsigned)k, s);
        forgotten++;
        continue;
      }
      part->count = part->stored_count;
      part->sum = part->stored_sum;
      part->has_sum = part->stored_has_sum;
    }
  }
  return forgotten;
}

static enum gc_code restore(struct ledger *l, struct gc_err *err) {
  struct shared *s = l->shared;
  GC_AUTO(reply_auto) redisReply *reply = NULL;
  struct gc_err lost = {.code = GC_OK};
  redis_script_words(l, "EVAL", REDIS_SCRIPT_SET, 0);
  redis_print(&s->words, "%s", s->token);
  size_t forgotten = reconcile(l);
  if (forgotten == 0) {
    redis_words_reset(&s->words);
    return GC_OK;
  }
  GC_TRY(redis_ask(s->link, &s->words, &reply, err));
  (void)gc_fail(&lost, GC_ERR_STATE,
                "Redis has lost what it had acknowledged: %zu counters go on "
                "from memory, but what was counted before and comes again "
                "counts twice; has it crashed without appendfsync always, or "
                "was it emptied?",
                forgotten);
  ledger_say(l, "what Redis has forgotten", &lost);
  return GC_OK;
}

static void forget_stored(struct ledger *l) {
  for (size_t i = 0; i < l->set.count; i++)
    for (size_t k = 0; k < l->set.at[i]->part_count; k++) {
      struct series_part *part = &l->set.at[i]->parts[k];
      part->stored_count = 0;
      part->stored_sum = 0;
      part->stored_has_sum = false;
    }
}

/* What readers see is what the parts say. One whose time the store does not
 * tell counts as idle from now on. */
static void show_all(struct ledger *l) {
  uint32_t minute = ledger_minute(l->settings.wall_ms());
  pthread_mutex_lock(&l->lock);
  for (size_t i = 0; i < l->set.count; i++) {
    struct series *s = l->set.at[i];
    if (s->part_count == 0)
      continue;
    s->kept = ledger_counter_after(s);
    if (s->kept.last_minute == 0)
      s->kept.last_minute = minute;
  }
  pthread_mutex_unlock(&l->lock);
}

/* From here on whatever another process, or we on another connection, had under
 * way is refused: what we read is final. */
static enum gc_code take_over(struct ledger *l, struct gc_err *err) {
  struct shared *s = l->shared;
  GC_AUTO(reply_auto) redisReply *reply = NULL;
  snprintf(s->token, sizeof(s->token), "%08x%08x%08x%08x", gc_random32(),
           gc_random32(), gc_random32(), gc_random32());
  redis_script_words(l, "EVAL", REDIS_SCRIPT_TAKE, 0);
  redis_print(&s->words, "%s", s->token);
  GC_TRY(redis_ask(s->link, &s->words, &reply, err));
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements != l->identity_count)
    return gc_fail(err, GC_ERR_PARSE, "no counters in the answer");
  forget_stored(l);
  for (size_t i = 0; i < reply->elements; i++)
    GC_TRY(load_identity(l, (unsigned)i, reply->element[i], err));
  GC_TRY(restore(l, err));
  show_all(l);
  return GC_OK;
}

static enum gc_code begin(struct ledger *l, struct gc_err *err) {
  struct shared *s = l->shared;
  GC_TRY(redis_link_open(l->settings.redis, l->stop_fd, &s->link, err));
  GC_TRY(look_at_settings(l, err));
  GC_TRY(redis_load_script(l, err));
  GC_TRY(take_over(l, err));
  GC_TRY(redis_probe(l, err));
  s->answer_ms = gc_clock_now_ms();
  return GC_OK;
}

static enum gc_code open_redis(struct ledger *l, struct gc_err *err) {
  l->shared = calloc(1, sizeof(*l->shared));
  enum gc_code code = l->shared != NULL
                          ? begin(l, err)
                          : gc_fail(err, GC_ERR_MEMORY, "out of memory");
  if (code != GC_OK)
    redis_close(l);
  return code;
}

/* What is away is noticed before somebody needs it. */
static void care(struct ledger *l) {
  struct shared *s = l->shared;
  GC_AUTO(reply_auto) redisReply *reply = NULL;
  struct gc_err err = {.code = GC_OK};
  if (gc_clock_now_ms() - s->answer_ms < PING_AFTER_MS)
    return;
  redis_print(&s->words, "PING");
  enum gc_code code = redis_ask(s->link, &s->words, &reply, &err);
  s->answer_ms = gc_clock_now_ms();
  if (code == GC_OK)
    return;
  ledger_say(l, "state", &err);
  redis_close(l);
}

const struct ledger_store *ledger_redis(void) {
  static const struct ledger_store store = {.open = open_redis,
                                            .transact = redis_transact,
                                            .care = care,
                                            .close = redis_close};
  return &store;
}
