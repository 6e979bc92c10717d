/* SPDX-License-Identifier: MIT */
#include "gc_config.h"

#include "probe/host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/json/document.h"
#include "probe/findings.h"
#include "probe/values/format.h"

enum {
  /* A probe ends within a minute, whatever hangs. */
  HELP_LIMIT_MS = 4000, /* of collectd -h */
  RUN_LIMIT_MS = 48000,
  TURN_MS = 1000,   /* between two checks of the run's limit */
  RETURN_MS = 6000, /* after SIGTERM, to remove a channel's topics */
  REPORT_MAX = 16 << 20,
  WORDS_MAX = 65536,
  OUTPUT_MAX = 1 << 30,
  PATH_SIZE = 4096,
};

/* A second of the minute is left for the start and the output. */
_Static_assert(HELP_LIMIT_MS + RUN_LIMIT_MS + TURN_MS + RETURN_MS <= 59000,
               "a probe ends within a minute");

struct run {
  const struct probe_run_options *options;
  const char *file;             /* the operator's collectd.conf */
  char default_file[PATH_SIZE]; /* of collectd */
  char plugins[PATH_SIZE];      /* its default PluginDir */
  struct probe_findings findings;
  struct gc_err *err;
  uint64_t end_ms; /* monotonic; 0: none */
  size_t rounds;   /* that were printed */
  bool is_late;
};

static volatile sig_atomic_t is_interrupted;

static void on_signal(int number) {
  (void)number;
  is_interrupted = 1;
}

/* ---- a process with two streams ---- */

struct child {
  pid_t pid;
  struct pollfd streams[2]; /* the report; stdout and stderr */
};

static uint64_t now_ms(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void close_pair(int pair[2]) {
  (void)close(pair[0]);
  (void)close(pair[1]);
}

/* Puts `preload` before the libraries of LD_PRELOAD. */
static bool set_preload(const char *preload) {
  char list[8192];
  const char *others = getenv("LD_PRELOAD");
  int len = snprintf(list, sizeof(list), "%s%s%s", preload,
                     others != NULL ? ":" : "", others != NULL ? others : "");
  return len > 0 && (size_t)len < sizeof(list) &&
         setenv("LD_PRELOAD", list, 1) == 0;
}

/* Runs the program in the child of fork. `preload` is a library to preload;
 * NULL: none. */
static _Noreturn void exec_program(char *const argv[], const char *preload,
                                   int report, int words) {
  char fd[16];
  int nothing = open("/dev/null", O_RDONLY);
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  (void)setpgid(0, 0); /* the terminal's SIGINT is for genesys-probe alone */
  (void)fcntl(report, F_SETFD, 0);
  snprintf(fd, sizeof(fd), "%d", report);
  if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(words, 1) < 0 ||
      dup2(words, 2) < 0 || setenv("GENESYS_PROBE_FD", fd, 1) != 0 ||
      (preload != NULL && !set_preload(preload)))
    _exit(127);
  (void)execv(argv[0], argv);
  _exit(127);
}

static enum gc_code start_child(struct child *c, char *const argv[],
                                const char *preload, struct gc_err *err) {
  int report[2], words[2];
  if (pipe2(report, O_CLOEXEC) != 0)
    return gc_fail(err, GC_ERR_STATE, "pipe: %s", strerror(errno));
  if (pipe2(words, O_CLOEXEC) != 0) {
    close_pair(report);
    return gc_fail(err, GC_ERR_STATE, "pipe: %s", strerror(errno));
  }
  c->pid = fork();
  if (c->pid == 0)
    exec_program(argv, preload, report[1], words[1]);
  if (c->pid < 0) {
    close_pair(report);
    close_pair(words);
    return gc_fail(err, GC_ERR_STATE, "fork: %s", strerror(errno));
  }
  (void)close(report[1]);
  (void)close(words[1]);
  c->streams[0] = (struct pollfd){.fd = report[0], .events = POLLIN};
  c->streams[1] = (struct pollfd){.fd = words[0], .events = POLLIN};
  return GC_OK;
}

/* Reads the bytes that are there. Returns false at the end of the stream, or
 * when the buffer is full. */
static bool read_stream(int fd, struct gc_buf *out) {
  char bytes[4096];
  ssize_t n = read(fd, bytes, sizeof(bytes));
  if (n < 0)
    return errno == EINTR;
  return n > 0 && gc_buf_add(out, bytes, (size_t)n) == GC_OK;
}

static bool is_open(const struct pollfd *p) { return p->fd >= 0; }

static void close_stream(struct pollfd *p) {
  (void)close(p->fd);
  p->fd = -1; /* poll ignores it */
}

/* Reads both streams to their ends. Returns false when the time limit has
 * passed. */
static bool read_both(struct pollfd *streams, uint32_t limit_ms,
                      struct gc_buf *const *out) {
  uint64_t end_ms = now_ms() + limit_ms;
  while (is_open(&streams[0]) || is_open(&streams[1])) {
    uint64_t now = now_ms();
    if (now >= end_ms ||
        (poll(streams, 2, (int)(end_ms - now)) < 0 && errno != EINTR))
      return false;
    for (int i = 0; i < 2; i++)
      if (is_open(&streams[i]) && streams[i].revents != 0 &&
          !read_stream(streams[i].fd, out[i]))
        close_stream(&streams[i]);
  }
  return true;
}

/* Reads the output of the process, then kills it. Returns false when the time
 * limit has passed. */
static bool finish_child(struct child *c, uint32_t limit_ms,
                         struct gc_buf *report, struct gc_buf *words) {
  struct gc_buf *const out[2] = {report, words};
  bool in_time = read_both(c->streams, limit_ms, out);
  for (int i = 0; i < 2; i++)
    if (is_open(&c->streams[i]))
      close_stream(&c->streams[i]);
  (void)kill(c->pid, SIGKILL); /* both streams are closed */
  while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
    ;
  return in_time;
}

/* ---- collectd's defaults ---- */

/* Copies the rest of the line "  KEY   VALUE" of collectd -h. */
static bool find_default(const char *help, const char *key,
                         char out[PATH_SIZE]) {
  const char *at = strstr(help, key);
  if (at == NULL)
    return false;
  at += strlen(key);
  at += strspn(at, " ");
  size_t len = strcspn(at, "\n");
  if (len == 0 || len >= PATH_SIZE)
    return false;
  memcpy(out, at, len);
  out[len] = '\0';
  return true;
}

static enum gc_code find_defaults(struct run *r, struct gc_err *err) {
  GC_AUTO(gc_buf_clear) struct gc_buf report = {.max = WORDS_MAX};
  GC_AUTO(gc_buf_clear) struct gc_buf words = {.max = WORDS_MAX};
  const struct probe_run_options *o = r->options;
  char *argv[] = {(char *)o->program, (char *)"-h", NULL};
  char module[PATH_SIZE + 32];
  struct child c;
  snprintf(module, sizeof(module), "%s/genesys_probe.so", o->module_dir);
  if (access(module, R_OK) != 0)
    return gc_fail(err, GC_ERR_STATE,
                   "%.300s cannot be read: %s; install the package again",
                   module, strerror(errno));
  GC_TRY(start_child(&c, argv, NULL, err));
  (void)finish_child(&c, HELP_LIMIT_MS, &report, &words);
  const char *help = gc_buf_string(&words);
  if (!find_default(help, "Config file  ", r->default_file) ||
      !find_default(help, "Plugin directory  ", r->plugins))
    return gc_fail(err, GC_ERR_CONFIG,
                   "%.200s -h does not answer as collectd does; name the "
                   "program with --collectd",
                   o->program);
  r->file = o->file != NULL ? o->file : r->default_file;
  if (access(r->file, R_OK) != 0)
    return gc_fail(err, GC_ERR_CONFIG,
                   "%.300s cannot be read: %m; run genesys-probe as the user "
                   "of collectd",
                   r->file);
  return GC_OK;
}

/* ---- the start of the run ---- */

/* Appends KEY "VALUE" and a line end, as collectd's scanner reads it. */
static enum gc_code add_option(struct gc_buf *out, const char *key,
                               const char *value) {
  GC_TRY(gc_buf_print(out, "%s \"", key));
  for (const char *c = value; *c != '\0'; c++) {
    if (*c == '"' || *c == '\\')
      GC_TRY(gc_buf_add(out, "\\", 1));
    GC_TRY(gc_buf_add(out, c, 1));
  }
  return gc_buf_text(out, "\"\n");
}

/* Writes the configuration that includes the operator's. The probe's own
 * section is described in probe/agent.c. A program that reads the values needs
 * no checks.
 */
static enum gc_code write_conf(const struct run *r, struct gc_buf *out) {
  const struct probe_run_options *o = r->options;
  const char *section = o->scope == PROBE_CONFIG  ? "Finish true"
                        : o->scope == PROBE_WATCH ? "Values \"watch\""
                        : o->format > PROBE_JSON
                            ? "Values \"once\""
                            : "Check \"network\"\n  Values \"once\"";
  GC_TRY(add_option(out, "PluginDir", o->module_dir));
  GC_TRY(gc_buf_text(out, "LoadPlugin \"genesys_probe\"\n"));
  GC_TRY(add_option(out, "PluginDir", r->plugins));
  GC_TRY(add_option(out, "Include", r->file));
  return gc_buf_print(out, "<Plugin \"genesys_probe\">\n  %s\n</Plugin>\n",
                      section);
}

/* Returns a descriptor of a file in memory, which a child process inherits. */
static int conf_in_memory(const char *conf) {
  int fd = memfd_create("genesys-probe.conf", 0);
  size_t len = strlen(conf);
  if (fd >= 0 && write(fd, conf, len) != (ssize_t)len) {
    (void)close(fd);
    return -1;
  }
  return fd;
}

static enum gc_code start_collectd(const struct run *r, struct child *c,
                                   struct gc_err *err) {
  const struct probe_run_options *o = r->options;
  GC_AUTO(gc_buf_clear) struct gc_buf conf = {.max = 65536};
  char preload[PATH_SIZE + 32], path[64];
  snprintf(preload, sizeof(preload), "%s/genesys_probe.so", o->module_dir);
  enum gc_code code = write_conf(r, &conf);
  if (code != GC_OK)
    return gc_fail(err, code, "the name of the file is too long");
  int fd = conf_in_memory(gc_buf_string(&conf));
  if (fd < 0)
    return gc_fail(err, GC_ERR_STATE, "memfd_create: %s", strerror(errno));
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  /* -t of collectd 5.12 calls no config callback; -T does, and does not fork.
   * If the plugin of the probe cannot be loaded, collectd refuses the
   * configuration and starts nothing. */
  char *argv[] = {(char *)o->program, (char *)"-T", (char *)"-C", path, NULL};
  code = start_child(c, argv, preload, err);
  (void)close(fd);
  return code;
}

/* Returns the first line that is not empty: it is the cause of the others. */
static const char *first_words(struct gc_buf *words) {
  char *rest = words->data;
  for (char *line; rest != NULL && (line = strsep(&rest, "\n")) != NULL;)
    if (line[0] != '\0')
      return line;
  return "";
}

/* ---- rounds ---- */

static void print_buf(FILE *to, const struct gc_buf *out) {
  fputs(gc_buf_string(out), to);
  (void)fflush(to);
}

/* Appends one JSON object: of a round, or of the whole run. */
static enum gc_code write_document(const struct run *run, bool is_whole,
                                   struct gc_buf *out) {
  GC_AUTO(gc_document_clear) struct gc_document d = {0};
  struct json_object *root = gc_document_add_object(&d, NULL, NULL);
  if (is_whole)
    probe_render_document(&run->findings.results, &d, root);
  probe_values_document(&run->findings.values, is_whole, &d, root);
  GC_TRY(gc_document_write(&d, out, run->err));
  return gc_buf_text(out, "\n");
}

static enum gc_code print_values(const struct run *run) {
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = OUTPUT_MAX};
  if (run->options->format == PROBE_JSON)
    GC_TRY(write_document(run, false, &out));
  else
    GC_TRY(probe_values_write(&run->findings.values, run->options->format, &out,
                              run->err));
  if (run->options->scope == PROBE_WATCH && run->options->format == PROBE_TABLE)
    GC_TRY(gc_buf_text(&out, "\n"));
  print_buf(stdout, &out);
  return GC_OK;
}

/* Prints a round that is complete, and forgets its values. */
static enum gc_code end_round(struct run *run) {
  if (run->options->scope != PROBE_WATCH ||
      run->findings.values.rounds == run->rounds)
    return GC_OK;
  run->rounds = run->findings.values.rounds;
  GC_TRY(print_values(run));
  probe_values_next_round(&run->findings.values);
  return GC_OK;
}

static bool take_line(struct run *run, const char *line) {
  enum gc_code code = probe_findings_read(&run->findings, line);
  if (code == GC_OK)
    code = end_round(run);
  if (code != GC_OK)
    (void)gc_fail(run->err, code, "the report of collectd: %s",
                  gc_code_words(code));
  return code == GC_OK;
}

static bool is_over(struct run *run) {
  run->is_late = run->end_ms > 0 && now_ms() >= run->end_ms;
  return is_interrupted != 0 || run->is_late;
}

/* Takes the complete lines of the buffer and keeps the rest. Returns false when
 * a line ends the run. */
static bool take_lines(struct run *run, struct gc_buf *report) {
  size_t done = 0;
  for (char *end;
       done < report->len &&
       (end = memchr(report->data + done, '\n', report->len - done)) != NULL;
       done = (size_t)(end + 1 - report->data)) {
    *end = '\0';
    if (report->data[done] != '\0' && !take_line(run, report->data + done))
      return false;
  }
  memmove(report->data, report->data + done, report->len - done);
  report->len -= done;
  return true;
}

/* Waits for both streams, TURN_MS at most. Returns false at the end of
 * the report. */
static bool watch_streams(struct pollfd *streams, struct gc_buf *report,
                          struct gc_buf *words) {
  if (poll(streams, 2, TURN_MS) <= 0)
    return true;
  if (is_open(&streams[1]) && streams[1].revents != 0 &&
      !read_stream(streams[1].fd, words))
    close_stream(&streams[1]);
  return streams[0].revents == 0 || read_stream(streams[0].fd, report);
}

/* Runs collectd until its report ends, or ends it by SIGTERM, after which it
 * has RETURN_MS. */
static enum gc_code run_collectd(struct run *run, struct gc_buf *words) {
  GC_AUTO(gc_buf_clear) struct gc_buf report = {.max = REPORT_MAX};
  struct child c;
  GC_TRY(start_collectd(run, &c, run->err));
  bool goes_on = true;
  while (goes_on && !is_over(run) && watch_streams(c.streams, &report, words))
    goes_on = report.len == 0 || take_lines(run, &report);
  (void)kill(c.pid, SIGTERM);
  (void)finish_child(&c, RETURN_MS, &report, words);
  if (goes_on && report.len > 0)
    (void)take_lines(run, &report);
  return run->err->code;
}

/* ---- the end ---- */

static enum gc_code conclude_run(struct run *run, struct gc_buf *words) {
  struct probe_findings *f = &run->findings;
  char late[64];
  snprintf(late, sizeof(late), "it did not end within %d s",
           RUN_LIMIT_MS / 1000);
  GC_TRY(probe_findings_read_words(f, gc_buf_string(words)));
  /* Without a plugin of this suite there is nothing to poll. */
  if (run->options->scope != PROBE_CONFIG && f->ended && f->plugins.count > 0 &&
      f->values.rounds == 0)
    GC_TRY(probe_results_add(&f->results, PROBE_VALUES, PROBE_FAILED,
                             "all blocks",
                             is_interrupted != 0 ? "a signal ended the polls"
                             : run->is_late ? "the polls did not end in time"
                                            : "the polls did not end"));
  /* At the time limit or after a signal the earlier lines of collectd are not
   * the cause. */
  return probe_conclude(f, run->file,
                        is_interrupted != 0 ? "a signal ended genesys-probe"
                        : run->is_late      ? late
                                            : first_words(words));
}

/* Prints the checks, the values and the summary for people. */
static enum gc_code print_tables(const struct run *run, struct gc_buf *out) {
  const struct probe_values *v = &run->findings.values;
  GC_TRY(probe_render(&run->findings.results, PROBE_TABLE, out, run->err));
  if (run->options->scope == PROBE_ONCE && v->count > 0) {
    GC_TRY(gc_buf_text(out, "\n"));
    GC_TRY(probe_values_write(v, PROBE_TABLE, out, run->err));
  }
  return probe_values_summary(v, out);
}

static enum gc_code print_end(const struct run *run) {
  const struct probe_run_options *o = run->options;
  const struct probe_results *results = &run->findings.results;
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = OUTPUT_MAX};
  if (o->scope == PROBE_CONFIG) {
    GC_TRY(probe_render(results, o->format, &out, run->err));
  } else if (o->format == PROBE_JSON) {
    GC_TRY(write_document(run, true, &out));
  } else if (o->format == PROBE_TABLE) {
    GC_TRY(print_tables(run, &out));
  } else {
    if (probe_results_worst(results) != PROBE_OK)
      GC_TRY(probe_render(results, PROBE_TABLE, &out, run->err));
    if (o->scope == PROBE_WATCH)
      GC_TRY(probe_values_summary(&run->findings.values, &out));
    print_buf(stderr, &out);
    return o->scope == PROBE_WATCH ? GC_OK : print_values(run);
  }
  print_buf(stdout, &out);
  return GC_OK;
}

static enum gc_code run_and_print(struct run *run,
                                  enum probe_state *ret_state) {
  GC_AUTO(gc_buf_clear) struct gc_buf words = {.max = WORDS_MAX};
  GC_TRY(find_defaults(run, run->err));
  if (run->options->scope != PROBE_WATCH)
    run->end_ms = now_ms() + RUN_LIMIT_MS;
  GC_TRY(run_collectd(run, &words));
  GC_TRY(conclude_run(run, &words));
  *ret_state = probe_results_worst(&run->findings.results);
  return print_end(run);
}

enum gc_code probe_run(const struct probe_run_options *o,
                       enum probe_state *ret_state, struct gc_err *err) {
  /* The same signal again ends the program at once, and collectd with it. */
  const struct sigaction act = {.sa_handler = on_signal,
                                .sa_flags = SA_RESETHAND};
  static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
  struct run run = {.options = o, .err = err};
  for (size_t i = 0; i < GC_COUNT(signals); i++)
    (void)sigaction(signals[i], &act, NULL);
  enum gc_code code = run_and_print(&run, ret_state);
  probe_findings_clear(&run.findings);
  return code == GC_OK || err->code != GC_OK
             ? code
             : gc_fail(err, code, "the report of collectd: %s",
                       gc_code_words(code));
}
