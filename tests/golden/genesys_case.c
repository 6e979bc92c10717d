/* SPDX-License-Identifier: MIT */
/* Runs one golden case of /health and its notifications. The section "steps"
 * has one step a line; SECOND counts from 2026-01-01T00:00:00Z:
 *
 *   SECOND account NAME
 *   SECOND block INSTANCE NAME ACCOUNT    ACCOUNT "-": none
 *   SECOND note INSTANCE CODE CAUSE=TEXT  CODE as in base/err; _ is a blank
 *   SECOND read INSTANCE TYPE/TYPE_INSTANCE=VALUE…
 *   SECOND latency INSTANCE MILLISECONDS
 *   SECOND ask PATH [BLOCK]
 *   SECOND notify
 *
 * The output: "SECOND PATH STATUS", the members of the document, one a line,
 * and "SECOND SEVERITY MESSAGE" for each notification. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/decimal.h"
#include "common/health/registry.h"
#include "plugins/genesys/health.h"
#include "tests/support/case_words.h"

enum { HEALTHS_MAX = 16 };

struct run {
  struct case_file file;
  struct {
    char name[64];
    struct gc_health *health;
  } all[HEALTHS_MAX];
  size_t count;
  struct gc_health_time now;
};

static struct gc_health_time step_time; /* of the present step */
static struct gc_health_time read_clock(void) { return step_time; }

static struct gc_health *health_of(struct run *run, const char *name) {
  for (size_t i = 0; i < run->count; i++)
    if (strcmp(run->all[i].name, name) == 0)
      return run->all[i].health;
  case_give_up(&run->file, name);
}

static void add_health(struct run *run, enum gc_health_kind kind,
                       const char *name, const char *short_name,
                       const char *account) {
  snprintf(run->all[run->count].name, sizeof(run->all[0].name), "%s", name);
  run->all[run->count].health =
      gc_health_add(kind, "genesys", name, short_name);
  gc_health_set_account(run->all[run->count++].health,
                        strcmp(account, "-") != 0 ? account : NULL, NULL);
}

static void step_account(struct run *run, char *words) {
  char name[64];
  snprintf(name, sizeof(name), "account-%s", words);
  add_health(run, GC_HEALTH_ACCOUNT, name, words, "-");
}

static void step_block(struct run *run, char *words) {
  char *short_name = case_cut_word(words);
  char *account = case_cut_word(short_name);
  add_health(run, GC_HEALTH_BLOCK, words, short_name, account);
}

static void step_note(struct run *run, char *words) {
  struct gc_err err = {.code = GC_OK};
  char *code = case_cut_word(words);
  char *cause = case_cut_word(code);
  char *text = strchr(cause, '=');
  for (int i = 0; i < GC_CODE_COUNT; i++)
    if (strcmp(gc_code_name((enum gc_code)i), code) == 0)
      err.code = (enum gc_code)i;
  if (text != NULL) {
    *text = '\0';
    snprintf(err.text, sizeof(err.text), "%s", text + 1);
  }
  gc_health_note(health_of(run, words), cause, &err);
}

static enum gc_metric_id metric_of(struct run *run, const char *name) {
  for (int i = 0; i < GC_METRIC_COUNT; i++)
    if (strcmp(gc_metric((enum gc_metric_id)i)->name, name) == 0)
      return (enum gc_metric_id)i;
  case_give_up(&run->file, name);
}

static void put_sample(struct run *run, const struct gc_samples *sink,
                       char *word) {
  char *value = strchr(word, '='), *qualifier = strchr(word, '/');
  double number = 0;
  if (value == NULL || !gc_decimal_real(value + 1, strlen(value + 1), &number))
    case_give_up(&run->file, word);
  *value = '\0';
  if (qualifier != NULL)
    *qualifier++ = '\0';
  struct gc_sample s = {.metric = metric_of(run, word),
                        .qualifier = qualifier != NULL ? qualifier : ""};
  if (gc_metric(s.metric)->ds[0].kind == GC_DERIVE)
    s.values[0].derive = (int64_t)number;
  else
    s.values[0].gauge = number;
  sink->put(sink->ctx, &s);
}

static void step_read(struct run *run, char *words) {
  struct gc_health_reading reading;
  struct gc_samples sink = gc_health_reading_begin(&reading);
  char *word = case_cut_word(words);
  while (*word != '\0') {
    char *next = case_cut_word(word);
    put_sample(run, &sink, word);
    word = next;
  }
  gc_health_read(health_of(run, words), &reading);
}

static unsigned second_of(const struct run *run) {
  return (unsigned)(run->now.now_ms / 1000 - 1000);
}

/* Prints the document with a line for each member, account and block. */
static void say_document(struct run *run, const char *json) {
  char line[4096];
  size_t used = 0;
  int depth = 0;
  bool in_text = false;
  for (; *json != '\0'; json++) {
    if (*json == '"' && json[-1] != '\\')
      in_text = !in_text;
    depth += !in_text && (*json == '{' || *json == '[');
    depth -= !in_text && (*json == '}' || *json == ']');
    bool breaks = !in_text && *json == ',' && depth <= 2;
    if (used + 2 < sizeof(line) && *json != '\n')
      line[used++] = *json;
    if (!breaks && json[1] != '\0')
      continue;
    line[used] = '\0';
    case_say(&run->file, "%u %s", second_of(run), line);
    used = 0;
  }
}

static void step_ask(struct run *run, char *words) {
  GC_AUTO(gc_health_snapshot_clear) struct gc_health_snapshot s = {.at = NULL};
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 1 << 20};
  struct health_query q = {.version = "1.2.3"};
  char *block = case_cut_word(words);
  if (*block != '\0')
    q.block = block;
  if (!health_query_of(words, &q)) {
    case_say(&run->file, "%u nothing is at %s", second_of(run), words);
    return;
  }
  gc_health_snapshot_take(&s, &run->now);
  unsigned status = health_document(&s, &q, &run->now, &out);
  case_say(&run->file, "%u %s %u", second_of(run), words, status);
  say_document(run, gc_buf_string(&out));
}

static void step_latency(struct run *run, char *words) {
  char *number = case_cut_word(words);
  gc_health_set_latency(health_of(run, words),
                        (uint32_t)strtoul(number, NULL, 10));
}

static void step_notify(struct run *run, char *unused) {
  static const char *const words[] = {"OKAY", "WARNING", "FAILURE"};
  struct gc_health_event event;
  char text[GC_HEALTH_MESSAGE_SIZE];
  (void)unused;
  while (gc_health_next_event(&event)) {
    gc_health_event_message(&event, text);
    case_say(&run->file, "%u %s %s", second_of(run),
             words[gc_health_row(event.state)->severity], text);
  }
}

static const struct {
  const char *word;
  void (*run)(struct run *run, char *words);
} steps[] = {{"account", step_account}, {"block", step_block},
             {"note", step_note},       {"read", step_read},
             {"ask", step_ask},         {"latency", step_latency},
             {"notify", step_notify}};

static void run_step(struct run *run, char *line) {
  char *word = case_cut_word(line);
  char *words = case_cut_word(word);
  unsigned long second = strtoul(line, NULL, 10);
  run->now.now_ms = (1000 + second) * 1000;
  run->now.wall_ms = INT64_C(1767225600000) + (int64_t)second * 1000;
  step_time = run->now;
  for (size_t i = 0; i < GC_COUNT(steps); i++)
    if (strcmp(steps[i].word, word) == 0) {
      steps[i].run(run, words);
      return;
    }
  case_give_up(&run->file, word);
}

int main(int argc, char **argv) {
  static struct run run;
  if (argc != 2 || !case_read(&run.file, argv[1]))
    return 99;
  gc_health_set_clock(read_clock);
  char *text = case_text(&run.file, "steps");
  char *at = text;
  for (char *line; (line = case_next_line(&at)) != NULL;)
    run_step(&run, line);
  int failed = case_end(&run.file);
  for (size_t i = 0; i < run.count; i++)
    gc_health_remove(run.all[i].health);
  free(text);
  case_clear(&run.file);
  return failed;
}
