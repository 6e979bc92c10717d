/* SPDX-License-Identifier: MIT */
/* How many conversations are in which flow, by medium: what oFlow tells at one
 * moment. Pure; bounded; one thread at a time. */
#ifndef GENESYS_FLOWMETRICS_FLOWS_COUNTS_H
#define GENESYS_FLOWMETRICS_FLOWS_COUNTS_H

#include "common/analytics/series_name.h"
#include "common/base/intern.h"
#include "common/genesys/sample.h"

enum { FLOW_ID_SIZE = 65, FLOW_MEDIA_SIZE = 33 };

/* Pairs of flow and medium, and their counts. */
struct flow_counts {
  struct gc_intern pairs; /* "ID\x1fMEDIUM"; .most is set by the owner */
  int64_t *at;            /* by number */
  size_t cap;
};

/* Adds to a pair. GC_ERR_LIMIT past the most, GC_ERR_MEMORY. */
GC_MUST_CHECK enum gc_code flow_counts_add(struct flow_counts *c,
                                           const char *flow, const char *media,
                                           int64_t count);
/* The same, in place of what it was. */
GC_MUST_CHECK enum gc_code flow_counts_set(struct flow_counts *c,
                                           const char *flow, const char *media,
                                           int64_t count);
/* Number `i`, below pairs.count; cuts the flow's id out into `flow`. */
void flow_counts_get(const struct flow_counts *c, uint32_t i,
                     char flow[FLOW_ID_SIZE], const char **ret_media,
                     int64_t *ret_count);
void flow_counts_clear(struct flow_counts *c); /* `max` stays */

/* Which flows a block is about. Borrowed. */
struct flow_choice {
  const struct gc_entities *flows;
  char *const *selectors; /* base/glob */
  size_t selector_count;
};
/* False also for a flow whose name is not known but would have to be. */
bool flow_choice_has(const struct flow_choice *c, const char *flow);

/* What is the case after a complete answer, in `now`, which is empty: its pairs
 * of chosen flows, and those that `before` had and it has not, as 0: nobody is
 * there any more. `ret_overflow`: pairs of it past now->pairs.most. */
GC_MUST_CHECK enum gc_code flow_counts_merge(const struct flow_counts *before,
                                             const struct flow_counts *answer,
                                             const struct flow_choice *choice,
                                             struct flow_counts *now,
                                             uint64_t *ret_overflow);

/* True when there is a flow that a newer list might name. */
bool flow_counts_lack_names(const struct flow_counts *c,
                            const struct flow_choice *choice);

struct flow_counts_view {
  struct flow_choice choice;
  const struct gc_naming *naming;
  int64_t time_ms; /* when the answer came */
  uint32_t interval_ms;
};

struct flow_counts_tally {
  size_t series;
  size_t matched, unnamed; /* pairs: chosen, held back for want of a name */
};

/* Puts flow_active of all that is chosen and has a name. */
void flow_counts_samples(const struct flow_counts *c,
                         const struct flow_counts_view *view,
                         const struct gc_samples *out,
                         struct flow_counts_tally *ret_tally);

#endif
