/* SPDX-License-Identifier: MIT */
/* Bodies of events: no body causes a crash, and a body that the quick check
 * rejects holds no metric when it is decoded in full. The first byte chooses
 * the format. */
#include "plugins/genesys_flowmetrics/events/decode.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

static const char *const formats[] = {
    "%{flow}Metric_%{metric}(%{time})", "%{time}|%{flow}/%{metric}",
    "%{flow}\"%{metric}\\%{time}", "M%{flow} %{metric} %{time}"};

static enum gc_code check_metric(void *ctx, const struct event_metric *m) {
  unsigned *metrics = ctx;
  LAW(m->conversation[0] != '\0');
  LAW(m->name_len <= ATTRIBUTE_MAX_BYTES);
  LAW(m->parts.flow >= m->name &&
      m->parts.flow + m->parts.flow_len <= m->name + m->name_len);
  LAW(m->parts.metric >= m->name &&
      m->parts.metric + m->parts.metric_len <= m->name + m->name_len);
  LAW(m->parts.time_ms >= 0);
  LAW(memchr(m->name, '\0', m->name_len) == NULL);
  (*metrics)++;
  return GC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct attribute_form form;
  struct event_counts counts = {0}, again = {0};
  unsigned metrics = 0, more = 0;
  if (size == 0)
    return 0;
  const char *text = (const char *)data + 1;
  LAW(attribute_form_set(&form, formats[data[0] % GC_COUNT(formats)], NULL) ==
      GC_OK);
  struct event_reader *r = event_reader_new(&form);
  LAW(r != NULL);
  const struct event_sink sink = {check_metric, &metrics},
                          sink_again = {check_metric, &more};
  enum gc_code code =
      event_read_unfiltered(r, text, size - 1, &counts, &sink, NULL);
  if (prefilter_rejects(&form, text, size - 1)) {
    LAW(metrics == 0);
    LAW(code != GC_OK || event_counts_unread(&counts) == 0);
    for (int i = 0; i < MALFORMED_JSON; i++)
      LAW(counts.malformed[i] == 0);
  } else {
    LAW(event_read(r, text, size - 1, &again, &sink_again, NULL) == code);
    LAW(more == metrics);
    LAW(memcmp(&counts, &again, sizeof(counts)) == 0);
  }
  event_reader_free(r);
  return 0;
}
