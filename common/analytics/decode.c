/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "common/analytics/decode_internal.h"

enum {
  ANSWER_MAX_BYTES = 1 << 30, /* what is kept of it is far less */
  STRING_MAX_BYTES = 1 << 16,
  LOOSE_MAX = 1 << 18,
};

bool gc_decode_text(char out[GC_DECODE_VALUE_SIZE],
                    const struct gc_json_value *v) {
  out[0] = '\0';
  if (v->kind == GC_JSON_NULL)
    return true;
  if (v->len >= GC_DECODE_VALUE_SIZE)
    return false;
  for (size_t i = 0; i < v->len; i++)
    out[i] = (char)((unsigned char)v->text[i] < 0x20 ? '_' : v->text[i]);
  out[v->len] = '\0';
  return true;
}

void gc_decode_begin_group(struct gc_decoder *d) {
  memset(d->values, 0, sizeof(d->values));
  d->media[0] = '\0';
  d->loose_count = 0;
  d->is_broken = false;
}

/* Appends SEP and text; false when the key has no room. */
static bool append(char key[GC_SERIES_KEY_SIZE], size_t *len,
                   const char *text) {
  size_t more = strlen(text);
  if (*len + more + 1 >= GC_SERIES_KEY_SIZE)
    return false;
  key[(*len)++] = GC_SERIES_SEP;
  memcpy(key + *len, text, more);
  *len += more;
  return true;
}

/* The part of the keys that all numbers of the group have; false when the
 * group tells nothing that could be a series' owner. */
static bool make_tail(const struct gc_decoder *d, char tail[GC_SERIES_KEY_SIZE],
                      size_t *ret_len) {
  const struct gc_query *q = d->stage.into->query;
  int place;
  enum gc_query_owner owner = gc_query_owner_of(q, &place);
  if (owner != GC_QUERY_OF_NONE && d->values[place][0] == '\0')
    return false;
  *ret_len = 0;
  bool has_media = gc_source(q->source)->is_by_media ||
                   gc_query_place_of(q, "mediaType") >= 0;
  bool fits = append(tail, ret_len, has_media ? d->media : "");
  for (size_t i = 0; i < q->group_count && fits; i++)
    if (strcmp(q->group_by[i], "mediaType") != 0)
      fits = append(tail, ret_len, d->values[i]);
  return fits;
}

static bool is_wanted(const struct gc_decoder *d) {
  const struct gc_reading *r = d->stage.into;
  int place =
      r->wanted != NULL
          ? gc_query_place_of(r->query, gc_source(r->query->source)->chosen)
          : -1;
  uint32_t number;
  return place < 0 || gc_intern_find(r->wanted, d->values[place],
                                     strlen(d->values[place]), &number);
}

enum gc_code gc_decode_end_group(struct gc_decoder *d) {
  char tail[GC_SERIES_KEY_SIZE], key[GC_SERIES_KEY_SIZE];
  size_t tail_len;
  if (!is_wanted(d))
    return GC_OK;
  if (d->is_broken || !make_tail(d, tail, &tail_len)) {
    *(d->is_broken ? &d->stage.tally.broken : &d->stage.tally.foreign) +=
        d->loose_count;
    return GC_OK;
  }
  for (uint32_t i = 0; i < d->metrics.count; i++)
    d->series_of[i] = GC_SERIES_UNKNOWN;
  for (size_t i = 0; i < d->loose_count; i++) {
    struct gc_loose *l = &d->loose[i];
    const char *metric = gc_intern_text(&d->metrics, l->metric);
    size_t len = strlen(metric);
    if (len + tail_len >= sizeof(key)) {
      d->stage.tally.broken++;
      continue;
    }
    memcpy(key, metric, len);
    memcpy(key + len, tail, tail_len);
    l->fact.series = d->series_of[l->metric];
    GC_TRY(gc_stage_fact(&d->stage, key, len + tail_len, l->end_ms, &l->fact));
    d->series_of[l->metric] = l->fact.series;
  }
  return GC_OK;
}

enum gc_code gc_decode_add(struct gc_decoder *d, const char *metric,
                           const char *qualifier, int64_t end_ms,
                           const struct gc_fact *fact) {
  char name[2 * GC_DECODE_VALUE_SIZE];
  struct gc_loose l = {.end_ms = end_ms, .fact = *fact};
  size_t len = strlen(metric), more = strlen(qualifier);
  memcpy(name, metric, len);
  name[len] = GC_SERIES_SEP;
  memcpy(name + len + 1, qualifier, more);
  GC_TRY(gc_intern_put(&d->metrics, name, len + 1 + more, &l.metric));
  if (d->loose_count == d->loose_cap) {
    size_t cap = d->loose_cap == 0 ? 64 : d->loose_cap * 2;
    if (cap > LOOSE_MAX)
      return GC_ERR_LIMIT;
    struct gc_loose *loose = realloc(d->loose, cap * sizeof(*loose));
    if (loose == NULL)
      return GC_ERR_MEMORY;
    d->loose = loose;
    d->loose_cap = cap;
  }
  d->loose[d->loose_count++] = l;
  return GC_OK;
}

struct gc_decoder *gc_decoder_new(struct gc_reading *into) {
  struct gc_decoder *d = calloc(1, sizeof(*d));
  if (d == NULL)
    return NULL;
  d->stage.into = into;
  d->metrics.max = GC_DECODE_METRICS_MAX;
  d->reader = (struct gc_json_reader){.keys = d->keys,
                                      .skip_unknown = true,
                                      .bytes_max = ANSWER_MAX_BYTES,
                                      .string_max = STRING_MAX_BYTES};
  if (into->query->source == GC_QUERY_QUEUE_DETAILS)
    gc_decode_details(d);
  else
    gc_decode_aggregates(d);
  d->stream = gc_json_stream_new(&d->reader, d, NULL);
  if (d->stream == NULL) {
    free(d);
    return NULL;
  }
  return d;
}

void gc_decoder_free(struct gc_decoder *d) {
  if (d == NULL)
    return;
  gc_json_stream_free(d->stream);
  gc_intern_clear(&d->metrics);
  gc_stage_clear(&d->stage);
  free(d->loose);
  free(d);
}

static void sink_begin(void *ctx) {
  struct gc_decoder *d = ctx;
  gc_json_stream_reset(d->stream);
  gc_intern_clear(&d->metrics);
  gc_stage_reset(&d->stage);
  gc_decode_begin_group(d);
}

static enum gc_code sink_write(void *ctx, const char *bytes, size_t len,
                               struct gc_err *err) {
  struct gc_decoder *d = ctx;
  return gc_json_stream_feed(d->stream, bytes, len, err);
}

struct gc_sink gc_decoder_sink(struct gc_decoder *d) {
  return (struct gc_sink){.begin = sink_begin, .write = sink_write, .ctx = d};
}

enum gc_code gc_decoder_finish(struct gc_decoder *d, struct gc_err *err) {
  GC_TRY(gc_json_stream_end(d->stream, err));
  enum gc_code code = gc_stage_finish(&d->stage);
  return code == GC_OK
             ? GC_OK
             : gc_fail(err, code, "the answer: %s", gc_code_words(code));
}
