/* SPDX-License-Identifier: MIT */
/* The checks of genesys-probe, a row for each, their results, and how these are
 * written for people and for programs. Pure.
 *
 * A result belongs to a check and a subject ("genesys_realtime", a block). It
 * has a state and one line of text. The advice to the operator comes from the
 * check's row, so that two results of one check never give different advice. */
#ifndef PROBE_CHECKS_H
#define PROBE_CHECKS_H

#include "common/base/buf.h"
#include "common/base/err.h"

/* In the order of the output. */
enum probe_check {
  PROBE_AGENT,   /* does collectd read the file to its end? */
  PROBE_HOST,    /* errors and warnings of collectd itself */
  PROBE_PLUGINS, /* which plugins of the suite are loaded? */
  PROBE_OPTIONS, /* does a plugin accept its <Plugin> sections? */
  PROBE_ACCOUNT, /* is the account of a block defined? */
  PROBE_FOLDER,  /* can StateDir be written, or made? */
  /* The rest needs the network. */
  PROBE_DNS,          /* does the name of the server have an address? */
  PROBE_TCP,          /* can this host connect to the server? */
  PROBE_TLS,          /* is the certificate valid, and for how long? */
  PROBE_TOKEN,        /* do the credentials get a token? */
  PROBE_ORGANISATION, /* whose data are these? */
  PROBE_CLOCK,        /* does this host's clock agree with the server's? */
  PROBE_PERMISSION,   /* does the client have each permission of a block? */
  PROBE_QUEUES,       /* which queues does a block select? */
  PROBE_POLL,         /* does one poll get an answer? */
  PROBE_CHANNEL,      /* do a channel, its socket and a topic work? */
  PROBE_SQS,          /* can a queue of SQS be read? */
  PROBE_REDIS,        /* can a Redis keep the shared counts or the lease? */
  PROBE_INFLUXDB,     /* does the database take lines? */
  PROBE_END,          /* did all checks end? */
  PROBE_LOG,          /* what do the plugins log during checks and polls? */
  PROBE_VALUES,       /* does a block have values? */
  PROBE_CHECK_COUNT
};

struct probe_check_row {
  const char *name; /* "options" */
  const char *asks; /* the question, for the manual and JSON */
  const char *next; /* advice to the operator if the state is not ok */
};

/* Returns the check of this name; PROBE_CHECK_COUNT: there is none. */
enum probe_check probe_check_of(const char *name);
/* Returns the row; never NULL. */
const struct probe_check_row *probe_check_row(enum probe_check check);

enum probe_state { PROBE_OK, PROBE_WARNING, PROBE_FAILED, PROBE_STATE_COUNT };

/* Returns "ok", "warning" or "failed". */
const char *probe_state_name(enum probe_state state);
/* Returns the state of this name; PROBE_STATE_COUNT: there is none. */
enum probe_state probe_state_of(const char *name);

struct probe_result {
  enum probe_check check;
  enum probe_state state;
  char *subject; /* "genesys_realtime: <Queues \"all\">" */
  char *what;    /* one line */
};

/* Zeroed at first. The worst state is the exit status of the program. */
struct probe_results {
  struct probe_result *at;
  size_t count, cap;
  size_t of_state[PROBE_STATE_COUNT];
};

enum { PROBE_RESULTS_MAX = 10000 };

/* Adds a result; a line break in `what` becomes a blank. GC_ERR_LIMIT beyond
 * PROBE_RESULTS_MAX. */
GC_MUST_CHECK enum gc_code probe_results_add(struct probe_results *r,
                                             enum probe_check check,
                                             enum probe_state state,
                                             const char *subject,
                                             const char *what);
/* Returns the worst state of all results; PROBE_OK when there is none. */
enum probe_state probe_results_worst(const struct probe_results *r);
/* Sorts by check; the results of one check keep their order. */
void probe_results_sort(struct probe_results *r);
void probe_results_clear(struct probe_results *r);

/* ---- for people and for programs ---- */

/* The first two are for results; all are for values (probe/values/format.h). */
enum probe_format {
  PROBE_TABLE,
  PROBE_JSON,
  PROBE_PUTVAL,
  PROBE_INFLUX,
  PROBE_PROMETHEUS,
  PROBE_FORMAT_COUNT
};

/* Returns the format of that name ("table", "putval"); PROBE_FORMAT_COUNT when
 * there is none. */
enum probe_format probe_format_of(const char *name);

/* Appends the results:
 *
 *   STATE   CHECK    SUBJECT  WHAT
 *   failed  options  genesys  <Account "prod">: unknown option "Timeuot" …
 *                             next: correct the option; …
 *   failed: 1, warnings: 0, ok: 2
 *
 * or one JSON object with the members result, failed, warnings, ok and checks
 * (check, asks, subject, state, what; next if the state is not ok). */
GC_MUST_CHECK enum gc_code probe_render(const struct probe_results *r,
                                        enum probe_format format,
                                        struct gc_buf *out, struct gc_err *err);

/* Adds those members to the object `root`. */
struct gc_document;
struct json_object;
void probe_render_document(const struct probe_results *r, struct gc_document *d,
                           struct json_object *root);

#endif
