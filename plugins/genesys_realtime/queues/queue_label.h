/* SPDX-License-Identifier: MIT */
/* Decides which queues and media are shown, and under which label, for the
 * samples of observations and of conversations alike. Pure. */
#ifndef GENESYS_REALTIME_QUEUES_QUEUE_LABEL_H
#define GENESYS_REALTIME_QUEUES_QUEUE_LABEL_H

#include "common/genesys/clean_name.h"
#include "common/genesys/entities.h"
#include "common/genesys/parts.h"
#include "plugins/genesys_realtime/queues/selection.h"

/* The queue of a conversation whose events name none; it is its own label. */
#define QUEUE_UNASSIGNED "unassigned"

enum queue_label { QUEUE_LABEL_NAME, QUEUE_LABEL_ID, QUEUE_LABEL_BOTH };

/* The display options and lists that samples need. All borrowed. */
struct queue_display {
  const struct gc_entities *queues;    /* names; NULL: not known yet */
  const struct gc_entities *presences; /* maps presences that the answer
                                          does not map; may be NULL */
  /* queue->name NULL: not known yet; "": there is none. */
  bool (*accepts)(void *ctx, const struct gc_entry *queue);
  void *accepts_ctx;
  const struct ownership *active; /* blocks of active_conversations; NULL: no
                                     other block has them */
  const struct ownership *depths; /* blocks of queue_depth; NULL: likewise */
  const struct shard
      *shard;         /* queues of other agents are hidden; may be NULL */
  char *const *media; /* only these types; none: all */
  size_t media_count;
  enum queue_label label;
  const char *unassigned; /* label of QUEUE_UNASSIGNED; NULL: that text */
  uint32_t interval_ms;   /* interval of the samples */
};

/* Totals of one reading. */
struct queue_tally {
  size_t series;  /* samples */
  size_t matched; /* queues that the selectors accept */
  size_t unnamed; /* queues held back until their name is known */
};

enum queue_label_result {
  QUEUE_SHOWN,
  QUEUE_HIDDEN,  /* no selector accepts it, it belongs to another agent, or its
                    label is empty */
  QUEUE_UNNAMED, /* held back until its name is known */
};

/* Finds the label of the queue `id`; ret_label is set for QUEUE_SHOWN only. */
enum queue_label_result queue_label_of(const struct queue_display *display,
                                       const char *id,
                                       char ret_label[GC_NAME_SIZE]);

/* Writes the parts of the identities of a queue that is shown: its id, and its
 * name if the label is not the name. */
void queue_label_parts(const struct queue_display *display, const char *id,
                       char ret_parts[GC_PARTS_SIZE]);

/* Returns true if no other block has active_conversations of the queue `id`. */
bool queue_display_has_active(const struct queue_display *display,
                              const char *id);

/* Does the same for queue_depth and queue_interacting. */
bool queue_display_has_depths(const struct queue_display *display,
                              const char *id);

/* Writes the label of conversations without a queue: "unassigned", or
 * "unassigned~2" and so on if a queue of the list has that label. */
void queue_label_unassigned(const struct gc_entities *queues,
                            char ret_label[GC_NAME_SIZE]);

/* Returns true if the medium is shown. "all", the medium of a source without
 * media, is always shown. */
bool queue_display_has_media(const struct queue_display *display,
                             const char *media);

#endif
