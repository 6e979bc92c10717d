/* SPDX-License-Identifier: MIT */
#include "tests/support/options_bench.h"

#include "collectd.h"
#include "configfile.h"

#include "tests/support/check.h"
#include "tests/support/conf_text.h"

static const char *const streams[] = {"notifications", "conversations", "none",
                                      NULL};

const struct gc_opt options_queue_rows[] = {
    GC_OPT_STR(struct options_queues, account, "Account", NULL, GC_OPT_NEEDED,
               "Name of the <Account> to use.", "prod"),
    GC_OPT_STR(struct options_queues, secret, "ClientSecret", NULL,
               GC_OPT_SECRET, "The secret.", "hush"),
    GC_OPT_STR(struct options_queues, ca_cert, "CACert", "/etc/ca.pem", 0,
               "File | folder.", "/ca.pem"),
    GC_OPT_STRS(struct options_queues, queue, "Queue", "Name globs.",
                "Support*"),
    GC_OPT_INT(struct options_queues, interval_s, "ObservationInterval", "10",
               5, 3600, "s", "Seconds between two readings.", "30"),
    GC_OPT_INT(struct options_queues, port, "Port", NULL, 1, 65535, "",
               "A port.", "8080"),
    GC_OPT_REAL(struct options_queues, reconnect_s, "ReconnectMin", "0.5", 0.1,
                30, "s", "First pause.", "2"),
    GC_OPT_REALS(struct options_queues, buckets, "WaitBuckets", "1 2.5 4",
                 0.001, 86400, "s", "Bounds.", "1 5"),
    GC_OPT_BOOL(struct options_queues, raw, "Raw", "true",
                "Dispatch raw values.", "false"),
    GC_OPT_BOOL(struct options_queues, verify, "VerifyPeer", NULL, "Verify.",
                "true"),
    GC_OPT_ENUM(struct options_queues, stream, "Stream", "conversations",
                streams, "What to listen to.", "none"),
    GC_OPT_END};

const struct gc_opt options_health_rows[] = {
    GC_OPT_INT(struct options_health, port, "HealthPort", "8080", 1, 65535, "",
               "A port.", "8081"),
    GC_OPT_END};

const struct gc_opt options_outside_rows[] = {
    GC_OPT_STR(struct options_outside, state_dir, "StateDir", "/var/lib/x", 0,
               "Dir.", "/var/lib/y"),
    GC_OPT_INT(struct options_outside, level, "Level", "3", 0, 9, "", "Level.",
               "4"),
    GC_OPT_END};

struct options_got options_got;

static enum gc_code read_queues(const char *name, void *settings,
                                struct gc_err *err) {
  gc_options_clear(options_queue_rows, &options_got.queues);
  memcpy(&options_got.queues, settings, sizeof(options_got.queues));
  free(settings);
  options_got.count++;
  strncat(options_got.names, name,
          sizeof(options_got.names) - strlen(options_got.names) - 2);
  strcat(options_got.names, " ");
  return options_got.answer == GC_OK
             ? GC_OK
             : gc_fail(err, options_got.answer, "refused by the block");
}

static enum gc_code read_health(const char *name, void *settings,
                                struct gc_err *err) {
  (void)err;
  CHECK(name == NULL);
  options_got.health_port = ((struct options_health *)settings)->port;
  options_got.health_count++;
  gc_options_clear(options_health_rows, settings);
  free(settings);
  return GC_OK;
}

static const struct gc_block_kind blocks[] = {
    {"Queues", options_queue_rows, sizeof(struct options_queues), "Queues.",
     true, read_queues},
    {"Health", options_health_rows, sizeof(struct options_health), "Health.",
     false, read_health},
    {.key = NULL}};

static struct gc_config_seen seen;
struct options_outside options_outside;
const struct gc_config options_only_blocks = {
    .plugin = "genesys_realtime", .blocks = blocks, .seen = &seen};
const struct gc_config options_with_rows = {.plugin = "genesys",
                                            .rows = options_outside_rows,
                                            .settings = &options_outside,
                                            .blocks = blocks,
                                            .seen = &seen};

void options_forget(void) {
  gc_options_clear(options_queue_rows, &options_got.queues);
  memset(&options_got, 0, sizeof(options_got));
  gc_options_clear(options_outside_rows, &options_outside);
  gc_config_seen_clear(&seen);
}

const char *options_text(const struct gc_config *config, const char *text) {
  static struct gc_err err;
  err = (struct gc_err){0};
  oconfig_item_t *root = conf_parse(text);
  CHECK(root != NULL);
  enum gc_code code = GC_OK;
  for (int i = 0; root != NULL && code == GC_OK && i < root->children_num; i++)
    code = gc_config_read(config, &root->children[i], &err);
  conf_free(root);
  CHECK_INT(err.code, code);
  return code == GC_OK ? "" : err.text;
}

const char *options_lines(const char *block_lines) {
  char text[4096];
  options_forget();
  snprintf(text, sizeof(text),
           "<Plugin genesys_realtime>\n<Queues \"all\">\nAccount prod\n%s\n"
           "</Queues>\n</Plugin>\n",
           block_lines);
  return options_text(&options_only_blocks, text);
}
