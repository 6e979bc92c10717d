/* SPDX-License-Identifier: MIT */
/* The lines of one read of the spool, until the database has them. A part that
 * is refused is halved until the line at fault is alone; the other lines are
 * sent. If the database names the lines (sender/conflict.h), they become a part
 * at once. Pure, one thread.
 *
 *   8 lines, the third is bad: 8 no, 4 no, 2 yes, 2 no, 1 no (aside), 1 yes,
 *   4 yes */
#ifndef GENESYS_INFLUXDB_SENDER_BATCH_H
#define GENESYS_INFLUXDB_SENDER_BATCH_H

#include "plugins/genesys_influxdb/sender/conflict.h"

#include <stddef.h>

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
};

/* Finds the lines of batch->text; the whole batch is the next part.
 * GC_ERR_MEMORY. */
GC_MUST_CHECK enum gc_code influx_batch_begin(struct influx_batch *b);
/* True while a part is left; returns its bytes. */
bool influx_batch_next(const struct influx_batch *b, const char **ret_bytes,
                       size_t *ret_len);
/* Returns the number of lines of the next part. */
size_t influx_batch_part_lines(const struct influx_batch *b);

/* Notes that the database accepted the next part. */
void influx_batch_took(struct influx_batch *b);
/* Halves the next part, which was refused. Returns false if it is a single
 * line.
 */
bool influx_batch_split(struct influx_batch *b);
/* Makes two parts of the next one: the lines that have the conflict, and the
 * others. Returns how many have it; if none or all of them do, or when out of
 * memory (0), the part stays as it was. */
size_t influx_batch_separate(struct influx_batch *b,
                             const struct influx_conflict *c);
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
/* Makes the whole batch the next part again, after the database refused every
 * line. */
void influx_batch_restart(struct influx_batch *b);

/* Forgets the lines, keeps the memory. */
void influx_batch_reset(struct influx_batch *b);
void influx_batch_clear(struct influx_batch *b);

#endif
