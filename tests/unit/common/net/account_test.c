/* SPDX-License-Identifier: MIT */
/* Accounts whose addresses have no server. */
#include "common/net/account.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/deadline.h"
#include "tests/support/folder.h"

static char folder[32];

static const char *state_dir(void) { return folder; }

static void make_folder(void) {
  snprintf(folder, sizeof(folder), "/tmp/account_XXXXXX");
  if (mkdtemp(folder) == NULL)
    abort();
}

static void define_account(const char *name, const char *client,
                           const char *lease_url) {
  struct gc_err err;
  struct gc_account_options s = {.name = strdup(name),
                                 .base_url = strdup("http://127.0.0.1:9"),
                                 .token_url = strdup("http://127.0.0.1:9/t"),
                                 .client_id = strdup(client),
                                 .secret_literal = strdup("s"),
                                 .host = strdup(name),
                                 .requests_per_minute = 60,
                                 .max_concurrent = 1,
                                 .token_margin_s = 300};
  s.region = strdup("");
  s.lease_url = lease_url != NULL ? strdup(lease_url) : NULL;
  CHECK_INT(gc_accounts_define(&s, &err), GC_OK);
}

struct tried {
  struct gc_account *account;
  struct gc_channels_listener listener;
  unsigned found;
};

static void on_connected(void *ctx) { (void)ctx; }

static void subscribe_many(void *ctx) {
  struct tried *t = ctx;
  struct gc_channels *channels = gc_account_parts(t->account)->channels;
  t->listener = (struct gc_channels_listener){.connected = on_connected};
  gc_channels_listen(channels, &t->listener);
  for (unsigned i = 0; i < 16000; i++) {
    char topic[32];
    snprintf(topic, sizeof(topic), "v2.topic.%u", i);
    t->found += gc_channels_subscribe(channels, &t->listener, topic, NULL,
                                      NULL) == GC_OK;
  }
  gc_channels_unlisten(channels, &t->listener);
}

static unsigned topics_of(const char *name) {
  struct gc_err err;
  struct tried t = {.account = gc_account_get(name, &err)};
  CHECK(t.account != NULL);
  gc_loop_call(gc_account_parts(t.account)->loop, subscribe_many, &t);
  gc_account_put(t.account);
  return t.found;
}

static void accounts_of_one_client_share_its_channels(void) {
  struct gc_accounts_hooks hooks = {.state_dir = state_dir};
  make_folder();
  gc_accounts_set_hooks(&hooks);
  define_account("alone", "c1", NULL);
  define_account("first", "c2", NULL);
  define_account("second", "c2", NULL);
  CHECK_INT(topics_of("alone"), 15000); /* one channel is for renewals */
  CHECK_INT(topics_of("first"), 7000);
  CHECK_INT(topics_of("second"), 7000);
  gc_accounts_stop();
  gc_accounts_close();
  CHECK(folder_remove(folder));
}

/* ---- labels ---- */

static struct {
  struct gate gate;
  struct gc_account *account;
  struct gc_names_listener listener;
  char labels[64]; /* "id=label " of the names; "": none yet */
} heard = {.gate = GATE_INIT};

static void on_names(void *ctx, struct gc_entities *entities) {
  (void)ctx;
  char text[sizeof(heard.labels)] = "";
  size_t len = 0;
  for (size_t i = 0; i < gc_entities_count(entities); i++) {
    const struct gc_entry *e = gc_entities_at(entities, i);
    len += (size_t)snprintf(text + len, sizeof(text) - len, "%s=%s ", e->id,
                            e->label);
  }
  GATE_CHANGE(&heard.gate, memcpy(heard.labels, text, sizeof(text)));
}

static bool has_names(void *ctx) {
  (void)ctx;
  return heard.labels[0] != '\0';
}

static void listen_to_names(void *ctx) {
  (void)ctx;
  gc_names_listen(gc_account_parts(heard.account)->names, &heard.listener);
}

static void stop_listening(void *ctx) {
  (void)ctx;
  gc_names_unlisten(gc_account_parts(heard.account)->names, &heard.listener);
}

/* Stores an account's names of an earlier run, in which "b" had the name
 * first. */
static void save_names(const char *account, const char *kind) {
  static const struct gc_entry kept[] = {{"a", "Sales", "Sales~2", ""},
                                         {"b", "Sales", "Sales", ""}};
  struct gc_err err = {.code = GC_OK}, warning = {.code = GC_OK};
  struct gc_store *store = NULL;
  CHECK_INT(gc_store_open(folder, 60000, &store, &warning, &err), GC_OK);
  CHECK_INT(gc_store_save_names(store, account, kind, kept, 2, 1, 1000, &err),
            GC_OK);
  gc_store_close(store);
}

static void check_labels(const char *account, const char *kind_name,
                         enum gc_name_kind kind, const char *expected) {
  struct gc_accounts_hooks hooks = {.state_dir = state_dir};
  struct gc_err err;
  make_folder();
  save_names(account, kind_name);
  gc_accounts_set_hooks(&hooks);
  define_account("alone", "c1", NULL);
  define_account("pair", "c2", "redis://127.0.0.1:9");
  heard.account = gc_account_get(account, &err);
  CHECK(heard.account != NULL);
  heard.labels[0] = '\0';
  heard.listener =
      (struct gc_names_listener){.kind = kind, .changed = on_names};
  gc_loop_call(gc_account_parts(heard.account)->loop, listen_to_names, NULL);
  CHECK(gate_wait(&heard.gate, has_names, NULL));
  gc_loop_call(gc_account_parts(heard.account)->loop, stop_listening, NULL);
  CHECK_STR(heard.labels, expected);
  gc_account_put(heard.account);
  gc_accounts_stop();
  gc_accounts_close();
  CHECK(folder_remove(folder));
}

static void agents_of_one_lease_have_the_same_labels(void) {
  check_labels("alone", "queue", GC_QUEUE, "a=Sales~2 b=Sales ");
  check_labels("pair", "queue", GC_QUEUE, "a=Sales b=Sales~2 ");
  check_labels("pair", "user", GC_USER, "a=Sales b=Sales~2 ");
  check_labels("pair", "presence", GC_PRESENCE, "a=sales b=sales~2 ");
}

static void count_account(void *ctx, const char *name, const char *host) {
  (void)name, (void)host;
  ++*(unsigned *)ctx;
}

static void a_closed_account_lasts_as_long_as_its_references(void) {
  struct gc_accounts_hooks none = {.notice = NULL};
  struct gc_err err;
  gc_accounts_set_hooks(&none);
  define_account("used", "c1", NULL);
  define_account("unused", "c2", NULL);
  struct gc_account *used = gc_account_get("used", &err);
  CHECK(used != NULL);
  gc_accounts_stop();
  gc_accounts_close();
  CHECK_STR(gc_account_options(used)->host, "used");
  CHECK(gc_account_get("used", &err) == NULL);
  CHECK_INT(err.code, GC_ERR_STOPPED);
  gc_account_put(used);
  CHECK(gc_account_get("used", &err) == NULL);
  CHECK_INT(err.code, GC_ERR_STOPPED);
  unsigned left = 0;
  gc_accounts_each(count_account, &left);
  CHECK_INT(left, 0);
}

/* ---- counters ---- */

/* The network thread waits here, as in a call that hangs. */
static struct {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool is_inside, may_leave;
  atomic_bool has_left;
} hung = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .changed = PTHREAD_COND_INITIALIZER};

static void hang_thread(void *ctx) {
  struct timespec until;
  (void)ctx;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += 20; /* ends a test that waits for this thread */
  pthread_mutex_lock(&hung.lock);
  hung.is_inside = true;
  pthread_cond_broadcast(&hung.changed);
  while (!hung.may_leave &&
         pthread_cond_timedwait(&hung.changed, &hung.lock, &until) == 0)
    ;
  atomic_store(&hung.has_left, true);
  pthread_mutex_unlock(&hung.lock);
}

static void counters_wait_for_no_thread_that_hangs(void) {
  struct gc_err err;
  struct gc_account_stats stats;
  struct gc_accounts_hooks hooks = {.state_dir = NULL};
  gc_accounts_set_hooks(&hooks);
  define_account("prod", "c1", NULL);
  CHECK(!gc_account_stats("prod", &stats));
  struct gc_account *a = gc_account_get("prod", &err);
  CHECK(gc_account_stats("prod", &stats));
  CHECK_INT(gc_loop_post(gc_account_parts(a)->loop, hang_thread, NULL, NULL),
            GC_OK);
  pthread_mutex_lock(&hung.lock);
  while (!hung.is_inside)
    pthread_cond_wait(&hung.changed, &hung.lock);
  pthread_mutex_unlock(&hung.lock);
  CHECK(gc_account_stats("prod", &stats));
  uint64_t age_ms = stats.age_ms;
  while (stats.age_ms <= age_ms + 1 && !atomic_load(&hung.has_left))
    (void)gc_account_stats("prod", &stats);
  CHECK(stats.age_ms > age_ms + 1); /* it shows that the thread hangs */
  pthread_mutex_lock(&hung.lock);
  CHECK(!atomic_load(&hung.has_left));
  hung.may_leave = true;
  pthread_cond_broadcast(&hung.changed);
  pthread_mutex_unlock(&hung.lock);
  gc_account_put(a);
  CHECK(!gc_account_stats("prod", &stats));
  gc_accounts_close();
}

int main(void) {
  RUN(a_closed_account_lasts_as_long_as_its_references);
  RUN(counters_wait_for_no_thread_that_hangs);
  RUN(accounts_of_one_client_share_its_channels);
  RUN(agents_of_one_lease_have_the_same_labels);
  return check_done();
}
