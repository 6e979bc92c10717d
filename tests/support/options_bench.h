/* SPDX-License-Identifier: MIT */
/* What the tests of common/daemon/options share: rows of every kind, a block
 * with a name and one without, and what their callbacks were given. */
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

/* <Queues "NAME">, <Health>, and outside of any block. */
extern const struct gc_opt options_queue_rows[], options_health_rows[],
    options_outside_rows[];

/* What the callbacks were given. */
struct options_got {
  struct options_queues queues;
  char names[200];
  unsigned count, health_count;
  uint32_t health_port;
  enum gc_code answer;
};
extern struct options_got options_got;
extern struct options_outside options_outside;

/* Plugins "genesys_realtime", with blocks alone, and "genesys". */
extern const struct gc_config options_only_blocks, options_with_rows;

/* As before any section was read; at the end of main too. */
void options_forget(void);
/* Reads each <Plugin> section of the text; "" or the text of the failure, valid
 * until the next call. */
const char *options_text(const struct gc_config *config, const char *text);
/* Forgets, and reads one <Queues "all"> block that has an account and these
 * lines. */
const char *options_lines(const char *block_lines);

/* The beginning of messages about that block. */
#define OPTIONS_IN_BLOCK "genesys_realtime: <Queues \"all\">: "

#endif
