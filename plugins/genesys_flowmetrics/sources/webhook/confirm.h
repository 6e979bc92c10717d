/* SPDX-License-Identifier: MIT */
/* Confirms subscriptions of SNS: requests the address that a message of the
 * type SubscriptionConfirmation names. One thread, gc-confirm. Fact: Amazon
 * SNS, "HTTP/HTTPS subscription confirmation JSON format": SNS delivers nothing
 * before. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_WEBHOOK_CONFIRM_H
#define GENESYS_FLOWMETRICS_SOURCES_WEBHOOK_CONFIRM_H

#include "common/base/connect.h"
#include "common/base/transport.h"

struct confirmer;

/* One request; lives in its owner's memory until `done`. */
struct confirmation {
  const char *url; /* borrowed; no message shows it, since its token confirms */
  /* GC_OK: confirmed. Runs exactly once, on the confirmer's thread or inside
   * confirmer_free. */
  void (*done)(struct confirmation *c, const struct gc_err *err);
  void *ctx;

  /* The confirmer's. */
  struct confirmer *owner;
  struct gc_exchange exchange;
  struct confirmation *next;
};

/* The host in `url` is copied to `out`: https, or http on the loopback address,
 * of the action ConfirmSubscription. False for anything else. */
bool confirm_host(const char *url, char *out, size_t size);

/* Starts the thread. Of `connect` it takes CACert and how to verify. NULL and
 * err on failure. */
struct confirmer *confirmer_new(const struct gc_connect *connect,
                                struct gc_err *err);
/* Any thread. */
void confirmer_start(struct confirmer *f, struct confirmation *c);
/* Ends the thread; requests that run end with GC_ERR_STOPPED. NULL is
 * allowed. */
void confirmer_free(struct confirmer *f);

#endif
