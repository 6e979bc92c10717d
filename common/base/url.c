/* SPDX-License-Identifier: MIT */
#include "common/base/url.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base/ascii.h"

static bool is_ipv4_loopback(const char *host, size_t len) {
  const char *p = host, *end = host + len;
  for (int part = 0; part < 4; part++) {
    int value = 0, digits = 0;
    for (; p < end && gc_is_digit(*p) && digits < 3; p++, digits++)
      value = value * 10 + (*p - '0');
    if (digits == 0 || value > 255 || (part == 0 && value != 127))
      return false;
    if (part == 3)
      break;
    if (p == end || *p != '.')
      return false;
    p++;
  }
  return p == end;
}

bool gc_host_is_loopback(const char *host, size_t len) {
  static const char *const names[] = {"localhost", "::1", "[::1]"};
  for (size_t i = 0; i < GC_COUNT(names); i++)
    if (len == strlen(names[i]) && strncasecmp(host, names[i], len) == 0)
      return true;
  return is_ipv4_loopback(host, len);
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* Returns the length of the host at the beginning of `text`; 0 when there is
 * none. */
static size_t host_len(const char *text) {
  if (text[0] != '[')
    return strspn(text, LETTERS DIGITS ".-_");
  size_t len = 1 + strspn(text + 1, "abcdefABCDEF" DIGITS ":.");
  return len > 2 && text[len] == ']' ? len + 1 : 0;
}

/* Sets `ret` to the length of a port such as ":8080" at the beginning of
 * `text`, or to 0 without one. False when the port is not 1 to 65535. */
static bool port_len(const char *text, size_t *ret) {
  *ret = 0;
  if (text[0] != ':')
    return true;
  long port = 0;
  size_t len = 1;
  for (; gc_is_digit(text[len]) && len < 7; len++)
    port = port * 10 + (text[len] - '0');
  *ret = len;
  return port >= 1 && port <= 65535;
}

static const char *host_error(const char *host) {
  size_t len = host_len(host), port;
  if (strcspn(host, "@") < strcspn(host, "/?#"))
    return "user and password are not allowed";
  if (len == 0)
    return "no host";
  if (!port_len(host + len, &port))
    return "the port is not 1 to 65535";
  const char *path = host + len + port;
  if (*path != '\0' && strchr("/?#", *path) == NULL)
    return "no address";
  if (strpbrk(path, "?#") != NULL)
    return "neither a query nor a fragment is allowed";
  if (path[strspn(path, LETTERS DIGITS "/._~!$&'()*+,;=:@%-")] != '\0')
    return "a character that must not be in an address";
  return NULL;
}

/* Refuses an address. The text before an "@" may be a password, so such an
 * address is not shown. */
static enum gc_code refuse_url(struct gc_err *err, const char *option,
                               const char *url, const char *why) {
  if (strchr(url, '@') != NULL)
    return gc_fail(err, GC_ERR_CONFIG, "%s: %s", option, why);
  return gc_fail(err, GC_ERR_CONFIG, "%s \"%.100s\": %s", option, url, why);
}

enum gc_code gc_url_check_any(const char *option, const char *url,
                              char out[GC_URL_SIZE], bool *ret_is_open,
                              struct gc_err *err) {
  bool tls = strncasecmp(url, "https://", 8) == 0;
  if (!tls && strncasecmp(url, "http://", 7) != 0)
    return refuse_url(err, option, url,
                      "does not begin with https:// or http://");
  const char *host = url + (tls ? 8 : 7);
  if (strlen(url) > GC_URL_MAX)
    return refuse_url(err, option, url, "too long");
  const char *wrong = host_error(host);
  if (wrong != NULL)
    return refuse_url(err, option, url, wrong);

  *ret_is_open = !tls && !gc_host_is_loopback(host, host_len(host));
  size_t len = strlen(host);
  while (host[len - 1] == '/')
    len--;
  snprintf(out, GC_URL_SIZE, "%s://%.*s", tls ? "https" : "http", (int)len,
           host);
  return GC_OK;
}

enum gc_code gc_url_check(const char *option, const char *url,
                          char out[GC_URL_SIZE], struct gc_err *err) {
  char checked[GC_URL_SIZE];
  bool is_open;
  GC_TRY(gc_url_check_any(option, url, checked, &is_open, err));
  if (is_open)
    return refuse_url(err, option, url,
                      "plain http is for loopback only; use https");
  memcpy(out, checked, sizeof(checked));
  return GC_OK;
}

enum gc_code gc_url_add_value(struct gc_buf *out, const char *text) {
  static const char hex[] = "0123456789ABCDEF";
  for (; *text != '\0'; text++) {
    unsigned char c = (unsigned char)*text;
    char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};
    bool is_plain = strchr(LETTERS DIGITS "-._~", *text) != NULL;
    GC_TRY(gc_buf_add(out, is_plain ? text : escaped, is_plain ? 1 : 3));
  }
  return GC_OK;
}
