/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/queues/queue_label.h"

#include <stdio.h>
#include <string.h>

bool queue_display_has_media(const struct queue_display *display,
                             const char *media) {
  if (display->media_count == 0 || strcmp(media, "all") == 0)
    return true;
  for (size_t i = 0; i < display->media_count; i++)
    if (strcmp(display->media[i], media) == 0)
      return true;
  return false;
}

static bool is_label_taken(const struct gc_entities *queues,
                           const char *label) {
  for (size_t i = 0; i < gc_entities_count(queues); i++)
    if (strcmp(gc_entities_at(queues, i)->label, label) == 0)
      return true;
  return false;
}

void queue_label_unassigned(const struct gc_entities *queues,
                            char ret_label[GC_NAME_SIZE]) {
  snprintf(ret_label, GC_NAME_SIZE, "%s", QUEUE_UNASSIGNED);
  for (unsigned n = 2; queues != NULL && is_label_taken(queues, ret_label); n++)
    snprintf(ret_label, GC_NAME_SIZE, "%s~%u", QUEUE_UNASSIGNED, n);
}

/* Writes the label of an entry. Returns false when the label is empty. A label
 * that contains the id needs no "~2". The label of an entry without a name is
 * the id as the platform sent it, so that it is cleaned here. */
static bool write_label(const struct queue_display *display,
                        const struct gc_entry *e, char label[GC_NAME_SIZE]) {
  bool has_name =
      e->name != NULL && gc_name_clean(label, e->name, strlen(e->name));
  if (display->label == QUEUE_LABEL_BOTH && has_name)
    gc_label_both(label, e->name, e->id);
  else if (display->label == QUEUE_LABEL_NAME)
    (void)gc_name_clean(label, e->label, strlen(e->label));
  else
    (void)gc_name_clean(label, e->id, strlen(e->id));
  return label[0] != '\0';
}

/* Finds the entry of a queue. The entry may lack a name if the list is refused
 * or the label is the id. Returns false while the name is not known. */
static bool entry_of(const struct queue_display *display, const char *id,
                     struct gc_entry *ret_entry) {
  if (strcmp(id, QUEUE_UNASSIGNED) == 0) {
    const char *label = display->unassigned != NULL ? display->unassigned : id;
    *ret_entry = (struct gc_entry){id, label, label, ""};
    return true;
  }
  const struct gc_entry *known =
      display->queues != NULL ? gc_entities_find(display->queues, id) : NULL;
  bool refused =
      display->queues != NULL && gc_entities_is_refused(display->queues);
  if (known == NULL && !refused && display->label != QUEUE_LABEL_ID)
    return false;
  *ret_entry = known != NULL
                   ? *known
                   : (struct gc_entry){id, refused ? "" : NULL, id, ""};
  return true;
}

static bool is_left(const struct queue_display *display,
                    const struct ownership *part, const char *id) {
  struct gc_entry entry;
  return part == NULL || (entry_of(display, id, &entry) &&
                          !ownership_is_taken(part, entry.name, id));
}

bool queue_display_has_active(const struct queue_display *display,
                              const char *id) {
  return is_left(display, display->active, id);
}

bool queue_display_has_depths(const struct queue_display *display,
                              const char *id) {
  return is_left(display, display->depths, id);
}

enum queue_label_result queue_label_of(const struct queue_display *display,
                                       const char *id,
                                       char ret_label[GC_NAME_SIZE]) {
  struct gc_entry entry;
  if (!shard_has(display->shard, id))
    return QUEUE_HIDDEN;
  if (!entry_of(display, id, &entry))
    return QUEUE_UNNAMED;
  if (!display->accepts(display->accepts_ctx, &entry) ||
      !write_label(display, &entry, ret_label))
    return QUEUE_HIDDEN;
  return QUEUE_SHOWN;
}

void queue_label_parts(const struct queue_display *display, const char *id,
                       char ret_parts[GC_PARTS_SIZE]) {
  struct gc_entry entry;
  ret_parts[0] = '\0';
  (void)gc_parts_add(ret_parts, GC_PARTS_SIZE, "queue_id", id);
  if (display->label != QUEUE_LABEL_NAME && entry_of(display, id, &entry) &&
      entry.name != NULL && entry.name[0] != '\0')
    (void)gc_parts_add(ret_parts, GC_PARTS_SIZE, "queue_name", entry.label);
}
