/* SPDX-License-Identifier: MIT */
#include "common/net/name_cache.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/genesys/entity_page.h"
#include "tests/support/check.h"
#include "tests/support/names_bench.h"

static struct gc_store *store;
static char folder[] = "/tmp/name_cache_test_XXXXXX";

static void open_store(void) {
  struct gc_err err = {.code = GC_OK}, warning = {.code = GC_OK};
  if (gc_store_open(folder, 60000, &store, &warning, &err) != GC_OK) {
    printf("no store: %s\n", err.text);
    exit(1);
  }
}

static void close_store(void) {
  static const char *const files[] = {"state.db", "state.db-wal", "state.lock",
                                      "state.db-shm"};
  gc_store_close(store);
  store = NULL;
  for (size_t i = 0; i < GC_COUNT(files); i++) {
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
    unlink(path);
  }
}

static void a_restart_with_the_api_away_knows_the_names(void) {
  open_store();
  names_begin_with(store);
  names_answer(NAMES_QUEUES, REPLAY_ALWAYS, 200,
               "{\"entities\":[{\"id\":\"b\",\"name\":\"Sales\"},{\"id\":\"c\","
               "\"name\":\"Sales\"}]}");
  struct names_recorder e;
  names_listen(&e, GC_QUEUE);
  replay_run(&names_world, 1000);
  CHECK_STR(e.labels, "b=Sales/ c=Sales~2/ ");
  names_end();

  names_begin_with(store);
  names_answer(NAMES_QUEUES, REPLAY_ALWAYS, 503, "");
  names_listen(&e, GC_QUEUE);
  CHECK_INT(e.calls, 0); /* called in the next turn of the loop */
  replay_settle(&names_world);
  CHECK_INT(e.calls, 1);
  CHECK_STR(e.labels, "b=Sales/ c=Sales~2/ ");
  replay_run(&names_world, 10 * MINUTE_MS);
  CHECK_INT(e.calls, 1);
  /* The API is back and has one more queue of that name: each keeps its label.
   */
  names_answer_now(200,
                   "{\"entities\":[{\"id\":\"a\",\"name\":\"Sales\"},{\"id\":"
                   "\"b\",\"name\":\"Sales\"},{\"id\":\"c\",\"name\":"
                   "\"Sales\"}]}");
  replay_run(&names_world, 2 * MINUTE_MS);
  CHECK_STR(e.labels, "a=Sales~3/ b=Sales/ c=Sales~2/ ");
  names_end();
  close_store();
}

static int64_t target_ms(const char *id, const char *media) {
  struct gc_entities *entities = gc_names_entities(names, GC_QUEUE);
  const struct gc_entry *e =
      entities != NULL ? gc_entities_find(entities, id) : NULL;
  int64_t ms = e != NULL ? gc_entry_target_ms(e, media) : -1;
  gc_entities_put(entities);
  return ms;
}

static void a_restart_with_the_api_away_knows_the_targets(void) {
  open_store();
  names_begin_with(store);
  names_answer(
      NAMES_QUEUES, REPLAY_ALWAYS, 200,
      "{\"entities\":[{\"id\":\"a\",\"name\":\"A\",\"mediaSettings\":{"
      "\"call\":{\"serviceLevel\":{\"percentage\":0.8,\"durationMs\":"
      "20000}},\"email\":{\"serviceLevel\":{\"durationMs\":86400000}}}},"
      "{\"id\":\"b\",\"name\":\"B\"}]}");
  struct names_recorder e;
  names_listen(&e, GC_QUEUE);
  replay_run(&names_world, 1000);
  CHECK_INT(target_ms("a", "voice"), 20000);
  names_end();

  names_begin_with(store);
  names_answer(NAMES_QUEUES, REPLAY_ALWAYS, 503, "");
  names_listen(&e, GC_QUEUE);
  replay_run(&names_world, MINUTE_MS);
  CHECK_INT(target_ms("a", "voice"), 20000);
  CHECK_INT(target_ms("a", "email"), 86400000);
  CHECK_INT(target_ms("a", "chat"), 0);
  CHECK_INT(target_ms("b", "voice"), 0);
  /* Another target is followed with the next reading. */
  names_answer_now(200, "{\"entities\":[{\"id\":\"a\",\"name\":\"A\","
                        "\"mediaSettings\":{\"call\":{\"serviceLevel\":{"
                        "\"durationMs\":30000}}}}]}");
  replay_run(&names_world, 12 * MINUTE_MS);
  CHECK_INT(target_ms("a", "voice"), 30000);
  CHECK_INT(target_ms("a", "email"), 0);
  names_end();
  close_store();
}

static void kinds_and_accounts_are_kept_apart(void) {
  open_store();
  names_begin_with(store);
  names_answer(NAMES_QUEUES, REPLAY_ALWAYS, 200, NAMES_ONE);
  struct names_recorder e;
  names_listen(&e, GC_QUEUE);
  replay_run(&names_world, 1000);
  names_end();
  names_begin_with(store);
  names_answer(NAMES_USERS, REPLAY_ALWAYS, 503, "");
  names_listen(&e, GC_USER);
  replay_run(&names_world, 1000);
  CHECK_INT(e.calls, 0);
  names_end();
  close_store();
}

static void a_queue_that_comes_back_has_its_old_label(void) {
  open_store();
  names_begin_with(store);
  names_answer(NAMES_QUEUES, 0, 200,
               "{\"entities\":[{\"id\":\"a\",\"name\":\"Sales\"},{\"id\":\"b\","
               "\"name\":\"Sales\"}]}");
  names_answer(NAMES_QUEUES, 0, 200,
               "{\"entities\":[{\"id\":\"b\",\"name\":\"Sales\"}]}");
  struct names_recorder e;
  names_listen(&e, GC_QUEUE);
  replay_run(&names_world, 11 * MINUTE_MS - 100000);
  CHECK_STR(e.labels, "b=Sales~2/ ");
  names_end();
  names_begin_with(store);
  names_answer(NAMES_QUEUES, 0, 200,
               "{\"entities\":[{\"id\":\"a\",\"name\":\"Sales\"},{\"id\":\"b\","
               "\"name\":\"Sales\"},{\"id\":\"c\",\"name\":\"Sales\"}]}");
  names_listen(&e, GC_QUEUE);
  replay_run(&names_world, 1000);
  CHECK_STR(e.labels, "a=Sales/ b=Sales~2/ c=Sales~3/ ");
  names_end();
  close_store();
}

/* The first run keeps labels that depend on its lists; then a block has a
 * Shard. */
static void labels_by_list_replace_the_stored_ones(void) {
  open_store();
  names_begin_with(store);
  names_answer(NAMES_QUEUES, REPLAY_ALWAYS, 200,
               "{\"entities\":[{\"id\":\"b\",\"name\":\"Sales\"}]}");
  struct names_recorder e, second;
  names_listen(&e, GC_QUEUE);
  replay_run(&names_world, 1000);
  names_answer_now(200, "{\"entities\":[{\"id\":\"a\",\"name\":\"Sales\"},"
                        "{\"id\":\"b\",\"name\":\"Sales\"}]}");
  replay_run(&names_world, 11 * MINUTE_MS);
  CHECK_STR(e.labels, "a=Sales~2/ b=Sales/ ");
  names_end();

  names_begin_with(store);
  names_answer(NAMES_QUEUES, REPLAY_ALWAYS, 503, "");
  names_listen(&e, GC_QUEUE);
  gc_names_label_by_list(names, GC_QUEUE);
  replay_run(&names_world, 1000);
  CHECK_INT(e.calls, 1);
  CHECK_STR(e.labels, "a=Sales/ b=Sales~2/ ");
  gc_names_label_by_list(names, GC_QUEUE); /* once more changes nothing */
  names_listen(&second, GC_QUEUE);
  replay_run(&names_world, 1000);
  CHECK_STR(second.labels, "a=Sales/ b=Sales~2/ ");
  names_end();

  names_begin_with(store);
  names_answer(NAMES_QUEUES, REPLAY_ALWAYS, 503, "");
  gc_names_label_by_list(names, GC_QUEUE);
  names_listen(&e, GC_QUEUE);
  replay_run(&names_world, 1000);
  CHECK_STR(e.labels, "a=Sales/ b=Sales~2/ ");
  names_answer_now(200, "{\"entities\":[{\"id\":\"a\",\"name\":\"Sales\"},"
                        "{\"id\":\"b\",\"name\":\"Sales\"},{\"id\":\"A\","
                        "\"name\":\"Sales\"}]}");
  replay_run(&names_world, 2 * MINUTE_MS);
  CHECK_STR(e.labels, "A=Sales/ a=Sales~2/ b=Sales~3/ ");
  names_end();
  close_store();
}

/* A state file of an agent whose presences had labels with capitals. */
static void stored_labels_of_presences_are_in_snake_case(void) {
  static const struct gc_entry old[] = {{"p1", "On-Call", "On-Call", "Busy"},
                                        {"p2", "On Call", "On Call", "Busy"}};
  struct gc_err err = {.code = GC_OK};
  open_store();
  CHECK_INT(
      gc_store_save_names(store, "prod", "presence", old, 2, 1, 1000, &err),
      GC_OK);
  names_begin_with(store);
  names_answer(NAMES_PRESENCES, REPLAY_ALWAYS, 503, "");
  struct names_recorder e;
  names_listen(&e, GC_PRESENCE);
  replay_run(&names_world, 1000);
  CHECK_STR(e.labels, "p1=on_call/Busy p2=on_call~2/Busy ");
  names_end();
  close_store();
}

int main(void) {
  if (mkdtemp(folder) == NULL)
    return 1;
  RUN(a_restart_with_the_api_away_knows_the_names);
  RUN(a_restart_with_the_api_away_knows_the_targets);
  RUN(labels_by_list_replace_the_stored_ones);
  RUN(kinds_and_accounts_are_kept_apart);
  RUN(a_queue_that_comes_back_has_its_old_label);
  RUN(stored_labels_of_presences_are_in_snake_case);
  rmdir(folder);
  return check_done();
}
