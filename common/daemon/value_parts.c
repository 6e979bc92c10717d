/* SPDX-License-Identifier: MIT */
#include "common/daemon/value_parts.h"

#include <pthread.h>
#include <stdatomic.h>

#include "collectd.h"
#include "plugin.h"
#include "utils/metadata/meta_data.h"

#include "common/base/hash.h"

static const char parts_name[] = "genesys:parts", key_name[] = "genesys:key";

static atomic_bool is_enabled;

void gc_value_parts_enable(void) { atomic_store(&is_enabled, true); }

/* The values of a queue are dispatched one after the other and share their
 * parts, so each thread keeps its last meta data. */
struct last {
  meta_data_t *meta;
  char parts[GC_PARTS_SIZE];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t last_of_thread;
static bool has_key;

static void free_last(void *ctx) {
  struct last *last = ctx;
  meta_data_destroy(last->meta);
  free(last);
}

static void make_key(void) {
  has_key = pthread_key_create(&last_of_thread, free_last) == 0;
}

static struct last *get_last(void) {
  pthread_once(&once, make_key);
  struct last *last = has_key ? pthread_getspecific(last_of_thread) : NULL;
  if (last != NULL || !has_key)
    return last;
  last = calloc(1, sizeof(*last));
  if (last != NULL && pthread_setspecific(last_of_thread, last) != 0) {
    free(last);
    return NULL;
  }
  return last;
}

static meta_data_t *make_meta(const char *parts) {
  meta_data_t *meta = meta_data_create();
  uint64_t hash = gc_hash(parts, strlen(parts));
  if (meta != NULL && meta_data_add_string(meta, parts_name, parts) == 0 &&
      meta_data_add_unsigned_int(meta, key_name, hash) == 0)
    return meta;
  meta_data_destroy(meta);
  return NULL;
}

meta_data_t *gc_value_parts_meta(const char *parts) {
  size_t len = parts != NULL ? strlen(parts) : 0;
  struct last *last = NULL;
  if (len > 0 && len < GC_PARTS_SIZE && atomic_load(&is_enabled))
    last = get_last();
  if (last == NULL)
    return NULL;
  if (last->meta != NULL && strcmp(last->parts, parts) == 0)
    return last->meta;
  meta_data_destroy(last->meta);
  last->meta = make_meta(parts);
  memcpy(last->parts, parts, len + 1);
  return last->meta;
}

/* Appends a text of collectd with its NUL to `len` bytes. Returns the new
 * length. */
static size_t add_text(char *out, size_t len, const char *text) {
  size_t size = strnlen(text, DATA_MAX_NAME_LEN - 1);
  memcpy(out + len, text, size);
  out[len + size] = '\0';
  return len + size + 1;
}

size_t gc_value_key(const value_list_t *vl, char out[GC_VALUE_KEY_SIZE]) {
  _Static_assert(GC_VALUE_KEY_SIZE >= 5 * DATA_MAX_NAME_LEN + sizeof(uint64_t),
                 "the parts of collectd fit");
  uint64_t key = 0;
  size_t len = add_text(out, 0, vl->host);
  len = add_text(out, len, vl->plugin);
  len = add_text(out, len, vl->plugin_instance);
  len = add_text(out, len, vl->type);
  len = add_text(out, len, vl->type_instance);
  if (vl->meta != NULL)
    (void)meta_data_get_unsigned_int(vl->meta, key_name, &key);
  memcpy(out + len, &key, sizeof(key));
  return len + sizeof(key);
}

void gc_value_parts(const value_list_t *vl, char out[GC_PARTS_SIZE]) {
  char *text = NULL;
  out[0] = '\0';
  if (vl->meta == NULL ||
      meta_data_get_string(vl->meta, parts_name, &text) != 0)
    return;
  snprintf(out, GC_PARTS_SIZE, "%s", text);
  free(text);
}

uint64_t gc_value_time_ns(const value_list_t *vl) {
  uint64_t ms = CDTIME_T_TO_MS(vl->time);
  return MS_TO_CDTIME_T(ms) == vl->time ? ms * 1000000
                                        : CDTIME_T_TO_NS(vl->time);
}

void gc_value_identity(const data_set_t *ds, const value_list_t *vl,
                       size_t source, const char *parts,
                       struct gc_export_identity *ret_id) {
  int type = ds->ds[source].type;
  *ret_id = (struct gc_export_identity){.host = vl->host,
                                        .plugin = vl->plugin,
                                        .plugin_instance = vl->plugin_instance,
                                        .type = vl->type,
                                        .type_instance = vl->type_instance,
                                        .source = ds->ds[source].name,
                                        .is_only_source = ds->ds_num == 1,
                                        .is_counter = type == DS_TYPE_DERIVE ||
                                                      type == DS_TYPE_COUNTER,
                                        .parts = parts};
}
