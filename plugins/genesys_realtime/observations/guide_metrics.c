/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/observations/guide_metrics.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/url.h"

/* ---- the request ---- */

enum gc_code queue_metrics_query(const char *const *ids, size_t count,
                                 struct gc_buf *out) {
  GC_TRY(gc_buf_print(out, "queueIds="));
  for (size_t i = 0; i < count; i++) {
    if (i > 0)
      GC_TRY(gc_buf_print(out, ","));
    GC_TRY(gc_url_add_value(out, ids[i]));
  }
  return gc_buf_print(out,
                      "&metricNames=queued,waiting,agentAvailable,agentBusy");
}

/* ---- the names ---- */

static bool has_name(const struct observations *o, const char *id) {
  uint32_t queue;
  return gc_intern_find(&o->ids, id, strlen(id), &queue) &&
         queue < o->queue_cap && o->queues[queue].guide_name != 0;
}

/* Lists the names of the reading, then those of the queues that it names not.
 * Returns their number. */
static size_t list_names(const struct observations *o,
                         const struct gc_entities *before,
                         struct gc_named *ret_named) {
  size_t count = 0;
  for (uint32_t i = 0; i < o->ids.count && i < o->queue_cap; i++)
    if (o->queues[i].guide_name != 0)
      ret_named[count++] = (struct gc_named){
          gc_intern_text(&o->ids, i),
          gc_intern_text(&o->guide_names, o->queues[i].guide_name - 1)};
  for (size_t i = 0; before != NULL && i < gc_entities_count(before); i++) {
    const struct gc_entry *e = gc_entities_at(before, i);
    if (!has_name(o, e->id))
      ret_named[count++] = (struct gc_named){e->id, e->name};
  }
  return count;
}

struct gc_entities *queue_metrics_names(const struct observations *o,
                                        const struct gc_entities *before,
                                        struct gc_labels *labels) {
  size_t max = o->ids.count + (before != NULL ? gc_entities_count(before) : 0);
  struct gc_named *named = calloc(max + 1, sizeof(*named));
  struct gc_entry *entries = calloc(max + 1, sizeof(*entries));
  struct gc_entities *entities = NULL;
  size_t count = named != NULL ? list_names(o, before, named) : 0;
  bool done = named != NULL && entries != NULL;
  if (done)
    gc_labels_assign(labels, named, count, NULL, NULL);
  for (size_t i = 0; done && i < count; i++)
    entries[i] = (struct gc_entry){named[i].id, named[i].name,
                                   gc_labels_get(labels, named[i].id), ""};
  if (done)
    entities = gc_entities_new(entries, count, true);
  free(named);
  free(entries);
  return entities;
}
