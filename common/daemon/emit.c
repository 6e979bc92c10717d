/* SPDX-License-Identifier: MIT */
#include "common/daemon/emit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "collectd.h"
#include "plugin.h"
#include "utils/common/common.h"

#include "common/base/hash.h"
#include "common/daemon/writers.h"
#include "common/genesys/clean_name.h"
#include "common/net/lease_gate.h"

/* The plugin part of each identity. */
static const char plugin_part[] = "genesys";

static pthread_mutex_t register_lock = PTHREAD_MUTEX_INITIALIZER;
static bool registered;
static bool is_kept_back;                              /* Dispatch false */
static _Atomic(bool (*)(const value_list_t *vl)) gate; /* NULL: none */
/* NULL: to collectd and the writers */
static void (*diverted)(const value_list_t *vl, const char *parts);

static enum gc_code register_data_sets(struct gc_err *err) {
  for (unsigned id = 0; id < GC_METRIC_COUNT; id++) {
    const struct gc_metric *m = gc_metric((enum gc_metric_id)id);
    data_source_t sources[GC_DS_MAX] = {0};
    data_set_t set = {.ds_num = m->ds_count, .ds = sources};
    sstrncpy(set.type, m->name, sizeof(set.type));
    for (unsigned i = 0; i < m->ds_count; i++) {
      bool derive = m->ds[i].kind == GC_DERIVE;
      sstrncpy(sources[i].name, m->ds[i].name, sizeof(sources[i].name));
      sources[i].type = derive ? DS_TYPE_DERIVE : DS_TYPE_GAUGE;
      sources[i].min = derive ? 0 : NAN;
      sources[i].max = NAN;
    }
    if (plugin_register_data_set(&set) != 0)
      return gc_fail(err, GC_ERR_MEMORY, "collectd refuses the data set \"%s\"",
                     m->name);
  }
  return GC_OK;
}

enum gc_code gc_emit_register(struct gc_err *err) {
  pthread_mutex_lock(&register_lock);
  enum gc_code code = registered ? GC_OK : register_data_sets(err);
  registered = code == GC_OK;
  pthread_mutex_unlock(&register_lock);
  return code;
}

/* Copies a part of an identity as every writer can use it. */
static void copy_part(char part[DATA_MAX_NAME_LEN], const char *text) {
  _Static_assert(GC_NAME_SIZE <= DATA_MAX_NAME_LEN, "a clean name fits");
  (void)gc_name_clean(part, text != NULL ? text : "",
                      text != NULL ? strlen(text) : 0);
}

/* Returns the time of a sample, or the current time if it does not fit:
 * cdtime_t holds 2^34 seconds. */
static cdtime_t time_of(const struct gc_sample *sample) {
  static const int64_t last_ms = INT64_C(1000) << 33;
  if (sample->time_ms <= 0 || sample->time_ms > last_ms)
    return cdtime();
  return MS_TO_CDTIME_T(sample->time_ms);
}

/* True if at least one data source has a value. An infinite gauge has none,
 * since most output formats cannot write it. If only some sources of a list
 * have a value, the others are NaN, which is collectd's "unknown". */
static bool copy_values(const struct gc_sample *sample,
                        value_t values[GC_DS_MAX]) {
  const struct gc_metric *m = gc_metric(sample->metric);
  bool known = false;
  for (unsigned i = 0; i < m->ds_count; i++) {
    if (m->ds[i].kind == GC_DERIVE) {
      values[i].derive = sample->values[i].derive;
      known = true;
    } else {
      double x = sample->values[i].gauge;
      values[i].gauge = isfinite(x) ? x : (double)NAN;
      known = known || isfinite(x);
    }
  }
  return known;
}

bool gc_value_list(const char *host, const struct gc_sample *sample,
                   value_list_t *vl, value_t *values) {
  if (!copy_values(sample, values))
    return false;

  *vl = (value_list_t)VALUE_LIST_INIT;
  vl->values = values;
  vl->values_len = gc_metric(sample->metric)->ds_count;
  vl->time = time_of(sample);
  vl->interval = sample->interval_ms > 0 ? MS_TO_CDTIME_T(sample->interval_ms)
                                         : plugin_get_interval();
  copy_part(vl->host, host != NULL && host[0] != '\0' ? host : hostname_g);
  copy_part(vl->plugin, plugin_part);
  copy_part(vl->plugin_instance, sample->instance);
  copy_part(vl->type, gc_metric(sample->metric)->name);
  copy_part(vl->type_instance, sample->qualifier);
  return true;
}

bool gc_emit_allows(const char *host) {
  return gc_lease_gate_allows(gc_lease_gate_of_host(host));
}

const char *gc_emit_state_host(const char *host) {
  return gc_lease_gate_of_host(host) != NULL ? NULL : host;
}

/* ---- the number of series of the process ---- */

/* Further blocks are not counted: an agent has a handful. */
enum { BLOCKS_MAX = 256 };

static pthread_mutex_t series_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
  uint64_t block;
  double series;
} blocks[BLOCKS_MAX];
static size_t block_count;

/* Returns the hash of instance and qualifier. Two blocks with the same hash
 * count as one: the advice need not be exact. */
static uint64_t block_of(const struct gc_sample *s) {
  uint64_t hash = gc_hash(s->instance, strlen(s->instance) + 1);
  return gc_hash_add(hash, s->qualifier, strlen(s->qualifier));
}

/* Notes the number of series of a block; ignores all other samples. */
static void note_series(const struct gc_sample *s) {
  size_t i = 0;
  if (s->metric != GC_METRIC_SERIES)
    return;
  uint64_t block = block_of(s);
  pthread_mutex_lock(&series_lock);
  while (i < block_count && blocks[i].block != block)
    i++;
  if (i < BLOCKS_MAX) {
    blocks[i].block = block;
    blocks[i].series = s->values[0].gauge;
    block_count += i == block_count;
  }
  pthread_mutex_unlock(&series_lock);
}

size_t gc_series_total(void) {
  double total = 0.0;
  pthread_mutex_lock(&series_lock);
  for (size_t i = 0; i < block_count; i++)
    total += blocks[i].series;
  pthread_mutex_unlock(&series_lock);
  return (size_t)total;
}

/* ---- the ways out ---- */

/* The queue comes first: if it does not take the value, the caller emits the
 * value again, and the writers must not get it twice. */
static enum gc_code put_list(const char *host, const struct gc_sample *sample,
                             const value_list_t *vl, bool enters_queue) {
  note_series(sample);
  gc_writers_note_host(vl->host);
  if (!is_kept_back && enters_queue && plugin_dispatch_values(vl) != 0)
    return GC_ERR_MEMORY;
  gc_writers_put(vl, sample, gc_lease_gate_of_host(host));
  return GC_OK;
}

enum gc_code gc_emit_list(const char *host, const struct gc_sample *sample,
                          const value_list_t *vl) {
  return put_list(host, sample, vl, true);
}

void gc_emit_set_gate(bool (*enters)(const value_list_t *vl)) {
  atomic_store(&gate, enters);
}

enum gc_code gc_emit(const char *host, const struct gc_sample *sample) {
  value_list_t vl;
  value_t values[GC_DS_MAX];
  if (!gc_value_list(host, sample, &vl, values))
    return GC_OK;
  if (diverted != NULL) {
    diverted(&vl, sample->parts != NULL ? sample->parts : "");
    return GC_OK;
  }
  if (!gc_emit_allows(host)) /* after the value's time was read */
    return GC_ERR_UNAVAILABLE;
  bool (*enters)(const value_list_t *) = atomic_load(&gate);
  return put_list(host, sample, &vl, enters == NULL || enters(&vl));
}

void gc_emit_set_dispatch(bool dispatches) { is_kept_back = !dispatches; }

bool gc_emit_dispatches(void) { return !is_kept_back; }

void gc_emit_divert(void (*take)(const value_list_t *vl, const char *parts)) {
  diverted = take;
}

bool gc_emit_is_diverted(void) { return diverted != NULL; }

/* Dispatches a sample. A value that cannot be queued is lost; collectd logs the
 * reason. */
static void emit_sample(void *ctx, const struct gc_sample *sample) {
  (void)gc_emit(ctx, sample);
}

struct gc_samples gc_emit_samples(const char *host) {
  return (struct gc_samples){.put = emit_sample, .ctx = (void *)host};
}
