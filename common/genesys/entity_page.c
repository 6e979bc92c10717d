/* SPDX-License-Identifier: MIT */
#include "common/genesys/entity_page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/decimal.h"
#include "common/base/policy/paging.h"

enum {
  PAGE_MAX_BYTES = 32 << 20,
  STRING_MAX_BYTES = 1 << 20,
};

static const char *const target_media[GC_TARGET_COUNT] = {
#define XX(id, member, media) [GC_TARGET_##id] = (media),
    GC_TARGET_MAP(XX)
#undef XX
};

const char *gc_target_media(enum gc_target target) {
  return target_media[target];
}

static bool is_target(int64_t ms) { return ms > 0 && ms <= GC_TARGET_MAX_MS; }

char *gc_targets_print(char out[GC_TARGETS_SIZE],
                       const struct gc_targets *targets) {
  size_t len = 0;
  out[0] = '\0';
  for (size_t i = 0; i < GC_TARGET_COUNT; i++)
    if (is_target(targets->ms[i]))
      len +=
          (size_t)snprintf(out + len, GC_TARGETS_SIZE - len, "%s%s:%" PRId64,
                           len > 0 ? " " : "", target_media[i], targets->ms[i]);
  return out;
}

/* Skips parts of the detail that are not a target, since a damaged state file
 * may hold any text. */
int64_t gc_entry_target_ms(const struct gc_entry *entry, const char *media) {
  size_t media_len = strlen(media);
  const char *at = entry->detail;
  while (*at != '\0') {
    size_t len = strcspn(at, " ");
    int64_t ms;
    if (len > media_len && memcmp(at, media, media_len) == 0 &&
        at[media_len] == ':' &&
        gc_decimal_int(at + media_len + 1, len - media_len - 1, &ms) &&
        is_target(ms))
      return ms;
    at += len;
    at += strspn(at, " ");
  }
  return 0;
}

enum {
  K_ENTITIES = 1,
  K_ID,
  K_NAME,
  K_SYSTEM_PRESENCE,
  K_NEXT_URI,
  K_PAGE_COUNT,
  K_TOTAL,
  K_MEDIA_SETTINGS,
  K_SERVICE_LEVEL,
  K_DURATION_MS,
  K_MEDIA, /* + enum gc_target */
};

/* The formatter reads the map as the beginning of the next row. */
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
    {"pageCount", K_PAGE_COUNT},
    {"total", K_TOTAL},
    {"mediaSettings", K_MEDIA_SETTINGS},
    {"serviceLevel", K_SERVICE_LEVEL},
    {"durationMs", K_DURATION_MS},
};
/* clang-format on */

static void row_clear(struct gc_entity_row *row) {
  free(row->id);
  free(row->name);
  free(row->detail);
  *row = (struct gc_entity_row){0};
}

static void set_text(char **field, const struct gc_json_value *v) {
  if (v->kind != GC_JSON_STRING)
    return;
  free(*field);
  *field = gc_strndup(v->text, v->len);
}

static void set_target(struct gc_entity_page *p, enum gc_target target,
                       const struct gc_json_value *v) {
  if (!gc_json_int(v, &p->targets.ms[target]))
    p->targets.ms[target] = 0;
}

static void set_count(int64_t *field, const struct gc_json_value *v) {
  if (!gc_json_int(v, field) || *field < 0)
    *field = -1;
}

#define TARGET(media)                                                          \
  GC_JSON_PATH6(K_ENTITIES, GC_JSON_ITEM, K_MEDIA_SETTINGS, media,             \
                K_SERVICE_LEVEL, K_DURATION_MS)

static enum gc_code on_value(void *ctx, const struct gc_json_at *at,
                             const struct gc_json_value *v) {
  struct gc_entity_page *p = ctx;
  switch (at->path) {
  case GC_JSON_PATH3(K_ENTITIES, GC_JSON_ITEM, K_ID):
    set_text(&p->row.id, v);
    break;
  case GC_JSON_PATH3(K_ENTITIES, GC_JSON_ITEM, K_NAME):
    set_text(&p->row.name, v);
    break;
  case GC_JSON_PATH3(K_ENTITIES, GC_JSON_ITEM, K_SYSTEM_PRESENCE):
    set_text(&p->row.detail, v);
    break;
#define XX(id, member, media)                                                  \
  case TARGET(K_MEDIA + GC_TARGET_##id):                                       \
    set_target(p, GC_TARGET_##id, v);                                          \
    break;
    GC_TARGET_MAP(XX)
#undef XX
  case GC_JSON_PATH1(K_NEXT_URI):
    p->more = v->kind == GC_JSON_STRING && v->len > 0;
    break;
  case GC_JSON_PATH1(K_PAGE_COUNT):
    set_count(&p->page_count, v);
    break;
  case GC_JSON_PATH1(K_TOTAL):
    set_count(&p->total, v);
    break;
  default:
    break;
  }
  return GC_OK;
}

static void add_row(struct gc_entity_page *p) {
  char targets[GC_TARGETS_SIZE];
  if (p->count == p->cap) {
    p->cap = p->cap == 0 ? 128 : p->cap * 2;
    p->rows = gc_resize(p->rows, p->cap, sizeof(*p->rows));
  }
  gc_targets_print(targets, &p->targets);
  if (p->row.name == NULL)
    p->row.name = gc_strdup("");
  if (p->row.detail == NULL)
    p->row.detail = gc_strdup(targets);
  p->rows[p->count++] = p->row;
  p->row = (struct gc_entity_row){0};
}

static enum gc_code on_open(void *ctx, const struct gc_json_at *at) {
  struct gc_entity_page *p = ctx;
  if (at->path == GC_JSON_PATH2(K_ENTITIES, GC_JSON_ITEM))
    p->targets = (struct gc_targets){0};
  return GC_OK;
}

static enum gc_code on_close(void *ctx, const struct gc_json_at *at) {
  struct gc_entity_page *p = ctx;
  if (at->path != GC_JSON_PATH2(K_ENTITIES, GC_JSON_ITEM))
    return GC_OK;
  if (p->row.id == NULL || p->row.id[0] == '\0') {
    row_clear(&p->row);
    return GC_OK;
  }
  if (p->count >= p->max)
    return gc_fail(at->err, GC_ERR_LIMIT, "more than %zu entities in a list",
                   p->max);
  add_row(p);
  return GC_OK;
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

static void drop_rows(struct gc_entity_page *p, size_t from) {
  while (p->count > from)
    row_clear(&p->rows[--p->count]);
}

/* Drops the rows of an unfinished page; rows of finished pages stay. */
void gc_entity_page_begin(struct gc_entity_page *p) {
  if (p->stream == NULL)
    p->stream = gc_json_stream_new(&reader, p);
  gc_json_stream_reset(p->stream);
  row_clear(&p->row);
  drop_rows(p, p->page_end);
  p->more = false;
  p->page_count = p->total = -1;
}

enum gc_code gc_entity_page_feed(struct gc_entity_page *p, const char *bytes,
                                 size_t len, struct gc_err *err) {
  return gc_json_stream_feed(p->stream, bytes, len, err);
}

/* True if the page begins as the one before. */
static bool is_repeated(const struct gc_entity_page *p) {
  size_t begin = p->page_end;
  return begin > p->page_begin && p->count > begin &&
         strcmp(p->rows[begin].id, p->rows[p->page_begin].id) == 0;
}

/* True if the page may be full and says nothing about the end of the list. */
static bool may_have_next(const struct gc_entity_page *p, size_t rows) {
  bool is_told =
      p->page_count >= 0 || (p->total >= 0 && (uint64_t)p->total <= p->count);
  return !is_told && rows > 0 && rows % GC_PAGING_STEP == 0;
}

void gc_entity_page_give_up(struct gc_entity_page *p) {
  drop_rows(p, p->page_end);
  p->more = p->is_guess = false;
}

enum gc_code gc_entity_page_end(struct gc_entity_page *p, struct gc_err *err) {
  size_t begin = p->page_end;
  enum gc_code code = gc_json_stream_end(p->stream, err);
  if (code == GC_OK && p->is_guess && is_repeated(p)) {
    gc_entity_page_give_up(p);
    return GC_OK;
  }
  if (code == GC_OK && is_repeated(p))
    code = gc_fail(err, GC_ERR_PARSE,
                   "the list repeats a page: two begin with %.64s",
                   p->rows[begin].id);
  if (code != GC_OK) {
    drop_rows(p, begin);
    return code;
  }
  if (p->pages++ == 0)
    p->first_total = p->total;
  /* An empty page is always the last one. A list that has the number of its
   * pages need not name the next page. */
  bool is_last = !p->more && p->page_count <= (int64_t)p->pages;
  p->is_guess = is_last && may_have_next(p, p->count - begin);
  p->more = (!is_last || p->is_guess) && p->count > begin;
  p->page_begin = begin;
  p->page_end = p->count;
  return GC_OK;
}

bool gc_entity_page_has_changed(const struct gc_entity_page *p) {
  return p->total >= 0 && p->first_total >= 0 && p->total != p->first_total;
}

size_t gc_entity_page_missing(const struct gc_entity_page *p) {
  return p->total > 0 && (uint64_t)p->total > p->count
             ? (size_t)p->total - p->count
             : 0;
}

void gc_entity_page_clear(struct gc_entity_page *p) {
  if (p == NULL)
    return;
  drop_rows(p, 0);
  row_clear(&p->row);
  free(p->rows);
  gc_json_stream_free(p->stream);
  *p = (struct gc_entity_page){.max = p->max};
}
