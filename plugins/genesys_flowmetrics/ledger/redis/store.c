/* SPDX-License-Identifier: MIT */
/* The store in Redis: opening, loading the counters, and upkeep: hashes of
 * attributes are kept as long as needed, by the server's clock and ours. */
#include "plugins/genesys_flowmetrics/ledger/redis/internal.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <hiredis/hiredis.h>

#include "common/base/alloc.h"
#include "common/base/decimal.h"
#include "common/net/clock.h"
#include "plugins/genesys_flowmetrics/events/attribute_name.h"
#include "plugins/genesys_flowmetrics/ledger/redis/scripts.h"

static void close_redis(struct ledger *l) {
  struct redis_store *s = l->redis;
  l->is_open = false;
  l->redis = NULL;
  if (s == NULL)
    return;
  redis_link_close(s->link);
  redis_words_clear(&s->words);
  free(s->counters);
  free(s->chunks);
  free(s);
}

/* ---- the server ---- */

struct redis_rights redis_store_rights(void) {
  static const char *const commands[] = {
      "PING",
      "EVAL return 1 KEY",
      "EVALSHA 0000000000000000000000000000000000000000 1 KEY",
      "SCRIPT LOAD return",
      "HGET KEY f",
      "HSET KEY f 0",
      "HSETNX KEY f 0",
      "HGETALL KEY",
      "HLEN KEY",
      "TIME",
      "ZADD KEY 0 m",
      "ZRANGEBYSCORE KEY 0 0",
      "ZREM KEY m",
      "DEL KEY",
      "PERSIST KEY",
      NULL};
  return (struct redis_rights){commands, REDIS_KEYS "probe"};
}

enum { CHECK_EVERY_MS = 10 * 1000 };

/* Returns the value in an answer to CONFIG GET; NULL when there is none. */
static const char *setting_of(const redisReply *reply) {
  bool has_value = reply != NULL && reply->type == REDIS_REPLY_ARRAY &&
                   reply->elements == 2 &&
                   reply->element[1]->type == REDIS_REPLY_STRING;
  return has_value ? reply->element[1]->str : NULL;
}

/* Whether an acknowledged count survives a crash: the answers to CONFIG GET.
 * NULL: the server refuses the command (a hosted server, an ACL without it). */
struct durability {
  const char *appendonly, *appendfsync, *maxmemory_policy;
  const char *no_fsync_on_rewrite; /* no-appendfsync-on-rewrite */
};

static bool value_is(const char *value, const char *word) {
  return strcasecmp(value, word) == 0;
}

/* Returns the loss that a crash of the server or its host causes; NULL:
 * none. */
static const char *cost_of_a_crash(const struct durability *d) {
  if (!value_is(d->appendonly, "yes"))
    return "a crash loses all counts since its last snapshot";
  if (value_is(d->appendfsync, "always"))
    return NULL;
  return value_is(d->appendfsync, "everysec")
             ? "a crash loses up to the last two seconds of counts"
             : "a crash loses the counts that the kernel had not written yet, "
               "some 30 s";
}

/* Writes the warning, with the setting to change, if counts can be lost. */
static void advise(const struct durability *d, struct gc_err *ret_words) {
  if (d->appendonly == NULL || d->appendfsync == NULL ||
      d->maxmemory_policy == NULL) {
    (void)gc_fail(ret_words, GC_ERR_REMOTE,
                  "Redis refuses CONFIG GET, so its durability is unknown: "
                  "make sure of appendonly yes, appendfsync always and "
                  "maxmemory-policy noeviction, or a crash of Redis loses "
                  "counts");
    return;
  }
  const char *cost = cost_of_a_crash(d);
  bool pauses =
      d->no_fsync_on_rewrite != NULL && value_is(d->no_fsync_on_rewrite, "yes");
  bool evicts = !value_is(d->maxmemory_policy, "noeviction");
  if (cost != NULL)
    (void)gc_fail(ret_words, GC_ERR_REMOTE,
                  "Redis has appendonly %.10s, appendfsync %.10s: %s, and "
                  "events that are delivered again then count twice; set "
                  "appendonly yes and appendfsync always%s%.20s",
                  d->appendonly, d->appendfsync, cost,
                  evicts ? "; also set maxmemory-policy noeviction instead of "
                         : "",
                  evicts ? d->maxmemory_policy : "");
  else if (evicts)
    (void)gc_fail(ret_words, GC_ERR_REMOTE,
                  "Redis has maxmemory-policy %.20s: when its memory is full "
                  "it evicts counts, and events that are delivered again then "
                  "count twice; set maxmemory-policy noeviction",
                  d->maxmemory_policy);
  else if (pauses)
    (void)gc_fail(ret_words, GC_ERR_REMOTE,
                  "Redis has no-appendfsync-on-rewrite yes: a crash while it "
                  "rewrites its file loses counts, and events that are "
                  "delivered again then count twice; set it to no");
}

enum gc_code redis_read_durability(struct redis_link *link,
                                   struct redis_words *words,
                                   struct gc_err *ret_advice,
                                   struct gc_err *err) {
  static const char *const names[] = {"appendonly", "appendfsync",
                                      "maxmemory-policy",
                                      "no-appendfsync-on-rewrite"};
  redisReply *replies[GC_COUNT(names)] = {NULL};
  for (size_t i = 0; i < GC_COUNT(names); i++) {
    redis_print(words, "CONFIG");
    redis_print(words, "GET");
    redis_print(words, "%s", names[i]);
    GC_TRY(redis_queue_command(link, words, err));
  }
  enum gc_code code = GC_OK;
  for (size_t i = 0; i < GC_COUNT(names) && code == GC_OK; i++)
    code = redis_read_reply(link, &replies[i], err);
  const struct durability d = {setting_of(replies[0]), setting_of(replies[1]),
                               setting_of(replies[2]), setting_of(replies[3])};
  if (code == GC_OK)
    advise(&d, ret_advice);
  for (size_t i = 0; i < GC_COUNT(names); i++)
    redis_reply_auto(&replies[i]);
  return code;
}

static enum gc_code check_durability(struct ledger *l, struct gc_err *err) {
  struct gc_err advice = {.code = GC_OK};
  l->redis->next_check_ms = gc_clock_now_ms() + CHECK_EVERY_MS;
  GC_TRY(redis_read_durability(l->redis->link, &l->redis->words, &advice, err));
  ledger_report(l, "durability of the state", &advice);
  return GC_OK;
}

enum {
  UPKEEP_EVERY_MS = 2000,
  PRUNE_MINUTES = 100, /* minutes in one step, some milliseconds */
  SLACK_MINUTES = 60,  /* keys are kept beyond Retention for this time */
};

/* ---- the server's clock ---- */

static enum gc_code read_clock(struct ledger *l, struct gc_err *err) {
  struct redis_store *s = l->redis;
  GC_AUTO(redis_reply_auto) redisReply *reply = NULL;
  int64_t seconds;
  redis_print(&s->words, "TIME");
  GC_TRY(redis_request(s->link, &s->words, &reply, err));
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
      reply->element[0]->type != REDIS_REPLY_STRING ||
      !gc_decimal_int(reply->element[0]->str, reply->element[0]->len,
                      &seconds) ||
      seconds < 0 || seconds > INT64_MAX / 1000)
    return gc_fail(err, GC_ERR_PARSE, "TIME: no time in the answer");
  s->server_ms = seconds * 1000;
  s->server_at_ms = gc_clock_now_ms();
  s->next_upkeep_ms = s->server_at_ms + UPKEEP_EVERY_MS;
  return GC_OK;
}

static void report_difference(struct ledger *l) {
  struct gc_err err = {.code = GC_OK};
  int64_t ours = l->options.wall_ms();
  struct ledger_clock now = redis_clock(l);
  int64_t apart_s = (now.latest_ms - now.earliest_ms) / 1000;
  if (apart_s > REDIS_DIFFERENCE_MAX_S)
    (void)gc_fail(&err, GC_ERR_STATE,
                  "the clock of Redis is %" PRId64 " s %s this host's; correct "
                  "the wrong one (NTP): until then an attribute is late by the "
                  "earlier clock only",
                  apart_s, ours == now.earliest_ms ? "ahead of" : "behind");
  ledger_report(l, "clock of Redis", &err);
}

/* ---- pruning ---- */

/* Returns the number of minutes for which this agent wants keys to be kept. */
static uint32_t keep_minutes(const struct ledger *l) {
  return ledger_minute_of(l->options.retention_ms) + 1 + SLACK_MINUTES;
}

static enum gc_code read_keep(struct ledger *l, int64_t *ret,
                              struct gc_err *err) {
  struct redis_store *s = l->redis;
  GC_AUTO(redis_reply_auto) redisReply *reply = NULL;
  redis_print(&s->words, "HGET");
  redis_print(&s->words, REDIS_KEYS "kept");
  redis_print(&s->words, "keep");
  GC_TRY(redis_request(s->link, &s->words, &reply, err));
  if (reply->type != REDIS_REPLY_STRING ||
      !gc_decimal_int(reply->str, reply->len, ret))
    *ret = keep_minutes(l); /* an operator removed the field */
  return GC_OK;
}

/* Deletes the hashes of `minutes`, oldest first. */
static enum gc_code drop_minutes(struct ledger *l, const redisReply *minutes,
                                 struct gc_err *err) {
  struct redis_words *w = &l->redis->words;
  GC_AUTO(redis_reply_auto) redisReply *reply = NULL;
  redis_print(w, "EVAL");
  redis_word(w, REDIS_SCRIPT_PRUNE, strlen(REDIS_SCRIPT_PRUNE));
  redis_print(w, "%zu", 2 + minutes->elements);
  redis_print(w, REDIS_KEYS "kept");
  redis_print(w, REDIS_KEYS "minutes");
  for (size_t i = 0; i < minutes->elements; i++)
    redis_print(w, REDIS_KEYS "seen:%.20s", minutes->element[i]->str);
  for (size_t i = 0; i < minutes->elements; i++)
    redis_print(w, "%.20s", minutes->element[i]->str);
  return redis_request(l->redis->link, w, &reply, err);
}

static bool are_texts(const redisReply *reply) {
  if (reply->type != REDIS_REPLY_ARRAY)
    return false;
  for (size_t i = 0; i < reply->elements; i++)
    if (reply->element[i]->type != REDIS_REPLY_STRING)
      return false;
  return true;
}

static enum gc_code prune_minutes(struct ledger *l, struct gc_err *err) {
  struct redis_store *s = l->redis;
  GC_AUTO(redis_reply_auto) redisReply *old = NULL;
  int64_t keep;
  GC_TRY(read_keep(l, &keep, err));
  int64_t minute = ledger_minute_of(redis_clock(l).earliest_ms);
  redis_print(&s->words, "ZRANGEBYSCORE");
  redis_print(&s->words, REDIS_KEYS "minutes");
  redis_print(&s->words, "-inf");
  redis_print(&s->words, "(%" PRId64, minute - keep);
  redis_print(&s->words, "LIMIT");
  redis_print(&s->words, "0");
  redis_print(&s->words, "%d", PRUNE_MINUTES);
  GC_TRY(redis_request(s->link, &s->words, &old, err));
  if (!are_texts(old))
    return gc_fail(err, GC_ERR_PARSE,
                   "ZRANGEBYSCORE: no minutes in the answer");
  l->has_more_to_prune = old->elements == PRUNE_MINUTES;
  return old->elements > 0 ? drop_minutes(l, old, err) : GC_OK;
}

/* Drops the hash of 1970's first minute, to check that the server permits
 * dropping. */
static enum gc_code probe_prune(struct ledger *l, struct gc_err *err) {
  static char text[] = "0";
  redisReply minute = {.type = REDIS_REPLY_STRING, .str = text};
  redisReply *minutes[] = {&minute};
  const redisReply all = {
      .type = REDIS_REPLY_ARRAY, .element = minutes, .elements = 1};
  return drop_minutes(l, &all, err);
}

/* Reads the server's clock, reports its difference to ours and drops old keys,
 * every two seconds. Its requests also show that the server is there. */
static enum gc_code do_upkeep(struct ledger *l, struct gc_err *err) {
  struct redis_store *s = l->redis;
  if (gc_clock_now_ms() < s->next_upkeep_ms && !l->has_more_to_prune)
    return GC_OK;
  l->has_more_to_prune = false;
  GC_TRY(read_clock(l, err));
  report_difference(l);
  return prune_minutes(l, err);
}

/* ---- loading ---- */

struct field {
  char kind;
  char flow[ATTRIBUTE_MAX_BYTES + 1], metric[ATTRIBUTE_MAX_BYTES + 1];
};

/* Reads "c:4:Flow:metric"; false for anything else. */
static bool parse_field(const redisReply *text, struct field *ret) {
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

/* Makes a series with the labels that the store has. The lock is held. */
static enum gc_code load_labels(struct ledger *l, const char *scope,
                                const struct field *f, const char *labels) {
  char flow[ATTRIBUTE_MAX_BYTES + 1];
  struct series *s;
  const char *slash = strchr(labels, '/');
  if (f->kind != 'l' || slash == NULL || slash - labels >= (int)sizeof(flow) ||
      series_find(&l->set, scope, f->flow, f->metric, 0, &s) == GC_OK)
    return GC_OK;
  snprintf(flow, sizeof(flow), "%.*s", (int)(slash - labels), labels);
  const struct stored_counter c = {.scope = scope,
                                   .flow = f->flow,
                                   .metric = f->metric,
                                   .flow_label = flow,
                                   .metric_label = slash + 1};
  return series_load(&l->set, &c);
}

/* Reads the minute when a series was last counted. The newest one of all
 * identities and of memory stays. */
static enum gc_code load_minute(struct series *s, const redisReply *value) {
  int64_t minute;
  if (!gc_decimal_int(value->str, value->len, &minute) || minute < 0 ||
      minute > UINT32_MAX)
    return GC_ERR_PARSE;
  if (s->kept.last_minute < (uint32_t)minute)
    s->kept.last_minute = (uint32_t)minute;
  return GC_OK;
}

/* Loads one field of an identity, except labels. The lock is held. */
static enum gc_code load_number(struct ledger *l, unsigned identity,
                                const struct field *f,
                                const redisReply *value) {
  struct series *s;
  if (strchr("cstz", f->kind) == NULL)
    return GC_OK;
  GC_TRY(series_find(&l->set, l->identities[identity].scope, f->flow, f->metric,
                     SIZE_MAX, &s));
  series_make_parts(s, l->identity_count);
  struct series_part *part = &s->parts[identity];
  if (f->kind == 'z')
    series_apply(s, SERIES_RECORDED);
  else if (f->kind == 'c' &&
           !gc_decimal_int(value->str, value->len, &part->stored.count))
    return GC_ERR_PARSE;
  else if (f->kind == 't')
    return load_minute(s, value);
  else if (f->kind == 's') {
    if (!gc_decimal_real(value->str, value->len, &part->stored.sum))
      return GC_ERR_PARSE;
    part->stored.has_sum = true;
  }
  return GC_OK;
}

/* Loads an identity's fields, the labels first, so that a name with a label in
 * the store keeps it. */
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
          !parse_field(all->element[i], &f))
        continue;
      code = pass == 0
                 ? load_labels(l, l->identities[identity].scope, &f, value->str)
                 : load_number(l, identity, &f, value);
    }
  pthread_mutex_unlock(&l->lock);
  if (code == GC_ERR_PARSE)
    return gc_fail(err, code,
                   "Redis: a field of " REDIS_KEYS "count:%.60s/%.60s is no "
                   "number: check whether another program writes there",
                   l->identities[identity].host, l->identities[identity].block);
  return code == GC_OK ? GC_OK : gc_fail(err, code, "out of memory");
}

/* ---- lost counts ---- */

static void add_part(struct redis_words *w, unsigned key,
                     const struct series *s, const struct series_part *part) {
  redis_add_field(w, key, 'c', s);
  redis_print(w, "%lld", (long long)part->now.count);
  redis_add_field(w, key, 'l', s);
  redis_print(w, "%s/%s", s->kept.flow_label, s->kept.metric_label);
  if (part->now.has_sum) {
    redis_add_field(w, key, 's', s);
    redis_real(w, part->now.sum);
  }
  redis_add_field(w, key, 't', s);
  redis_print(w, "%u", s->kept.last_minute);
  if (s->kept.shown) {
    redis_add_field(w, key, 'z', s);
    redis_word(w, "1", 1);
  }
}

/* Takes the store's counts of the identities that were taken over. A count that
 * is lower than ours was lost: the function adds ours to the command that
 * restores it. Returns how many were lost. */
static size_t reconcile_counts(struct ledger *l) {
  size_t lost = 0;
  for (size_t i = 0; i < l->set.count; i++) {
    struct series *s = l->set.at[i];
    for (size_t k = 0; k < s->part_count; k++) {
      struct series_part *part = &s->parts[k];
      unsigned key = l->identities[k].key;
      if (key == 0)
        continue;
      if (part->now.count > part->stored.count) {
        add_part(&l->redis->words, key, s, part);
        lost++;
        continue;
      }
      part->now = part->stored;
    }
  }
  return lost;
}

static enum gc_code restore_lost_counts(struct ledger *l, struct gc_err *err) {
  struct redis_store *s = l->redis;
  GC_AUTO(redis_reply_auto) redisReply *reply = NULL;
  struct gc_err warning = {.code = GC_OK};
  redis_begin_script(l, "EVAL", REDIS_SCRIPT_SET, 0);
  redis_print(&s->words, "%s", s->token);
  size_t lost = reconcile_counts(l);
  if (lost == 0) {
    redis_words_reset(&s->words);
    return GC_OK;
  }
  GC_TRY(redis_run_script(l, &reply, err));
  (void)gc_fail(&warning, GC_ERR_STATE,
                "Redis has lost acknowledged data: %zu counters continue from "
                "memory, but attributes counted before count twice when they "
                "are delivered again: check whether it crashed without "
                "appendfsync always, or was emptied",
                lost);
  ledger_report(l, "lost data in Redis", &warning);
  return GC_OK;
}

static void forget_stored(struct ledger *l) {
  for (size_t i = 0; i < l->set.count; i++)
    for (size_t k = 0; k < l->set.at[i]->part_count; k++)
      l->set.at[i]->parts[k].stored = (struct series_value){.count = 0};
}

/* Makes the sums of the parts visible to readers. A series without a time in
 * the store begins its idle time now. */
static void publish_counts(struct ledger *l) {
  uint32_t minute = ledger_minute_of(l->options.wall_ms());
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

/* Makes this process the owner of the identities with a key. From here on the
 * server refuses scripts of another process with these identities, and those of
 * an earlier connection of ours. The counts that were read are therefore final.
 */
static enum gc_code take_over(struct ledger *l, struct gc_err *err) {
  struct redis_store *s = l->redis;
  GC_AUTO(redis_reply_auto) redisReply *reply = NULL;
  snprintf(s->token, sizeof(s->token), "%08x%08x%08x%08x", gc_random32(),
           gc_random32(), gc_random32(), gc_random32());
  redis_begin_script(l, "EVAL", REDIS_SCRIPT_TAKE, 1);
  redis_print(&s->words, REDIS_KEYS "kept");
  redis_print(&s->words, "%s", s->token);
  redis_print(&s->words, "%u", keep_minutes(l));
  GC_TRY(redis_request(s->link, &s->words, &reply, err));
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements != l->key_count)
    return gc_fail(err, GC_ERR_PARSE, "no counters in the answer");
  forget_stored(l);
  for (unsigned i = 0; i < l->identity_count; i++)
    if (l->identities[i].key != 0)
      GC_TRY(
          load_identity(l, i, reply->element[l->identities[i].key - 1], err));
  GC_TRY(restore_lost_counts(l, err));
  publish_counts(l);
  return GC_OK;
}

static enum gc_code connect_and_load(struct ledger *l, struct gc_err *err) {
  struct redis_store *s = l->redis;
  GC_TRY(redis_link_open(l->options.redis, l->stop_fd, &s->link, err));
  GC_TRY(check_durability(l, err));
  GC_TRY(redis_load_script(l, err));
  GC_TRY(read_clock(l, err));
  GC_TRY(take_over(l, err));
  GC_TRY(redis_probe(l, ledger_minute_of(redis_clock(l).earliest_ms), err));
  return probe_prune(l, err);
}

static enum gc_code open_redis(struct ledger *l, struct gc_err *err) {
  l->redis = gc_zalloc(1, sizeof(*l->redis));
  enum gc_code code = connect_and_load(l, err);
  if (code != GC_OK)
    close_redis(l);
  return code;
}

static enum gc_code transact_in_redis(struct ledger *l, struct batch *batches,
                                      size_t count, struct gc_err *err) {
  enum gc_code code = redis_transact(l, batches, count, err);
  if (code != GC_OK)
    close_redis(l);
  return code;
}

/* Does the upkeep, and checks the settings again. Its requests also notice a
 * lost server before the next batch. */
static void maintain_redis(struct ledger *l) {
  struct gc_err err = {.code = GC_OK};
  enum gc_code code = do_upkeep(l, &err);
  if (code == GC_OK && gc_clock_now_ms() >= l->redis->next_check_ms)
    code = check_durability(l, &err);
  if (code == GC_OK)
    return;
  ledger_report(l, "state", &err);
  close_redis(l);
}

const struct ledger_store *ledger_redis(void) {
  static const struct ledger_store store = {.open = open_redis,
                                            .transact = transact_in_redis,
                                            .maintain = maintain_redis,
                                            .close = close_redis};
  return &store;
}
