/* SPDX-License-Identifier: MIT */
/* The source's own rooms: sqs.c starts and ends it, sqs_consumer.c is what one
 * consumer does, all of it on its loop's thread. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_SQS_INTERNAL_H
#define GENESYS_FLOWMETRICS_SOURCES_SQS_INTERNAL_H

#include "common/base/policy/backoff.h"
#include "common/net/http/http.h"
#include "common/net/loop.h"
#include "plugins/genesys_flowmetrics/sources/sqs/protocol.h"
#include "plugins/genesys_flowmetrics/sources/sqs/receipts.h"
#include "plugins/genesys_flowmetrics/sources/sqs/sqs.h"

#include <stdatomic.h>

enum {
  DELETIONS_MAX = 4, /* requests under way at once */
  HEADER_COUNT = 4,
  TOKEN_HEADER_SIZE = CREDENTIALS_TOKEN_SIZE + 32,
};

/* What one answer held, on its way through the ledger. */
struct delivery {
  struct batch batch; /* first: the ledger hands it back */
  struct consumer *consumer;
  struct receipts receipts; /* of what may be deleted when it is committed */
  enum gc_code code;
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
  struct delivery *filling; /* what the answer under way holds so far */
  struct event_counts counts;
  uint64_t received, poison;
  int64_t newest_sent_ms;
  struct deletion deletions[DELETIONS_MAX];
  struct receipts waiting; /* committed, to be deleted */
  unsigned with_ledger;    /* deliveries */
  struct gc_backoff backoff, commit_backoff;
  struct gc_timer again;
  bool rests, is_up, fails;
};

struct sqs {
  struct sqs_settings settings;
  char endpoint[GC_URL_SIZE];
  char scope[96];
  struct gc_connect connect, metadata_connect;
  char any[2]; /* "*": no proxy for any host */
  struct consumer *consumers;
  uint32_t count;
  atomic_uint failing; /* consumers */
};

/* Sets what a zeroed consumer does; its loop, transports and sqs are there. */
GC_MUST_CHECK enum gc_code consumer_set(struct consumer *c, struct gc_err *err);
/* On the loop's thread: begins. */
void consumer_begin(void *ctx);
/* The outcome of something; a thread at a time. */
void consumer_report(struct consumer *c, const struct gc_err *err);
/* After its loop was stopped and the ledger let go: frees what it holds, but
 * for loop and transports. */
void consumer_clear_work(struct consumer *c);

#endif
