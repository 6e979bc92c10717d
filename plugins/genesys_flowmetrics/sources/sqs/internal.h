/* SPDX-License-Identifier: MIT */
/* The parts of the source: sqs.c starts and ends the consumers; consumer.c is
 * one consumer and runs on its loop's thread; both use protocol.c,
 * receipts.c and clock_pause.c. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_SQS_INTERNAL_H
#define GENESYS_FLOWMETRICS_SOURCES_SQS_INTERNAL_H

#include "common/base/policy/backoff.h"
#include "common/net/http/http.h"
#include "common/net/loop.h"
#include "plugins/genesys_flowmetrics/sources/sqs/clock_pause.h"
#include "plugins/genesys_flowmetrics/sources/sqs/protocol.h"
#include "plugins/genesys_flowmetrics/sources/sqs/receipts.h"
#include "plugins/genesys_flowmetrics/sources/sqs/sqs.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
  DELETIONS_MAX = 4, /* requests under way at once */
  HEADER_COUNT = 4,
  TOKEN_HEADER_SIZE = CREDENTIALS_TOKEN_SIZE + 32,
};

/* The messages of one answer, until the ledger has committed them. */
struct delivery {
  struct batch batch; /* first: on_batch receives its address */
  struct consumer *consumer;
  struct receipts receipts;   /* messages to delete after the commit */
  size_t ends[SQS_BATCH_MAX]; /* per message: number of occurrences up to its
                                 end */
  enum gc_code code;
  uint64_t received_ms; /* monotonic */
};

/* One request, its keys and headers. */
struct request {
  struct gc_exchange exchange;
  struct gc_buf body;
  struct gc_aws_signer signer;
  char key_id[CREDENTIALS_ID_SIZE], secret[CREDENTIALS_SECRET_SIZE];
  char token[TOKEN_HEADER_SIZE];
  const char *headers[HEADER_COUNT];
  bool is_running;
};

struct deletion {
  struct request request;
  struct receipts receipts;
  struct consumer *consumer;
};

struct consumer {
  struct sqs *sqs;
  struct gc_loop *loop;
  struct gc_http *http, *metadata_http;
  struct gc_transport transport, metadata;
  struct credentials_keeper *keys;
  struct event_reader *reader;
  struct sqs_answer *answer;
  struct gc_sink sink;
  struct request receive;
  struct delivery *filling; /* the delivery of the answer that is being read */
  struct event_counts counts;
  uint64_t received, poison;
  int64_t newest_sent_ms;
  struct deletion deletions[DELETIONS_MAX];
  struct receipts committed; /* messages to be deleted */
  unsigned pending;          /* deliveries that the ledger holds */
  struct gc_backoff backoff, commit_backoff;
  struct gc_timer again;
  bool is_pausing, is_up, is_failing;
};

struct sqs {
  struct sqs_settings settings;
  char endpoint[GC_URL_SIZE];
  char scope[96];
  struct gc_connect connect, metadata_connect;
  char no_proxy[2]; /* "*": no proxy for any host */
  struct consumer *consumers;
  uint32_t count;
  atomic_uint failing; /* consumers */
  pthread_mutex_t lock;
  struct clock_pause clock_pause; /* of all consumers; guarded by the lock */
};

/* Prepares a consumer whose loop, transports and sqs are set and whose other
 * members are zero. */
GC_MUST_CHECK enum gc_code consumer_set(struct consumer *c, struct gc_err *err);
/* Begins to poll. Runs on the loop's thread. */
void consumer_begin(void *ctx);
/* Reports the outcome of a request, on the consumer's thread. */
void consumer_report(struct consumer *c, const struct gc_err *err);
/* Frees everything except loop and transports, after the loop and the ledger
 * were stopped. */
void consumer_clear_work(struct consumer *c);

#endif
