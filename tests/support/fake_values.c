/* SPDX-License-Identifier: MIT */
#include "tests/support/fake_daemon_internal.h"

#include "utils/common/common.h"
#include "utils/metadata/meta_data.h"

struct value {
  value_list_t vl;
  struct value *next; /* in the queue */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static data_set_t *data_sets;
static size_t *data_set_times, data_sets_len;
static struct value **values; /* also owns those in the queue */
static size_t values_len;
static struct value *queue;
static bool held, dispatch_fails;
static unsigned writing; /* threads in fake_let_through */
static pthread_cond_t written = PTHREAD_COND_INITIALIZER;

static size_t data_set_index(const char *type) {
  size_t i = 0;
  while (i < data_sets_len && strcmp(data_sets[i].type, type) != 0)
    i++;
  return i;
}

int plugin_register_data_set(const data_set_t *ds) {
  pthread_mutex_lock(&lock);
  size_t i = data_set_index(ds->type);
  if (i == data_sets_len) {
    data_sets = fake_grow(data_sets, i, sizeof(*data_sets));
    data_set_times = fake_grow(data_set_times, i, sizeof(*data_set_times));
    data_sets[i] = (data_set_t){0};
    data_set_times[i] = 0;
    data_sets_len++;
  }
  free(data_sets[i].ds);
  data_sets[i] = *ds;
  data_sets[i].ds = calloc(ds->ds_num, sizeof(*ds->ds));
  memcpy(data_sets[i].ds, ds->ds, ds->ds_num * sizeof(*ds->ds));
  data_set_times[i]++;
  pthread_mutex_unlock(&lock);
  return 0;
}

int plugin_unregister_data_set(const char *name) {
  pthread_mutex_lock(&lock);
  size_t i = data_set_index(name);
  bool found = i < data_sets_len;
  if (found) {
    free(data_sets[i].ds);
    data_sets[i] = data_sets[--data_sets_len];
    data_set_times[i] = data_set_times[data_sets_len];
  }
  pthread_mutex_unlock(&lock);
  return found ? 0 : -1;
}

const data_set_t *plugin_get_ds(const char *name) {
  pthread_mutex_lock(&lock);
  size_t i = data_set_index(name);
  const data_set_t *ds = i < data_sets_len ? &data_sets[i] : NULL;
  pthread_mutex_unlock(&lock);
  return ds;
}

size_t fake_data_set_count(const char *type) {
  pthread_mutex_lock(&lock);
  size_t i = data_set_index(type);
  size_t times = i < data_sets_len ? data_set_times[i] : 0;
  pthread_mutex_unlock(&lock);
  return times;
}

static void free_value(struct value *v) {
  free(v->vl.values);
  meta_data_destroy(v->vl.meta);
  free(v);
}

static struct value *clone_value(value_list_t const *vl) {
  struct value *v = calloc(1, sizeof(*v));
  v->vl = *vl;
  v->vl.meta = meta_data_clone(vl->meta);
  v->vl.values = calloc(vl->values_len, sizeof(*vl->values));
  memcpy(v->vl.values, vl->values, vl->values_len * sizeof(*vl->values));
  if (v->vl.host[0] == '\0')
    sstrncpy(v->vl.host, hostname_g, sizeof(v->vl.host));
  if (v->vl.time == 0)
    v->vl.time = cdtime();
  if (v->vl.interval == 0)
    v->vl.interval = plugin_get_interval();
  return v;
}

/* Changes a value as the write thread does before the writers; false:
 * dropped. */
static bool is_acceptable(struct value *v) {
  const data_set_t *ds = plugin_get_ds(v->vl.type);
  if (ds == NULL)
    plugin_log(LOG_INFO, "plugin_dispatch_values: Dataset not found: %s",
               v->vl.type);
  else if (ds->ds_num != v->vl.values_len)
    plugin_log(LOG_ERR,
               "plugin_dispatch_values: ds->type = %s: (ds->ds_num "
               "= %zu) != (vl->values_len = %zu)",
               ds->type, ds->ds_num, v->vl.values_len);
  escape_slashes(v->vl.host, sizeof(v->vl.host));
  escape_slashes(v->vl.plugin, sizeof(v->vl.plugin));
  escape_slashes(v->vl.plugin_instance, sizeof(v->vl.plugin_instance));
  escape_slashes(v->vl.type, sizeof(v->vl.type));
  escape_slashes(v->vl.type_instance, sizeof(v->vl.type_instance));
  return ds != NULL && ds->ds_num == v->vl.values_len;
}

static void write_out(const struct value *v) {
  fake_call_writers(plugin_get_ds(v->vl.type), &v->vl);
}

int plugin_dispatch_values(value_list_t const *vl) {
  pthread_mutex_lock(&lock);
  bool fails = dispatch_fails, wait = held;
  pthread_mutex_unlock(&lock);
  if (fails)
    return ENOMEM;

  struct value *v = clone_value(vl);
  if (!is_acceptable(v)) {
    free_value(v);
    return 0;
  }
  pthread_mutex_lock(&lock);
  values = fake_grow(values, values_len, sizeof(*values));
  values[values_len++] = v;
  struct value **at = &queue;
  while (wait && *at != NULL)
    at = &(*at)->next;
  if (wait)
    *at = v;
  pthread_mutex_unlock(&lock);
  if (!wait)
    write_out(v);
  return 0;
}

static struct value *dequeue_value(void) {
  pthread_mutex_lock(&lock);
  struct value *v = queue;
  if (v != NULL) {
    queue = v->next;
    v->next = NULL;
  }
  pthread_mutex_unlock(&lock);
  return v;
}

size_t fake_let_through(size_t max) {
  size_t count = 0;
  pthread_mutex_lock(&lock);
  writing++;
  pthread_mutex_unlock(&lock);
  for (struct value *v; count < max && (v = dequeue_value()) != NULL; count++)
    write_out(v);
  pthread_mutex_lock(&lock);
  writing--;
  pthread_cond_broadcast(&written);
  pthread_mutex_unlock(&lock);
  return count;
}

void fake_stop_writing(void) {
  pthread_mutex_lock(&lock);
  while (writing > 0)
    pthread_cond_wait(&written, &lock);
  pthread_mutex_unlock(&lock);
}

size_t fake_lose(size_t max) {
  size_t count = 0;
  while (count < max && dequeue_value() != NULL)
    count++;
  return count;
}

size_t fake_queued(void) {
  pthread_mutex_lock(&lock);
  size_t count = 0;
  for (struct value *v = queue; v != NULL; v = v->next)
    count++;
  pthread_mutex_unlock(&lock);
  return count;
}

void fake_hold(bool hold) {
  pthread_mutex_lock(&lock);
  held = hold;
  pthread_mutex_unlock(&lock);
  if (!hold)
    fake_let_through(SIZE_MAX);
}

size_t fake_value_count(void) {
  pthread_mutex_lock(&lock);
  size_t count = values_len;
  pthread_mutex_unlock(&lock);
  return count;
}

const value_list_t *fake_value(size_t i) {
  pthread_mutex_lock(&lock);
  const value_list_t *vl = i < values_len ? &values[i]->vl : NULL;
  pthread_mutex_unlock(&lock);
  return vl;
}

static bool is_named(const value_list_t *vl, const char *name) {
  char full[6 * DATA_MAX_NAME_LEN];
  snprintf(full, sizeof(full), "%s/%s%s%s/%s%s%s", vl->host, vl->plugin,
           vl->plugin_instance[0] != '\0' ? "-" : "", vl->plugin_instance,
           vl->type, vl->type_instance[0] != '\0' ? "-" : "",
           vl->type_instance);
  return strcmp(full, name) == 0 ||
         strcmp(full + strlen(vl->host) + 1, name) == 0;
}

static size_t find_values(const char *name, const value_list_t **ret_newest) {
  pthread_mutex_lock(&lock);
  size_t count = 0;
  *ret_newest = NULL;
  for (size_t i = 0; i < values_len; i++)
    if (is_named(&values[i]->vl, name)) {
      *ret_newest = &values[i]->vl;
      count++;
    }
  pthread_mutex_unlock(&lock);
  return count;
}

const value_list_t *fake_value_of(const char *name) {
  const value_list_t *vl;
  find_values(name, &vl);
  return vl;
}

size_t fake_value_count_of(const char *name) {
  const value_list_t *vl;
  return find_values(name, &vl);
}

double fake_gauge(const char *name) {
  const value_list_t *vl = fake_value_of(name);
  return vl != NULL ? vl->values[0].gauge : (double)NAN;
}

int64_t fake_derive(const char *name) {
  const value_list_t *vl = fake_value_of(name);
  return vl != NULL ? vl->values[0].derive : INT64_MIN;
}

void fake_values_clear(void) {
  fake_lose(SIZE_MAX);
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < values_len; i++)
    free_value(values[i]);
  free(values);
  values = NULL;
  values_len = 0;
  pthread_mutex_unlock(&lock);
}

void fake_dispatch_fails(bool fails) {
  pthread_mutex_lock(&lock);
  dispatch_fails = fails;
  pthread_mutex_unlock(&lock);
}

void fake_values_reset(void) {
  fake_values_clear();
  held = dispatch_fails = false;
}
