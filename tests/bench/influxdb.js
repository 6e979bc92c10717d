// SPDX-License-Identifier: MIT
// The reference in Node: influxdb.js FOLDER LINES formats the same lines with
// template strings, as guide C's writer does, and saves batches of 500 with a sync.
'use strict';
const fs = require('fs');
const [folder, count] = [process.argv[2], Number(process.argv[3])];
const escape = (text) => text.replace(/[,= ]/g, (c) => '\\' + c);

function line(n) {
  const name = escape(`Queue ${String(n % 10000).padStart(5, '0')}`);
  const id = escape(`3f2c1d7a-${String(n % 10000).padStart(8, '0')}`);
  return `genesys_queue_depth,host=host,instance=${name},media_type=voice,plugin=genesys,queue_id=${id},` +
    `queue_name=${name},type=queue_depth,type_instance=voice value=${(n % 97) + 0.5} ` +
    `${1700000000 + Math.floor(n / 10000)}000000000\n`;
}

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
