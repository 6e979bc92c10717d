/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_analytics/options.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/glob.h"
#include "common/base/instant.h"
#include "plugins/genesys_analytics/dimensions.h"
#include "plugins/genesys_analytics/metrics.h"

/* In the order of enum query_source and query_label. */
static const char *const sources[] = {"conversations", "users", "queue_details",
                                      NULL};
static const char *const labels[] = {"name", "id", "both", NULL};

const struct gc_opt query_rows[] = {
    GC_OPT_STR(struct query_options, account, "Account", NULL, GC_OPT_NEEDED,
               "Name of an `<Account>` of the plugin genesys.", "prod"),
    GC_OPT_ENUM(struct query_options, source, "Source", "conversations",
                sources,
                "`conversations` and `users`: the aggregate queries of the "
                "Platform API; `queue_details`: the guide dialect.",
                "users"),
    GC_OPT_STRS(struct query_options, metrics, "Metric",
                "Metrics to ask for, any name the API knows; see Metrics. May "
                "be repeated. Without any, those of the source that are marked "
                "there. Not for `queue_details`.",
                "tAnswered"),
    GC_OPT_STRS(struct query_options, group_by, "GroupBy",
                "Dimensions by which series are told apart, in this order; see "
                "Names. Default: `queueId` `mediaType`; of `users`: `userId`, "
                "and nothing else is possible there.",
                "queueId"),
    GC_OPT_STR(struct query_options, granularity, "Granularity", "PT1M", 0,
               "Length of an interval: an ISO 8601 duration that divides a "
               "day, `PT1M`, `PT15M`, `PT30M`, `PT1H`, `P1D` …",
               "PT15M"),
    GC_OPT_INT(struct query_options, settle_s, "SettleDelay", "90", 0, 86400,
               "s",
               "An interval is asked for this long after its end: the "
               "platform needs a while to count.",
               "120"),
    GC_OPT_INT(struct query_options, revisit, "Revisit", "30", 0, 1000,
               "intervals",
               "So many intervals are read again with each request; what came "
               "late goes into the counters.",
               "60"),
    GC_OPT_STR(struct query_options, backfill, "Backfill", "PT6H", 0,
               "How far back missed intervals are asked for, and where a query "
               "without a checkpoint begins.",
               "P1D"),
    GC_OPT_STRS(struct query_options, queues, "Queue",
                "Name globs (`Support*`) or ids; a leading `!` refuses. The "
                "first match decides; without any, all queues. May be "
                "repeated. Not for `users`.",
                "Support*"),
    GC_OPT_ENUM(struct query_options, label, "QueueLabel", "name", labels,
                "What a queue (or agent) is called: its `name`, its `id`, or "
                "`both` (NAME@ID).",
                "both"),
    GC_OPT_BOOL(struct query_options, counters, "Counters", "true",
                "Cumulative series too, which include what came late.",
                "false"),
    GC_OPT_INT(struct query_options, max_series, "MaxSeries", "200000", 1,
               10000000, "series",
               "Metrics times groups that are kept; what is beyond is counted "
               "in `series_overflow`.",
               "20000"),
    GC_OPT_END,
};

static const char *const default_metrics[] = {
    "nOffered", "nOverSla", "nTransferred",  "oServiceLevel", "tAnswered",
    "tAbandon", "tFlowOut", "tHandle",       "tTalk",         "tHeld",
    "tAcw",     "tAlert",   "tNotResponding"};
static const char *const default_user_metrics[] = {"tAgentRoutingStatus",
                                                   "tSystemPresence"};
static const char *const default_groups[] = {"queueId", "mediaType"};
static const char *const default_user_groups[] = {"userId"};
static const char *const default_details_groups[] = {"queueId"};

static const struct {
  const char *const *metrics;
  size_t metric_count;
  const char *const *groups;
  size_t group_count;
} defaults[] = {
    [QUERY_CONVERSATIONS] = {default_metrics, GC_COUNT(default_metrics),
                             default_groups, GC_COUNT(default_groups)},
    [QUERY_USERS] = {default_user_metrics, GC_COUNT(default_user_metrics),
                     default_user_groups, GC_COUNT(default_user_groups)},
    [QUERY_QUEUE_DETAILS] = {NULL, 0, default_details_groups,
                             GC_COUNT(default_details_groups)},
};

static enum gc_code fill(struct gc_strs *list, const char *const *at,
                         size_t count, struct gc_err *err) {
  if (list->count > 0 || count == 0)
    return GC_OK;
  list->at = calloc(count, sizeof(*list->at));
  for (size_t i = 0; list->at != NULL && i < count; i++) {
    list->at[i] = strdup(at[i]);
    if (list->at[i] == NULL)
      break;
    list->count++;
  }
  return list->count == count ? GC_OK
                              : gc_fail(err, GC_ERR_MEMORY, "out of memory");
}

static enum gc_code check_durations(struct query_options *o,
                                    struct gc_err *err) {
  static const int64_t day_ms = 86400000, year_ms = 366 * 86400000LL;
  const char *g = o->granularity != NULL ? o->granularity : "";
  const char *b = o->backfill != NULL ? o->backfill : "";
  if (gc_duration_parse(g, strlen(g), &o->period_ms, err) != GC_OK)
    return gc_fail_in(err, GC_ERR_CONFIG, "Granularity \"%.40s\": ", g);
  if (o->period_ms < 1000 || day_ms % o->period_ms != 0)
    return gc_fail(err, GC_ERR_CONFIG,
                   "Granularity \"%.40s\": must divide a day, as PT1M, PT15M, "
                   "PT30M, PT1H, P1D do",
                   g);
  if (gc_duration_parse(b, strlen(b), &o->backfill_ms, err) != GC_OK)
    return gc_fail_in(err, GC_ERR_CONFIG, "Backfill \"%.40s\": ", b);
  if (o->backfill_ms > year_ms)
    return gc_fail(err, GC_ERR_CONFIG, "Backfill \"%.40s\": more than a year",
                   b);
  if (o->source == QUERY_QUEUE_DETAILS && o->period_ms % 60000 != 0)
    return gc_fail(err, GC_ERR_CONFIG,
                   "Granularity \"%.40s\": queue_details tells whole minutes",
                   g);
  return GC_OK;
}

static enum gc_code check_metrics(const struct query_options *o,
                                  struct gc_err *err) {
  if (o->source == QUERY_QUEUE_DETAILS && o->metrics.count > 0)
    return gc_fail(err, GC_ERR_CONFIG,
                   "Metric: queue_details always tells the same four numbers");
  if (o->metrics.count > QUERY_METRICS_MOST)
    return gc_fail(err, GC_ERR_CONFIG, "Metric: more than %d",
                   (int)QUERY_METRICS_MOST);
  for (size_t i = 0; i < o->metrics.count; i++) {
    if (!metric_is_name(o->metrics.at[i]))
      return gc_fail(err, GC_ERR_CONFIG,
                     "Metric: \"%.40s\" is no name of a metric such as "
                     "\"nOffered\", \"tAnswered\", \"oServiceLevel\"",
                     o->metrics.at[i]);
    for (size_t k = 0; k < i; k++)
      if (strcmp(o->metrics.at[k], o->metrics.at[i]) == 0)
        return gc_fail(err, GC_ERR_CONFIG, "Metric: \"%s\" is given twice",
                       o->metrics.at[i]);
  }
  return GC_OK;
}

static enum gc_code check_groups(const struct query_options *o,
                                 struct gc_err *err) {
  const struct gc_strs *g = &o->group_by;
  if (g->count > QUERY_DIMS_MOST)
    return gc_fail(err, GC_ERR_CONFIG, "GroupBy: more than %d",
                   (int)QUERY_DIMS_MOST);
  for (size_t i = 0; i < g->count; i++) {
    GC_TRY(dimension_check(g->at[i], err));
    for (size_t k = 0; k < i; k++)
      if (strcmp(g->at[k], g->at[i]) == 0)
        return gc_fail(err, GC_ERR_CONFIG, "GroupBy: \"%s\" is given twice",
                       g->at[i]);
  }
  const char *only = o->source == QUERY_USERS           ? "userId"
                     : o->source == QUERY_QUEUE_DETAILS ? "queueId"
                                                        : NULL;
  if (only != NULL && (g->count != 1 || strcmp(g->at[0], only) != 0))
    return gc_fail(err, GC_ERR_CONFIG, "GroupBy: %s can be grouped by %s alone",
                   sources[o->source], only);
  return GC_OK;
}

enum gc_code query_check(struct query_options *o, struct gc_err *err) {
  GC_TRY(check_metrics(o, err));
  GC_TRY(fill(&o->metrics, defaults[o->source].metrics,
              defaults[o->source].metric_count, err));
  GC_TRY(fill(&o->group_by, defaults[o->source].groups,
              defaults[o->source].group_count, err));
  GC_TRY(check_groups(o, err));
  GC_TRY(check_durations(o, err));
  if (o->source == QUERY_USERS && o->queues.count > 0)
    return gc_fail(err, GC_ERR_CONFIG,
                   "Queue: users have no queue; Source \"conversations\" with "
                   "GroupBy \"userId\" tells what they did in which");
  for (size_t i = 0; i < o->queues.count; i++)
    if (gc_glob_check(o->queues.at[i], err) != GC_OK)
      return gc_fail_in(err, GC_ERR_CONFIG, "Queue: ");
  return GC_OK;
}
