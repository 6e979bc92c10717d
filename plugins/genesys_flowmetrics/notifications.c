/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/notifications.h"

#include <stdlib.h>

struct notifications {
  struct event_reader *reader;
  const struct ledger_source *source;
  struct ledger *ledger;
  stats_count waiting, dropped; /* marks */
};

/* On the ledger's thread. */
static void on_batch(struct batch *b, enum gc_code code) {
  struct notifications *n = b->ctx;
  (void)code; /* counted; the next event of the conversation repeats it */
  n->waiting -= b->count;
  batch_clear(b);
  free(b);
}

static void drop(struct batch *b) {
  batch_clear(b);
  free(b);
}

struct notifications *notifications_new(const struct attribute_form *form,
                                        const struct ledger_source *source,
                                        struct ledger *ledger,
                                        struct gc_err *err) {
  struct notifications *n = calloc(1, sizeof(*n));
  if (n == NULL) {
    gc_fail(err, GC_ERR_MEMORY, "out of memory");
    return NULL;
  }
  n->source = source;
  n->ledger = ledger;
  n->reader = event_reader_new(form, err);
  if (n->reader != NULL)
    return n;
  free(n);
  return NULL;
}

void notifications_free(struct notifications *n) {
  if (n == NULL)
    return;
  event_reader_free(n->reader);
  free(n);
}

void notifications_take(struct notifications *n, const char *bytes,
                        size_t len) {
  struct event_counts counts = {0};
  struct batch *b = calloc(1, sizeof(*b));
  if (b == NULL)
    return;
  *b = (struct batch){.source = n->source, .done = on_batch, .ctx = n};
  const struct event_sink sink = {batch_take, b};
  enum gc_code code = event_read(n->reader, bytes, len, &counts, &sink, NULL);
  stats_events(n->source->stats, &counts);
  if (code != GC_OK || b->count == 0) {
    drop(b);
    return;
  }
  if (n->waiting + b->count > NOTIFICATIONS_MARKS_MOST) {
    n->dropped += b->count;
    drop(b);
    return;
  }
  n->waiting += b->count;
  ledger_submit(n->ledger, b);
}

uint64_t notifications_dropped(struct notifications *n) { return n->dropped; }
