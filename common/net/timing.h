/* SPDX-License-Identifier: MIT */
/* The time-outs, intervals and waiting times of common/net that are not
 * options. The end of each name is its unit: _MS milliseconds, _S seconds.
 * Time-outs that an operator can set are in common/base/connect.h. channels/,
 * listener/, socket/, account, api/api and save_barrier define theirs in
 * their own files. */
#ifndef GC_NET_TIMING_H
#define GC_NET_TIMING_H

/* ---- loop ---- */
enum {
  /* Longest sleep of a loop that has no timer. Each event wakes it at once, so
   * this value only sets how often it wakes without need. */
  GC_LOOP_IDLE_MS = 60 * 1000,
  /* Longest sleep while memory is too short to poll every descriptor: events
   * of those left out are seen this late. */
  GC_LOOP_NO_MEMORY_MS = 100,
};

/* ---- files ---- */
enum {
  /* Longest wait of the network thread, and of the upkeep of a listener, for a
   * file whose disk may hang. */
  GC_FILES_WAIT_MS = 300,
};

/* ---- http ---- */
enum {
  /* TCP keep-alive: below the idle time-outs of usual firewalls (minutes). */
  GC_KEEPALIVE_IDLE_S = 60,
  GC_KEEPALIVE_INTERVAL_S = 30,
  /* The system's authorities are kept for this time, since reading some hundred
   * of them takes 20 ms. */
  GC_SYSTEM_CA_CACHE_S = 600,
  /* Time between two reads of the files of CACert, ClientCert and ClientKey
   * while connections are made. */
  GC_TLS_FILES_AGE_MS = 1000,
};

/* ---- api: calls ---- */
enum {
  /* Waits between the three attempts of one call: random, up to 0.5 s, then up
   * to 1 s. The call ends before a poll of the usual interval is due again. */
  GC_API_RETRY_BASE_MS = 500,
  GC_API_RETRY_MAX_MS = 8000,
  /* While the breaker is open, one probe is sent after each rest. A rest lasts
   * 15 s at most, so that values return soon after an outage. */
  GC_API_BREAKER_REST_MS = 5000,
  GC_API_BREAKER_REST_MAX_MS = 15000,
  /* The Date header counts whole seconds: a smaller difference between the
   * clocks cannot be measured. */
  GC_API_CLOCK_NOISE_MS = 1500,
};

/* ---- api: token ---- */
enum {
  GC_AUTH_RETRY_BASE_MS = 1000,
  GC_AUTH_RETRY_MAX_MS = 60 * 1000,
  /* The same rests as for calls; the token endpoint has a breaker of its
   * own. */
  GC_AUTH_BREAKER_REST_MS = 5000,
  GC_AUTH_BREAKER_REST_MAX_MS = 15000,
  /* The wait before refused client credentials are sent again: they fail again
   * until an operator corrects them. */
  GC_AUTH_REFUSED_RETRY_MS = 300 * 1000,
  /* Time between two checks, during that wait, whether the secret's file has
   * changed. Also the wait before a secret that cannot be read is read again.
   * Neither the check nor the read sends a request. */
  GC_AUTH_SECRET_CHECK_MS = 10 * 1000,
  /* A disk of the secret or of a certificate that hangs is tried again after
   * the first time, and reported after the second. */
  GC_AUTH_SECRET_HANG_MS = 1000,
  GC_AUTH_SECRET_SLOW_MS = 5000,
  /* At most one renewal for a 401 in this time: an API that refuses a token
   * this young would refuse the next one too. */
  GC_AUTH_REJECT_INTERVAL_MS = 60 * 1000,
  /* A longer Retry-After of the token endpoint is shortened to this: without a
   * token the account sends no call, and a request every 15 min is no load. */
  GC_AUTH_RETRY_AFTER_MAX_S = 15 * 60,
};

/* ---- name_cache ---- */
enum {
  /* Time between two reads of a list. Lists whose names identify series are
   * read more often than lists whose names only label them. */
  GC_NAMES_QUEUES_MS = 10 * 60 * 1000, /* queues, flows */
  GC_NAMES_USERS_MS = 30 * 60 * 1000,  /* users, flow outcomes, milestones */
  GC_NAMES_PRESENCES_MS = 60 * 60 * 1000,
  /* An id without a name makes its list due, but not more often than this:
   * requests for an id that no list holds must not spend the budget. */
  GC_NAMES_MISS_INTERVAL_MS = 60 * 1000,
  /* A list that failed is read again 5 s and a random wait later: up to 30 s,
   * then 60 s, …, 10 min; up to 1 min when the whole API fails, since such a
   * failure ends for all lists at once. */
  GC_NAMES_RETRY_MIN_MS = 5000,
  GC_NAMES_RETRY_BASE_MS = 30 * 1000,
  GC_NAMES_RETRY_MAX_MS = 10 * 60 * 1000,
  GC_NAMES_OUTAGE_RETRY_MAX_MS = 60 * 1000,
  /* While the account has no token nothing is sent, so a retry costs nothing.
   */
  GC_NAMES_UNAVAILABLE_RETRY_MS = 1000,
};

/* ---- store ---- */
enum {
  /* Longest wait of a statement for a transaction of another process (an agent
   * that is being replaced). The caller of the store, which may be a network
   * thread, waits for the statement. */
  GC_STORE_BUSY_MS = 100,
  /* Longest wait of a caller for its call: init, a reading and the stop take
   * less than two seconds on a disk that hangs. */
  GC_STORE_WAIT_MS = 750,
};

/* ---- redis: on a thread of its own, which may wait ---- */
enum {
  /* Limit for look-up and connection together. */
  GC_REDIS_CONNECT_MS = 5000,
  /* Limit for the next answer of a pipeline; TLS and log-in count as the first
   * answer. */
  GC_REDIS_ANSWER_MS = 10 * 1000,
  /* The rest of that limit when the process stops, since a stop takes less than
   * a second. */
  GC_REDIS_STOP_MS = 600,
  /* A larger difference between the time that has passed by the wall clock and
   * by the boot clock means that one of them stepped, or that the machine was
   * frozen. */
  GC_LEASE_JUMP_MS = 200,
  /* Longest wait of the stop for the thread of a lease, whose disk may hang. */
  GC_LEASE_STOP_MS = 1000,
  /* Time between two checks of the lease by the account's thread. */
  GC_LEASE_WATCH_MS = 100,
  /* An agent that makes no reading for this long, and for three fifths of the
   * TTL, gives the lease back. A busy host delays a reading by seconds. */
  GC_LEASE_STALL_MS = 5000,
};

#endif
