/* SPDX-License-Identifier: MIT */
#include "common/health/event.h"

#include <stdio.h>

#include "common/base/utf8.h"

/* One outage changes the state up to twice: by its cause and by the next
 * reading. So the number of changes is shown from three on. */
enum { CHANGES_OF_ONE = 2 };

void gc_health_event_message(const struct gc_health_event *event,
                             char out[GC_HEALTH_MESSAGE_SIZE]) {
  const struct gc_health_row *row = gc_health_row(event->state);
  const struct gc_health_cause *cause = &event->cause;
  char text[1024], changes[64] = "";
  bool is_failing = row->severity != GC_HEALTH_OKAY;
  bool has_cause = is_failing && cause->err.code != GC_OK;
  if (event->changes > CHANGES_OF_ONE)
    snprintf(changes, sizeof(changes), " [%u changes since the last one]",
             (unsigned)event->changes);
  snprintf(text, sizeof(text), "%s: %s (was %s)%s: %s%s%s", event->id.name,
           row->word, gc_health_row(event->before)->word, changes,
           has_cause ? cause->name : "", has_cause ? ": " : "",
           has_cause ? cause->err.text : row->why);
  gc_utf8_copy_printable(out, GC_HEALTH_MESSAGE_SIZE, text, ' ');
}
