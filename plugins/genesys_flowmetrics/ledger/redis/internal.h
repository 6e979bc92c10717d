/* SPDX-License-Identifier: MIT */
/* The store in Redis, its two rooms: ledger_redis.c the connection's life and
 * what is loaded from it, ledger_redis_count.c one transaction.
 *
 *   genesys:{flowmetrics}:seen:MINUTE      hash: 96 bits of the mark -> ""
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
  /* A script is one piece: nobody else is served meanwhile, some ms. */
  REDIS_CHUNK_MARKS = 500,
};

/* A series on the account of an identity, in a script. */
struct counter {
  struct series *series;
  unsigned identity;
};

/* One script of a transaction: marks l->refs[first…], counters likewise. */
struct chunk {
  size_t first, count, first_counter, counter_count;
  bool is_done;
};

struct shared {
  struct redis_link *link;
  char token[REDIS_TOKEN_SIZE], count_sha[REDIS_SHA_SIZE];
  struct redis_words words;
  struct counter *counters;
  size_t counter_count, counter_cap;
  struct chunk *chunks;
  size_t chunk_count, chunk_cap;
  uint64_t answer_ms; /* monotonic, of the last good answer */
};

/* The first words of a script: EVALSHA or EVAL, how many keys, those of the
 * identities (`more` keys follow). */
void redis_script_words(struct ledger *l, const char *verb, const char *script,
                        size_t more);
/* A field of an identity's hash. */
void redis_field(struct redis_words *w, char kind, const struct series *s);
/* (Re)loads the script that counts, which a server may have forgotten. */
GC_MUST_CHECK enum gc_code redis_load_script(struct ledger *l,
                                             struct gc_err *err);
void redis_close(struct ledger *l);

GC_MUST_CHECK enum gc_code redis_transact(struct ledger *l,
                                          struct batch *batches, size_t count,
                                          struct gc_err *err);
/* Counts one mark that is none of anybody's: may we do all that it takes? */
GC_MUST_CHECK enum gc_code redis_probe(struct ledger *l, struct gc_err *err);

#endif
