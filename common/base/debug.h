/* SPDX-License-Identifier: MIT */
/* Debug lines say what the plugins do. They are for an operator who looks for a
 * fault. docs/troubleshooting.md lists them. A line names functions, states,
 * sizes and counts; never a secret, an id of a person, a session or a contact,
 * and never a body.
 *
 * The destination is the only global state in base: a debug line changes no
 * behaviour, and every layer writes debug lines. */
#ifndef GC_BASE_DEBUG_H
#define GC_BASE_DEBUG_H

#include "common/base/cleanup.h"

/* Receives one line without its end. Any thread. */
typedef void gc_debug_fn(const char *line);

/* Sets the function that writes the lines; NULL, the default, drops them. Call
 * it before threads start: the configuration callback calls it for the option
 * Debug. */
GC_API void gc_debug_to(gc_debug_fn *write);

/* Writes a line of at most 511 bytes; a longer line is cut. Costs a comparison
 * when debug lines are off. Any thread. */
GC_API void gc_debug(const char *format, ...) GC_PRINTF(1, 2);

#endif
