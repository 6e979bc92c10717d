/* SPDX-License-Identifier: MIT */
#include "common/base/policy/retry.h"

struct status_row {
  int from, to;
  struct gc_retry_decision decision;
};

static const struct status_row statuses[] = {
    {200, 299, {GC_DONE, GC_OK, false}},
    /* Redirects are not followed: the token would go to another host. */
    {300, 399, {GC_GIVE_UP, GC_ERR_REQUEST, false}},
    {401, 401, {GC_REAUTH, GC_ERR_AUTH, false}},
    {403, 403, {GC_GIVE_UP, GC_ERR_PERMISSION, false}},
    {404, 404, {GC_GIVE_UP, GC_ERR_NOT_FOUND, false}},
    /* The proxy answers, not the server. */
    {407, 407, {GC_GIVE_UP, GC_ERR_NETWORK, true}},
    {408, 408, {GC_RETRY, GC_ERR_TIMEOUT, false}},
    {429, 429, {GC_WAIT, GC_ERR_THROTTLED, false}},
    {400, 499, {GC_GIVE_UP, GC_ERR_REQUEST, false}},
    {501, 501, {GC_GIVE_UP, GC_ERR_REMOTE, false}},
    {500, 599, {GC_RETRY, GC_ERR_REMOTE, true}},
};

static const struct gc_retry_decision failures[GC_FAILURE_COUNT] = {
    [GC_FAILURE_RESOLVE] = {GC_RETRY, GC_ERR_NETWORK, true},
    [GC_FAILURE_CONNECT] = {GC_RETRY, GC_ERR_NETWORK, true},
    [GC_FAILURE_PROXY] = {GC_GIVE_UP, GC_ERR_NETWORK, true},
    [GC_FAILURE_TLS] = {GC_GIVE_UP, GC_ERR_TLS, true},
    [GC_FAILURE_TIMEOUT] = {GC_RETRY, GC_ERR_TIMEOUT, true},
    [GC_FAILURE_BROKEN] = {GC_RETRY, GC_ERR_NETWORK, true},
    [GC_FAILURE_SINK] = {GC_GIVE_UP, GC_ERR_PARSE, false},
    [GC_FAILURE_LIMIT] = {GC_GIVE_UP, GC_ERR_LIMIT, false},
    [GC_FAILURE_LOCAL] = {GC_GIVE_UP, GC_ERR_CONFIG, false},
};

bool gc_retry_has_status(const struct gc_reply *reply) {
  switch (reply->failure) {
  case GC_FAILURE_NONE:
    return true;
  case GC_FAILURE_BROKEN:
  case GC_FAILURE_TIMEOUT:
  case GC_FAILURE_LIMIT:
    return reply->status >= 300;
  default:
    return false;
  }
}

struct gc_retry_decision gc_retry_decide(const struct gc_reply *reply) {
  if (!gc_retry_has_status(reply) &&
      (unsigned)reply->failure < GC_FAILURE_COUNT)
    return failures[reply->failure];

  for (size_t i = 0; i < GC_COUNT(statuses); i++)
    if (reply->status >= statuses[i].from && reply->status <= statuses[i].to)
      return statuses[i].decision;
  return (struct gc_retry_decision){GC_GIVE_UP, GC_ERR_PARSE, false};
}

enum gc_answer_class gc_answer_class(const struct gc_reply *reply) {
  int hundreds = reply->status / 100;
  return hundreds >= 2 && hundreds <= 5
             ? (enum gc_answer_class)(GC_2XX + hundreds - 2)
             : GC_NO_ANSWER;
}

const char *gc_answer_class_name(enum gc_answer_class c) {
  static const char *const names[GC_ANSWER_CLASS_COUNT] = {"2xx", "3xx", "4xx",
                                                           "5xx", "network"};
  return (unsigned)c < GC_ANSWER_CLASS_COUNT ? names[c] : "network";
}

const char *gc_action_name(enum gc_action action) {
  static const char *const names[] = {[GC_DONE] = "done",
                                      [GC_REAUTH] = "renew-token",
                                      [GC_RETRY] = "retry",
                                      [GC_WAIT] = "wait",
                                      [GC_GIVE_UP] = "give-up"};
  return names[action];
}
