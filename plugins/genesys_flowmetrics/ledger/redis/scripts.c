/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/ledger/redis/scripts.h"

#include <stdio.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "plugins/genesys_flowmetrics/ledger/redis/internal.h"

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

enum gc_code redis_script_refused(const struct ledger *l, const char *words,
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
             : redis_script_refused(l, (*ret)->str, err);
}

void redis_add_field(struct redis_words *w, char kind, const struct series *s) {
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
