/* SPDX-License-Identifier: MIT */
/* The suite's own writers, genesys_prometheus and genesys_influxdb, and the
 * values that they get:
 *
 *   gc_emit ──────────────────────────> take     a value of this process
 *        └─> collectd's queue ──────> csv, write_graphite …
 *   other plugins ─> collectd's queue ──> take   Plugin "*"
 *
 * A value of this process reaches the writers on the thread that emits it, with
 * the parts of its identity. In the queue a value list with the plugin
 * "genesys" and a host of this process is skipped, unless collectd's network
 * plugin has received it from another agent. So filter chains act on other
 * plugins' values only. */
#ifndef GC_DAEMON_WRITERS_H
#define GC_DAEMON_WRITERS_H

#include "common/base/strs.h"
#include "common/export/series.h"
#include "common/genesys/sample.h"

#include <stdint.h>

struct gc_lease_gate;
struct value_list_s; /* collectd's */

enum gc_value_kind {
  GC_VALUE_REAL,     /* GAUGE: a double */
  GC_VALUE_INT,      /* DERIVE: int64_t */
  GC_VALUE_UINT,     /* COUNTER: uint64_t */
  GC_VALUE_ABSOLUTE, /* uint64_t, a count since the last reading */
};

enum {
  /* Data sources of a type; collectd's have up to 5. */
  GC_VALUE_SOURCES_MAX = 64,
  /* Five parts of collectd with a NUL each, and 8 bytes. */
  GC_VALUE_KEY_SIZE = 5 * 128 + 8,
};

/* One value list on its way to the writers. All members are borrowed. */
struct gc_value {
  const char *host, *plugin, *plugin_instance, *type, *type_instance;
  const char *parts; /* genesys/parts.h; "" for none */
  /* Identifies the series: the five texts with a NUL each, and a hash of the
   * parts. */
  const char *key;
  size_t key_len;
  /* Since 1970. Whole milliseconds are whole, although collectd counts
   * 2^-30 s. */
  uint64_t time_ns;
  uint32_t interval_ms;
  /* The lease of its account, which this agent holds; NULL: none. It lives as
   * long as the process. */
  const struct gc_lease_gate *lease;
  unsigned count;
  struct gc_value_source {
    const char *name;
    enum gc_value_kind kind;
    uint64_t bits;
  } sources[GC_VALUE_SOURCES_MAX];
};

/* Returns the time of a value list, as gc_value.time_ns. */
GC_API uint64_t gc_value_time_ns(const struct value_list_s *vl);

/* Describes data source number `source`; borrows all texts. */
GC_API void gc_value_identity(const struct gc_value *v, size_t source,
                              struct gc_export_identity *ret_id);

/* One writer; owned by its plugin. */
struct gc_writer {
  const char *name; /* of its write callback */
  /* Takes a value on the thread that emits it, or on one of collectd's write
   * threads; several at once. It does not wait for a disk or a client. */
  void (*take)(void *ctx, const struct gc_value *v);
  void *ctx;
  const struct gc_strs *plugins; /* option Plugin */
  struct gc_writer *next;        /* private */
};

/* Adds the writer and registers its write callback; called in init. */
GC_API void gc_writer_add(struct gc_writer *w);
/* Ends the values of this process for the writer, which may not have been
 * added. No `take` of these runs afterwards; collectd has ended those of its
 * write threads before it calls a shutdown callback. */
GC_API void gc_writer_remove(struct gc_writer *w);
/* True if some writer takes the values of this process. Any thread. */
GC_API bool gc_writers_take_ours(void);

/* True if a writer with these globs takes values of the plugin; without globs
 * it takes those of "genesys". */
GC_API bool gc_writer_takes(const struct gc_strs *plugins, const char *plugin);

/* Notes that this process emits values of the host; called before the value
 * list can be in the queue. */
void gc_writers_note_host(const char *host);
/* Gives a value of this process to the writers. `vl` is the list that
 * gc_value_list made of the sample. */
void gc_writers_put(const struct value_list_s *vl,
                    const struct gc_sample *sample,
                    const struct gc_lease_gate *lease);

#endif
