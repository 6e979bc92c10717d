/* SPDX-License-Identifier: MIT */
#include "common/net/api/answer.h"

#include "common/genesys/token.h"

struct advice_row {
  int from, to;
  const char *text;
};

static const struct advice_row api_rows[] = {
    {300, 399, "a redirect is not followed; check Region and BaseURL"},
    {401, 401,
     "a fresh token of the token endpoint is refused here: do Region, BaseURL "
     "and LoginURL belong together?"},
    {403, 403,
     "give the permission to a role of the OAuth client, in every division "
     "that the agent reads"},
    {404, 404, "check Region and BaseURL"},
    {407, 407,
     "the proxy wants a user and a password: Proxy "
     "\"http://user:password@host:port\""},
    {413, 413, "name fewer queues in one block"},
    {200, 599, ""},
};

/* Rows of the token endpoint, which knows no roles and no queues. */
static const struct advice_row token_rows[] = {
    {400, 401,
     "check Region (a client of another region is unknown here), ClientId and "
     "the secret"},
    {403, 403,
     "a proxy, firewall or CDN refuses, or the organisation's list of allowed "
     "addresses; check LoginURL and Proxy"},
    {404, 404, "check Region and LoginURL"},
};

/* Returns the text of the first row that has the status; NULL: there is
 * none. */
static const char *find_advice(const struct advice_row *rows, size_t count,
                               int status) {
  for (size_t i = 0; i < count; i++)
    if (status >= rows[i].from && status <= rows[i].to)
      return rows[i].text;
  return NULL;
}

const char *gc_api_advice(const struct gc_reply *reply) {
  if (!gc_retry_has_status(reply))
    return "";
  const char *text = find_advice(api_rows, GC_COUNT(api_rows), reply->status);
  return text != NULL ? text : "not an HTTP status; check BaseURL and Proxy";
}

struct gc_retry_decision gc_auth_decide(const struct gc_reply *reply) {
  if (!gc_retry_has_status(reply))
    return gc_retry_decide(reply);
  enum gc_token_refusal said =
      gc_token_refusal(reply->body.data, reply->body.len);
  bool is_refused = reply->status == 400 || reply->status == 401;
  if (said == GC_TOKEN_LATER && (is_refused || reply->status < 300))
    return (struct gc_retry_decision){GC_RETRY, GC_ERR_REMOTE, true};
  if (said == GC_TOKEN_REFUSED || (is_refused && said != GC_TOKEN_LATER))
    return (struct gc_retry_decision){GC_GIVE_UP, GC_ERR_AUTH, false};
  return gc_retry_decide(reply);
}

const char *gc_auth_advice(const struct gc_reply *reply) {
  const char *text = NULL;
  bool is_refused = gc_auth_decide(reply).code == GC_ERR_AUTH;
  if (gc_retry_has_status(reply))
    text = find_advice(token_rows, GC_COUNT(token_rows),
                       is_refused ? 401 : reply->status);
  return text != NULL ? text : gc_api_advice(reply);
}
