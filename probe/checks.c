/* SPDX-License-Identifier: MIT */
#include "probe/checks.h"

#include <stdlib.h>
#include <string.h>

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

static bool make_room(struct probe_results *r) {
  if (r->count < r->cap)
    return true;
  size_t cap = r->cap == 0 ? 16 : r->cap * 2;
  struct probe_result *at = realloc(r->at, cap * sizeof(*at));
  if (at == NULL)
    return false;
  r->at = at;
  r->cap = cap;
  return true;
}

enum gc_code probe_results_add(struct probe_results *r, enum probe_check check,
                               enum probe_state state, const char *subject,
                               const char *what) {
  if (r->count >= PROBE_RESULTS_MAX)
    return GC_ERR_LIMIT;
  if (!make_room(r))
    return GC_ERR_MEMORY;
  struct probe_result result = {.check = check,
                                .state = state,
                                .subject = strdup(subject),
                                .what = strdup(what)};
  if (result.subject == NULL || result.what == NULL) {
    free(result.subject);
    free(result.what);
    return GC_ERR_MEMORY;
  }
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
