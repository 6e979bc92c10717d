/* SPDX-License-Identifier: MIT */
#include "common/genesys/other_numbers.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/base/uuid.h"
#include "common/genesys/clean_name.h"

static void add_number(struct gc_other_numbers *n, const char *name, size_t len,
                       double number) {
  if (n->count == GC_OTHER_NUMBERS_MAX) {
    n->lost++;
    return;
  }
  struct gc_other_number *other = &n->at[n->count++];
  gc_unknown_word_copy(other->name, name, len);
  other->number = number;
}

bool gc_other_numbers_read(struct gc_other_numbers *n, const char *name,
                           size_t len, const struct gc_json_value *v) {
  double number;
  if (!gc_json_real(v, &number) || !isfinite(number))
    return false;
  add_number(n, name, len, number);
  return true;
}

bool gc_other_word_is_name(const char *word) {
  size_t len = strlen(word);
  return gc_unknown_word_is_plain(word, len) && !gc_is_uuid(word, len);
}

enum gc_code gc_other_name_put(struct gc_intern *names, const char *metric,
                               const char *qualifier, const char *member,
                               size_t max_bytes, uint32_t *ret_number) {
  char name[GC_NAME_SIZE], clean[GC_NAME_SIZE];
  if (metric[0] == '\0' || !gc_other_word_is_name(metric) ||
      !gc_other_word_is_name(member))
    return GC_ERR_LIMIT;
  int len = snprintf(name, sizeof(name), "%s%s%s-%s", metric,
                     qualifier[0] != '\0' ? "-" : "", qualifier, member);
  if (len < 0 || (size_t)len > max_bytes || (size_t)len >= sizeof(name) ||
      !gc_name_clean(clean, name, (size_t)len))
    return GC_ERR_LIMIT;
  return gc_intern_put(names, clean, strlen(clean), ret_number);
}
