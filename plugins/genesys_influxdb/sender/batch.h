/* SPDX-License-Identifier: MIT */
/* The lines of one read of the spool, until the database has them. A part that
 * is refused is halved until the line at fault is alone; the other lines are
 * sent. If the database names or counts the lines (sender/conflict.h), they are
 * known at once. Pure, one thread.
 *
 *   8 lines, the third is bad: 8 no, 4 no, 2 yes, 2 no, 1 no (aside), 1 yes,
 *   4 yes */
#ifndef GENESYS_INFLUXDB_SENDER_BATCH_H
#define GENESYS_INFLUXDB_SENDER_BATCH_H

#include "common/base/buf.h"

#include <stddef.h>
#include <stdint.h>

enum {
  INFLUX_PUT_OFF_MAX = 16,
  INFLUX_LEVELS_MAX = 24, /* of halves, until a line is alone */
  /* One part for each level, before and after parts were put off; two more for
   * each part that was put off. */
  INFLUX_PARTS_MAX = 2 * INFLUX_LEVELS_MAX + 2 * (INFLUX_PUT_OFF_MAX + 1),
};

struct influx_part {
  size_t from, to; /* lines */
};

/* Picks lines of a part; `number` counts from 1. */
struct influx_pick {
  bool (*has)(const void *ctx, size_t number, const char *line, size_t len);
  const void *ctx;
};

struct influx_batch {
  struct gc_buf text;     /* set .max once */
  struct gc_buf arranged; /* lines of a part in another order, for a moment */
  size_t *starts;         /* offsets of the lines; one more at the end */
  size_t lines, room;
  struct influx_part parts[INFLUX_PARTS_MAX]; /* to send; the last is next */
  size_t part_count;
  /* Lines that were refused, each "# WORDS\nLINE\n". */
  struct gc_buf refused;
  size_t refused_count;
  bool took_some; /* the database accepted a part of the batch */
  size_t put_off; /* refused parts put off after the newest acceptance */
  size_t splits;  /* parts that were halved */
};

/* Finds the lines of batch->text; the whole batch is the next part. */
void influx_batch_begin(struct influx_batch *b);
/* True while a part is left; returns its bytes. */
bool influx_batch_next(const struct influx_batch *b, const char **ret_bytes,
                       size_t *ret_len);
/* Returns the number of lines of the next part. */
size_t influx_batch_part_lines(const struct influx_batch *b);

/* Appends the lines of all parts that are left, and returns their number; 0
 * when `out` cannot hold them. */
size_t influx_batch_rest(const struct influx_batch *b, struct gc_buf *out);

/* Notes that the database accepted the next part. */
void influx_batch_took(struct influx_batch *b);
/* Halves the next part, which was refused. Returns false if it is a single
 * line.
 */
bool influx_batch_split(struct influx_batch *b);
/* Makes two parts of the next one: the lines that are picked, and the others.
 * Returns how many are; if none or all of them, or when out of memory (0), the
 * part stays as it was. */
size_t influx_batch_separate(struct influx_batch *b,
                             const struct influx_pick *pick);
/* Finds the time of the last of the `count` oldest lines of the next part.
 * Returns false if a younger one has the same time, a line has none, or all
 * lines are meant. */
bool influx_batch_oldest(const struct influx_batch *b, size_t count,
                         int64_t *ret_until);
/* For a pick: true if the line's time is not after `until`, an int64_t. */
bool influx_line_is_until(const void *until, size_t number, const char *line,
                          size_t len);
/* Moves the next part, which was refused, behind the others, and makes a single
 * line of those the next part: a line that is accepted shows that the database
 * refuses lines, not everything. `random32` chooses the line, so that each try
 * looks at others. Returns false if all others, or INFLUX_PUT_OFF_MAX, were put
 * off before: the database seems to refuse everything. */
bool influx_batch_put_off(struct influx_batch *b, uint32_t random32);
/* Puts the lines of the next part aside, each with the database's words.
 * GC_ERR_MEMORY leaves everything as it was. */
GC_MUST_CHECK enum gc_code influx_batch_put_aside(struct influx_batch *b,
                                                  const char *words);
/* Puts the lines of the next part aside that are picked; the others stay.
 * Returns how many; 0 also when out of memory. */
size_t influx_batch_put_aside_some(struct influx_batch *b,
                                   const struct influx_pick *pick,
                                   const char *words);
/* Puts the next part aside, of which the database has dropped some lines and
 * stored the others, below one line of words. GC_ERR_MEMORY as above. */
GC_MUST_CHECK enum gc_code influx_batch_put_aside_among(struct influx_batch *b,
                                                        size_t count,
                                                        const char *words);
/* Makes the whole batch the next part again, after the database refused every
 * line. */
void influx_batch_restart(struct influx_batch *b);

/* Forgets the lines, keeps the memory. */
void influx_batch_reset(struct influx_batch *b);
void influx_batch_clear(struct influx_batch *b);

#endif
