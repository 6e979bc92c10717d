/* SPDX-License-Identifier: MIT */
#include "common/health/state.h"

#include <assert.h>

#include "common/base/assert.h"

static_assert(GC_CODE_COUNT <= 32, "codes has one bit for each code");

static const struct gc_health_row rows[] = {
#define XX(id, word, severity, status, why)                                    \
  [GC_HEALTH_##id] = {word, GC_HEALTH_##severity, status, why},
    GC_HEALTH_STATE_MAP(XX)
#undef XX
};

const struct gc_health_row *gc_health_row(enum gc_health_state state) {
  return &rows[(unsigned)state < GC_HEALTH_STATE_COUNT ? state
                                                       : GC_HEALTH_DOWN];
}

static bool has_code(uint32_t codes, enum gc_code code) {
  return (codes & UINT32_C(1) << (unsigned)code) != 0;
}

bool gc_health_is_outage(enum gc_code code) {
  return code == GC_ERR_NETWORK || code == GC_ERR_TLS ||
         code == GC_ERR_TIMEOUT || code == GC_ERR_REMOTE;
}

/* True if a 403 explains the outage. If a service also does not answer, the 403
 * is of a side task, or is not the only failure. */
static bool is_forbidden(uint32_t outage) {
  for (int code = 0; code < GC_CODE_COUNT; code++)
    if (gc_health_is_outage((enum gc_code)code) &&
        has_code(outage, (enum gc_code)code))
      return false;
  return has_code(outage, GC_ERR_PERMISSION);
}

/* True if values are missing: a failed cause alone concerns a side task. */
static bool lacks_values(const struct gc_health_facts *f) {
  return f->is_down || f->is_silent || f->is_spooling;
}

/* True if nothing has worked yet and nothing has failed. A source that does not
 * report yet whether it works, such as a query whose first interval is not
 * over, has no limit of time. */
static bool is_starting(enum gc_health_state now,
                        const struct gc_health_facts *f) {
  return now == GC_HEALTH_STARTING && !f->has_been_up && f->codes == 0 &&
         (f->is_early || !f->is_known);
}

enum gc_health_state gc_health_next(enum gc_health_state now,
                                    const struct gc_health_facts *f) {
  const struct {
    bool holds;
    enum gc_health_state state;
  } found[] = {
      {f->is_stuck, GC_HEALTH_STUCK},
      {is_starting(now, f), GC_HEALTH_STARTING},
      {lacks_values(f) && has_code(f->outage, GC_ERR_AUTH), GC_HEALTH_REFUSED},
      {lacks_values(f) && is_forbidden(f->outage), GC_HEALTH_PERMISSION},
      {f->is_down, GC_HEALTH_DOWN},
      {f->is_blind, GC_HEALTH_BLIND},
      {f->is_silent, GC_HEALTH_SILENT},
      {f->is_spooling, GC_HEALTH_SPOOLING},
      {f->is_standby, GC_HEALTH_STANDBY},
      {has_code(f->codes, GC_ERR_STATE), GC_HEALTH_STATE},
      {f->is_over_budget || has_code(f->codes, GC_ERR_THROTTLED),
       GC_HEALTH_BUDGET},
      {has_code(f->codes, GC_ERR_LIMIT), GC_HEALTH_LIMIT},
      {f->codes != 0, GC_HEALTH_DEGRADED},
  };
  GC_ASSERT((f->outage & ~f->codes) == 0 && now < GC_HEALTH_STATE_COUNT);
  for (size_t i = 0; i < GC_COUNT(found); i++)
    if (found[i].holds)
      return found[i].state;
  return GC_HEALTH_UP;
}

enum gc_health_state gc_health_concern(enum gc_health_state state,
                                       const struct gc_health_facts *f) {
  if (state != GC_HEALTH_STANDBY)
    return state;
  struct gc_health_facts as_holder = *f;
  as_holder.is_standby = false;
  enum gc_health_state concern = gc_health_next(state, &as_holder);
  return concern != GC_HEALTH_UP ? concern : state;
}
