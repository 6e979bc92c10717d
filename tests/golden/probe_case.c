/* SPDX-License-Identifier: MIT */
/* Runs one golden case of genesys-probe. With a section "events": the lines of
 * a file of --events; "format" has another AttributeFormat. Otherwise "report"
 * has the report of the part inside collectd, with " | " for a TAB; "words" has
 * the lines that collectd wrote to stderr. "values" has the report of a round
 * of polls; its values are printed in each format. The output: the table and,
 * after "json: ", the JSON document, with the number of each line; "exit: " and
 * the status. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/json/document.h"
#include "probe/checks.h"
#include "probe/events.h"
#include "probe/values/format.h"
#include "tests/support/case_words.h"

static void put_tabs(char *line) {
  char *to = line;
  for (const char *from = line; *from != '\0';) {
    bool is_tab = strncmp(from, " |", 2) == 0;
    *to++ = is_tab ? '\t' : *from;
    from += is_tab ? 2 : 1;
    from += is_tab && *from == ' ';
  }
  *to = '\0';
}

/* Prints a line with its number, since a case compares lines in any order. */
static void print_numbered_line(struct case_file *file, const char *prefix,
                                const char *line, int len) {
  static int number;
  case_say(file, "%02d %s%.*s", ++number, prefix, len, line);
}

/* Prints a JSON document; each check begins a line. */
static void print_json(struct case_file *file, const char *text) {
  while (*text != '\0') {
    const char *end = strstr(text + 1, "{\"");
    size_t len = end != NULL ? (size_t)(end - text) : strcspn(text, "\n");
    print_numbered_line(file, "json: ", text, (int)len);
    text += len + (text[len] == '\n');
  }
}

static void print_output(struct case_file *file, enum probe_format format,
                         const struct gc_buf *out) {
  if (format == PROBE_JSON) {
    print_json(file, gc_buf_string(out));
    return;
  }
  char *rest = out->data;
  for (char *line; (line = strsep(&rest, "\n")) != NULL && rest != NULL;)
    if (line[0] != '\0')
      print_numbered_line(file, "", line, (int)strlen(line));
}

/* Prints the output in each format, and the exit status. */
static void run_events(struct case_file *file) {
  char *format = case_text(file, "format"), *events = case_text(file, "events");
  char *rest = events;
  format[strcspn(format, "\n")] = '\0';
  struct probe_replay *r =
      probe_replay_new(*format != '\0' ? format : PROBE_ATTRIBUTE_FORMAT, NULL);
  if (r == NULL)
    case_give_up(file, "format");
  for (char *line; (line = strsep(&rest, "\n")) != NULL && rest != NULL;)
    if (probe_replay_line(r, line, strlen(line)) != GC_OK)
      case_give_up(file, line);
  if (probe_replay_line(r, "", 0) != GC_OK)
    case_give_up(file, "the end");
  for (int f = 0; f <= PROBE_JSON; f++) {
    GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 1 << 20};
    if (probe_replay_render(r, (enum probe_format)f, &out, NULL) != GC_OK)
      case_give_up(file, "the output");
    print_output(file, (enum probe_format)f, &out);
  }
  case_say(file, "exit: %d", (int)probe_replay_state(r));
  probe_replay_free(r);
  free(events);
  free(format);
}

static void run_report(struct case_file *file) {
  struct probe_findings findings = {.ended = false};
  char *report = case_text(file, "report"), *words = case_text(file, "words");
  char *at = report;
  for (char *line; (line = case_next_line(&at)) != NULL;) {
    put_tabs(line);
    enum gc_code code = probe_findings_read(&findings, line);
    if (code != GC_OK)
      case_say(file, "refused: %s", gc_code_name(code));
  }
  words[strcspn(words, "\n")] = '\0';
  if (probe_conclude(&findings, "/etc/collectd/collectd.conf", words) != GC_OK)
    case_give_up(file, "the report");
  for (int f = 0; f <= PROBE_JSON; f++) {
    GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 1 << 20};
    if (probe_render(&findings.results, (enum probe_format)f, &out, NULL) !=
        GC_OK)
      case_give_up(file, "the output");
    print_output(file, (enum probe_format)f, &out);
  }
  case_say(file, "exit: %d", (int)probe_results_worst(&findings.results));
  probe_findings_clear(&findings);
  free(words);
  free(report);
}

static void say_values(struct case_file *file, const struct probe_values *v) {
  for (int f = 0; f < PROBE_FORMAT_COUNT; f++) {
    GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 1 << 20};
    if (f == PROBE_JSON)
      continue;
    if (probe_values_write(v, (enum probe_format)f, &out, NULL) != GC_OK)
      case_give_up(file, "the values");
    print_output(file, PROBE_TABLE, &out);
  }
}

static void say_document(struct case_file *file, const struct probe_values *v) {
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 1 << 20};
  GC_AUTO(gc_document_clear) struct gc_document d = {0};
  struct json_object *root = gc_document_add_object(&d, NULL, NULL);
  probe_values_document(v, true, &d, root);
  if (gc_document_write(&d, &out, NULL) != GC_OK)
    case_give_up(file, "the document");
  print_json(file, gc_buf_string(&out));
}

static void run_values(struct case_file *file) {
  struct probe_findings findings = {.ended = false};
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 1 << 20};
  char *report = case_text(file, "values");
  char *at = report;
  for (char *line; (line = case_next_line(&at)) != NULL;) {
    put_tabs(line);
    enum gc_code code = probe_findings_read(&findings, line);
    if (code != GC_OK)
      case_say(file, "refused: %s: %.*s", gc_code_name(code),
               (int)strcspn(line, "\t"), line);
  }
  if (probe_conclude(&findings, "collectd.conf", "") != GC_OK ||
      probe_render(&findings.results, PROBE_TABLE, &out, NULL) != GC_OK ||
      probe_values_summary(&findings.values, &out) != GC_OK)
    case_give_up(file, "the report");
  print_output(file, PROBE_TABLE, &out);
  say_values(file, &findings.values);
  say_document(file, &findings.values);
  case_say(file, "exit: %d", (int)probe_results_worst(&findings.results));
  probe_findings_clear(&findings);
  free(report);
}

int main(int argc, char **argv) {
  struct case_file file;
  if (argc != 2 || !case_read(&file, argv[1]))
    return 99;
  if (case_section(&file, "events") != NULL)
    run_events(&file);
  else if (case_section(&file, "values") != NULL)
    run_values(&file);
  else
    run_report(&file);
  int failed = case_end(&file);
  case_clear(&file);
  return failed;
}
