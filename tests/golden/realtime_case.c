/* SPDX-License-Identifier: MIT */
/* Runs one golden case of genesys_realtime: the answers of the API and the
 * values that result. Sections:
 *
 *   settings            KEY VALUE lines: observations, one of
 *                       query|activity|queue_metrics; label name|id|both, media
 *                       voice, queue PATTERN, wrapup PATTERN (all three
 *                       repeatable), interval_s 10, received and server (ISO
 *                       time), names refused, export on
 *                       (tests/support/case_export.h)
 *   names               ID NAME, the queue list; an empty NAME is allowed
 *   presences           ID SYSTEM_PRESENCE, the presence definitions
 *   response            one JSON answer, several of them: batches or pages
 *   response previous   the same of the reading before
 *   pushed TOPIC        the body of a message that arrives after the response;
 *                       the response was requested at the time `server`;
 *                       several
 *   event MS            a message of the guide dialect's conversation stream,
 *                       MS after the first one; the responses are not
 *                       read then. Buckets are 1 and 10 s, and the target
 *                       is 5 s
 *   expect              INSTANCE/TYPE[-TYPE_INSTANCE] VALUE, and
 *                         error: CODE words   an answer was refused
 *                         held back: 1        queues without a name
 *                         ignored: 1          numbers of unknown meaning
 *                         listed: 3           conversations, and for each pair
 *                         whole: QUEUE_ID/MEDIA  whose lists are complete
 *
 * Each case runs with its answers whole and byte by byte. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/glob.h"
#include "plugins/genesys_realtime/observations/guide_metrics.h"
#include "plugins/genesys_realtime/stream/guide_decode.h"
#include "tests/support/case_export.h"
#include "tests/support/case_words.h"

struct run {
  struct case_file file;
  char *settings; /* the section, cut to pieces */
  struct case_list queues, media, wrapups;
  bool is_activity, is_guide, is_refused, is_export;
  enum queue_label label;
  uint32_t interval_ms;
  int64_t received_ms, server_ms;
  struct gc_entities *names, *presences;
  size_t chunk;    /* bytes of one write; 0: all at once */
  unsigned strays; /* samples with a wrong time or interval */
};

static void apply_setting(struct run *run, const char *key, char *value) {
  static const char *const sources[] = {"query", "activity", "queue_metrics",
                                        NULL};
  static const char *const labels[] = {"name", "id", "both", NULL};
  static const char *const on[] = {"on", NULL};
  static const char *const refused[] = {"refused", NULL};
  if (strcmp(key, "observations") == 0) {
    int source = case_choose(&run->file, value, sources);
    run->is_activity = source == 1;
    run->is_guide = source == 2;
  } else if (strcmp(key, "label") == 0)
    run->label = (enum queue_label)case_choose(&run->file, value, labels);
  else if (strcmp(key, "media") == 0)
    case_list_add(&run->media, value);
  else if (strcmp(key, "queue") == 0)
    case_list_add(&run->queues, value);
  else if (strcmp(key, "wrapup") == 0)
    case_list_add(&run->wrapups, value);
  else if (strcmp(key, "interval_s") == 0)
    run->interval_ms = (uint32_t)strtoul(value, NULL, 10) * 1000;
  else if (strcmp(key, "export") == 0)
    run->is_export = case_choose(&run->file, value, on) == 0;
  else if (strcmp(key, "received") == 0)
    run->received_ms = case_time(&run->file, value);
  else if (strcmp(key, "server") == 0)
    run->server_ms = case_time(&run->file, value);
  else if (strcmp(key, "names") == 0)
    run->is_refused = case_choose(&run->file, value, refused) == 0;
  else
    case_give_up(&run->file, "unknown setting");
}

static void read_settings(struct run *run) {
  run->interval_ms = 10000;
  run->received_ms = case_time(&run->file, "2026-08-01T10:00:00Z");
  run->server_ms = INT64_MIN;
  run->settings = case_text(&run->file, "settings");
  char *at = run->settings;
  for (char *line; (line = case_next_line(&at)) != NULL;) {
    char *value = case_cut_word(line);
    apply_setting(run, line, value);
  }
  if (run->server_ms == INT64_MIN)
    run->server_ms = run->received_ms;
}

static struct gc_entities *read_presences(const struct run *run) {
  struct gc_entry entries[CASE_LIST_MAX];
  char *text = case_text(&run->file, "presences"), *at = text;
  size_t count = 0;
  for (char *line; (line = case_next_line(&at)) != NULL; count++) {
    if (count == CASE_LIST_MAX)
      abort();
    const char *system = case_cut_word(line);
    entries[count] = (struct gc_entry){line, line, line, system};
  }
  struct gc_entities *entities = gc_entities_new(entries, count, false);
  free(text);
  return entities;
}

static enum gc_code decode_answer(const struct run *run,
                                  struct observations *into,
                                  const struct case_section *s,
                                  struct gc_err *err) {
  GC_AUTO(obs_decoder_free_auto)
  struct obs_decoder *d = obs_decoder_new(into, run->is_guide);
  GC_TRY(case_feed(s, run->chunk, obs_decoder_sink(d), err));
  return obs_decoder_finish(d, NULL, err);
}

/* Reads all answers of one reading; false when one was refused. */
static bool read_answers(struct run *run, const char *title,
                         struct observations *into) {
  bool all = true;
  for (size_t i = 0; i < run->file.count; i++) {
    const struct case_section *s = &run->file.sections[i];
    struct gc_err err = {.code = GC_OK};
    if (strcmp(s->title, title) != 0 ||
        decode_answer(run, into, s, &err) == GC_OK)
      continue;
    case_say(&run->file, "error: %s %s", gc_code_name(err.code),
             case_words(&err));
    all = false;
  }
  into->received_ms = run->received_ms;
  into->server_ms = run->server_ms;
  into->absence = run->is_guide      ? OBS_ABSENT_UNKNOWN
                  : run->is_activity ? OBS_ABSENT_ALL
                                     : OBS_ABSENT_CONTACTS;
  return all;
}

static bool accepts_queue(void *ctx, const struct gc_entry *queue) {
  const struct run *run = ctx;
  if (queue->name == NULL)
    return run->queues.count == 0;
  return gc_glob_accepts(run->queues.at, run->queues.count, queue->name,
                         queue->id);
}

static void print_sample(void *ctx, const struct gc_sample *s) {
  struct run *run = ctx;
  if (run->is_export)
    case_say_export(&run->file, s);
  else
    case_say(&run->file, "%s/%s%s%s %.15g", s->instance,
             gc_metric(s->metric)->name, s->qualifier[0] != '\0' ? "-" : "",
             s->qualifier, s->values[0].gauge);
  run->strays +=
      s->time_ms != run->received_ms || s->interval_ms != run->interval_ms;
}

/* Prints the lists of an answer with details. */
static void say_lists(struct run *run, const struct observations *o) {
  struct obs_cursor at = {0};
  struct obs_contacts c;
  if (o->listed.count == 0)
    return;
  case_say(&run->file, "listed: %zu", o->listed.count);
  while (observations_next_contacts(o, &at, &c))
    if (observations_covers(o, c.queue, c.cv_media))
      case_say(&run->file, "whole: %s/%s", c.queue, c.media);
}

/* Merges the reading and the pushed messages; returns a copy for the values. */
static struct observations *merge_pushed(struct run *run,
                                         struct observations *o) {
  static const char head[] = "pushed ";
  GC_AUTO(obs_decoder_free_auto)
  struct obs_decoder *d = obs_decoder_new(NULL, false);
  GC_AUTO(observations_put_auto)
  struct observations *live = observations_new();
  struct observations *copy = observations_new();
  if (observations_merge(live, o, run->server_ms) != GC_OK)
    abort();
  for (size_t i = 0; i < run->file.count; i++) {
    const struct case_section *s = &run->file.sections[i];
    struct gc_err err = {.code = GC_OK};
    if (strncmp(s->title, head, sizeof(head) - 1) == 0 &&
        obs_pushed_read(d, live, s->title + sizeof(head) - 1, s->text, s->len,
                        NULL, &err) != GC_OK)
      case_say(&run->file, "error: %s %s", gc_code_name(err.code),
               case_words(&err));
  }
  if (observations_merge(copy, live, 0) != GC_OK)
    abort();
  copy->received_ms = o->received_ms;
  copy->server_ms = o->server_ms;
  return copy;
}

static bool is_pushed(const struct run *run) {
  bool found = false;
  for (size_t i = 0; i < run->file.count; i++)
    found |= strncmp(run->file.sections[i].title, "pushed ", 7) == 0;
  return found;
}

/* ---- the guide dialect's stream ---- */

static const char event_head[] = "event ";

static bool is_stream(const struct run *run) {
  for (size_t i = 0; i < run->file.count; i++)
    if (strncmp(run->file.sections[i].title, event_head,
                sizeof(event_head) - 1) == 0)
      return true;
  return false;
}

static void put_counter(void *ctx, const struct gc_sample *s) {
  struct run *run = ctx;
  const struct gc_metric *m = gc_metric(s->metric);
  double value = m->ds[0].kind == GC_GAUGE ? s->values[0].gauge
                                           : (double)s->values[0].derive;
  if (run->is_export)
    case_say_export(&run->file, s);
  else
    case_say(&run->file, "%s/%s%s%s %.15g", s->instance, m->name,
             s->qualifier[0] != '\0' ? "-" : "", s->qualifier, value);
}

static void put_nowhere(void *ctx, const struct gc_sample *s) {
  (void)ctx;
  (void)s;
}

static void apply_event(struct run *run, struct conversations *m,
                        struct guide_decoder *d, const struct case_section *s) {
  const struct guide_event *event;
  struct gc_err err = {.code = GC_OK};
  int64_t at_ms = run->received_ms + atoll(s->title + sizeof(event_head) - 1);
  conversations_tick(
      m, &(struct conversations_now){at_ms, at_ms,
                                     (uint64_t)(at_ms - run->received_ms)});
  if (decode_guide_event(d, s->text, s->len, &event, &err) != GC_OK)
    case_say(&run->file, "error: %s %s", gc_code_name(err.code),
             case_words(&err));
  else if (event == NULL)
    case_say(&run->file, "other: %s", s->title);
  else if (conversations_apply_state(m, event, at_ms) != GC_OK)
    abort();
  const struct gc_unknown_word *word;
  while ((word = gc_unknown_words_next(guide_decoder_unknown(d))) != NULL)
    case_say(&run->file, "unknown: %s \"%s\": %s", word->kind, word->text,
             guide_word_default(word->kind));
}

/* A series begins with 0: the second reading has the counts. */
static void play_stream(struct run *run) {
  static const double bounds[] = {1, 10};
  struct conversations_settings settings = {.is_guide = true,
                                            .started_ms = run->received_ms,
                                            .bounds_s = bounds,
                                            .bound_count = 2,
                                            .target_ms = 5000,
                                            .max = 100,
                                            .age_ms = 86400000,
                                            .pairs_max = 100,
                                            .wrapups = run->wrapups.at,
                                            .wrapup_count = run->wrapups.count};
  GC_AUTO(conversations_free_auto)
  struct conversations *m = conversations_new(&settings, NULL);
  GC_AUTO(guide_decoder_free_auto)
  struct guide_decoder *d = guide_decoder_new();
  for (size_t i = 0; i < run->file.count; i++)
    if (strncmp(run->file.sections[i].title, event_head,
                sizeof(event_head) - 1) == 0)
      apply_event(run, m, d, &run->file.sections[i]);
  struct queue_display queues = {.queues = run->names,
                                 .accepts = accepts_queue,
                                 .accepts_ctx = run,
                                 .media = run->media.at,
                                 .media_count = run->media.count,
                                 .label = run->label};
  struct conversations_view view = {.queues = &queues, .active = true};
  struct gc_samples outs[] = {{put_nowhere, NULL}, {put_counter, run}};
  for (size_t i = 0; i < GC_COUNT(outs); i++) {
    struct conversations_cursor cursor = {0};
    while (conversations_samples(m, &view, &outs[i], &cursor))
      ;
  }
}

/* Treats one reading as the block does. */
static void play_reading(struct run *run) {
  GC_AUTO(observations_put_auto)
  struct observations *o = observations_new();
  GC_AUTO(observations_put_auto)
  struct observations *before = observations_new();
  bool had_before = read_answers(run, "response previous", before);
  bool all = read_answers(run, "response", o);
  if (run->is_activity && !all)
    return;
  if (!run->is_guide && had_before &&
      observations_zero_gone(o, before, run->names) != GC_OK)
    abort();

  if (is_pushed(run)) {
    struct observations *copy = merge_pushed(run, o);
    observations_put(o);
    o = copy;
  }

  if (run->is_guide) {
    struct gc_labels *labels = gc_labels_new();
    o->names = queue_metrics_names(o, NULL, labels);
    gc_labels_free(labels);
  }
  struct queue_display view = {
      .queues = run->is_guide && run->is_refused ? o->names : run->names,
      .presences = run->presences,
      .accepts = accepts_queue,
      .accepts_ctx = run,
      .media = run->media.at,
      .media_count = run->media.count,
      .label = run->label,
      .interval_ms = run->interval_ms};
  struct gc_samples out = {print_sample, run};
  struct queue_tally tally;
  size_t lines = run->file.line_count;
  obs_samples(o, &view, &out, &tally);
  if (tally.series != run->file.line_count - lines)
    case_give_up(&run->file, "the tally of series is wrong");
  if (tally.unnamed > 0)
    case_say(&run->file, "held back: %zu", tally.unnamed);
  if (o->ignored > 0)
    case_say(&run->file, "ignored: %u", o->ignored);
  say_lists(run, o);
}

int main(int argc, char **argv) {
  static const size_t chunks[] = {1, 0};
  int failed = 0;
  if (argc != 2) {
    fprintf(stderr, "usage: realtime_case FILE.case\n");
    return 99;
  }
  for (size_t i = 0; i < GC_COUNT(chunks) && !failed; i++) {
    struct run run = {.chunk = chunks[i]};
    if (!case_read(&run.file, argv[1]))
      return 99;
    read_settings(&run);
    run.names = case_names(&run.file, "names", run.is_refused);
    run.presences = read_presences(&run);
    if (is_stream(&run))
      play_stream(&run);
    else
      play_reading(&run);
    failed = case_end(&run.file);
    if (run.strays > 0)
      case_give_up(&run.file,
                   "a value has another time or interval than the reading");
    gc_entities_put(run.names);
    gc_entities_put(run.presences);
    free(run.settings);
    case_clear(&run.file);
  }
  return failed;
}
