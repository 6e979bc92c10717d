/* SPDX-License-Identifier: MIT */
/* genesys-probe: checks an operator's collectd.conf, lets its blocks poll and
 * prints their values, or replays recorded events. */
#include "gc_config.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/json/document.h"
#include "probe/checks.h"
#include "probe/events.h"
#include "probe/findings.h"
#include "probe/host.h"
#include "probe/values/format.h"

/* ---- polls, and their values: once, or round by round until SIGINT, SIGTERM
 * or SIGHUP ---- */

/* `conf` is the text of probe_host_conf, `file` the operator's collectd.conf.
 * The values go to stdout, and as tables or JSON also the checks and the
 * summary. With another format the checks go to stderr, if one of them is not
 * ok. With another format and `repeats` the summary goes to stderr. Without
 * `repeats` show_values stops collectd after PROBE_LIMIT_MS. */
struct probe_show {
  const struct probe_host *host;
  const char *conf, *file;
  enum probe_format format;
  bool repeats;
};

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

static enum gc_code show_values(const struct probe_show *show,
                                enum probe_state *ret_state,
                                struct gc_err *err) {
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

#ifndef PROBE_LIBRARY
#error "PROBE_LIBRARY is the folder of genesys_probe.so"
#endif

enum { STATUS_USAGE = 2, PROBE_OUTPUT_MAX = 256 << 20 };

struct request {
  const char *file; /* NULL: collectd's default */
  const char *program;
  const char *events;           /* NULL: no replay */
  const char *attribute_format; /* NULL: the default */
  bool config_only, once, watch;
  enum probe_format format;
};

static const char usage[] =
    "Usage: genesys-probe [--once|--watch] [-C FILE] [--format FORMAT]\n"
    "       genesys-probe --config-only [-C FILE] [--format table|json]\n"
    "       genesys-probe --events FILE [--attribute-format TEXT] [--format "
    "…]\n"
    "\n"
    "Reads collectd.conf through collectd itself, reports the mistakes in the\n"
    "sections of the Genesys plugins, and tries the servers that they name. "
    "Then\n"
    "the blocks poll: it prints the values that they would dispatch, the\n"
    "requests that they cost and the series that they make. With --events it\n"
    "prints the contacts and flow metrics that recorded events would count,\n"
    "and the reasons why others would not. It writes and dispatches nothing,\n"
    "and may run beside the live agent.\n"
    "\n"
    "  -C FILE             the configuration; default: collectd's own\n"
    "  --once              all checks, one round of polls, 60 s at most "
    "(default)\n"
    "  --watch             the values, round by round, until SIGINT\n"
    "  --config-only       check the configuration; uses no network\n"
    "  --collectd PROGRAM  default: collectd of PATH, or /usr/sbin/collectd\n"
    "  --events FILE       replay events; - is stdin\n"
    "  --attribute-format TEXT\n"
    "                      as AttributeFormat of <Attributes>\n"
    "  --format FORMAT     table (default) or json; of values also putval, "
    "influx,\n"
    "                      prometheus\n"
    "  --version, --help\n"
    "\n"
    "Exit status: 0 all is well, 1 a warning, 2 a failure.\n";

/* ---- the command line ---- */

/* Finds collectd in PATH and in the folders of system programs, which the PATH
 * of a user may lack. */
static const char *find_collectd(char *out, size_t size) {
  const char *path = getenv("PATH");
  char *list = NULL;
  if (asprintf(&list, "%s:/usr/local/sbin:/usr/sbin:/sbin:/opt/collectd/sbin",
               path != NULL ? path : "") < 0)
    return NULL;
  const char *found = NULL;
  char *rest = list;
  for (char *dir; found == NULL && (dir = strsep(&rest, ":")) != NULL;) {
    int len = snprintf(out, size, "%s/collectd", dir);
    if (dir[0] == '/' && len > 0 && (size_t)len < size &&
        access(out, X_OK) == 0)
      found = out;
  }
  free(list);
  return found;
}

static _Noreturn void give_up(const char *text) {
  fprintf(stderr, "genesys-probe: %s\n", text);
  exit(STATUS_USAGE);
}

static _Noreturn void print_and_leave(const char *text) {
  fputs(text, stdout);
  exit(EXIT_SUCCESS);
}

static void read_format(struct request *r, const char *name) {
  r->format = probe_format_of(name);
  if (r->format == PROBE_FORMAT_COUNT)
    give_up("--format is \"table\", \"json\", \"putval\", \"influx\" or "
            "\"prometheus\"");
}

static void read_words(struct request *r, int argc, char **argv) {
  static const struct option options[] = {
      {"config-only", no_argument, NULL, 'c'},
      {"once", no_argument, NULL, 'o'},
      {"watch", no_argument, NULL, 'w'},
      {"events", required_argument, NULL, 'e'},
      {"attribute-format", required_argument, NULL, 'a'},
      {"format", required_argument, NULL, 'f'},
      {"collectd", required_argument, NULL, 'd'},
      {"version", no_argument, NULL, 'v'},
      {"help", no_argument, NULL, 'h'},
      {NULL, 0, NULL, 0}};
  for (int c; (c = getopt_long(argc, argv, "C:h", options, NULL)) != -1;)
    switch (c) {
    case 'C':
      r->file = optarg;
      break;
    case 'c':
      r->config_only = true;
      break;
    case 'o':
      r->once = true;
      break;
    case 'w':
      r->watch = true;
      break;
    case 'f':
      read_format(r, optarg);
      break;
    case 'e':
      r->events = optarg;
      break;
    case 'a':
      r->attribute_format = optarg;
      break;
    case 'd':
      r->program = optarg;
      break;
    case 'v':
      print_and_leave("genesys-probe " PACKAGE_VERSION "\n");
    case 'h':
      print_and_leave(usage);
    default:
      fputs(usage, stderr);
      exit(STATUS_USAGE);
    }
  if (optind < argc)
    give_up("unknown words at the end; genesys-probe --help has the options");
  if (r->config_only + r->once + r->watch + (r->events != NULL) > 1)
    give_up("--once, --watch, --config-only and --events exclude each other");
  if (r->attribute_format != NULL && r->events == NULL)
    give_up("--attribute-format is for --events; blocks have their own");
  if (r->format > PROBE_JSON && (r->config_only || r->events != NULL))
    give_up("this --format is for values: --once or --watch");
}

/* ---- the configuration ---- */

static enum gc_code read_report(struct probe_findings *f,
                                struct gc_buf *report) {
  char *rest = report->data;
  for (char *line; rest != NULL && (line = strsep(&rest, "\n")) != NULL;)
    if (line[0] != '\0' && rest != NULL) {
      enum gc_code code = probe_findings_read(f, line);
      if (code != GC_OK)
        return code;
    }
  return GC_OK;
}

/* The settings of a run of collectd. */
struct setup {
  struct probe_host host;
  const char *file;
  struct gc_buf conf;
};

static enum gc_code set_up(const struct request *r, struct setup *s,
                           struct gc_err *err) {
  const char *library = getenv("GENESYS_PROBE_LIBRARY"); /* for tests */
  /* A program that reads the values needs no other output. */
  bool values_only = r->watch || r->format > PROBE_JSON;
  const char *section = r->config_only ? "Finish true"
                        : r->watch     ? "Values \"watch\""
                        : values_only  ? "Values \"once\""
                                       : "Check \"network\"\n  Values \"once\"";
  *s = (struct setup){
      .host = {.program = r->program,
               .agent_folder = library != NULL ? library : PROBE_LIBRARY},
      .conf = {.max = 65536}};
  GC_TRY(probe_host_find_defaults(&s->host, err));
  s->file = r->file != NULL ? r->file : s->host.file;
  if (access(s->file, R_OK) != 0)
    return gc_fail(err, GC_ERR_CONFIG,
                   "%.300s cannot be read: %m; run genesys-probe as the user "
                   "of collectd",
                   s->file);
  enum gc_code code = probe_host_conf(&s->host, s->file, section, &s->conf);
  return code == GC_OK ? code
                       : gc_fail(err, code, "the name of the file is too long");
}

static enum gc_code check_config(const struct setup *s,
                                 struct probe_findings *f, struct gc_err *err) {
  GC_AUTO(gc_buf_clear) struct gc_buf report = {.max = PROBE_REPORT_MAX};
  GC_AUTO(gc_buf_clear) struct gc_buf words = {.max = PROBE_WORDS_MAX};
  GC_TRY(probe_host_run(&s->host, s->conf.data, &report, &words, err));
  enum gc_code code = read_report(f, &report);
  if (code == GC_OK)
    code = probe_findings_read_words(f, gc_buf_string(&words));
  if (code == GC_OK)
    code = probe_conclude(f, s->file, probe_host_first_words(&words));
  return code == GC_OK ? code
                       : gc_fail(err, code, "the report of collectd: %s",
                                 gc_code_words(code));
}

static enum gc_code run_collectd(const struct request *r, struct gc_buf *out,
                                 enum probe_state *ret_state,
                                 struct gc_err *err) {
  struct setup setup;
  struct probe_findings findings = {.ended = false};
  enum gc_code code = set_up(r, &setup, err);
  if (code == GC_OK && !r->config_only) {
    const struct probe_show show = {.host = &setup.host,
                                    .conf = setup.conf.data,
                                    .file = setup.file,
                                    .format = r->format,
                                    .repeats = r->watch};
    code = show_values(&show, ret_state, err);
  } else if (code == GC_OK) {
    code = check_config(&setup, &findings, err);
    if (code == GC_OK)
      code = probe_render(&findings.results, r->format, out, err);
    *ret_state = probe_results_worst(&findings.results);
  }
  probe_findings_clear(&findings);
  gc_buf_clear(&setup.conf);
  return code;
}

static enum probe_state probe_config(const struct request *asked,
                                     struct gc_buf *out) {
  char program[4096];
  struct gc_err err = {.code = GC_OK};
  struct request r = *asked;
  enum probe_state state = PROBE_FAILED;
  if (r.program == NULL)
    r.program = find_collectd(program, sizeof(program));
  if (r.program == NULL)
    give_up("there is no collectd; install it, or name it with --collectd");
  if (run_collectd(&r, out, &state, &err) != GC_OK)
    give_up(err.text);
  return state;
}

/* ---- recorded events ---- */

static enum gc_code replay_file(struct probe_replay *replay, FILE *file) {
  char *line = NULL;
  size_t size = 0;
  enum gc_code code = GC_OK;
  for (ssize_t n; code == GC_OK && (n = getline(&line, &size, file)) >= 0;) {
    while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
      n--;
    code = probe_replay_line(replay, line, (size_t)n);
  }
  free(line);
  return code == GC_OK ? probe_replay_line(replay, "", 0) : code;
}

static enum gc_code read_events(struct probe_replay *replay, const char *name,
                                struct gc_err *err) {
  bool is_stdin = strcmp(name, "-") == 0;
  FILE *file = is_stdin ? stdin : fopen(name, "r");
  enum gc_code code = file != NULL ? replay_file(replay, file) : GC_OK;
  if (code != GC_OK)
    (void)gc_fail(err, code, "--events %.300s: %s", name, gc_code_words(code));
  else if (file == NULL || ferror(file) != 0)
    (void)gc_fail(err, GC_ERR_STATE, "--events %.300s cannot be read: %m",
                  name);
  if (file != NULL && !is_stdin)
    (void)fclose(file);
  return err->code;
}

static enum probe_state probe_events(const struct request *r,
                                     struct gc_buf *out) {
  struct gc_err err = {.code = GC_OK};
  const char *format = r->attribute_format != NULL ? r->attribute_format
                                                   : PROBE_ATTRIBUTE_FORMAT;
  struct probe_replay *replay = probe_replay_new(format, &err);
  if (replay == NULL || read_events(replay, r->events, &err) != GC_OK)
    give_up(err.text);
  if (probe_replay_render(replay, r->format, out, &err) != GC_OK)
    give_up(err.text);
  enum probe_state state = probe_replay_state(replay);
  probe_replay_free(replay);
  return state;
}

int main(int argc, char **argv) {
  struct request request = {.format = PROBE_TABLE};
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = PROBE_OUTPUT_MAX};
  read_words(&request, argc, argv);
  enum probe_state state = request.events != NULL
                               ? probe_events(&request, &out)
                               : probe_config(&request, &out);
  fputs(gc_buf_string(&out), stdout);
  if (fflush(stdout) != 0 || ferror(stdout) != 0)
    give_up("the output cannot be written");
  return (int)state;
}
