// SPDX-License-Identifier: MIT
// The guide dialect's conversation stream from an independent server, Node's `ws`. It records requests and sent events; the
// test computes the counts that a client must have.
//
//   node guide_server.js CERT KEY
//
// Its first line names the ports. `https`: the token endpoint, the list of queues, the stream. `control`, plain HTTP:
//   GET  /          the record: upgrades, queries, sockets with their ends, errors, events that it sent
//   POST /config    {"token_life_s", "queues": {id: name}, "path", "refuse": [429, …] (the next upgrades)}
//   POST /play      {"count", "seed", "queues", "codes", "fragments", "repeats", "noise" (percent)}; or {"say": [event, …]}
//   POST /ping      a ping to all sockets; `pongs` has the texts of the answers
//   POST /close     {"code", "reason"}; without a code the connection is cut
'use strict';
const fs = require('fs');
const http = require('http');
const https = require('https');
const { WebSocketServer } = require('ws');

const FIELDS = ['conversationId', 'type', 'state', 'queueId', 'wrapUpCode'];
const LIVES = [
  ['WAITING', 'ALERTING', 'ACTIVE', 'WRAPPED_UP', 'TERMINATED'],
  ['QUEUED', 'OFFERED', 'ACTIVE', 'HELD', 'ACTIVE', 'WRAPPED_UP', 'TERMINATED'],
  ['WAITING', 'TERMINATED'],
  ['ACTIVE', 'TERMINATED'],
  ['WAITING', 'WAITING', 'ALERTING'],
];

const config = { token_life_s: 86400, queues: {}, path: '/api/v2/analytics/realtime/conversations', refuse: [] };
const seen = { tokens: 0, upgrades: [], queries: [], sockets: [], errors: [], pongs: [], events: [] };
const tokens = new Map(); // token -> when it ends
const hearing = new Set(); // sockets that have sent their query
let serial = 0;

// ---- REST ----

function answer(response, status, value) {
  const body = JSON.stringify(value);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

function isKnown(request) {
  const found = /^Bearer (.+)$/.exec(request.headers.authorization || '');
  return found !== null && (tokens.get(found[1]) || 0) > Date.now() ? found[1] : null;
}

function makeToken() {
  const token = 'node-' + ++serial + '-' + Math.random().toString(36).slice(2);
  seen.tokens++;
  tokens.set(token, Date.now() + config.token_life_s * 1000);
  return { access_token: token, token_type: 'bearer', expires_in: config.token_life_s };
}

function listQueues(url) {
  const all = Object.entries(config.queues).map(([id, name]) => ({ id, name, mediaSettings: {} }));
  const size = Number(url.searchParams.get('pageSize') || 25), number = Number(url.searchParams.get('pageNumber') || 1);
  const pageCount = Math.max(1, Math.ceil(all.length / size));
  return { entities: all.slice((number - 1) * size, number * size), pageSize: size, pageNumber: number, pageCount,
    total: all.length };
}

function onRequest(request, response) {
  const url = new URL(request.url, 'https://localhost');
  request.resume();
  if (request.method === 'POST' && url.pathname.endsWith('/oauth/token')) return answer(response, 200, makeToken());
  if (!isKnown(request)) return answer(response, 401, { message: 'no token', code: 'bad.credentials' });
  if (url.pathname === '/api/v2/routing/queues') return answer(response, 200, listQueues(url));
  return answer(response, 404, { message: 'not here', code: 'not.found' });
}

// ---- the stream ----

const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: true });

function refuse(socket, status, words, value) {
  const body = JSON.stringify(value);
  socket.end(`HTTP/1.1 ${status} ${words}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}` +
    `\r\nConnection: close\r\n\r\n${body}`);
}

function onUpgrade(request, socket, head) {
  const token = isKnown(request), status = config.refuse.length > 0 ? config.refuse.shift() : 101;
  const note = { at_ms: Date.now(), url: request.url, agent: request.headers['user-agent'] || '', status,
    extensions: request.headers['sec-websocket-extensions'] || '' };
  seen.upgrades.push(note);
  socket.on('error', () => {});
  if (token === null || request.url !== config.path) {
    note.status = token === null ? 401 : 404;
    return refuse(socket, note.status, 'No', { message: 'no' });
  }
  if (status === 403) return refuse(socket, 403, 'Forbidden', { message: 'missing scope', code: 'missing.scope' });
  if (status !== 101) return refuse(socket, status, 'No', { message: 'later' });
  return sockets.handleUpgrade(request, socket, head, (one) => onSocket(one, token));
}

function isQuery(data, isBinary) {
  const query = isBinary ? null : JSON.parse(data.toString()).query;
  return query && query.view === 'DEFAULT' && query.interval === 'PT1S' && Array.isArray(query.where) &&
    FIELDS.every((field) => query.select.includes(field)) ? query : null;
}

function onSocket(one, token) {
  const note = { opened_ms: Date.now(), closed_ms: null, code: null, by: 'client', extensions: one.extensions };
  seen.sockets.push(note);
  one.note = note;
  const life = setTimeout(() => {
    note.by = 'token';
    one.close(1008, 'token expired');
  }, tokens.get(token) - Date.now());
  one.on('error', (error) => seen.errors.push(String(error)));
  one.on('pong', (data) => seen.pongs.push(data.toString()));
  one.on('close', (code) => {
    clearTimeout(life);
    hearing.delete(one);
    Object.assign(note, { closed_ms: Date.now(), code });
  });
  one.on('message', (data, isBinary) => {
    let query = null;
    try {
      query = isQuery(data, isBinary);
    } catch (error) {
      seen.errors.push(String(error));
    }
    if (query === null || hearing.has(one)) {
      note.by = 'query';
      return one.close(1008, 'malformed subscription');
    }
    seen.queries.push(query);
    return hearing.add(one);
  });
}

// ---- events ----

function seededRandom(seed) { // mulberry32
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function send(one, text, inPieces) {
  if (!inPieces) return one.send(text);
  const bytes = Buffer.from(text), cut = 1 + (bytes.length >> 1); // may lie within a character
  one.send(bytes.subarray(0, cut), { binary: false, fin: false });
  one.ping('between');
  return one.send(bytes.subarray(cut), { fin: true });
}

function tell(event, inPieces) {
  seen.events.push({ at_ms: Date.now(), ...event });
  for (const one of hearing) send(one, JSON.stringify({ eventType: 'ConversationEvent', event }), inPieces);
}

function noise(event) {
  for (const one of hearing) {
    one.send(JSON.stringify({ eventType: 'QueueEvent', event }));
    one.send(JSON.stringify({ eventType: 'ConversationEvent', event: { ...event, state: 'PARKED' } }));
  }
}

function play(plan) {
  const roll = seededRandom(plan.seed || 1), pick = (list) => list[Math.floor(roll() * list.length)];
  const live = [];
  for (let n = 0; n < plan.count; n++) {
    if (live.length === 0 || (live.length < 50 && roll() < 0.3)) {
      live.push({ id: `node-${plan.seed || 1}-${n} é😀`, queue: pick(plan.queues), life: pick(LIVES), at: 0 });
    }
    const which = Math.floor(roll() * live.length), one = live[which], state = one.life[one.at++];
    const event = { conversationId: one.id, type: 'voice', state, queueId: one.queue };
    if (state === 'WRAPPED_UP' || state === 'TERMINATED') event.wrapUpCode = pick(plan.codes);
    if (one.at === one.life.length) live.splice(which, 1);
    for (let i = 0; i < (roll() * 100 < plan.repeats ? 2 : 1); i++) tell(event, roll() * 100 < plan.fragments);
    if (roll() * 100 < plan.noise) noise(event);
  }
}

// ---- control ----

function command(path, body) {
  if (path === '/config') Object.assign(config, body);
  else if (path === '/play' && body.say) body.say.forEach((event) => tell(event, false));
  else if (path === '/play') play(body);
  else if (path === '/ping') hearing.forEach((one) => one.ping(body.text));
  else if (path === '/close') {
    hearing.forEach((one) => {
      one.note.by = 'server';
      if (body.code) one.close(body.code, body.reason || '');
      else one.terminate();
    });
  } else throw new Error('no ' + path);
}

function onControl(request, response) {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    if (request.method === 'GET') return answer(response, 200, { ...seen, open: hearing.size });
    command(request.url, JSON.parse(Buffer.concat(parts).toString()));
    return answer(response, 200, {});
  });
}

const [cert, key] = process.argv.slice(2).map((path) => fs.readFileSync(path));
const server = https.createServer({ cert, key }, onRequest).on('upgrade', onUpgrade);
const control = http.createServer(onControl);
server.listen(0, '127.0.0.1', () => control.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ ready: true, https_port: server.address().port, control_port: control.address().port }));
}));
