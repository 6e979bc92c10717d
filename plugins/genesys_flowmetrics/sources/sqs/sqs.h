/* SPDX-License-Identifier: MIT */
/* The source "sqs": consumers that poll an Amazon SQS queue. Each has a thread
 * with its own loop: one long poll is always under way, the received events go
 * to the ledger, and their messages are deleted once they are committed. A body
 * that is no event is counted and not deleted, which leaves it to the queue's
 * dead-letter policy. After any failure the messages stay in the queue. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_SQS_SQS_H
#define GENESYS_FLOWMETRICS_SOURCES_SQS_SQS_H

#include "common/base/connect.h"
#include "plugins/genesys_flowmetrics/ledger/ledger.h"
#include "plugins/genesys_flowmetrics/sources/sqs/aws_credentials.h"

/* As configured. */
struct sqs_options {
  char *queue_url, *region, *access_key_id, *secret_access_key_file;
  uint32_t consumers, visibility_s;
};

/* All borrowed as long as it lives. */
struct sqs_settings {
  const struct sqs_options *options;
  const struct gc_connect *connect;
  const struct credentials_source *credentials;
  const struct attribute_form *form;
  const struct ledger_source *source;
  struct ledger *ledger;
  /* The outcome of requests, on a consumer's thread. */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;
};

struct sqs;

/* Starts the consumers. NULL and err. */
struct sqs *sqs_start(const struct sqs_settings *settings, struct gc_err *err);
/* Ends the threads at once. The ledger may still hold their batches; call
 * ledger_stop before sqs_free. */
void sqs_stop(struct sqs *s);
void sqs_free(struct sqs *s);

#endif
