/* SPDX-License-Identifier: MIT */
#include "probe/values/values.h"

#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collectd.h"
#include "configfile.h"
#include "plugin.h"
#include "utils/common/common.h"

#include "common/daemon/trial.h"
#include "common/daemon/writers.h"
#include "common/genesys/parts.h"
#include "common/net/clock.h"
#include "common/net/detached.h"

enum {
  LINE_SIZE = 8192,
  EVERY_MS = 250,
  HOST_SIZE = 256,
  NAME_WAIT_MS = 5000, /* for the resolver */
};

static void (*report_line)(const char *line);
static bool is_state; /* the values are self-telemetry */

/* ---- lines ---- */

/* Copies parts with US in place of line ends, which would end the line. */
static void copy_parts(char out[GC_PARTS_SIZE], const char *parts) {
  snprintf(out, GC_PARTS_SIZE, "%s", parts);
  for (char *c = strchr(out, '\n'); c != NULL; c = strchr(c, '\n'))
    *c = '\x1f';
}

static void report_value(void *ctx, const char *plugin, const char *block,
                         const value_list_t *vl, const char *parts) {
  const data_set_t *set = plugin_get_ds(vl->type);
  char line[LINE_SIZE], numbers[512] = "", copy[GC_PARTS_SIZE];
  int len = 0;
  (void)ctx;
  for (size_t i = 0; set != NULL && i < vl->values_len && i < set->ds_num; i++)
    len += set->ds[i].type == DS_TYPE_DERIVE
               ? snprintf(numbers + len, sizeof(numbers) - (size_t)len,
                          "%s%" PRIi64, i > 0 ? " " : "", vl->values[i].derive)
               : snprintf(numbers + len, sizeof(numbers) - (size_t)len,
                          "%s%.17g", i > 0 ? " " : "", vl->values[i].gauge);
  copy_parts(copy, parts);
  snprintf(line, sizeof(line),
           "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%" PRIu64 "\t%" PRIu64 "\t%s\t%s",
           is_state ? "state" : "value", plugin, block, vl->host,
           vl->plugin_instance, vl->type, vl->type_instance,
           gc_value_time_ns(vl), (uint64_t)CDTIME_T_TO_MS(vl->interval),
           numbers, copy);
  report_line(line);
}

static void report_tried(void *ctx, const char *plugin, const char *block,
                         const char *subject) {
  char line[LINE_SIZE];
  (void)ctx;
  snprintf(line, sizeof(line), "tried\t%s\t%s\t%s", plugin, block, subject);
  report_line(line);
}

static void report_answered(void *ctx, const char *plugin, const char *block) {
  char line[LINE_SIZE];
  (void)ctx;
  snprintf(line, sizeof(line), "answered\t%s\t%s", plugin, block);
  report_line(line);
}

static void report_left_out(void *ctx, const char *plugin, const char *block,
                            const char *subject, const char *why) {
  char line[LINE_SIZE];
  (void)ctx;
  snprintf(line, sizeof(line), "left-out\t%s\t%s\t%s\t%s", plugin, block,
           subject, why);
  report_line(line);
}

static void report_requests(void *ctx, const char *plugin, const char *block,
                            const char *account, const char *family,
                            double per_minute) {
  char line[LINE_SIZE];
  (void)ctx;
  snprintf(line, sizeof(line), "requests\t%s\t%s\t%s\t%s\t%.6f", plugin, block,
           account, family, per_minute);
  report_line(line);
}

static void report_budget(void *ctx, const char *account, uint32_t per_minute) {
  char line[LINE_SIZE];
  (void)ctx;
  snprintf(line, sizeof(line), "budget\t%s\t%u", account, (unsigned)per_minute);
  report_line(line);
}

static void report_note(void *ctx, const char *plugin, const char *block,
                        const char *text) {
  char line[LINE_SIZE];
  (void)ctx;
  snprintf(line, sizeof(line), "note\t%s\t%s\t%s", plugin, block, text);
  report_line(line);
}

/* ---- rounds ---- */

struct full_name {
  char host[HOST_SIZE];
  char full[HOST_SIZE]; /* "": not found */
};

static void find_full_name(void *ctx) {
  struct full_name *n = ctx;
  struct addrinfo hints = {.ai_flags = AI_CANONNAME}, *found = NULL;
  if (getaddrinfo(n->host, NULL, &hints, &found) != 0)
    return;
  for (const struct addrinfo *a = found; a != NULL; a = a->ai_next)
    if (a->ai_canonname != NULL) {
      snprintf(n->full, sizeof(n->full), "%s", a->ai_canonname);
      break;
    }
  freeaddrinfo(found);
}

/* Sets the full name of the host, which the resolver finds. The resolver may
 * hang. */
static void look_up_host(const char *host) {
  struct gc_detached *bounded = gc_detached_new("gc-probe", NAME_WAIT_MS, NULL);
  struct full_name *n = calloc(1, sizeof(*n));
  if (n != NULL)
    snprintf(n->host, sizeof(n->host), "%s", host);
  if (bounded == NULL || n == NULL) {
    free(n);
  } else if (gc_detached_run(bounded, find_full_name, free, n) == GC_OK) {
    if (n->full[0] != '\0')
      hostname_set(n->full);
    free(n);
  } else {
    WARNING("the full name of %s was not found within %d s, so that the values "
            "have the short one; set Hostname, or FQDNLookup false",
            host, NAME_WAIT_MS / 1000);
  }
  gc_detached_free(bounded);
}

/* Finds the host name as collectd does after the configuration phase, which
 * this process does not leave (init_hostname of its collectd.c). */
static void name_host(void) {
  const char *set = global_option_get("Hostname");
  const char *full = global_option_get("FQDNLookup");
  char name[HOST_SIZE] = "";
  if (set != NULL && set[0] != '\0') {
    hostname_set(set);
    return;
  }
  if (gethostname(name, sizeof(name) - 1) != 0)
    return;
  hostname_set(name);
  if (full == NULL || !IS_FALSE(full))
    look_up_host(name);
}

/* Waits between two readings, as collectd does between two read callbacks. */
static void pause_reading(void) { (void)poll(NULL, 0, EVERY_MS); }

/* Reads until no block waits for its first answers, and then once more: the
 * newest answer may have come after the last reading. */
static void read_first_round(uint64_t end_ms) {
  while (gc_trial_read() > 0 && gc_clock_now_ms() < end_ms)
    pause_reading();
  pause_reading();
  (void)gc_trial_read();
}

static void read_state(void) {
  is_state = true;
  gc_trial_read_state();
  is_state = false;
}

static void watch_values(void) {
  uint64_t every_ms = CDTIME_T_TO_MS(plugin_get_interval());
  for (uint64_t due_ms = gc_clock_now_ms() + every_ms;; due_ms += every_ms) {
    while (gc_clock_now_ms() < due_ms) {
      pause_reading();
      (void)gc_trial_read();
    }
    read_state();
    report_line("round");
  }
}

GC_API probe_values_run probe_values_watch;
void probe_values_watch(bool repeats, uint64_t start_ms,
                        void (*report)(const char *line)) {
  static const struct gc_trial trial = {.value = report_value,
                                        .tried = report_tried,
                                        .left_out = report_left_out,
                                        .answered = report_answered,
                                        .requests = report_requests,
                                        .budget = report_budget,
                                        .note = report_note};
  report_line = report;
  plugin_ctx_t context = plugin_get_ctx();
  context.interval = cf_get_default_interval();
  (void)plugin_set_ctx(context);
  name_host();
  gc_trial_begin(&trial);
  read_first_round(start_ms + PROBE_ROUND_LIMIT_MS);
  read_state();
  gc_trial_report();
  report_line("round");
  if (repeats)
    watch_values();
}
