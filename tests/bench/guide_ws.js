// SPDX-License-Identifier: MIT
// The guide stream's work as a Node service would do it: ws, JSON.parse,
// prom-client. It does the work of bench_guide: it keeps the state of each
// conversation, so that repeats change nothing, gauges and counters by queue and
// medium, and waits in a histogram.
//   node guide_ws.js PORT        NODE_PATH: where ws and prom-client are
'use strict';
const fs = require('fs');
const WebSocket = require('ws');
const prom = require('prom-client');

const STATES = {
  QUEUED: 'waiting', WAITING: 'waiting', OFFERED: 'waiting',
  ALERTING: 'alerting', ACTIVE: 'active', HELD: 'held',
  WRAPPED_UP: 'wrapup', TERMINATED: 'ended',
};
const RANK = {waiting: 1, alerting: 2, active: 3, held: 3, wrapup: 4, ended: 5};

const received = new prom.Counter({name: 'events', help: 'e', labelNames: ['kind']});
const active = new prom.Gauge({name: 'genesys_active_conversations', help: 'a',
  labelNames: ['queue_id', 'media']});
const waits = new prom.Histogram({name: 'genesys_queue_wait_seconds', help: 'w',
  labelNames: ['queue_id', 'media'],
  buckets: [.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10]});
const changes = new prom.Counter({name: 'genesys_state_changes_total', help: 's',
  labelNames: ['from_state', 'to_state', 'queue_id', 'media']});

// Children are bound once: prom-client hashes the labels of each call otherwise.
const events = received.labels('conversation');
const others = received.labels('other');
const pairs = new Map();
const conversations = new Map();

function pairOf(queue, media) {
  const key = queue + '|' + media;
  let pair = pairs.get(key);
  if (pair === undefined) {
    pair = {queue, media, active: active.labels(queue, media),
      waits: waits.labels(queue, media), changes: new Map()};
    pairs.set(key, pair);
  }
  return pair;
}

function countChange(pair, from, to) {
  const key = from + to;
  let counter = pair.changes.get(key);
  if (counter === undefined) {
    counter = changes.labels(from, to, pair.queue, pair.media);
    pair.changes.set(key, counter);
  }
  counter.inc();
}

function take(data) {
  const message = JSON.parse(data);
  const e = message.event;
  const to = message.eventType === 'ConversationEvent' ? STATES[e.state] : undefined;
  if (to === undefined) {
    others.inc();
    return;
  }
  events.inc();
  const c = conversations.get(e.conversationId);
  if (c === undefined) {
    const pair = pairOf(e.queueId || 'unassigned', e.type || 'all');
    if (to !== 'ended') {
      pair.active.inc();
      conversations.set(e.conversationId, {pair, state: to, since: Date.now()});
    }
    return;
  }
  if (to === c.state || RANK[to] < RANK[c.state])
    return;
  countChange(c.pair, c.state, to);
  if (RANK[c.state] < RANK.active && RANK[to] === RANK.active)
    c.pair.waits.observe((Date.now() - c.since) / 1000);
  c.state = to;
  if (to === 'ended') {
    c.pair.active.dec();
    conversations.delete(e.conversationId);
  }
}

// From /proc: getrusage reports at least the maximum of the parent process.
function residentMax() {
  return Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]);
}

async function sum(metric, only) {
  let total = 0;
  for (const v of (await metric.get()).values)
    if (only(v))
      total += v.value;
  return total;
}

async function printTotals(wall_s, cpu) {
  const totals = {
    events: await sum(received, (v) => v.labels.kind === 'conversation'),
    others: await sum(received, (v) => v.labels.kind === 'other'),
    active: await sum(active, () => true),
    waits: await sum(waits, (v) => v.metricName.endsWith('_count')),
    changes: {},
  };
  for (const v of (await changes.get()).values) {
    const name = v.labels.from_state + '-' + v.labels.to_state;
    totals.changes[name] = (totals.changes[name] || 0) + v.value;
  }
  console.log(JSON.stringify({wall_s, cpu_s: (cpu.user + cpu.system) / 1e6,
    rss_kb: residentMax(), totals}));
}

const QUERY = {query: {view: 'DEFAULT', interval: 'PT1S',
  select: ['conversationId', 'type', 'state', 'queueId', 'wrapUpCode'], where: []}};
const socket = new WebSocket(
  `ws://127.0.0.1:${process.argv[2]}/api/v2/analytics/realtime/conversations`,
  {perMessageDeflate: false, headers: {Authorization: 'Bearer t'}});
let began, cpu;
socket.on('open', () => {
  began = process.hrtime.bigint();
  cpu = process.cpuUsage();
  socket.send(JSON.stringify(QUERY));
});
socket.on('message', take);
socket.on('close', () =>
  printTotals(Number(process.hrtime.bigint() - began) / 1e9, process.cpuUsage(cpu)));
socket.on('error', (error) => {
  console.error(error.message);
  process.exit(1);
});
