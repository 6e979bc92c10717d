/* SPDX-License-Identifier: MIT */
#include "common/genesys/parts.h"

#include <string.h>

#include "common/base/utf8.h"
#include "common/genesys/clean_name.h"

bool gc_parts_add(char *parts, size_t size, const char *name,
                  const char *value) {
  char clean[GC_NAME_SIZE];
  size_t value_len = gc_utf8_copy_printable(clean, sizeof(clean), value, '_');
  size_t name_len = strlen(name), len = strlen(parts);
  if (name_len + value_len + 3 > size - len)
    return false;
  char *at = parts + len;
  memcpy(at, name, name_len);
  at += name_len;
  *at++ = '=';
  memcpy(at, clean, value_len);
  at += value_len;
  *at++ = '\n';
  *at = '\0';
  return true;
}

bool gc_parts_next(const char **at, struct gc_part *ret_part) {
  while (*at != NULL && **at != '\0') {
    const char *line = *at, *end = line + strcspn(line, "\n");
    const char *equals = memchr(line, '=', (size_t)(end - line));
    *at = *end != '\0' ? end + 1 : end;
    if (equals == NULL || equals == line)
      continue;
    *ret_part = (struct gc_part){line, equals + 1, (size_t)(equals - line),
                                 (size_t)(end - equals - 1)};
    return true;
  }
  return false;
}

bool gc_parts_have(const char *parts, const char *name) {
  struct gc_part part;
  size_t len = strlen(name);
  for (const char *at = parts; gc_parts_next(&at, &part);)
    if (part.name_len == len && memcmp(part.name, name, len) == 0)
      return true;
  return false;
}
