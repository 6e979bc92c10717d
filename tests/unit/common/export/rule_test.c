/* SPDX-License-Identifier: MIT */
#include "common/export/rule.h"

#include "tests/support/check.h"

static bool ends_with(const char *text, const char *end) {
  size_t len = strlen(text), end_len = strlen(end);
  return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static void every_metric_has_a_family_of_its_kind(void) {
  for (int i = 0; i < GC_METRIC_COUNT; i++) {
    const struct gc_metric *m = gc_metric((enum gc_metric_id)i);
    const struct gc_export_rule *r = gc_export_rule((enum gc_metric_id)i);
    CHECK_ROW(m->name);
    CHECK(r->name != NULL && strncmp(r->name, "genesys_", 8) == 0);
    CHECK(r->unit != NULL && r->pattern != NULL);
    const char *help = gc_export_rule((enum gc_metric_id)i)->help;
    CHECK(help == NULL || help[0] != '\0');
    CHECK(gc_metric((enum gc_metric_id)i)->meaning[0] != '\0');
    if (r->kind != GC_EXPORT_HISTOGRAM)
      CHECK_INT(r->kind, m->ds[0].kind == GC_DERIVE ? GC_EXPORT_COUNTER
                                                    : GC_EXPORT_GAUGE);
    CHECK_INT(r->member == GC_EXPORT_VALUE, r->kind != GC_EXPORT_HISTOGRAM);
    CHECK_INT(gc_export_metric_of(m->name), i);
  }
  CHECK_INT(gc_export_metric_of("cpu"), GC_METRIC_COUNT);
}

static void units_are_base_units(void) {
  static const struct {
    const char *ours, *unit;
  } units[] = {{"s", "seconds"}, {"bytes", "bytes"}};
  for (int i = 0; i < GC_METRIC_COUNT; i++) {
    const struct gc_metric *m = gc_metric((enum gc_metric_id)i);
    const struct gc_export_rule *r = gc_export_rule((enum gc_metric_id)i);
    const char *unit = r->kind == GC_EXPORT_HISTOGRAM ? "seconds" : "";
    CHECK_ROW(m->name);
    for (size_t u = 0; u < GC_COUNT(units); u++)
      if (strcmp(m->unit, units[u].ours) == 0)
        unit = units[u].unit;
    CHECK_STR(r->unit, unit);
  }
}

/* Both are changes of state; each change is in one of them. */
static bool are_changes(int a, int b) {
  return a == GC_METRIC_STATE_CHANGES_WRAPUP && b == GC_METRIC_STATE_CHANGES;
}

static void changes_by_code_have_the_help_of_all_changes(void) {
  const struct gc_export_rule *all = gc_export_rule(GC_METRIC_STATE_CHANGES),
                              *by_code = gc_export_rule(
                                  GC_METRIC_STATE_CHANGES_WRAPUP);
  CHECK_STR(by_code->name, all->name);
  CHECK_STR(by_code->help, all->help);
  CHECK_INT(by_code->kind, all->kind);
}

/* The exposition appends the suffixes itself. */
static void a_family_has_no_suffix_and_one_owner(void) {
  static const char *const suffixes[] = {"_total", "_bucket", "_sum", "_count",
                                         "_seconds"};
  for (int i = 0; i < GC_METRIC_COUNT; i++) {
    const struct gc_export_rule *r = gc_export_rule((enum gc_metric_id)i);
    CHECK_ROW(r->name);
    bool is_count = ends_with(r->name, "_interval_number");
    for (size_t s = 0; s < GC_COUNT(suffixes); s++)
      CHECK(is_count || !ends_with(r->name, suffixes[s]));
    for (int k = 0; k < i; k++) {
      const struct gc_export_rule *o = gc_export_rule((enum gc_metric_id)k);
      CHECK(strcmp(r->name, o->name) != 0 || strcmp(r->unit, o->unit) != 0 ||
            (r->kind == GC_EXPORT_HISTOGRAM && o->kind == r->kind &&
             o->member != r->member) ||
            are_changes(i, k));
    }
  }
}

int main(void) {
  RUN(every_metric_has_a_family_of_its_kind);
  RUN(units_are_base_units);
  RUN(a_family_has_no_suffix_and_one_owner);
  RUN(changes_by_code_have_the_help_of_all_changes);
  return check_done();
}
