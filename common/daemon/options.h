/* SPDX-License-Identifier: MIT */
/* Reads collectd.conf into a settings struct by rows. A new option is one row:
 * the parser, the message about an unknown option, the default and the manual
 * follow from it. A row whose member has another type does not compile.
 *
 *   struct settings { char *account; uint32_t interval_s; bool raw; };
 *   static const struct gc_opt rows[] = {
 *       GC_OPT_STR(struct settings, account, "Account", NULL, GC_OPT_NEEDED,
 *                  "Name of the <Account> to use.", "prod"),
 *       GC_OPT_INT(struct settings, interval_s, "ObservationInterval", "10",
 *                  5, 3600, "s", "Time between two readings.", "30"),
 *       GC_OPT_END};
 *
 * Thread: the main thread in the configuration phase, before the daemon
 * forks. */
#ifndef GC_DAEMON_OPTIONS_H
#define GC_DAEMON_OPTIONS_H

#include "common/base/err.h"
#include "common/base/strs.h"

#include <stddef.h>
#include <stdint.h>

/* collectd's configuration tree; its real name is oconfig_item_t. */
struct oconfig_item_s;

enum gc_opt_kind {
  GC_OPT_KIND_STR,   /* char *, owned; "" in the file is NULL: "none" */
  GC_OPT_KIND_STRS,  /* struct gc_strs; the option may be repeated and may have
                        several values */
  GC_OPT_KIND_INT,   /* uint32_t within [min, max] */
  GC_OPT_KIND_REAL,  /* double within [min, max] */
  GC_OPT_KIND_REALS, /* struct gc_reals, ascending; repeated as STRS */
  GC_OPT_KIND_BOOL,  /* bool; true/false, yes/no, on/off */
  GC_OPT_KIND_ENUM,  /* int, the index in `choices` */
};

/* Flags of a row. GC_OPT_OR_NUMBER: a text that may be written as a whole
 * number without quotes. */
enum { GC_OPT_NEEDED = 1, GC_OPT_SECRET = 2, GC_OPT_OR_NUMBER = 4 };
enum { GC_OPT_ROWS_MAX = 64 }; /* rows of one table */

struct gc_reals {
  double *at;
  size_t count;
};

struct gc_opt {
  const char *key;
  enum gc_opt_kind kind;
  size_t offset;
  const char *preset; /* default as written in the file; NULL: none (NULL, 0,
                         false, empty). Lists: values separated by spaces */
  double min, max;
  const char *const *choices; /* ENUM: accepted words, NULL at the end */
  unsigned flags;
  const char *unit;    /* "s", "requests per minute"; NULL, "": none */
  const char *help;    /* one or two sentences for the manual */
  const char *example; /* possible value without quotes; STRS: one value; REALS:
                          values separated by spaces. Never NULL */
};

/* An offsetof that does not compile if the member is not of the type `want`. */
#define GC_FIELD(owner, member, want)                                          \
  (offsetof(owner, member) + 0 * sizeof((want *)0 == &((owner *)0)->member))

#define GC_OPT_ROW(owner, member, type, what, name, text, sample, ...)         \
  {                                                                            \
    .key = (name), .kind = GC_OPT_KIND_##what,                                 \
    .offset = GC_FIELD(owner, member, type), .help = (text),                   \
    .example = (sample), __VA_ARGS__                                           \
  }
#define GC_OPT_STR(owner, member, name, dflt, opt_flags, text, sample)         \
  GC_OPT_ROW(owner, member, char *, STR, name, text, sample, .preset = (dflt), \
             .flags = (opt_flags))
#define GC_OPT_STRS(owner, member, name, text, sample)                         \
  GC_OPT_ROW(owner, member, struct gc_strs, STRS, name, text, sample,          \
             .preset = NULL)
#define GC_OPT_INT(owner, member, name, dflt, low, high, in, text, sample)     \
  GC_OPT_ROW(owner, member, uint32_t, INT, name, text, sample,                 \
             .preset = (dflt), .min = (low), .max = (high), .unit = (in))
#define GC_OPT_REAL(owner, member, name, dflt, low, high, in, text, sample)    \
  GC_OPT_ROW(owner, member, double, REAL, name, text, sample,                  \
             .preset = (dflt), .min = (low), .max = (high), .unit = (in))
#define GC_OPT_REALS(owner, member, name, dflt, low, high, in, text, sample)   \
  GC_OPT_ROW(owner, member, struct gc_reals, REALS, name, text, sample,        \
             .preset = (dflt), .min = (low), .max = (high), .unit = (in))
#define GC_OPT_BOOL(owner, member, name, dflt, text, sample)                   \
  GC_OPT_ROW(owner, member, bool, BOOL, name, text, sample, .preset = (dflt))
#define GC_OPT_ENUM(owner, member, name, dflt, words, text, sample)            \
  GC_OPT_ROW(owner, member, int, ENUM, name, text, sample, .preset = (dflt),   \
             .choices = (words))
#define GC_OPT_END                                                             \
  { .key = NULL }

/* One kind of block of a plugin: <Queues "all"> … </Queues>. */
struct gc_block_kind {
  const char *key;           /* "Queues" */
  const struct gc_opt *rows; /* GC_OPT_END at the end */
  size_t size;               /* bytes of the settings struct */
  const char *help;          /* for the manual */
  bool named;                /* has exactly one string argument, its name */
  /* Reads a block, in the order of the file. `name` is borrowed (NULL for an
   * unnamed kind). The callee owns `settings` from now on, also after a failure
   * (gc_options_clear, then free). The caller adds plugin and block to `err`.
   */
  enum gc_code (*read)(const char *name, void *settings, struct gc_err *err);
};

/* The blocks and options that the <Plugin> sections of a plugin held so far:
 * collectd calls the config callback once for each section. Zeroed before the
 * first section. */
struct gc_config_seen {
  struct gc_strs blocks; /* "<Queues \"all\">" */
  uint64_t options;      /* bits 1 << row: options given outside of any block */
  bool begun;            /* `settings` hold the defaults */
};
GC_API void gc_config_seen_clear(struct gc_config_seen *seen);

/* A plugin's whole configuration. */
struct gc_config {
  const char *plugin;        /* "genesys_realtime" */
  const struct gc_opt *rows; /* options outside of any block; may be NULL. None
                                is GC_OPT_NEEDED: a later section may hold it */
  void *settings;            /* of those options, zeroed */
  const struct gc_block_kind *blocks; /* .key NULL at the end; may be NULL */
  struct gc_config_seen *seen;        /* the same for all sections */
};

/* Fills a zeroed struct with the rows' defaults, which are values that the rows
 * accept. */
GC_API void gc_options_preset(const struct gc_opt *rows, void *settings);

/* Fills `warning` and returns true if ConnectTimeout is longer than Timeout,
 * unless it is the default of 5 s: an operator may lower Timeout alone. */
GC_API bool gc_options_warn_timeouts(uint32_t timeout_s,
                                     uint32_t connect_timeout_s,
                                     struct gc_err *warning);

/* Reads one <Plugin> section; a plugin may have several. The text of a failure
 * (GC_ERR_CONFIG) names plugin, block, option, the bad value and the accepted
 * values, and never the value of a secret (GC_OPT_SECRET):
 *   genesys_realtime: <Queues "all">: unknown option "Acount" (option 3 of the
 *   block); did you mean "Account"? Accepted: Account, Stream, …
 * Keys, words of an ENUM and booleans are compared without regard to case, as
 * collectd does. Numbers and booleans may be quoted; a text that collectd's
 * scanner reads as a number or boolean is refused with a hint to quote it. An
 * option given twice is an error, except for STRS and REALS; so are two blocks
 * of one kind and name, also in different sections. collectd's own parser drops
 * a block without name and option ("<Health></Health>"). */
GC_API GC_MUST_CHECK enum gc_code
gc_config_read(const struct gc_config *config, const struct oconfig_item_s *ci,
               struct gc_err *err);

/* Frees the memory that the rows own (overwrites secrets first) and zeroes the
 * rest. */
GC_API void gc_options_clear(const struct gc_opt *rows, void *settings);

#endif
