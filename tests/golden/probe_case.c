/* SPDX-License-Identifier: MIT */
/* Runs one golden case of genesys-probe. The section "report" has what the part
 * inside collectd reports, with " | " for a TAB; "words" what collectd wrote to
 * stderr. The output: the table and, after "json: ", the JSON document, with
 * the number of each line; "exit: " and the status. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "probe/findings.h"
#include "probe/render.h"
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

/* Says a line with its number, since a case compares lines in any order. */
static void say_line(struct case_file *file, const char *prefix,
                     const char *line, int len) {
  static int number;
  case_say(file, "%02d %s%.*s", ++number, prefix, len, line);
}

/* Says a JSON document; each check begins a line. */
static void say_json(struct case_file *file, const char *text) {
  while (*text != '\0') {
    const char *end = strstr(text + 1, "{\"check\"");
    size_t len = end != NULL ? (size_t)(end - text) : strcspn(text, "\n");
    say_line(file, "json: ", text, (int)len);
    text += len + (text[len] == '\n');
  }
}

static void say_output(struct case_file *file, const struct probe_findings *f,
                       enum probe_format format) {
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 1 << 20};
  if (probe_render(&f->results, format, &out, NULL) != GC_OK)
    case_give_up(file, "the output");
  if (format == PROBE_JSON) {
    say_json(file, gc_buf_string(&out));
    return;
  }
  char *rest = out.data;
  for (char *line; (line = strsep(&rest, "\n")) != NULL && rest != NULL;)
    say_line(file, "", line, (int)strlen(line));
}

int main(int argc, char **argv) {
  struct case_file file;
  struct probe_findings findings = {.ended = false};
  if (argc != 2 || !case_read(&file, argv[1]))
    return 99;
  char *report = case_text(&file, "report");
  char *words = case_text(&file, "words");
  char *at = report;
  for (char *line; (line = case_next_line(&at)) != NULL;) {
    put_tabs(line);
    enum gc_code code = probe_findings_read(&findings, line);
    if (code != GC_OK)
      case_say(&file, "refused: %s", gc_code_name(code));
  }
  words[strcspn(words, "\n")] = '\0';
  if (probe_conclude(&findings, "/etc/collectd/collectd.conf", words) != GC_OK)
    case_give_up(&file, "the report");
  say_output(&file, &findings, PROBE_TABLE);
  say_output(&file, &findings, PROBE_JSON);
  case_say(&file, "exit: %d", (int)probe_results_worst(&findings.results));
  int failed = case_end(&file);
  probe_findings_clear(&findings);
  free(words);
  free(report);
  case_clear(&file);
  return failed;
}
