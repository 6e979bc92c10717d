/* SPDX-License-Identifier: MIT */
/* Keeps acknowledged lines in a spool for a while, and has them sent again when
 * the connection to the database broke (ResendAfterBreak). One thread. */
#ifndef GENESYS_INFLUXDB_SENDER_RESEND_H
#define GENESYS_INFLUXDB_SENDER_RESEND_H

#include "common/net/spool/spool.h"
#include "plugins/genesys_influxdb/sender/acks.h"
#include "plugins/genesys_influxdb/sender/connection.h"

enum {
  /* Breaks in a row after which lines are sent again at once. After more breaks
   * the database gets the newer lines first, and the kept ones once no line
   * waits. */
  INFLUX_REWINDS_MAX = 10,
  INFLUX_BREAK_WORDS_SIZE = 240,
};

/* Zero, except acks.keep_ms, is a valid beginning. */
struct influx_resend {
  struct influx_acks acks;
  struct influx_connection connection;
  bool reconnected; /* the connection broke silently; until the batch ends */
  unsigned rewinds; /* since the position of the spool moved */
  bool is_owed;     /* the kept lines are sent again once no line waits; nothing
                       is committed until then */
  uint64_t lines;   /* accepted again, in all */
  uint64_t reported_lines;
  char words[INFLUX_BREAK_WORDS_SIZE]; /* of the newest break */
};

/* Notes the end of a request of `began_ms`. */
void influx_resend_note_reply(struct influx_resend *r,
                              const struct gc_reply *reply, uint64_t began_ms,
                              uint64_t now_ms);
/* Notes that the batch that ends at `end` is acknowledged; if the connection
 * broke silently, the next read begins with the oldest line that is kept.
 * Returns true if older lines were committed: `err` is the outcome of
 * gc_spool_commit. */
bool influx_resend_acknowledge(struct influx_resend *r, struct gc_spool *spool,
                               struct gc_record_place end, uint64_t now_ms,
                               struct gc_err *err);
/* Makes the next read begin with the lines that were acknowledged shortly
 * before a break, which `words` explain. Returns false if there are none, or if
 * they wait for influx_resend_when_idle. */
bool influx_resend_rewind(struct influx_resend *r, struct gc_spool *spool,
                          const char *words);
/* Called when no line waits. Returns true if lines are to be sent again now. */
bool influx_resend_when_idle(struct influx_resend *r, struct gc_spool *spool);
/* When all lines were sent again: writes how many, and why, into `err` and
 * returns true. */
bool influx_resend_describe(struct influx_resend *r,
                            const struct gc_spool *spool, struct gc_err *err);

#endif
