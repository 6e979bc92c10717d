/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/observations/others.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/genesys/clean_name.h"

/* Leaves room for the medium in a type instance. */
enum { NAME_MAX_BYTES = GC_NAME_SIZE - OBS_MEDIA_SIZE - 1 };

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
                             NAME_MAX_BYTES, &fact.qualifier);
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

void obs_other_put(const struct observations *o, const struct obs_queue *q,
                   const struct queue_display *display,
                   const struct gc_sample_writer *writer) {
  char qualifier[GC_NAME_SIZE];
  for (size_t i = 0; i < q->other_count; i++) {
    const struct obs_other *other = &q->others[i];
    const char *name = gc_intern_text(&o->others, other->name);
    if (other->media == OBS_NONE) {
      gc_put_gauge(writer, GC_METRIC_QUEUE_OBSERVATION, name, other->number);
      continue;
    }
    const char *media = gc_intern_text(&o->media, other->media);
    if (!queue_display_has_media(display, media))
      continue;
    snprintf(qualifier, sizeof(qualifier), "%.*s-%.*s", (int)NAME_MAX_BYTES,
             name, (int)OBS_MEDIA_SIZE - 1, media);
    gc_put_gauge(writer, GC_METRIC_QUEUE_OBSERVATION, qualifier, other->number);
  }
}
