/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/observations/guide_metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/url.h"
#include "plugins/genesys_realtime/observations/datum.h"

enum {
  ROWS_MAX = 200000,
  TEXT_MAX_BYTES = 64 * 1024,
};

/* A larger count is cut to this. */
static const int64_t count_max = INT64_C(1000000000000);

enum {
  K_LIST = 1,
  K_ID,
  K_NAME,
  K_MEDIA_TYPE,
  K_QUEUED,
  K_WAITING,
  K_AVAILABLE,
  K_BUSY,
};

static const struct gc_json_key keys[] = {
    {"entities", K_LIST},
    {"results", K_LIST},
    {"queues", K_LIST},
    {"id", K_ID},
    {"name", K_NAME},
    {"mediaType", K_MEDIA_TYPE},
    {"queued", K_QUEUED},
    {"waiting", K_WAITING},
    {"agentAvailable", K_AVAILABLE},
    {"agentBusy", K_BUSY},
};

enum { ABSENT = -1 }; /* a number that the row does not have */

struct row {
  uint32_t queue, name; /* OBS_NONE: missing */
  struct obs_guide contacts;
  int64_t available, busy;
};

struct queue_metrics {
  struct observations *into;
  struct gc_json_stream *stream;
  struct gc_intern names;
  struct row row; /* the present row */
  struct row *rows;
  size_t count, cap;
};

/* Reads a count. A negative number is 0. A value that is not a number is
 * absent; unless it is null, it counts as ignored. */
static void read_count(struct queue_metrics *d, const struct gc_json_value *v,
                       int64_t *ret) {
  double real = 0.0;
  bool is_number = gc_json_real(v, &real) && isfinite(real);
  d->into->ignored += !is_number && v->kind != GC_JSON_NULL;
  if (!is_number)
    return;
  *ret = real <= 0.0 ? 0 : real < (double)count_max ? (int64_t)real : count_max;
}

static enum gc_code read_text(struct gc_intern *in,
                              const struct gc_json_value *v, uint32_t *ret) {
  return v->kind == GC_JSON_STRING && v->len > 0 && v->text[0] != '\0'
             ? gc_intern_put(in, v->text, v->len, ret)
             : GC_OK;
}

/* The paths of a row: in a plain array, or in an array below a member. */
#define ROW_A GC_JSON_PATH1(GC_JSON_ITEM)
#define ROW_B GC_JSON_PATH2(K_LIST, GC_JSON_ITEM)

static bool is_row(uint64_t path) { return path == ROW_A || path == ROW_B; }

static enum gc_code on_value(void *ctx, const struct gc_json_at *at,
                             const struct gc_json_value *v) {
  struct queue_metrics *d = ctx;
  struct row *row = &d->row;
  if (!is_row(at->path >> 8))
    return GC_OK;
  switch (at->path & 0xff) {
  case K_ID:
    return read_text(&d->into->ids, v, &row->queue);
  case K_NAME:
    return read_text(&d->names, v, &row->name);
  case K_MEDIA_TYPE:
    return obs_media_put(d->into, v, &row->contacts.media);
  case K_QUEUED:
    read_count(d, v, &row->contacts.queued);
    break;
  case K_WAITING:
    read_count(d, v, &row->contacts.waiting);
    break;
  case K_AVAILABLE:
    read_count(d, v, &row->available);
    break;
  case K_BUSY:
    read_count(d, v, &row->busy);
    break;
  default:
    break;
  }
  return GC_OK;
}

static enum gc_code on_open(void *ctx, const struct gc_json_at *at) {
  struct queue_metrics *d = ctx;
  if (is_row(at->path) && at->kind == GC_JSON_OBJECT)
    d->row = (struct row){
        .queue = OBS_NONE,
        .name = OBS_NONE,
        .contacts = {.media = OBS_NONE, .queued = ABSENT, .waiting = ABSENT},
        .available = ABSENT,
        .busy = ABSENT};
  return GC_OK;
}

static enum gc_code keep_row(struct queue_metrics *d) {
  if (d->row.queue == OBS_NONE) {
    d->into->ignored++;
    return GC_OK;
  }
  if (d->count == ROWS_MAX)
    return GC_ERR_LIMIT;
  if (d->count == d->cap) {
    size_t cap = d->cap == 0 ? 64 : d->cap * 2;
    struct row *rows = realloc(d->rows, cap * sizeof(*rows));
    if (rows == NULL)
      return GC_ERR_MEMORY;
    d->rows = rows;
    d->cap = cap;
  }
  d->rows[d->count++] = d->row;
  return GC_OK;
}

static enum gc_code on_close(void *ctx, const struct gc_json_at *at) {
  return is_row(at->path) && at->kind == GC_JSON_OBJECT ? keep_row(ctx) : GC_OK;
}

static const struct gc_json_reader reader = {
    .keys = keys,
    .key_count = GC_COUNT(keys),
    .skip_unknown = true,
    .bytes_max = QUEUE_METRICS_MAX_BYTES,
    .string_max = TEXT_MAX_BYTES,
    .open = on_open,
    .close = on_close,
    .value = on_value,
};

struct queue_metrics *queue_metrics_new(struct observations *into) {
  struct queue_metrics *d = gc_zalloc(1, sizeof(*d));
  d->into = into;
  d->names.max = ROWS_MAX;
  d->stream = gc_json_stream_new(&reader, d);
  return d;
}

void queue_metrics_free(struct queue_metrics *d) {
  if (d == NULL)
    return;
  gc_json_stream_free(d->stream);
  gc_intern_clear(&d->names);
  free(d->rows);
  free(d);
}

static void sink_begin(void *ctx) {
  struct queue_metrics *d = ctx;
  gc_json_stream_reset(d->stream);
  d->count = 0;
}

static enum gc_code sink_write(void *ctx, const char *bytes, size_t len,
                               struct gc_err *err) {
  struct queue_metrics *d = ctx;
  return gc_json_stream_feed(d->stream, bytes, len, err);
}

struct gc_sink queue_metrics_sink(struct queue_metrics *d) {
  return (struct gc_sink){.begin = sink_begin, .write = sink_write, .ctx = d};
}

/* ---- into the model ---- */

/* Takes a number of a row, unless the row does not have it: another row of the
 * queue may. What no row has is 0, as the guide says. */
static void put_count(int64_t *into, int64_t count) {
  if (count != ABSENT)
    *into = count;
}

static enum gc_code put_contacts(struct observations *o, struct obs_queue *q,
                                 const struct obs_guide *contacts) {
  size_t i = 0;
  while (i < q->guide_count && q->guide[i].media != contacts->media)
    i++;
  if (i == q->guide_count) {
    struct obs_guide *all = realloc(q->guide, (i + 1) * sizeof(*all));
    if (all == NULL)
      return GC_ERR_MEMORY;
    q->guide = all;
    q->guide_count++;
    o->groups++;
    all[i] = (struct obs_guide){.media = contacts->media};
  }
  put_count(&q->guide[i].queued, contacts->queued);
  put_count(&q->guide[i].waiting, contacts->waiting);
  return GC_OK;
}

/* Adds a row. All rows of a queue have the same agents, whatever their medium.
 */
static enum gc_code put_row(struct queue_metrics *d, const struct row *row) {
  struct obs_queue *q = &d->into->queues[row->queue];
  GC_TRY(put_contacts(d->into, q, &row->contacts));
  put_count(&q->guide_available, row->available);
  put_count(&q->guide_busy, row->busy);
  if (row->name == OBS_NONE)
    return GC_OK;
  char *name = strdup(gc_intern_text(&d->names, row->name));
  if (name == NULL)
    return GC_ERR_MEMORY;
  free(q->guide_name);
  q->guide_name = name;
  return GC_OK;
}

static enum gc_code add_rows(struct queue_metrics *d) {
  GC_TRY(observations_add(d->into, NULL, 0)); /* room for the queues */
  for (size_t i = 0; i < d->count; i++)
    GC_TRY(put_row(d, &d->rows[i]));
  return GC_OK;
}

enum gc_code queue_metrics_finish(struct queue_metrics *d, struct gc_err *err) {
  GC_TRY(gc_json_stream_end(d->stream, err));
  enum gc_code code = add_rows(d);
  d->count = 0;
  return code == GC_OK
             ? GC_OK
             : gc_fail(err, code, "queue_metrics: %s", gc_code_words(code));
}

/* ---- the request ---- */

enum gc_code queue_metrics_query(const char *const *ids, size_t count,
                                 struct gc_buf *out) {
  GC_TRY(gc_buf_print(out, "queueIds="));
  for (size_t i = 0; i < count; i++) {
    if (i > 0)
      GC_TRY(gc_buf_print(out, ","));
    GC_TRY(gc_url_add_value(out, ids[i]));
  }
  return gc_buf_print(out,
                      "&metricNames=queued,waiting,agentAvailable,agentBusy");
}

/* ---- the names ---- */

static bool has_name(const struct observations *o, const char *id) {
  uint32_t queue;
  return gc_intern_find(&o->ids, id, strlen(id), &queue) &&
         queue < o->queue_cap && o->queues[queue].guide_name != NULL;
}

/* Lists the names of the reading, then those of the queues that it names not.
 * Returns their number. */
static size_t list_names(const struct observations *o,
                         const struct gc_entities *before,
                         struct gc_named *ret_named) {
  size_t count = 0;
  for (uint32_t i = 0; i < o->ids.count && i < o->queue_cap; i++)
    if (o->queues[i].guide_name != NULL)
      ret_named[count++] = (struct gc_named){gc_intern_text(&o->ids, i),
                                             o->queues[i].guide_name};
  for (size_t i = 0; before != NULL && i < gc_entities_count(before); i++) {
    const struct gc_entry *e = gc_entities_at(before, i);
    if (!has_name(o, e->id))
      ret_named[count++] = (struct gc_named){e->id, e->name};
  }
  return count;
}

struct gc_entities *queue_metrics_names(const struct observations *o,
                                        const struct gc_entities *before,
                                        struct gc_labels *labels) {
  size_t max = o->ids.count + (before != NULL ? gc_entities_count(before) : 0);
  struct gc_named *named = calloc(max + 1, sizeof(*named));
  struct gc_entry *entries = calloc(max + 1, sizeof(*entries));
  struct gc_entities *entities = NULL;
  size_t count = named != NULL ? list_names(o, before, named) : 0;
  bool done = named != NULL && entries != NULL;
  if (done)
    gc_labels_assign(labels, named, count, NULL, NULL);
  for (size_t i = 0; done && i < count; i++)
    entries[i] = (struct gc_entry){named[i].id, named[i].name,
                                   gc_labels_get(labels, named[i].id), ""};
  if (done)
    entities = gc_entities_new(entries, count, true);
  free(named);
  free(entries);
  return entities;
}
