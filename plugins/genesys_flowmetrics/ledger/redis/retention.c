/* SPDX-License-Identifier: MIT */
/* Keeps the hashes of attributes as long as needed, by the server's clock and
 * ours. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "common/base/decimal.h"
#include "common/net/clock.h"
#include "plugins/genesys_flowmetrics/ledger/redis/internal.h"
#include "plugins/genesys_flowmetrics/ledger/redis/scripts.h"

enum {
  UPKEEP_EVERY_MS = 2000,
  PRUNE_MINUTES = 100,        /* minutes in one step, some milliseconds */
  SLACK_MINUTES = 60,         /* keys are kept beyond Retention for this time */
  DIFFERENCE_MAX_S = 10 * 60, /* clocks' difference without a report */
};

/* ---- the server's clock ---- */

enum gc_code redis_read_clock(struct ledger *l, struct gc_err *err) {
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

struct ledger_clock redis_clock(const struct ledger *l) {
  const struct redis_store *s = l->redis;
  int64_t ours = l->options.wall_ms();
  int64_t theirs =
      s->server_ms + (int64_t)(gc_clock_now_ms() - s->server_at_ms);
  struct ledger_clock now = ours < theirs
                                ? (struct ledger_clock){ours, theirs, false}
                                : (struct ledger_clock){theirs, ours, false};
  now.is_confirmed =
      now.latest_ms - now.earliest_ms <= DIFFERENCE_MAX_S * INT64_C(1000);
  return now;
}

static void report_difference(struct ledger *l) {
  struct gc_err err = {.code = GC_OK};
  int64_t ours = l->options.wall_ms();
  struct ledger_clock now = redis_clock(l);
  int64_t apart_s = (now.latest_ms - now.earliest_ms) / 1000;
  if (apart_s > DIFFERENCE_MAX_S)
    (void)gc_fail(&err, GC_ERR_STATE,
                  "the clock of Redis is %" PRId64 " s %s this host's; correct "
                  "the wrong one (NTP): until then an attribute is late by the "
                  "earlier clock only",
                  apart_s, ours == now.earliest_ms ? "ahead of" : "behind");
  ledger_report(l, "clock of Redis", &err);
}

/* ---- pruning ---- */

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
    *ret = redis_keep_minutes(l); /* an operator removed the field */
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

enum gc_code redis_probe_prune(struct ledger *l, struct gc_err *err) {
  static char text[] = "0";
  redisReply minute = {.type = REDIS_REPLY_STRING, .str = text};
  redisReply *minutes[] = {&minute};
  const redisReply all = {
      .type = REDIS_REPLY_ARRAY, .element = minutes, .elements = 1};
  return drop_minutes(l, &all, err);
}

uint32_t redis_keep_minutes(const struct ledger *l) {
  return ledger_minute_of(l->options.retention_ms) + 1 + SLACK_MINUTES;
}

enum gc_code redis_do_upkeep(struct ledger *l, struct gc_err *err) {
  struct redis_store *s = l->redis;
  if (gc_clock_now_ms() < s->next_upkeep_ms && !l->has_more_to_prune)
    return GC_OK;
  l->has_more_to_prune = false;
  GC_TRY(redis_read_clock(l, err));
  report_difference(l);
  return prune_minutes(l, err);
}
