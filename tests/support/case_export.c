/* SPDX-License-Identifier: MIT */
#include "tests/support/case_export.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/export/series.h"

static void say_source(struct case_file *file, const struct gc_sample *s,
                       unsigned source) {
  static struct gc_export_series series;
  const struct gc_metric *m = gc_metric(s->metric);
  const struct gc_export_identity id = {.host = "agent",
                                        .plugin = "genesys",
                                        .plugin_instance = s->instance,
                                        .type = m->name,
                                        .type_instance = s->qualifier,
                                        .source = m->ds[source].name,
                                        .is_only_source = m->ds_count == 1,
                                        .is_counter =
                                            m->ds[source].kind == GC_DERIVE,
                                        .parts = s->parts};
  char line[4096];
  int len;
  if (!gc_export_series_make(&id, &series))
    abort();
  len = snprintf(line, sizeof(line), "%s{", series.family);
  for (size_t i = 0; i < series.label_count; i++)
    len += snprintf(line + len, sizeof(line) - (size_t)len, "%s%s=\"%s\"",
                    i > 0 ? "," : "", series.labels[i].name,
                    series.labels[i].value);
  case_say(file, "%s} %.15g", line,
           id.is_counter ? (double)s->values[source].derive
                         : s->values[source].gauge);
}

void case_say_export(struct case_file *file, const struct gc_sample *s) {
  for (unsigned i = 0; i < gc_metric(s->metric)->ds_count; i++)
    say_source(file, s, i);
}
