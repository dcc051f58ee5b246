'use strict';
// node example.js localhost:7420 ../../lock-proto/src/main/proto

const { Fencepost } = require('./fencepost');

async function main([target = 'localhost:7420', protos = '../../lock-proto/src/main/proto']) {
  const fencepost = new Fencepost(target, { protos });
  const lock = await fencepost.acquire('stock/42', { waitMs: 60_000, onLost: (why) => console.error('lost:', why) });
  if (!lock) throw new Error('the lock is taken');
  try {
    // The resource refuses a token lower than one it has seen; see docs/fencing.md.
    if (!(await fencepost.advance('stock/42', lock.token))) throw new Error('too late');
    console.log('writing with token', lock.token);
  } finally {
    console.log(await lock.release());
    fencepost.close();
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
