/* SPDX-License-Identifier: MIT */
/* The envelope of a message on a notification socket (API reference, 4.4):
 *   {"topicName":"v2.…","version":"2","eventBody":{…},"metadata":{…}}
 * and the control messages, replies included, that have no topicName. Only the
 * members of the outermost object are read; eventBody is left to its decoder.
 * Of a member that comes twice the last one counts. Pure. */
#ifndef GC_GENESYS_NOTIFICATION_H
#define GC_GENESYS_NOTIFICATION_H

#include "common/genesys/topics.h"

/* The longest message of a socket that is accepted, for the sockets and for the
 * decoders behind them. */
enum { GC_MESSAGE_MAX_BYTES = 4 << 20 };

enum gc_notification_kind {
  GC_NOTIFICATION_EVENT, /* message of a topic that may have a subscriber */
  GC_NOTIFICATION_HEARTBEAT,
  GC_NOTIFICATION_PONG,
  GC_NOTIFICATION_CLOSING,      /* the server is about to close the socket */
  GC_NOTIFICATION_DISPLACED,    /* the channel is no longer subscribed */
  GC_NOTIFICATION_REVOKED,      /* the token is no longer valid */
  GC_NOTIFICATION_SUBSCRIPTION, /* the set of topics has changed */
  GC_NOTIFICATION_REPLY,        /* message without a topicName */
  GC_NOTIFICATION_OTHER, /* message of the platform itself, of an unknown kind
                          */
};

struct gc_notification {
  enum gc_notification_kind kind;
  /* The topic in lower case, since topics are compared without case; "" without
   * a topic, and for one longer than GC_TOPIC_MAX. */
  char topic[GC_TOPIC_SIZE];
  /* The value of eventBody, borrowed from the message; NULL, 0: none. */
  const char *body;
  size_t body_len;
  int result; /* result of a reply: 200, 400, 404 …; 0: none */
};

/* Reads the envelope. GC_ERR_PARSE: not an object, or one that does not end;
 * the text shows nothing of the input, and `ret` is unchanged. */
GC_API GC_MUST_CHECK enum gc_code
gc_notification_read(const char *bytes, size_t len, struct gc_notification *ret,
                     struct gc_err *err);

#endif
