/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "plugins/genesys_realtime/observations/observations.h"

/* One merge; `queue` is the number, in `into`, of the present queue. */
struct merge {
  struct observations *into;
  const struct observations *from;
  int64_t at_ms;
  uint32_t queue;
};

static enum gc_code copy_text(struct gc_intern *into,
                              const struct gc_intern *from, uint32_t number,
                              uint32_t *ret) {
  const char *text = gc_intern_text(from, number);
  return gc_intern_put(into, text, strlen(text), ret);
}

static enum gc_code put_fact(const struct merge *g, enum obs_metric metric,
                             struct obs_fact fact, int64_t reported_ms) {
  fact.queue = g->queue;
  fact.metric = (uint8_t)metric;
  fact.is_listed = fact.value == 0;
  fact.at_ms = reported_ms > 0 ? reported_ms : g->at_ms;
  return observations_add(g->into, &fact, 1);
}

static enum gc_code merge_media(const struct merge *g,
                                const struct obs_media *m) {
  const int64_t values[] = {[OBS_WAITING] = m->waiting,
                            [OBS_INTERACTING] = m->interacting,
                            [OBS_ALERTING] = m->alerting,
                            [OBS_LONGEST_WAITING] = m->oldest_ms};
  struct obs_fact fact = {.qualifier = OBS_NONE};
  uint32_t known = obs_known_contacts(g->from, m);
  GC_TRY(copy_text(&g->into->media, &g->from->media, m->media, &fact.media));
  for (int i = OBS_WAITING; i <= OBS_LONGEST_WAITING; i++) {
    bool is_known = known & 1u << i;
    bool is_none = i == OBS_LONGEST_WAITING && known & 1u << OBS_WAITING;
    fact.value = is_known ? values[i] : 0;
    if (is_known || is_none)
      GC_TRY(put_fact(g, (enum obs_metric)i, fact, m->reported_ms[i]));
  }
  return GC_OK;
}

static bool is_routing(enum obs_metric metric) {
  return obs_metrics[metric].about == OBS_ROUTING;
}

static const struct gc_intern *words_of(const struct observations *o,
                                        enum obs_metric metric) {
  return is_routing(metric) ? &o->statuses : &o->presences;
}

static bool is_in_snapshot(const struct merge *g, const struct obs_queue *q,
                           const struct obs_qualified *there) {
  const char *text =
      gc_intern_text(words_of(g->into, there->metric), there->qualifier);
  for (size_t i = 0; i < q->qualified_count; i++) {
    const struct obs_qualified *named = &q->qualified[i];
    const struct gc_intern *words = words_of(g->from, named->metric);
    if (named->metric == there->metric &&
        named->secondary == there->secondary &&
        strcmp(gc_intern_text(words, named->qualifier), text) == 0)
      return true;
  }
  return false;
}

/* Sets statuses to 0 that a complete answer does not name: they have no agents.
 */
static void zero_unnamed(const struct merge *g, const struct obs_queue *q) {
  struct obs_queue *mine = &g->into->queues[g->queue];
  for (size_t i = 0; i < mine->qualified_count; i++) {
    struct obs_qualified *there = &mine->qualified[i];
    if (there->reported_ms <= g->at_ms && !is_in_snapshot(g, q, there)) {
      there->count = 0;
      there->reported_ms = g->at_ms;
    }
  }
}

/* Returns true if the answer had all agents of the queue. */
static bool is_whole(const struct obs_queue *q) {
  return q->has_agents && !q->are_agents_unreadable;
}

static enum gc_code merge_agents(const struct merge *g,
                                 const struct obs_queue *q) {
  struct obs_fact fact = {
      .media = OBS_NONE, .qualifier = OBS_NONE, .is_partial = !is_whole(q)};
  bool all = is_whole(q) && g->from->absence == OBS_ABSENT_ALL;
  fact.value = q->active;
  if (all || q->known & 1u << OBS_ACTIVE_USERS)
    GC_TRY(put_fact(g, OBS_ACTIVE_USERS, fact, q->active_reported_ms));
  fact.value = q->member;
  if (all || q->known & 1u << OBS_MEMBER_USERS)
    GC_TRY(put_fact(g, OBS_MEMBER_USERS, fact, q->member_reported_ms));
  for (size_t i = 0; i < q->qualified_count; i++) {
    const struct obs_qualified *reported = &q->qualified[i];
    struct observations *into = g->into;
    fact.value = reported->count;
    fact.secondary = reported->secondary;
    GC_TRY(copy_text(is_routing(reported->metric) ? &into->statuses
                                                  : &into->presences,
                     words_of(g->from, reported->metric), reported->qualifier,
                     &fact.qualifier));
    GC_TRY(put_fact(g, reported->metric, fact, reported->reported_ms));
  }
  return GC_OK;
}

static enum gc_code merge_others(const struct merge *g,
                                 const struct obs_queue *q) {
  for (size_t i = 0; i < q->other_count; i++) {
    const struct obs_other *other = &q->others[i];
    struct obs_fact fact = {.queue = g->queue,
                            .media = OBS_NONE,
                            .metric = OBS_OTHER,
                            .number = other->number,
                            .at_ms = other->reported_ms > 0 ? other->reported_ms
                                                            : g->at_ms};
    enum gc_code code = copy_text(&g->into->others, &g->from->others,
                                  other->name, &fact.qualifier);
    if (code == GC_ERR_LIMIT)
      continue;
    GC_TRY(code);
    if (other->media != OBS_NONE)
      GC_TRY(copy_text(&g->into->media, &g->from->media, other->media,
                       &fact.media));
    GC_TRY(observations_add(g->into, &fact, 1));
  }
  return GC_OK;
}

static bool names_other(const struct merge *g, const struct obs_queue *q,
                        const struct obs_other *there) {
  const char *name = gc_intern_text(&g->into->others, there->name);
  for (size_t i = 0; i < q->other_count; i++) {
    const struct obs_other *other = &q->others[i];
    bool is_same_media =
        other->media == OBS_NONE || there->media == OBS_NONE
            ? other->media == there->media
            : strcmp(gc_intern_text(&g->from->media, other->media),
                     gc_intern_text(&g->into->media, there->media)) == 0;
    if (is_same_media &&
        strcmp(gc_intern_text(&g->from->others, other->name), name) == 0)
      return true;
  }
  return false;
}

/* Removes numbers of unknown metrics that a complete answer does not name: the
 * meaning of their absence is unknown, and an old number would never be
 * replaced. */
static void remove_unnamed(const struct merge *g, const struct obs_queue *q) {
  struct obs_queue *mine = &g->into->queues[g->queue];
  size_t kept = 0;
  for (size_t i = 0; i < mine->other_count; i++)
    if (mine->others[i].reported_ms > g->at_ms ||
        names_other(g, q, &mine->others[i]))
      mine->others[kept++] = mine->others[i];
  mine->other_count = kept;
}

static enum gc_code merge_queue(struct merge *g, uint32_t number) {
  const struct obs_queue *q = &g->from->queues[number];
  GC_TRY(copy_text(&g->into->ids, &g->from->ids, number, &g->queue));
  /* Makes the queue, also when there is no fact about it. */
  GC_TRY(observations_add(g->into, NULL, 0));
  for (size_t i = 0; i < q->media_count; i++)
    GC_TRY(merge_media(g, &q->media[i]));
  if (is_whole(q))
    zero_unnamed(g, q);
  GC_TRY(merge_agents(g, q));
  remove_unnamed(g, q);
  GC_TRY(merge_others(g, q));
  if (is_whole(q) && !g->into->queues[g->queue].has_agents) {
    g->into->queues[g->queue].has_agents = true;
    g->into->groups++;
  }
  return GC_OK;
}

static enum gc_code merge_presences(const struct merge *g) {
  const struct observations *from = g->from;
  for (uint32_t i = 0; i < from->presences.count && i < from->system_cap; i++) {
    const char *presence = gc_intern_text(&from->presences, i);
    const char *system = gc_intern_text(&from->systems, from->system_of[i]);
    if (from->system_of[i] != OBS_NONE)
      GC_TRY(observations_map(g->into, presence, strlen(presence), system,
                              strlen(system)));
  }
  return GC_OK;
}

enum gc_code observations_merge(struct observations *into,
                                const struct observations *from,
                                int64_t at_ms) {
  struct merge g = {.into = into, .from = from, .at_ms = at_ms};
  GC_TRY(merge_presences(&g));
  for (uint32_t i = 0; i < from->ids.count && i < from->queue_cap; i++)
    GC_TRY(merge_queue(&g, i));
  if (at_ms > into->answered_ms)
    into->answered_ms = at_ms;
  return GC_OK;
}
