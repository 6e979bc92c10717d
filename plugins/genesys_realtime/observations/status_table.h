/* SPDX-License-Identifier: MIT */
/* Statuses as rows: which words of an answer are which status, worked out once
 * for a reading instead of once for each queue. "OnQueue" and "ON_QUEUE" are
 * one row. Pure; one thread. */
#ifndef GENESYS_REALTIME_OBSERVATIONS_STATUS_TABLE_H
#define GENESYS_REALTIME_OBSERVATIONS_STATUS_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "common/genesys/clean_name.h"

enum {
  SCALE_ROWS = 64,      /* statuses that are told apart; further ones are not */
  SCALE_NUMBERS = 4096, /* words, as base/intern numbers them */
  SCALE_NO_ROW = 255,
};

struct scale {
  char names[SCALE_ROWS][GC_NAME_SIZE]; /* lower snake */
  size_t known; /* the first rows: shown also when nobody has that status */
  size_t count;
  uint8_t row_of[SCALE_NUMBERS]; /* [number of the word] */
};

/* The counts of one queue by row. */
struct scale_counts {
  int64_t at[SCALE_ROWS];
  bool is_reported[SCALE_ROWS];
};

/* Begins with the `known` statuses. */
void scale_begin(struct scale *s, const char *const *known, size_t count);
/* The word with this number means this status. */
void scale_word(struct scale *s, uint32_t number, const char *status);

/* Adds a word's count to its row; words without a row are passed over. */
void scale_add(const struct scale *s, struct scale_counts *c, uint32_t number,
               int64_t count);
/* The count of a status by its snake name; 0 when it has none. */
int64_t scale_of(const struct scale *s, const struct scale_counts *c,
                 const char *name);

#endif
