/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "plugins/genesys_analytics/decode_inside.h"

enum {
  ANSWER_MOST_BYTES = 1 << 30, /* what is kept of it is far less */
  STRING_MOST_BYTES = 1 << 16,
  LOOSE_MOST = 1 << 18,
};

bool decode_text(char out[DECODE_VALUE_ROOM], const struct gc_json_value *v) {
  out[0] = '\0';
  if (v->kind == GC_JSON_NULL)
    return true;
  if (v->len >= DECODE_VALUE_ROOM)
    return false;
  for (size_t i = 0; i < v->len; i++)
    out[i] = (char)((unsigned char)v->text[i] < 0x20 ? '_' : v->text[i]);
  out[v->len] = '\0';
  return true;
}

void decode_begin_group(struct decoder *d) {
  memset(d->values, 0, sizeof(d->values));
  d->media[0] = '\0';
  d->loose_count = 0;
  d->is_broken = false;
}

/* Appends SEP and text; false when the key has no room. */
static bool append(char key[SERIES_KEY_ROOM], size_t *len, const char *text) {
  size_t more = strlen(text);
  if (*len + more + 1 >= SERIES_KEY_ROOM)
    return false;
  key[(*len)++] = SERIES_SEP;
  memcpy(key + *len, text, more);
  *len += more;
  return true;
}

/* The part of the keys that all numbers of the group have; false when the
 * group tells nothing that could be a series' owner. */
static bool make_tail(const struct decoder *d, char tail[SERIES_KEY_ROOM],
                      size_t *ret_len) {
  const struct query *q = d->stage.into->query;
  int place;
  enum query_owner owner = query_owner_of(q, &place);
  if (owner != QUERY_OF_NONE && d->values[place][0] == '\0')
    return false;
  *ret_len = 0;
  bool fits = append(tail, ret_len, d->media);
  for (size_t i = 0; i < q->group_count && fits; i++)
    if (strcmp(q->group_by[i], "mediaType") != 0)
      fits = append(tail, ret_len, d->values[i]);
  return fits;
}

static bool is_wanted(const struct decoder *d) {
  const struct reading *r = d->stage.into;
  int place = query_place_of(r->query, "queueId");
  uint32_t number;
  return r->wanted == NULL || place < 0 ||
         gc_intern_find(r->wanted, d->values[place], strlen(d->values[place]),
                        &number);
}

enum gc_code decode_end_group(struct decoder *d) {
  char tail[SERIES_KEY_ROOM], key[SERIES_KEY_ROOM];
  size_t tail_len;
  if (!is_wanted(d))
    return GC_OK;
  if (d->is_broken || !make_tail(d, tail, &tail_len)) {
    *(d->is_broken ? &d->stage.tally.broken : &d->stage.tally.foreign) +=
        d->loose_count;
    return GC_OK;
  }
  for (uint32_t i = 0; i < d->metrics.count; i++)
    d->series_of[i] = SERIES_UNKNOWN;
  for (size_t i = 0; i < d->loose_count; i++) {
    struct loose *l = &d->loose[i];
    const char *metric = gc_intern_text(&d->metrics, l->metric);
    size_t len = strlen(metric);
    if (len + tail_len >= sizeof(key)) {
      d->stage.tally.broken++;
      continue;
    }
    memcpy(key, metric, len);
    memcpy(key + len, tail, tail_len);
    l->fact.series = d->series_of[l->metric];
    GC_TRY(stage_fact(&d->stage, key, len + tail_len, l->end_ms, &l->fact));
    d->series_of[l->metric] = l->fact.series;
  }
  return GC_OK;
}

enum gc_code decode_add(struct decoder *d, const char *metric,
                        const char *qualifier, int64_t end_ms,
                        const struct fact *fact) {
  char name[2 * DECODE_VALUE_ROOM];
  struct loose l = {.end_ms = end_ms, .fact = *fact};
  size_t len = strlen(metric), more = strlen(qualifier);
  memcpy(name, metric, len);
  name[len] = SERIES_SEP;
  memcpy(name + len + 1, qualifier, more);
  GC_TRY(gc_intern_put(&d->metrics, name, len + 1 + more, &l.metric));
  if (d->loose_count == d->loose_cap) {
    size_t cap = d->loose_cap == 0 ? 64 : d->loose_cap * 2;
    if (cap > LOOSE_MOST)
      return GC_ERR_LIMIT;
    struct loose *loose = realloc(d->loose, cap * sizeof(*loose));
    if (loose == NULL)
      return GC_ERR_MEMORY;
    d->loose = loose;
    d->loose_cap = cap;
  }
  d->loose[d->loose_count++] = l;
  return GC_OK;
}

struct decoder *decoder_new(struct reading *into) {
  struct decoder *d = calloc(1, sizeof(*d));
  if (d == NULL)
    return NULL;
  d->stage.into = into;
  d->metrics.most = DECODE_METRICS_MOST;
  d->reader = (struct gc_json_reader){.keys = d->keys,
                                      .skip_unknown = true,
                                      .bytes_max = ANSWER_MOST_BYTES,
                                      .string_max = STRING_MOST_BYTES};
  if (into->query->source == QUERY_QUEUE_DETAILS)
    decode_details(d);
  else
    decode_aggregates(d);
  d->stream = gc_json_stream_new(&d->reader, d, NULL);
  if (d->stream == NULL) {
    free(d);
    return NULL;
  }
  return d;
}

void decoder_free(struct decoder *d) {
  if (d == NULL)
    return;
  gc_json_stream_free(d->stream);
  gc_intern_clear(&d->metrics);
  stage_clear(&d->stage);
  free(d->loose);
  free(d);
}

static void sink_begin(void *ctx) {
  struct decoder *d = ctx;
  gc_json_stream_reset(d->stream);
  gc_intern_clear(&d->metrics);
  stage_reset(&d->stage);
  decode_begin_group(d);
}

static enum gc_code sink_write(void *ctx, const char *bytes, size_t len,
                               struct gc_err *err) {
  struct decoder *d = ctx;
  return gc_json_stream_feed(d->stream, bytes, len, err);
}

struct gc_sink decoder_sink(struct decoder *d) {
  return (struct gc_sink){.begin = sink_begin, .write = sink_write, .ctx = d};
}

enum gc_code decoder_finish(struct decoder *d, struct gc_err *err) {
  GC_TRY(gc_json_stream_end(d->stream, err));
  enum gc_code code = stage_finish(&d->stage);
  return code == GC_OK
             ? GC_OK
             : gc_fail(err, code, "the answer: %s", gc_code_words(code));
}
