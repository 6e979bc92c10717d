/* SPDX-License-Identifier: MIT */
/* Shared by the files of the fake daemon; tests do not need it. */
#ifndef GC_TESTS_SUPPORT_FAKE_DAEMON_INTERNAL_H
#define GC_TESTS_SUPPORT_FAKE_DAEMON_INTERNAL_H

#include "tests/support/fake_daemon.h"

/* Grows an array by one element; aborts when out of memory. */
void *fake_grow(void *array, size_t len, size_t size);

/* Runs the write callbacks in the order of their registration. */
void fake_call_writers(const data_set_t *ds, const value_list_t *vl);

/* Waits until no thread is in fake_let_through, as collectd does before it
 * forgets its writers. */
void fake_stop_writing(void);

void fake_values_reset(void); /* values, queue */
void fake_world_reset(void);  /* log, clock, host name, global options */

/* Sets the name in the context of the callback that runs next; borrowed. */
void fake_plugin_set(char *name);

#endif
