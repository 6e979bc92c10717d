/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/sender/answer.h"

#include <stdio.h>
#include <string.h>

#include "common/base/json/document.h"
#include "common/base/utf8.h"

struct status_row {
  int from, to;
  struct influx_decision decision;
};

#define HINT_TOKEN                                                             \
  "check TokenFile (Version 2) or User and PasswordFile (Version 1), and the " \
  "right to write"
#define HINT_BUCKET                                                            \
  "check URL, Organization and Bucket (Version 2) or Database (Version 1), "   \
  "and make it"

enum { STATUS_STORED = 204 };

/* The first row whose range has the status counts. The words of a refusal count
 * more than a 5xx (refuses_line). */
static const struct status_row rows[] = {
    {STATUS_STORED, STATUS_STORED, {INFLUX_ACCEPTED, GC_OK, false, ""}},
    /* Earlier releases of InfluxDB 3: a partial write. */
    {201, 201, {INFLUX_SPLIT, GC_ERR_REQUEST, false, ""}},
    /* InfluxDB 1: "understood, but not completed"; InfluxDB 2: its web page,
     * for any path outside its API; a login proxy: its own page. */
    {200,
     299,
     {INFLUX_PAUSE_LONG, GC_ERR_REQUEST, false,
      "only 204 means that the lines are stored; check URL: its path, or a "
      "login page on the way"}},
    {300,
     399,
     {INFLUX_PAUSE_LONG, GC_ERR_REQUEST, false,
      "a redirect is not followed; check URL"}},
    /* InfluxDB 1 and 2: lines that cannot be parsed, partial writes. */
    {400, 400, {INFLUX_SPLIT, GC_ERR_REQUEST, false, ""}},
    {401, 401, {INFLUX_PAUSE_LONG, GC_ERR_AUTH, false, HINT_TOKEN}},
    {403, 403, {INFLUX_PAUSE_LONG, GC_ERR_PERMISSION, false, HINT_TOKEN}},
    {404, 404, {INFLUX_PAUSE_LONG, GC_ERR_NOT_FOUND, false, HINT_BUCKET}},
    {407, 407, {INFLUX_PAUSE_LONG, GC_ERR_NETWORK, false, ""}},
    {408, 408, {INFLUX_PAUSE, GC_ERR_TIMEOUT, false, ""}},
    {413, 413, {INFLUX_SPLIT, GC_ERR_LIMIT, true, ""}},
    /* InfluxDB 2: partial writes, such as another type of a field. */
    {422, 422, {INFLUX_SPLIT, GC_ERR_REQUEST, false, ""}},
    {429, 429, {INFLUX_PAUSE, GC_ERR_THROTTLED, false, ""}},
    {400,
     499,
     {INFLUX_PAUSE_LONG, GC_ERR_REQUEST, false, "check URL and Version"}},
    /* Also from a starting database, and from a proxy that finds none. */
    {500, 599, {INFLUX_PAUSE, GC_ERR_REMOTE, false, ""}},
};

/* Rows of failures below HTTP. */
static const struct influx_decision failures[GC_FAILURE_COUNT] = {
    [GC_FAILURE_RESOLVE] = {INFLUX_PAUSE, GC_ERR_NETWORK, false, ""},
    [GC_FAILURE_CONNECT] = {INFLUX_PAUSE, GC_ERR_NETWORK, false, ""},
    [GC_FAILURE_PROXY] = {INFLUX_PAUSE, GC_ERR_NETWORK, false, ""},
    [GC_FAILURE_TLS] = {INFLUX_PAUSE, GC_ERR_TLS, false, ""},
    [GC_FAILURE_TIMEOUT] = {INFLUX_PAUSE, GC_ERR_TIMEOUT, false, ""},
    [GC_FAILURE_BROKEN] = {INFLUX_PAUSE, GC_ERR_NETWORK, false, ""},
    [GC_FAILURE_SINK] = {INFLUX_PAUSE, GC_ERR_NETWORK, false, ""},
    [GC_FAILURE_LIMIT] = {INFLUX_PAUSE, GC_ERR_NETWORK, false, ""},
    [GC_FAILURE_LOCAL] = {INFLUX_PAUSE, GC_ERR_CONFIG, false, ""},
};

/* Words in answers about lines, of InfluxDB 1.6 to 2.7. */
static const char *const about_lines[] = {
    "partial write",    "unable to parse",   "field type conflict",
    "beyond retention", "invalid field",     "missing tag",
    "missing fields",   "bad timestamp",     "time outside range",
    "max key length",   "max-values-per-tag"};

static bool names_line(const struct gc_buf *body) {
  const char *text = gc_buf_string(body);
  for (size_t i = 0; i < GC_COUNT(about_lines); i++)
    if (strstr(text, about_lines[i]) != NULL)
      return true;
  return false;
}

/* True if the words of a 5xx say that lines were refused for good: InfluxDB
 * 2.0 and gateways answer so. A partial write alone may be one for which some
 * nodes of a cluster were not there in time. */
static bool refuses_line(const struct gc_buf *body) {
  const char *text = gc_buf_string(body);
  return (strstr(text, "partial write") != NULL &&
          strstr(text, " dropped=") != NULL) ||
         strstr(text, "field type conflict") != NULL ||
         strstr(text, "beyond retention") != NULL;
}

/* A status counts even if its body broke off, except 204: only a whole answer
 * confirms that the lines are stored. */
static bool has_status(const struct gc_reply *reply) {
  return reply->failure == GC_FAILURE_NONE ||
         (reply->status >= 200 && reply->status != STATUS_STORED);
}

struct influx_decision influx_decide(const struct gc_reply *reply) {
  if (!has_status(reply))
    return failures[reply->failure];
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    if (reply->status < rows[i].from || reply->status > rows[i].to)
      continue;
    struct influx_decision decision = rows[i].decision;
    if (reply->status >= 500 && refuses_line(&reply->body))
      return (struct influx_decision){INFLUX_SPLIT, GC_ERR_REQUEST, true, ""};
    decision.names_line =
        decision.names_line ||
        (decision.action == INFLUX_SPLIT && names_line(&reply->body));
    return decision;
  }
  return (struct influx_decision){INFLUX_PAUSE, GC_ERR_PARSE, false,
                                  "not an HTTP status; check URL"};
}

void influx_answer_describe(const struct gc_reply *reply,
                            struct influx_decision d, const char *url,
                            const struct gc_err *why, struct gc_err *err) {
  char words[INFLUX_WORDS_SIZE];
  if (!has_status(reply)) {
    *err = *why;
    err->code = d.code;
    (void)gc_fail_in(err, d.code, "lines wait in the spool: ");
    return;
  }
  influx_answer_words(&reply->body, words, sizeof(words));
  (void)gc_fail(err, d.code, "%s answered %d%s%s%s%s; lines wait in the spool",
                url, reply->status, words[0] != '\0' ? ": " : "", words,
                d.hint[0] != '\0' ? "; " : "", d.hint);
}

void influx_answer_words(const struct gc_buf *body, char *out, size_t size) {
  char words[512];
  const char *text = gc_buf_string(body);
  if (!gc_json_cut_text(text, body->len, "error", words, sizeof(words)) &&
      !gc_json_cut_text(text, body->len, "message", words, sizeof(words)))
    snprintf(words, sizeof(words), "%s", text);
  size_t len = strlen(words);
  while (len > 0 && (words[len - 1] == '\n' || words[len - 1] == ' '))
    len--;
  words[len] = '\0';
  gc_utf8_copy_printable(out, size, words, ' ');
}
