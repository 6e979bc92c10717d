/* SPDX-License-Identifier: MIT */
/* The model of the plugin genesys_sprout, which is the number of queues that
 * the account can see, and its pure functions: bytes → model → samples. */
#ifndef GC_SPROUT_SPROUT_H
#define GC_SPROUT_SPROUT_H

#include "common/base/transport.h"
#include "common/genesys/sample.h"

#include <stdint.h>

/* The content of one answer. */
struct sprout {
  uint64_t queues;
};

/* Reads one answer of GET /api/v2/routing/queues, {"total": 12, …}, as it
 * comes. One thread at a time. */
struct sprout_decoder;
struct sprout_decoder *sprout_decoder_new(void);
void sprout_decoder_free(struct sprout_decoder *d);
struct gc_sink sprout_decoder_sink(struct sprout_decoder *d);
/* Ends the answer after its last byte. GC_ERR_PARSE when the answer is cut off
 * or has no number; `ret` is then unchanged. */
GC_MUST_CHECK enum gc_code sprout_decoder_finish(struct sprout_decoder *d,
                                                 struct sprout *ret,
                                                 struct gc_err *err);

/* Puts the block's values under `instance` ("sprout-NAME"). `newest` NULL: the
 * source does not answer; its state and age are then reported, but no number of
 * queues, because silence is not zero. `age_ms`: time since the newest answer;
 * negative: none yet. */
void sprout_samples(const struct sprout *newest, int64_t age_ms,
                    const char *instance, uint32_t interval_ms,
                    const struct gc_samples *out);

#endif
