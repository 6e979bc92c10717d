/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_prometheus/http/accept.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "common/base/ascii.h"

/* One element of the list: "text/plain;version=0.0.4;q=0.5". */
struct element {
  const char *at;
  size_t len;      /* of the name, without parameters */
  unsigned weight; /* q in thousandths */
};

static const char *skip_blanks(const char *at) {
  while (*at == ' ' || *at == '\t')
    at++;
  return at;
}

/* Reads a weight: "0.75" is 750. An invalid or missing weight is 1000. */
static unsigned read_weight(const char *at) {
  unsigned weight = 0, unit = 100;
  if (*at != '0')
    return 1000;
  if (at[1] != '.')
    return 0;
  for (at += 2; gc_is_digit(*at) && unit > 0; at++, unit /= 10)
    weight += (unsigned)(*at - '0') * unit;
  return weight;
}

/* Reads the element at `*at` and moves behind its comma. Returns false at the
 * end. */
static bool next_element(const char **at, struct element *ret) {
  const char *begin = skip_blanks(*at);
  if (*begin == '\0')
    return false;
  const char *end = begin + strcspn(begin, ",");
  size_t len = strcspn(begin, ",;");
  *ret = (struct element){begin, len, 1000};
  for (const char *p = begin + len; p < end; p += strcspn(p, ",;")) {
    p = skip_blanks(p + 1);
    if (gc_lower(p[0]) == 'q' && p[1] == '=')
      ret->weight = read_weight(p + 2);
  }
  while (ret->len > 0 &&
         (begin[ret->len - 1] == ' ' || begin[ret->len - 1] == '\t'))
    ret->len--;
  *at = *end == ',' ? end + 1 : end;
  return true;
}

/* Returns the highest weight of `name` in the list; 0 when it is not there. */
static unsigned weight_of(const char *header, const char *name) {
  struct element e;
  unsigned best = 0;
  for (const char *at = header; next_element(&at, &e);)
    if (e.len == strlen(name) && strncasecmp(e.at, name, e.len) == 0 &&
        e.weight > best)
      best = e.weight;
  return best;
}

bool accept_openmetrics(const char *header) {
  if (header == NULL)
    return false;
  unsigned open = weight_of(header, "application/openmetrics-text");
  return open > 0 && open >= weight_of(header, "text/plain");
}

bool accept_gzip(const char *header) {
  return header != NULL && weight_of(header, "gzip") > 0;
}
