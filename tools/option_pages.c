/* SPDX-License-Identifier: MIT */
#include "tools/option_pages.h"

#include "plugins/genesys/accounts.h"
#include "plugins/genesys/health.h"
#include "plugins/genesys_analytics/options.h"
#include "plugins/genesys_flowmetrics/options.h"
#include "plugins/genesys_influxdb/options.h"
#include "plugins/genesys_prometheus/options.h"
#include "plugins/genesys_realtime/options.h"

const struct option_page option_pages[] = {
    {"genesys", "-", genesys_rows},
    {"genesys", "Account", account_rows},
    {"genesys", "Health", health_rows},
    {"genesys_realtime", "Queues", queues_rows},
    {"genesys_flowmetrics", "Attributes", attributes_rows},
    {"genesys_flowmetrics", "Flows", flows_rows},
    {"genesys_analytics", "Query", query_rows},
    {"genesys_prometheus", "-", prometheus_rows},
    {"genesys_influxdb", "Node", node_rows},
};
const size_t option_page_count = GC_COUNT(option_pages);
