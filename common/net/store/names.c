/* SPDX-License-Identifier: MIT */
/* The small pages of the store: names and channels. Their callers wait no
 * longer than the bound of a call. */
#include "common/net/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_SIZE = 64, FIELDS_MAX_BYTES = 256 << 20 };

static enum gc_code load_small(struct gc_store *s, const char *account,
                               const char *page, struct gc_buf *fields,
                               struct gc_err *err) {
  struct gc_store_call *call = NULL;
  uint64_t generation;
  enum gc_code code =
      gc_store_load_page(s, account, page, &call, fields, &generation, err);
  gc_store_call_leave(&call);
  return code == GC_ERR_TIMEOUT ? err->code : code;
}

static enum gc_code save_small(struct gc_store *s, const char *account,
                               const char *page, const struct gc_page_save *how,
                               struct gc_buf *fields, struct gc_err *err) {
  struct gc_store_call *call = NULL;
  enum gc_code code =
      gc_store_save_page(s, account, page, how, fields, &call, err);
  gc_store_call_leave(&call);
  return code == GC_ERR_TIMEOUT ? err->code : code;
}

/* ---- names ---- */

static const char *page_of_kind(char out[PAGE_SIZE], const char *kind) {
  snprintf(out, PAGE_SIZE, "names %s", kind);
  return out;
}

/* Cuts "LABEL TAB DETAIL TAB NAME"; a text without tabs is a label. */
static struct gc_entry entry_of(const char *id, char *text) {
  char *detail = text + strcspn(text, "\t");
  if (*detail != '\0')
    *detail++ = '\0';
  char *name = detail + strcspn(detail, "\t");
  if (*name != '\0')
    *name++ = '\0';
  return (struct gc_entry){
      .id = id, .name = name, .label = text, .detail = detail};
}

static int compare_ids(const void *a, const void *b) {
  const struct gc_entry *x = a, *y = b;
  return strcmp(x->id, y->id);
}

void gc_store_names_clear(struct gc_store_names *names) {
  free(names->at);
  gc_buf_clear(&names->fields);
  *names = (struct gc_store_names){.count = 0};
}

enum gc_code gc_store_load_names(struct gc_store *s, const char *account,
                                 const char *kind, struct gc_store_names *ret,
                                 struct gc_err *err) {
  char page[PAGE_SIZE];
  const char *id, *text;
  size_t at = 0, room = 0;
  ret->fields.max = FIELDS_MAX_BYTES;
  GC_TRY(load_small(s, account, page_of_kind(page, kind), &ret->fields, err));
  while (gc_fields_next(&ret->fields, &at, &id, &text))
    room++;
  ret->at = calloc(room + 1, sizeof(*ret->at));
  if (ret->at == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "names: out of memory");
  for (at = 0; gc_fields_next(&ret->fields, &at, &id, &text); ret->count++)
    ret->at[ret->count] = entry_of(id, (char *)text);
  qsort(ret->at, ret->count, sizeof(*ret->at), compare_ids);
  return GC_OK;
}

static enum gc_code add_entry(struct gc_buf *fields, const struct gc_entry *e) {
  GC_TRY(gc_buf_add(fields, e->id, strlen(e->id) + 1));
  GC_TRY(gc_buf_print(fields, "%s\t%s\t%s", e->label, e->detail, e->name));
  return gc_buf_add(fields, "", 1);
}

enum gc_code gc_store_save_names(struct gc_store *s, const char *account,
                                 const char *kind, const struct gc_entry *names,
                                 size_t count, int64_t now_s, int64_t keep_s,
                                 struct gc_err *err) {
  char page[PAGE_SIZE];
  GC_AUTO(gc_buf_clear) struct gc_buf fields = {.max = FIELDS_MAX_BYTES};
  const struct gc_page_save how = {.at_ms = now_s * 1000,
                                   .drop_before_ms = (now_s - keep_s) * 1000};
  for (size_t i = 0; i < count; i++)
    if (add_entry(&fields, &names[i]) != GC_OK)
      return gc_fail(err, GC_ERR_MEMORY, "names: out of memory");
  return save_small(s, account, page_of_kind(page, kind), &how, &fields, err);
}

/* ---- channels ---- */

enum gc_code gc_store_load_channel(struct gc_store *s, const char *account,
                                   unsigned slot, struct gc_buf *out,
                                   struct gc_err *err) {
  char wanted[16];
  GC_AUTO(gc_buf_wipe) struct gc_buf fields = {.max = FIELDS_MAX_BYTES};
  const char *field, *text;
  enum gc_code code = GC_OK;
  size_t at = 0;
  gc_buf_reset(out);
  snprintf(wanted, sizeof(wanted), "%u", slot);
  GC_TRY(load_small(s, account, "channels", &fields, err));
  while (gc_fields_next(&fields, &at, &field, &text))
    if (strcmp(field, wanted) == 0)
      code = gc_buf_text(out, text);
  return code == GC_OK ? GC_OK : gc_fail(err, code, "%s", gc_code_words(code));
}

enum gc_code gc_store_save_channel(struct gc_store *s, const char *account,
                                   unsigned slot, const char *text,
                                   struct gc_err *err) {
  char field[16];
  GC_AUTO(gc_buf_wipe) struct gc_buf fields = {.max = FIELDS_MAX_BYTES};
  const struct gc_page_save how = {.at_ms = 0};
  snprintf(field, sizeof(field), "%u", slot);
  if (gc_fields_add(&fields, field, text != NULL ? text : "") != GC_OK)
    return gc_fail(err, GC_ERR_MEMORY, "channel: out of memory");
  return save_small(s, account, "channels", &how, &fields, err);
}
