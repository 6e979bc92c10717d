/* SPDX-License-Identifier: MIT */
#include "common/genesys/entity_page.h"

#include <stdlib.h>
#include <string.h>

enum {
  PAGE_MAX_BYTES = 32 << 20,
  STRING_MAX_BYTES = 1 << 20,
};

enum {
  K_ENTITIES = 1,
  K_ID,
  K_NAME,
  K_SYSTEM_PRESENCE,
  K_NEXT_URI,
  K_MEDIA_SETTINGS,
  K_SERVICE_LEVEL,
  K_DURATION_MS,
  K_MEDIA, /* and on: one for each enum gc_target */
};

/* The formatter takes the map for the beginning of its neighbour. */
/* clang-format off */
static const struct gc_json_key keys[] = {
#define XX(id, member, media) {member, K_MEDIA + GC_TARGET_##id},
    GC_TARGET_MAP(XX)
#undef XX
    {"entities", K_ENTITIES},
    {"id", K_ID},
    {"name", K_NAME},
    {"systemPresence", K_SYSTEM_PRESENCE},
    {"nextUri", K_NEXT_URI},
    {"mediaSettings", K_MEDIA_SETTINGS},
    {"serviceLevel", K_SERVICE_LEVEL},
    {"durationMs", K_DURATION_MS},
};
/* clang-format on */

static void row_clear(struct gc_listed *row) {
  free(row->id);
  free(row->name);
  free(row->detail);
  *row = (struct gc_listed){0};
}

static enum gc_code set(char **field, const struct gc_json_value *v) {
  if (v->kind != GC_JSON_STRING)
    return GC_OK;
  free(*field);
  *field = strndup(v->text, v->len);
  return *field != NULL ? GC_OK : GC_ERR_MEMORY;
}

static enum gc_code set_target(struct gc_entity_page *l, enum gc_target target,
                               const struct gc_json_value *v) {
  if (!gc_json_int(v, &l->targets.ms[target]))
    l->targets.ms[target] = 0;
  return GC_OK;
}

#define TARGET(media)                                                          \
  GC_JSON_PATH6(K_ENTITIES, GC_JSON_ITEM, K_MEDIA_SETTINGS, media,             \
                K_SERVICE_LEVEL, K_DURATION_MS)

static enum gc_code on_value(void *ctx, const struct gc_json_at *at,
                             const struct gc_json_value *v) {
  struct gc_entity_page *l = ctx;
  switch (at->path) {
  case GC_JSON_PATH3(K_ENTITIES, GC_JSON_ITEM, K_ID):
    return set(&l->row.id, v);
  case GC_JSON_PATH3(K_ENTITIES, GC_JSON_ITEM, K_NAME):
    return set(&l->row.name, v);
  case GC_JSON_PATH3(K_ENTITIES, GC_JSON_ITEM, K_SYSTEM_PRESENCE):
    return set(&l->row.detail, v);
#define XX(id, member, media)                                                  \
  case TARGET(K_MEDIA + GC_TARGET_##id):                                       \
    return set_target(l, GC_TARGET_##id, v);
    GC_TARGET_MAP(XX)
#undef XX
  case GC_JSON_PATH1(K_NEXT_URI):
    l->more = v->kind == GC_JSON_STRING && v->len > 0;
    return GC_OK;
  default:
    return GC_OK;
  }
}

static enum gc_code add_row(struct gc_entity_page *l) {
  if (l->count == l->cap) {
    size_t cap = l->cap == 0 ? 128 : l->cap * 2;
    struct gc_listed *rows = realloc(l->rows, cap * sizeof(*rows));
    if (rows == NULL)
      return GC_ERR_MEMORY;
    l->rows = rows;
    l->cap = cap;
  }
  char targets[GC_TARGETS_SIZE];
  gc_targets_print(targets, &l->targets);
  if (l->row.name == NULL && (l->row.name = strdup("")) == NULL)
    return GC_ERR_MEMORY;
  if (l->row.detail == NULL && (l->row.detail = strdup(targets)) == NULL)
    return GC_ERR_MEMORY;
  l->rows[l->count++] = l->row;
  l->row = (struct gc_listed){0};
  return GC_OK;
}

static enum gc_code on_open(void *ctx, const struct gc_json_at *at) {
  struct gc_entity_page *l = ctx;
  if (at->path == GC_JSON_PATH2(K_ENTITIES, GC_JSON_ITEM))
    l->targets = (struct gc_targets){0};
  return GC_OK;
}

static enum gc_code on_close(void *ctx, const struct gc_json_at *at) {
  struct gc_entity_page *l = ctx;
  if (at->path != GC_JSON_PATH2(K_ENTITIES, GC_JSON_ITEM))
    return GC_OK;
  if (l->row.id == NULL || l->row.id[0] == '\0') {
    row_clear(&l->row);
    return GC_OK;
  }
  if (l->count >= l->max)
    return gc_fail(at->err, GC_ERR_LIMIT, "more than %zu entities in a list",
                   l->max);
  return add_row(l);
}

static const struct gc_json_reader reader = {
    .keys = keys,
    .key_count = GC_COUNT(keys),
    .skip_unknown = true,
    .bytes_max = PAGE_MAX_BYTES,
    .string_max = STRING_MAX_BYTES,
    .open = on_open,
    .close = on_close,
    .value = on_value,
};

static void drop_rows(struct gc_entity_page *l, size_t from) {
  while (l->count > from)
    row_clear(&l->rows[--l->count]);
}

/* A page that broke off is begun again; one that was read stays. */
enum gc_code gc_entity_page_begin(struct gc_entity_page *l,
                                  struct gc_err *err) {
  if (l->stream == NULL)
    l->stream = gc_json_stream_new(&reader, l, err);
  if (l->stream == NULL)
    return GC_ERR_MEMORY;
  gc_json_stream_reset(l->stream);
  row_clear(&l->row);
  drop_rows(l, l->page_end);
  l->more = false;
  return GC_OK;
}

enum gc_code gc_entity_page_feed(struct gc_entity_page *l, const char *bytes,
                                 size_t len, struct gc_err *err) {
  return gc_json_stream_feed(l->stream, bytes, len, err);
}

enum gc_code gc_entity_page_end(struct gc_entity_page *l, struct gc_err *err) {
  size_t begin = l->page_end;
  enum gc_code code = gc_json_stream_end(l->stream, err);
  if (code == GC_OK && begin > l->page_begin && l->count > begin &&
      strcmp(l->rows[begin].id, l->rows[l->page_begin].id) == 0)
    code = gc_fail(err, GC_ERR_PARSE,
                   "the list repeats a page: two begin with %.64s",
                   l->rows[begin].id);
  if (code != GC_OK) {
    drop_rows(l, begin);
    return code;
  }
  /* An empty page is the end whatever it says. */
  l->more = l->more && l->count > begin;
  l->page_begin = begin;
  l->page_end = l->count;
  return GC_OK;
}

void gc_entity_page_clear(struct gc_entity_page *l) {
  if (l == NULL)
    return;
  drop_rows(l, 0);
  row_clear(&l->row);
  free(l->rows);
  gc_json_stream_free(l->stream);
  *l = (struct gc_entity_page){.max = l->max};
}
