/* SPDX-License-Identifier: MIT */
#include "gc_config.h"

#include "probe/values/show.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base/json/document.h"
#include "probe/findings.h"
#include "probe/values/format.h"

enum { OUTPUT_MAX = 1 << 30 };

struct run {
  const struct probe_show *show;
  struct probe_findings findings;
  struct probe_values values;
  struct gc_err *err;
  time_t end_s;  /* monotonic; 0: none */
  size_t rounds; /* that were printed */
  bool is_late;
};

static volatile sig_atomic_t is_interrupted;

static void on_signal(int number) {
  (void)number;
  is_interrupted = 1;
}

static time_t now_s(void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec;
}

static bool is_text(enum probe_format format) {
  return format != PROBE_TABLE && format != PROBE_JSON;
}

static void print_buf(FILE *to, const struct gc_buf *out) {
  fputs(gc_buf_string(out), to);
  (void)fflush(to);
}

/* ---- rounds ---- */

/* Appends one JSON object: of a round, or of the whole run. */
static enum gc_code write_document(const struct run *run, bool is_whole,
                                   struct gc_buf *out) {
  GC_AUTO(gc_document_clear) struct gc_document d = {0};
  struct json_object *root = gc_document_add_object(&d, NULL, NULL);
  if (is_whole)
    probe_render_document(&run->findings.results, &d, root);
  probe_values_document(&run->values, is_whole, &d, root);
  GC_TRY(gc_document_write(&d, out, run->err));
  return gc_buf_text(out, "\n");
}

static enum gc_code print_values(const struct run *run) {
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = OUTPUT_MAX};
  if (run->show->format == PROBE_JSON)
    GC_TRY(write_document(run, false, &out));
  else
    GC_TRY(probe_values_write(&run->values, run->show->format, &out, run->err));
  if (run->show->repeats && run->show->format == PROBE_TABLE)
    GC_TRY(gc_buf_text(&out, "\n"));
  print_buf(stdout, &out);
  return GC_OK;
}

/* Prints a round that is complete, and forgets its values. */
static enum gc_code end_round(struct run *run) {
  if (!run->show->repeats || run->values.rounds == run->rounds)
    return GC_OK;
  run->rounds = run->values.rounds;
  GC_TRY(print_values(run));
  probe_values_next_round(&run->values);
  return GC_OK;
}

static bool take_line(void *ctx, char *line) {
  struct run *run = ctx;
  enum gc_code code = probe_findings_read(&run->findings, line);
  if (code == GC_ERR_PARSE)
    code = probe_values_read(&run->values, &run->findings.results, line);
  if (code == GC_OK)
    code = end_round(run);
  if (code != GC_OK)
    (void)gc_fail(run->err, code, "the report of collectd: %s",
                  gc_code_words(code));
  return code == GC_OK;
}

static bool is_over(void *ctx) {
  struct run *run = ctx;
  run->is_late = run->end_s > 0 && now_s() >= run->end_s;
  return is_interrupted != 0 || run->is_late;
}

/* ---- the end ---- */

static enum gc_code conclude_run(struct run *run, struct gc_buf *words) {
  char late[64];
  snprintf(late, sizeof(late), "it did not end within %d s",
           PROBE_LIMIT_MS / 1000);
  GC_TRY(probe_findings_read_words(&run->findings, gc_buf_string(words)));
  /* At the time limit or after a signal the earlier lines of collectd are not
   * the cause. */
  const char *reason = is_interrupted != 0 ? "a signal ended genesys-probe"
                       : run->is_late      ? late
                                           : probe_host_first_words(words);
  GC_TRY(probe_conclude(&run->findings, run->show->file, reason));
  /* Without a plugin of this suite there is nothing to poll. */
  if (run->findings.ended && run->findings.plugins.count > 0 &&
      run->values.rounds == 0)
    GC_TRY(probe_results_add(&run->findings.results, PROBE_VALUES, PROBE_FAILED,
                             "all blocks",
                             is_interrupted != 0 ? "a signal ended the polls"
                             : run->is_late ? "the polls did not end in time"
                                            : "the polls did not end"));
  return probe_values_conclude(&run->values, &run->findings.results);
}

static enum gc_code print_end(const struct run *run) {
  const struct probe_show *show = run->show;
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = OUTPUT_MAX};
  if (show->format == PROBE_JSON) {
    GC_TRY(write_document(run, true, &out));
    print_buf(stdout, &out);
    return GC_OK;
  }
  bool is_fine = probe_results_worst(&run->findings.results) == PROBE_OK;
  if (!is_text(show->format) || !is_fine)
    GC_TRY(probe_render(&run->findings.results, PROBE_TABLE, &out, run->err));
  if (!is_text(show->format) && !show->repeats && run->values.count > 0) {
    GC_TRY(gc_buf_text(&out, "\n"));
    GC_TRY(probe_values_write(&run->values, show->format, &out, run->err));
  }
  if (!is_text(show->format) || show->repeats)
    GC_TRY(probe_values_summary(&run->values, &out));
  print_buf(is_text(show->format) ? stderr : stdout, &out);
  return is_text(show->format) && !show->repeats ? print_values(run) : GC_OK;
}

static enum gc_code run_polls(struct run *run, enum probe_state *ret_state) {
  GC_AUTO(gc_buf_clear) struct gc_buf words = {.max = PROBE_WORDS_MAX};
  const struct probe_host_watch watch = {
      .line = take_line, .is_over = is_over, .ctx = run};
  GC_TRY(probe_host_watch(run->show->host, run->show->conf, &watch, &words,
                          run->err));
  if (run->err->code != GC_OK)
    return run->err->code;
  GC_TRY(conclude_run(run, &words));
  *ret_state = probe_results_worst(&run->findings.results);
  return print_end(run);
}

enum gc_code probe_show(const struct probe_show *show,
                        enum probe_state *ret_state, struct gc_err *err) {
  /* The same signal again ends the program at once, and collectd with it. */
  const struct sigaction act = {.sa_handler = on_signal,
                                .sa_flags = SA_RESETHAND};
  static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
  struct run run = {.show = show,
                    .err = err,
                    .end_s =
                        show->repeats ? 0 : now_s() + PROBE_LIMIT_MS / 1000};
  for (size_t i = 0; i < GC_COUNT(signals); i++)
    (void)sigaction(signals[i], &act, NULL);
  enum gc_code code = run_polls(&run, ret_state);
  probe_findings_clear(&run.findings);
  probe_values_clear(&run.values);
  return code == GC_OK || err->code != GC_OK
             ? code
             : gc_fail(err, code, "%s", gc_code_words(code));
}
