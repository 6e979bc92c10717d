/* SPDX-License-Identifier: MIT */
/* The access token of one account: requested with the client credentials grant,
 * renewed in the background before it expires, one request at a time. A renewal
 * delays no call: the old token is used until the new one has come.
 *
 *   refused (400, 401)   sent again after 5 min, and within 10 s of a change of
 *                        the secret's file; GC_ERR_AUTH with the client id
 *   network, 5xx, 429    exponential backoff with full jitter, up to 60 s;
 *                        Retry-After is obeyed, up to 15 min; consecutive 5xx
 *                        and missing answers open the breaker
 *   unreadable secret    read again every 10 s; nothing is sent
 *   a disk that hangs    looked at again each second, reported after 5 s
 *
 * Only the account's network thread may use this. */
#ifndef GC_NET_API_AUTH_H
#define GC_NET_API_AUTH_H

#include "common/base/env.h"
#include "common/net/api/secret.h"

struct gc_auth;

struct gc_auth_settings { /* all borrowed */
  const char *url;        /* URL of the token endpoint */
  const char *client_id;
  struct gc_secret secret;
  struct gc_detached *reads; /* bounds the reads of the secret's file */
  bool in_body;          /* TokenAuth "body": id and secret as form fields */
  const char *scope;     /* blank-separated; NULL or "": none is sent */
  uint32_t margin_s;     /* how long before its end the token is renewed */
  const char *host_hint; /* Region as configured, for messages; NULL: none */
};

enum gc_auth_state {
  GC_AUTH_NONE,       /* no token was requested yet */
  GC_AUTH_REQUESTING, /* no token; a request is under way or scheduled */
  GC_AUTH_READY,      /* there is a token */
  GC_AUTH_FAILED,     /* no token; the next request is scheduled */
};

struct gc_auth_stats {
  uint64_t ok, failed; /* token requests */
  int64_t life_ms;     /* until the token expires; 0 without one */
  enum gc_auth_state state;
  uint64_t wait_ms; /* until the next request, in GC_AUTH_FAILED; else 0 */
};

/* `env` is borrowed. `changed` runs whenever
 * the state changes, and with each new token. */
struct gc_auth *gc_auth_new(const struct gc_auth_settings *settings,
                            const struct gc_env *env,
                            void (*changed)(void *ctx), void *ctx);
/* Cancels a running request and wipes the token. NULL is allowed. */
void gc_auth_free(struct gc_auth *a);

/* Returns the state. In GC_AUTH_NONE it requests the first token. */
enum gc_auth_state gc_auth_request(struct gc_auth *a);

/* Returns the token and its number; NULL unless the state is GC_AUTH_READY.
 * Borrowed until the next turn of the loop. */
const char *gc_auth_bearer(const struct gc_auth *a, uint32_t *ret_number);

/* Drops the token `number`, to which the API answered 401, and requests
 * another. True: a renewal is running or scheduled, or the token was replaced
 * already; the caller repeats its call once the state is GC_AUTH_READY. False:
 * the token was renewed for the same reason less than a minute ago, and a
 * repetition would not help. */
bool gc_auth_reject(struct gc_auth *a, uint32_t number);

/* Sends no token request before `until_ms` (monotonic; from the Retry-After of
 * the account). */
void gc_auth_pause(struct gc_auth *a, uint64_t until_ms);

GC_API void gc_auth_stats(const struct gc_auth *a,
                          struct gc_auth_stats *ret_stats);
/* True while the breaker of the token endpoint is open. */
bool gc_auth_is_broken(const struct gc_auth *a);

#endif
