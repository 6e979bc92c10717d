/* SPDX-License-Identifier: MIT */
/* The store in Redis: store.c opens it and loads the counters, transaction.c
 * does one transaction, scripts.c below both runs scripts.
 *
 *   genesys:{flowmetrics}:seen:MINUTE      hash: 96 bits of the key -> ""
 *   genesys:{flowmetrics}:count:HOST/BLOCK hash of an identity:
 *     owner                        token of the process that counts for it
 *     c:LEN:FLOW:METRIC            count; LEN: bytes of FLOW
 *     s:…                          sum of the values, if there were any
 *     t:…                          minute when it was last counted
 *     l:…                          FLOW-LABEL/METRIC-LABEL of the identities
 *     z:…                          its first 0 has been dispatched
 *
 * The tag {flowmetrics} keeps all keys of a script in one slot of a cluster. */
#ifndef GENESYS_FLOWMETRICS_LEDGER_REDIS_INTERNAL_H
#define GENESYS_FLOWMETRICS_LEDGER_REDIS_INTERNAL_H

#include "plugins/genesys_flowmetrics/ledger/internal.h"

#define REDIS_KEYS "genesys:{flowmetrics}:"

enum {
  REDIS_SHA_SIZE = 41,
  REDIS_TOKEN_SIZE = 33,
  /* Redis serves no other client while a script runs, some ms. */
  REDIS_CHUNK_OCCURRENCES = 500,
};

/* A series on the account of an identity, in a script. */
struct counter {
  struct series *series;
  unsigned identity;
};

/* One script of a transaction: a range of l->refs, from first on, and a range
 * of the counters. */
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
  size_t chunk_count, chunk_cap;
  uint64_t answer_ms; /* monotonic, of the last good answer */
};

/* ---- scripts.c ---- */

struct redisReply;
void redis_reply_auto(struct redisReply **r);
/* Begins the command that runs a script: EVALSHA or EVAL, the number of keys,
 * the keys of the identities (`more` keys follow). */
void redis_begin_script(struct ledger *l, const char *verb, const char *script,
                        size_t more);
/* Adds the name of a field of an identity's hash. */
void redis_add_field(struct redis_words *w, char kind, const struct series *s);
/* (Re)loads the script that counts; a server may forget it. */
GC_MUST_CHECK enum gc_code redis_load_script(struct ledger *l,
                                             struct gc_err *err);
/* Counts an occurrence of no series, to check that the server permits
 * everything that counting takes. */
GC_MUST_CHECK enum gc_code redis_probe(struct ledger *l, struct gc_err *err);

/* ---- transaction.c ---- */

/* After a failure it is unknown which occurrences were counted: close the
 * store. The next opening reads the counters again. */
GC_MUST_CHECK enum gc_code redis_transact(struct ledger *l,
                                          struct batch *batches, size_t count,
                                          struct gc_err *err);

#endif
