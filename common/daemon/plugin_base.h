/* SPDX-License-Identifier: MIT */
/* The parts that all plugins of the suite share: rows read a plugin's
 * configuration, and each of its blocks is started, read and logged separately.
 * A plugin's plugin.c holds only its own parts: a class for each kind of block,
 * whose struct begins with a gc_block.
 *
 *   struct queues { struct gc_block base; struct block *work; };
 *   static enum gc_code read_queues(const char *name, void *options,
 *                                   struct gc_err *err) {
 *     return gc_plugin_add(&plugin, &queues_class, name, options, err);
 *   }
 *
 * Threads: configuration, init and shutdown run on collectd's main thread; the
 * comments below name the threads of the callbacks of a class. */
#ifndef GC_DAEMON_PLUGIN_BASE_H
#define GC_DAEMON_PLUGIN_BASE_H

#include "common/daemon/options.h"
#include "common/genesys/endpoint.h"
#include "common/genesys/sample.h"
#include "common/net/api/api.h"

struct gc_account;
struct gc_block;
struct gc_health;
struct gc_log;

/* Time between two calls of `read_new`: less than a second, so that a change
 * also passes the writer within a second. */
enum { GC_BLOCK_READ_MS = 900 };

/* The part of a class that a trial needs. */
struct gc_block_trial {
  /* Changes the options before `start`, so that the block only polls: it opens
   * no channel, receives no message and needs no stored state. Returns why the
   * block cannot be tried; NULL: it can. */
  const char *(*prepare)(struct gc_block *b);
  /* Returns the number of sources that source_up names once each of them had an
   * answer. NULL only if `prepare` never returns NULL. */
  unsigned (*sources)(struct gc_block *b);
  /* Passes facts about what a trial does not show to `note`; may be NULL. */
  void (*report)(struct gc_block *b, void (*note)(void *ctx, const char *text),
                 void *ctx);
};

struct gc_block_class {
  const char *prefix;        /* "queues": instances are "queues-NAME" */
  const struct gc_opt *rows; /* rows of its options */
  size_t size;               /* bytes of the plugin's struct */
  /* Checks what rows cannot; may be NULL. A warning is logged; an error refuses
   * the configuration. */
  enum gc_code (*check)(struct gc_block *b, struct gc_err *warning,
                        struct gc_err *err);
  /* Checks the block against the accounts; may be NULL. Called after `check`
   * and again before `start`: an account may follow the block in the file. */
  enum gc_code (*check_account)(const struct gc_block *b, struct gc_err *err);
  enum gc_code (*start)(struct gc_block *b, struct gc_err *err);
  /* Dispatches new values, each GC_BLOCK_READ_MS on a read thread; may be NULL.
   * The call is cheap without new values. */
  void (*read_new)(struct gc_block *b);
  /* Puts self-telemetry into `out` on read threads, perhaps two at once: each
   * interval for collectd, and each second for /health. */
  void (*read_state)(struct gc_block *b, uint32_t interval_ms,
                     const struct gc_samples *out);
  /* Dispatches the last values, after the last `read_new`; collectd ends the
   * write threads later. May be NULL; it is not called without `read_new`. */
  void (*read_last)(struct gc_block *b);
  /* Stops and frees everything that `check` and `start` made, in any state. */
  void (*clear)(struct gc_block *b);
  const struct gc_block_trial *trial; /* NULL: left out of a trial */
};

/* One block of the configuration: <Queues "all">. A plugin may read the fields;
 * `start` sets `account` and `host`. */
struct gc_block {
  const struct gc_block_class *is;
  struct gc_plugin *plugin;
  char *name;                 /* "all" */
  char *instance;             /* "queues-all", instance of its self-telemetry */
  void *options;              /* struct that matches the rows; owned */
  struct gc_account *account; /* reference, released at the end; or NULL */
  const char *host; /* host of its values; NULL or "": collectd's host */
  bool runs;        /* `start` has succeeded */
  struct gc_health *health;
  gc_request_count requests; /* of this block, for block_requests */
  _Atomic double planned[GC_ENDPOINT_COUNT]; /* by gc_block_plan */
  bool has_answered; /* in a trial: all its sources were up at one time */
  struct gc_block *next;
};

/* One plugin; static, with the members before `log` set. */
struct gc_plugin {
  const char *name;                  /* "genesys_realtime" */
  const struct gc_block_kind *kinds; /* as in gc_config.blocks */
  const struct gc_opt *rows;         /* options outside of any block, or NULL */
  void *settings;                    /* target of those options */
  /* Callbacks in place of gc_plugin_config, gc_plugin_start and
   * gc_plugin_stop, which they call; NULL: there is no further work. */
  int (*config)(struct oconfig_item_s *ci);
  int (*init)(void);
  int (*shutdown)(void);
  struct gc_log *log;
  struct gc_config_seen seen;
  struct gc_block *blocks; /* the newest first */
  struct gc_plugin *next;  /* the plugin that was opened next */
};

/* Makes the log, and registers the data sets and the callbacks of the plugin,
 * in module_register. A plugin that cannot run logs the reason. */
GC_API void gc_plugin_register(struct gc_plugin *p);

/* Reads one <Plugin> section and logs its error, if any: the config callback.
 * collectd stops for a bad configuration. */
GC_API int gc_plugin_config(struct gc_plugin *p,
                            const struct oconfig_item_s *ci);

/* Makes a block of the class, which owns `options` from now on, also after a
 * failure; called in gc_block_kind.read. */
GC_API GC_MUST_CHECK enum gc_code gc_plugin_add(struct gc_plugin *p,
                                                const struct gc_block_class *is,
                                                const char *name, void *options,
                                                struct gc_err *err);

/* Registers the write tracker, starts each block that does not run yet and
 * registers its read callbacks; called in init. A block that cannot start is
 * logged. */
GC_API void gc_plugin_start(struct gc_plugin *p);

/* Frees all blocks; called at shutdown. */
GC_API void gc_plugin_stop(struct gc_plugin *p);

/* Calls `each` for all blocks of all opened plugins, in the order of LoadPlugin
 * and of the file. This and the next three are for genesys-probe, in the
 * configuration phase, on the main thread. */
GC_API void gc_plugins_each(void (*each)(void *ctx, struct gc_block *b),
                            void *ctx);
/* Logs an ERROR for each block that its check_account refuses: those for which
 * an account follows in the file. */
GC_API void gc_plugins_check(void);
/* Starts one block without the callbacks that collectd would call; a failure is
 * logged. */
GC_API void gc_plugin_try(struct gc_block *b);
/* Returns the kind of the block as messages write it: "Queues". */
GC_API const char *gc_block_kind_name(const struct gc_block *b);
/* Returns the value of the block's option Account; NULL: it has none. */
GC_API const char *gc_block_account(const struct gc_block *b);

/* Takes a reference to the account that the configuration names, and its host.
 * The error lists the defined accounts. */
GC_API GC_MUST_CHECK enum gc_code gc_block_use_account(struct gc_block *b,
                                                       const char *account,
                                                       struct gc_err *err);

/* Puts the self-telemetry of the block: that of its class, and what all blocks
 * have in common. Any thread. */
GC_API void gc_block_read_state(struct gc_block *b, uint32_t interval_ms,
                                const struct gc_samples *out);

/* Notes how many requests a minute a block (`ctx`) will send to an endpoint
 * from now on, on average; 0: none. Called as soon as that is known, and when
 * it changes. Any thread. */
GC_API void gc_block_plan(void *ctx, enum gc_endpoint_id endpoint,
                          double per_minute);

/* Puts what the running blocks of an account have planned, and what its lists
 * of names take (`b` NULL), without those that are not known yet. Any thread,
 * from the init phase to the shutdown. */
typedef void gc_plan_put(void *ctx, const struct gc_block *b,
                         enum gc_endpoint_id endpoint, double per_minute);
GC_API void gc_account_plan(const char *account, gc_plan_put *put, void *ctx);

/* Returns the phase of the block's polls: gc_pace_phase of the host of its
 * values and of its instance. */
GC_API uint32_t gc_block_phase(const struct gc_block *b);

/* Logs the outcome of a cause of a block (`ctx`) as "queues-all, CAUSE" and
 * notes it for /health. Only the account logs an outcome that concerns the
 * whole account. Any thread. */
GC_API void gc_block_notice(void *ctx, const char *cause,
                            const struct gc_err *err);
/* Does the same for a connection that the block itself opened: the account does
 * not log its outcomes, so the block logs all of them. */
GC_API void gc_block_notice_own(void *ctx, const char *cause,
                                const struct gc_err *err);

/* Logs "queues-all: TEXT" at level INFO, for a change of a block's (`ctx`)
 * work. Any thread. */
GC_API void gc_block_inform(void *ctx, const char *text);

#endif
