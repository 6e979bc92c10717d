/* SPDX-License-Identifier: MIT */
#include "common/daemon/analytics_options.h"

#include <stdlib.h>
#include <string.h>

#include "common/analytics/query/tables.h"
#include "common/base/alloc.h"
#include "common/base/decimal.h"
#include "common/base/glob.h"
#include "common/base/timestamp.h"

enum { PREFIX_MAX = 32 }; /* bytes of InstancePrefix */

/* The words are in the order of enum gc_query_label. */
const char *const gc_analytics_labels[] = {"name", "id", "both", NULL};

static void fill_default(struct gc_strs *list,
                         const struct gc_query_words *preset) {
  if (list->count > 0 || preset->count == 0)
    return;
  list->at = gc_zalloc(preset->count, sizeof(*list->at));
  for (; list->count < preset->count; list->count++)
    list->at[list->count] = gc_strdup(preset->at[list->count]);
}

static enum gc_code check_durations(struct gc_query *o,
                                    enum gc_query_source source,
                                    struct gc_err *err) {
  static const int64_t day_ms = 86400000, year_ms = 366 * 86400000LL;
  const char *g = o->granularity != NULL ? o->granularity : "";
  const char *b = o->backfill != NULL ? o->backfill : "";
  if (gc_duration_parse(g, strlen(g), &o->rule.period_ms, err) != GC_OK)
    return gc_fail_in(err, GC_ERR_CONFIG, "Granularity \"%.40s\": ", g);
  if (o->rule.period_ms < 1000 || day_ms % o->rule.period_ms != 0)
    return gc_fail(err, GC_ERR_CONFIG,
                   "Granularity \"%.40s\": must divide a day, such as PT1M, "
                   "PT15M, PT30M, PT1H or P1D",
                   g);
  if (gc_duration_parse(b, strlen(b), &o->rule.backfill_ms, err) != GC_OK)
    return gc_fail_in(err, GC_ERR_CONFIG, "Backfill \"%.40s\": ", b);
  if (o->rule.backfill_ms > year_ms)
    return gc_fail(err, GC_ERR_CONFIG, "Backfill \"%.40s\": more than a year",
                   b);
  if (source == GC_QUERY_QUEUE_DETAILS && o->rule.period_ms % 60000 != 0)
    return gc_fail(
        err, GC_ERR_CONFIG,
        "Granularity \"%.40s\": queue_details has whole minutes only", g);
  return GC_OK;
}

/* Reads Revisit: a number of intervals, or a duration. Of a long duration the
 * newest intervals are read again with each request, and the others by a slow
 * pass. */
static enum gc_code check_revisit(struct gc_query *o,
                                  enum gc_query_source source,
                                  struct gc_err *err) {
  enum { COUNT_MAX = 1000, FAST = 30, HOUR_MS = 3600000 };
  static const int64_t longest_ms = 31 * INT64_C(86400000);
  const char *text = o->revisit != NULL ? o->revisit : "0";
  struct gc_windows_rule *rule = &o->rule;
  int64_t count = 0, length_ms = 0;
  rule->slow_ms = 0;
  if (gc_decimal_int(text, strlen(text), &count)) {
    rule->revisit = (uint32_t)count;
    return count >= 0 && count <= COUNT_MAX
               ? GC_OK
               : gc_fail(err, GC_ERR_CONFIG,
                         "Revisit %.40s: accepted are 0 to %d intervals, or a "
                         "duration up to P31D",
                         text, (int)COUNT_MAX);
  }
  if (gc_duration_parse(text, strlen(text), &length_ms, err) != GC_OK)
    return gc_fail_in(err, GC_ERR_CONFIG, "Revisit \"%.40s\": ", text);
  if (length_ms > longest_ms)
    return gc_fail(err, GC_ERR_CONFIG, "Revisit \"%.40s\": more than P31D",
                   text);
  count = (length_ms + rule->period_ms - 1) / rule->period_ms;
  if (count > FAST && source != GC_QUERY_QUEUE_DETAILS && o->counters) {
    rule->slow_ms = length_ms;
    rule->slow_period_ms =
        rule->period_ms > HOUR_MS ? rule->period_ms : (int64_t)HOUR_MS;
    count = FAST;
  }
  rule->revisit = (uint32_t)(count < COUNT_MAX ? count : COUNT_MAX);
  return GC_OK;
}

static enum gc_code check_metrics(const struct gc_query *o,
                                  enum gc_query_source source,
                                  struct gc_err *err) {
  if (source == GC_QUERY_QUEUE_DETAILS && o->metrics.count > 0)
    return gc_fail(err, GC_ERR_CONFIG,
                   "Metric: queue_details always has the same four numbers");
  if (o->metrics.count > GC_QUERY_METRICS_MAX)
    return gc_fail(err, GC_ERR_CONFIG, "Metric: more than %d",
                   (int)GC_QUERY_METRICS_MAX);
  for (size_t i = 0; i < o->metrics.count; i++) {
    GC_TRY(gc_api_metric_check(o->metrics.at[i], err));
    for (size_t k = 0; k < i; k++)
      if (strcmp(o->metrics.at[k], o->metrics.at[i]) == 0)
        return gc_fail(err, GC_ERR_CONFIG, "Metric: \"%s\" is given twice",
                       o->metrics.at[i]);
  }
  return GC_OK;
}

static enum gc_code check_groups(const struct gc_query *o,
                                 enum gc_query_source source,
                                 struct gc_err *err) {
  const struct gc_strs *g = &o->group_by;
  if (g->count > GC_QUERY_DIMS_MAX)
    return gc_fail(err, GC_ERR_CONFIG, "GroupBy: more than %d",
                   (int)GC_QUERY_DIMS_MAX);
  for (size_t i = 0; i < g->count; i++) {
    GC_TRY(gc_dimension_check(g->at[i], source, err));
    for (size_t k = 0; k < i; k++)
      if (strcmp(g->at[k], g->at[i]) == 0)
        return gc_fail(err, GC_ERR_CONFIG, "GroupBy: \"%s\" is given twice",
                       g->at[i]);
  }
  const char *only = gc_source(source)->only;
  if (only != NULL && (g->count != 1 || strcmp(g->at[0], only) != 0))
    return gc_fail(err, GC_ERR_CONFIG, "GroupBy: %s can be grouped only by %s",
                   gc_source(source)->name, only);
  return GC_OK;
}

static enum gc_code check_prefix(const char *prefix, struct gc_err *err) {
  static const char accepted[] = "abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  if (prefix != NULL && (strlen(prefix) > PREFIX_MAX ||
                         strspn(prefix, accepted) != strlen(prefix)))
    return gc_fail(err, GC_ERR_CONFIG,
                   "InstancePrefix \"%.40s\": accepted are up to %d letters, "
                   "digits, \"_\", \"-\" and \".\", such as \"30m-\"",
                   prefix, (int)PREFIX_MAX);
  return GC_OK;
}

enum gc_code gc_analytics_options_check(struct gc_query *o,
                                        enum gc_query_source source,
                                        struct gc_err *err) {
  const struct gc_source *is = gc_source(source);
  o->source = source;
  o->rule.settle_ms = (int64_t)o->settle_s * 1000;
  GC_TRY(check_metrics(o, source, err));
  fill_default(&o->metrics, &is->metrics);
  fill_default(&o->group_by, &is->groups);
  GC_TRY(check_groups(o, source, err));
  GC_TRY(check_durations(o, source, err));
  GC_TRY(check_revisit(o, source, err));
  GC_TRY(check_prefix(o->prefix, err));
  for (size_t i = 0; i < o->chosen.count; i++)
    if (gc_glob_check(o->chosen.at[i], err) != GC_OK)
      return gc_fail_in(err, GC_ERR_CONFIG, "%s: ", is->option);
  return GC_OK;
}

void gc_analytics_options_warn(const struct gc_query *o,
                               struct gc_err *ret_warning) {
  bool is_duration = o->revisit != NULL && o->revisit[0] == 'P';
  if (o->rule.backfill_ms < o->rule.period_ms)
    (void)gc_fail(ret_warning, GC_ERR_CONFIG,
                  "Backfill \"%.40s\" is shorter than Granularity \"%.40s\": "
                  "after an outage the newest interval alone is requested",
                  o->backfill != NULL ? o->backfill : "", o->granularity);
  else if (is_duration && !o->counters)
    (void)gc_fail(ret_warning, GC_ERR_CONFIG,
                  "Revisit \"%.40s\" has no effect with Counters false: late "
                  "numbers go into the counters",
                  o->revisit);
}
