/* SPDX-License-Identifier: MIT */
#include "probe/option_pages.h"

#include "plugins/genesys/accounts.h"
#include "plugins/genesys/health.h"
#include "plugins/genesys_analytics/options.h"
#include "plugins/genesys_flowmetrics/options.h"
#include "plugins/genesys_influxdb/options.h"
#include "plugins/genesys_prometheus/options.h"
#include "plugins/genesys_realtime/options.h"

const struct option_page option_pages[] = {
    {"genesys", "-", false, genesys_rows},
    {"genesys", "Account", true, account_rows},
    {"genesys", "Health", false, health_rows},
    {"genesys_realtime", "Queues", true, queues_rows},
    {"genesys_flowmetrics", "Attributes", true, attributes_rows},
    {"genesys_flowmetrics", "Flows", true, flows_rows},
    {"genesys_analytics", "Query", true, query_rows},
    {"genesys_prometheus", "-", false, prometheus_rows},
    {"genesys_influxdb", "Node", true, node_rows},
};
const size_t option_page_count = GC_COUNT(option_pages);
