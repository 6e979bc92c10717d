/* SPDX-License-Identifier: MIT */
#include "common/health/entity.h"

#include "common/base/assert.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- the next state ---- */

static_assert(GC_CODE_COUNT <= 32, "codes has one bit for each code");

static const struct gc_health_row state_rows[] = {
#define XX(id, word, severity, status, why)                                    \
  [GC_HEALTH_##id] = {word, GC_HEALTH_##severity, status, why},
    GC_HEALTH_STATE_MAP(XX)
#undef XX
};

const struct gc_health_row *gc_health_row(enum gc_health_state state) {
  return &state_rows[(unsigned)state < GC_HEALTH_STATE_COUNT ? state
                                                             : GC_HEALTH_DOWN];
}

static bool has_code(uint32_t codes, enum gc_code code) {
  return (codes & UINT32_C(1) << (unsigned)code) != 0;
}

/* True for a code of a service that does not answer. */
static bool is_outage(enum gc_code code) {
  return code == GC_ERR_NETWORK || code == GC_ERR_TLS ||
         code == GC_ERR_TIMEOUT || code == GC_ERR_REMOTE;
}

/* True if a 403 explains the outage. If a service also does not answer, the 403
 * is of a side task, or is not the only failure. */
static bool is_forbidden(uint32_t outage) {
  for (int code = 0; code < GC_CODE_COUNT; code++)
    if (is_outage((enum gc_code)code) && has_code(outage, (enum gc_code)code))
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

/* ---- causes ---- */

static struct gc_health_cause *find_cause(struct gc_health_entity *e,
                                          const char *name) {
  char cut[GC_HEALTH_CAUSE_SIZE];
  snprintf(cut, sizeof(cut), "%s", name);
  for (size_t i = 0; i < e->cause_count; i++)
    if (strcmp(e->causes[i].name, cut) == 0)
      return &e->causes[i];
  return NULL;
}

static void remove_cause(struct gc_health_entity *e,
                         struct gc_health_cause *cause) {
  GC_ASSERT(cause >= e->causes && cause < e->causes + e->cause_count);
  size_t at = (size_t)(cause - e->causes);
  memmove(cause, cause + 1, (e->cause_count - at - 1) * sizeof(*cause));
  e->cause_count--;
}

static bool ends_with(const char *name, const char *end) {
  size_t name_len = strlen(name), end_len = strlen(end);
  return name_len >= end_len && strcmp(name + name_len - end_len, end) == 0;
}

/* True for a cause that no GC_OK may end, since it reports an event of a single
 * message, topic or file. The cause of an unknown word has the word in quotes.
 * The cause of a pattern that matches nothing has quotes too, but a GC_OK ends
 * it; the error code distinguishes the two. */
static bool is_occurrence(const struct gc_health_cause *cause) {
  static const char *const names[] = {
      "attributes or clock", "handshake",           "ignored observations",
      "late attributes",     "lost data in Redis",  "messages",
      "no events",           "quarantine",          "refused names",
      "state file",          "state file restored", "state file moved aside",
      "unread events",       "unread times"};
  for (size_t i = 0; i < GC_COUNT(names); i++)
    if (strcmp(cause->name, names[i]) == 0)
      return true;
  return strncmp(cause->name, "topic ", strlen("topic ")) == 0 ||
         ends_with(cause->name, " frames") ||
         (cause->err.code == GC_ERR_PARSE && strchr(cause->name, '"') != NULL);
}

bool gc_health_is_information(const char *cause, enum gc_code code) {
  bool is_pair = code == GC_ERR_PARSE && strncmp(cause, "names of ", 9) == 0;
  bool is_unknown_list =
      code == GC_ERR_NOT_FOUND && strncmp(cause, "list of ", 8) == 0;
  return is_pair || is_unknown_list;
}

/* True for a cause that concerns the whole account. */
static bool is_of_account(const struct gc_health_cause *cause) {
  return strcmp(cause->name, "api") == 0 || strcmp(cause->name, "token") == 0;
}

static void drop_oldest(struct gc_health_entity *e) {
  for (size_t i = 0; i < e->cause_count; i++)
    if (is_occurrence(&e->causes[i])) {
      remove_cause(e, &e->causes[i]);
      return;
    }
  size_t at = 0;
  while (at + 1 < e->cause_count && is_of_account(&e->causes[at]))
    at++;
  remove_cause(e, &e->causes[at]);
}

static struct gc_health_cause *add_cause(struct gc_health_entity *e,
                                         const char *name,
                                         const struct gc_health_time *t) {
  if (e->cause_count == GC_HEALTH_CAUSES_MAX)
    drop_oldest(e);
  GC_ASSERT(e->cause_count < GC_HEALTH_CAUSES_MAX);
  struct gc_health_cause *cause = &e->causes[e->cause_count++];
  *cause = (struct gc_health_cause){.since = *t};
  snprintf(cause->name, sizeof(cause->name), "%s", name);
  return cause;
}

void gc_health_entity_note(struct gc_health_entity *e, const char *name,
                           const struct gc_err *err,
                           const struct gc_health_time *t) {
  enum gc_code code = err != NULL ? err->code : GC_OK;
  struct gc_health_cause *cause = find_cause(e, name);
  if (code == GC_ERR_STOPPED || gc_health_is_information(name, code))
    return;
  if (code == GC_OK && cause != NULL)
    remove_cause(e, cause);
  if (code != GC_OK) {
    if (cause == NULL)
      cause = add_cause(e, name, t);
    cause->err = *err;
    cause->last = *t;
    if (err->text[0] == '\0')
      snprintf(cause->err.text, sizeof(cause->err.text), "%s",
               gc_code_words(code));
    e->last_error = *cause;
  }
  gc_health_entity_tick(e, t);
}

static void end_occurrences(struct gc_health_entity *e,
                            const struct gc_health_time *t) {
  for (size_t i = e->cause_count; i-- > 0;)
    if (is_occurrence(&e->causes[i]) && t->now_ms > e->causes[i].last.now_ms &&
        t->now_ms - e->causes[i].last.now_ms > GC_HEALTH_OCCURRENCE_MS)
      remove_cause(e, &e->causes[i]);
}

/* True for a cause whose failure leaves the account without values. "api" may
 * be one endpoint of many: a later answer shows that others work.
 * GC_HEALTH_LATE_MS: the next reading may still have an answer from before the
 * failure. */
static bool is_essential(const struct gc_health_entity *e,
                         const struct gc_health_cause *cause) {
  bool others_work = strcmp(cause->name, "api") == 0 &&
                     e->answered_ms > cause->since.now_ms + GC_HEALTH_LATE_MS;
  return is_of_account(cause) && !others_work &&
         gc_code_is_shared(cause->err.code) &&
         cause->err.code != GC_ERR_THROTTLED;
}

/* True for the cause of a channel (net/channels/slot). A second channel that
 * fails and a message that cannot be read silence nothing. */
static bool is_stream(const struct gc_health_cause *cause) {
  return strncmp(cause->name, "stream", strlen("stream")) == 0 &&
         !ends_with(cause->name, " renewal") &&
         !ends_with(cause->name, " frames");
}

const struct gc_health_cause *
gc_health_entity_stream(const struct gc_health_entity *account) {
  const struct gc_health_cause *found = NULL;
  for (size_t i = 0; i < account->cause_count; i++) {
    const struct gc_health_cause *cause = &account->causes[i];
    bool is_found_silent = found != NULL && found->err.code == GC_ERR_TIMEOUT;
    if (is_stream(cause) &&
        (!is_found_silent || cause->err.code == GC_ERR_TIMEOUT))
      found = cause;
  }
  return found;
}

static bool is_cause_of(const struct gc_health_source *s,
                        const struct gc_health_cause *cause) {
  static const char *const others[][2] = {
      {"writer", "database"}, {"sqs", "queue"}, {"webhook", "listening"}};
  for (size_t i = 0; i < GC_COUNT(others); i++)
    if (strcmp(s->name, others[i][0]) == 0 &&
        strcmp(cause->name, others[i][1]) == 0)
      return true;
  return strcmp(s->name, cause->name) == 0;
}

/* True for the cause of a source that is down. A cause that only refers to the
 * account (GC_ERR_UNAVAILABLE) explains nothing. */
static bool is_of_source(const struct gc_health_entity *e,
                         const struct gc_health_cause *cause) {
  const struct gc_health_reading *r = &e->reading;
  if (cause->err.code == GC_ERR_UNAVAILABLE)
    return false;
  for (size_t i = 0; i < r->source_count; i++)
    if (!r->sources[i].is_up && is_cause_of(&r->sources[i], cause))
      return true;
  return false;
}

/* True for a cause that can take values away. A limit, a pattern and an unknown
 * word cannot. Of an account only "token" and "api" can. */
static bool may_explain(const struct gc_health_entity *e,
                        const struct gc_health_cause *cause) {
  if (e->id.kind == GC_HEALTH_ACCOUNT)
    return is_of_account(cause);
  return cause->err.code != GC_ERR_LIMIT &&
         cause->err.code != GC_ERR_UNAVAILABLE &&
         strchr(cause->name, '"') == NULL;
}

/* Prefers the cause of a source that is down. */
static const struct gc_health_cause *
cause_with(const struct gc_health_entity *e, enum gc_code code) {
  const struct gc_health_cause *found = NULL;
  for (size_t i = e->cause_count; i-- > 0;)
    if (e->causes[i].err.code == code &&
        (found == NULL ||
         (is_of_source(e, &e->causes[i]) && !is_of_source(e, found))))
      found = &e->causes[i];
  if (found != NULL)
    return found;
  return e->account.err.code == code ? &e->account : NULL;
}

static const struct gc_health_cause *
newest_of_outage(const struct gc_health_entity *e, bool has_code_of_outage) {
  for (size_t i = e->cause_count; i-- > 0;)
    if (may_explain(e, &e->causes[i]) &&
        (!has_code_of_outage || is_outage(e->causes[i].err.code)))
      return &e->causes[i];
  return NULL;
}

static const struct gc_health_cause *
cause_of_outage(const struct gc_health_entity *e) {
  const struct gc_health_cause *cause = NULL;
  for (size_t i = e->cause_count; i-- > 0;)
    if (is_of_source(e, &e->causes[i]))
      return &e->causes[i];
  cause = newest_of_outage(e, true);
  if (cause == NULL && e->account.err.code != GC_OK)
    cause = &e->account;
  if (cause == NULL && e->concern == GC_HEALTH_SILENT &&
      e->stream.err.code != GC_OK)
    cause = &e->stream;
  if (cause == NULL && e->budget.err.code != GC_OK)
    cause = &e->budget;
  if (cause == NULL)
    cause = newest_of_outage(e, false);
  return cause != NULL ? cause : cause_with(e, GC_ERR_UNAVAILABLE);
}

static const struct gc_health_cause *
newest_cause(const struct gc_health_entity *e) {
  for (size_t i = e->cause_count; i-- > 0;)
    if (e->causes[i].err.code != GC_ERR_UNAVAILABLE)
      return &e->causes[i];
  return cause_with(e, GC_ERR_UNAVAILABLE);
}

/* Prefers the account's cause to the block's own GC_ERR_UNAVAILABLE, which only
 * refers to the account. */
const struct gc_health_cause *
gc_health_entity_cause(const struct gc_health_entity *e) {
  static const struct {
    enum gc_health_state state;
    enum gc_code code;
  } rows[] = {{GC_HEALTH_REFUSED, GC_ERR_AUTH},
              {GC_HEALTH_PERMISSION, GC_ERR_PERMISSION},
              {GC_HEALTH_STATE, GC_ERR_STATE},
              {GC_HEALTH_BUDGET, GC_ERR_THROTTLED},
              {GC_HEALTH_LIMIT, GC_ERR_LIMIT}};
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    if (e->concern == rows[i].state)
      return cause_with(e, rows[i].code);
  if (e->concern == GC_HEALTH_STUCK)
    return NULL;
  if (e->concern == GC_HEALTH_DEGRADED &&
      cause_with(e, GC_ERR_PERMISSION) != NULL)
    return cause_with(e, GC_ERR_PERMISSION);
  return e->concern >= GC_HEALTH_SPOOLING ? cause_of_outage(e)
                                          : newest_cause(e);
}

/* ---- the state ---- */

static bool is_past(uint64_t since_ms, uint64_t now_ms, uint64_t limit_ms) {
  return now_ms > since_ms && now_ms - since_ms >= limit_ms;
}

/* Adds the state of a source. A writer that is down without a failure has not
 * sent its first lines yet, which may take a FlushInterval. `is_mute`: a
 * channel of the account is silent. Such a channel reconnects within a second
 * and is silent again, so source_up alone does not show it. */
static void add_source(struct gc_health_facts *f,
                       const struct gc_health_source *s, bool is_mute) {
  bool is_writer = strcmp(s->name, "writer") == 0;
  if (is_writer && !s->is_up && f->codes == 0)
    return;
  f->is_known = true;
  f->is_down |= !s->is_up && !is_writer && !gc_health_is_stream(s);
  f->is_spooling |= !s->is_up && is_writer;
  f->is_silent |= gc_health_is_stream(s) && (!s->is_up || is_mute);
}

/* Returns the code by which a cause decides the state. A single message that is
 * too large is no limit that leaves series out. */
static enum gc_code code_of(const struct gc_health_cause *cause) {
  bool is_one = is_occurrence(cause) || is_stream(cause);
  return is_one && cause->err.code == GC_ERR_LIMIT ? GC_ERR_PARSE
                                                   : cause->err.code;
}

/* Adds the causes that fail. Those of sources that are down, and that of the
 * account, explain an outage. Without such causes, each cause for which
 * may_explain is true explains it. */
static void add_codes(struct gc_health_facts *f,
                      const struct gc_health_entity *e) {
  uint32_t account = e->account.err.code != GC_OK
                         ? UINT32_C(1) << (unsigned)e->account.err.code
                         : 0;
  uint32_t possible = 0;
  f->codes = f->outage = account;
  for (size_t i = 0; i < e->cause_count; i++) {
    uint32_t code = UINT32_C(1) << (unsigned)code_of(&e->causes[i]);
    f->codes |= code;
    if (is_of_source(e, &e->causes[i]))
      f->outage |= code;
    if (may_explain(e, &e->causes[i]))
      possible |= code;
  }
  if (f->outage == 0)
    f->outage = possible;
}

/* Adds the state of an account's lease: lease_state in docs/metrics.md. */
static void add_lease(struct gc_health_facts *f, double state) {
  if (!isfinite(state))
    return;
  f->is_standby = state < 1.5;
  f->is_blind = state > 3.5;
  if (state > 2.5 && state < 3.5) /* goes on without Redis */
    f->codes |= UINT32_C(1) << GC_ERR_NETWORK;
}

static struct gc_health_facts facts_of(const struct gc_health_entity *e,
                                       uint64_t now_ms) {
  const struct gc_health_reading *r = &e->reading;
  struct gc_health_facts f = {.has_been_up = e->has_been_up};
  f.is_early = !is_past(e->began.now_ms, now_ms, GC_HEALTH_EARLY_MS);
  f.is_stuck =
      !e->is_off && is_past(e->read.now_ms, now_ms, GC_HEALTH_STUCK_MS);
  f.is_down = e->is_off;
  for (size_t i = 0; i < e->cause_count; i++)
    if (e->id.kind == GC_HEALTH_ACCOUNT && is_essential(e, &e->causes[i]))
      f.is_known = f.is_down = true;
  add_codes(&f, e);
  for (size_t i = 0; e->has_reading && i < r->source_count; i++)
    add_source(&f, &r->sources[i], e->stream.err.code == GC_ERR_TIMEOUT);
  if (e->has_reading && e->id.kind == GC_HEALTH_ACCOUNT)
    add_lease(&f, r->figures[GC_HEALTH_FIGURE_LEASE_STATE]);
  f.is_over_budget =
      e->over_budget_since_ms > 0 &&
      is_past(e->over_budget_since_ms, now_ms, GC_HEALTH_BUDGET_MS);
  return f;
}

static bool all_up(const struct gc_health_facts *f) {
  return f->is_known && !f->is_down && !f->is_silent && !f->is_spooling;
}

void gc_health_entity_tick(struct gc_health_entity *e,
                           const struct gc_health_time *t) {
  end_occurrences(e, t);
  struct gc_health_facts f = facts_of(e, t->now_ms);
  f.has_been_up = e->has_been_up = e->has_been_up || all_up(&f);
  enum gc_health_state next = gc_health_next(e->state, &f);
  e->concern = gc_health_concern(next, &f);
  if (next == e->state)
    return;
  e->changes += e->state != GC_HEALTH_STARTING;
  e->state = next;
  e->since = *t;
}

bool gc_health_entity_is_ready(const struct gc_health_entity *e,
                               const struct gc_health_time *t) {
  struct gc_health_facts f = facts_of(e, t->now_ms);
  return e->has_been_up || (!f.is_known && !f.is_early && !e->is_off);
}

/* ---- readings ---- */

static void note_success(struct gc_health_entity *e,
                         const struct gc_health_reading *r,
                         const struct gc_health_time *t) {
  int64_t at_ms = 0;
  if (isfinite(r->age_s) && r->age_s >= 0 && r->age_s < 1e9)
    at_ms = t->wall_ms - (int64_t)(r->age_s * 1000);
  if (r->answers > e->answers) {
    at_ms = t->wall_ms;
    e->answered_ms = t->now_ms;
  }
  e->answers = r->answers;
  if (at_ms > 0)
    e->last_success_ms = at_ms;
}

static bool is_over_budget(const struct gc_health_reading *r) {
  return r->figures[GC_HEALTH_FIGURE_PAUSE] > 0 ||
         (r->figures[GC_HEALTH_FIGURE_BUDGET] < 1 &&
          r->figures[GC_HEALTH_FIGURE_PENDING] > 0);
}

void gc_health_entity_read(struct gc_health_entity *e,
                           const struct gc_health_reading *r,
                           const struct gc_health_time *t) {
  e->reading = *r;
  e->has_reading = true;
  e->read = *t;
  note_success(e, r, t);
  if (e->id.kind != GC_HEALTH_ACCOUNT || !is_over_budget(r))
    e->over_budget_since_ms = 0;
  else if (e->over_budget_since_ms == 0)
    e->over_budget_since_ms = t->now_ms;
  gc_health_entity_tick(e, t);
}

void gc_health_entity_fail(struct gc_health_entity *e, const struct gc_err *err,
                           const struct gc_health_time *t) {
  e->is_off = true;
  gc_health_entity_note(e, "start", err, t);
}

void gc_health_entity_init(struct gc_health_entity *e,
                           const struct gc_health_id *id,
                           const struct gc_health_time *t) {
  *e = (struct gc_health_entity){.id = *id,
                                 .began = *t,
                                 .read = *t,
                                 .since = *t,
                                 .write_latency_ms = -1,
                                 .state = GC_HEALTH_STARTING,
                                 .concern = GC_HEALTH_STARTING,
                                 .reported = GC_HEALTH_UP};
  (void)gc_health_reading_begin(&e->reading);
}

/* ---- notifications ---- */

/* True if another notification may be sent: the oldest of the last
 * GC_HEALTH_EVENTS_MAX is out of the period. */
static bool may_send(const struct gc_health_entity *e, uint64_t now_ms) {
  uint64_t oldest_ms = e->sent_ms[e->sent_at];
  return oldest_ms == 0 || is_past(oldest_ms, now_ms, GC_HEALTH_EVENTS_MS);
}

bool gc_health_entity_report(struct gc_health_entity *e,
                             const struct gc_health_time *t,
                             uint32_t *ret_changes) {
  gc_health_entity_tick(e, t);
  if (e->state == e->reported || e->state == GC_HEALTH_STARTING ||
      !is_past(e->since.now_ms, t->now_ms, GC_HEALTH_HOLD_MS) ||
      !may_send(e, t->now_ms))
    return false;
  e->sent_ms[e->sent_at] = t->now_ms;
  e->sent_at = (e->sent_at + 1) % GC_HEALTH_EVENTS_MAX;
  e->reported = e->state;
  *ret_changes = e->changes;
  e->changes = 0;
  return true;
}
