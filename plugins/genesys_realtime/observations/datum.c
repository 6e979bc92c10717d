/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/observations/datum.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/ascii.h"
#include "common/base/hash.h"
#include "common/genesys/clean_name.h"

enum { FACTS_MAX = 4 << 20 };

void obs_datum_begin(struct obs_datum *d) {
  d->metric = -1;
  d->is_unknown = true;
  d->has_count = d->has_calculated = false;
  d->is_count_unread = d->is_calculated_unread = false;
  d->qualifier[0] = d->name[0] = '\0';
  d->secondary = 0;
  d->count_number = d->calculated_number = NAN;
  gc_other_numbers_clear(&d->others);
}

/* True for a documented metric of the topics that gives no value of a queue. */
static bool is_unused(const struct gc_json_value *v) {
  static const char *const names[] = {"oFlow", "oLongestInteracting"};
  bool found = false;
  for (size_t i = 0; i < GC_COUNT(names) && v->kind == GC_JSON_STRING; i++)
    found |=
        v->len == strlen(names[i]) && memcmp(v->text, names[i], v->len) == 0;
  return found;
}

void obs_datum_metric(struct obs_datum *d, const struct gc_json_value *v) {
  int i = v->kind == GC_JSON_STRING ? 0 : OBS_METRIC_COUNT;
  while (i < OBS_METRIC_COUNT &&
         (v->len != obs_metrics[i].name_len ||
          memcmp(v->text, obs_metrics[i].name, v->len) != 0))
    i++;
  d->metric = i < OBS_METRIC_COUNT ? i : -1;
  d->is_unknown = d->metric < 0 && !is_unused(v);
  if (d->is_unknown && v->kind == GC_JSON_STRING)
    gc_unknown_word_copy(d->name, v->text, v->len);
}

void obs_datum_qualifier(struct obs_datum *d, const struct gc_json_value *v) {
  if (v->kind != GC_JSON_STRING || v->len >= sizeof(d->qualifier))
    return;
  memcpy(d->qualifier, v->text, v->len);
  d->qualifier[v->len] = '\0';
}

void obs_datum_secondary(struct obs_datum *d, const struct gc_json_value *v) {
  if (v->kind == GC_JSON_STRING && v->len > 0)
    d->secondary = gc_hash_add(GC_HASH_INIT, v->text, v->len) | 1;
}

/* Returns a finite number; NAN for any other value. */
static double number_of(const struct gc_json_value *v) {
  double number;
  return gc_json_real(v, &number) && isfinite(number) ? number : (double)NAN;
}

void obs_datum_other(struct obs_datum *d, const struct gc_json_at *at,
                     const struct gc_json_value *v) {
  (void)gc_other_numbers_read(&d->others, at->key, strlen(at->key), v);
}

void obs_datum_count(struct obs_datum *d, const struct gc_json_value *v) {
  d->has_count = gc_json_int(v, &d->count);
  d->is_count_unread = !d->has_count && v->kind != GC_JSON_NULL;
  d->count_number = number_of(v);
}

void obs_datum_calculated(struct obs_datum *d, const struct gc_json_value *v) {
  d->has_calculated = gc_json_int(v, &d->calculated);
  d->is_calculated_unread = !d->has_calculated && v->kind != GC_JSON_NULL;
  d->calculated_number = number_of(v);
}

bool obs_datum_is_unread(const struct obs_datum *d) {
  return obs_metrics[d->metric].about == OBS_OLDEST ? d->is_calculated_unread
                                                    : d->is_count_unread;
}

static enum gc_code qualifier_of(const struct obs_datum *d,
                                 struct observations *into, uint32_t *ret) {
  enum obs_about about = obs_metrics[d->metric].about;
  struct gc_intern *in = about == OBS_ROUTING    ? &into->statuses
                         : about == OBS_PRESENCE ? &into->presences
                                                 : NULL;
  *ret = OBS_NONE;
  return in == NULL || d->qualifier[0] == '\0'
             ? GC_OK
             : gc_intern_put(in, d->qualifier, strlen(d->qualifier), ret);
}

/* A larger count is wrong and is cut to this, so that sums over statuses do not
 * overflow. */
#define COUNT_MAX (INT64_C(1) << 40)

/* Makes the fact. A time of 0 or less becomes 0, which stands for no contact.
 */
enum gc_code obs_datum_fact(const struct obs_datum *d,
                            struct observations *into, struct obs_fact *ret,
                            bool *ret_reported) {
  bool is_time = obs_metrics[d->metric].about == OBS_OLDEST;
  *ret_reported = is_time ? d->has_calculated : d->has_count;
  if (!*ret_reported)
    return GC_OK;
  int64_t value = is_time                ? d->calculated
                  : d->count < COUNT_MAX ? d->count
                                         : COUNT_MAX;
  *ret = (struct obs_fact){.queue = OBS_NONE,
                           .media = OBS_NONE,
                           .secondary = d->secondary,
                           .metric = (uint8_t)d->metric,
                           .value = value > 0 ? value : 0};
  return qualifier_of(d, into, &ret->qualifier);
}

enum gc_code obs_media_put(struct observations *into,
                           const struct gc_json_value *v, uint32_t *media) {
  char lower[OBS_MEDIA_SIZE], clean[GC_NAME_SIZE];
  if (v->kind != GC_JSON_STRING || v->len == 0 || v->len >= sizeof(lower))
    return GC_OK;
  for (size_t i = 0; i < v->len; i++)
    lower[i] = gc_lower(v->text[i]);
  if (!gc_name_clean(clean, lower, v->len))
    return GC_OK;
  return gc_intern_put(&into->media, clean, strlen(clean), media);
}

enum gc_code obs_facts_add(struct obs_facts *facts,
                           const struct obs_fact *fact) {
  if (facts->count == facts->cap) {
    size_t cap = facts->cap == 0 ? 256 : facts->cap * 2;
    if (cap > FACTS_MAX)
      return GC_ERR_LIMIT;
    struct obs_fact *at = realloc(facts->at, cap * sizeof(*at));
    if (at == NULL)
      return GC_ERR_MEMORY;
    facts->at = at;
    facts->cap = cap;
  }
  facts->at[facts->count++] = *fact;
  return GC_OK;
}

void obs_facts_clear(struct obs_facts *facts) {
  free(facts->at);
  *facts = (struct obs_facts){0};
}

/* ---- numbers of unknown metrics ---- */

static bool is_presence(const struct obs_others *into, const char *word) {
  uint32_t number;
  return gc_intern_find(into->presences, word, strlen(word), &number);
}

static enum gc_code take_number(const struct obs_others *into,
                                const struct obs_datum *d, const char *member,
                                double number, struct obs_facts *facts) {
  struct obs_fact fact = {.queue = OBS_NONE,
                          .media = OBS_NONE,
                          .metric = OBS_OTHER,
                          .number = number};
  enum gc_code code = GC_ERR_LIMIT;
  if (gc_other_word_is_name(d->qualifier) || is_presence(into, d->qualifier))
    code = gc_other_name_put(into->names, d->name, d->qualifier, member,
                             OBS_OTHER_MAX_BYTES, &fact.qualifier);
  if (code == GC_OK)
    return obs_facts_add(facts, &fact);
  ++*into->ignored;
  return code == GC_ERR_LIMIT ? GC_OK : code;
}

enum gc_code obs_others_take(const struct obs_others *into,
                             const struct obs_datum *d,
                             struct obs_facts *facts) {
  if (!d->is_unknown)
    return GC_OK;
  bool has_count = !isnan(d->count_number);
  bool has_calculated = !isnan(d->calculated_number);
  gc_unknown_words_add(into->words, "metric", d->name, strlen(d->name));
  *into->ignored += d->others.lost;
  *into->ignored += d->others.count == 0 && !has_count && !has_calculated;
  if (has_count)
    GC_TRY(take_number(into, d, "count", d->count_number, facts));
  if (has_calculated)
    GC_TRY(take_number(into, d, "calculatedMetricValue", d->calculated_number,
                       facts));
  for (unsigned i = 0; i < d->others.count; i++)
    GC_TRY(take_number(into, d, d->others.at[i].name, d->others.at[i].number,
                       facts));
  return GC_OK;
}
