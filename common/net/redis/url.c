/* SPDX-License-Identifier: MIT */
#include "common/net/redis/url.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PORT_DEFAULT = 6379, PORT_MAX = 65535, SOCKET_PATH_MAX = 107 };

static const struct {
  const char *text;
  enum redis_scheme scheme;
} schemes[] = {
    {"redis://", REDIS_TCP}, {"rediss://", REDIS_TLS}, {"unix://", REDIS_UNIX}};

#define DIGITS "0123456789"
#define NAME "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS ".-_"
#define IPV6 "abcdefABCDEF" DIGITS ":."

/* Reads a number of up to five digits. Returns its end; NULL: there is no
 * number, or it is above `max`. */
static const char *read_number(const char *text, uint32_t max, uint32_t *ret) {
  size_t len = strspn(text, DIGITS);
  uint32_t n = 0;
  if (len == 0 || len > 5)
    return NULL;
  for (size_t i = 0; i < len; i++)
    n = n * 10 + (uint32_t)(text[i] - '0');
  *ret = n;
  return n <= max ? text + len : NULL;
}

/* Reads the host at the start of `text`. Returns its end; NULL: there is none.
 */
static const char *read_host(const char *text, struct redis_url *u) {
  bool bracketed = text[0] == '[';
  const char *host = text + bracketed;
  size_t len = strspn(host, bracketed ? IPV6 : NAME);
  if (len == 0 || len >= sizeof(u->host) || (bracketed && host[len] != ']'))
    return NULL;
  memcpy(u->host, host, len);
  u->host[len] = '\0';
  return host + len + bracketed;
}

/* Returns the error of the text, NULL if there is none. */
static const char *read_network(const char *rest, struct redis_url *u) {
  uint32_t port = PORT_DEFAULT;
  const char *p = read_host(rest, u);
  if (p == NULL)
    return "no host";
  if (*p == ':' &&
      ((p = read_number(p + 1, PORT_MAX, &port)) == NULL || port == 0))
    return "the port is not 1 to 65535";
  u->port = (uint16_t)port;
  if (*p == '/' && p[1] == '\0')
    p++;
  if (*p == '/' && (p = read_number(p + 1, REDIS_DB_MAX, &u->db)) == NULL)
    return "expected /DATABASE after the host";
  if (*p != '\0')
    return "unexpected text after /DATABASE";
  bool is_ipv6 = strchr(u->host, ':') != NULL;
  snprintf(u->shown, sizeof(u->shown), "%s%s%s%s:%u/%u",
           schemes[u->scheme].text, is_ipv6 ? "[" : "", u->host,
           is_ipv6 ? "]" : "", u->port, u->db);
  return NULL;
}

/* Reads the path; returns the error of the text, NULL if there is none. */
static const char *read_socket(const char *rest, struct redis_url *u) {
  static const char db[] = "?db=";
  size_t len = strcspn(rest, "?#");
  if (rest[0] != '/' || len < 2)
    return "expected the absolute path of a socket after unix://";
  if (len > SOCKET_PATH_MAX)
    return "the path of the socket is longer than 107 bytes";
  memcpy(u->host, rest, len);
  u->host[len] = '\0';
  const char *p = rest + len;
  if (strncmp(p, db, strlen(db)) == 0 &&
      (p = read_number(p + strlen(db), REDIS_DB_MAX, &u->db)) == NULL)
    return "expected the number of a database after ?db=";
  if (*p != '\0')
    return "unexpected text after the path; only ?db=NUMBER may follow";
  snprintf(u->shown, sizeof(u->shown), "unix://%s?db=%u", u->host, u->db);
  return NULL;
}

/* Reads a whole URL; returns the error of the text, NULL if there is none. */
static const char *read_url(const char *text, struct redis_url *u) {
  const char *rest = NULL;
  for (size_t i = 0; i < GC_COUNT(schemes) && rest == NULL; i++) {
    size_t len = strlen(schemes[i].text);
    if (strncasecmp(text, schemes[i].text, len) != 0)
      continue;
    u->scheme = schemes[i].scheme;
    rest = text + len;
  }
  if (rest == NULL)
    return "expected redis://HOST:PORT/DB, rediss://… or unix:///PATH";
  if (strlen(text) > REDIS_URL_MAX)
    return "too long";
  return u->scheme == REDIS_UNIX ? read_socket(rest, u) : read_network(rest, u);
}

/* True for the addresses of clients that find a master or a slot themselves. */
static bool names_several(const char *text) {
  static const char *const heads[] = {
      "sentinel",        "redis+sentinel", "redis-sentinel", "rediss+sentinel",
      "rediss-sentinel", "redis+cluster",  "redis-cluster",  "rediss-cluster"};
  bool is_several = strchr(text, ',') != NULL;
  for (size_t i = 0; i < GC_COUNT(heads) && !is_several; i++)
    is_several = strncasecmp(text, heads[i], strlen(heads[i])) == 0;
  return is_several;
}

enum gc_code redis_url_parse_as(const char *what, const char *text,
                                struct redis_url *ret, struct gc_err *err) {
  struct redis_url u = {.scheme = REDIS_TCP};
  if (strchr(text, '@') != NULL)
    return gc_fail(err, GC_ERR_CONFIG,
                   "%sURL must not contain a user or a password; use "
                   "%sUser and %sPasswordFile",
                   what, what, what);
  const char *wrong = names_several(text)
                          ? "Sentinel and Cluster are not supported: name one "
                            "address that always leads to the master"
                          : read_url(text, &u);
  if (wrong != NULL)
    return gc_fail(err, GC_ERR_CONFIG, "%sURL \"%.100s\": %s", what, text,
                   wrong);
  *ret = u;
  return GC_OK;
}

enum gc_code redis_url_parse(const char *text, struct redis_url *ret,
                             struct gc_err *err) {
  return redis_url_parse_as("State", text, ret, err);
}
