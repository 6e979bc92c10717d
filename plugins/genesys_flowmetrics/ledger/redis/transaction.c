/* SPDX-License-Identifier: MIT */
/* One transaction with Redis: scripts of some hundred marks each, sent one
 * behind the other. Each of them counts its marks or does not; when one fails
 * all batches come again, and what was counted is a duplicate then. */
#include "plugins/genesys_flowmetrics/ledger/redis/internal.h"

#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "common/base/decimal.h"
#include "common/net/clock.h"
#include "plugins/genesys_flowmetrics/ledger/redis/scripts.h"

enum {
  MINUTE_BYTES = 4, /* of a key; the hash is behind them */
  /* Kept longer than attributes are in time, for clocks that differ. */
  SLACK_S = 3600,
  PROBE_KEEP_S = 60,
  TURNS = 2, /* the second after the server had forgotten the script */
};

static void reply_auto(redisReply **r) {
  if (*r != NULL)
    freeReplyObject(*r);
}

/* ---- what to send ---- */

/* Those that are in time, each with its series; how many. */
static enum gc_code select_marks(struct ledger *l, size_t count, int64_t now_ms,
                                 size_t *ret, struct gc_err *err) {
  size_t kept = 0;
  for (size_t i = 0; i < count; i++) {
    struct ref r = l->refs[i];
    if (!ledger_is_in_time(&r, 0, now_ms))
      continue;
    GC_TRY(ledger_series(l, &r, &r.series, err));
    if (r.series != NULL && series_divide(r.series, l->identity_count) != GC_OK)
      return gc_fail(err, GC_ERR_MEMORY, "out of memory");
    l->refs[kept++] = r;
  }
  *ret = kept;
  return GC_OK;
}

static struct series_part *part_of(const struct ref *r) {
  return &r->series->parts[r->batch->source->identity];
}

static enum gc_code add_counter(struct shared *s, const struct ref *r) {
  if (s->counter_count == s->counter_cap) {
    size_t cap = s->counter_cap == 0 ? 64 : s->counter_cap * 2;
    struct counter *more = realloc(s->counters, cap * sizeof(*more));
    if (more == NULL)
      return GC_ERR_MEMORY;
    s->counters = more;
    s->counter_cap = cap;
  }
  s->counters[s->counter_count++] =
      (struct counter){r->series, r->batch->source->identity};
  return GC_OK;
}

/* Gives each counter of the chunk its number. */
static enum gc_code number_counters(struct ledger *l, struct chunk *c) {
  struct shared *s = l->shared;
  c->first_counter = s->counter_count;
  for (size_t i = c->first; i < c->first + c->count; i++) {
    const struct ref *r = &l->refs[i];
    if (r->series == NULL || part_of(r)->nth > 0)
      continue;
    GC_TRY(add_counter(s, r));
    part_of(r)->nth = (unsigned)(s->counter_count - c->first_counter);
  }
  c->counter_count = s->counter_count - c->first_counter;
  return GC_OK;
}

static void forget_numbers(struct shared *s, const struct chunk *c) {
  for (size_t i = 0; i < c->counter_count; i++) {
    const struct counter *k = &s->counters[c->first_counter + i];
    k->series->parts[k->identity].nth = 0;
  }
}

/* How many marks from `i` on are of one minute. */
static size_t same_minute(const struct ledger *l, size_t i, size_t end) {
  uint32_t minute = seen_key_minute(&l->refs[i].mark->key);
  size_t n = 1;
  while (i + n < end && seen_key_minute(&l->refs[i + n].mark->key) == minute)
    n++;
  return n;
}

static long long keep_s(const struct ledger *l, uint32_t minute,
                        int64_t now_ms) {
  int64_t until_ms = (int64_t)(minute + 1) * LEDGER_MINUTE_MS +
                     l->settings.retention_ms - now_ms;
  return until_ms / 1000 + SLACK_S;
}

static void put_minutes(struct ledger *l, const struct chunk *c, bool as_keys,
                        int64_t now_ms) {
  struct redis_words *w = &l->shared->words;
  size_t end = c->first + c->count;
  for (size_t i = c->first, n; i < end; i += n) {
    uint32_t minute = seen_key_minute(&l->refs[i].mark->key);
    n = same_minute(l, i, end);
    if (as_keys) {
      redis_print(w, REDIS_KEYS "seen:%u", minute);
      continue;
    }
    redis_print(w, "%lld", keep_s(l, minute, now_ms));
    redis_print(w, "%zu", n);
  }
}

static void put_counters(struct shared *s, const struct chunk *c) {
  for (size_t i = 0; i < c->counter_count; i++) {
    const struct counter *k = &s->counters[c->first_counter + i];
    const struct seen_counter *kept = &k->series->kept;
    redis_print(&s->words, "%u", k->identity + 1);
    redis_print(&s->words, "%zu:%s:%s", strlen(kept->flow), kept->flow,
                kept->metric);
    redis_print(&s->words, "%s/%s", kept->flow_label, kept->metric_label);
  }
}

static void put_marks(struct ledger *l, const struct chunk *c) {
  struct redis_words *w = &l->shared->words;
  for (size_t i = c->first; i < c->first + c->count; i++) {
    const struct ref *r = &l->refs[i];
    redis_word(w, r->mark->key.bytes + MINUTE_BYTES,
               SEEN_KEY_BYTES - MINUTE_BYTES);
    redis_print(w, "%u", r->series != NULL ? part_of(r)->nth : 0);
    if (r->batch->source->values && r->mark->has_value)
      redis_real(w, r->mark->value);
    else
      redis_word(w, "", 0);
  }
}

static enum gc_code send_chunk(struct ledger *l, const struct chunk *c,
                               int64_t now_ms, struct gc_err *err) {
  struct shared *s = l->shared;
  size_t minutes = 0, end = c->first + c->count;
  for (size_t i = c->first; i < end; i += same_minute(l, i, end))
    minutes++;
  redis_script_words(l, "EVALSHA", s->count_sha, minutes);
  put_minutes(l, c, true, now_ms);
  redis_print(&s->words, "%s", s->token);
  redis_print(&s->words, "%zu", l->identity_count);
  redis_print(&s->words, "%zu", minutes);
  redis_print(&s->words, "%zu", c->counter_count);
  put_minutes(l, c, false, now_ms);
  put_counters(s, c);
  put_marks(l, c);
  redis_print(&s->words, "%u", ledger_minute(now_ms));
  return redis_put(s->link, &s->words, err);
}

static enum gc_code add_chunk(struct ledger *l, size_t first, size_t count) {
  struct shared *s = l->shared;
  if (s->chunk_count == s->chunk_cap) {
    size_t cap = s->chunk_cap == 0 ? 8 : s->chunk_cap * 2;
    struct chunk *more = realloc(s->chunks, cap * sizeof(*more));
    if (more == NULL)
      return GC_ERR_MEMORY;
    s->chunks = more;
    s->chunk_cap = cap;
  }
  s->chunks[s->chunk_count++] = (struct chunk){.first = first, .count = count};
  return GC_OK;
}

static enum gc_code divide(struct ledger *l, size_t count, struct gc_err *err) {
  struct shared *s = l->shared;
  s->chunk_count = 0;
  for (size_t i = 0; i < count; i += REDIS_CHUNK_MARKS) {
    size_t left = count - i;
    if (add_chunk(l, i, left < REDIS_CHUNK_MARKS ? left : REDIS_CHUNK_MARKS) !=
        GC_OK)
      return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  }
  return GC_OK;
}

/* ---- what it answers ---- */

static void note_mark(const struct ref *r, bool is_new) {
  uint64_t *outcomes = r->batch->outcomes;
  const struct ledger_source *source = r->batch->source;
  if (!is_new)
    outcomes[OUTCOME_DUPLICATE]++;
  else if (r->series == NULL)
    outcomes[OUTCOME_OVERFLOW]++;
  else {
    outcomes[OUTCOME_COUNTED]++;
    if (source->values && !r->mark->has_value)
      outcomes[OUTCOME_NO_NUMBER]++;
  }
}

/* A counter as it is now; false for an answer that is none. */
static bool note_counter(struct ledger *l, const struct counter *k,
                         const redisReply *count, const redisReply *sum) {
  struct series_part *part = &k->series->parts[k->identity];
  if (count->type != REDIS_REPLY_INTEGER || sum->type != REDIS_REPLY_STRING)
    return false;
  if (count->integer < 0)
    return true;
  part->count = count->integer;
  if (sum->len > 0) {
    if (!gc_decimal_real(sum->str, sum->len, &part->sum))
      return false;
    part->has_sum = true;
  }
  k->series->fresh_minute = ledger_minute(l->settings.wall_ms());
  ledger_touch(l, k->series);
  return true;
}

static enum gc_code note_chunk(struct ledger *l, struct chunk *c,
                               const redisReply *reply, struct gc_err *err) {
  struct shared *s = l->shared;
  bool good = reply->type == REDIS_REPLY_ARRAY &&
              reply->elements == 1 + 2 * c->counter_count &&
              reply->element[0]->type == REDIS_REPLY_STRING &&
              reply->element[0]->len == c->count;
  for (size_t i = 0; good && i < c->counter_count; i++)
    good = note_counter(l, &s->counters[c->first_counter + i],
                        reply->element[1 + 2 * i], reply->element[2 + 2 * i]);
  if (!good)
    return gc_fail(err, GC_ERR_PARSE,
                   "the script's answer is none of ours; is this a Redis?");
  for (size_t i = 0; i < c->count; i++)
    note_mark(&l->refs[c->first + i], reply->element[0]->str[i] == '1');
  c->is_done = true;
  return GC_OK;
}

/* All answers are taken, or the connection is of no use. `ret_missing`: some
 * scripts were not there. */
static enum gc_code receive(struct ledger *l, bool *ret_missing,
                            struct gc_err *err) {
  struct shared *s = l->shared;
  enum gc_code first = GC_OK;
  for (size_t i = 0; i < s->chunk_count; i++) {
    struct chunk *c = &s->chunks[i];
    GC_AUTO(reply_auto) redisReply *reply = NULL;
    if (c->is_done)
      continue;
    GC_TRY(redis_get(s->link, &reply, err));
    enum gc_code code = GC_OK;
    if (reply->type != REDIS_REPLY_ERROR)
      code = note_chunk(l, c, reply, first == GC_OK ? err : NULL);
    else if (strncmp(reply->str, "NOSCRIPT", 8) == 0)
      *ret_missing = true;
    else
      code = redis_refused(reply->str, first == GC_OK ? err : NULL);
    first = first != GC_OK ? first : code;
  }
  s->answer_ms = gc_clock_now_ms();
  return first;
}

static enum gc_code send_all(struct ledger *l, int64_t now_ms,
                             struct gc_err *err) {
  struct shared *s = l->shared;
  enum gc_code code = GC_OK;
  s->counter_count = 0;
  for (size_t i = 0; i < s->chunk_count && code == GC_OK; i++) {
    struct chunk *c = &s->chunks[i];
    if (c->is_done)
      continue;
    code = number_counters(l, c);
    if (code != GC_OK)
      (void)gc_fail(err, code, "out of memory");
    else
      code = send_chunk(l, c, now_ms, err);
    forget_numbers(s, c);
  }
  return code;
}

static enum gc_code count_all(struct ledger *l, int64_t now_ms,
                              struct gc_err *err) {
  bool missing = true;
  for (unsigned turn = 0; turn < TURNS && missing; turn++) {
    if (turn > 0)
      GC_TRY(redis_load_script(l, err));
    missing = false;
    GC_TRY(send_all(l, now_ms, err));
    GC_TRY(receive(l, &missing, err));
  }
  return missing ? gc_fail(err, GC_ERR_REMOTE,
                           "Redis forgets scripts at once (SCRIPT FLUSH?)")
                 : GC_OK;
}

/* ---- the first zeros ---- */

static void put_shown(struct ledger *l, const struct series *s) {
  struct redis_words *w = &l->shared->words;
  for (unsigned i = 0; i < l->identity_count; i++) {
    if (strcmp(l->identities[i].scope, s->kept.scope) != 0)
      continue;
    redis_print(w, "%u", i + 1);
    redis_field(w, 'z', s);
    redis_word(w, "1", 1);
  }
}

static enum gc_code keep_shown(struct ledger *l, struct gc_err *err) {
  struct shared *s = l->shared;
  GC_AUTO(reply_auto) redisReply *reply = NULL;
  bool any = false;
  ledger_touch_shown(l);
  redis_script_words(l, "EVAL", REDIS_SCRIPT_SET, 0);
  redis_print(&s->words, "%s", s->token);
  for (const struct series *t = l->touched; t != NULL; t = t->touched)
    if (t->is_showing) {
      put_shown(l, t);
      any = true;
    }
  if (any)
    return redis_ask(s->link, &s->words, &reply, err);
  redis_words_reset(&s->words);
  return GC_OK;
}

/* ---- the whole ---- */

static enum gc_code count_and_show(struct ledger *l, size_t count,
                                   struct gc_err *err) {
  int64_t now_ms = l->settings.wall_ms();
  size_t kept = 0;
  GC_TRY(select_marks(l, count, now_ms, &kept, err));
  GC_TRY(divide(l, kept, err));
  GC_TRY(count_all(l, now_ms, err));
  return keep_shown(l, err);
}

enum gc_code redis_transact(struct ledger *l, struct batch *batches,
                            size_t count, struct gc_err *err) {
  uint64_t begun_ms = gc_clock_now_ms();
  GC_TRY(ledger_sort(l, batches, count, err));
  enum gc_code code = count_and_show(l, count, err);
  ledger_settle(l, code == GC_OK, begun_ms);
  /* What was answered and what was not is found out by the next take-over. */
  if (code != GC_OK)
    redis_close(l);
  return code;
}

enum gc_code redis_probe(struct ledger *l, struct gc_err *err) {
  struct shared *s = l->shared;
  GC_AUTO(reply_auto) redisReply *reply = NULL;
  redis_script_words(l, "EVALSHA", s->count_sha, 1);
  redis_print(&s->words, REDIS_KEYS "seen:probe");
  redis_print(&s->words, "%s", s->token);
  redis_print(&s->words, "%zu", l->identity_count);
  redis_print(&s->words, "1"); /* minute */
  redis_print(&s->words, "0"); /* counters */
  redis_print(&s->words, "%d", PROBE_KEEP_S);
  redis_print(&s->words, "1"); /* mark */
  redis_print(&s->words, "%s", s->token);
  redis_print(&s->words, "0"); /* of no counter */
  redis_word(&s->words, "", 0);
  redis_print(&s->words, "0"); /* minute now */
  return redis_ask(s->link, &s->words, &reply, err);
}
