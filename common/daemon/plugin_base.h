/* SPDX-License-Identifier: MIT */
/* What every plugin of the suite does alike: its configuration is read by rows,
 * each of its blocks is started by itself, read, and told of by name. What is
 * its own stands in its plugin.c: a class for each kind of block, whose struct
 * begins with a gc_block, and collectd's four callbacks of one line each.
 *
 *   struct queues { struct gc_block base; struct block *work; };
 *   static enum gc_code read_queues(const char *name, void *options,
 *                                   struct gc_err *err) {
 *     return gc_plugin_add(&plugin, &queues_class, name, options, err);
 *   }
 *
 * Threads: configuration, init and shutdown are collectd's main thread; the
 * callbacks of a class run as said below. */
#ifndef GC_DAEMON_PLUGIN_BASE_H
#define GC_DAEMON_PLUGIN_BASE_H

#include "common/daemon/log.h"
#include "common/daemon/options.h"
#include "common/genesys/sample.h"

struct gc_account;
struct gc_block;

enum { GC_BLOCK_LOOK_S = 1 }; /* between two calls of a class's `look` */

struct gc_block_class {
  const char *prefix;        /* "queues": its instances are "queues-NAME" */
  const struct gc_opt *rows; /* of its options */
  size_t size;               /* of the plugin's struct */
  /* What the rows cannot see of the options; may be NULL. A warning is told,
   * an error refuses the configuration. */
  enum gc_code (*check)(struct gc_block *b, struct gc_err *warning,
                        struct gc_err *err);
  enum gc_code (*start)(struct gc_block *b, struct gc_err *err);
  /* On a read thread, each second; may be NULL. A look costs next to nothing
   * while there is nothing new. */
  void (*look)(struct gc_block *b);
  /* On a read thread, once an interval of the plugin: self-telemetry. */
  void (*state)(struct gc_block *b, uint32_t interval_ms,
                const struct gc_samples *out);
  /* No read thread looks any more, and values that leave now still reach the
   * writers: collectd frees what read callbacks own before it ends the write
   * threads. May be NULL; not called without `look`. */
  void (*last_look)(struct gc_block *b);
  /* Ends and frees what `check` and `start` made, in whatever state. */
  void (*clear)(struct gc_block *b);
};

/* One block of the configuration: <Queues "all">. The fields are the plugin's
 * to read; `account` and `host` are what `start` sets. */
struct gc_block {
  const struct gc_block_class *is;
  struct gc_plugin *plugin;
  char *name;                 /* "all" */
  char *instance;             /* "queues-all", of its self-telemetry */
  void *options;              /* as the rows say; owned */
  struct gc_account *account; /* a reference, put back at the end; or NULL */
  const char *host;           /* of its values; NULL or "": collectd's */
  bool runs;                  /* `start` has succeeded */
  struct gc_block *next;
};

/* One plugin; static, with the first three lines set. */
struct gc_plugin {
  const char *name;                  /* "genesys_realtime" */
  const struct gc_block_kind *kinds; /* as gc_config.blocks */
  const struct gc_opt *rows;         /* outside of any block, or NULL */
  void *settings;                    /* where those go */
  struct gc_log *complaints;
  struct gc_config_seen seen;
  struct gc_block *blocks; /* the newest first */
};

/* In module_register: makes the complaints, registers the data sets. False when
 * the plugin cannot run; that is logged. */
GC_API GC_MUST_CHECK bool gc_plugin_open(struct gc_plugin *p);

/* The config callback: reads one <Plugin> section and logs what is wrong with
 * it; the status for collectd, which a bad configuration ends. */
GC_API int gc_plugin_config(struct gc_plugin *p,
                            const struct oconfig_item_s *ci);

/* As gc_block_kind.read: makes a block of the class; `options` are its own
 * whatever is returned. */
GC_API GC_MUST_CHECK enum gc_code gc_plugin_add(struct gc_plugin *p,
                                                const struct gc_block_class *is,
                                                const char *name, void *options,
                                                struct gc_err *err);

/* In init: starts each block that does not run yet and registers its reads. One
 * that cannot start is told of and costs only itself: the others go on, and so
 * does collectd. Registers the tap first; without one, a warning. */
GC_API void gc_plugin_start(struct gc_plugin *p);

/* In shutdown: frees all blocks. */
GC_API void gc_plugin_stop(struct gc_plugin *p);

/* Takes a reference of the account that the configuration names, and its host.
 * The error says which accounts there are. */
GC_API GC_MUST_CHECK enum gc_code gc_block_use_account(struct gc_block *b,
                                                       const char *account,
                                                       struct gc_err *err);

/* Notes the outcome of a cause of a block (`ctx`), as "queues-all, CAUSE". What
 * concerns a whole account the account says; blocks that use one keep quiet
 * about it. Any thread. */
GC_API void gc_block_notice(void *ctx, const char *cause,
                            const struct gc_err *err);

#endif
