/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_prometheus/series/table.h"

#include <stdlib.h>
#include <string.h>

static char *key_of(const struct entry *e) {
  return (char *)(uintptr_t)&e->points[e->count];
}

struct entry *entry_new(const char *key, size_t key_len, uint64_t hash,
                        size_t count) {
  struct entry *e =
      calloc(1, sizeof(*e) + count * sizeof(struct point *) + key_len);
  if (e == NULL)
    return NULL;
  e->hash = hash;
  e->key_len = (uint32_t)key_len;
  e->count = (uint32_t)count;
  memcpy(key_of(e), key, key_len);
  return e;
}

struct entry *table_find(const struct table *t, const char *key, size_t key_len,
                         uint64_t hash) {
  struct entry *e = t->room > 0 ? t->heads[hash & (t->room - 1)] : NULL;
  while (e != NULL && (e->hash != hash || e->key_len != key_len ||
                       memcmp(key_of(e), key, key_len) != 0))
    e = e->next;
  return e;
}

static bool grow_table(struct table *t) {
  size_t room = t->room == 0 ? 64 : t->room * 2;
  struct entry **heads = calloc(room, sizeof(struct entry *));
  if (heads == NULL)
    return t->room > 0; /* longer chains */
  for (size_t i = 0; i < t->room; i++)
    for (struct entry *e = t->heads[i], *next; e != NULL; e = next) {
      next = e->next;
      e->next = heads[e->hash & (room - 1)];
      heads[e->hash & (room - 1)] = e;
    }
  free(t->heads);
  t->heads = heads;
  t->room = room;
  return true;
}

bool table_add(struct table *t, struct entry *e) {
  if (t->count >= t->room && !grow_table(t))
    return false;
  struct entry **head = &t->heads[e->hash & (t->room - 1)];
  e->next = *head;
  *head = e;
  t->count++;
  return true;
}

void table_clear(struct table *t) {
  free(t->heads);
  *t = (struct table){.count = 0};
}
