/* SPDX-License-Identifier: MIT */
/* Shortens a case that fails, and prints it. */
#include "tests/support/lives.h"

#include "common/base/cleanup.h"

/* ---- shrinking ---- */

/* True if the differences are equal up to the first " is " of `wanted`. */
static bool is_same(const char *difference, const char *wanted) {
  const char *end = strstr(wanted, " is ");
  return difference != NULL && end != NULL &&
         strncmp(difference, wanted, (size_t)(end - wanted)) == 0;
}

static bool fails_without_item(const struct lives_life *l,
                               struct lives_delivery *d, unsigned item,
                               const char *wanted) {
  static struct lives_delivery shorter;
  shorter = *d;
  shorter.count--;
  memmove(&shorter.items[item], &shorter.items[item + 1],
          (shorter.count - item) * sizeof(shorter.items[0]));
  if (shorter.count == 0 || !is_same(lives_check(l, &shorter), wanted))
    return false;
  *d = shorter;
  return true;
}

/* Marks the steps of `who` with the facts `first` and `second` as dropped, or
 * all of its steps. */
static bool drop_steps(struct lives_life *l, unsigned who,
                       enum lives_fact first, enum lives_fact second) {
  bool has_dropped = false;
  for (unsigned i = 0; i < l->count; i++) {
    struct lives_step *s = &l->steps[i];
    if (s->who != who || s->fact == LIVES_DROPPED ||
        (first != LIVES_DROPPED && s->fact != first && s->fact != second))
      continue;
    s->fact = LIVES_DROPPED;
    has_dropped = true;
  }
  return has_dropped;
}

static bool fails_without(struct lives_life *l, const struct lives_delivery *d,
                          unsigned who, enum lives_fact first,
                          enum lives_fact second, const char *wanted) {
  static struct lives_life shorter;
  shorter = *l;
  shorter.is_shrunk = true;
  if (!drop_steps(&shorter, who, first, second) ||
      !is_same(lives_check(&shorter, d), wanted))
    return false;
  *l = shorter;
  return true;
}

static bool shrink_once(struct lives_life *l, struct lives_delivery *d,
                        const char *wanted) {
  bool has_shrunk = false;
  for (unsigned i = d->count; i-- > 0;)
    has_shrunk |= fails_without_item(l, d, i, wanted);
  for (unsigned who = 0; who < l->who_count; who++)
    has_shrunk |=
        fails_without(l, d, who, LIVES_DROPPED, LIVES_DROPPED, wanted) ||
        fails_without(l, d, who, LIVES_HOLDS, LIVES_RELEASES, wanted) ||
        fails_without(l, d, who, LIVES_CALLS_OUT, LIVES_SKIPS, wanted) ||
        fails_without(l, d, who, LIVES_WRAPS_UP, LIVES_WRAPPED_UP, wanted);
  return has_shrunk;
}

void lives_shrink(struct lives_life *l, struct lives_delivery *d) {
  char wanted[200] = "";
  const char *difference = lives_check(l, d);
  if (difference != NULL)
    snprintf(wanted, sizeof(wanted), "%s", difference);
  while (shrink_once(l, d, wanted))
    ;
}

/* ---- printing ---- */

static const char *const facts[] = {[LIVES_APPEARS] = "appears",
                                    [LIVES_CONNECTS] = "connects",
                                    [LIVES_HOLDS] = "holds",
                                    [LIVES_RELEASES] = "releases",
                                    [LIVES_ENDS] = "ends",
                                    [LIVES_TRANSFERS] = "ends with transfer",
                                    [LIVES_WRAPS_UP] = "begins to wrap up",
                                    [LIVES_WRAPPED_UP] = "has wrapped up",
                                    [LIVES_SKIPS] = "skips its wrap-up",
                                    [LIVES_SCHEDULED] = "is scheduled",
                                    [LIVES_PAUSES] = "has no communication",
                                    [LIVES_GOES_ON] = "has another one",
                                    [LIVES_CALLS_OUT] = "calls the customer"};
static const char *const purposes[] = {[CV_OTHER] = "flow",
                                       [CV_CUSTOMER] = "customer",
                                       [CV_ACD] = "acd",
                                       [CV_AGENT] = "agent"};

static double seconds_of(int64_t ms) { return (double)(ms - T0_MS) / 1000.0; }

static void print_step(FILE *out, const struct lives_life *l,
                       const struct lives_step *s) {
  const struct lives_who *w = &l->who[s->who];
  fprintf(out, "  %10.3f  %s %u", seconds_of(s->at_ms), purposes[w->purpose],
          s->who);
  if (w->queue >= 0)
    fprintf(out, " of %s", lives_queues[w->queue]);
  if (w->media != CV_VOICE)
    fprintf(out, " (%s)", cv_media_label((enum cv_media)w->media));
  fprintf(out, " %s\n", facts[s->fact]);
}

void lives_print(FILE *out, const struct lives_life *l,
                 const struct lives_delivery *d, const char *difference) {
  unsigned snapshot = 0;
  fprintf(out, "seed %llu, shape \"%s\", delivery \"%s\"%s\n",
          (unsigned long long)l->seed, l->shape, d->kind,
          l->is_text ? ", as text" : "");
  if (l->started_ms != T0_MS)
    fprintf(out, "  %10.3f  the block starts\n", seconds_of(l->started_ms));
  for (unsigned i = 0; i < l->count; i++) {
    if (l->steps[i].fact != LIVES_DROPPED)
      print_step(out, l, &l->steps[i]);
    bool is_delivered = false;
    for (unsigned k = 0; k < d->count; k++)
      is_delivered |= d->items[k].snapshot == snapshot;
    if (l->steps[i].last && is_delivered)
      fprintf(out, "              snapshot %u\n", snapshot);
    snapshot += l->steps[i].last;
  }
  fprintf(out, " arrives:");
  for (unsigned k = 0; k < d->count; k++) {
    const struct lives_item *item = &d->items[k];
    if (item->gap || item->pause_ms > 600000)
      fprintf(out, " (%s%.0f s)", item->gap ? "gap " : "",
              (double)item->pause_ms / 1000);
    if (item->wall_ms != 0 || item->date_ms != 0)
      fprintf(out, " [our clock %+.0f h, Date %+.0f h%s]",
              (double)item->wall_ms / 3600000, (double)item->date_ms / 3600000,
              item->is_dated ? ", seen" : "");
    fprintf(out, "%s %u", item->closed ? " (closed by polls)" : "",
            item->snapshot);
  }
  fprintf(out, "\n %s\n", difference);
}
