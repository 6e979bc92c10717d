/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/observations/status_table.h"

#include <string.h>

static uint8_t row_of(struct status_table *s, const char *status) {
  char snake[GC_NAME_SIZE];
  if (!gc_name_snake(snake, status))
    return STATUS_NO_ROW;
  for (size_t i = 0; i < s->count; i++)
    if (strcmp(s->names[i], snake) == 0)
      return (uint8_t)i;
  if (s->count == STATUS_ROWS)
    return STATUS_NO_ROW;
  memcpy(s->names[s->count], snake, sizeof(snake));
  return (uint8_t)s->count++;
}

void status_table_reset(struct status_table *s, const char *const *known,
                        size_t count) {
  s->count = 0;
  memset(s->row_of, STATUS_NO_ROW, sizeof(s->row_of));
  for (size_t i = 0; i < count; i++)
    (void)row_of(s, known[i]);
  s->known = s->count;
}

void status_table_map(struct status_table *s, uint32_t number,
                      const char *status) {
  if (number < STATUS_NUMBERS)
    s->row_of[number] = row_of(s, status);
}

void status_counts_add(const struct status_table *s, struct status_counts *c,
                       uint32_t number, int64_t count) {
  uint8_t row = number < STATUS_NUMBERS ? s->row_of[number] : STATUS_NO_ROW;
  if (row == STATUS_NO_ROW)
    return;
  c->at[row] += count;
  c->is_reported[row] = true;
}

int64_t status_counts_get(const struct status_table *s,
                          const struct status_counts *c, const char *name) {
  for (size_t i = 0; i < s->count; i++)
    if (strcmp(s->names[i], name) == 0)
      return c->at[i];
  return 0;
}
