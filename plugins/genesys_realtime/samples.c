/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "common/base/names.h"
#include "plugins/genesys_realtime/observations.h"

/* An answer lists only the statuses that occur: these are 0 when a queue's
 * agents were told and the status was not (API reference, observations). */
static const char *const routing_statuses[] = {
    "OFF_QUEUE", "IDLE", "INTERACTING", "NOT_RESPONDING", "COMMUNICATING"};
static const char *const system_presences[] = {
    "AVAILABLE", "AWAY", "BUSY",     "OFFLINE", "IDLE",
    "ON_QUEUE",  "MEAL", "TRAINING", "MEETING", "BREAK"};

/* A presence that nothing maps to a system presence. */
static const char unknown_presence[] = "unknown";

/* Sums by status of one queue. The known ones first, then what came up. */
struct tally_row {
  const char *status;
  int64_t count;
};
enum { ROWS_MOST = 64 };
struct rows {
  struct tally_row at[ROWS_MOST];
  size_t count;
};

struct put {
  const struct observations *o;
  const struct obs_view *view;
  const struct gc_samples *out;
  struct obs_tally *tally;
  const char *label;
};

static void put_gauge(const struct put *p, enum gc_metric_id metric,
                      const char *qualifier, double gauge) {
  struct gc_sample sample = {.metric = metric,
                             .instance = p->label,
                             .qualifier = qualifier,
                             .values = {{.gauge = gauge}},
                             .time_ms = p->o->received_ms,
                             .interval_ms = p->view->interval_ms};
  p->out->put(p->out->ctx, &sample);
  p->tally->series++;
}

static void add_row(struct rows *rows, const char *status, int64_t count) {
  size_t i = 0;
  while (i < rows->count && strcmp(rows->at[i].status, status) != 0)
    i++;
  if (i == ROWS_MOST)
    return;
  if (i == rows->count)
    rows->at[rows->count++] = (struct tally_row){.status = status};
  rows->at[i].count += count;
}

static void put_rows(const struct put *p, enum gc_metric_id metric,
                     const struct rows *rows) {
  char snake[GC_NAME_ROOM];
  for (size_t i = 0; i < rows->count; i++) {
    if (!gc_name_snake(snake, rows->at[i].status))
      continue;
    put_gauge(p, metric, snake, (double)rows->at[i].count);
  }
}

/* The answer's own mapping first, then the presence definitions. */
static const char *system_of(const struct put *p, uint32_t presence) {
  const struct observations *o = p->o;
  if (presence < o->system_cap && o->system_of[presence] != OBS_NONE)
    return gc_intern_text(&o->systems, o->system_of[presence]);
  const struct gc_entry *e =
      p->view->presences != NULL
          ? gc_directory_find(p->view->presences,
                              gc_intern_text(&o->presences, presence))
          : NULL;
  return e != NULL && e->detail[0] != '\0' ? e->detail : unknown_presence;
}

/* "OnQueue" of the definitions and "ON_QUEUE" of the answers are one. */
static const char *same_spelling(const char *presence) {
  char a[GC_NAME_ROOM], b[GC_NAME_ROOM];
  (void)gc_name_snake(a, presence);
  for (size_t i = 0; i < GC_COUNT(system_presences); i++) {
    (void)gc_name_snake(b, system_presences[i]);
    if (strcmp(a, b) == 0)
      return system_presences[i];
  }
  return presence;
}

static void put_routing(const struct put *p, const struct obs_queue *q) {
  struct rows rows = {.count = 0};
  for (size_t i = 0; i < GC_COUNT(routing_statuses); i++)
    add_row(&rows, routing_statuses[i], 0);
  for (size_t i = 0; i < q->qualified_count; i++)
    if (q->qualified[i].metric == OBS_USER_ROUTING)
      add_row(&rows, gc_intern_text(&p->o->statuses, q->qualified[i].qualifier),
              q->qualified[i].count);
  put_rows(p, GC_METRIC_QUEUE_AGENTS_ROUTING, &rows);
}

static void put_presences(const struct put *p, const struct obs_queue *q) {
  struct rows rows = {.count = 0};
  for (size_t i = 0; i < GC_COUNT(system_presences); i++)
    add_row(&rows, system_presences[i], 0);
  for (size_t i = 0; i < q->qualified_count; i++)
    if (q->qualified[i].metric == OBS_USER_PRESENCES)
      add_row(&rows, same_spelling(system_of(p, q->qualified[i].qualifier)),
              q->qualified[i].count);
  put_rows(p, GC_METRIC_QUEUE_AGENTS_PRESENCE, &rows);
}

static void put_agents(const struct put *p, const struct obs_queue *q) {
  int64_t on_queue = 0, off_queue = 0, available = 0, busy = 0;
  for (size_t i = 0; i < q->qualified_count; i++) {
    const struct obs_qualified *one = &q->qualified[i];
    if (one->metric == OBS_OFF_QUEUE_USERS)
      off_queue += one->count;
    if (one->metric != OBS_ON_QUEUE_USERS)
      continue;
    const char *status = gc_intern_text(&p->o->statuses, one->qualifier);
    on_queue += one->count;
    if (strcmp(status, "IDLE") == 0)
      available += one->count;
    if (strcmp(status, "INTERACTING") == 0 ||
        strcmp(status, "COMMUNICATING") == 0)
      busy += one->count;
  }
  put_gauge(p, GC_METRIC_QUEUE_AGENTS, "member", (double)q->member);
  put_gauge(p, GC_METRIC_QUEUE_AGENTS, "active", (double)q->active);
  put_gauge(p, GC_METRIC_QUEUE_AGENTS, "on_queue", (double)on_queue);
  put_gauge(p, GC_METRIC_QUEUE_AGENTS, "off_queue", (double)off_queue);
  put_gauge(p, GC_METRIC_QUEUE_AGENTS, "available", (double)available);
  put_gauge(p, GC_METRIC_QUEUE_AGENTS, "busy", (double)busy);
  put_routing(p, q);
  put_presences(p, q);
}

static bool wants_media(const struct obs_view *view, const char *media) {
  if (view->media_count == 0)
    return true;
  for (size_t i = 0; i < view->media_count; i++)
    if (strcmp(view->media[i], media) == 0)
      return true;
  return false;
}

/* Clocks differ: a contact never waits less than no time. */
static double age_s(const struct observations *o, int64_t since_ms) {
  return since_ms < o->server_ms ? (double)(o->server_ms - since_ms) / 1000.0
                                 : 0.0;
}

static void put_contacts(const struct put *p, const struct obs_media *m) {
  static const enum gc_metric_id metrics[] = {
      [OBS_WAITING] = GC_METRIC_QUEUE_DEPTH,
      [OBS_INTERACTING] = GC_METRIC_QUEUE_INTERACTING,
      [OBS_ALERTING] = GC_METRIC_QUEUE_ALERTING};
  const int64_t values[] = {[OBS_WAITING] = m->waiting,
                            [OBS_INTERACTING] = m->interacting,
                            [OBS_ALERTING] = m->alerting};
  char media[GC_NAME_ROOM];
  const char *text = gc_intern_text(&p->o->media, m->media);
  if (!wants_media(p->view, text))
    return;
  (void)gc_name_clean(media, text, strlen(text));

  uint32_t known = m->known;
  if (p->o->zero_when_absent)
    known |= 1u << OBS_WAITING | 1u << OBS_INTERACTING | 1u << OBS_ALERTING;
  for (int i = OBS_WAITING; i <= OBS_ALERTING; i++)
    if (known & 1u << i)
      put_gauge(p, metrics[i], media, (double)values[i]);

  bool none_waits = (known & 1u << OBS_WAITING) && m->waiting == 0;
  if (none_waits)
    put_gauge(p, GC_METRIC_QUEUE_LONGEST_WAIT, media, 0.0);
  else if (known & 1u << OBS_LONGEST_WAITING)
    put_gauge(p, GC_METRIC_QUEUE_LONGEST_WAIT, media,
              age_s(p->o, m->oldest_ms));
}

/* False: held back until the name is known. */
static bool label_of(const struct obs_view *view, const struct gc_entry *e,
                     char label[GC_NAME_ROOM]) {
  switch (view->label) {
  case OBS_LABEL_ID:
    return gc_name_clean(label, e->id, strlen(e->id));
  case OBS_LABEL_BOTH:
    gc_label_both(label, e->label, e->id);
    return true;
  default:
    snprintf(label, GC_NAME_ROOM, "%s", e->label);
    return label[0] != '\0';
  }
}

/* The entry of a queue, one made of its id where names are refused or not
 * wanted; false while it is not known. */
static bool entry_of(const struct obs_view *view, const char *id,
                     struct gc_entry *ret_entry) {
  const struct gc_entry *known =
      view->queues != NULL ? gc_directory_find(view->queues, id) : NULL;
  bool refused = view->queues != NULL && gc_directory_is_refused(view->queues);
  if (known == NULL && !refused && view->label != OBS_LABEL_ID)
    return false;
  *ret_entry = known != NULL ? *known : (struct gc_entry){id, id, id, ""};
  return true;
}

void obs_samples(const struct observations *o, const struct obs_view *view,
                 const struct gc_samples *out, struct obs_tally *ret_tally) {
  char label[GC_NAME_ROOM];
  struct put p = {o, view, out, ret_tally, label};

  *ret_tally = (struct obs_tally){0};
  for (uint32_t i = 0; i < o->ids.count && i < o->queue_cap; i++) {
    const struct obs_queue *q = &o->queues[i];
    struct gc_entry entry;
    if (!entry_of(view, gc_intern_text(&o->ids, i), &entry)) {
      ret_tally->unnamed++;
      continue;
    }
    if (!view->accepts(view->accepts_ctx, &entry) ||
        !label_of(view, &entry, label))
      continue;
    ret_tally->matched++;
    for (size_t m = 0; m < q->media_count; m++)
      put_contacts(&p, &q->media[m]);
    if (q->has_agents)
      put_agents(&p, q);
  }
}
