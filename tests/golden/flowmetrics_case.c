/* SPDX-License-Identifier: MIT */
/* Runs one golden case of genesys_flowmetrics: bodies of events and the
 * resulting values, through a real ledger in a temporary folder. Sections:
 *
 *   settings     KEY VALUE lines: format TEXT, values true, max_series 10,
 *                retention_h 24, now (ISO time), restart true (a new ledger
 *                for each body, on the same file)
 *   body         one body; several follow each other
 *   expect       FLOW/TYPE-METRIC VALUE, events-WORD COUNT (not 0), and
 *                  refused: 1   number of bodies that are no event */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/timestamp.h"
#include "plugins/genesys_flowmetrics/samples.h"
#include "tests/support/case_file.h"
#include "tests/support/deadline.h"
#include "tests/support/folder.h"

static struct run {
  struct case_file file;
  char format[ATTRIBUTE_FORMAT_SIZE];
  bool restarts;
  int64_t now_ms;
  char folder[64];
  struct attribute_form form;
  struct stats stats;
  struct ledger_source source;
  struct ledger *ledger;
  unsigned refused;
} run = {.format = "%{flow}Metric_%{metric}(%{time})"};

static struct gate gate = GATE_INIT;
static bool is_done;

static int64_t wall_clock_ms(void) { return run.now_ms; }

static void give_up(const char *what) {
  printf("%s: %s\n", run.file.path, what);
  exit(1);
}

static void apply_setting(const char *key, const char *value) {
  uint32_t number = (uint32_t)strtoul(value, NULL, 10);
  if (strcmp(key, "format") == 0)
    snprintf(run.format, sizeof(run.format), "%s", value);
  else if (strcmp(key, "values") == 0)
    run.source.values = strcmp(value, "true") == 0;
  else if (strcmp(key, "restart") == 0)
    run.restarts = strcmp(value, "true") == 0;
  else if (strcmp(key, "max_series") == 0)
    run.source.max_series = number;
  else if (strcmp(key, "retention_h") == 0)
    run.source.retention_ms = (int64_t)number * 3600 * 1000;
  else if (strcmp(key, "now") != 0 ||
           gc_timestamp_parse(value, strlen(value), &run.now_ms, NULL) != GC_OK)
    give_up(key);
}

static void read_settings(void) {
  const struct case_section *s = case_section(&run.file, "settings");
  char *text = strdup(s != NULL ? s->text : ""), *at = text, *line;
  if (gc_timestamp_parse("2023-03-05T09:00:00Z", 20, &run.now_ms, NULL) !=
      GC_OK)
    abort();
  run.source = (struct ledger_source){.scope = "",
                                      .retention_ms = INT64_C(86400000),
                                      .max_series = 1000,
                                      .stats = &run.stats};
  while ((line = case_next_line(&at)) != NULL) {
    char *value = case_cut_word(line);
    apply_setting(line, value);
  }
  free(text);
}

static void ledger_begin(void) {
  const struct ledger_options settings = {.folder = run.folder,
                                          .retention_ms =
                                              run.source.retention_ms,
                                          .wall_ms = wall_clock_ms};
  run.ledger = ledger_new(&settings, NULL);
  if (run.ledger == NULL || ledger_start(run.ledger, NULL) != GC_OK)
    give_up("no ledger");
}

static void on_done(struct batch *b, enum gc_code code) {
  if (code != GC_OK)
    give_up("not committed");
  batch_clear(b);
  GATE_CHANGE(&gate, is_done = true);
}

static bool batch_is_done(void *ctx) {
  (void)ctx;
  return is_done;
}

static void feed_events(const struct case_section *body) {
  struct event_counts counts = {0};
  struct batch b = {.source = &run.source, .done = on_done};
  const struct event_sink sink = {batch_add, &b};
  struct event_reader *r = event_reader_new(&run.form);
  size_t len = body->len;
  while (len > 0 && body->text[len - 1] == '\n')
    len--;
  if (run.ledger == NULL)
    ledger_begin();
  if (event_read(r, body->text, len, &counts, &sink, NULL) != GC_OK) {
    run.refused++;
    batch_truncate(&b, 0);
  }
  stats_events(&run.stats, &counts);
  event_reader_free(r);
  is_done = false;
  ledger_submit(run.ledger, &b);
  if (!gate_wait(&gate, batch_is_done, NULL))
    give_up("the ledger does not answer");
  if (run.restarts) {
    ledger_free(run.ledger);
    run.ledger = NULL;
  }
}

static void say_series(void) {
  struct ledger_view v;
  if (run.ledger == NULL) {
    static const struct case_section nothing = {.text = (char *)"{}", .len = 2};
    run.restarts = false;
    feed_events(&nothing);
    run.stats.events--;
    run.stats.skipped--;
  }
  for (size_t i = 0; ledger_read(run.ledger, i, &v); i++) {
    if (v.series == NULL)
      continue;
    case_say(&run.file, "%s/flow_metric-%s %lld", v.flow, v.metric,
             (long long)v.count);
    if (v.has_sum)
      case_say(&run.file, "%s/flow_metric_value-%s %g", v.flow, v.metric,
               v.sum);
  }
}

static void put_state(void *ctx, const struct gc_sample *sample) {
  (void)ctx;
  bool is_reported = sample->metric == GC_METRIC_EVENTS ||
                     sample->metric == GC_METRIC_SERIES_OVERFLOW;
  if (is_reported && sample->values[0].derive != 0)
    case_say(&run.file, "%s%s%s %lld", gc_metric(sample->metric)->name,
             *sample->qualifier != '\0' ? "-" : "", sample->qualifier,
             (long long)sample->values[0].derive);
}

int main(int argc, char **argv) {
  if (argc != 2 || !case_read(&run.file, argv[1]))
    return 99;
  read_settings();
  if (attribute_form_set(&run.form, run.format, NULL) != GC_OK)
    give_up("format");
  snprintf(run.folder, sizeof(run.folder), "/tmp/gc-case-XXXXXX");
  if (mkdtemp(run.folder) == NULL)
    return 99;
  for (size_t i = 0; i < run.file.count; i++)
    if (strcmp(run.file.sections[i].title, "body") == 0)
      feed_events(&run.file.sections[i]);
  say_series();
  const struct samples_block block = {.instance = "i", .source = "sqs"};
  const struct gc_samples out = {.put = put_state};
  samples_state(&block, &run.stats, &out);
  if (run.refused > 0)
    case_say(&run.file, "refused: %u", run.refused);
  ledger_free(run.ledger);
  if (!folder_remove(run.folder))
    return 99;
  int status = case_end(&run.file);
  case_clear(&run.file);
  return status;
}
