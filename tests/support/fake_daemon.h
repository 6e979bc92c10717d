/* SPDX-License-Identifier: MIT */
/* As much of collectd 5.12 as the suite uses, for programs without a daemon:
 * define nothing, link this, and plugin_register_*, plugin_dispatch_values,
 * plugin_log and so on are here. A test lets the registered callbacks run and
 * asks what came out.
 *
 *   fake_reset();
 *   module_register();
 *   CHECK_INT(fake_config("<Plugin genesys>\n…</Plugin>\n"), 0);
 *   CHECK_INT(fake_init(), 0);
 *   fake_read(NULL);
 *   CHECK_REAL(fake_gauge("genesys-Sales/queue_depth-voice"), 4);
 *   CHECK(fake_log_has("WARNING genesys: account prod: "));
 *   fake_shutdown();
 *
 * What the daemon does to a value list is done here too: an empty host becomes
 * hostname_g, time 0 now, interval 0 the context's, slashes go, a list of an
 * unknown data set or of another length is dropped with a log line.
 * Any thread, except that reset and shutdown want no other one at work. */
#ifndef GC_TESTS_SUPPORT_FAKE_DAEMON_H
#define GC_TESTS_SUPPORT_FAKE_DAEMON_H

#include "collectd.h"
#include "plugin.h"

/* Forgets everything but the data sets, which the suite registers once per
 * process; what free_func callbacks own is freed. hostname_g is
 * "host.example", the interval 10 s, the clock the real one. */
void fake_reset(void);

/* Runs the config callbacks on each <Plugin> section of the text; the first
 * status that is not 0, -1 for a syntax error or an unknown plugin. */
int fake_config(const char *text);
/* Runs the init callbacks, those included that init callbacks register; the
 * first status that is not 0. */
int fake_init(void);
/* Runs the read callback `name`, or all (NULL), once; how many failed. */
int fake_read(const char *name);
/* What plugin_shutdown_all does, in its order: the read callbacks' free_func,
 * the queue is lost, flush, shutdown callbacks, the other free_funcs. Returns
 * the number of value lists that were lost in the queue. */
size_t fake_shutdown(void);
/* True when a callback of that name is registered: "read", "write", "init",
 * "shutdown", "flush", "config", "notification", "log". */
bool fake_has(const char *kind, const char *name);

/* Dispatched value lists, in order, as the writers see them. Names are
 * "plugin-instance/type-instance", with "host/" in front where two hosts
 * matter. A list lives until fake_reset or fake_values_clear. */
size_t fake_value_count(void);
const value_list_t *fake_value(size_t i);
/* The newest of that name, or NULL. */
const value_list_t *fake_value_of(const char *name);
size_t fake_value_count_of(const char *name);
/* First data source of the newest; NAN, or INT64_MIN, when there is none. */
double fake_gauge(const char *name);
int64_t fake_derive(const char *name);
void fake_values_clear(void);

/* Log lines as "WARNING text", in order. */
size_t fake_log_count(void);
const char *fake_log(size_t i); /* "" when there is none */
bool fake_log_has(const char *part);
void fake_log_clear(void);

/* How often a data set was registered. */
size_t fake_data_set_count(const char *type);

/* The write queue: while held, what is dispatched stays in it until the test
 * lets it through to the write callbacks, oldest first. Not held (the default
 * after fake_reset): each dispatch runs the write callbacks at once. */
void fake_hold(bool held);
size_t fake_queued(void);
/* Lets `max` values pass at most and returns their number. The calling thread
 * plays the write thread. */
size_t fake_let_through(size_t max);
/* Drops the oldest `max` values, like a filter chain; returns their number. */
size_t fake_lose(size_t max);

/* plugin_dispatch_values fails with ENOMEM from now on. */
void fake_dispatch_fails(bool fails);
/* What cdtime() answers; 0: the real time. */
void fake_time_set(cdtime_t now);
void fake_interval_set(cdtime_t interval);
/* hostname_g is a copy of `name` from now on. */
void fake_hostname_set(const char *name);
/* What global_option_get answers ("BaseDir"); value NULL removes it. */
void fake_global_option_set(const char *option, const char *value);

#endif
