/* SPDX-License-Identifier: MIT */
/* Replays recorded messages of conversations through the decoder and the model
 * of genesys_realtime. Reports for each message the offers, answers, abandons,
 * transfers and changes of state that it counts, or the reason why it counts
 * none. The messages are
 *
 *   a message of a socket   {"topicName":"v2.routing.queues.ID.conversations",
 *                            "eventBody":{…}}
 *   a body of SQS           {"detail":{ that message }}
 *   the guide dialect       {"eventType":"ConversationEvent","event":{…}}
 *   a message of the platform itself, such as a heartbeat
 *
 * Conversations that began before the first line count too. The replay has no
 * time of arrival and no block, so it leaves out breaches, expiry, and the
 * selection and names of queues. Pure; one thread. */
#ifndef PROBE_CONTACTS_H
#define PROBE_CONTACTS_H

#include "common/base/err.h"

#include <stdint.h>

enum probe_contact {
  PROBE_CONTACT_COUNTED,
  PROBE_CONTACT_TAKEN_BACK, /* a count that later facts contradict */
  PROBE_CONTACT_KNOWN,      /* no fact is new */
  PROBE_CONTACT_NO_QUEUE,   /* no participant is of a queue */
  PROBE_CONTACT_LATER,      /* the contact is not in the queue yet */
  PROBE_CONTACT_NO_OFFER,   /* agents alone: the queue offered no contact */
  PROBE_CONTACT_NO_COUNT,   /* new facts without an outcome */
  PROBE_CONTACT_LEFT_OUT,   /* participants were left out */
  PROBE_CONTACT_WORD,       /* a word of the platform that is unknown */
  PROBE_CONTACT_CONTROL,    /* a message of the platform itself */
  PROBE_CONTACT_COUNT
};

/* Takes the rows of a line. `what` is "QUEUE_ID/queue_offer-voice" for
 * PROBE_CONTACT_COUNTED and PROBE_CONTACT_TAKEN_BACK, `state "X"` for
 * PROBE_CONTACT_WORD, else NULL. `count` is the number of these counts, the
 * number of participants for PROBE_CONTACT_LEFT_OUT, else 1. A result other
 * than GC_OK ends the line. */
struct probe_contact_sink {
  enum gc_code (*row)(void *ctx, enum probe_contact outcome, const char *what,
                      uint64_t count);
  void *ctx;
};

struct probe_contacts;

struct probe_contacts *probe_contacts_new(void);
void probe_contacts_free(struct probe_contacts *c);

/* Reads a line. *ret_is_one is false, and there is no row, when the line is
 * none of the messages above. GC_ERR_MEMORY; GC_ERR_LIMIT: too many queues of
 * the guide dialect; or a result of the sink. */
GC_MUST_CHECK enum gc_code
probe_contacts_line(struct probe_contacts *c, const char *line, size_t len,
                    const struct probe_contact_sink *sink, bool *ret_is_one);

#endif
