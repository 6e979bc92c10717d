/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_analytics/options.h"

/* The words of enum gc_query_source, in its order. */
static const char *const sources[] = {"conversations", "users", "queue_details",
                                      NULL};

const struct gc_opt query_rows[] = {
    GC_OPT_STR(struct query_options, account, "Account", NULL, GC_OPT_NEEDED,
               "Name of an `<Account>` of the plugin genesys.", "prod"),
    GC_OPT_ENUM(struct query_options, source, "Source", "conversations",
                sources,
                "`conversations` and `users`: the aggregate queries of the "
                "Platform API; `queue_details`: the guide dialect.",
                "users"),
    GC_OPT_STRS(struct query_options, query.metrics, "Metric",
                "Metrics to request, any name the API knows; see Metrics. May "
                "be repeated. Defaults: below. Not for `queue_details`.",
                "tAnswered"),
    GC_OPT_STRS(struct query_options, query.group_by, "GroupBy",
                "Dimensions that distinguish series, in this order; see "
                "Names. Default: `queueId` `mediaType`; `users` has `userId` "
                "only.",
                "queueId"),
    GC_ANALYTICS_OPTIONS(struct query_options),
    GC_OPT_STRS(struct query_options, query.chosen, "Queue",
                "Name globs (`Support*`) or ids; a leading `!` excludes. The "
                "first match decides; the default is all queues. May be "
                "repeated. Not for `users`.",
                "Support*"),
    GC_OPT_ENUM(struct query_options, query.label, "QueueLabel", "name",
                gc_analytics_labels,
                "Label of a queue (or agent): its `name`, its `id`, or "
                "`both` (NAME@ID).",
                "both"),
    GC_OPT_END,
};

enum gc_code query_check(struct query_options *o, struct gc_err *err) {
  if (o->source == GC_QUERY_USERS && o->query.chosen.count > 0)
    return gc_fail(err, GC_ERR_CONFIG,
                   "Queue: users have no queue; Source \"conversations\" with "
                   "GroupBy \"userId\" has their work by queue");
  return gc_analytics_options_check(&o->query, (enum gc_query_source)o->source,
                                    err);
}
