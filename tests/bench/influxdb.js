// SPDX-License-Identifier: MIT
// The reference in Node: influxdb.js FOLDER LINES formats the same lines with
// template strings, as guide C's writer does, and saves batches of 500 with a sync.
// influxdb.js FOLDER LINES URL sends the batches that it saved, one after the other
// over one connection, with gzip, and saves the position after each with a sync.
'use strict';
const fs = require('fs');
const http = require('http');
const zlib = require('zlib');
const [folder, count, url] = [process.argv[2], Number(process.argv[3]), process.argv[4]];
const escape = (text) => text.replace(/[,= ]/g, (c) => '\\' + c);

function line(n) {
  const name = escape(`Queue ${String(n % 10000).padStart(5, '0')}`);
  const id = escape(`3f2c1d7a-${String(n % 10000).padStart(8, '0')}`);
  return `genesys_queue_depth,host=host,instance=${name},media_type=voice,plugin=genesys,queue_id=${id},` +
    `queue_name=${name},type=queue_depth,type_instance=voice value=${(n % 97) + 0.5} ` +
    `${1700000000 + Math.floor(n / 10000)}000000000\n`;
}

function measure() {
  let began = process.hrtime.bigint();
  let bytes = 0;
  for (let n = 0; n < count; n++) bytes += line(n).length;
  const formatted = count / (Number(process.hrtime.bigint() - began) / 1e9);

  const batch = Array.from({length: 500}, (_, n) => line(n)).join('');
  const file = fs.openSync(`${folder}/lines`, 'a');
  began = process.hrtime.bigint();
  for (let n = 0; n < count; n += 500) {
    fs.writeSync(file, batch);
    fs.fdatasyncSync(file);
  }
  const durable = count / (Number(process.hrtime.bigint() - began) / 1e9);
  console.log(JSON.stringify({formatted, durable, bytes}));
}

function post(agent, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, {agent, method: 'POST', headers: {'Content-Encoding': 'gzip', 'Content-Length': body.length}},
      (answer) => {
        answer.resume();
        answer.on('end', () => answer.statusCode < 300 ? resolve() : reject(new Error(`status ${answer.statusCode}`)));
      });
    request.on('error', reject);
    request.end(body);
  });
}

async function drain() {
  const agent = new http.Agent({keepAlive: true, maxSockets: 1});
  const [lines, position] = [fs.openSync(`${folder}/lines`, 'r'), fs.openSync(`${folder}/position`, 'w')];
  const buffer = Buffer.alloc(fs.fstatSync(lines).size / (count / 500));
  for (let at = 0; fs.readSync(lines, buffer, 0, buffer.length, at) > 0; at += buffer.length) {
    await post(agent, zlib.gzipSync(buffer, {level: 1}));
    fs.writeSync(position, String(at), 0);
    fs.fdatasyncSync(position);
  }
}

if (url) {
  setTimeout(() => {}, 1 << 30);  // its CPU time is read after the last line
  drain();
} else measure();
