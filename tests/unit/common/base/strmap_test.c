/* SPDX-License-Identifier: MIT */
#include "common/base/strmap.h"

#include "tests/support/check.h"

enum { MANY = 20000 };
static char keys[MANY][16];

static void a_key_is_found_until_it_is_dropped(void) {
  struct gc_strmap m = {0};
  CHECK(gc_strmap_get(&m, "a") == NULL);
  CHECK(gc_strmap_drop(&m, "a") == NULL);
  gc_strmap_put(&m, "a", keys[1]);
  gc_strmap_put(&m, "", keys[2]);
  CHECK(gc_strmap_get(&m, "a") == keys[1]);
  CHECK(gc_strmap_get(&m, "") == keys[2]);
  CHECK(gc_strmap_get(&m, "b") == NULL);
  gc_strmap_put(&m, "a", keys[3]);
  CHECK(gc_strmap_get(&m, "a") == keys[3]);
  CHECK_INT(m.count, 2);
  CHECK(gc_strmap_drop(&m, "a") == keys[3]);
  CHECK(gc_strmap_drop(&m, "a") == NULL);
  CHECK_INT(m.count, 1);
  gc_strmap_clear(&m);
  CHECK(gc_strmap_get(&m, "") == NULL);
  gc_strmap_clear(&m);
}

/* A drop leaves a free slot; the keys after it must still be found. */
static void other_keys_are_found_after_many_drops(void) {
  struct gc_strmap m = {0};
  for (unsigned i = 0; i < MANY; i++) {
    snprintf(keys[i], sizeof(keys[i]), "%u", i * 2654435761u);
    gc_strmap_put(&m, keys[i], keys[i]);
  }
  unsigned left = MANY;
  for (unsigned round = 0; round < 5; round++) {
    for (unsigned i = 0; i < MANY; i++)
      if (i % 5 == round && round < 4)
        left -= gc_strmap_drop(&m, keys[i]) == keys[i];
    unsigned found = 0;
    for (unsigned i = 0; i < MANY; i++)
      found += gc_strmap_get(&m, keys[i]) ==
               (i % 5 > round || i % 5 == 4 ? keys[i] : NULL);
    CHECK_INT(found, MANY);
    CHECK_INT(m.count, left);
  }
  CHECK_INT(left, MANY / 5);
  gc_strmap_clear(&m);
}

int main(void) {
  RUN(a_key_is_found_until_it_is_dropped);
  RUN(other_keys_are_found_after_many_drops);
  return check_done();
}
