/* SPDX-License-Identifier: MIT */
#include "gc_config.h"

#include "probe/host.h"

#include <assert.h>
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

/* A second of the minute is left for the start and the output. */
static_assert(PROBE_HELP_LIMIT_MS + PROBE_LIMIT_MS + PROBE_TURN_MS +
                      PROBE_RETURN_MS <=
                  59000,
              "a probe ends within a minute");

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
static bool find_default(const char *help, const char *key, char *out,
                         size_t size) {
  const char *at = strstr(help, key);
  if (at == NULL)
    return false;
  at += strlen(key);
  at += strspn(at, " ");
  size_t len = strcspn(at, "\n");
  if (len == 0 || len >= size)
    return false;
  memcpy(out, at, len);
  out[len] = '\0';
  return true;
}

enum gc_code probe_host_find_defaults(struct probe_host *h,
                                      struct gc_err *err) {
  GC_AUTO(gc_buf_clear) struct gc_buf report = {.max = PROBE_WORDS_MAX};
  GC_AUTO(gc_buf_clear) struct gc_buf words = {.max = PROBE_WORDS_MAX};
  char *argv[] = {(char *)h->program, (char *)"-h", NULL};
  char library[4200];
  struct child c;
  snprintf(library, sizeof(library), "%s/genesys_probe.so", h->agent_folder);
  if (access(library, R_OK) != 0)
    return gc_fail(err, GC_ERR_STATE,
                   "%.300s cannot be read: %s; install the package again",
                   library, strerror(errno));
  GC_TRY(start_child(&c, argv, NULL, err));
  (void)finish_child(&c, PROBE_HELP_LIMIT_MS, &report, &words);
  const char *help = gc_buf_string(&words);
  if (!find_default(help, "Config file  ", h->file, sizeof(h->file)) ||
      !find_default(help, "Plugin directory  ", h->plugins, sizeof(h->plugins)))
    return gc_fail(err, GC_ERR_CONFIG,
                   "%.200s -h does not answer as collectd does; name the "
                   "program with --collectd",
                   h->program);
  return GC_OK;
}

/* ---- the run ---- */

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

enum gc_code probe_host_conf(const struct probe_host *h, const char *file,
                             const char *section, struct gc_buf *out) {
  GC_TRY(add_option(out, "PluginDir", h->agent_folder));
  GC_TRY(gc_buf_text(out, "LoadPlugin \"genesys_probe\"\n"));
  GC_TRY(add_option(out, "PluginDir", h->plugins));
  GC_TRY(add_option(out, "Include", file));
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

static enum gc_code start_collectd(const struct probe_host *h, const char *conf,
                                   struct child *c, struct gc_err *err) {
  char preload[4200], path[64];
  snprintf(preload, sizeof(preload), "%s/genesys_probe.so", h->agent_folder);
  int fd = conf_in_memory(conf);
  if (fd < 0)
    return gc_fail(err, GC_ERR_STATE, "memfd_create: %s", strerror(errno));
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  /* -t of collectd 5.12 calls no config callback; -T does, and does not fork.
   * If the plugin of the probe cannot be loaded, collectd refuses the
   * configuration and starts nothing. */
  char *argv[] = {(char *)h->program, (char *)"-T", (char *)"-C", path, NULL};
  enum gc_code code = start_child(c, argv, preload, err);
  (void)close(fd);
  return code;
}

enum gc_code probe_host_run(const struct probe_host *h, const char *conf,
                            struct gc_buf *report, struct gc_buf *words,
                            struct gc_err *err) {
  struct child c;
  GC_TRY(start_collectd(h, conf, &c, err));
  if (finish_child(&c, PROBE_LIMIT_MS, report, words))
    return GC_OK;
  gc_buf_reset(words); /* collectd's earlier lines are not the cause */
  return gc_buf_print(words, "it did not end within %d s",
                      PROBE_LIMIT_MS / 1000);
}

const char *probe_host_first_words(struct gc_buf *words) {
  char *rest = words->data;
  for (char *line; rest != NULL && (line = strsep(&rest, "\n")) != NULL;)
    if (line[0] != '\0')
      return line;
  return "";
}

/* Passes the complete lines of the buffer to the watch and keeps the rest.
 * Returns false when the watch ends the run. */
static bool pass_lines(struct gc_buf *report,
                       const struct probe_host_watch *w) {
  size_t done = 0;
  for (char *end;
       done < report->len &&
       (end = memchr(report->data + done, '\n', report->len - done)) != NULL;
       done = (size_t)(end + 1 - report->data)) {
    *end = '\0';
    if (report->data[done] != '\0' && !w->line(w->ctx, report->data + done))
      return false;
  }
  memmove(report->data, report->data + done, report->len - done);
  report->len -= done;
  return true;
}

/* Waits for both streams, PROBE_TURN_MS at most. Returns false at the end of
 * the report. */
static bool watch_streams(struct pollfd *streams, struct gc_buf *report,
                          struct gc_buf *words) {
  if (poll(streams, 2, PROBE_TURN_MS) <= 0)
    return true;
  if (is_open(&streams[1]) && streams[1].revents != 0 &&
      !read_stream(streams[1].fd, words))
    close_stream(&streams[1]);
  return streams[0].revents == 0 || read_stream(streams[0].fd, report);
}

enum gc_code probe_host_watch(const struct probe_host *h, const char *conf,
                              const struct probe_host_watch *w,
                              struct gc_buf *words, struct gc_err *err) {
  GC_AUTO(gc_buf_clear) struct gc_buf report = {.max = PROBE_REPORT_MAX};
  struct child c;
  GC_TRY(start_collectd(h, conf, &c, err));
  bool goes_on = true;
  while (goes_on && !w->is_over(w->ctx) &&
         watch_streams(c.streams, &report, words))
    goes_on = report.len == 0 || pass_lines(&report, w);
  (void)kill(c.pid, SIGTERM);
  (void)finish_child(&c, PROBE_RETURN_MS, &report, words);
  if (goes_on && report.len > 0)
    (void)pass_lines(&report, w);
  return GC_OK;
}
