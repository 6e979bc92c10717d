/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "plugins/genesys_realtime/observations/observations.h"

/* The metrics that count conversations. */
static const uint32_t counts =
    1u << OBS_WAITING | 1u << OBS_INTERACTING | 1u << OBS_ALERTING;

enum gc_code obs_ids_add(struct obs_ids *ids, const struct uuid_key *more,
                         size_t count) {
  if (count > OBS_LISTED_MAX - ids->count)
    return GC_ERR_LIMIT;
  if (ids->count + count > ids->cap) {
    size_t cap = ids->cap == 0 ? 64 : ids->cap * 2;
    while (cap < ids->count + count)
      cap *= 2;
    struct uuid_key *at = realloc(ids->at, cap * sizeof(*at));
    if (at == NULL)
      return GC_ERR_MEMORY;
    ids->at = at;
    ids->cap = cap;
  }
  if (count > 0)
    memcpy(ids->at + ids->count, more, count * sizeof(*more));
  ids->count += count;
  return GC_OK;
}

void obs_ids_clear(struct obs_ids *ids) {
  free(ids->at);
  *ids = (struct obs_ids){0};
}

static const struct obs_queue *find_queue(const struct observations *o,
                                          const char *id) {
  uint32_t number;
  bool is_found = gc_intern_find(&o->ids, id, strlen(id), &number);
  return is_found && number < o->queue_cap ? &o->queues[number] : NULL;
}

static const struct obs_media *find_media(const struct observations *o,
                                          const struct obs_queue *q,
                                          const char *media) {
  for (size_t i = 0; i < q->media_count; i++)
    if (strcmp(gc_intern_text(&o->media, q->media[i].media), media) == 0)
      return &q->media[i];
  return NULL;
}

uint32_t obs_known_contacts(const struct observations *o,
                            const struct obs_media *m) {
  uint32_t absent = o->absence != OBS_ABSENT_UNKNOWN ? counts : 0;
  if (m == NULL)
    return absent;
  if (m->known & 1u << OBS_LONGEST_WAITING)
    absent &= ~(1u << OBS_WAITING);
  return m->known | (absent & ~m->unreadable);
}

/* A number that the answer omits is 0, and a 0 has no conversations to list. */
bool observations_covers(const struct observations *o, const char *queue,
                         enum cv_media media) {
  const struct obs_queue *q = find_queue(o, queue);
  bool is_there = q != NULL && obs_is_answered(q);
  if (!is_there && o->absence != OBS_ABSENT_ALL)
    return false;
  const struct obs_media *m =
      is_there ? find_media(o, q, cv_media_label(media)) : NULL;
  uint32_t known = m != NULL ? m->known : 0;
  uint32_t listed = m != NULL ? m->listed : 0;
  return ((listed | (obs_known_contacts(o, m) & ~known)) & counts) == counts;
}

bool observations_next_contacts(const struct observations *o,
                                struct obs_cursor *at,
                                struct obs_contacts *ret) {
  size_t queues = o->ids.count < o->queue_cap ? o->ids.count : o->queue_cap;
  for (; at->queue < queues; at->queue++, at->media = 0) {
    const struct obs_queue *q = &o->queues[at->queue];
    while (at->media < q->media_count) {
      const struct obs_media *m = &q->media[at->media++];
      if ((obs_known_contacts(o, m) & counts) != counts)
        continue;
      const char *media = gc_intern_text(&o->media, m->media);
      *ret = (struct obs_contacts){
          .queue = gc_intern_text(&o->ids, (uint32_t)at->queue),
          .media = media,
          .cv_media = cv_media_find(media),
          .waiting = m->waiting,
          .alerting = m->alerting,
          .interacting = m->interacting};
      return true;
    }
  }
  return false;
}
