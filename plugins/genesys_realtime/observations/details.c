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

static const struct obs_media *
find_media(const struct observations *o, const char *queue, const char *media) {
  uint32_t number;
  if (!gc_intern_find(&o->ids, queue, strlen(queue), &number) ||
      number >= o->queue_cap)
    return NULL;
  const struct obs_queue *q = &o->queues[number];
  for (size_t i = 0; i < q->media_count; i++)
    if (strcmp(gc_intern_text(&o->media, q->media[i].media), media) == 0)
      return &q->media[i];
  return NULL;
}

/* A number that an activity answer omits is 0 and has no conversations. */
static uint32_t implied(const struct observations *o, uint32_t known) {
  return o->zero_when_absent ? counts & ~known : 0;
}

bool observations_covers(const struct observations *o, const char *queue,
                         enum cv_media media) {
  const struct obs_media *m = find_media(o, queue, cv_media_label(media));
  uint32_t known = m != NULL ? m->known : 0;
  uint32_t listed = m != NULL ? m->listed : 0;
  return ((listed | implied(o, known)) & counts) == counts;
}

bool observations_next_contacts(const struct observations *o,
                                struct obs_cursor *at,
                                struct obs_contacts *ret) {
  size_t queues = o->ids.count < o->queue_cap ? o->ids.count : o->queue_cap;
  for (; at->queue < queues; at->queue++, at->media = 0) {
    const struct obs_queue *q = &o->queues[at->queue];
    while (at->media < q->media_count) {
      const struct obs_media *m = &q->media[at->media++];
      if (((m->known | implied(o, m->known)) & counts) != counts)
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
