/* SPDX-License-Identifier: MIT */
/* Runs one golden case of the observations of <Flows>: answers and the
 * resulting values. Sections:
 *
 *   settings         KEY VALUE lines: label name|id|both, flow GLOB
 *                    (repeatable), names refused, max_series 10
 *   flows            ID NAME, the list of flows
 *   request          the request for these flows, one line of JSON
 *   response         one JSON answer of the first poll; several: its pages
 *   response N       the same of poll N (2, 3 …)
 *   expect           N: FLOW/flow_active-MEDIUM VALUE, and
 *                      N: error: CODE words     an answer was refused
 *                      N: unnamed 1             also overflow
 *
 * Each case runs with its answers whole and byte by byte. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/genesys_flowmetrics/flows/observations.h"
#include "tests/support/case_words.h"

enum { POLLS_MAX = 9 };

struct run {
  struct case_file file;
  char *settings; /* the section, cut to pieces */
  struct case_list flows;
  bool is_refused;
  uint32_t max;
  struct gc_dimension_names dimension_names;
  struct flow_counts last;
  unsigned poll;
  size_t chunk; /* bytes of one write; 0: all at once */
};

static void read_settings(struct run *run) {
  static const char *const labels[] = {"name", "id", "both", NULL};
  run->max = 100;
  run->settings = case_text(&run->file, "settings");
  char *at = run->settings;
  for (char *line; (line = case_next_line(&at)) != NULL;) {
    char *value = case_cut_word(line);
    if (strcmp(line, "label") == 0)
      run->dimension_names.label =
          (enum gc_query_label)case_choose(&run->file, value, labels);
    else if (strcmp(line, "flow") == 0)
      case_list_add(&run->flows, value);
    else if (strcmp(line, "names") == 0)
      run->is_refused = strcmp(value, "refused") == 0;
    else if (strcmp(line, "max_series") == 0)
      run->max = (uint32_t)strtoul(value, NULL, 10);
    else
      case_give_up(&run->file, line);
  }
}

static struct flow_filter filter_of(struct run *run) {
  return (struct flow_filter){.flows = run->dimension_names.lists[GC_FLOW].now,
                              .selectors = run->flows.at,
                              .selector_count = run->flows.count};
}

static void check_request(struct run *run) {
  GC_AUTO(gc_buf_clear) struct gc_buf body = {.max = 65536};
  const char *ids[CASE_LIST_MAX];
  size_t count = 0;
  struct flow_filter filter = filter_of(run);
  char *text = case_text(&run->file, "request"), *at = text;
  const char *want = case_next_line(&at);
  for (size_t i = 0; i < gc_entities_count(filter.flows); i++)
    if (flow_filter_accepts(&filter, gc_entities_at(filter.flows, i)->id))
      ids[count++] = gc_entities_at(filter.flows, i)->id;
  if (flow_poll_body(ids, run->is_refused ? 0 : count, &body) != GC_OK)
    abort();
  if (want != NULL && strcmp(want, gc_buf_string(&body)) != 0) {
    printf("asked: %s\n", gc_buf_string(&body));
    case_give_up(&run->file, "another request");
  }
  free(text);
}

static enum gc_code decode_answer(struct run *run, struct flow_counts *c,
                                  const struct case_section *s,
                                  struct gc_err *err) {
  GC_AUTO(flow_decoder_free_auto) struct flow_decoder *d = flow_decoder_new(c);
  uint64_t overflow = 0;
  size_t results;
  GC_TRY(case_feed(s, run->chunk, flow_decoder_sink(d), err));
  return flow_decoder_finish(d, &results, &overflow, err);
}

static void print_sample(void *ctx, const struct gc_sample *s) {
  struct run *run = ctx;
  case_say(&run->file, "%u: %s/%s-%s %.15g", run->poll, s->instance,
           gc_metric(s->metric)->name, s->qualifier, s->values[0].gauge);
}

static void put_counts(struct run *run, const struct flow_counts *answer) {
  struct flow_counts_tally tally;
  struct flow_counts now = {.pairs = {.max = run->max}};
  struct flow_counts_view view = {.filter = filter_of(run),
                                  .dimension_names = &run->dimension_names};
  uint64_t overflow;
  if (flow_counts_merge(&run->last, answer, &view.filter, &now, &overflow) !=
      GC_OK)
    abort();
  flow_counts_clear(&run->last);
  run->last = now;
  flow_counts_samples(&run->last, &view,
                      &(struct gc_samples){print_sample, run}, &tally);
  if (tally.unnamed > 0)
    case_say(&run->file, "%u: unnamed %zu", run->poll, tally.unnamed);
  if (overflow > 0)
    case_say(&run->file, "%u: overflow %llu", run->poll,
             (unsigned long long)overflow);
}

/* Runs one poll; false when the file does not have it. */
static bool play_poll(struct run *run) {
  struct flow_counts c = {.pairs = {.max = 1000}};
  char title[32];
  bool all = true, any = false;
  snprintf(title, sizeof(title), run->poll > 1 ? "response %u" : "response",
           run->poll);
  for (size_t i = 0; i < run->file.count; i++) {
    struct gc_err err = {.code = GC_OK};
    if (strcmp(run->file.sections[i].title, title) != 0)
      continue;
    any = true;
    if (decode_answer(run, &c, &run->file.sections[i], &err) == GC_OK)
      continue;
    case_say(&run->file, "%u: error: %s", run->poll, gc_code_name(err.code));
    all = false;
  }
  if (any && all)
    put_counts(run, &c);
  flow_counts_clear(&c);
  return any;
}

int main(int argc, char **argv) {
  static const size_t chunks[] = {1, 0};
  int failed = 0;
  if (argc != 2) {
    fprintf(stderr, "usage: flow_observations_case FILE.case\n");
    return 99;
  }
  for (size_t i = 0; i < GC_COUNT(chunks) && !failed; i++) {
    struct run run = {.chunk = chunks[i]};
    if (!case_read(&run.file, argv[1]))
      return 99;
    read_settings(&run);
    run.dimension_names.lists[GC_FLOW].now =
        case_names(&run.file, "flows", run.is_refused);
    check_request(&run);
    for (run.poll = 1; run.poll <= POLLS_MAX && play_poll(&run);)
      run.poll++;
    failed = case_end(&run.file);
    gc_dimension_name_clear(&run.dimension_names);
    flow_counts_clear(&run.last);
    free(run.settings);
    case_clear(&run.file);
  }
  return failed;
}
