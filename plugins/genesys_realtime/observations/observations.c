/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/observations/observations.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

/* More than any organisation has. An answer with more fails before it takes the
 * memory. */
enum {
  QUEUES_MAX = 200000,
  MEDIA_MAX = 64,
  STATUSES_MAX = 64,
  PRESENCES_MAX = 4096,
};

const struct obs_metric_row obs_metrics[OBS_METRIC_COUNT] = {
#define XX(id, name, about, conversations)                                     \
  [OBS_##id] = {name, sizeof(name) - 1, about, conversations},
    OBS_METRIC_MAP(XX)
#undef XX
};

struct observations *observations_new(void) {
  struct observations *o = gc_zalloc(1, sizeof(*o));
  o->ids.max = QUEUES_MAX;
  o->media.max = MEDIA_MAX;
  o->statuses.max = STATUSES_MAX;
  o->presences.max = PRESENCES_MAX;
  o->systems.max = PRESENCES_MAX;
  o->others.max = GC_OTHER_NAMES_MAX;
  o->guide_names.max = QUEUES_MAX;
  atomic_init(&o->references, 1);
  return o;
}

struct observations *observations_get(struct observations *o) {
  if (o != NULL)
    atomic_fetch_add(&o->references, 1);
  return o;
}

void observations_put(struct observations *o) {
  if (o == NULL || atomic_fetch_sub(&o->references, 1) != 1)
    return;
  for (size_t i = 0; i < o->queue_cap; i++) {
    free(o->queues[i].media);
    free(o->queues[i].qualified);
    free(o->queues[i].others);
    free(o->queues[i].guide);
  }
  free(o->queues);
  free(o->system_of);
  gc_entities_put(o->names);
  obs_ids_clear(&o->listed);
  gc_intern_clear(&o->ids);
  gc_intern_clear(&o->media);
  gc_intern_clear(&o->statuses);
  gc_intern_clear(&o->presences);
  gc_intern_clear(&o->systems);
  gc_intern_clear(&o->others);
  gc_intern_clear(&o->guide_names);
  free(o);
}

/* Makes queues[number] for every number of `ids`. */
static enum gc_code make_queues(struct observations *o) {
  if (o->ids.count <= o->queue_cap)
    return GC_OK;
  size_t cap = o->queue_cap * 2 > o->ids.cap ? o->queue_cap * 2 : o->ids.cap;
  struct obs_queue *queues = realloc(o->queues, cap * sizeof(*queues));
  if (queues == NULL)
    return GC_ERR_MEMORY;
  memset(queues + o->queue_cap, 0, (cap - o->queue_cap) * sizeof(*queues));
  o->queues = queues;
  o->queue_cap = cap;
  return GC_OK;
}

static struct obs_media *media_of(struct observations *o, struct obs_queue *q,
                                  uint32_t media) {
  for (size_t i = 0; i < q->media_count; i++)
    if (q->media[i].media == media)
      return &q->media[i];

  struct obs_media *all =
      realloc(q->media, (q->media_count + 1) * sizeof(*all));
  if (all == NULL)
    return NULL;
  q->media = all;
  o->groups++;
  all[q->media_count] = (struct obs_media){.media = media};
  return &all[q->media_count++];
}

static void note_all_agents(struct observations *o, struct obs_queue *q,
                            const struct obs_fact *f) {
  if (f->is_partial)
    return;
  o->groups += !q->has_agents;
  q->has_agents = true;
}

/* Returns true for a fact without a time that repeats the last such fact. */
static bool is_repeat(struct obs_media *m, const struct obs_fact *f) {
  uint16_t bit = (uint16_t)(1u << f->metric);
  if (f->at_ms > 0 || !f->is_partial)
    return false;
  bool is_same = (m->has_undated & bit) && m->undated[f->metric] == f->value;
  m->undated[f->metric] = f->value;
  m->has_undated |= bit;
  return is_same;
}

/* Forgets the oldest contact if the number of waiting contacts is 0 and was not
 * reported earlier than the oldest contact. */
static void forget_oldest(struct obs_media *m) {
  if (m->known & 1u << OBS_WAITING && m->waiting == 0 &&
      m->reported_ms[OBS_LONGEST_WAITING] <= m->reported_ms[OBS_WAITING])
    m->known &= (uint16_t) ~(1u << OBS_LONGEST_WAITING);
}

/* Returns true for a newer fact and notes its time. A fact without a time is
 * always newer, and its time is not noted. */
static bool is_newer(const struct obs_fact *f, int64_t *reported_ms) {
  if (f->at_ms > 0 && f->at_ms < *reported_ms)
    return false;
  if (f->at_ms > 0)
    *reported_ms = f->at_ms;
  return true;
}

static enum gc_code add_contacts(struct observations *o, struct obs_queue *q,
                                 const struct obs_fact *f) {
  struct obs_media *m = media_of(o, q, f->media);
  if (m == NULL)
    return GC_ERR_MEMORY;
  uint16_t bit = (uint16_t)(1u << f->metric);
  if (f->is_unreadable) {
    m->unreadable |= bit;
    return GC_OK;
  }
  int64_t *const places[] = {[OBS_WAITING] = &m->waiting,
                             [OBS_INTERACTING] = &m->interacting,
                             [OBS_ALERTING] = &m->alerting,
                             [OBS_LONGEST_WAITING] = &m->oldest_ms};
  if (is_repeat(m, f) || !is_newer(f, &m->reported_ms[f->metric]))
    return GC_OK;
  *places[f->metric] = f->value;
  bool is_none = f->metric == OBS_LONGEST_WAITING && f->value == 0;
  m->known = (uint16_t)(is_none ? m->known & ~bit : m->known | bit);
  m->listed = (uint16_t)(f->is_listed ? m->listed | bit : m->listed & ~bit);
  forget_oldest(m);
  return GC_OK;
}

/* Removes the counts of the fact's status that are divided where the fact is
 * not, or the reverse: both have the same agents. Returns false if they are
 * newer than the fact. */
static bool remove_other_division(struct obs_queue *q,
                                  const struct obs_fact *f) {
  size_t kept = 0;
  bool is_latest = true;
  for (size_t i = 0; i < q->qualified_count; i++) {
    struct obs_qualified *there = &q->qualified[i];
    bool is_other = there->metric == f->metric &&
                    there->qualifier == f->qualifier &&
                    (there->secondary == 0) != (f->secondary == 0);
    if (is_other && is_newer(f, &there->reported_ms))
      continue;
    is_latest = is_latest && !is_other;
    q->qualified[kept++] = *there;
  }
  q->qualified_count = kept;
  return is_latest;
}

static enum gc_code add_qualified(struct obs_queue *q,
                                  const struct obs_fact *f) {
  if (!remove_other_division(q, f))
    return GC_OK;
  for (size_t i = 0; i < q->qualified_count; i++) {
    struct obs_qualified *there = &q->qualified[i];
    if (there->metric == f->metric && there->qualifier == f->qualifier &&
        there->secondary == f->secondary) {
      if (is_newer(f, &there->reported_ms))
        there->count = f->value;
      return GC_OK;
    }
  }
  struct obs_qualified *all =
      realloc(q->qualified, (q->qualified_count + 1) * sizeof(*all));
  if (all == NULL)
    return GC_ERR_MEMORY;
  q->qualified = all;
  all[q->qualified_count++] =
      (struct obs_qualified){.metric = (enum obs_metric)f->metric,
                             .qualifier = f->qualifier,
                             .secondary = f->secondary,
                             .count = f->value,
                             .reported_ms = f->at_ms};
  return GC_OK;
}

static void add_agents(struct obs_queue *q, const struct obs_fact *f) {
  bool is_active = f->metric == OBS_ACTIVE_USERS;
  if (!is_newer(f, is_active ? &q->active_reported_ms : &q->member_reported_ms))
    return;
  q->known |= 1u << f->metric;
  *(is_active ? &q->active : &q->member) = f->value;
}

/* Adds the number, unless the queue has a newer one. */
static enum gc_code add_other(struct obs_queue *q, const struct obs_fact *f) {
  for (size_t i = 0; i < q->other_count; i++) {
    struct obs_other *there = &q->others[i];
    if (there->name != f->qualifier || there->media != f->media)
      continue;
    if (is_newer(f, &there->reported_ms))
      there->number = f->number;
    return GC_OK;
  }
  struct obs_other *all =
      realloc(q->others, (q->other_count + 1) * sizeof(*all));
  if (all == NULL)
    return GC_ERR_MEMORY;
  q->others = all;
  all[q->other_count++] = (struct obs_other){.name = f->qualifier,
                                             .media = f->media,
                                             .number = f->number,
                                             .reported_ms = f->at_ms};
  return GC_OK;
}

/* All rows of a queue have the same agents, whatever their medium. A number
 * that no row has is 0, as the guide says. */
static enum gc_code add_guide(struct observations *o, struct obs_queue *q,
                              const struct obs_fact *f) {
  size_t i = 0;
  while (i < q->guide_count && q->guide[i].media != f->media)
    i++;
  if (i == q->guide_count) {
    struct obs_guide *all = realloc(q->guide, (i + 1) * sizeof(*all));
    if (all == NULL)
      return GC_ERR_MEMORY;
    q->guide = all;
    q->guide_count++;
    o->groups++;
    all[i] = (struct obs_guide){.media = f->media};
  }
  int64_t *const places[OBS_GUIDE_COUNT] = {
      &q->guide[i].queued, &q->guide[i].waiting, &q->guide_available,
      &q->guide_busy};
  if (f->value != OBS_GUIDE_ABSENT)
    *places[f->metric - OBS_GUIDE] = f->value;
  if (f->qualifier != OBS_NONE)
    q->guide_name = f->qualifier + 1;
  return GC_OK;
}

static enum gc_code add_fact(struct observations *o, const struct obs_fact *f) {
  struct obs_queue *q = &o->queues[f->queue];
  if (f->at_ms > 0 && f->at_ms < o->answered_ms)
    return GC_OK;
  if (f->metric == OBS_OTHER)
    return add_other(q, f);
  if (f->metric >= OBS_GUIDE)
    return add_guide(o, q, f);
  enum obs_about about = obs_metrics[f->metric].about;
  if (f->is_unreadable && about != OBS_CONTACTS) {
    q->are_agents_unreadable = true;
    return GC_OK;
  }
  switch (about) {
  case OBS_CONTACTS:
  case OBS_OLDEST:
    if (f->media != OBS_NONE)
      return add_contacts(o, q, f);
    break;
  case OBS_AGENTS:
    note_all_agents(o, q, f);
    add_agents(q, f);
    return GC_OK;
  case OBS_ROUTING:
  case OBS_PRESENCE:
    note_all_agents(o, q, f);
    if (f->qualifier != OBS_NONE)
      return add_qualified(q, f);
    break;
  }
  o->ignored++;
  return GC_OK;
}

enum gc_code observations_add(struct observations *o,
                              const struct obs_fact *facts, size_t count) {
  GC_TRY(make_queues(o));
  for (size_t i = 0; i < count; i++)
    GC_TRY(add_fact(o, &facts[i]));
  return GC_OK;
}

enum gc_code observations_map(struct observations *o, const char *presence,
                              size_t presence_len, const char *system,
                              size_t system_len) {
  uint32_t number, system_number;
  GC_TRY(gc_intern_put(&o->presences, presence, presence_len, &number));
  GC_TRY(gc_intern_put(&o->systems, system, system_len, &system_number));
  if (number >= o->system_cap) {
    size_t cap = o->presences.cap;
    uint32_t *system_of = realloc(o->system_of, cap * sizeof(*system_of));
    if (system_of == NULL)
      return GC_ERR_MEMORY;
    for (size_t i = o->system_cap; i < cap; i++)
      system_of[i] = OBS_NONE;
    o->system_of = system_of;
    o->system_cap = cap;
  }
  o->system_of[number] = system_number;
  return GC_OK;
}

int64_t observations_stated_ms(const struct observations *o) {
  int64_t stated_ms = 0;
  for (size_t i = 0; i < o->ids.count && i < o->queue_cap; i++)
    for (size_t m = 0; m < o->queues[i].media_count; m++) {
      const struct obs_media *at = &o->queues[i].media[m];
      int64_t oldest_ms =
          at->known & 1u << OBS_LONGEST_WAITING ? at->oldest_ms : 0;
      stated_ms = oldest_ms > stated_ms ? oldest_ms : stated_ms;
      for (int k = 0; k <= OBS_LONGEST_WAITING; k++)
        if (at->reported_ms[k] > stated_ms)
          stated_ms = at->reported_ms[k];
    }
  return stated_ms;
}

/* Returns true if the numbers of the queue `id`, which an earlier answer had,
 * are 0 where the answer `o` does not have them. */
static bool is_zero_if_absent(const struct observations *o, const char *id,
                              const struct gc_entities *queues) {
  uint32_t queue;
  if (gc_intern_find(&o->ids, id, strlen(id), &queue) && queue < o->queue_cap &&
      obs_is_answered(&o->queues[queue]))
    return true;
  return o->absence == OBS_ABSENT_ALL && queues != NULL &&
         (gc_entities_is_refused(queues) ||
          gc_entities_find(queues, id) != NULL);
}

enum gc_code observations_zero_gone(struct observations *o,
                                    const struct observations *before,
                                    const struct gc_entities *queues) {
  for (uint32_t i = 0; i < before->ids.count && i < before->queue_cap; i++) {
    const struct obs_queue *was = &before->queues[i];
    const char *id = gc_intern_text(&before->ids, i);
    uint32_t queue, media;
    if (!is_zero_if_absent(o, id, queues))
      continue;
    GC_TRY(gc_intern_put(&o->ids, id, strlen(id), &queue));
    GC_TRY(make_queues(o));
    if (o->absence == OBS_ABSENT_ALL)
      o->queues[queue].has_agents |= was->has_agents;
    for (size_t m = 0; m < was->media_count; m++) {
      const char *text = gc_intern_text(&before->media, was->media[m].media);
      GC_TRY(gc_intern_put(&o->media, text, strlen(text), &media));
      if (media_of(o, &o->queues[queue], media) == NULL)
        return GC_ERR_MEMORY;
    }
  }
  return GC_OK;
}

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
