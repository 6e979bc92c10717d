/* SPDX-License-Identifier: MIT */
/* Two published guides write queue figures into InfluxDB under their own
 * names, which dashboards use:
 *
 *   genesys_queue,queueId=Q,env=E answered=3i,abandoned=1i,offered=4i,
 *                                 waitTime=12.50 TS
 *   queue_metrics,queue_id=Q,queue_name=N,source=S,environment=E queued_avg=3i,
 *                 queued_min=1i,queued_max=5i,waiting_avg=2i,
 *                 agentAvailable_avg=4i,agentBusy_avg=2i TS
 *
 * Each value of the plugins that is such a figure has a row here. The second
 * guide polls its own dialect: a value of the official observations has the
 * same type, but not this row, since the row rounds averages. A query with an
 * InstancePrefix has no row: another query of the same queue has it, and the
 * row has no tag that would tell the two apart. Values of one
 * measurement, queue and time are fields of one line. Tags that do not depend
 * on the value (env, source) are options of the writer. Pure, any thread. */
#ifndef GC_EXPORT_GUIDE_ROW_H
#define GC_EXPORT_GUIDE_ROW_H

#include "common/export/series.h"

enum gc_export_number {
  GC_EXPORT_INTEGER,  /* rounded to the nearest: "3i" */
  GC_EXPORT_DECIMALS, /* two of them: "12.50" */
};

struct gc_export_guide_tag {
  const char *name;  /* "queueId" */
  const char *label; /* of the series: "queue_id" */
  bool is_word;      /* everything outside [A-Za-z0-9_-] becomes `_` */
};

enum { GC_EXPORT_GUIDE_TAGS = 2 };

struct gc_export_guide_row {
  enum gc_metric_id metric;
  bool is_dialect;          /* only of a block of the guide dialect */
  const char *source;       /* the data source */
  const char *label, *word; /* the value of one of its labels */
  const char *measurement, *field;
  enum gc_export_number number;
  struct gc_export_guide_tag tags[GC_EXPORT_GUIDE_TAGS]; /* name NULL: none */
};

/* Returns the row of a value; NULL when no guide has it. Call it once for a
 * series, as gc_export_series_make. */
GC_API const struct gc_export_guide_row *
gc_export_guide_row(const struct gc_export_series *series);

#endif
