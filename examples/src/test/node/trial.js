'use strict';
// Runs the commands on its standard input and prints their results.
// node trial.js HELPER_FOLDER TARGET PROTOS

const readline = require('node:readline');
const path = require('node:path');

const [folder, target, protos] = process.argv.slice(2);
if (process.env.TRIAL_LOADER === 'without defaults') {
  const loader = require(require.resolve('@grpc/proto-loader', { paths: [path.resolve(folder)] }));
  const { loadSync } = loader;
  loader.loadSync = (files, options) => loadSync(files, { ...options, defaults: false });
}
const { Fencepost } = require(path.resolve(folder, 'fencepost.js'));
const { TRIAL_CA: ca, TRIAL_CERT: cert, TRIAL_KEY: key } = process.env;
const fencepost = new Fencepost(target, { protos, tls: ca && { ca, cert, key } });
let lock;

async function run([command, ...words]) {
  switch (command) {
    case 'acquire':
      lock = await fencepost.acquire(words[0], {
        ttlMs: Number(words[1]),
        waitMs: Number(words[2]),
        onLost: (reason) => console.log('lost', reason),
      });
      return lock ? `granted ${lock.token}` : 'refused';
    case 'acquire-together': {
      const names = Array.from({ length: Number(words[1]) }, (_, i) => `${words[0]}/${i}`);
      const tries = await Promise.allSettled(names.map((name) => fencepost.acquire(name, { ttlMs: Number(words[2]) })));
      return `given-up ${tries.filter(({ status }) => status === 'rejected').length}`;
    }
    case 'held':
      return `held ${lock.isHeld()}`;
    case 'advance':
      return `advanced ${await fencepost.advance(words[0], words[1] ?? lock.token)}`;
    case 'release':
      return `released ${await lock.release()}`;
    default:
      throw new Error(`no such command: ${command}`);
  }
}

(async () => {
  console.log('ready');
  for await (const line of readline.createInterface({ input: process.stdin })) {
    console.log(await run(line.split(' ')).catch((error) => `failed ${error.message}`));
  }
  process.exit(0);
})();
