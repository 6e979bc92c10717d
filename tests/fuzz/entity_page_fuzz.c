/* SPDX-License-Identifier: MIT */
/* Pages of a listing, separated by NULs. Each is read whole and byte by byte:
 * both give the same entities. */
#include <string.h>

#include "common/genesys/entity_page.h"
#include "tests/fuzz/fuzz.h"

static enum gc_code read_page(struct gc_entity_page *l, const char *page,
                              size_t len, size_t piece) {
  struct gc_err err = {.code = GC_OK};
  enum gc_code code = GC_OK;
  gc_entity_page_begin(l);
  for (size_t at = 0; at < len && code == GC_OK; at += piece)
    code = gc_entity_page_feed(l, page + at,
                               len - at < piece ? len - at : piece, &err);
  if (code == GC_OK)
    code = gc_entity_page_end(l, &err);
  LAW(code == GC_OK || err.text[0] != '\0');
  return code;
}

static void check_same(const struct gc_entity_page *a,
                       const struct gc_entity_page *b) {
  LAW(a->count == b->count && a->more == b->more);
  LAW(a->page_begin == b->page_begin && a->page_end == b->page_end);
  for (size_t i = 0; i < a->count; i++) {
    LAW(a->rows[i].id[0] != '\0');
    LAW(strcmp(a->rows[i].id, b->rows[i].id) == 0);
    LAW(strcmp(a->rows[i].name, b->rows[i].name) == 0);
    LAW(strcmp(a->rows[i].detail, b->rows[i].detail) == 0);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct gc_entity_page whole = {.max = 50}, bytes = {.max = 50};
  const char *text = (const char *)data;

  while (size > 0) {
    const char *end = memchr(text, '\0', size);
    size_t len = end != NULL ? (size_t)(end - text) : size;
    enum gc_code code = read_page(&whole, text, len, len + 1);
    LAW(code == read_page(&bytes, text, len, 1));
    /* The next begin removes the rest of a failed page. */
    gc_entity_page_begin(&whole);
    gc_entity_page_begin(&bytes);
    check_same(&whole, &bytes);
    LAW(whole.count == whole.page_end && whole.count <= whole.max);
    size_t taken = end != NULL ? len + 1 : len;
    text += taken;
    size -= taken;
  }
  gc_entity_page_clear(&whole);
  gc_entity_page_clear(&bytes);
  return 0;
}
