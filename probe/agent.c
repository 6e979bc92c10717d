/* SPDX-License-Identifier: MIT */
/* The part of genesys-probe inside collectd. genesys-probe starts collectd with
 * -T, this library preloaded, and a configuration of its own:
 *
 *   PluginDir "/usr/lib/collectd-genesys"
 *   LoadPlugin "genesys_probe"
 *   PluginDir "/usr/lib/collectd"          collectd's own
 *   Include "/etc/collectd/collectd.conf"  the operator's
 *   <Plugin "genesys_probe"> Finish true </Plugin>
 *
 * In that section, Check "network" adds the checks of the network, and Values
 * "once" or "watch" adds the polls.
 *
 * collectd reads the operator's file as it always does, and loads the plugins
 * of this suite, whose config callbacks store settings only. The dlopen of this
 * library replaces every other plugin by an empty one, except matches and
 * targets: a probe runs no script of another plugin and writes to no log file.
 * The last line ends the process in the configuration phase: collectd has not
 * forked, changed its folder, written a PID file or started a plugin.
 *
 * The report goes to the descriptor of GENESYS_PROBE_FD, in the lines of
 * probe/findings.h. Runs on collectd's main thread;
 * other threads report lines of the log and some results. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "collectd.h"
#include "plugin.h"

#include "common/daemon/plugin_base.h"
#include "common/net/account.h"
#include "probe/findings.h"
#include "probe/network/network.h"

#define OURS "genesys"
#define NAME "genesys_probe"
#ifndef PROBE_CORE
#error "PROBE_CORE is the file name of the core, with its version"
#endif

static int report_fd = -1;
static uint64_t start_ms;            /* of the process */
static const char *log_word = "log"; /* of a line for collectd's log */
static char
    loading[DATA_MAX_NAME_LEN]; /* the plugin that an empty one replaces */

/* Writes a line in one piece: threads of the plugins log, too. */
static void write_line(const char *line, size_t len) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&lock);
  while (len > 0) {
    ssize_t n = write(report_fd, line, len);
    if (n <= 0)
      _exit(EXIT_FAILURE); /* genesys-probe has ended */
    line += n;
    len -= (size_t)n;
  }
  pthread_mutex_unlock(&lock);
}

__attribute__((format(printf, 1, 2))) static void
report_line(const char *format, ...) {
  char line[10240];
  va_list args;
  va_start(args, format);
  int len = vsnprintf(line, sizeof(line) - 1, format, args);
  va_end(args);
  if (len < 0)
    return;
  if ((size_t)len > sizeof(line) - 2)
    len = (int)sizeof(line) - 2;
  for (int i = 0; i < len; i++)
    if (line[i] == '\n' || line[i] == '\r')
      line[i] = ' ';
  line[len++] = '\n';
  write_line(line, (size_t)len);
}

/* ---- only plugins of this suite ---- */

/* True if the caller is collectd itself: a library that a plugin needs may load
 * any other library. */
static bool is_collectd(const void *caller) {
  Dl_info a, b;
  void *host = dlsym(RTLD_DEFAULT, "plugin_register_complex_config");
  return host != NULL && dladdr(caller, &a) != 0 && dladdr(host, &b) != 0 &&
         a.dli_fbase == b.dli_fbase;
}

/* Copies "cpu" out of "/usr/lib/collectd/cpu.so". */
static void plugin_name(char out[DATA_MAX_NAME_LEN], const char *path) {
  const char *slash = strrchr(path, '/');
  snprintf(out, DATA_MAX_NAME_LEN, "%s", slash != NULL ? slash + 1 : path);
  char *dot = strrchr(out, '.');
  if (dot != NULL)
    *dot = '\0';
}

static bool starts_with(const char *text, const char *prefix) {
  return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* True for matches and targets: collectd builds a <Chain> from them while it
 * reads the file, and they only look at values. */
static bool is_of_filter_chain(const char *name) {
  return starts_with(name, "match_") || starts_with(name, "target_");
}

__attribute__((visibility("default"))) void *dlopen(const char *path,
                                                    int flags) {
  static void *(*next)(const char *, int);
  if (next == NULL)
    *(void **)&next = dlsym(RTLD_NEXT, "dlopen");
  char name[DATA_MAX_NAME_LEN];
  if (path == NULL || !is_collectd(__builtin_return_address(0)))
    return next(path, flags);
  plugin_name(name, path);
  bool ours = starts_with(name, OURS);
  memcpy(loading, name, sizeof(loading));
  /* NULL is the program with its preloaded libraries, where collectd finds the
   * module_register below. */
  void *handle = next(ours || is_of_filter_chain(name) ? path : NULL, flags);
  if (ours && handle != NULL && strcmp(name, NAME) != 0)
    report_line("plugin\t%s", name);
  return handle;
}

/* ---- collectd's callbacks ---- */

static int ignore_config(oconfig_item_t *ci) {
  (void)ci;
  return 0;
}

static void on_log(int level, const char *text, user_data_t *ud) {
  (void)ud;
  report_line("%s\t%d\t%s", log_word, level, text);
}

static void report_account(void *ctx, const char *name, const char *host) {
  (void)ctx;
  (void)host;
  report_line("account\t%s", name);
}

/* Functions of the core. */
struct core {
  __typeof__(gc_accounts_each) *accounts_each;
  __typeof__(gc_plugins_each) *blocks_each;
  __typeof__(gc_block_kind_name) *kind_name;
  __typeof__(gc_block_account) *account;
  __typeof__(gc_plugins_check) *check;
};

static void report_block(void *ctx, struct gc_block *b) {
  const struct core *core = ctx;
  const char *account = core->account(b);
  report_line("block\t%s\t%s\t%s\t%s", b->plugin->name, core->kind_name(b),
              b->name, account != NULL ? account : "");
}

/* Reports the accounts and blocks that the plugins have accepted, and the
 * blocks that they refuse once all accounts are known. The plugins share one
 * core, which is loaded if one of them is. The probe finds only the core of its
 * own version. */
static void report_settings(void) {
  struct core core;
  void *library = dlopen(PROBE_CORE, RTLD_NOLOAD | RTLD_NOW);
  if (library == NULL)
    return;
  *(void **)&core.accounts_each = dlsym(library, "gc_accounts_each");
  *(void **)&core.blocks_each = dlsym(library, "gc_plugins_each");
  *(void **)&core.kind_name = dlsym(library, "gc_block_kind_name");
  *(void **)&core.account = dlsym(library, "gc_block_account");
  *(void **)&core.check = dlsym(library, "gc_plugins_check");
  core.accounts_each(report_account, NULL);
  core.blocks_each(report_block, &core);
  core.check();
}

/* ---- more than the configuration ---- */

/* Loads a library beside this one, which uses the core that the plugins have
 * loaded, and returns its function. Returns NULL when no plugin has loaded the
 * core, or when the library cannot be loaded, which is reported. */
static void *load_part(const char *file, const char *function) {
  Dl_info info;
  char path[4200];
  if (dlopen(PROBE_CORE, RTLD_NOLOAD | RTLD_NOW) == NULL ||
      dladdr((void *)load_part, &info) == 0)
    return NULL;
  const char *slash = strrchr(info.dli_fname, '/');
  int len = slash != NULL ? (int)(slash + 1 - info.dli_fname) : 0;
  snprintf(path, sizeof(path), "%.*s%s", len, info.dli_fname, file);
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  void *found = library != NULL ? dlsym(library, function) : NULL;
  if (found == NULL)
    report_line("log\t%d\t%s", LOG_ERR, dlerror());
  return found;
}

static void report_result(const char *check, const char *state,
                          const char *subject, const char *what) {
  report_line("result\t%s\t%s\t%s\t%s", check, state, subject, what);
}

/* The plugins read their files relative to BaseDir, to which collectd goes
 * after the configuration. */
static void enter_base_folder(void) {
  const char *base = global_option_get("BaseDir");
  if (base != NULL && chdir(base) != 0)
    report_result("collectd", "warning", "BaseDir",
                  "collectd makes this folder at its start; files with "
                  "relative paths are not found before");
}

static void check_network(void) {
  probe_network *run;
  *(void **)&run = load_part(NAME "_network.so", PROBE_NETWORK_RUN);
  if (run != NULL)
    run(report_result);
}

static void report_text(const char *line) { report_line("%s", line); }

static void read_values(bool repeats) {
  probe_values_run *run;
  *(void **)&run = load_part(NAME "_values.so", PROBE_VALUES_RUN);
  if (run != NULL)
    run(repeats, start_ms, report_text);
}

/* Returns the value of an option of the probe's section; NULL: it has none. */
static const char *section_option(const oconfig_item_t *ci, const char *key) {
  for (int i = 0; i < ci->children_num; i++) {
    const oconfig_item_t *child = &ci->children[i];
    if (strcmp(child->key, key) == 0 && child->values_num == 1 &&
        child->values[0].type == OCONFIG_TYPE_STRING)
      return child->values[0].value.string;
  }
  return NULL;
}

static int on_config(oconfig_item_t *ci) {
  const char *values = section_option(ci, "Values");
  report_settings();
  report_line("read");
  log_word = "polled";
  enter_base_folder();
  if (section_option(ci, "Check") != NULL)
    check_network();
  report_line("end");
  if (values != NULL)
    read_values(strcmp(values, "watch") == 0);
  _exit(EXIT_SUCCESS);
}

__attribute__((visibility("default"))) void module_register(void);
void module_register(void) {
  if (loading[0] != '\0' && strcmp(loading, NAME) != 0) {
    plugin_register_complex_config(loading, ignore_config);
    return;
  }
  const char *fd = getenv("GENESYS_PROBE_FD");
  if (fd == NULL) {
    ERROR(NAME ": only genesys-probe may load this plugin");
    return;
  }
  report_fd = (int)strtol(fd, NULL, 10); /* 0, stdin, if it is no number */
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  start_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
  plugin_register_complex_config(NAME, on_config);
  plugin_register_log(NAME, on_log, NULL);
}
