/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/observations/observations.h"

#include <stdio.h>
#include <string.h>

#include "common/genesys/clean_name.h"
#include "plugins/genesys_realtime/queues/queue_label.h"

/* ---- statuses: the words of an answer are mapped once for a reading, instead
 * of once for each queue. "OnQueue" and "ON_QUEUE" are one status. ---- */

enum {
  STATUS_ROWS = 64,      /* further statuses are left out */
  STATUS_NUMBERS = 4096, /* words, as base/intern numbers them */
  STATUS_NO_ROW = 255,
};

struct status_table {
  char names[STATUS_ROWS][GC_NAME_SIZE]; /* lower snake */
  size_t known; /* number of first rows, which are put also when they are 0 */
  size_t count;
  uint8_t row_of[STATUS_NUMBERS]; /* [number of the word] */
};

/* The counts of one queue by row. */
struct status_counts {
  int64_t at[STATUS_ROWS];
  bool is_reported[STATUS_ROWS];
};

static uint8_t row_of(struct status_table *s, const char *status) {
  char snake[GC_NAME_SIZE];
  if (!gc_name_snake(snake, status))
    return STATUS_NO_ROW;
  for (size_t i = 0; i < s->count; i++)
    if (strcmp(s->names[i], snake) == 0)
      return (uint8_t)i;
  if (s->count == STATUS_ROWS)
    return STATUS_NO_ROW;
  memcpy(s->names[s->count], snake, sizeof(snake));
  return (uint8_t)s->count++;
}

/* Empties the table and adds the `known` statuses. */
static void status_table_reset(struct status_table *s, const char *const *known,
                               size_t count) {
  s->count = 0;
  memset(s->row_of, STATUS_NO_ROW, sizeof(s->row_of));
  for (size_t i = 0; i < count; i++)
    (void)row_of(s, known[i]);
  s->known = s->count;
}

/* Notes that the word of this number means this status. */
static void status_table_map(struct status_table *s, uint32_t number,
                             const char *status) {
  if (number < STATUS_NUMBERS)
    s->row_of[number] = row_of(s, status);
}

/* Adds a word's count to its row; ignores words without a row. */
static void status_counts_add(const struct status_table *s,
                              struct status_counts *c, uint32_t number,
                              int64_t count) {
  uint8_t row = number < STATUS_NUMBERS ? s->row_of[number] : STATUS_NO_ROW;
  if (row == STATUS_NO_ROW)
    return;
  c->at[row] += count;
  c->is_reported[row] = true;
}

/* Returns the count of a status by its snake name; 0 without a row. */
static int64_t status_counts_get(const struct status_table *s,
                                 const struct status_counts *c,
                                 const char *name) {
  for (size_t i = 0; i < s->count; i++)
    if (strcmp(s->names[i], name) == 0)
      return c->at[i];
  return 0;
}

/* ---- samples ---- */

/* All statuses. An answer lists only those that occur: the others are 0 if the
 * answer has the queue's agents (API reference, observations). */
static const char *const routing_statuses[] = {
    "OFF_QUEUE", "IDLE", "INTERACTING", "NOT_RESPONDING", "COMMUNICATING"};
static const char *const system_presences[] = {
    "AVAILABLE", "AWAY", "BUSY",     "OFFLINE", "IDLE",
    "ON_QUEUE",  "MEAL", "TRAINING", "MEETING", "BREAK"};

/* A presence that is not mapped to a system presence. */
static const char unknown_presence[] = "unknown";

/* The medium of a source without media. */
static const char all_media[] = "all";

/* A longer wait is cut to this, because its time is probably in another unit.
 */
static const double wait_max_s = 366.0 * 86400.0;

struct put {
  const struct observations *o;
  const struct queue_display *display;
  struct gc_sample_writer writer;
  struct status_table routing, presences;
};

static bool is_system_presence(const char *presence) {
  for (size_t i = 0; i < GC_COUNT(system_presences); i++)
    if (strcmp(system_presences[i], presence) == 0)
      return true;
  return false;
}

/* Finds the system presence: by the answer's own mapping, else by the presence
 * definitions. The word of a system presence stands for itself. */
static const char *system_of(const struct put *p, uint32_t presence) {
  const struct observations *o = p->o;
  const char *text = gc_intern_text(&o->presences, presence);
  if (presence < o->system_cap && o->system_of[presence] != OBS_NONE)
    return gc_intern_text(&o->systems, o->system_of[presence]);
  const struct gc_entry *e = p->display->presences != NULL
                                 ? gc_entities_find(p->display->presences, text)
                                 : NULL;
  if (e != NULL && e->detail[0] != '\0')
    return e->detail;
  return is_system_presence(text) ? text : unknown_presence;
}

/* Maps the words of this reading to statuses, once for all its queues. */
static void make_status_tables(struct put *p) {
  const struct observations *o = p->o;
  status_table_reset(&p->routing, routing_statuses, GC_COUNT(routing_statuses));
  for (uint32_t i = 0; i < o->statuses.count; i++)
    status_table_map(&p->routing, i, gc_intern_text(&o->statuses, i));
  status_table_reset(&p->presences, system_presences,
                     GC_COUNT(system_presences));
  for (uint32_t i = 0; i < o->presences.count; i++)
    status_table_map(&p->presences, i, system_of(p, i));
}

/* Sums the counts of one metric by status. */
static struct status_counts counts_of(const struct status_table *table,
                                      const struct obs_queue *q,
                                      enum obs_metric metric) {
  struct status_counts c = {0};
  for (size_t i = 0; i < q->qualified_count; i++)
    if (q->qualified[i].metric == metric)
      status_counts_add(table, &c, q->qualified[i].qualifier,
                        q->qualified[i].count);
  return c;
}

static int64_t sum_of(const struct obs_queue *q, enum obs_metric metric) {
  int64_t sum = 0;
  for (size_t i = 0; i < q->qualified_count; i++)
    if (q->qualified[i].metric == metric)
      sum += q->qualified[i].count;
  return sum;
}

static void put_by_status(const struct put *p, enum gc_metric_id metric,
                          const struct status_table *table,
                          const struct status_counts *c) {
  for (size_t i = 0; i < table->count; i++)
    if (i < table->known || c->is_reported[i])
      gc_put_gauge(&p->writer, metric, table->names[i], (double)c->at[i]);
}

/* Puts the agents. A sum over listed statuses is 0 if none is listed. `member`
 * and `active` have numbers of their own. An absent one is unknown, or 0 with
 * OBS_ABSENT_ALL. */
static void put_agents(const struct put *p, const struct obs_queue *q) {
  struct status_counts on = counts_of(&p->routing, q, OBS_ON_QUEUE_USERS);
  int64_t available = status_counts_get(&p->routing, &on, "idle");
  int64_t busy = status_counts_get(&p->routing, &on, "interacting") +
                 status_counts_get(&p->routing, &on, "communicating");

  bool all = p->o->absence == OBS_ABSENT_ALL;
  if (q->known & 1u << OBS_MEMBER_USERS || all)
    gc_put_gauge(&p->writer, GC_METRIC_QUEUE_AGENTS, "member",
                 (double)q->member);
  if (q->known & 1u << OBS_ACTIVE_USERS || all)
    gc_put_gauge(&p->writer, GC_METRIC_QUEUE_AGENTS, "active",
                 (double)q->active);
  gc_put_gauge(&p->writer, GC_METRIC_QUEUE_AGENTS, "on_queue",
               (double)sum_of(q, OBS_ON_QUEUE_USERS));
  gc_put_gauge(&p->writer, GC_METRIC_QUEUE_AGENTS, "off_queue",
               (double)sum_of(q, OBS_OFF_QUEUE_USERS));
  gc_put_gauge(&p->writer, GC_METRIC_QUEUE_AGENTS, "available",
               (double)available);
  gc_put_gauge(&p->writer, GC_METRIC_QUEUE_AGENTS, "busy", (double)busy);

  struct status_counts c = counts_of(&p->routing, q, OBS_USER_ROUTING);
  put_by_status(p, GC_METRIC_QUEUE_AGENTS_ROUTING, &p->routing, &c);
  c = counts_of(&p->presences, q, OBS_USER_PRESENCES);
  put_by_status(p, GC_METRIC_QUEUE_AGENTS_PRESENCE, &p->presences, &c);
}

/* Returns the age. A negative age is 0, because clocks differ. */
static double age_s(const struct observations *o, int64_t since_ms) {
  double age = ((double)o->server_ms - (double)since_ms) / 1000.0;
  if (age < 0.0)
    return 0.0;
  return age < wait_max_s ? age : wait_max_s;
}

static void put_contacts(const struct put *p, const struct obs_media *m) {
  static const enum gc_metric_id metrics[] = {
      [OBS_WAITING] = GC_METRIC_QUEUE_DEPTH,
      [OBS_INTERACTING] = GC_METRIC_QUEUE_INTERACTING,
      [OBS_ALERTING] = GC_METRIC_QUEUE_ALERTING};
  const int64_t values[] = {[OBS_WAITING] = m->waiting,
                            [OBS_INTERACTING] = m->interacting,
                            [OBS_ALERTING] = m->alerting};
  const char *media = gc_intern_text(&p->o->media, m->media);
  if (!queue_display_has_media(p->display, media))
    return;

  uint32_t known = obs_known_contacts(p->o, m);
  for (int i = OBS_WAITING; i <= OBS_ALERTING; i++)
    if (known & 1u << i)
      gc_put_gauge(&p->writer, metrics[i], media, (double)values[i]);

  const uint32_t all =
      1u << OBS_WAITING | 1u << OBS_INTERACTING | 1u << OBS_ALERTING;
  if ((known & all) == all)
    gc_put_gauge(&p->writer, GC_METRIC_ACTIVE_CONVERSATIONS, media,
                 (double)m->waiting + (double)m->interacting +
                     (double)m->alerting);

  bool none_waits = (known & 1u << OBS_WAITING) && m->waiting == 0;
  if (none_waits)
    gc_put_gauge(&p->writer, GC_METRIC_QUEUE_LONGEST_WAIT, media, 0.0);
  else if (known & 1u << OBS_LONGEST_WAITING && !p->o->is_undated)
    gc_put_gauge(&p->writer, GC_METRIC_QUEUE_LONGEST_WAIT, media,
                 age_s(p->o, m->oldest_ms));
}

static void put_others(const struct put *p, const struct obs_queue *q) {
  char qualifier[GC_NAME_SIZE];
  for (size_t i = 0; i < q->other_count; i++) {
    const struct obs_other *other = &q->others[i];
    const char *name = gc_intern_text(&p->o->others, other->name);
    if (other->media == OBS_NONE) {
      gc_put_gauge(&p->writer, GC_METRIC_QUEUE_OBSERVATION, name,
                   other->number);
      continue;
    }
    const char *media = gc_intern_text(&p->o->media, other->media);
    if (!queue_display_has_media(p->display, media))
      continue;
    snprintf(qualifier, sizeof(qualifier), "%.*s-%.*s",
             (int)OBS_OTHER_MAX_BYTES, name, (int)OBS_MEDIA_SIZE - 1, media);
    gc_put_gauge(&p->writer, GC_METRIC_QUEUE_OBSERVATION, qualifier,
                 other->number);
  }
}

static void put_guide(const struct put *p, const struct obs_queue *q) {
  for (size_t i = 0; i < q->guide_count; i++) {
    const struct obs_guide *g = &q->guide[i];
    const char *media = g->media == OBS_NONE
                            ? all_media
                            : gc_intern_text(&p->o->media, g->media);
    if (!queue_display_has_media(p->display, media))
      continue;
    gc_put_gauge(&p->writer, GC_METRIC_QUEUE_DEPTH, media, (double)g->queued);
    gc_put_gauge(&p->writer, GC_METRIC_QUEUE_WAITING, media,
                 (double)g->waiting);
  }
  gc_put_gauge(&p->writer, GC_METRIC_QUEUE_AGENTS, "available",
               (double)q->guide_available);
  gc_put_gauge(&p->writer, GC_METRIC_QUEUE_AGENTS, "busy",
               (double)q->guide_busy);
}

void obs_samples(const struct observations *o,
                 const struct queue_display *display,
                 const struct gc_samples *out, struct queue_tally *ret_tally) {
  char label[GC_NAME_SIZE], parts[GC_PARTS_SIZE];
  struct put p = {.o = o,
                  .display = display,
                  .writer = {.out = out,
                             .instance = label,
                             .parts = parts,
                             .time_ms = o->received_ms,
                             .interval_ms = display->interval_ms,
                             .written = &ret_tally->series}};

  *ret_tally = (struct queue_tally){0};
  make_status_tables(&p);
  for (uint32_t i = 0; i < o->ids.count && i < o->queue_cap; i++) {
    const struct obs_queue *q = &o->queues[i];
    enum queue_label_result answer =
        queue_label_of(display, gc_intern_text(&o->ids, i), label);
    if (answer == QUEUE_UNNAMED)
      ret_tally->unnamed++;
    if (answer != QUEUE_SHOWN)
      continue;
    ret_tally->matched++;
    queue_label_parts(display, gc_intern_text(&o->ids, i), parts);
    for (size_t m = 0; m < q->media_count; m++)
      put_contacts(&p, &q->media[m]);
    if (q->has_agents && !q->are_agents_unreadable)
      put_agents(&p, q);
    put_others(&p, q);
    if (q->guide_count > 0) {
      (void)gc_parts_add(parts, sizeof(parts), GC_PART_GUIDE, "1");
      put_guide(&p, q);
    }
  }
}
