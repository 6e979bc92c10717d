/* SPDX-License-Identifier: MIT */
/* Formats and names: FORMAT, a line feed, NAME. Law: the parts that were read
 * from a name fit into it, with the format's literals and a time. */
#include "plugins/genesys_flowmetrics/events/attribute_name.h"

#include <string.h>

#include "tests/fuzz/fuzz.h"

static void put_together(const struct attribute_form *form, const char *name,
                         size_t len, const struct attribute *a) {
  size_t known = a->flow_len + a->metric_len;
  for (size_t i = 0; i <= PART_COUNT; i++)
    known += form->literals[i].len;
  LAW(known <= len);
  LAW(len - known >= 20); /* the shortest time */
  LAW(memcmp(name, form->literals[0].text, form->literals[0].len) == 0);
  LAW(a->flow_len > 0 && a->metric_len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct attribute_form form;
  struct attribute a;
  char format[ATTRIBUTE_FORMAT_SIZE + 10];
  const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
  if (end == NULL || (size_t)(end - data) >= sizeof(format))
    return 0;
  memcpy(format, data, (size_t)(end - data));
  format[end - data] = '\0';
  if (attribute_form_set(&form, format, NULL) != GC_OK)
    return 0;
  const char *name = (const char *)end + 1;
  size_t len = size - (size_t)(end + 1 - data);
  if (attribute_parse(&form, name, len, &a) == MALFORMED_NOT) {
    LAW(attribute_is_meant(&form, name, len));
    put_together(&form, name, len, &a);
  }
  return 0;
}
