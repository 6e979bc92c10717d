/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/queues/queue_label.h"

#include <string.h>

#include "plugins/genesys_realtime/conversations/conversations.h"
#include "tests/support/check.h"

static bool accepts_all(void *ctx, const struct gc_entry *queue) {
  (void)ctx;
  (void)queue;
  return true;
}

/* Each row has the names of two queues, and the label of conversations without
 * a queue. */
static void conversations_without_a_queue_share_no_series(void) {
  static const struct {
    const char *name, *second, *unassigned;
  } rows[] = {{"Sales", "Support", "unassigned"},
              {"unassigned", "Support", "unassigned~2"},
              {"unassigned", "unassigned~2", "unassigned~3"}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].unassigned);
    const struct gc_entry entries[] = {
        {"q1", rows[i].name, rows[i].name, ""},
        {"q2", rows[i].second, rows[i].second, ""}};
    struct gc_entities *entities = gc_entities_new(entries, 2, false);
    char unassigned[GC_NAME_SIZE], label[GC_NAME_SIZE];
    queue_label_unassigned(entities, unassigned);
    CHECK_STR(unassigned, rows[i].unassigned);
    struct queue_display display = {
        .queues = entities, .accepts = accepts_all, .unassigned = unassigned};
    CHECK_INT(queue_label_of(&display, QUEUE_UNASSIGNED, label), QUEUE_SHOWN);
    CHECK_STR(label, rows[i].unassigned);
    CHECK_INT(queue_label_of(&display, "q1", label), QUEUE_SHOWN);
    CHECK_STR(label, rows[i].name);
    gc_entities_put(entities);
  }
}

/* While the list of queues is refused, queues without a name have their id. */
static void an_id_in_place_of_a_name_is_clean(void) {
  static const struct {
    const char *id, *label;
  } rows[] = {{"q1", "q1"}, {"x/y", "x_y"}, {"a\tb\\", "a_b_"}};
  static const enum queue_label kinds[] = {QUEUE_LABEL_NAME, QUEUE_LABEL_ID,
                                           QUEUE_LABEL_BOTH};
  struct gc_entities *refused = gc_entities_new(NULL, 0, true);
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    for (size_t k = 0; k < GC_COUNT(kinds); k++) {
      char label[GC_NAME_SIZE];
      CHECK_ROW(rows[i].label);
      const struct queue_display display = {
          .queues = refused, .accepts = accepts_all, .label = kinds[k]};
      CHECK_INT(queue_label_of(&display, rows[i].id, label), QUEUE_SHOWN);
      CHECK_STR(label, rows[i].label);
    }
  }
  gc_entities_put(refused);
}

int main(void) {
  RUN(conversations_without_a_queue_share_no_series);
  RUN(an_id_in_place_of_a_name_is_clean);
  return check_done();
}
