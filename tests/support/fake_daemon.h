/* SPDX-License-Identifier: MIT */
/* The part of collectd 5.12 that the suite uses, for programs without a daemon:
 * link this, and it defines plugin_register_*, plugin_dispatch_values,
 * plugin_log and so on. A test runs the registered callbacks and checks the
 * values and log lines.
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
 * A value list is changed as by the daemon: an empty host becomes hostname_g,
 * time 0 becomes the present time, and interval 0 becomes that of the context;
 * a leading slash is removed, and others become "_"; a list of an unknown data
 * set or of a wrong length is dropped with a log line. Any thread, but reset
 * and shutdown only while no other thread uses it. */
#ifndef GC_TESTS_SUPPORT_FAKE_DAEMON_H
#define GC_TESTS_SUPPORT_FAKE_DAEMON_H

#include "collectd.h"
#include "plugin.h"

/* Resets everything except the data sets, which the suite registers once per
 * process; frees user data by the free_func of each callback. hostname_g is
 * "host.example", the interval is 10 s, and the clock is the real one. */
void fake_reset(void);

/* Runs the config callbacks on each <Plugin> section of the text. Returns the
 * first status that is not 0, or -1 for a syntax error or an unknown plugin. */
int fake_config(const char *text);
/* Runs the init callbacks, also those that init callbacks register. Returns the
 * first status that is not 0. */
int fake_init(void);
/* Runs the read callback `name`, or all (NULL), once; returns how many
 * failed. */
int fake_read(const char *name);
/* Returns the interval in ms at which collectd would call the read callback; 0:
 * that of the plugin, or there is no such callback. */
int64_t fake_read_interval_ms(const char *name);
/* Does the work of plugin_shutdown_all in its order: calls the free_func of the
 * read callbacks, drops the queue, calls the flush and shutdown callbacks and
 * the other free_funcs. Returns the number of value lists lost in the queue. */
size_t fake_shutdown(void);
/* True if a callback of that name is registered: "read", "write", "init",
 * "shutdown", "flush", "config", "notification", "log". */
bool fake_has(const char *kind, const char *name);

/* Dispatched value lists, in order, as the writers see them. Names are
 * "plugin-instance/type-instance", with "host/" in front where two hosts
 * matter. A list lives until fake_reset or fake_values_clear. */
size_t fake_value_count(void);
const value_list_t *fake_value(size_t i);
/* Returns the newest list of that name, or NULL. */
const value_list_t *fake_value_of(const char *name);
size_t fake_value_count_of(const char *name);
/* Returns the first data source of the newest list; NAN, or INT64_MIN, when
 * there is none. */
double fake_gauge(const char *name);
int64_t fake_derive(const char *name);
void fake_values_clear(void);

/* Log lines as "WARNING text", in order. */
size_t fake_log_count(void);
const char *fake_log(size_t i); /* "" when there is none */
bool fake_log_has(const char *part);
void fake_log_clear(void);

/* Sets the plugin that plugin_is_loaded reports; NULL: none. */
void fake_load(const char *plugin);

/* Returns how often a data set was registered. */
size_t fake_data_set_count(const char *type);

/* The write queue. While it is held, dispatched values stay in it until the
 * test passes them to the write callbacks, oldest first. While it is not held
 * (the default after fake_reset), each dispatch runs the write callbacks at
 * once. */
void fake_hold(bool held);
size_t fake_queued(void);
/* Passes at most `max` values and returns their number. The calling thread acts
 * as the write thread. */
size_t fake_let_through(size_t max);
/* Drops the oldest `max` values, like a filter chain; returns their number. */
size_t fake_lose(size_t max);

/* Makes plugin_dispatch_values fail with ENOMEM from now on. */
void fake_dispatch_fails(bool fails);
/* Sets the result of cdtime(); 0: the real time. */
void fake_time_set(cdtime_t now);
void fake_interval_set(cdtime_t interval);
/* Sets hostname_g to a copy of `name`. */
void fake_hostname_set(const char *name);
/* Sets the result of global_option_get ("BaseDir"); value NULL removes it. */
void fake_global_option_set(const char *option, const char *value);

#endif
