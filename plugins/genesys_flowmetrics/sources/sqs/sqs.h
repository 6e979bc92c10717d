/* SPDX-License-Identifier: MIT */
/* The source "sqs": consumers that poll an Amazon SQS queue. Each has a thread
 * with a loop of its own: one long poll is always under way, what was received
 * goes to the ledger, and messages are deleted once it has committed them. A
 * body that is no event is counted and left: the queue's dead-letter policy
 * decides. Whatever fails, messages stay in the queue. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_SQS_SQS_H
#define GENESYS_FLOWMETRICS_SOURCES_SQS_SQS_H

#include "common/base/connect.h"
#include "plugins/genesys_flowmetrics/ledger/ledger.h"
#include "plugins/genesys_flowmetrics/sources/sqs/aws_credentials.h"

/* All borrowed as long as it lives. */
struct sqs_settings {
  const char *queue_url, *region;
  uint32_t consumers, visibility_s;
  const struct gc_connect *connect;
  const struct credentials_source *credentials;
  const struct attribute_form *form;
  const struct ledger_source *source;
  struct ledger *ledger;
  const char *name; /* of the block, for threads */
  /* The outcome of requests, on a consumer's thread. */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;
};

struct sqs;

/* Starts the consumers. NULL and err. */
struct sqs *sqs_start(const struct sqs_settings *settings, struct gc_err *err);
/* Ends the threads at once, whatever they wait for. The ledger may still have
 * batches of theirs: stop it before sqs_free. */
void sqs_stop(struct sqs *s);
void sqs_free(struct sqs *s);

#endif
