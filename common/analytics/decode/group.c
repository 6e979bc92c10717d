/* SPDX-License-Identifier: MIT */
#include "common/analytics/decode/group.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/utf8.h"

enum { NUMBERS_MAX = 1 << 18 };

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

void gc_decode_value(char out[GC_DECODE_VALUE_SIZE],
                     const struct gc_json_value *v) {
  char mark[24];
  if (gc_decode_text(out, v))
    return;
  int size = snprintf(mark, sizeof(mark), "~%016" PRIx64,
                      gc_hash_add(GC_HASH_INIT, v->text, v->len));
  struct gc_json_value begin = *v;
  begin.len =
      gc_utf8_cut(v->text, v->len, GC_DECODE_VALUE_SIZE - 1 - (size_t)size);
  (void)gc_decode_text(out, &begin);
  memcpy(out + begin.len, mark, (size_t)size + 1);
}

void gc_decode_begin_group(struct gc_decoder *d) {
  memset(d->values, 0, sizeof(d->values));
  d->media[0] = '\0';
  d->number_count = 0;
  d->is_broken = false;
}

/* Appends SEP and text; false when they do not fit into the key. */
static bool append_field(char key[GC_SERIES_KEY_SIZE], size_t *len,
                         const char *text) {
  size_t more = strlen(text);
  if (*len + more + 1 >= GC_SERIES_KEY_SIZE)
    return false;
  key[(*len)++] = GC_SERIES_SEP;
  memcpy(key + *len, text, more);
  *len += more;
  return true;
}

/* Makes the common part of the keys of all numbers of the group. False when the
 * group names no owner (queue, user or flow), or the part is too long. */
static bool make_key_tail(const struct gc_decoder *d,
                          char tail[GC_SERIES_KEY_SIZE], size_t *ret_len) {
  const struct gc_query *q = d->stage.into->query;
  int place;
  enum gc_query_owner owner = gc_query_owner_of(q, &place);
  if (owner != GC_QUERY_OF_NONE && d->values[place][0] == '\0')
    return false;
  *ret_len = 0;
  bool has_media = gc_source(q->source)->is_by_media ||
                   gc_query_place_of(q, "mediaType") >= 0;
  bool fits = append_field(tail, ret_len, has_media ? d->media : "");
  for (size_t i = 0; i < q->group_by.count && fits; i++)
    if (strcmp(q->group_by.at[i], "mediaType") != 0)
      fits = append_field(tail, ret_len, d->values[i]);
  return fits;
}

/* True if the query selects the queue or flow of the group. */
static bool is_wanted(const struct gc_decoder *d) {
  const struct gc_results *r = d->stage.into;
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
  if (d->is_broken || !make_key_tail(d, tail, &tail_len)) {
    *(d->is_broken ? &d->stage.tally.broken : &d->stage.tally.foreign) +=
        d->number_count;
    return GC_OK;
  }
  for (uint32_t i = 0; i < d->metrics.count; i++)
    d->series_of[i] = GC_SERIES_UNKNOWN;
  for (size_t i = 0; i < d->number_count; i++) {
    struct gc_decode_number *n = &d->numbers[i];
    const char *metric = gc_intern_text(&d->metrics, n->metric);
    size_t len = strlen(metric);
    if (len + tail_len >= sizeof(key)) {
      d->stage.tally.broken++;
      continue;
    }
    memcpy(key, metric, len);
    memcpy(key + len, tail, tail_len);
    n->fact.series = d->series_of[n->metric];
    GC_TRY(
        gc_staging_fact(&d->stage, key, len + tail_len, n->end_ms, &n->fact));
    d->series_of[n->metric] = n->fact.series;
  }
  return GC_OK;
}

enum gc_code gc_decode_add(struct gc_decoder *d, const char *metric,
                           const char *qualifier, int64_t end_ms,
                           const struct gc_fact *fact) {
  char name[2 * GC_DECODE_VALUE_SIZE];
  struct gc_decode_number n = {.end_ms = end_ms, .fact = *fact};
  size_t len = strlen(metric), more = strlen(qualifier);
  memcpy(name, metric, len);
  name[len] = GC_SERIES_SEP;
  memcpy(name + len + 1, qualifier, more);
  GC_TRY(gc_intern_put(&d->metrics, name, len + 1 + more, &n.metric));
  if (d->number_count == d->number_cap) {
    size_t cap = d->number_cap == 0 ? 64 : d->number_cap * 2;
    if (cap > NUMBERS_MAX)
      return GC_ERR_LIMIT;
    struct gc_decode_number *numbers =
        realloc(d->numbers, cap * sizeof(*numbers));
    if (numbers == NULL)
      return GC_ERR_MEMORY;
    d->numbers = numbers;
    d->number_cap = cap;
  }
  d->numbers[d->number_count++] = n;
  return GC_OK;
}
