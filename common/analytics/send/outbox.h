/* SPDX-License-Identifier: MIT */
/* The values of one window in the order in which they are sent. They can be
 * saved as a text: after an agent is killed, the values that were in flight are
 * sent again with the same time and the same value, even if the API has other
 * values by then. Pure. */
#ifndef GC_ANALYTICS_SEND_OUTBOX_H
#define GC_ANALYTICS_SEND_OUTBOX_H

#include "common/base/buf.h"
#include "common/genesys/sample.h"

/* One value list. Adjacent entries with the same name share its text: a window
 * of 100,000 values takes a few MB. */
struct gc_outbox_entry {
  int64_t time_ms;
  uint32_t metric;
  uint32_t instance, qualifier, parts; /* offsets in `text` */
  uint32_t values; /* index of its first number in `numbers` */
};

struct gc_outbox {
  struct gc_outbox_entry *at;
  size_t count, cap;
  union gc_number *numbers;
  size_t number_count, number_cap;
  struct gc_buf text;
  uint32_t interval_ms;
};

enum { GC_OUTBOX_TEXT_MAX = 256 << 20 };

GC_API void gc_outbox_reset(struct gc_outbox *o);
GC_API void gc_outbox_clear(struct gc_outbox *o);

/* Copies a sample; its interval is the outbox's. GC_ERR_LIMIT: the outbox is
 * full; GC_ERR_MEMORY. */
GC_API GC_MUST_CHECK enum gc_code gc_outbox_put(struct gc_outbox *o,
                                                const struct gc_sample *sample);
/* Returns the sample with the index `i`; borrowed until the next put. */
GC_API struct gc_sample gc_outbox_get(const struct gc_outbox *o, size_t i);

/* Writes the outbox as text, and reads it back. Any other text is GC_ERR_PARSE
 * and leaves `o` empty. */
GC_MUST_CHECK enum gc_code gc_outbox_write(const struct gc_outbox *o,
                                           struct gc_buf *out);
GC_MUST_CHECK enum gc_code gc_outbox_read(struct gc_outbox *o, const char *text,
                                          size_t len);

#endif
