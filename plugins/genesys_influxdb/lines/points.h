/* SPDX-License-Identifier: MIT */
/* Makes the names of the points of a collectd value: measurement, tags and
 * fields, by the rules of common/export, once for a series. The values of the
 * guides have only the guides' names; every other value has the tags host,
 * plugin, instance, type, type_instance and the labels of its rule. One thread.
 *
 *   genesys_queue,queueId=q1,env=prod                        answered   rounded
 *   genesys_queue_depth,env=prod,host=h,instance=Sales,…     value      real */
#ifndef GENESYS_INFLUXDB_LINES_POINTS_H
#define GENESYS_INFLUXDB_LINES_POINTS_H

#include "common/base/strs.h"
#include "common/genesys/metric.h"
#include "plugins/genesys_influxdb/lines/line.h"

enum { INFLUX_SOURCES_MAX = 64 }; /* data sources of one value list */

/* One value list as it arrived, without collectd's types. All members are
 * borrowed. */
struct influx_sample {
  const char *key; /* identifies the series: five texts with a NUL each (host,
                      plugin, plugin instance, type, type instance), and a hash
                      of `parts` */
  size_t key_len;
  const char *parts; /* genesys/parts.h; "" for none */
  int64_t time_ns;
  unsigned count; /* data sources */
  struct influx_source {
    const char *name;
    enum influx_number kind; /* REAL, INT or UINT */
    union influx_value value;
  } sources[INFLUX_SOURCES_MAX];
};

/* The names of one data source. */
struct influx_point {
  uint64_t name, identity; /* hashes: its name in the database, its own */
  char *head;              /* "genesys_queue,queueId=q1,env=prod" */
  size_t head_len;
  char *field;             /* escaped key */
  enum influx_number kind; /* form in which its value is written */
};

/* Finds the n-th row of a guide, from 0, that a data source of the suite can
 * have in place of its own name. Returns false past the last one; the texts are
 * static. */
bool influx_guide_name(enum gc_metric_id metric, const char *source, size_t n,
                       const char **ret_measurement, const char **ret_field);

struct influx_points; /* a cache of series */

enum { INFLUX_AGE_MS = 10 * 60 * 1000 };

/* Makes a cache. `tags`: pairs of key and value for every point, borrowed.
 * Keeps at most `series_max` series; past that it drops all of them, and makes
 * a series again with its next value. */
struct influx_points *influx_points_new(const struct gc_strs *tags,
                                        size_t series_max)
    __attribute__((returns_nonnull));
void influx_points_free(struct influx_points *p);

/* Each INFLUX_AGE_MS drops the series that had no value since the time before;
 * their names are free for others. Call it often. `now_ms`: monotonic. */
void influx_points_age(struct influx_points *p, uint64_t now_ms);

/* Returns the points of a sample, sample->count of them, valid until the next
 * call to p; NULL when the names or tags are too long. */
const struct influx_point *influx_points_of(struct influx_points *p,
                                            const struct influx_sample *sample);
/* Returns the number of values so far whose measurement, tags and field another
 * identity has, too, and those of the newest one, cut; "" for none. */
uint64_t influx_points_ambiguous(const struct influx_points *p,
                                 const char **ret_example);

#endif
