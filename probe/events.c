/* SPDX-License-Identifier: MIT */
#include "probe/events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/json/document.h"
#include "common/base/strmap.h"
#include "common/genesys/clean_name.h"
#include "plugins/genesys_flowmetrics/events/decode.h"
#include "plugins/genesys_flowmetrics/ledger/series.h"
#include "probe/contacts.h"

/* The outcomes of a row: the reasons of the decoder (enum malformed), then
 * those of the replay. */
enum outcome {
  OUTCOME_COUNTED = MALFORMED_COUNT,
  OUTCOME_RENAMED, /* counted, under a name that is not its own */
  OUTCOME_DUPLICATE,
  OUTCOME_REFUSED,
  OUTCOME_SKIPPED,
  OUTCOME_UNPLACED,
  OUTCOME_CONTACT, /* first of enum probe_contact, without COUNTED */
  OUTCOME_COUNT = OUTCOME_CONTACT + PROBE_CONTACT_COUNT - 1
};

#define CONTACT(id) (OUTCOME_CONTACT + PROBE_CONTACT_##id - 1)

static const struct outcome_row {
  const char *word;
  const char *what; /* NULL: the outcome needs no explanation */
  enum probe_state state;
} outcomes[OUTCOME_COUNT] = {
    [MALFORMED_SHAPE] = {"shape",
                         "an attribute has a part of AttributeFormat, but does "
                         "not match it",
                         PROBE_WARNING},
    [MALFORMED_TIME] = {"time",
                        "an attribute has no valid time, or one before 1970",
                        PROBE_WARNING},
    [MALFORMED_FLOW] = {"flow",
                        "an attribute has no flow name that could be shown",
                        PROBE_WARNING},
    [MALFORMED_METRIC] = {"metric",
                          "an attribute has no metric name that could be shown",
                          PROBE_WARNING},
    [MALFORMED_LONG] = {"long", "the name of an attribute is too long",
                        PROBE_WARNING},
    [MALFORMED_FUTURE] = {"future", "the time of an attribute is ahead",
                          PROBE_WARNING},
    [MALFORMED_CONVERSATION] = {"conversation",
                                "metrics without a conversation id; the "
                                "message is not acknowledged",
                                PROBE_WARNING},
    [MALFORMED_JSON] = {"json", "no JSON, or no event", PROBE_WARNING},
    [OUTCOME_COUNTED] = {"counted", NULL, PROBE_OK},
    [OUTCOME_RENAMED] = {"renamed",
                         "counted; another metric has this name, once "
                         "characters that an identity cannot have are "
                         "replaced, so that one of the two has ~2",
                         PROBE_OK},
    [OUTCOME_DUPLICATE] = {"duplicate", NULL, PROBE_OK},
    [OUTCOME_REFUSED] = {"refused",
                         "a name with 9 digits or more, as a telephone number "
                         "has, is not counted: correct the flow, or name it in "
                         "Flow or Metric if it is meant",
                         PROBE_WARNING},
    [OUTCOME_SKIPPED] = {"skipped", "no attribute is meant to be a metric",
                         PROBE_OK},
    [OUTCOME_UNPLACED] = {"unplaced",
                          "a metric where no known event has one; the message "
                          "is not acknowledged",
                          PROBE_WARNING},
    [CONTACT(
        TAKEN_BACK)] = {"taken back",
                        "this line contradicts an earlier count: the counter "
                        "does not fall, and its next count is left out",
                        PROBE_OK},
    [CONTACT(KNOWN)] = {"known",
                        "no fact is new: a repeat, or an older snapshot",
                        PROBE_OK},
    [CONTACT(NO_QUEUE)] = {"no queue", "no participant is of a queue",
                           PROBE_OK},
    [CONTACT(LATER)] = {"later",
                        "the contact is not in the queue yet: no "
                        "connectedTime, or a callback before its time",
                        PROBE_OK},
    [CONTACT(NO_OFFER)] = {"no offer",
                           "only an agent of the queue: an outbound or a "
                           "direct contact is no offer",
                           PROBE_OK},
    [CONTACT(NO_COUNT)] = {"no count", "new facts, from which no count follows",
                           PROBE_OK},
    [CONTACT(LEFT_OUT)] = {"left out",
                           "a snapshot with more participants than are kept",
                           PROBE_WARNING},
    [CONTACT(WORD)] = {"word", "a word of the platform that is unknown",
                       PROBE_WARNING},
    [CONTACT(CONTROL)] = {"control", "a message of the platform itself",
                          PROBE_OK},
};

_Static_assert(GC_NAME_DIGITS_MAX == 9, "OUTCOME_REFUSED names the number");

struct row {
  size_t line;
  int outcome;         /* as in outcomes[] */
  char *flow, *metric; /* masked if refused; NULL: the row has none */
  char *series;        /* of a contact: "QUEUE/queue_offer-voice"; NULL: none */
  uint64_t times;      /* how often the series was counted */
  char *key;           /* its entry of `keys`; NULL: none */
};

struct probe_replay {
  struct attribute_form form;
  struct event_reader *reader;
  struct probe_contacts *contacts;
  struct gc_strmap keys; /* the keys are owned */
  struct series_set series;
  struct row *rows;
  size_t count, cap;
  size_t read, line; /* lines that were read; the line of the event */
  /* The lines of an event that has not ended. */
  struct gc_buf lines;
  int depth;    /* of brackets */
  bool in_text; /* the last line ends inside of a string */
  uint64_t sums[OUTCOME_COUNT];
};

struct probe_replay *probe_replay_new(const char *format, struct gc_err *err) {
  struct probe_replay *r = gc_zalloc(1, sizeof(*r));
  r->lines.max = EVENT_MAX_BYTES;
  r->reader = event_reader_new(&r->form);
  r->contacts = probe_contacts_new();
  if (attribute_form_set(&r->form, format, err) == GC_OK)
    return r;
  probe_replay_free(r);
  return NULL;
}

static void row_clear(struct row *row) {
  free(row->flow);
  free(row->metric);
  free(row->series);
  free(row->key);
}

/* Forgets the newest rows, so that `count` remain. */
static void drop_rows(struct probe_replay *r, size_t count) {
  while (r->count > count) {
    struct row *row = &r->rows[--r->count];
    r->sums[row->outcome]--;
    if (row->key != NULL)
      (void)gc_strmap_drop(&r->keys, row->key);
    row_clear(row);
  }
}

void probe_replay_free(struct probe_replay *r) {
  if (r == NULL)
    return;
  drop_rows(r, 0);
  free(r->rows);
  gc_buf_clear(&r->lines);
  gc_strmap_clear(&r->keys);
  series_clear(&r->series);
  event_reader_free(r->reader);
  probe_contacts_free(r->contacts);
  free(r);
}

/* ---- one line ---- */

/* Adds a row. Takes ownership of its texts, also on failure. */
static enum gc_code add_row(struct probe_replay *r, struct row row) {
  if (r->count >= PROBE_ROWS_MAX) {
    row_clear(&row);
    return GC_ERR_LIMIT;
  }
  if (r->count == r->cap) {
    r->cap = r->cap == 0 ? 64 : r->cap * 2;
    r->rows = gc_resize(r->rows, r->cap, sizeof(row));
  }
  if (row.key != NULL)
    gc_strmap_put(&r->keys, row.key, r);
  r->sums[row.outcome]++;
  r->rows[r->count++] = row;
  return GC_OK;
}

/* Returns conversation and attribute name as one text. */
static char *key_of(const struct event_metric *m) {
  size_t len = strlen(m->conversation);
  char *key = gc_zalloc(1, len + m->name_len + 2);
  memcpy(key, m->conversation, len);
  key[len] = '\n'; /* in no conversation id */
  memcpy(key + len + 1, m->name, m->name_len);
  return key;
}

static char *printable_copy(const char *text, size_t len) {
  char *copy = gc_strndup(text, strnlen(text, len));
  for (char *c = copy; *c != '\0'; c++)
    if ((unsigned char)*c < ' ')
      *c = ' ';
  return copy;
}

/* Replaces the digits of a name that a block refuses by default
 * (ledger/batch.c): they may be a customer's number. Returns false for any
 * other name. */
static bool mask_number(char *name) {
  if (!gc_name_has_number(name, strlen(name)))
    return false;
  for (char *c = name; *c != '\0'; c++)
    if (*c >= '0' && *c <= '9')
      *c = '*';
  return true;
}

/* True if the series of the row is shown with ~2. */
static bool is_renamed(struct probe_replay *r, const struct row *row) {
  struct series *s = NULL;
  return series_find(&r->series, "", row->flow, row->metric, PROBE_ROWS_MAX,
                     &s) == GC_OK &&
         s->is_renamed;
}

static enum gc_code on_metric(void *ctx, const struct event_metric *m) {
  struct probe_replay *r = ctx;
  struct row row = {.line = r->line,
                    .outcome = OUTCOME_COUNTED,
                    .flow = printable_copy(m->parts.flow, m->parts.flow_len),
                    .metric =
                        printable_copy(m->parts.metric, m->parts.metric_len),
                    .key = key_of(m)};
  bool is_flow_refused = mask_number(row.flow);
  bool is_metric_refused = mask_number(row.metric);
  if (is_flow_refused || is_metric_refused)
    row.outcome = OUTCOME_REFUSED;
  else if (gc_strmap_get(&r->keys, row.key) != NULL)
    row.outcome = OUTCOME_DUPLICATE;
  if (row.outcome != OUTCOME_COUNTED)
    free(gc_steal(row.key));
  else if (is_renamed(r, &row))
    row.outcome = OUTCOME_RENAMED;
  return add_row(r, row);
}

static enum gc_code add_times(struct probe_replay *r, int outcome,
                              uint64_t times) {
  for (; times > 0; times--)
    GC_TRY(add_row(r, (struct row){.line = r->line, .outcome = outcome}));
  return GC_OK;
}

static enum gc_code on_contact(void *ctx, enum probe_contact outcome,
                               const char *what, uint64_t count) {
  struct probe_replay *r = ctx;
  bool is_counted = outcome == PROBE_CONTACT_COUNTED;
  struct row row = {.line = r->line,
                    .outcome = is_counted ? OUTCOME_COUNTED
                                          : (enum outcome)(OUTCOME_CONTACT +
                                                           (int)outcome - 1),
                    .times = count};
  if (what != NULL)
    row.series = printable_copy(what, strlen(what));
  return add_row(r, row);
}

/* Reads flow metrics. `is_contact`: the line already has the rows of a contact,
 * so it needs no row that says that it has no attributes. */
static enum gc_code read_attributes(struct probe_replay *r, const char *line,
                                    size_t len, bool is_contact) {
  struct event_counts counts = {0};
  const struct event_sink sink = {on_metric, r};
  size_t before = r->count;
  enum gc_code code = event_read(r->reader, line, len, &counts, &sink, NULL);
  if (code == GC_ERR_MEMORY ||
      (code == GC_ERR_LIMIT && r->count >= PROBE_ROWS_MAX))
    return code;
  if (code != GC_OK)
    drop_rows(r, before); /* an event is counted as a whole or not at all */
  if (is_contact)
    counts.skipped = counts.malformed[MALFORMED_JSON] = 0;
  for (int i = 0; i < MALFORMED_COUNT; i++)
    GC_TRY(add_times(r, i, counts.malformed[i]));
  GC_TRY(add_times(r, OUTCOME_UNPLACED, counts.unplaced));
  return add_times(r, OUTCOME_SKIPPED, counts.skipped);
}

static enum gc_code replay_event(struct probe_replay *r, const char *text,
                                 size_t len) {
  const struct probe_contact_sink sink = {on_contact, r};
  bool is_contact = false;
  if (len == 0)
    return GC_OK;
  GC_TRY(probe_contacts_line(r->contacts, text, len, &sink, &is_contact));
  return read_attributes(r, text, len, is_contact);
}

/* Follows the brackets of an event over its lines. */
static void follow_brackets(struct probe_replay *r, const char *line,
                            size_t len) {
  for (size_t i = 0; i < len; i++) {
    char c = line[i];
    if (r->in_text && c == '\\')
      i++;
    else if (c == '"')
      r->in_text = !r->in_text;
    else if (!r->in_text)
      r->depth += (c == '{' || c == '[') - (c == '}' || c == ']');
  }
}

/* Replays the lines that were collected, as they are: an event that does not
 * end is one that cannot be read. */
static enum gc_code end_event(struct probe_replay *r) {
  enum gc_code code = replay_event(r, gc_buf_string(&r->lines), r->lines.len);
  gc_buf_reset(&r->lines);
  r->depth = 0;
  r->in_text = false;
  return code;
}

static bool begins_with(const char *line, size_t len, const char *mark) {
  return len > strlen(mark) && memcmp(line, mark, strlen(mark)) == 0;
}

enum gc_code probe_replay_line(struct probe_replay *r, const char *line,
                               size_t len) {
  static const char *const marks[] = {"\xef\xbb\xbf", /* byte order mark */
                                      "< "};          /* of a socket's log */
  for (size_t i = 0; i < GC_COUNT(marks); i++)
    if (begins_with(line, len, marks[i])) {
      line += strlen(marks[i]);
      len -= strlen(marks[i]);
    }
  if (r->lines.len > 0 && (len == 0 || line[0] == '{'))
    GC_TRY(end_event(r));
  r->read++;
  if (r->lines.len == 0)
    r->line = r->read;
  follow_brackets(r, line, len);
  GC_TRY(gc_buf_add(&r->lines, line, len));
  return r->depth > 0 ? GC_OK : end_event(r);
}

/* ---- output ---- */

/* Writes the series of the row, if it has one, and the explanation of its
 * outcome. */
static enum gc_code render_what(const struct row *row,
                                const struct outcome_row *is,
                                struct gc_buf *out) {
  bool has_series = true;
  if (row->series != NULL)
    GC_TRY(gc_buf_text(out, row->series));
  else if (row->flow != NULL)
    GC_TRY(gc_buf_print(out, "%s/flow_metric-%s", row->flow, row->metric));
  else
    has_series = false;
  if (row->times > 1)
    GC_TRY(gc_buf_print(out, " +%llu", (unsigned long long)row->times));
  if (is->what != NULL)
    GC_TRY(gc_buf_print(out, "%s%s", has_series ? ": " : "", is->what));
  return gc_buf_text(out, "\n");
}

static enum gc_code render_rows(const struct probe_replay *r,
                                struct gc_buf *out) {
  GC_TRY(gc_buf_print(out, "%-6s  %-12s  %s\n", "LINE", "OUTCOME", "WHAT"));
  for (size_t i = 0; i < r->count; i++) {
    const struct row *row = &r->rows[i];
    const struct outcome_row *is = &outcomes[row->outcome];
    GC_TRY(gc_buf_print(out, "%-6zu  %-12s  ", row->line, is->word));
    GC_TRY(render_what(row, is, out));
  }
  const char *comma = "";
  for (int n = 0; n < OUTCOME_COUNT; n++) {
    int i = (n + OUTCOME_COUNTED) % OUTCOME_COUNT; /* "counted" first */
    if (r->sums[i] > 0 || n == 0) {
      GC_TRY(gc_buf_print(out, "%s%s: %llu", comma, outcomes[i].word,
                          (unsigned long long)r->sums[i]));
      comma = ", ";
    }
  }
  return gc_buf_text(out, "\n");
}

static enum gc_code render_document(const struct probe_replay *r,
                                    struct gc_buf *out, struct gc_err *err) {
  GC_AUTO(gc_document_clear) struct gc_document d = {0};
  struct json_object *root = gc_document_add_object(&d, NULL, NULL);
  struct json_object *sums = gc_document_add_object(&d, root, "outcomes");
  for (int i = 0; i < OUTCOME_COUNT; i++)
    gc_document_add_int(&d, sums, outcomes[i].word, (int64_t)r->sums[i]);
  struct json_object *list = gc_document_add_array(&d, root, "events");
  for (size_t i = 0; i < r->count; i++) {
    const struct row *row = &r->rows[i];
    const struct outcome_row *is = &outcomes[row->outcome];
    struct json_object *one = gc_document_add_object(&d, list, NULL);
    gc_document_add_int(&d, one, "line", (int64_t)row->line);
    gc_document_add_text(&d, one, "outcome", is->word);
    if (row->series != NULL) {
      gc_document_add_text(&d, one, "series", row->series);
      gc_document_add_int(&d, one, "count", (int64_t)row->times);
    }
    if (row->flow != NULL) {
      gc_document_add_text(&d, one, "flow", row->flow);
      gc_document_add_text(&d, one, "metric", row->metric);
    }
    if (is->what != NULL)
      gc_document_add_text(&d, one, "what", is->what);
  }
  GC_TRY(gc_document_write(&d, out, err));
  return gc_buf_text(out, "\n");
}

enum gc_code probe_replay_render(const struct probe_replay *r,
                                 enum probe_format format, struct gc_buf *out,
                                 struct gc_err *err) {
  enum gc_code code =
      format == PROBE_JSON ? render_document(r, out, err) : render_rows(r, out);
  return code == GC_OK ? code : gc_fail(err, code, "the output is too large");
}

enum probe_state probe_replay_state(const struct probe_replay *r) {
  for (int i = 0; i < OUTCOME_COUNT; i++)
    if (r->sums[i] > 0 && outcomes[i].state != PROBE_OK)
      return outcomes[i].state;
  return PROBE_OK;
}
