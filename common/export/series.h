/* SPDX-License-Identifier: MIT */
/* Makes the names of a time series database from a value of collectd: family
 * and labels for Prometheus; measurement, field and tags for InfluxDB.
 *
 *   Sales/queue_depth-voice with the part queue_id=q1, on host agent1, is
 *     genesys_queue_depth{queue_id="q1",queue_name="Sales",
 *                         media_type="voice",host="agent1"}
 *
 * Values of plugin "genesys" follow the rows of export/rule.h, and all others
 * follow one rule: collectd_PLUGIN[_TYPE][_SOURCE], labels named after the
 * plugin and "type", as collectd's write_prometheus has them, and `host`.
 *
 * Labels of plugin "genesys": the parts of the identity (genesys/parts.h) are
 * authoritative. A value without parts (the network plugin transports none) is
 * read by the pattern of its type; a type instance that does not fit is one
 * label, `group`. Two identities have the same labels only where a letter of a
 * name is replaced. Pure, any thread. It takes some microseconds: call it once
 * for a series, not for each value. */
#ifndef GC_EXPORT_SERIES_H
#define GC_EXPORT_SERIES_H

#include "common/export/rule.h"

enum {
  GC_EXPORT_NAME_SIZE = 448, /* three parts of an identity, with the NUL */
  GC_EXPORT_LABELS_MAX = 24,
  GC_EXPORT_TEXT_SIZE = 8192,
};

/* One data source of a value list; all texts are borrowed. */
struct gc_export_identity {
  const char *host, *plugin, *plugin_instance, *type, *type_instance;
  const char *source;  /* the name of the data source: "value", "rx" */
  bool is_only_source; /* the type has no other one */
  bool is_counter;     /* DERIVE and COUNTER; else a gauge */
  const char *parts;   /* genesys/parts.h; NULL: there are none */
};

struct gc_export_label {
  const char *name;  /* [a-zA-Z_][a-zA-Z0-9_]*, without "__" at the beginning,
                        once in a series */
  const char *value; /* valid UTF-8 without control characters, not escaped */
};

/* Self-contained: do not copy it, since its texts lie within. */
struct gc_export_series {
  /* [a-zA-Z_][a-zA-Z0-9_]*; with the unit, without _total, _bucket, _sum and
   * _count, which the exposition adds. */
  char family[GC_EXPORT_NAME_SIZE];
  /* For InfluxDB: the family without the data source, and the field's name:
   * "genesys_queue_depth_window" and "average"; "value" of a lone source;
   * "bucket", "sum", "count" of a histogram. */
  char measurement[GC_EXPORT_NAME_SIZE];
  const char *field;
  enum gc_metric_id metric; /* GC_METRIC_COUNT: of another plugin */
  enum gc_export_kind kind;
  enum gc_export_member member;
  const char *unit; /* "" for none */
  const char *help; /* one line; "" for none */
  bool is_guide;    /* of a block of the guide dialect (GC_PART_GUIDE) */
  struct gc_export_label labels[GC_EXPORT_LABELS_MAX];
  size_t label_count;

  char text[GC_EXPORT_TEXT_SIZE]; /* of the labels */
  size_t text_len;
};

/* Makes the names of one data source. False when the labels do not fit; those
 * of an identity of collectd always fit. */
GC_API bool gc_export_series_make(const struct gc_export_identity *id,
                                  struct gc_export_series *ret_series);

/* Returns the value of a label; NULL when the series has none of that name. */
GC_API const char *gc_export_label(const struct gc_export_series *series,
                                   const char *name);

#endif
