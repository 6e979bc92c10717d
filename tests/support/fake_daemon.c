/* SPDX-License-Identifier: MIT */
#include "tests/support/fake_daemon.h"

#include "utils/common/common.h"

#include "tests/support/conf_text.h"
#include "tests/support/fake_daemon_internal.h"

enum kind { CONFIG, INIT, READ, WRITE, FLUSH, SHUTDOWN, LOG, NOTIFICATION };
static const char *const kinds[] = {"config", "init",        "read",
                                    "write",  "flush",       "shutdown",
                                    "log",    "notification"};

typedef void (*any_fn)(void);

struct callback {
  enum kind kind;
  char *group, *name;
  any_fn fn;
  bool complex_read;
  cdtime_t interval;
  user_data_t ud;
  struct callback *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct callback *callbacks; /* in order of registration */

static void free_callback(struct callback *cb) {
  if (cb->ud.free_func != NULL && cb->ud.data != NULL)
    cb->ud.free_func(cb->ud.data);
  free(cb->group);
  free(cb->name);
  free(cb);
}

/* Removes and returns the first of `kind` (and `name` or `group`, unless
 * NULL). */
static struct callback *remove_first(enum kind kind, const char *name,
                                     const char *group) {
  pthread_mutex_lock(&lock);
  struct callback **at = &callbacks, *found = NULL;
  for (; *at != NULL && found == NULL; at = found == NULL ? &(*at)->next : at)
    if ((*at)->kind == kind &&
        (name == NULL || strcmp((*at)->name, name) == 0) &&
        (group == NULL ||
         ((*at)->group != NULL && strcmp((*at)->group, group) == 0))) {
      found = *at;
      *at = found->next;
    }
  pthread_mutex_unlock(&lock);
  return found;
}

static int unregister_callback(enum kind kind, const char *name) {
  struct callback *cb = remove_first(kind, name, NULL);
  if (cb == NULL)
    return -1;
  free_callback(cb);
  return 0;
}

static struct callback *next_of(enum kind kind, const struct callback *after) {
  pthread_mutex_lock(&lock);
  struct callback *cb = after == NULL ? callbacks : after->next;
  while (cb != NULL && cb->kind != kind)
    cb = cb->next;
  pthread_mutex_unlock(&lock);
  return cb;
}

static int register_callback(struct callback new) {
  if (unregister_callback(new.kind, new.name) == 0)
    plugin_log(LOG_WARNING,
               "plugin: register_callback: a callback named `%s' already "
               "exists - overwriting the old entry!",
               new.name);
  struct callback *cb = calloc(1, sizeof(*cb));
  *cb = new;
  cb->name = strdup(new.name);
  cb->group = new.group != NULL ? strdup(new.group) : NULL;
  pthread_mutex_lock(&lock);
  struct callback **at = &callbacks;
  while (*at != NULL)
    at = &(*at)->next;
  *at = cb;
  pthread_mutex_unlock(&lock);
  return 0;
}

static int add_simple(enum kind kind, const char *name, any_fn fn,
                      user_data_t const *ud) {
  return register_callback(
      (struct callback){.kind = kind,
                        .name = (char *)name,
                        .fn = fn,
                        .ud = ud != NULL ? *ud : (user_data_t){0}});
}

bool fake_has(const char *kind, const char *name) {
  for (size_t k = 0; k < STATIC_ARRAY_SIZE(kinds); k++)
    for (struct callback *cb = next_of(k, NULL);
         strcmp(kinds[k], kind) == 0 && cb != NULL; cb = next_of(k, cb))
      if (strcmp(cb->name, name) == 0)
        return true;
  return false;
}

int plugin_register_complex_config(const char *type,
                                   int (*callback)(oconfig_item_t *)) {
  return add_simple(CONFIG, type, (any_fn)callback, NULL);
}
int plugin_register_init(const char *name, plugin_init_cb callback) {
  return add_simple(INIT, name, (any_fn)callback, NULL);
}
int plugin_register_shutdown(const char *name, plugin_shutdown_cb callback) {
  return add_simple(SHUTDOWN, name, (any_fn)callback, NULL);
}
int plugin_register_write(const char *name, plugin_write_cb callback,
                          user_data_t const *ud) {
  return add_simple(WRITE, name, (any_fn)callback, ud);
}
int plugin_register_flush(const char *name, plugin_flush_cb callback,
                          user_data_t const *ud) {
  return add_simple(FLUSH, name, (any_fn)callback, ud);
}
int plugin_register_log(const char *name, plugin_log_cb callback,
                        user_data_t const *ud) {
  return add_simple(LOG, name, (any_fn)callback, ud);
}
int plugin_register_notification(const char *name,
                                 plugin_notification_cb callback,
                                 user_data_t const *ud) {
  return add_simple(NOTIFICATION, name, (any_fn)callback, ud);
}
int plugin_register_read(const char *name, int (*callback)(void)) {
  return add_simple(READ, name, (any_fn)callback, NULL);
}
int plugin_register_complex_read(const char *group, const char *name,
                                 plugin_read_cb callback, cdtime_t interval,
                                 user_data_t const *ud) {
  return register_callback(
      (struct callback){.kind = READ,
                        .interval = interval,
                        .group = (char *)group,
                        .name = (char *)name,
                        .fn = (any_fn)callback,
                        .complex_read = true,
                        .ud = ud != NULL ? *ud : (user_data_t){0}});
}

int plugin_unregister_complex_config(const char *name) {
  return unregister_callback(CONFIG, name);
}
int plugin_unregister_init(const char *name) {
  return unregister_callback(INIT, name);
}
int plugin_unregister_read(const char *name) {
  return unregister_callback(READ, name);
}
int plugin_unregister_write(const char *name) {
  return unregister_callback(WRITE, name);
}
int plugin_unregister_flush(const char *name) {
  return unregister_callback(FLUSH, name);
}
int plugin_unregister_shutdown(const char *name) {
  return unregister_callback(SHUTDOWN, name);
}
int plugin_unregister_log(const char *name) {
  return unregister_callback(LOG, name);
}
int plugin_unregister_notification(const char *name) {
  return unregister_callback(NOTIFICATION, name);
}
int plugin_unregister_read_group(const char *group) {
  struct callback *cb;
  int found = 0;
  while ((cb = remove_first(READ, NULL, group)) != NULL) {
    free_callback(cb);
    found++;
  }
  return found > 0 ? 0 : -ENOENT;
}

int plugin_dispatch_notification(const notification_t *n) {
  for (struct callback *cb = next_of(NOTIFICATION, NULL); cb != NULL;
       cb = next_of(NOTIFICATION, cb))
    ((plugin_notification_cb)cb->fn)(n, &cb->ud);
  return 0;
}

void fake_call_writers(const data_set_t *ds, const value_list_t *vl) {
  for (struct callback *cb = next_of(WRITE, NULL); cb != NULL;
       cb = next_of(WRITE, cb))
    ((plugin_write_cb)cb->fn)(ds, vl, &cb->ud);
}

static int configure_plugin(oconfig_item_t *section) {
  if (strcasecmp(section->key, "Plugin") != 0 || section->values_num != 1)
    return strcasecmp(section->key, "LoadPlugin") == 0 ? 0 : -1;
  const char *name = section->values[0].value.string;
  for (struct callback *cb = next_of(CONFIG, NULL); cb != NULL;
       cb = next_of(CONFIG, cb))
    if (strcasecmp(cb->name, name) == 0)
      return ((int (*)(oconfig_item_t *))cb->fn)(section);
  plugin_log(LOG_ERR,
             "There is configuration for the `%s' plugin, but the "
             "plugin isn't loaded.",
             name);
  return -1;
}

int fake_config(const char *text) {
  oconfig_item_t *root = conf_parse(text);
  if (root == NULL)
    return -1;
  int first = 0;
  for (int i = 0; i < root->children_num; i++) {
    int status = configure_plugin(&root->children[i]);
    first = first != 0 ? first : status;
  }
  conf_free(root);
  return first;
}

int fake_init(void) {
  int first = 0;
  for (struct callback *cb = next_of(INIT, NULL); cb != NULL;
       cb = next_of(INIT, cb)) {
    fake_plugin_set(cb->name);
    int status = ((plugin_init_cb)cb->fn)();
    first = first != 0 ? first : status;
  }
  return first;
}

int fake_read(const char *name) {
  int failed = 0;
  for (struct callback *cb = next_of(READ, NULL); cb != NULL;
       cb = next_of(READ, cb)) {
    if (name != NULL && strcmp(cb->name, name) != 0)
      continue;
    int status = cb->complex_read ? ((plugin_read_cb)cb->fn)(&cb->ud)
                                  : ((int (*)(void))cb->fn)();
    failed += status != 0;
  }
  return failed;
}

int64_t fake_read_interval_ms(const char *name) {
  for (struct callback *cb = next_of(READ, NULL); cb != NULL;
       cb = next_of(READ, cb))
    if (strcmp(cb->name, name) == 0)
      return (int64_t)CDTIME_T_TO_MS(cb->interval);
  return 0;
}

static void free_all_of(enum kind kind) {
  for (struct callback *cb; (cb = remove_first(kind, NULL, NULL)) != NULL;)
    free_callback(cb);
}

size_t fake_shutdown(void) {
  free_all_of(INIT);
  free_all_of(READ);
  size_t lost = fake_lose(SIZE_MAX);
  fake_stop_writing();
  for (struct callback *cb = next_of(FLUSH, NULL); cb != NULL;
       cb = next_of(FLUSH, cb))
    ((plugin_flush_cb)cb->fn)(0, NULL, &cb->ud);
  for (struct callback *cb;
       (cb = remove_first(SHUTDOWN, NULL, NULL)) != NULL;) {
    fake_plugin_set(cb->name);
    ((plugin_shutdown_cb)cb->fn)();
    free_callback(cb);
  }
  for (size_t k = 0; k < STATIC_ARRAY_SIZE(kinds); k++)
    free_all_of(k);
  return lost;
}

void fake_reset(void) {
  for (size_t k = 0; k < STATIC_ARRAY_SIZE(kinds); k++)
    free_all_of(k);
  fake_values_reset();
  fake_world_reset();
}
