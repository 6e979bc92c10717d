/* SPDX-License-Identifier: MIT */
/* Maps the words of an answer to statuses, once for a reading instead of once
 * for each queue. Each status is a row; "OnQueue" and "ON_QUEUE" are one row.
 * Pure; one thread. */
#ifndef GENESYS_REALTIME_OBSERVATIONS_STATUS_TABLE_H
#define GENESYS_REALTIME_OBSERVATIONS_STATUS_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "common/genesys/clean_name.h"

enum {
  STATUS_ROWS = 64,      /* further statuses are left out */
  STATUS_NUMBERS = 4096, /* words, as base/intern numbers them */
  STATUS_NO_ROW = 255,
};

struct status_table {
  char names[STATUS_ROWS][GC_NAME_SIZE]; /* lower snake */
  size_t known; /* number of first rows, which are put also when they are 0 */
  size_t count;
  uint8_t row_of[STATUS_NUMBERS]; /* [number of the word] */
};

/* The counts of one queue by row. */
struct status_counts {
  int64_t at[STATUS_ROWS];
  bool is_reported[STATUS_ROWS];
};

/* Empties the table and adds the `known` statuses. */
void status_table_reset(struct status_table *s, const char *const *known,
                        size_t count);
/* Notes that the word of this number means this status. */
void status_table_map(struct status_table *s, uint32_t number,
                      const char *status);

/* Adds a word's count to its row; ignores words without a row. */
void status_counts_add(const struct status_table *s, struct status_counts *c,
                       uint32_t number, int64_t count);
/* Returns the count of a status by its snake name; 0 without a row. */
int64_t status_counts_get(const struct status_table *s,
                          const struct status_counts *c, const char *name);

#endif
