/* SPDX-License-Identifier: MIT */
/* Runs one golden case of the observations of <Flows>: answers and the values
 * that leave. Sections:
 *
 *   settings         KEY VALUE lines: label name|id|both, flow GLOB
 *                    (repeatable), names refused, max_series 10
 *   flows            ID NAME, the list of flows
 *   request          what is asked of these flows, one line of JSON
 *   response         one JSON answer of the first reading; several: its pages
 *   response N       the same of reading N (2, 3 …)
 *   expect           N: FLOW/flow_active-MEDIUM VALUE, and
 *                      N: error: CODE words     an answer was refused
 *                      N: unnamed 1             overflow likewise
 *
 * Each case runs with its answers whole and byte by byte. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/labels.h"
#include "plugins/genesys_flowmetrics/flow_poll.h"
#include "tests/support/case_file.h"

enum { LIST_MOST = 64, READINGS_MOST = 9 };

struct run {
  struct case_file file;
  char *settings, *list; /* the sections, cut to pieces */
  char *selectors[LIST_MOST];
  size_t selector_count;
  bool is_refused;
  uint32_t most;
  struct gc_naming naming;
  struct flow_counts last;
  unsigned reading;
  size_t chunk; /* bytes of one write; 0: all at once */
};

static void give_up(const struct run *run, const char *what) {
  printf("%s: %s\n", run->file.path, what);
  exit(1);
}

static char *text_of(const struct run *run, const char *title) {
  const struct case_section *s = case_section(&run->file, title);
  char *text = strdup(s != NULL ? s->text : "");
  if (text == NULL)
    abort();
  return text;
}

static void read_settings(struct run *run) {
  static const char *const labels[] = {"name", "id", "both"};
  run->most = 100;
  run->settings = text_of(run, "settings");
  char *at = run->settings;
  for (char *line; (line = case_next_line(&at)) != NULL;) {
    char *value = case_cut_word(line);
    if (strcmp(line, "label") == 0) {
      for (int i = 0; i < 3; i++)
        if (strcmp(value, labels[i]) == 0)
          run->naming.label = (enum gc_query_label)i;
    } else if (strcmp(line, "flow") == 0 && run->selector_count < LIST_MOST) {
      run->selectors[run->selector_count++] = value;
    } else if (strcmp(line, "names") == 0) {
      run->is_refused = strcmp(value, "refused") == 0;
    } else if (strcmp(line, "max_series") == 0) {
      run->most = (uint32_t)strtoul(value, NULL, 10);
    } else {
      give_up(run, line);
    }
  }
}

/* As the name cache makes it: labels are clean and each is there once. */
static void read_flows(struct run *run) {
  struct gc_named named[LIST_MOST];
  struct gc_entry entries[LIST_MOST];
  size_t count = 0;
  run->list = text_of(run, "flows");
  char *at = run->list;
  for (char *line; (line = case_next_line(&at)) != NULL; count++) {
    if (count == LIST_MOST)
      abort();
    named[count] = (struct gc_named){line, case_cut_word(line)};
    named[count].id = line;
  }
  struct gc_labels *labels = gc_labels_new();
  if (gc_labels_assign(labels, named, count, NULL, NULL) != GC_OK)
    abort();
  for (size_t i = 0; i < count; i++)
    entries[i] = (struct gc_entry){named[i].id, named[i].name,
                                   gc_labels_get(labels, named[i].id), ""};
  run->naming.lists[GC_FLOW].now =
      gc_directory_new(entries, count, run->is_refused);
  gc_labels_free(labels);
}

static struct flow_choice choice_of(struct run *run) {
  return (struct flow_choice){.flows = run->naming.lists[GC_FLOW].now,
                              .selectors = run->selectors,
                              .selector_count = run->selector_count};
}

static void check_request(struct run *run) {
  GC_AUTO(gc_buf_clear) struct gc_buf body = {.most = 65536};
  const char *ids[LIST_MOST];
  size_t count = 0;
  struct flow_choice choice = choice_of(run);
  char *text = text_of(run, "request"), *at = text;
  const char *want = case_next_line(&at);
  for (size_t i = 0; i < gc_directory_count(choice.flows); i++)
    if (flow_choice_has(&choice, gc_directory_at(choice.flows, i)->id))
      ids[count++] = gc_directory_at(choice.flows, i)->id;
  if (flow_poll_body(ids, run->is_refused ? 0 : count, &body) != GC_OK)
    abort();
  if (want != NULL && strcmp(want, gc_buf_string(&body)) != 0) {
    printf("asked: %s\n", gc_buf_string(&body));
    give_up(run, "another request");
  }
  free(text);
}

/* As the transport does it. */
static enum gc_code decode(struct run *run, struct flow_counts *c,
                           const struct case_section *s, struct gc_err *err) {
  GC_AUTO(flow_decoder_free_auto) struct flow_decoder *d = flow_decoder_new(c);
  struct gc_sink sink = flow_decoder_sink(d);
  size_t results, step = run->chunk > 0 ? run->chunk : s->len + 1;
  uint64_t overflow = 0;
  sink.begin(sink.ctx);
  for (size_t from = 0; from < s->len; from += step) {
    size_t len = s->len - from < step ? s->len - from : step;
    GC_TRY(sink.write(sink.ctx, s->text + from, len, err));
  }
  GC_TRY(flow_decoder_finish(d, &results, &overflow, err));
  return GC_OK;
}

static void put(void *ctx, const struct gc_sample *s) {
  struct run *run = ctx;
  case_say(&run->file, "%u: %s/%s-%s %.15g", run->reading, s->instance,
           gc_metric(s->metric)->name, s->qualifier, s->values[0].gauge);
}

static void leave(struct run *run, const struct flow_counts *answer) {
  struct flow_counts_tally tally;
  struct flow_counts now = {.pairs = {.most = run->most}};
  struct flow_counts_view view = {.choice = choice_of(run),
                                  .naming = &run->naming};
  uint64_t overflow;
  if (flow_counts_merge(&run->last, answer, &view.choice, &now, &overflow) !=
      GC_OK)
    abort();
  flow_counts_clear(&run->last);
  run->last = now;
  flow_counts_samples(&run->last, &view, &(struct gc_samples){put, run},
                      &tally);
  if (tally.unnamed > 0)
    case_say(&run->file, "%u: unnamed %zu", run->reading, tally.unnamed);
  if (overflow > 0)
    case_say(&run->file, "%u: overflow %llu", run->reading,
             (unsigned long long)overflow);
}

/* One reading; false when the file tells no such one. */
static bool play(struct run *run) {
  struct flow_counts c = {.pairs = {.most = 1000}};
  char title[32];
  bool all = true, any = false;
  snprintf(title, sizeof(title), run->reading > 1 ? "response %u" : "response",
           run->reading);
  for (size_t i = 0; i < run->file.count; i++) {
    struct gc_err err = {.code = GC_OK};
    if (strcmp(run->file.sections[i].title, title) != 0)
      continue;
    any = true;
    if (decode(run, &c, &run->file.sections[i], &err) == GC_OK)
      continue;
    case_say(&run->file, "%u: error: %s", run->reading, gc_code_name(err.code));
    all = false;
  }
  if (any && all)
    leave(run, &c);
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
    read_flows(&run);
    check_request(&run);
    for (run.reading = 1; run.reading <= READINGS_MOST && play(&run);)
      run.reading++;
    failed = case_end(&run.file);
    gc_naming_clear(&run.naming);
    flow_counts_clear(&run.last);
    free(run.settings);
    free(run.list);
    case_clear(&run.file);
  }
  return failed;
}
