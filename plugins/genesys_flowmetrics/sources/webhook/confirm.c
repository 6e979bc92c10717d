/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/sources/webhook/confirm.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/url.h"
#include "common/net/http/http.h"
#include "common/net/loop.h"

enum {
  TIMEOUT_MS = 10 * 1000, /* SNS waits 15 s for the answer */
  CONNECT_MS = 5 * 1000,
  ANSWER_MAX_BYTES = 64 * 1024,
};

struct confirmer {
  struct gc_connect connect;
  struct gc_loop *loop;
  struct gc_http *http;
  struct gc_transport transport;
  struct confirmation *running; /* used by the loop's thread only */
};

bool confirm_host(const char *url, char *out, size_t size) {
  static const char letters[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
  const char *host = url != NULL ? strstr(url, "://") : NULL;
  if (host == NULL || strstr(host, "Action=ConfirmSubscription") == NULL)
    return false;
  host += strlen("://");
  size_t len = strspn(host, letters);
  bool is_local = gc_host_is_loopback(host, len);
  if (strncmp(url, "https://", 8) != 0 &&
      !(is_local && strncmp(url, "http://", 7) == 0))
    return false;
  if (len == 0 || len >= size ||
      strchr(is_local ? "/?:" : "/?", host[len]) == NULL)
    return false;
  memcpy(out, host, len);
  out[len] = '\0';
  return true;
}

static void end_confirmation(struct confirmation *c, const struct gc_err *err) {
  struct confirmation **at = &c->owner->running;
  while (*at != NULL && *at != c)
    at = &(*at)->next;
  if (*at != NULL)
    *at = c->next;
  c->done(c, err);
}

static void on_reply(struct gc_exchange *x, const struct gc_reply *reply,
                     const struct gc_err *below) {
  struct gc_err err = {.code = GC_OK};
  if (reply->failure != GC_FAILURE_NONE)
    err = *below;
  else if (reply->status / 100 != 2)
    (void)gc_fail(&err, GC_ERR_REQUEST, "SNS answered HTTP %d", reply->status);
  end_confirmation(x->ctx, &err);
}

static void on_start(void *ctx) {
  struct confirmation *c = ctx;
  struct confirmer *f = c->owner;
  struct gc_err err = {.code = GC_OK};
  c->exchange = (struct gc_exchange){.method = "GET",
                                     .url = c->url,
                                     .body_max = ANSWER_MAX_BYTES,
                                     .done = on_reply,
                                     .ctx = c};
  c->next = f->running;
  f->running = c;
  if (f->transport.start(f->transport.ctx, &c->exchange, &err) != GC_OK)
    end_confirmation(c, &err);
}

static void on_drop(void *ctx) {
  struct gc_err err;
  (void)gc_fail(&err, GC_ERR_STOPPED, "%s", gc_code_words(GC_ERR_STOPPED));
  end_confirmation(ctx, &err);
}

struct confirmer *confirmer_new(const struct gc_connect *connect,
                                struct gc_err *err) {
  struct confirmer *f = calloc(1, sizeof(*f));
  if (f == NULL) {
    gc_fail(err, GC_ERR_MEMORY, "out of memory");
    return NULL;
  }
  f->connect = (struct gc_connect){.timeout_ms = TIMEOUT_MS,
                                   .connect_timeout_ms = CONNECT_MS,
                                   .verify_peer = connect->verify_peer,
                                   .verify_host = connect->verify_host,
                                   .ca_cert = connect->ca_cert,
                                   .address_option = "the SubscribeURL of SNS"};
  f->loop = gc_loop_new(err);
  f->http = f->loop != NULL ? gc_http_new(f->loop, &f->connect, err) : NULL;
  if (f->http != NULL) {
    f->transport = gc_http_transport(f->http);
    if (gc_loop_start(f->loop, "gc-confirm", err) == GC_OK)
      return f;
  }
  confirmer_free(f);
  return NULL;
}

void confirmer_start(struct confirmer *f, struct confirmation *c) {
  c->owner = f;
  if (gc_loop_post(f->loop, on_start, on_drop, c) == GC_OK)
    return;
  struct gc_err err;
  (void)gc_fail(&err, GC_ERR_MEMORY, "out of memory");
  c->done(c, &err);
}

void confirmer_free(struct confirmer *f) {
  if (f == NULL)
    return;
  if (f->loop != NULL)
    gc_loop_stop(f->loop);
  while (f->running != NULL) {
    f->transport.cancel(f->transport.ctx, &f->running->exchange);
    on_drop(f->running);
  }
  gc_http_free(f->http);
  gc_loop_free(f->loop); /* calls on_drop for requests that were not started */
  free(f);
}
