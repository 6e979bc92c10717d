/* SPDX-License-Identifier: MIT */
#include "common/export/guide_row.h"

#include <string.h>

#define ANALYTICS(type, member, text)                                          \
  {                                                                            \
    .metric = GC_METRIC_QUEUE_INTERVAL_##type, .source = "value",              \
    .label = "metric", .word = (member), .measurement = "genesys_queue",       \
    .field = (member), .number = GC_EXPORT_##text, .tags = {                   \
      {"queueId", "queue_id", false}                                           \
    }                                                                          \
  }
#define WINDOW(type, member, name, value, text)                                \
  {                                                                            \
    .metric = GC_METRIC_QUEUE_##type##_WINDOW, .is_dialect = true,             \
    .source = (member), .label = (name), .word = (value),                      \
    .measurement = "queue_metrics", .field = (text),                           \
    .number = GC_EXPORT_INTEGER, .tags = {                                     \
      {"queue_id", "queue_id", false},                                         \
      {"queue_name", "queue_name", true}                                       \
    }                                                                          \
  }

static const struct gc_export_guide_row rows[] = {
    ANALYTICS(NUMBER, "answered", INTEGER),
    ANALYTICS(NUMBER, "abandoned", INTEGER),
    ANALYTICS(NUMBER, "offered", INTEGER),
    ANALYTICS(SECONDS, "waitTime", DECIMALS),
    WINDOW(DEPTH, "average", "media_type", "all", "queued_avg"),
    WINDOW(DEPTH, "min", "media_type", "all", "queued_min"),
    WINDOW(DEPTH, "max", "media_type", "all", "queued_max"),
    WINDOW(WAITING, "average", "media_type", "all", "waiting_avg"),
    WINDOW(AGENTS, "average", "status", "available", "agentAvailable_avg"),
    WINDOW(AGENTS, "average", "status", "busy", "agentBusy_avg"),
};

const struct gc_export_guide_row *
gc_export_guide_row(const struct gc_export_series *s) {
  if (gc_export_label(s, "prefix") != NULL)
    return NULL;
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    const struct gc_export_guide_row *row = &rows[i];
    if (row->metric != s->metric || strcmp(row->source, s->field) != 0 ||
        (row->is_dialect && !s->is_guide))
      continue;
    const char *value = gc_export_label(s, row->label);
    if (value != NULL && strcmp(value, row->word) == 0)
      return row;
  }
  return NULL;
}
