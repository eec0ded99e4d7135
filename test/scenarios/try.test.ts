import { test } from 'node:test';
import { createCluster } from '../src/index.ts';
import { describeCluster } from '../src/describe.ts';
test('x', async () => {
  const t0 = performance.now();
  const c = await createCluster();
  console.log('ready', performance.now() - t0, c.clock.now() - Date.UTC(2026,0,1), c.history.transcript.length);
  const t1 = performance.now();
  await c.advance(60_000);
  console.log('60 s', performance.now() - t1, c.history.transcript.length);
  console.log(describeCluster(c));
  await c.stop();
});
