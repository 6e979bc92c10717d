/* SPDX-License-Identifier: MIT */
/* The scripts, and one transaction with Redis: scripts of some hundred
 * occurrences each, sent without waiting for the answers in between. A script
 * counts all of its occurrences or none. When one script fails, all batches are
 * submitted again, by their sources or, after another agent has got a lease, by
 * the writer; occurrences that were counted are then duplicates. */
#include "plugins/genesys_flowmetrics/ledger/redis/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/decimal.h"
#include "common/net/clock.h"
#include "plugins/genesys_flowmetrics/ledger/redis/scripts.h"

enum {
  MINUTE_BYTES = 4, /* first bytes of a key; the hash follows */
  ATTEMPTS = 2,     /* the second one when the server had lost the script */
};

/* ---- scripts ---- */

void redis_reply_auto(redisReply **r) {
  if (*r != NULL)
    freeReplyObject(*r);
}

/* The key of an identity, its host and its block. */
#define COUNT_KEY REDIS_KEYS "count:%.255s/%.255s"

void redis_begin_script(struct ledger *l, const char *verb, const char *script,
                        size_t more) {
  struct redis_words *w = &l->redis->words;
  redis_print(w, "%s", verb);
  redis_word(w, script, strlen(script));
  redis_print(w, "%zu", l->key_count + more);
  for (size_t i = 0; i < l->identity_count; i++)
    if (l->identities[i].key != 0)
      redis_print(w, COUNT_KEY, l->identities[i].host, l->identities[i].block);
}

/* Returns the identity that a refusal names, "FENCED KEY"; NULL: none. */
static const struct identity *find_fenced(const struct ledger *l,
                                          const char *words) {
  static const char fenced[] = "FENCED ";
  char key[600];
  if (strncmp(words, fenced, sizeof(fenced) - 1) != 0)
    return NULL;
  for (size_t i = 0; i < l->identity_count; i++) {
    const struct identity *id = &l->identities[i];
    snprintf(key, sizeof(key), COUNT_KEY, id->host, id->block);
    if (strcmp(words + sizeof(fenced) - 1, key) == 0)
      return id;
  }
  return NULL;
}

/* Fills `err` for the server's refusal of a script. GC_ERR_UNAVAILABLE: another
 * agent has got the lease and taken an identity over. GC_ERR_STATE: another
 * agent has taken it over although this one has the lease, so both use
 * different leases. Otherwise the codes of redis_refused. */
static enum gc_code script_refused(const struct ledger *l, const char *words,
                                   struct gc_err *err) {
  const struct identity *id = find_fenced(l, words);
  if (id == NULL || id->lease == NULL)
    return redis_refused(words, REDIS_STATE, err);
  if (!gc_lease_gate_allows(id->lease) ||
      id->taken_term != gc_lease_gate_term(id->lease))
    return gc_fail(err, GC_ERR_UNAVAILABLE, "another agent has the lease");
  return gc_fail(err, GC_ERR_STATE,
                 "another agent counts under Host \"%.60s\" and block "
                 "\"%.60s\", although this agent has the lease; give all "
                 "agents with this Host the same LeaseURL",
                 id->host, id->block);
}

enum gc_code redis_run_script(struct ledger *l, redisReply **ret,
                              struct gc_err *err) {
  struct redis_store *s = l->redis;
  GC_TRY(redis_queue_command(s->link, &s->words, err));
  GC_TRY(redis_read_reply(s->link, ret, err));
  return (*ret)->type != REDIS_REPLY_ERROR
             ? GC_OK
             : script_refused(l, (*ret)->str, err);
}

void redis_add_field(struct redis_words *w, unsigned key, char kind,
                     const struct series *s) {
  redis_print(w, "%u", key);
  redis_print(w, "%c:%zu:%s:%s", kind, strlen(s->kept.flow), s->kept.flow,
              s->kept.metric);
}

enum gc_code redis_load_script(struct ledger *l, struct gc_err *err) {
  struct redis_store *s = l->redis;
  GC_AUTO(redis_reply_auto) redisReply *reply = NULL;
  redis_print(&s->words, "SCRIPT");
  redis_print(&s->words, "LOAD");
  redis_word(&s->words, REDIS_SCRIPT_COUNT, strlen(REDIS_SCRIPT_COUNT));
  GC_TRY(redis_request(s->link, &s->words, &reply, err));
  if (reply->type != REDIS_REPLY_STRING || reply->len >= REDIS_SHA_SIZE)
    return gc_fail(err, GC_ERR_PARSE, "SCRIPT LOAD: no hash in the answer");
  snprintf(s->count_sha, sizeof(s->count_sha), "%s", reply->str);
  return GC_OK;
}

enum gc_code redis_probe(struct ledger *l, uint32_t minute,
                         struct gc_err *err) {
  struct redis_store *s = l->redis;
  GC_AUTO(redis_reply_auto) redisReply *reply = NULL;
  redis_begin_script(l, "EVALSHA", s->count_sha, 3);
  redis_print(&s->words, REDIS_KEYS "kept");
  redis_print(&s->words, REDIS_KEYS "minutes");
  redis_print(&s->words, REDIS_KEYS "seen:%u", minute);
  redis_print(&s->words, "%s", s->token);
  redis_print(&s->words, "%u", l->key_count);
  redis_print(&s->words, "1"); /* minutes */
  redis_print(&s->words, "0"); /* counters */
  redis_print(&s->words, "%u", minute);
  redis_print(&s->words, "1"); /* occurrences */
  redis_print(&s->words, "%s", s->token);
  redis_print(&s->words, "0"); /* 0: no counter */
  redis_word(&s->words, "", 0);
  redis_print(&s->words, "%u", minute);
  return redis_run_script(l, &reply, err);
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
      now.latest_ms - now.earliest_ms <= REDIS_DIFFERENCE_MAX_S * INT64_C(1000);
  return now;
}

/* ---- sending ---- */

/* Keeps the occurrences that are in time, each with its series. */
static enum gc_code select_occurrences(struct ledger *l, size_t count,
                                       size_t *ret, struct gc_err *err) {
  const struct ledger_clock now = redis_clock(l);
  size_t kept = 0;
  for (size_t i = 0; i < count; i++) {
    struct occurrence_ref r = l->refs[i];
    if (!ledger_is_in_time(&r, 0, &now))
      continue;
    GC_TRY(ledger_find_series(l, &r, &r.series, err));
    if (r.series != NULL)
      series_make_parts(r.series, l->identity_count);
    l->refs[kept++] = r;
  }
  *ret = kept;
  return GC_OK;
}

static struct series_part *part_of(const struct occurrence_ref *r) {
  GC_ASSERT(r->batch->source->identity < r->series->part_count);
  return &r->series->parts[r->batch->source->identity];
}

static void append_counter(struct redis_store *s,
                           const struct occurrence_ref *r) {
  if (s->counter_count == s->counter_cap) {
    s->counter_cap = s->counter_cap == 0 ? 64 : s->counter_cap * 2;
    s->counters = gc_resize(s->counters, s->counter_cap, sizeof(*s->counters));
  }
  s->counters[s->counter_count++] =
      (struct counter){r->series, r->batch->source->identity};
}

/* Gives each counter of the chunk its number. */
static void number_counters(struct ledger *l, struct chunk *c) {
  struct redis_store *s = l->redis;
  c->first_counter = s->counter_count;
  for (size_t i = c->first; i < c->first + c->count; i++) {
    const struct occurrence_ref *r = &l->refs[i];
    if (r->series == NULL || part_of(r)->script_number > 0)
      continue;
    append_counter(s, r);
    part_of(r)->script_number = (unsigned)(s->counter_count - c->first_counter);
  }
  c->counter_count = s->counter_count - c->first_counter;
}

static void forget_numbers(struct redis_store *s, const struct chunk *c) {
  for (size_t i = 0; i < c->counter_count; i++) {
    const struct counter *k = &s->counters[c->first_counter + i];
    k->series->parts[k->identity].script_number = 0;
  }
}

/* Returns the number of occurrences from `i` on that have the same minute. */
static size_t count_same_minute(const struct ledger *l, size_t i, size_t end) {
  uint32_t minute = seen_key_minute(&l->refs[i].occurrence->key);
  size_t n = 1;
  while (i + n < end &&
         seen_key_minute(&l->refs[i + n].occurrence->key) == minute)
    n++;
  return n;
}

static void add_minutes(struct ledger *l, const struct chunk *c, bool as_keys) {
  struct redis_words *w = &l->redis->words;
  size_t end = c->first + c->count;
  for (size_t i = c->first, n; i < end; i += n) {
    uint32_t minute = seen_key_minute(&l->refs[i].occurrence->key);
    n = count_same_minute(l, i, end);
    if (as_keys) {
      redis_print(w, REDIS_KEYS "seen:%u", minute);
      continue;
    }
    redis_print(w, "%u", minute);
    redis_print(w, "%zu", n);
  }
}

static void add_counters(struct ledger *l, const struct chunk *c) {
  struct redis_store *s = l->redis;
  for (size_t i = 0; i < c->counter_count; i++) {
    const struct counter *k = &s->counters[c->first_counter + i];
    const struct stored_counter *kept = &k->series->kept;
    redis_print(&s->words, "%u", l->identities[k->identity].key);
    redis_print(&s->words, "%zu:%s:%s", strlen(kept->flow), kept->flow,
                kept->metric);
    redis_print(&s->words, "%s/%s", kept->flow_label, kept->metric_label);
  }
}

static void add_occurrences(struct ledger *l, const struct chunk *c) {
  struct redis_words *w = &l->redis->words;
  for (size_t i = c->first; i < c->first + c->count; i++) {
    const struct occurrence_ref *r = &l->refs[i];
    redis_word(w, r->occurrence->key.bytes + MINUTE_BYTES,
               SEEN_KEY_BYTES - MINUTE_BYTES);
    redis_print(w, "%u", r->series != NULL ? part_of(r)->script_number : 0);
    if (r->batch->source->values && r->occurrence->has_value)
      redis_real(w, r->occurrence->value);
    else
      redis_word(w, "", 0);
  }
}

static enum gc_code send_chunk(struct ledger *l, const struct chunk *c,
                               struct gc_err *err) {
  struct redis_store *s = l->redis;
  size_t minutes = 0, end = c->first + c->count;
  for (size_t i = c->first; i < end; i += count_same_minute(l, i, end))
    minutes++;
  redis_begin_script(l, "EVALSHA", s->count_sha, 2 + minutes);
  redis_print(&s->words, REDIS_KEYS "kept");
  redis_print(&s->words, REDIS_KEYS "minutes");
  add_minutes(l, c, true);
  redis_print(&s->words, "%s", s->token);
  redis_print(&s->words, "%u", l->key_count);
  redis_print(&s->words, "%zu", minutes);
  redis_print(&s->words, "%zu", c->counter_count);
  add_minutes(l, c, false);
  add_counters(l, c);
  add_occurrences(l, c);
  redis_print(&s->words, "%u", ledger_minute_of(l->options.wall_ms()));
  return redis_queue_command(s->link, &s->words, err);
}

static void make_chunks(struct redis_store *s, size_t count) {
  size_t chunks =
      (count + REDIS_CHUNK_OCCURRENCES - 1) / REDIS_CHUNK_OCCURRENCES;
  s->chunk_count = 0;
  s->chunks = gc_resize(s->chunks, chunks + 1, sizeof(*s->chunks));
  for (size_t i = 0; i < count; i += REDIS_CHUNK_OCCURRENCES) {
    size_t left = count - i;
    s->chunks[s->chunk_count++] = (struct chunk){
        .first = i,
        .count =
            left < REDIS_CHUNK_OCCURRENCES ? left : REDIS_CHUNK_OCCURRENCES};
  }
}

/* ---- answers ---- */

static void note_occurrence(const struct occurrence_ref *r, char result) {
  uint64_t *outcomes = r->batch->outcomes;
  const struct ledger_source *source = r->batch->source;
  if (result == '2')
    ledger_note_late(r);
  else if (result != '1')
    outcomes[OUTCOME_DUPLICATE]++;
  else if (r->series == NULL)
    outcomes[OUTCOME_OVERFLOW]++;
  else {
    outcomes[OUTCOME_COUNTED]++;
    if (source->values && !r->occurrence->has_value)
      outcomes[OUTCOME_NO_NUMBER]++;
  }
}

/* Takes a counter's present values. Returns false when the answer has none. */
static bool note_counter(struct ledger *l, const struct counter *k,
                         const redisReply *count, const redisReply *sum) {
  struct series_part *part = &k->series->parts[k->identity];
  if (count->type != REDIS_REPLY_INTEGER || sum->type != REDIS_REPLY_STRING)
    return false;
  if (count->integer < 0)
    return true;
  part->now.count = count->integer;
  if (sum->len > 0) {
    if (!gc_decimal_real(sum->str, sum->len, &part->now.sum))
      return false;
    part->now.has_sum = true;
  }
  k->series->counted_minute = ledger_minute_of(l->options.wall_ms());
  ledger_touch_series(l, k->series);
  return true;
}

static enum gc_code note_chunk(struct ledger *l, struct chunk *c,
                               const redisReply *reply, struct gc_err *err) {
  struct redis_store *s = l->redis;
  bool good = reply->type == REDIS_REPLY_ARRAY &&
              reply->elements == 1 + 2 * c->counter_count &&
              reply->element[0]->type == REDIS_REPLY_STRING &&
              reply->element[0]->len == c->count;
  for (size_t i = 0; good && i < c->counter_count; i++)
    good = note_counter(l, &s->counters[c->first_counter + i],
                        reply->element[1 + 2 * i], reply->element[2 + 2 * i]);
  if (!good)
    return gc_fail(err, GC_ERR_PARSE,
                   "unexpected answer to the script: check that StateURL "
                   "names a Redis");
  for (size_t i = 0; i < c->count; i++)
    note_occurrence(&l->refs[c->first + i], reply->element[0]->str[i]);
  c->is_done = true;
  return GC_OK;
}

/* Reads the answers of all scripts. After a failure to read one, the connection
 * cannot be used any longer. `ret_missing`: the server did not know the script.
 */
static enum gc_code receive_answers(struct ledger *l, bool *ret_missing,
                                    struct gc_err *err) {
  struct redis_store *s = l->redis;
  enum gc_code first = GC_OK;
  for (size_t i = 0; i < s->chunk_count; i++) {
    struct chunk *c = &s->chunks[i];
    GC_AUTO(redis_reply_auto) redisReply *reply = NULL;
    if (c->is_done)
      continue;
    GC_TRY(redis_read_reply(s->link, &reply, err));
    enum gc_code code = GC_OK;
    if (reply->type != REDIS_REPLY_ERROR)
      code = note_chunk(l, c, reply, first == GC_OK ? err : NULL);
    else if (strncmp(reply->str, "NOSCRIPT", 8) == 0)
      *ret_missing = true;
    else
      code = script_refused(l, reply->str, first == GC_OK ? err : NULL);
    first = first != GC_OK ? first : code;
  }
  return first;
}

static enum gc_code send_all_chunks(struct ledger *l, struct gc_err *err) {
  struct redis_store *s = l->redis;
  enum gc_code code = GC_OK;
  s->counter_count = 0;
  for (size_t i = 0; i < s->chunk_count && code == GC_OK; i++) {
    struct chunk *c = &s->chunks[i];
    if (c->is_done)
      continue;
    number_counters(l, c);
    code = send_chunk(l, c, err);
    forget_numbers(s, c);
  }
  return code;
}

static enum gc_code count_all(struct ledger *l, struct gc_err *err) {
  bool missing = true;
  for (unsigned i = 0; i < ATTEMPTS && missing; i++) {
    if (i > 0)
      GC_TRY(redis_load_script(l, err));
    missing = false;
    GC_TRY(send_all_chunks(l, err));
    GC_TRY(receive_answers(l, &missing, err));
  }
  return missing ? gc_fail(err, GC_ERR_REMOTE,
                           "Redis does not keep scripts: find the client "
                           "that sends SCRIPT FLUSH")
                 : GC_OK;
}

/* ---- recording the first zeros ---- */

/* Returns false when no identity of the series' scope was taken over. */
static bool add_zero_record(struct ledger *l, const struct series *s) {
  struct redis_words *w = &l->redis->words;
  bool any = false;
  for (unsigned i = 0; i < l->identity_count; i++) {
    const struct identity *id = &l->identities[i];
    if (id->key == 0 || strcmp(id->scope, s->kept.scope) != 0)
      continue;
    redis_add_field(w, id->key, 'z', s);
    redis_word(w, "1", 1);
    any = true;
  }
  return any;
}

static enum gc_code record_zeros(struct ledger *l, struct gc_err *err) {
  struct redis_store *s = l->redis;
  GC_AUTO(redis_reply_auto) redisReply *reply = NULL;
  bool any = false;
  ledger_touch_sent_zeros(l);
  redis_begin_script(l, "EVAL", REDIS_SCRIPT_SET, 0);
  redis_print(&s->words, "%s", s->token);
  for (const struct series *t = l->touched; t != NULL; t = t->next_touched)
    if (t->state == SERIES_FIRST_WRITING && add_zero_record(l, t))
      any = true;
  if (any)
    return redis_run_script(l, &reply, err);
  redis_words_reset(&s->words);
  return GC_OK;
}

/* ---- the transaction ---- */

static enum gc_code count_and_record(struct ledger *l, size_t count,
                                     struct gc_err *err) {
  size_t kept = 0;
  GC_TRY(select_occurrences(l, count, &kept, err));
  make_chunks(l->redis, kept);
  GC_TRY(count_all(l, err));
  return record_zeros(l, err);
}

enum gc_code redis_transact(struct ledger *l, struct batch *batches,
                            size_t count, struct gc_err *err) {
  uint64_t begun_ms = gc_clock_now_ms();
  GC_TRY(ledger_sort_occurrences(l, batches, count, err));
  enum gc_code code = count_and_record(l, count, err);
  ledger_end_transaction(l, code == GC_OK, begun_ms);
  return code;
}
