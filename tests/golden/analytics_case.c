/* SPDX-License-Identifier: MIT */
/* Runs one golden case of interval queries, of genesys_analytics or of
 * genesys_flowmetrics: the answers of polls and the values that are dispatched.
 * Sections:
 *
 *   settings         KEY VALUE lines: source, one of
 *                    conversations|users|queue_details|flows; metric NAME,
 *                    group_by NAME, queue ID, flow ID (all repeatable),
 *                    granularity PT1M, from and to (ISO times: the new windows
 *                    of the first poll), revisit 2, label name|id|both,
 *                    counters off, max_series 1000, export on
 *                    (tests/support/case_export.h)
 *   names            ID NAME, the queue list; an empty NAME is allowed
 *   users            the same of that list; also presences, flows, outcomes,
 *                    milestones
 *   request          the request of the first poll, one line of JSON
 *   response         one JSON answer of the first poll; several: its batches
 *   response N       the same of poll N (2, 3 …), which has one window more
 *   expect           HH:MM INSTANCE/TYPE[-TYPE_INSTANCE] VALUE…, and
 *                      poll 2: error: CODE words   an answer was refused
 *                      poll 2: revised 1           also unnamed, foreign,
 *                                                  broken, overflow, carried
 *
 * Each case runs with its answers whole and byte by byte. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/analytics/decode/decode.h"
#include "common/analytics/query/query.h"
#include "common/analytics/send/sender.h"
#include "common/base/timestamp.h"
#include "tests/support/case_export.h"
#include "tests/support/case_words.h"

enum { POLLS_MAX = 9 };

struct run {
  struct case_file file;
  char *settings; /* the section, cut to pieces */
  struct case_list metrics, groups, queues;
  struct gc_query query;
  struct gc_windows_mark mark;
  int64_t from_ms, to_ms;
  bool is_export;
  struct gc_dimension_names dimension_names;
  struct gc_intern wanted;
  struct gc_series_set series;
  struct gc_results results;
  struct gc_outbox outbox;
  size_t chunk; /* bytes of one write; 0: all at once */
};

static void apply_setting(struct run *run, const char *key, char *value) {
  static const char *const sources[] = {"conversations", "users",
                                        "queue_details", "flows", NULL};
  static const char *const labels[] = {"name", "id", "both", NULL};
  static const char *const off[] = {"off", NULL}, *const on[] = {"on", NULL};
  if (strcmp(key, "source") == 0)
    run->query.source =
        (enum gc_query_source)case_choose(&run->file, value, sources);
  else if (strcmp(key, "metric") == 0)
    case_list_add(&run->metrics, value);
  else if (strcmp(key, "group_by") == 0)
    case_list_add(&run->groups, value);
  else if (strcmp(key, "queue") == 0 || strcmp(key, "flow") == 0)
    case_list_add(&run->queues, value);
  else if (strcmp(key, "granularity") == 0)
    run->query.granularity = value;
  else if (strcmp(key, "from") == 0)
    run->from_ms = case_time(&run->file, value);
  else if (strcmp(key, "to") == 0)
    run->to_ms = case_time(&run->file, value);
  else if (strcmp(key, "revisit") == 0)
    run->query.rule.revisit = (uint32_t)strtoul(value, NULL, 10);
  else if (strcmp(key, "label") == 0)
    run->dimension_names.label =
        (enum gc_query_label)case_choose(&run->file, value, labels);
  else if (strcmp(key, "counters") == 0)
    run->query.counters = case_choose(&run->file, value, off) != 0;
  else if (strcmp(key, "export") == 0)
    run->is_export = case_choose(&run->file, value, on) == 0;
  else if (strcmp(key, "max_series") == 0)
    run->series.keys.max = (uint32_t)strtoul(value, NULL, 10);
  else
    case_give_up(&run->file, key);
}

static void add_default_groups(struct run *run) {
  const struct gc_query_words *groups = &gc_source(run->query.source)->groups;
  static char names[CASE_LIST_MAX][32];
  for (size_t i = 0; i < groups->count; i++) {
    snprintf(names[i], sizeof(names[i]), "%s", groups->at[i]);
    case_list_add(&run->groups, names[i]);
  }
}

static void read_settings(struct run *run) {
  static char minute[] = "PT1M";
  run->query.granularity = minute;
  run->from_ms = case_time(&run->file, "2026-08-01T10:00:00Z");
  run->to_ms = case_time(&run->file, "2026-08-01T10:01:00Z");
  run->query.rule.revisit = 2;
  run->query.counters = true;
  run->series.keys.max = 1000;
  run->settings = case_text(&run->file, "settings");
  char *at = run->settings;
  for (char *line; (line = case_next_line(&at)) != NULL;) {
    char *value = case_cut_word(line);
    apply_setting(run, line, value);
  }
  if (run->groups.count == 0)
    add_default_groups(run);
  run->query.metrics = (struct gc_strs){run->metrics.at, run->metrics.count};
  run->query.group_by = (struct gc_strs){run->groups.at, run->groups.count};
  const char *g = run->query.granularity;
  if (gc_duration_parse(g, strlen(g), &run->query.rule.period_ms, NULL) !=
      GC_OK)
    case_give_up(&run->file, "granularity");
  run->query.rule.backfill_ms = run->to_ms - run->from_ms;
}

static enum gc_code decode_answer(struct run *run, const struct case_section *s,
                                  struct gc_err *err) {
  GC_AUTO(gc_decoder_free_auto)
  struct gc_decoder *d = gc_decoder_new(&run->results);
  GC_TRY(case_feed(s, run->chunk, gc_decoder_sink(d), err));
  return gc_decoder_finish(d, err);
}

static void check_request(struct run *run) {
  const struct case_section *s = case_section(&run->file, "request");
  GC_AUTO(gc_buf_clear) struct gc_buf body = {.max = 65536};
  char *text, *at;
  if (s == NULL)
    return;
  if (gc_analytics_query_body(&run->query, run->results.plan.again_from_ms,
                              run->results.plan.to_ms,
                              (const char *const *)run->queues.at,
                              run->queues.count, &body) != GC_OK)
    abort();
  text = at = case_text(&run->file, "request");
  const char *want = case_next_line(&at);
  if (want == NULL || strcmp(want, gc_buf_string(&body)) != 0) {
    printf("asked: %s\n", gc_buf_string(&body));
    case_give_up(&run->file, "another request");
  }
  free(text);
}

/* Reads all answers of one poll; false when one was refused. */
static bool read_answers(struct run *run, unsigned poll) {
  char title[32];
  bool all = true, any = false;
  snprintf(title, sizeof(title), poll > 1 ? "response %u" : "response", poll);
  for (size_t i = 0; i < run->file.count; i++) {
    const struct case_section *s = &run->file.sections[i];
    struct gc_err err = {.code = GC_OK};
    if (strcmp(s->title, title) != 0)
      continue;
    any = true;
    if (decode_answer(run, s, &err) == GC_OK)
      continue;
    case_say(&run->file, "poll %u: error: %s %s", poll, gc_code_name(err.code),
             case_words(&err));
    all = false;
  }
  return any && all;
}

static void say_values(struct run *run) {
  for (size_t i = 0; i < run->outbox.count; i++) {
    struct gc_sample s = gc_outbox_get(&run->outbox, i);
    const struct gc_metric *m = gc_metric(s.metric);
    char at[GC_TIMESTAMP_SIZE], values[128] = "";
    size_t len = 0;
    if (run->is_export) {
      case_say_export(&run->file, &s);
      continue;
    }
    for (unsigned v = 0; v < m->ds_count; v++) {
      double value = m->ds[v].kind == GC_DERIVE ? (double)s.values[v].derive
                                                : s.values[v].gauge;
      if (isnan(value))
        len += (size_t)snprintf(values + len, sizeof(values) - len, " -");
      else
        len += (size_t)snprintf(values + len, sizeof(values) - len, " %.15g",
                                value);
    }
    gc_timestamp_print(at, s.time_ms);
    case_say(&run->file, "%.5s %s/%s-%s%s", at + 11, s.instance, m->name,
             s.qualifier, values);
  }
}

static void say_count(struct run *run, unsigned poll, const char *what,
                      uint64_t count) {
  if (count > 0)
    case_say(&run->file, "poll %u: %s %llu", poll, what,
             (unsigned long long)count);
}

static void put_windows(struct run *run, unsigned poll) {
  struct gc_samples_view view = {.query = &run->query,
                                 .dimension_names = &run->dimension_names,
                                 .block = "block"};
  const struct gc_windows_plan *plan = &run->results.plan;
  uint64_t unnamed = 0;
  gc_results_sort(&run->results);
  say_count(run, poll, "revised",
            gc_series_revise(&run->series, GC_SETTLES_BASE));
  for (int64_t end = plan->from_ms + run->query.rule.period_ms;
       end <= plan->to_ms; end += run->query.rule.period_ms) {
    uint32_t window =
        (uint32_t)((end - plan->from_ms) / run->query.rule.period_ms - 1);
    gc_outbox_reset(&run->outbox);
    if (gc_samples_of_window(&view, &run->results, window, &run->outbox,
                             &unnamed) != GC_OK)
      abort();
    run->mark = gc_windows_advance(plan, &run->mark, end);
    say_values(run);
  }
  const struct gc_results_tally *t = &run->results.tally;
  say_count(run, poll, "unnamed", unnamed);
  say_count(run, poll, "foreign", t->foreign);
  say_count(run, poll, "broken", t->broken);
  say_count(run, poll, "overflow", t->overflow);
  say_count(run, poll, "unknown", run->results.unknown.total);
  say_count(run, poll, "carried", (uint64_t)gc_series_carried(&run->series));
}

/* Runs the polls in order, each one window later. */
static void play_polls(struct run *run) {
  run->results = (struct gc_results){
      .query = &run->query, .series = &run->series, .max = 100000};
  for (size_t i = 0; i < run->queues.count; i++) {
    uint32_t number;
    run->wanted.max = CASE_LIST_MAX;
    if (gc_intern_put(&run->wanted, run->queues.at[i],
                      strlen(run->queues.at[i]), &number) != GC_OK)
      abort();
    run->results.wanted = &run->wanted;
  }
  for (unsigned poll = 1; poll <= POLLS_MAX; poll++) {
    int64_t now_ms = run->to_ms + (poll - 1) * run->query.rule.period_ms;
    gc_results_clear(&run->results);
    gc_series_forget_again(&run->series);
    if (!gc_windows_plan(&run->query.rule, &run->mark, now_ms, 100,
                         &run->results.plan))
      case_give_up(&run->file, "no plan");
    run->results.asked_from_ms = run->results.plan.again_from_ms;
    run->results.asked_to_ms = run->results.plan.to_ms;
    if (poll == 1)
      check_request(run);
    if (read_answers(run, poll))
      put_windows(run, poll);
  }
  gc_results_clear(&run->results);
}

static const struct {
  enum gc_name_kind kind;
  const char *title;
} lists[] = {{GC_QUEUE, "names"},
             {GC_PRESENCE, "presences"},
             {GC_USER, "users"},
             {GC_FLOW, "flows"},
             {GC_FLOW_OUTCOME, "outcomes"},
             {GC_FLOW_MILESTONE, "milestones"}};

int main(int argc, char **argv) {
  static const size_t chunks[] = {1, 0};
  int failed = 0;
  if (argc != 2) {
    fprintf(stderr, "usage: analytics_case FILE.case\n");
    return 99;
  }
  for (size_t i = 0; i < GC_COUNT(chunks) && !failed; i++) {
    struct run run = {.chunk = chunks[i]};
    if (!case_read(&run.file, argv[1]))
      return 99;
    read_settings(&run);
    for (size_t k = 0; k < GC_COUNT(lists); k++)
      run.dimension_names.lists[lists[k].kind].now =
          case_names(&run.file, lists[k].title, false);
    play_polls(&run);
    failed = case_end(&run.file);
    gc_dimension_name_clear(&run.dimension_names);
    gc_intern_clear(&run.wanted);
    gc_series_clear(&run.series);
    gc_outbox_clear(&run.outbox);
    free(run.settings);
    case_clear(&run.file);
  }
  return failed;
}
