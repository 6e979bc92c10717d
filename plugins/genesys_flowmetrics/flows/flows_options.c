/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/flows/flows_options.h"

#define OWNER struct flows_options

/* The words of enum flow_source, in its order. */
static const char *const flow_sources[] = {"auto", "query", "activity", "none",
                                           NULL};

const struct gc_opt flows_rows[] = {
    GC_OPT_STR(OWNER, account, "Account", NULL, GC_OPT_NEEDED,
               "Name of an `<Account>` of the plugin genesys.", "prod"),
    GC_OPT_ENUM(OWNER, observations, "Observations", "auto", flow_sources,
                "Source of the conversations in each flow now "
                "(`flow_active`): `query` requests 100 flows at a time; "
                "`activity` pages through all flows that have conversations; "
                "`auto` is `query` for up to 200 selected flows and `activity` "
                "beyond, and a line in the log says which; `none`: no "
                "observations.",
                "none"),
    GC_OPT_INT(OWNER, observation_interval_s, "ObservationInterval", "10", 5,
               3600, "s", "Time between two polls of the observations.", "30"),
    GC_OPT_STRS(OWNER, query.metrics, "Metric",
                "Metrics of the flow aggregates to request, any name the API "
                "knows; see Metrics. May be repeated. Defaults: below.",
                "nFlowOutcome"),
    GC_OPT_STRS(OWNER, query.group_by, "GroupBy",
                "Dimensions that distinguish series, in this order: "
                "`flowId` (the default), `flowOutcomeId`, `flowMilestoneId`, "
                "`flowOutcomeValue`, `flowType`, `mediaType` …; see Names.",
                "flowOutcomeId"),
    GC_ANALYTICS_OPTIONS(OWNER),
    GC_OPT_STRS(OWNER, query.chosen, "Flow",
                "Name globs (`IVR*`) or ids; a leading `!` excludes. The first "
                "match decides; without any, all flows. May be repeated.",
                "IVR*"),
    GC_OPT_ENUM(
        OWNER, query.label, "FlowLabel", "name", gc_analytics_labels,
        "Label of a flow, outcome or milestone: its `name`, its `id`, or "
        "`both` (NAME@ID).",
        "both"),
    GC_OPT_END,
};

enum gc_code flows_check(struct flows_options *o, struct gc_err *err) {
  return gc_analytics_options_check(&o->query, GC_QUERY_FLOWS, err);
}
