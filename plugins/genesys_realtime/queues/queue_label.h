/* SPDX-License-Identifier: MIT */
/* Under which label a queue is shown, and whether it is: what the samples of
 * observations and of conversations have in common. Pure. */
#ifndef GENESYS_REALTIME_QUEUES_QUEUE_LABEL_H
#define GENESYS_REALTIME_QUEUES_QUEUE_LABEL_H

#include "common/genesys/clean_name.h"
#include "plugins/genesys_realtime/observations/observations.h"

enum view_answer {
  VIEW_SHOW,
  VIEW_HIDE,    /* no selector accepts it, it is another agent's, or there is
                   nothing to show */
  VIEW_UNNAMED, /* held back until its name is known */
};

/* The label of the queue `id`; set for VIEW_SHOW only. */
enum view_answer view_label(const struct obs_view *view, const char *id,
                            char ret_label[GC_NAME_SIZE]);

bool view_wants_media(const struct obs_view *view, const char *media);

#endif
