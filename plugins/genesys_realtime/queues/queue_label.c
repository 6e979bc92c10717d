/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/queues/queue_label.h"

#include <stdio.h>
#include <string.h>

#include "plugins/genesys_realtime/conversations/conversations.h"

bool view_wants_media(const struct obs_view *view, const char *media) {
  if (view->media_count == 0 || strcmp(media, "all") == 0)
    return true; /* a source that tells no medium is not filtered */
  for (size_t i = 0; i < view->media_count; i++)
    if (strcmp(view->media[i], media) == 0)
      return true;
  return false;
}

/* False: there is nothing to show. With the id in it a label needs no "~2". */
static bool label_of(const struct obs_view *view, const struct gc_entry *e,
                     char label[GC_NAME_SIZE]) {
  bool has_name =
      e->name != NULL && gc_name_clean(label, e->name, strlen(e->name));
  if (view->label == OBS_LABEL_BOTH && has_name)
    gc_label_both(label, e->name, e->id);
  else if (view->label == OBS_LABEL_NAME)
    snprintf(label, GC_NAME_SIZE, "%s", e->label);
  else
    (void)gc_name_clean(label, e->id, strlen(e->id));
  return label[0] != '\0';
}

/* The entry of a queue; one without a name where names are refused or not
 * wanted; false while it is not known. */
static bool entry_of(const struct obs_view *view, const char *id,
                     struct gc_entry *ret_entry) {
  if (strcmp(id, CV_NO_QUEUE) == 0) {
    *ret_entry = (struct gc_entry){id, id, id, ""};
    return true;
  }
  const struct gc_entry *known =
      view->queues != NULL ? gc_entities_find(view->queues, id) : NULL;
  bool refused = view->queues != NULL && gc_entities_is_refused(view->queues);
  if (known == NULL && !refused && view->label != OBS_LABEL_ID)
    return false;
  *ret_entry = known != NULL
                   ? *known
                   : (struct gc_entry){id, refused ? "" : NULL, id, ""};
  return true;
}

enum view_answer view_label(const struct obs_view *view, const char *id,
                            char ret_label[GC_NAME_SIZE]) {
  struct gc_entry entry;
  if (!shard_has(view->shard, id))
    return VIEW_HIDE;
  if (!entry_of(view, id, &entry))
    return VIEW_UNNAMED;
  if (!view->accepts(view->accepts_ctx, &entry) ||
      !label_of(view, &entry, ret_label))
    return VIEW_HIDE;
  return VIEW_SHOW;
}
