/* SPDX-License-Identifier: MIT */
/* Shared by the tests of common/daemon/options: rows of each kind, a block with
 * a name and one without, and a record of the arguments of their callbacks. */
#ifndef GC_TESTS_SUPPORT_OPTIONS_BENCH_H
#define GC_TESTS_SUPPORT_OPTIONS_BENCH_H

#include "common/daemon/options.h"

struct options_queues {
  char *account, *secret, *ca_cert;
  struct gc_strs queue;
  uint32_t interval_s, port;
  double reconnect_s;
  struct gc_reals buckets;
  bool raw, verify;
  int stream;
};

struct options_health {
  uint32_t port;
};

struct options_outside {
  char *state_dir;
  uint32_t level;
};

/* <Queues "NAME">, <Health>, and options outside of any block. */
extern const struct gc_opt options_queue_rows[], options_health_rows[],
    options_outside_rows[];

/* The arguments of the callbacks. */
struct options_got {
  struct options_queues queues;
  char names[200];
  unsigned count, health_count;
  uint32_t health_port;
  enum gc_code answer;
};
extern struct options_got options_got;
extern struct options_outside options_outside;

/* Plugins "genesys_realtime", which has only blocks, and "genesys". */
extern const struct gc_config options_only_blocks, options_with_rows;

/* Resets to the state before any section was read; also call it at the end of
 * main. */
void options_forget(void);
/* Reads each <Plugin> section of the text. Returns "" or the text of the
 * failure, valid until the next call. */
const char *options_text(const struct gc_config *config, const char *text);
/* Resets, and reads one <Queues "all"> block that has an account and these
 * lines. */
const char *options_lines(const char *block_lines);

/* The beginning of messages about that block. */
#define OPTIONS_IN_BLOCK "genesys_realtime: <Queues \"all\">: "

#endif
