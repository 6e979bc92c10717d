/* SPDX-License-Identifier: MIT */
#include "probe/checks.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/json/document.h"

static const struct probe_check_row rows[PROBE_CHECK_COUNT] = {
    [PROBE_AGENT] = {"agent", "Does collectd read the file to its end?",
                     "correct the mistake that collectd reports; until then "
                     "collectd does not start with this file"},
    [PROBE_HOST] = {"collectd", "What does collectd itself report?",
                    "correct it in collectd.conf; a section of a plugin needs "
                    "the LoadPlugin of its plugin above it"},
    [PROBE_PLUGINS] = {"plugins", "Which plugins of this suite are loaded?",
                       "add LoadPlugin genesys and the plugins that you "
                       "need; examples/collectd.conf.d has files to copy"},
    [PROBE_OPTIONS] = {"options",
                       "Does the plugin accept its <Plugin> sections?",
                       "correct the option; the manual page "
                       "collectd-PLUGIN(5) has all of them"},
    [PROBE_ACCOUNT] = {"account",
                       "Is the account that the block names defined, and does "
                       "a block use each account?",
                       "a block without its account does not run: add the "
                       "<Account> to <Plugin genesys>, or correct Account in "
                       "the block; an account without a block reads nothing: "
                       "add <Queues>, <Query> or <Flows>, and the LoadPlugin "
                       "of its plugin"},
    [PROBE_DNS] = {"dns", "Does the name of the server have an address?",
                   "check Region (or BaseURL), Proxy, and the resolver of this "
                   "host (getent hosts NAME)"},
    [PROBE_TCP] = {"tcp", "Can this host connect to the server?",
                   "check the firewall and Proxy: this host needs port 443 of "
                   "the named server"},
    [PROBE_TLS] = {"tls",
                   "Is the server's certificate valid, and for how long?",
                   "follow the words of the row: after an answer of a proxy "
                   "check Proxy, with the user and password of Proxy, and "
                   "NoProxy; else check CACert and the name in BaseURL; renew "
                   "a certificate of your own before it expires; a proxy that "
                   "opens TLS needs its authority in CACert"},
    [PROBE_TOKEN] =
        {"token", "Do the credentials get a token?",
         "follow the words of the answer; if the client is refused, "
         "check ClientId, the secret and Region in Genesys Cloud: "
         "Admin > Integrations > OAuth"},
    [PROBE_FOLDER] = {"folder", "Can StateDir be written, or be made?",
                      "run the probe as collectd's user; make the folder with "
                      "mode 0700 for that user, or change StateDir or BaseDir"},
    [PROBE_ORGANISATION] = {"organisation", "Whose data are these?",
                            "follow the words of the answer; check BaseURL, "
                            "and that the OAuth client is of "
                            "the organisation that you expect"},
    [PROBE_CLOCK] = {"clock", "Do this host and the server agree on the time?",
                     "let this host take its time from NTP (chronyc tracking, "
                     "timedatectl); values carry this host's time"},
    [PROBE_PERMISSION] = {"permission",
                          "Does the client have each permission that the block "
                          "needs?",
                          "if it is missing: Admin > People & Permissions > "
                          "Roles / Permissions: "
                          "add the permission to a role of the OAuth client, "
                          "and assign the role in every division whose queues "
                          "are to be seen"},
    [PROBE_QUEUES] = {"queues", "Which queues does the block select?",
                      "check the Queue options and the divisions of the "
                      "client's role; queues of other divisions are not in "
                      "the list"},
    [PROBE_POLL] = {"poll", "Does one poll get an answer?",
                    "follow the words of the answer; a missing permission has "
                    "a row of its own"},
    [PROBE_CHANNEL] = {"channel",
                       "Do a channel, its socket and a subscription work?",
                       "let WebSockets (wss://streaming.DOMAIN, port 443) pass "
                       "the firewall and the proxy; use an OAuth client for "
                       "collectd alone"},
    [PROBE_SQS] = {"sqs", "Can the queue of SQS be read?",
                   "check QueueURL, AWSRegion, the keys and the policy "
                   "(sqs:ReceiveMessage); docs/permissions.md has a policy "
                   "to copy"},
    [PROBE_REDIS] = {"redis",
                     "Can the Redis be reached, and can it keep the counts "
                     "or the lease?",
                     "check StateURL, StateUser and StatePasswordFile, or the "
                     "Lease options of the account; for counts that survive a "
                     "crash Redis needs appendonly yes and appendfsync always"},
    [PROBE_INFLUXDB] = {"influxdb", "Does the database take lines?",
                        "check URL, the token or password, and that the "
                        "bucket or database exists and may be written"},
    [PROBE_END] = {"end", "Do all checks end?",
                   "correct the failures above and run genesys-probe again; "
                   "if it stops at the same place without one, report it with "
                   "the output"},
    [PROBE_LOG] = {"log", "What do the plugins log meanwhile?",
                   "docs/troubleshooting.md has each of these lines, its "
                   "cause and its remedy"},
    [PROBE_VALUES] = {"values", "Does the block have values?",
                      "see the checks above for the cause, and run the probe "
                      "again if there is none; a block that selects nothing "
                      "needs other selectors; InstancePrefix or Host tells "
                      "two blocks apart"},
};

enum probe_check probe_check_of(const char *name) {
  int check = 0;
  while (check < PROBE_CHECK_COUNT && strcmp(rows[check].name, name) != 0)
    check++;
  return (enum probe_check)check;
}

const struct probe_check_row *probe_check_row(enum probe_check check) {
  return &rows[check];
}

const char *probe_state_name(enum probe_state state) {
  static const char *const names[PROBE_STATE_COUNT] = {"ok", "warning",
                                                       "failed"};
  return names[state];
}

enum probe_state probe_state_of(const char *name) {
  int state = 0;
  while (state < PROBE_STATE_COUNT &&
         strcmp(probe_state_name((enum probe_state)state), name) != 0)
    state++;
  return (enum probe_state)state;
}

static void make_room(struct probe_results *r) {
  if (r->count < r->cap)
    return;
  r->cap = r->cap == 0 ? 16 : r->cap * 2;
  r->at = gc_resize(r->at, r->cap, sizeof(*r->at));
}

enum gc_code probe_results_add(struct probe_results *r, enum probe_check check,
                               enum probe_state state, const char *subject,
                               const char *what) {
  if (r->count >= PROBE_RESULTS_MAX)
    return GC_ERR_LIMIT;
  GC_ASSERT(check < PROBE_CHECK_COUNT && state < PROBE_STATE_COUNT);
  make_room(r);
  struct probe_result result = {.check = check,
                                .state = state,
                                .subject = gc_strdup(subject),
                                .what = gc_strdup(what)};
  for (char *c = result.what; *c != '\0'; c++)
    if (*c == '\n' || *c == '\r')
      *c = ' ';
  r->at[r->count++] = result;
  r->of_state[state]++;
  return GC_OK;
}

enum probe_state probe_results_worst(const struct probe_results *r) {
  int worst = PROBE_STATE_COUNT - 1;
  while (worst > PROBE_OK && r->of_state[worst] == 0)
    worst--;
  return (enum probe_state)worst;
}

void probe_results_sort(struct probe_results *r) {
  for (size_t i = 1; i < r->count; i++) {
    struct probe_result moved = r->at[i];
    size_t to = i;
    for (; to > 0 && r->at[to - 1].check > moved.check; to--)
      r->at[to] = r->at[to - 1];
    r->at[to] = moved;
  }
}

void probe_results_clear(struct probe_results *r) {
  for (size_t i = 0; i < r->count; i++) {
    free(r->at[i].subject);
    free(r->at[i].what);
  }
  free(r->at);
  *r = (struct probe_results){0};
}

/* ---- render ---- */

enum { SUBJECT_MAX = 48 }; /* a longer subject shifts only its own line */

struct widths {
  int check, subject;
};

static int fit_width(int width, const char *text, size_t max) {
  size_t len = strlen(text);
  return len <= max && (int)len > width ? (int)len : width;
}

static struct widths widths_of(const struct probe_results *r) {
  struct widths w = {(int)strlen("CHECK"), (int)strlen("SUBJECT")};
  for (size_t i = 0; i < r->count; i++) {
    w.check = fit_width(w.check, probe_check_row(r->at[i].check)->name, 16);
    w.subject = fit_width(w.subject, r->at[i].subject, SUBJECT_MAX);
  }
  return w;
}

static enum gc_code add_row(struct gc_buf *out, const struct widths *w,
                            const char *state, const char *check,
                            const char *subject, const char *what) {
  return gc_buf_print(out, "%-7s  %-*s  %-*s  %s\n", state, w->check, check,
                      w->subject, subject, what);
}

static enum gc_code render_table(const struct probe_results *r,
                                 struct gc_buf *out) {
  struct widths w = widths_of(r);
  GC_TRY(add_row(out, &w, "STATE", "CHECK", "SUBJECT", "WHAT"));
  for (size_t i = 0; i < r->count; i++) {
    const struct probe_result *at = &r->at[i];
    const struct probe_check_row *row = probe_check_row(at->check);
    GC_TRY(add_row(out, &w, probe_state_name(at->state), row->name, at->subject,
                   at->what));
    /* The advice follows the last of several results of one check. */
    bool last = i + 1 == r->count || r->at[i + 1].check != at->check ||
                r->at[i + 1].state == PROBE_OK;
    if (at->state != PROBE_OK && last)
      GC_TRY(gc_buf_print(out, "%*s  next: %s\n",
                          7 + 2 + w.check + 2 + w.subject, "", row->next));
  }
  return gc_buf_print(out, "failed: %zu, warnings: %zu, ok: %zu\n",
                      r->of_state[PROBE_FAILED], r->of_state[PROBE_WARNING],
                      r->of_state[PROBE_OK]);
}

void probe_render_document(const struct probe_results *r, struct gc_document *d,
                           struct json_object *root) {
  gc_document_add_text(d, root, "result",
                       probe_state_name(probe_results_worst(r)));
  gc_document_add_int(d, root, "failed", (int64_t)r->of_state[PROBE_FAILED]);
  gc_document_add_int(d, root, "warnings", (int64_t)r->of_state[PROBE_WARNING]);
  gc_document_add_int(d, root, "ok", (int64_t)r->of_state[PROBE_OK]);
  struct json_object *list = gc_document_add_array(d, root, "checks");
  for (size_t i = 0; i < r->count; i++) {
    const struct probe_result *at = &r->at[i];
    const struct probe_check_row *row = probe_check_row(at->check);
    struct json_object *one = gc_document_add_object(d, list, NULL);
    gc_document_add_text(d, one, "check", row->name);
    gc_document_add_text(d, one, "asks", row->asks);
    gc_document_add_text(d, one, "subject", at->subject);
    gc_document_add_text(d, one, "state", probe_state_name(at->state));
    gc_document_add_text(d, one, "what", at->what);
    if (at->state != PROBE_OK)
      gc_document_add_text(d, one, "next", row->next);
  }
}

static enum gc_code render_json(const struct probe_results *r,
                                struct gc_buf *out, struct gc_err *err) {
  GC_AUTO(gc_document_clear) struct gc_document d = {0};
  struct json_object *root = gc_document_add_object(&d, NULL, NULL);
  probe_render_document(r, &d, root);
  GC_TRY(gc_document_write(&d, out, err));
  return gc_buf_text(out, "\n");
}

enum probe_format probe_format_of(const char *name) {
  static const char *const names[PROBE_FORMAT_COUNT] = {
      [PROBE_TABLE] = "table",
      [PROBE_JSON] = "json",
      [PROBE_PUTVAL] = "putval",
      [PROBE_INFLUX] = "influx",
      [PROBE_PROMETHEUS] = "prometheus"};
  int format = 0;
  while (format < PROBE_FORMAT_COUNT && strcmp(names[format], name) != 0)
    format++;
  return (enum probe_format)format;
}

enum gc_code probe_render(const struct probe_results *r,
                          enum probe_format format, struct gc_buf *out,
                          struct gc_err *err) {
  enum gc_code code =
      format == PROBE_JSON ? render_json(r, out, err) : render_table(r, out);
  return code == GC_OK ? code : gc_fail(err, code, "the output is too large");
}
