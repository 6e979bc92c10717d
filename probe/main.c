/* SPDX-License-Identifier: MIT */
/* genesys-probe: checks an operator's collectd.conf, lets its blocks poll and
 * prints their values, replays recorded events, or describes the suite. */
#include "gc_config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe/checks.h"
#include "probe/describe.h"
#include "probe/events.h"
#include "probe/host.h"

#ifndef PROBE_MODULE_DIR
#error "PROBE_MODULE_DIR is the folder of genesys_probe.so"
#endif

enum { STATUS_USAGE = 2, PROBE_OUTPUT_MAX = 256 << 20 };

struct request {
  const char *file; /* NULL: collectd's default */
  const char *program;
  const char *events;           /* NULL: no replay */
  const char *attribute_format; /* NULL: the default */
  const char *describe;         /* NULL: no description */
  bool config_only, once, watch;
  const char *format_name; /* NULL: the default */
  enum probe_format format;
};

static const char usage[] =
    "Usage: genesys-probe [--once|--watch] [-C FILE] [--format FORMAT]\n"
    "       genesys-probe --config-only [-C FILE] [--format table|json]\n"
    "       genesys-probe --events FILE [--attribute-format TEXT] [--format "
    "…]\n"
    "       genesys-probe --describe metrics|options [--format json|csv]\n"
    "\n"
    "Reads collectd.conf through collectd itself, reports the mistakes in the\n"
    "sections of the Genesys plugins, and tries the servers that they name. "
    "Then\n"
    "the blocks poll: it prints the values that they would dispatch, the\n"
    "requests that they cost and the series that they make. With --events it\n"
    "prints the contacts and flow metrics that recorded events would count,\n"
    "and the reasons why others would not. It writes and dispatches nothing,\n"
    "and may run beside the live agent. --describe lists every value and "
    "every\n"
    "option of the suite, for programs.\n"
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
    "  --describe TABLE    metrics or options, as json (default) or csv\n"
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

static void read_format(struct request *r) {
  if (r->format_name == NULL || r->describe != NULL)
    return;
  r->format = probe_format_of(r->format_name);
  if (r->format == PROBE_FORMAT_COUNT)
    give_up("--format is \"table\", \"json\", \"putval\", \"influx\" or "
            "\"prometheus\"");
  if (r->format > PROBE_JSON && (r->config_only || r->events != NULL))
    give_up("this --format is for values: --once or --watch");
}

/* Refuses words that do not go together. */
static void check_words(const struct request *r) {
  if (r->config_only + r->once + r->watch + (r->events != NULL) +
          (r->describe != NULL) >
      1)
    give_up("--once, --watch, --config-only, --events and --describe exclude "
            "each other");
  if (r->attribute_format != NULL && r->events == NULL)
    give_up("--attribute-format is for --events; blocks have their own");
}

static void read_words(struct request *r, int argc, char **argv) {
  static const struct option options[] = {
      {"config-only", no_argument, NULL, 'c'},
      {"once", no_argument, NULL, 'o'},
      {"watch", no_argument, NULL, 'w'},
      {"events", required_argument, NULL, 'e'},
      {"attribute-format", required_argument, NULL, 'a'},
      {"describe", required_argument, NULL, 'D'},
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
      r->format_name = optarg;
      break;
    case 'D':
      r->describe = optarg;
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
  check_words(r);
  read_format(r);
}

/* ---- the configuration ---- */

static enum probe_state probe_config(const struct request *r) {
  char program[4096];
  struct gc_err err = {.code = GC_OK};
  enum probe_state state = PROBE_FAILED;
  const char *module_dir = getenv("GENESYS_PROBE_LIBRARY"); /* for tests */
  const struct probe_run_options options = {
      .program = r->program != NULL ? r->program
                                    : find_collectd(program, sizeof(program)),
      .module_dir = module_dir != NULL ? module_dir : PROBE_MODULE_DIR,
      .file = r->file,
      .scope = r->config_only ? PROBE_CONFIG
               : r->watch     ? PROBE_WATCH
                              : PROBE_ONCE,
      .format = r->format};
  if (options.program == NULL)
    give_up("there is no collectd; install it, or name it with --collectd");
  if (probe_run(&options, &state, &err) != GC_OK)
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

static enum probe_state probe_events(const struct request *r) {
  struct gc_err err = {.code = GC_OK};
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = PROBE_OUTPUT_MAX};
  const char *format = r->attribute_format != NULL ? r->attribute_format
                                                   : PROBE_ATTRIBUTE_FORMAT;
  struct probe_replay *replay = probe_replay_new(format, &err);
  if (replay == NULL || read_events(replay, r->events, &err) != GC_OK ||
      probe_replay_render(replay, r->format, &out, &err) != GC_OK)
    give_up(err.text);
  fputs(gc_buf_string(&out), stdout);
  enum probe_state state = probe_replay_state(replay);
  probe_replay_free(replay);
  return state;
}

/* ---- the suite ---- */

static enum probe_state probe_suite(const struct request *r) {
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = PROBE_OUTPUT_MAX};
  bool is_csv = r->format_name != NULL && strcmp(r->format_name, "csv") == 0;
  if (!is_csv && r->format_name != NULL && strcmp(r->format_name, "json") != 0)
    give_up("--format of --describe is \"json\" or \"csv\"");
  enum gc_code code = probe_describe(r->describe, is_csv, &out);
  if (code != GC_OK)
    give_up(code == GC_ERR_REQUEST ? "--describe is \"metrics\" or \"options\""
                                   : gc_code_words(code));
  printf("%s%s", gc_buf_string(&out), is_csv ? "" : "\n");
  return PROBE_OK;
}

static enum probe_state probe(const struct request *r) {
  if (r->describe != NULL)
    return probe_suite(r);
  return r->events != NULL ? probe_events(r) : probe_config(r);
}

int main(int argc, char **argv) {
  struct request request = {.format = PROBE_TABLE};
  read_words(&request, argc, argv);
  enum probe_state state = probe(&request);
  if (fflush(stdout) != 0 || ferror(stdout) != 0)
    give_up("the output cannot be written");
  return (int)state;
}
