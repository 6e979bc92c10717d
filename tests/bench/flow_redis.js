// SPDX-License-Identifier: MIT
// Guide E's work as a Node service would do it, against a Redis: the same as
// flow_redis.py, with the package "redis", which pipelines the commands of
// one turn of the event loop.
//   node flow_redis.js FILE PORT        NODE_PATH: where redis is
'use strict';
const fs = require('fs');
const {createClient} = require('redis');

const A_BATCH = 10;
const FORM = /^(.+)Metric_(.+)\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z\)$/s;

function metricsOf(event) {
  const body = (event.detail || event).eventBody || {};
  const names = body.attributes instanceof Object ? Object.keys(body.attributes) : [];
  return {id: body.conversationId, names: names.filter((name) => FORM.test(name))};
}

async function take(redis, lines) {
  const found = lines.map((line) => metricsOf(JSON.parse(line))).filter((e) => e.names.length > 0);
  const ids = [...new Set(found.map((e) => e.id))];
  const texts = await Promise.all(ids.map((id) => redis.get('c:' + id)));
  const had = new Map(ids.map((id, i) => [id, new Set(texts[i] === null ? [] : JSON.parse(texts[i]))]));
  const fresh = new Map();
  const changed = new Set();
  for (const e of found)
    for (const name of e.names) {
      if (had.get(e.id).has(name))
        continue;
      had.get(e.id).add(name);
      changed.add(e.id);
      const [, flow, metric] = FORM.exec(name);
      const series = flow + '|' + metric;
      fresh.set(series, (fresh.get(series) || 0) + 1);
    }
  if (changed.size === 0)
    return;
  const all = redis.multi();
  for (const id of changed)
    all.set('c:' + id, JSON.stringify([...had.get(id)]), {EX: 1209600});
  for (const [series, count] of fresh)
    all.hIncrBy('counts', series, count);
  await all.exec();
}

// From /proc: getrusage reports at least the maximum of the parent process.
function residentMax() {
  return Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]);
}

async function main() {
  const redis = createClient({url: 'redis://127.0.0.1:' + process.argv[3]});
  await redis.connect();
  const lines = fs.readFileSync(process.argv[2], 'utf8').split('\n').filter((line) => line);
  const began = process.hrtime.bigint();
  const before = process.cpuUsage();
  for (let at = 0; at < lines.length; at += A_BATCH)
    await take(redis, lines.slice(at, at + A_BATCH));
  const wall_s = Number(process.hrtime.bigint() - began) / 1e9;
  const cpu = process.cpuUsage(before);
  const counts = {};
  for (const [series, count] of Object.entries(await redis.hGetAll('counts')))
    counts[series] = Number(count);
  console.log(JSON.stringify({wall_s, cpu_s: (cpu.user + cpu.system) / 1e6,
    rss_kb: residentMax(), totals: {events: lines.length, counts}}));
  await redis.quit();
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
