/* SPDX-License-Identifier: MIT */
/* When a writer has a value, the value may still be in memory: a node of
 * genesys_influxdb copies it, and its thread writes it to the spool 0.2 to
 * 0.3 s later. The barrier lets the source of a value wait for the disk, so
 * that a checkpoint does not move beyond values that a crash would lose.
 *
 *   source                      writer's thread
 *   the writers have my values
 *   mark = gc_save_mark()
 *   gc_save_wait(mark) ──save──> mark = gc_saver_begin()
 *                                takes all values, writes and syncs them
 *        true <────────────────  gc_saver_end(saver, mark)
 *
 * Writers that write a value themselves, such as csv, do not take part. A
 * writer whose save failed keeps the values in memory and reports it; one whose
 * save lasts longer than GC_SAVE_GIVE_UP_MS is not waited for until that save
 * ends. So a broken disk of one writer does not hold back the values of the
 * others. */
#ifndef GC_NET_SAVE_BARRIER_H
#define GC_NET_SAVE_BARRIER_H

#include "common/base/cleanup.h"

#include <stdbool.h>
#include <stdint.h>

enum { GC_SAVE_GIVE_UP_MS = 15000 };

/* A writer that saves on a thread of its own; owned by the writer. */
struct gc_saver {
  /* Asks for a save of all values that the writer has, without waiting. Called
   * with the barrier's lock held: it must not call the barrier. False: it
   * cannot be asked now. */
  bool (*save)(void *ctx);
  void *ctx;

  /* Private. */
  struct gc_saver *next;
  uint64_t done;     /* mark of the newest save that ended */
  uint64_t asked_ms; /* when the save that runs was asked for; 0: none runs */
};

/* Makes gc_save_wait wait for the writer, until gc_saver_remove; a second
 * removal does nothing. Any thread. */
GC_API void gc_saver_add(struct gc_saver *s);
GC_API void gc_saver_remove(struct gc_saver *s);

/* Returns the mark of a save. The writer calls it before it takes the values
 * that it saves. */
GC_API uint64_t gc_saver_begin(void);
/* Notes that all values from before the mark are saved, or that the disk
 * refused them. */
GC_API void gc_saver_end(struct gc_saver *s, uint64_t mark);

/* Returns a mark behind all values that the writers have now; never 0. Any
 * thread. */
GC_API uint64_t gc_save_mark(void);
/* Asks the writers to save and waits until they have, until `end_ms` of
 * gc_clock_now_ms at most. True if no value from before the mark is waited for.
 * Any thread but those of the writers. */
GC_API bool gc_save_wait(uint64_t mark, uint64_t end_ms);

#endif
