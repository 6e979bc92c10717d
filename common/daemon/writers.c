/* SPDX-License-Identifier: MIT */
#include "common/daemon/writers.h"

#include <pthread.h>
#include <stdatomic.h>

#include "collectd.h"
#include "plugin.h"
#include "utils/common/common.h"
#include "utils/metadata/meta_data.h"

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/glob.h"
#include "common/base/hash.h"

/* The writers that take the values of this process. */
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static struct gc_writer *writers;

/* A host for which this process has emitted values: those of the accounts, and
 * collectd's own. Never freed. */
struct own_host {
  struct own_host *next;
  char name[DATA_MAX_NAME_LEN];
};
static pthread_mutex_t hosts_lock = PTHREAD_MUTEX_INITIALIZER; /* of changes */
static _Atomic(struct own_host *) own_hosts;

/* ---- values of this process in collectd's queue ---- */

static bool is_own_host(const char *host) {
  const struct own_host *h = atomic_load(&own_hosts);
  while (h != NULL && strcmp(h->name, host) != 0)
    h = h->next;
  return h != NULL;
}

void gc_writers_note_host(const char *host) {
  if (is_own_host(host))
    return;
  pthread_mutex_lock(&hosts_lock);
  if (!is_own_host(host)) {
    struct own_host *h = gc_zalloc(1, sizeof(*h));
    sstrncpy(h->name, host, sizeof(h->name));
    h->next = atomic_load(&own_hosts);
    atomic_store(&own_hosts, h);
  }
  pthread_mutex_unlock(&hosts_lock);
}

/* True for a value of another agent (network.c of 5.12). */
static bool was_received(const value_list_t *vl) {
  bool is_true = false;
  return vl->meta != NULL &&
         meta_data_get_boolean(vl->meta, "network:received", &is_true) == 0 &&
         is_true;
}

static bool is_own(const value_list_t *vl) {
  return strcmp(vl->plugin, "genesys") == 0 && is_own_host(vl->host) &&
         !was_received(vl);
}

/* ---- values ---- */

/* Appends a text with its NUL to `len` bytes. Returns the new length. */
static size_t add_text(char *out, size_t len, const char *text) {
  size_t size = strnlen(text, DATA_MAX_NAME_LEN - 1);
  memcpy(out + len, text, size);
  out[len + size] = '\0';
  return len + size + 1;
}

static size_t make_key(const value_list_t *vl, const char *parts,
                       char out[GC_VALUE_KEY_SIZE]) {
  _Static_assert(GC_VALUE_KEY_SIZE >= 5 * DATA_MAX_NAME_LEN + sizeof(uint64_t),
                 "the parts of collectd fit");
  uint64_t hash = parts[0] != '\0' ? gc_hash(parts, strlen(parts)) : 0;
  size_t len = add_text(out, 0, vl->host);
  len = add_text(out, len, vl->plugin);
  len = add_text(out, len, vl->plugin_instance);
  len = add_text(out, len, vl->type);
  len = add_text(out, len, vl->type_instance);
  memcpy(out + len, &hash, sizeof(hash));
  return len + sizeof(hash);
}

uint64_t gc_value_time_ns(const value_list_t *vl) {
  uint64_t ms = CDTIME_T_TO_MS(vl->time);
  return MS_TO_CDTIME_T(ms) == vl->time ? ms * 1000000
                                        : CDTIME_T_TO_NS(vl->time);
}

/* Fills all members but `sources`. */
static void describe(struct gc_value *v, const value_list_t *vl,
                     const char *parts, char key[GC_VALUE_KEY_SIZE]) {
  v->host = vl->host;
  v->plugin = vl->plugin;
  v->plugin_instance = vl->plugin_instance;
  v->type = vl->type;
  v->type_instance = vl->type_instance;
  v->parts = parts;
  v->key = key;
  v->key_len = make_key(vl, parts, key);
  v->time_ns = gc_value_time_ns(vl);
  v->interval_ms = (uint32_t)CDTIME_T_TO_MS(vl->interval);
  v->lease = NULL;
  v->count = (unsigned)vl->values_len;
}

static void add_source(struct gc_value *v, unsigned i, const char *name,
                       enum gc_value_kind kind, const value_t *value) {
  _Static_assert(sizeof(value_t) == sizeof(uint64_t), "the bits of a value");
  v->sources[i].name = name;
  v->sources[i].kind = kind;
  memcpy(&v->sources[i].bits, value, sizeof(v->sources[i].bits));
}

void gc_value_identity(const struct gc_value *v, size_t source,
                       struct gc_export_identity *ret_id) {
  GC_ASSERT(source < v->count);
  enum gc_value_kind kind = v->sources[source].kind;
  *ret_id = (struct gc_export_identity){.host = v->host,
                                        .plugin = v->plugin,
                                        .plugin_instance = v->plugin_instance,
                                        .type = v->type,
                                        .type_instance = v->type_instance,
                                        .source = v->sources[source].name,
                                        .is_only_source = v->count == 1,
                                        .is_counter = kind == GC_VALUE_INT ||
                                                      kind == GC_VALUE_UINT,
                                        .parts = v->parts};
}

/* ---- the ways to the writers ---- */

void gc_writers_put(const value_list_t *vl, const struct gc_sample *sample,
                    const struct gc_lease_gate *lease) {
  const struct gc_metric *m = gc_metric(sample->metric);
  char key[GC_VALUE_KEY_SIZE];
  struct gc_value v;
  pthread_rwlock_rdlock(&lock);
  if (writers != NULL) {
    describe(&v, vl, sample->parts != NULL ? sample->parts : "", key);
    v.lease = lease;
    for (unsigned i = 0; i < m->ds_count; i++)
      add_source(&v, i, m->ds[i].name,
                 m->ds[i].kind == GC_DERIVE ? GC_VALUE_INT : GC_VALUE_REAL,
                 &vl->values[i]);
  }
  for (const struct gc_writer *w = writers; w != NULL; w = w->next)
    w->take(w->ctx, &v);
  pthread_rwlock_unlock(&lock);
}

/* Takes the value of another plugin or agent, on a write thread. */
static int on_write(const data_set_t *ds, const value_list_t *vl,
                    user_data_t *ud) {
  static const enum gc_value_kind kinds[] = {
      [DS_TYPE_COUNTER] = GC_VALUE_UINT,
      [DS_TYPE_GAUGE] = GC_VALUE_REAL,
      [DS_TYPE_DERIVE] = GC_VALUE_INT,
      [DS_TYPE_ABSOLUTE] = GC_VALUE_ABSOLUTE,
  };
  const struct gc_writer *w = ud->data;
  char key[GC_VALUE_KEY_SIZE];
  struct gc_value v;
  if (is_own(vl) || ds->ds_num > GC_VALUE_SOURCES_MAX ||
      ds->ds_num != vl->values_len || !gc_writer_takes(w->plugins, vl->plugin))
    return 0;
  describe(&v, vl, "", key);
  for (unsigned i = 0; i < v.count; i++) {
    int type = ds->ds[i].type;
    bool is_known = type >= 0 && type < (int)GC_COUNT(kinds);
    add_source(&v, i, ds->ds[i].name,
               is_known ? kinds[type] : GC_VALUE_ABSOLUTE, &vl->values[i]);
  }
  w->take(w->ctx, &v);
  return 0;
}

bool gc_writer_takes(const struct gc_strs *plugins, const char *plugin) {
  if (plugins->count == 0)
    return strcmp(plugin, "genesys") == 0;
  return gc_glob_accepts(plugins->at, plugins->count, plugin, NULL);
}

void gc_writer_add(struct gc_writer *w) {
  user_data_t ud = {.data = w};
  if (gc_writer_takes(w->plugins, "genesys")) {
    pthread_rwlock_wrlock(&lock);
    w->next = writers;
    writers = w;
    pthread_rwlock_unlock(&lock);
  }
  plugin_register_write(w->name, on_write, &ud);
}

void gc_writer_remove(struct gc_writer *w) {
  pthread_rwlock_wrlock(&lock);
  struct gc_writer **at = &writers;
  while (*at != NULL && *at != w)
    at = &(*at)->next;
  if (*at != NULL)
    *at = w->next;
  pthread_rwlock_unlock(&lock);
}

bool gc_writers_take_ours(void) {
  pthread_rwlock_rdlock(&lock);
  bool is_any = writers != NULL;
  pthread_rwlock_unlock(&lock);
  return is_any;
}
