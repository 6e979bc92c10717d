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

/* A contact cannot have waited longer than a year: a time that says so is none
 * (in seconds, say) and is cut to that. */
static const double wait_most_s = 366.0 * 86400.0;

/* Sums by status of one queue. The known ones first, then what came up. */
struct tally_row {
  char status[GC_NAME_ROOM]; /* lower snake: "OnQueue" and "ON_QUEUE" are one */
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
  char snake[GC_NAME_ROOM];
  if (!gc_name_snake(snake, status))
    return;
  size_t i = 0;
  while (i < rows->count && strcmp(rows->at[i].status, snake) != 0)
    i++;
  if (i == ROWS_MOST)
    return;
  if (i == rows->count) {
    rows->at[rows->count++].count = 0;
    memcpy(rows->at[i].status, snake, sizeof(snake));
  }
  rows->at[i].count += count;
}

static int64_t row_count(const struct rows *rows, const char *status) {
  for (size_t i = 0; i < rows->count; i++)
    if (strcmp(rows->at[i].status, status) == 0)
      return rows->at[i].count;
  return 0;
}

static void put_rows(const struct put *p, enum gc_metric_id metric,
                     const struct rows *rows) {
  for (size_t i = 0; i < rows->count; i++)
    put_gauge(p, metric, rows->at[i].status, (double)rows->at[i].count);
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
      add_row(&rows, system_of(p, q->qualified[i].qualifier),
              q->qualified[i].count);
  put_rows(p, GC_METRIC_QUEUE_AGENTS_PRESENCE, &rows);
}

/* Sums over what is listed are truly 0 when nothing is; member and active have
 * a number of their own, and one that the answer does not tell is not 0. */
static void put_agents(const struct put *p, const struct obs_queue *q) {
  struct rows on_queue = {.count = 0};
  int64_t on = 0, off = 0;
  for (size_t i = 0; i < q->qualified_count; i++) {
    const struct obs_qualified *one = &q->qualified[i];
    if (one->metric == OBS_OFF_QUEUE_USERS)
      off += one->count;
    if (one->metric != OBS_ON_QUEUE_USERS)
      continue;
    on += one->count;
    add_row(&on_queue, gc_intern_text(&p->o->statuses, one->qualifier),
            one->count);
  }
  int64_t available = row_count(&on_queue, "idle");
  int64_t busy = row_count(&on_queue, "interacting") +
                 row_count(&on_queue, "communicating");

  if (q->known & 1u << OBS_MEMBER_USERS || p->o->zero_when_absent)
    put_gauge(p, GC_METRIC_QUEUE_AGENTS, "member", (double)q->member);
  if (q->known & 1u << OBS_ACTIVE_USERS || p->o->zero_when_absent)
    put_gauge(p, GC_METRIC_QUEUE_AGENTS, "active", (double)q->active);
  put_gauge(p, GC_METRIC_QUEUE_AGENTS, "on_queue", (double)on);
  put_gauge(p, GC_METRIC_QUEUE_AGENTS, "off_queue", (double)off);
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
  double age = ((double)o->server_ms - (double)since_ms) / 1000.0;
  if (age < 0.0)
    return 0.0;
  return age < wait_most_s ? age : wait_most_s;
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

/* False: there is nothing to show. With the id in it a label needs no "~2". */
static bool label_of(const struct obs_view *view, const struct gc_entry *e,
                     char label[GC_NAME_ROOM]) {
  bool has_name =
      e->name != NULL && gc_name_clean(label, e->name, strlen(e->name));
  if (view->label == OBS_LABEL_BOTH && has_name)
    gc_label_both(label, e->name, e->id);
  else if (view->label == OBS_LABEL_NAME)
    snprintf(label, GC_NAME_ROOM, "%s", e->label);
  else
    (void)gc_name_clean(label, e->id, strlen(e->id));
  return label[0] != '\0';
}

/* The entry of a queue; one without a name where names are refused or not
 * wanted; false while it is not known. */
static bool entry_of(const struct obs_view *view, const char *id,
                     struct gc_entry *ret_entry) {
  const struct gc_entry *known =
      view->queues != NULL ? gc_directory_find(view->queues, id) : NULL;
  bool refused = view->queues != NULL && gc_directory_is_refused(view->queues);
  if (known == NULL && !refused && view->label != OBS_LABEL_ID)
    return false;
  *ret_entry = known != NULL
                   ? *known
                   : (struct gc_entry){id, refused ? "" : NULL, id, ""};
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
