/* SPDX-License-Identifier: MIT */
/* genesys-probe: checks an operator's collectd.conf. */
#include "gc_config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe/findings.h"
#include "probe/host.h"
#include "probe/render.h"

#ifndef PROBE_LIBRARY
#error "PROBE_LIBRARY is the folder of genesys_probe.so"
#endif

enum { STATUS_USAGE = 2 };

struct request {
  const char *file; /* NULL: collectd's default */
  const char *program;
  bool config_only;
  enum probe_format format;
};

static const char usage[] =
    "Usage: genesys-probe --config-only [-C FILE] [--format table|json]\n"
    "\n"
    "Reads collectd.conf through collectd itself and reports the mistakes in\n"
    "the sections of the Genesys plugins. It uses no network and starts,\n"
    "writes and dispatches nothing; it may run beside the live agent.\n"
    "\n"
    "  -C FILE             the configuration; default: collectd's own\n"
    "  --config-only       check the configuration (needed in this version)\n"
    "  --format FORMAT     table (default) or json\n"
    "  --collectd PROGRAM  default: collectd of PATH, or /usr/sbin/collectd\n"
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
    give_up("--format is \"table\" or \"json\"");
}

static void read_words(struct request *r, int argc, char **argv) {
  static const struct option options[] = {
      {"config-only", no_argument, NULL, 'c'},
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
    case 'f':
      read_format(r, optarg);
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
  if (!r->config_only)
    give_up("this version checks the configuration only: add --config-only");
}

/* ---- the probe ---- */

/* Returns the first line that collectd wrote, which is the cause of the others;
 * cuts the text. */
static const char *first_words(struct gc_buf *words) {
  char *rest = words->data;
  for (char *line; rest != NULL && (line = strsep(&rest, "\n")) != NULL;)
    if (line[0] != '\0')
      return line;
  return "";
}

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

static enum gc_code check_config(const struct request *r,
                                 struct probe_findings *f, struct gc_err *err) {
  const char *library = getenv("GENESYS_PROBE_LIBRARY"); /* for tests */
  struct probe_host host = {.program = r->program,
                            .library =
                                library != NULL ? library : PROBE_LIBRARY};
  GC_AUTO(gc_buf_clear) struct gc_buf conf = {.max = 65536};
  GC_AUTO(gc_buf_clear) struct gc_buf report = {.max = PROBE_REPORT_MAX};
  GC_AUTO(gc_buf_clear) struct gc_buf words = {.max = PROBE_WORDS_MAX};
  GC_TRY(probe_host_ask(&host, err));
  const char *file = r->file != NULL ? r->file : host.file;
  if (access(file, R_OK) != 0)
    return gc_fail(err, GC_ERR_CONFIG,
                   "%.300s cannot be read: %m; run genesys-probe as the user "
                   "of collectd",
                   file);
  enum gc_code code = probe_host_conf(&host, file, &conf);
  if (code != GC_OK)
    return gc_fail(err, code, "the name of the file is too long");
  GC_TRY(probe_host_run(&host, conf.data, &report, &words, err));
  code = read_report(f, &report);
  if (code == GC_OK)
    code = probe_conclude(f, file, first_words(&words));
  return code == GC_OK ? code
                       : gc_fail(err, code, "the report of collectd: %s",
                                 gc_code_words(code));
}

int main(int argc, char **argv) {
  char program[4096];
  struct gc_err err = {.code = GC_OK};
  struct request request = {.format = PROBE_TABLE};
  struct probe_findings findings = {.ended = false};
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = PROBE_REPORT_MAX};
  read_words(&request, argc, argv);
  if (request.program == NULL)
    request.program = find_collectd(program, sizeof(program));
  if (request.program == NULL)
    give_up("there is no collectd; install it, or name it with --collectd");
  if (check_config(&request, &findings, &err) != GC_OK ||
      probe_render(&findings.results, request.format, &out, &err) != GC_OK)
    give_up(err.text);
  fputs(gc_buf_string(&out), stdout);
  int status = (int)probe_results_worst(&findings.results);
  probe_findings_clear(&findings);
  return fflush(stdout) == 0 ? status : STATUS_USAGE;
}
