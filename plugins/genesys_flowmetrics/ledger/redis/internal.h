/* SPDX-License-Identifier: MIT */
/* The store in Redis: store.c opens it, loads the counters and drops old keys,
 * transaction.c runs the scripts and does one transaction.
 *
 *   genesys:{flowmetrics}:seen:MINUTE      hash: 96 bits of the key -> ""
 *   genesys:{flowmetrics}:minutes          sorted set: the minutes of these
 *   genesys:{flowmetrics}:kept             hash:
 *     keep                         minutes for which keys are kept: the longest
 *                                  Retention of any agent, plus an hour
 *     floor                        keys before this minute were dropped; an
 *                                  attribute before it is late
 *   genesys:{flowmetrics}:count:HOST/BLOCK hash of an identity:
 *     owner                        token of the process that counts for it;
 *                                  with a lease, of its holder
 *     c:LEN:FLOW:METRIC            count; LEN: bytes of FLOW
 *     s:…                          sum of the values, if there were any
 *     t:…                          minute when it was last counted
 *     l:…                          FLOW-LABEL/METRIC-LABEL of the series
 *     z:…                          its first 0 has been dispatched
 *
 * Keys do not expire, because then the server's clock alone would decide. An
 * agent deletes keys when they are old by its own clock and by the server's,
 * and raises the floor in the same script.
 *
 * The tag {flowmetrics} keeps all keys of a script in one slot of a cluster. */
#ifndef GENESYS_FLOWMETRICS_LEDGER_REDIS_INTERNAL_H
#define GENESYS_FLOWMETRICS_LEDGER_REDIS_INTERNAL_H

#include "plugins/genesys_flowmetrics/ledger/internal.h"

#define REDIS_KEYS "genesys:{flowmetrics}:"

enum {
  REDIS_SHA_SIZE = 41,
  REDIS_TOKEN_SIZE = 33,
  /* Redis serves no other client while a script runs: some ms for this number.
   */
  REDIS_CHUNK_OCCURRENCES = 500,
  REDIS_DIFFERENCE_MAX_S = 10 * 60, /* clocks' difference without a report */
};

/* A counter in a script: a series of an identity. */
struct counter {
  struct series *series;
  unsigned identity;
};

/* One script of a transaction: a range of l->refs and a range of the counters.
 */
struct chunk {
  size_t first, count, first_counter, counter_count;
  bool is_done;
};

struct redis_store {
  struct redis_link *link;
  char token[REDIS_TOKEN_SIZE], count_sha[REDIS_SHA_SIZE];
  struct redis_words words;
  struct counter *counters;
  size_t counter_count, counter_cap;
  struct chunk *chunks;
  size_t chunk_count;
  int64_t server_ms;       /* the server's wall clock, epoch ms */
  uint64_t server_at_ms;   /* when server_ms was read, monotonic ms */
  uint64_t next_upkeep_ms; /* monotonic */
  uint64_t next_check_ms;  /* of the server's settings; monotonic */
};

/* ---- transaction.c ---- */

struct redisReply;
void redis_reply_auto(struct redisReply **r);
/* Begins a command: EVALSHA or EVAL, the script, the number of keys, and the
 * keys of the identities with a key. The caller adds `more` keys. */
void redis_begin_script(struct ledger *l, const char *verb, const char *script,
                        size_t more);
/* Sends the script and returns its answer, as redis_request does.
 * GC_ERR_UNAVAILABLE: refused, since another agent has got the lease and taken
 * an identity over. GC_ERR_STATE: another agent has taken it over although this
 * one has the lease, so both use different leases. */
GC_MUST_CHECK enum gc_code
redis_run_script(struct ledger *l, struct redisReply **ret, struct gc_err *err);
/* Adds the number of an identity, and a field of its hash. */
void redis_add_field(struct redis_words *w, unsigned key, char kind,
                     const struct series *s);
/* Loads the script that counts; again when the server has forgotten it. */
GC_MUST_CHECK enum gc_code redis_load_script(struct ledger *l,
                                             struct gc_err *err);
/* Counts an occurrence without a series in this minute, to check that the
 * server permits all commands that counting needs. */
GC_MUST_CHECK enum gc_code redis_probe(struct ledger *l, uint32_t minute,
                                       struct gc_err *err);

struct ledger_clock redis_clock(const struct ledger *l);

/* Counts the occurrences of the batches. After a failure it is not known which
 * of them were counted: close the store. The next opening reads the counters
 * again. */
GC_MUST_CHECK enum gc_code redis_transact(struct ledger *l,
                                          struct batch *batches, size_t count,
                                          struct gc_err *err);

/* Returns the rights that the user of the store needs. It may lack CONFIG: its
 * absence is an advice of redis_read_durability. */
struct redis_rights redis_store_rights(void);

/* Reads how durable the server is: `ret_advice` gets a warning
 * with the setting to change, or GC_OK: no count can be lost. `words` is
 * scratch space. */
GC_MUST_CHECK enum gc_code redis_read_durability(struct redis_link *link,
                                                 struct redis_words *words,
                                                 struct gc_err *ret_advice,
                                                 struct gc_err *err);

#endif
