/* SPDX-License-Identifier: MIT */
/* The functions of collectd's meta data that the suite uses: texts, unsigned
 * numbers and truth values by name, no name twice. */
#include "tests/support/fake_daemon_internal.h"

#include "utils/metadata/meta_data.h"

struct entry {
  char *key, *text; /* text NULL: a number */
  uint64_t number;
  struct entry *next;
};

struct meta_data_s {
  struct entry *head;
};

meta_data_t *meta_data_create(void) { return calloc(1, sizeof(meta_data_t)); }

void meta_data_destroy(meta_data_t *md) {
  while (md != NULL && md->head != NULL) {
    struct entry *e = md->head;
    md->head = e->next;
    free(e->key);
    free(e->text);
    free(e);
  }
  free(md);
}

static void add_entry(meta_data_t *md, const char *key, const char *text,
                      uint64_t number) {
  struct entry *e = calloc(1, sizeof(*e));
  *e = (struct entry){strdup(key), text != NULL ? strdup(text) : NULL, number,
                      md->head};
  md->head = e;
}

meta_data_t *meta_data_clone(meta_data_t *orig) {
  meta_data_t *copy = orig != NULL ? meta_data_create() : NULL;
  for (struct entry *e = orig != NULL ? orig->head : NULL; e != NULL;
       e = e->next)
    add_entry(copy, e->key, e->text, e->number);
  return copy;
}

int meta_data_add_string(meta_data_t *md, const char *key, const char *text) {
  add_entry(md, key, text, 0);
  return 0;
}

int meta_data_add_unsigned_int(meta_data_t *md, const char *key,
                               uint64_t number) {
  add_entry(md, key, NULL, number);
  return 0;
}

int meta_data_add_boolean(meta_data_t *md, const char *key, bool is_true) {
  add_entry(md, key, NULL, is_true);
  return 0;
}

static struct entry *find_entry(meta_data_t *md, const char *key) {
  struct entry *e = md->head;
  while (e != NULL && strcmp(e->key, key) != 0)
    e = e->next;
  return e;
}

int meta_data_get_string(meta_data_t *md, const char *key, char **text) {
  struct entry *e = find_entry(md, key);
  if (e == NULL || e->text == NULL)
    return -ENOENT;
  *text = strdup(e->text);
  return 0;
}

int meta_data_get_unsigned_int(meta_data_t *md, const char *key,
                               uint64_t *number) {
  struct entry *e = find_entry(md, key);
  if (e == NULL || e->text != NULL)
    return -ENOENT;
  *number = e->number;
  return 0;
}

int meta_data_get_boolean(meta_data_t *md, const char *key, bool *is_true) {
  uint64_t number = 0;
  int status = meta_data_get_unsigned_int(md, key, &number);
  *is_true = number != 0;
  return status;
}
