/* SPDX-License-Identifier: MIT */
#include "common/analytics/send/checkpoint_page.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOTAL "total "

/* ---- reading ---- */

/* Reads a number and the blank or the end behind it. */
static bool read_number(const char **text, int base, uint64_t *ret) {
  char *end = NULL;
  if (!isxdigit((unsigned char)**text) && **text != '-')
    return false;
  *ret = **text == '-' ? (uint64_t)strtoll(*text, &end, base)
                       : strtoull(*text, &end, base);
  if (end == *text || (*end != ' ' && *end != '\0'))
    return false;
  *text = end + (*end == ' ');
  return true;
}

static bool read_mark(const char *text, struct gc_query_mark *ret) {
  uint64_t settled_ms, done_ms;
  size_t len = strcspn(text, " ");
  *ret = (struct gc_query_mark){.done_ms = 0};
  if (len >= sizeof(ret->identity) || text[len] == '\0')
    return false;
  memcpy(ret->identity, text, len);
  text += len + 1;
  if (!read_number(&text, 10, &settled_ms) ||
      !read_number(&text, 10, &done_ms) || settled_ms > done_ms ||
      done_ms > INT64_MAX)
    return false;
  ret->settled_ms = (int64_t)settled_ms;
  ret->done_ms = (int64_t)done_ms;
  return true;
}

static bool read_total(const char *field, const char *text,
                       struct gc_query_total *ret) {
  uint64_t count, bits, sent;
  if (!read_number(&text, 10, &count) || !read_number(&text, 16, &bits) ||
      !read_number(&text, 10, &sent))
    return false;
  *ret = (struct gc_query_total){.series = field + strlen(TOTAL),
                                 .count = (int64_t)count,
                                 .sent = (int64_t)sent};
  memcpy(&ret->sum, &bits, sizeof(ret->sum));
  return true;
}

static enum gc_code find_mark(const struct gc_buf *fields, bool *ret_found,
                              struct gc_query_mark *ret_mark) {
  const char *field, *text;
  size_t at = 0;
  *ret_found = false;
  while (gc_fields_next(fields, &at, &field, &text)) {
    if (strcmp(field, "mark") != 0)
      continue;
    if (!read_mark(text, ret_mark))
      return GC_ERR_PARSE;
    *ret_found = true;
  }
  return GC_OK;
}

enum gc_code gc_checkpoint_page_read(
    const struct gc_lease_page *page, const char *identity, bool *ret_found,
    struct gc_query_mark *ret_mark, struct gc_buf *pending,
    enum gc_code (*row)(void *ctx, const struct gc_query_total *total),
    void *ctx) {
  GC_AUTO(gc_buf_clear) struct gc_buf fields = {.max = GC_LEASE_BOOK_MAX_BYTES};
  struct gc_query_total total;
  const char *field, *text;
  size_t at = 0;
  GC_TRY(gc_lease_page_copy(page, &fields));
  GC_TRY(find_mark(&fields, ret_found, ret_mark));
  if (!*ret_found)
    return GC_OK;
  bool is_same = strcmp(ret_mark->identity, identity) == 0;
  while (gc_fields_next(&fields, &at, &field, &text)) {
    if (strcmp(field, "pending") == 0) {
      GC_TRY(gc_buf_text(pending, text));
    } else if (is_same && strncmp(field, TOTAL, strlen(TOTAL)) == 0) {
      if (!read_total(field, text, &total))
        return GC_ERR_PARSE;
      GC_TRY(row(ctx, &total));
    }
  }
  return GC_OK;
}

/* ---- writing ---- */

static enum gc_code add_total(struct gc_buf *fields,
                              const struct gc_query_total *t) {
  GC_AUTO(gc_buf_clear) struct gc_buf field = {.max = 4096};
  char text[96];
  uint64_t bits;
  memcpy(&bits, &t->sum, sizeof(bits));
  snprintf(text, sizeof(text), "%" PRId64 " %" PRIx64 " %" PRId64, t->count,
           bits, t->sent);
  GC_TRY(gc_buf_print(&field, TOTAL "%s", t->series));
  return gc_fields_add(fields, field.data, text);
}

static enum gc_code list_fields(const struct gc_query_save *save,
                                struct gc_buf *fields) {
  char text[128];
  snprintf(text, sizeof(text), "%.64s %" PRId64 " %" PRId64,
           save->mark.identity, save->mark.settled_ms, save->mark.done_ms);
  GC_TRY(gc_fields_add(fields, "mark", text));
  GC_TRY(gc_fields_add(fields, "pending",
                       save->pending_len > 0 ? save->pending : ""));
  for (size_t i = 0; i < save->total_count; i++)
    GC_TRY(add_total(fields, &save->totals[i]));
  return GC_OK;
}

enum gc_code gc_checkpoint_page_write(struct gc_lease_page *page,
                                      uint64_t fence,
                                      const struct gc_query_save *save,
                                      uint64_t *ret_version) {
  GC_AUTO(gc_buf_clear) struct gc_buf fields = {.max = GC_LEASE_BOOK_MAX_BYTES};
  GC_TRY(list_fields(save, &fields));
  return gc_lease_page_write(page, fence, &fields, save->forget, ret_version);
}
