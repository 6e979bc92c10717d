/* SPDX-License-Identifier: MIT */
/* Records which series has an identity. The names of series (series_name.h)
 * are made so that no two have one, except by an accident of a hash, or if the
 * platform gives an id that is another's name. Should that happen, the first
 * series keeps the identity, and the other one is not sent. Pure; one thread at
 * a time. */
#ifndef GC_ANALYTICS_IDENTITY_CLAIMS_H
#define GC_ANALYTICS_IDENTITY_CLAIMS_H

#include "common/analytics/series.h"
#include "common/analytics/series_name.h"

struct gc_identity_claims {
  struct gc_intern identities; /* their hashes as text */
  uint32_t *series;            /* indexed by the number of the identity */
  size_t cap;
};

/* Claims the identity `id` for series `number` of the set, for which it is
 * made. False when another series has it, and still has that name. True without
 * memory. */
GC_API bool gc_identity_claim(struct gc_identity_claims *c,
                              const struct gc_samples_view *view,
                              const struct gc_series_set *set, uint32_t number,
                              const struct gc_identity *id);
GC_API void gc_identity_claims_clear(struct gc_identity_claims *c);

#endif
