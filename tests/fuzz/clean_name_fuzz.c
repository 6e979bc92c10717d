/* SPDX-License-Identifier: MIT */
/* Laws: parts of an identity are short and valid for any name, and labels are
 * unique.
 * A NUL separates the names; the first byte chooses their order. */
#include <string.h>

#include "common/base/utf8.h"
#include "common/genesys/clean_name.h"
#include "common/genesys/labels.h"
#include "tests/fuzz/fuzz.h"

enum { MAX = 16 };

static void check_part(const char *part) {
  size_t len = strlen(part);
  LAW(len < GC_NAME_SIZE);
  for (size_t at = 0; at < len;) {
    uint32_t point = 0;
    size_t size = gc_utf8_char(part + at, len - at, &point);
    LAW(size > 0);
    LAW(point >= 0x20 && point != '/' && point != ';' &&
        (point < 0x7f || point > 0xa0) && point != 0x2003 && point != 0x3000);
    at += size;
  }
  LAW(len == 0 || part[len - 1] != '\\');
}

static void check_helpers(const char *name, size_t len) {
  char out[GC_NAME_SIZE], again[GC_NAME_SIZE];
  gc_name_clean(out, name, len);
  check_part(out);
  gc_name_clean(again, out, strlen(out));
  LAW(strcmp(out, again) == 0);

  bool any = gc_name_snake(out, name);
  check_part(out);
  LAW(any == (out[0] != '\0'));
  LAW(strpbrk(out, "ABCDEFGHIJKLMNOPQRSTUVWXYZ -") == NULL);
  gc_name_snake(again, out);
  LAW(strcmp(out, again) == 0);

  gc_label_both(out, name, "3f2c1d7a");
  check_part(out);
  gc_label_both(out, "x", name);
  check_part(out);
  for (size_t max = 0; max <= len; max++) {
    size_t cut = gc_utf8_cut(name, len, max);
    LAW(cut <= max && max - cut < 4);
  }
}

static void check_labels(const struct gc_named *batch, size_t count,
                         unsigned turn) {
  struct gc_labels *one = gc_labels_new(), *two = gc_labels_new();
  struct gc_named turned[MAX];
  for (size_t i = 0; i < count; i++)
    turned[i] = batch[(i + turn) % count];
  gc_labels_assign(one, batch, count, NULL, NULL);
  gc_labels_assign(two, turned, count, NULL, NULL);
  for (size_t i = 0; i < count; i++) {
    const char *label = gc_labels_get(one, batch[i].id);
    LAW(label != NULL);
    check_part(label);
    LAW(strcmp(label, gc_labels_get(two, batch[i].id)) == 0);
    for (size_t k = 0; k < i; k++)
      LAW(strcmp(label, gc_labels_get(one, batch[k].id)) != 0);
  }
  gc_labels_free(one);
  gc_labels_free(two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const ids[MAX] = {"1", "2", "3", "4", "5", "6", "7", "8",
                                       "9", "a", "b", "c", "d", "e", "f", "g"};
  if (size == 0)
    return 0;
  char *text = malloc(size);
  LAW(text != NULL);
  memcpy(text, data + 1, size - 1);
  text[size - 1] = '\0';

  struct gc_named batch[MAX];
  size_t count = 0;
  for (char *at = text; at < text + size && count < MAX; count++) {
    batch[count] = (struct gc_named){ids[count], at};
    check_helpers(at, strlen(at));
    at += strlen(at) + 1;
  }
  check_labels(batch, count, data[0]);
  free(text);
  return 0;
}
