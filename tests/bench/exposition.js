// SPDX-License-Identifier: MIT
// The work of bench_exposition with prom-client: gauges with the same labels, set once a round and
// written as text.
//
//   node exposition.js SERIES        NODE_PATH: where prom-client is
'use strict';
const prom = require('prom-client');

const series = Number(process.argv[2]);
const before = process.memoryUsage().rss;
const gauges = [];
for (let kind = 0; kind < 20; kind++) {
  gauges.push(new prom.Gauge({name: 'genesys_value_' + kind, help: 'A value.',
    labelNames: ['queue_id', 'queue_name', 'media_type', 'host']}));
}
const bound = [];
for (let i = 0; i < series; i++) {
  const queue = Math.floor(i / 20);
  bound.push(gauges[i % 20].labels('b410d93c-4efb-48d6-8b21-' + queue, 'Customer Support ' + queue, 'voice', 'genesys-prod'));
}

async function main() {
  let round = Infinity, scrape = Infinity;
  for (let n = 0; n < 5; n++) {
    let began = process.cpuUsage();
    bound.forEach((one, i) => one.set(i % 97 + n));
    let used = process.cpuUsage(began);
    round = Math.min(round, (used.user + used.system) / 1e6);
    began = process.hrtime.bigint();
    await prom.register.metrics();
    scrape = Math.min(scrape, Number(process.hrtime.bigint() - began) / 1e9);
  }
  console.log(JSON.stringify({series, round_s: round, scrape_s: scrape,
    memory_kb: Math.round((process.memoryUsage().rss - before) / 1024)}));
}
main();
