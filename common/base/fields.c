/* SPDX-License-Identifier: MIT */
#include "common/base/fields.h"

#include <string.h>

enum gc_code gc_fields_add(struct gc_buf *fields, const char *field,
                           const char *text) {
  size_t len = fields->len;
  enum gc_code code = gc_buf_add(fields, field, strlen(field) + 1);
  if (code == GC_OK)
    code = gc_buf_add(fields, text, strlen(text) + 1);
  if (code != GC_OK)
    fields->len = len;
  return code;
}

bool gc_fields_next(const struct gc_buf *fields, size_t *offset,
                    const char **ret_field, const char **ret_text) {
  if (*offset >= fields->len)
    return false;
  *ret_field = fields->data + *offset;
  *ret_text = *ret_field + strlen(*ret_field) + 1;
  *offset = (size_t)(*ret_text - fields->data) + strlen(*ret_text) + 1;
  return true;
}
