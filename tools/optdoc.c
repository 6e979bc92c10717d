/* SPDX-License-Identifier: MIT */
/* Prints the reference tables of the manual from the code:
 *   optdoc --list            PLUGIN BLOCK lines, BLOCK "-" outside of any block
 *   optdoc PLUGIN BLOCK      the block's options (Markdown)
 *   optdoc --metrics         every type of value (Markdown)
 *   optdoc --permissions     every request and its permission (Markdown)
 *   optdoc --typesdb         every type of value as types.db(5)
 *   optdoc --aggregates      the metrics of the aggregate queries (Markdown)
 *   optdoc --defaults        Metric and GroupBy without the options (Markdown)
 *   optdoc --bill            the planned requests of 30 days (Markdown)
 *   optdoc --json            {"options": …, "metrics": …} of probe/describe.h
 * tools/check-docs.sh checks that the READMEs have the same tables;
 * tools/mkman.py makes the manual pages from the READMEs and the rows. */
#include <stdio.h>
#include <string.h>

#include "common/analytics/query/tables.h"
#include "common/base/buf.h"
#include "common/genesys/metric.h"
#include "probe/describe.h"
#include "probe/option_pages.h"
#include "tools/bill.h"
#include "tools/needs.h"
#include "tools/options_manual.h"

static enum gc_code print_list(struct gc_buf *out) {
  for (size_t i = 0; i < option_page_count; i++)
    GC_TRY(gc_buf_print(out, "%s %s\n", option_pages[i].plugin,
                        option_pages[i].block));
  return GC_OK;
}

static enum gc_code print_options(const char *plugin, const char *block,
                                  struct gc_buf *out) {
  for (size_t i = 0; i < option_page_count; i++)
    if (strcmp(option_pages[i].plugin, plugin) == 0 &&
        strcmp(option_pages[i].block, block) == 0)
      return gc_options_manual(option_pages[i].rows, out);
  return GC_ERR_REQUEST;
}

static enum gc_code print_kinds(const struct gc_metric *m, struct gc_buf *out) {
  for (unsigned i = 0; i < m->ds_count; i++)
    GC_TRY(gc_buf_print(out, "%s%s%s%s", i > 0 ? ", " : "",
                        m->ds_count > 1 ? m->ds[i].name : "",
                        m->ds_count > 1 ? " " : "",
                        m->ds[i].kind == GC_DERIVE ? "derive" : "gauge"));
  return GC_OK;
}

static enum gc_code print_metric_row(enum gc_metric_id id, struct gc_buf *out) {
  const struct gc_metric *m = gc_metric(id);
  const struct probe_origin *o = &probe_origins[id];
  GC_TRY(gc_buf_print(out, "| `%s` | ", m->name));
  GC_TRY(print_kinds(m, out));
  return gc_buf_print(out, " | %s | %s | %s | %s | %s | %s |\n", m->owner,
                      o->instance, m->unit, m->meaning, o->from, o->absent);
}

static enum gc_code print_metrics(struct gc_buf *out) {
  GC_TRY(gc_buf_text(out, "| Type | Kind | Of a | Type instance | Unit | "
                          "Meaning | From | Absent |\n"
                          "|---|---|---|---|---|---|---|---|\n"));
  for (int i = 0; i < GC_METRIC_COUNT; i++)
    GC_TRY(print_metric_row((enum gc_metric_id)i, out));
  return GC_OK;
}

/* Prints the rows as types.db(5) has them. DERIVE has the minimum 0: a restart
 * is a gap, not a wrap. */
static enum gc_code print_typesdb(struct gc_buf *out) {
  for (int id = 0; id < GC_METRIC_COUNT; id++) {
    const struct gc_metric *m = gc_metric((enum gc_metric_id)id);
    GC_TRY(gc_buf_print(out, "%-24s", m->name));
    for (unsigned i = 0; i < m->ds_count; i++)
      GC_TRY(gc_buf_print(out, "%s%s:%s", i > 0 ? ", " : " ", m->ds[i].name,
                          m->ds[i].kind == GC_DERIVE ? "DERIVE:0:U"
                                                     : "GAUGE:U:U"));
    GC_TRY(gc_buf_text(out, "\n"));
  }
  return GC_OK;
}

/* Returns the name of a permission. "scope NAME" is a scope of a gateway's
 * token, not a permission of a role. */
static const char *permission_of(const struct gc_endpoint *e) {
  return strncmp(e->permission, "scope ", 6) == 0 ? e->permission + 6
                                                  : e->permission;
}

static enum gc_code print_endpoint(enum gc_endpoint_id id, struct gc_buf *out) {
  const struct gc_endpoint *e = gc_endpoint(id);
  const struct need *n = need_of(id);
  const char *permission = permission_of(e), *tick = permission[0] ? "`" : "";
  return gc_buf_print(out, "| %s%s%s%s | `%s %s` | %s | %s |\n",
                      permission != e->permission ? "scope " : "", tick,
                      permission[0] ? permission : "none", tick, e->method,
                      e->path, n->by, n->lost);
}

/* True if the rows of two calls are equal: calls of one path differ in parts
 * that the table does not have. */
static bool reads_alike(enum gc_endpoint_id a, enum gc_endpoint_id b) {
  const struct gc_endpoint *x = gc_endpoint(a), *y = gc_endpoint(b);
  return strcmp(x->method, y->method) == 0 && strcmp(x->path, y->path) == 0 &&
         strcmp(need_of(a)->by, need_of(b)->by) == 0;
}

static bool all_have_needs(void) {
  bool all = true;
  for (int i = 0; i < GC_ENDPOINT_COUNT; i++)
    if (need_of((enum gc_endpoint_id)i) == NULL) {
      fprintf(stderr, "optdoc: %s has no row in tools/needs.c\n",
              gc_endpoint((enum gc_endpoint_id)i)->function);
      all = false;
    }
  return all;
}

static enum gc_code print_permissions(struct gc_buf *out) {
  if (!all_have_needs())
    return GC_ERR_NOT_FOUND;
  GC_TRY(gc_buf_text(out, "| Permission | Request or topic | Used by | "
                          "Without it |\n|---|---|---|---|\n"));
  for (int i = 0; i < GC_ENDPOINT_COUNT; i++)
    if (i == 0 ||
        !reads_alike((enum gc_endpoint_id)i, (enum gc_endpoint_id)(i - 1)))
      GC_TRY(print_endpoint((enum gc_endpoint_id)i, out));
  for (size_t i = 0; i < topic_need_count; i++)
    GC_TRY(gc_buf_print(out, "| %s | topic `%s` | %s | %s |\n",
                        topic_deps[i].permission, topic_deps[i].topic,
                        topic_deps[i].need.by, topic_deps[i].need.lost));
  return GC_OK;
}

/* The types of value that a metric of the API becomes, by its kind. */
static const struct {
  const char *unit, *types, *stats;
} kinds[] = {
    [GC_STATS_COUNT] = {"events", "`interval_number`, `metric`", "`count`"},
    [GC_STATS_SUM] = {"events",
                      "`interval_number`, `metric`; `count`, `min`, `max` as "
                      "METRIC-MEMBER",
                      "`sum`"},
    [GC_STATS_DURATION] = {"s",
                           "`interval_number`, `interval_duration`, `metric`, "
                           "`metric_seconds`",
                           "`count`, `sum`, `min`, `max` (ms)"},
    [GC_STATS_SECONDS] = {"s", "`interval_seconds`, `metric_seconds`", "`sum`"},
    [GC_STATS_RATIO] = {"0 to 1",
                        "`interval_ratio`; METRIC-numerator and "
                        "METRIC-denominator: `interval_number`, `metric`; "
                        "METRIC-target: `interval_ratio`",
                        "`numerator` / `denominator`, else `ratio`"},
    [GC_STATS_TARGET] = {"0 to 1", "`interval_ratio`", "`current`"},
    [GC_STATS_MEAN] = {"s", "`interval_seconds`", "the number itself"},
    [GC_STATS_VALUE] = {"", "`interval_value`", "the number itself"},
};

static enum gc_code print_aggregates(struct gc_buf *out) {
  GC_TRY(gc_buf_text(out, "| Metric | Source | Unit | From | Types | Meaning "
                          "|\n|---|---|---|---|---|---|\n"));
  for (int i = 0; i < GC_QUERY_SOURCE_COUNT; i++) {
    const struct gc_source *s = gc_source((enum gc_query_source)i);
    for (size_t k = 0; k < s->table.count; k++) {
      const struct gc_api_metric *m = &s->table.at[k];
      GC_TRY(gc_buf_print(out, "| `%s` | %s | %s | %s | %s | %s |\n", m->name,
                          s->name, kinds[m->kind].unit, kinds[m->kind].stats,
                          kinds[m->kind].types, m->meaning));
    }
  }
  return GC_OK;
}

static enum gc_code print_words(const struct gc_query_words *words,
                                struct gc_buf *out) {
  for (size_t i = 0; i < words->count; i++)
    GC_TRY(gc_buf_print(out, "%s`%s`", i > 0 ? " " : "", words->at[i]));
  return words->count > 0 ? GC_OK : gc_buf_text(out, "–");
}

/* Prints the Metric and GroupBy of a block without these options. */
static enum gc_code print_defaults(struct gc_buf *out) {
  GC_TRY(gc_buf_text(out, "| Block | `Metric` without the option | `GroupBy` "
                          "without the option |\n|---|---|---|\n"));
  for (int i = 0; i < GC_QUERY_SOURCE_COUNT; i++) {
    const struct gc_source *s = gc_source((enum gc_query_source)i);
    GC_TRY(i == GC_QUERY_FLOWS
               ? gc_buf_text(out, "| `<Flows>` | ")
               : gc_buf_print(out, "| `<Query>`, `Source \"%s\"` | ", s->name));
    GC_TRY(print_words(&s->metrics, out));
    GC_TRY(gc_buf_text(out, " | "));
    GC_TRY(print_words(&s->groups, out));
    GC_TRY(gc_buf_text(out, " |\n"));
  }
  return GC_OK;
}

static enum gc_code print_json(struct gc_buf *out) {
  GC_TRY(gc_buf_text(out, "{\"options\":"));
  GC_TRY(probe_describe("options", false, out));
  GC_TRY(gc_buf_text(out, ",\"metrics\":"));
  GC_TRY(probe_describe("metrics", false, out));
  return gc_buf_text(out, "}");
}

static const struct {
  const char *option;
  enum gc_code (*print)(struct gc_buf *out);
} tables[] = {
    {"--list", print_list},         {"--metrics", print_metrics},
    {"--typesdb", print_typesdb},   {"--aggregates", print_aggregates},
    {"--defaults", print_defaults}, {"--permissions", print_permissions},
    {"--bill", bill_print},         {"--json", print_json},
};

static enum gc_code print_table(const char *option, struct gc_buf *out) {
  for (size_t i = 0; i < GC_COUNT(tables); i++)
    if (strcmp(option, tables[i].option) == 0)
      return tables[i].print(out);
  return GC_ERR_REQUEST;
}

int main(int argc, char **argv) {
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 1 << 20};
  enum gc_code code = GC_ERR_REQUEST;

  if (argc == 2)
    code = print_table(argv[1], &out);
  else if (argc == 3)
    code = print_options(argv[1], argv[2], &out);

  if (code == GC_ERR_REQUEST)
    fprintf(stderr, "usage: optdoc --list | --metrics | --permissions | "
                    "--typesdb | --aggregates | --defaults | --bill | --json | "
                    "PLUGIN BLOCK (see --list)\n");
  if (code != GC_OK)
    return 1;
  fputs(gc_buf_string(&out), stdout);
  return 0;
}
