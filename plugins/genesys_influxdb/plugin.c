/* SPDX-License-Identifier: MIT */
/* The plugin "genesys_influxdb": writes values to InfluxDB through a spool.
 * Wiring only: options.c reads the configuration, node.c does the work. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "collectd.h"
#include "plugin.h"

#include "common/daemon/health.h"
#include "common/daemon/log.h"
#include "common/daemon/plugin_base.h"
#include "common/daemon/writers.h"
#include "common/genesys/clean_name.h"
#include "plugins/genesys_influxdb/options.h"
#include "plugins/genesys_influxdb/samples.h"

static struct gc_plugin plugin;

/* One <Node> block. */
struct node_block {
  struct gc_block base;
  struct influx_node_settings settings;
  struct influx_node *node; /* NULL: not started */
  struct gc_writer writer;
  char folder[4000], thread[16], callback[DATA_MAX_NAME_LEN * 2];
};

static struct node_block *node_of(struct gc_block *b) {
  return (struct node_block *)b;
}

/* ---- values: on the threads that emit them and on collectd's write threads
 * ---- */

static union influx_value value_of(const struct gc_value_source *source) {
  union influx_value value;
  _Static_assert(sizeof(value) == sizeof(source->bits), "the bits of a value");
  memcpy(&value, &source->bits, sizeof(value));
  return value;
}

/* Returns the time in ns. A time that no database holds (after 2262) becomes
 * the largest number, which databases refuse. */
static int64_t time_of(const struct gc_value *v) {
  return v->time_ns < INT64_MAX ? (int64_t)v->time_ns : INT64_MAX;
}

static void take_value(void *ctx, const struct gc_value *v) {
  static const enum influx_number kinds[] = {
      [GC_VALUE_REAL] = INFLUX_REAL,
      [GC_VALUE_INT] = INFLUX_INT,
      [GC_VALUE_UINT] = INFLUX_UINT,
      [GC_VALUE_ABSOLUTE] = INFLUX_UINT,
  };
  struct node_block *n = ctx;
  struct influx_sample sample;
  sample.key = v->key;
  sample.key_len = v->key_len;
  sample.parts = v->parts;
  sample.time_ns = time_of(v);
  sample.count = v->count;
  for (unsigned i = 0; i < v->count; i++)
    sample.sources[i] =
        (struct influx_source){.name = v->sources[i].name,
                               .kind = kinds[v->sources[i].kind],
                               .value = value_of(&v->sources[i])};
  influx_node_put(n->node, &sample);
}

static int on_flush(__attribute__((unused)) cdtime_t timeout,
                    __attribute__((unused)) const char *identifier,
                    user_data_t *ud) {
  influx_node_flush(((struct node_block *)ud->data)->node);
  return 0;
}

static void register_writer(struct node_block *n) {
  const struct node_options *o = n->base.options;
  user_data_t ud = {.data = n};
  snprintf(n->callback, sizeof(n->callback), "%s/%s", n->base.plugin->name,
           n->base.name);
  n->writer = (struct gc_writer){.name = n->callback,
                                 .take = take_value,
                                 .ctx = n,
                                 .plugins = &o->plugins};
  gc_writer_add(&n->writer);
  plugin_register_flush(n->callback, on_flush, &ud);
}

/* ---- beginning and end of a block ---- */

static void warn_node(void *ctx, const struct gc_err *warning) {
  const struct gc_block *b = ctx;
  gc_log_line(plugin.log, GC_LOG_WARNING, "<Node \"%s\">: %s", b->name,
              warning->text);
}

static enum gc_code check_block(struct gc_block *b, struct gc_err *warning,
                                struct gc_err *err) {
  const struct node_options *o = b->options;
  (void)warning; /* warn_node logs each of several warnings */
  for (const struct gc_block *other = plugin.blocks; other != NULL;
       other = other->next) {
    const struct node_options *theirs = other->options;
    if (o->spool_dir != NULL && theirs->spool_dir != NULL &&
        strcmp(o->spool_dir, theirs->spool_dir) == 0)
      return gc_fail(err, GC_ERR_CONFIG,
                     "SpoolDir \"%s\" is that of <Node \"%s\">; give each its "
                     "own",
                     o->spool_dir, other->name);
  }
  return node_check(b->options, warn_node, b, err);
}

static void set_folder(struct node_block *n) {
  const struct node_options *o = n->base.options;
  const char *base = global_option_get("BaseDir");
  char name[GC_NAME_SIZE];
  (void)gc_name_clean(name, n->base.name, strlen(n->base.name));
  if (o->spool_dir != NULL)
    snprintf(n->folder, sizeof(n->folder), "%s", o->spool_dir);
  else
    snprintf(n->folder, sizeof(n->folder), "%s/genesys_influxdb-%s",
             base != NULL ? base : ".", name);
}

/* Finds another node with the folder, which may have several paths; NULL: none
 * has it. */
static const struct gc_block *find_owner(const struct node_block *n) {
  struct stat ours, theirs;
  const struct gc_block *b = plugin.blocks;
  if (stat(n->folder, &ours) != 0)
    return NULL;
  while (b != NULL &&
         (b == &n->base ||
          stat(((const struct node_block *)b)->folder, &theirs) != 0 ||
          ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino))
    b = b->next;
  return b;
}

/* Names the node that has the folder of a spool that is in use. On the node's
 * thread, which waits for the disk. */
static void notice_node(void *ctx, const char *cause,
                        const struct gc_err *err) {
  const struct node_block *n = ctx;
  struct gc_err why;
  const struct gc_block *owner =
      err->code == GC_ERR_UNAVAILABLE ? find_owner(n) : NULL;
  if (owner != NULL)
    (void)gc_fail(&why, GC_ERR_STATE,
                  "SpoolDir %s of <Node \"%s\"> is the folder of <Node "
                  "\"%s\">, too; give each its own",
                  n->folder, n->base.name, owner->name);
  gc_block_notice_own(ctx, cause, owner != NULL ? &why : err);
}

static enum gc_code start_block(struct gc_block *b, struct gc_err *err) {
  struct node_block *n = node_of(b);
  for (struct gc_block *each = plugin.blocks; each != NULL; each = each->next)
    if (node_of(each)->folder[0] == '\0') /* other nodes read it */
      set_folder(node_of(each));
  snprintf(n->thread, sizeof(n->thread), "gc-db-%.9s", b->name);
  node_settings(b->options, &n->settings);
  n->settings.takes_intervals = gc_writer_takes(
      &((const struct node_options *)b->options)->plugins, "genesys");
  n->settings.folder = n->folder;
  n->settings.thread = n->thread;
  n->settings.notice = notice_node;
  n->settings.ctx = b;
  n->node = influx_node_new(&n->settings, err);
  if (n->node == NULL)
    return err->code;
  register_writer(n);
  return GC_OK;
}

static void read_state(struct gc_block *b, uint32_t interval_ms,
                       const struct gc_samples *out) {
  struct influx_node_stats stats;
  influx_node_stats(node_of(b)->node, &stats);
  influx_samples(&stats, b->instance, interval_ms, out);
  if (stats.sender.requests_ok > 0)
    gc_health_set_latency(b->health, stats.sender.latency_ms);
}

static void clear_block(struct gc_block *b) {
  gc_writer_remove(&node_of(b)->writer);
  (void)influx_node_free(gc_steal(node_of(b)->node));
}

static const struct gc_block_class node_class = {.prefix = "node",
                                                 .rows = node_rows,
                                                 .size =
                                                     sizeof(struct node_block),
                                                 .check = check_block,
                                                 .start = start_block,
                                                 .read_state = read_state,
                                                 .clear = clear_block};

static enum gc_code read_node(const char *name, void *options,
                              struct gc_err *err) {
  return gc_plugin_add(&plugin, &node_class, name, options, err);
}

static const struct gc_block_kind kinds[] = {
    {.key = "Node",
     .rows = node_rows,
     .size = sizeof(struct node_options),
     .help = "One database that values are written to.",
     .named = true,
     .read = read_node},
    {.key = NULL},
};

/* Frees the nodes. collectd has ended its threads that read and write, so
 * nothing is put into a node any more. A node whose disk hangs is left behind
 * with its block. */
static int on_shutdown(void) {
  struct gc_block **at = &plugin.blocks;
  for (struct gc_block *b = plugin.blocks; b != NULL; b = b->next) {
    gc_writer_remove(&node_of(b)->writer);
    if (node_of(b)->node != NULL)
      influx_node_ask_to_stop(node_of(b)->node);
  }
  while (*at != NULL) {
    struct node_block *n = node_of(*at);
    if (influx_node_free(gc_steal(n->node))) {
      at = &(*at)->next;
      continue;
    }
    gc_log_line(plugin.log, GC_LOG_WARNING,
                "<Node \"%s\">: the disk of SpoolDir does not answer; values "
                "of the last seconds may be lost",
                n->base.name);
    *at = (*at)->next;
  }
  gc_plugin_stop(&plugin);
  return 0;
}

static struct gc_plugin plugin = {
    .name = "genesys_influxdb", .kinds = kinds, .shutdown = on_shutdown};

GC_API void module_register(void);
void module_register(void) { gc_plugin_register(&plugin); }
