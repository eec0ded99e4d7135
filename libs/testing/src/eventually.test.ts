import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from './eventually.ts';
import { recordingLogger } from './recording-logger.ts';

test('resolves to the first truthy answer', async () => {
  let asked = 0;
  assert.equal(await eventually(() => (++asked < 3 ? undefined : 'there')), 'there');
});

test('gives up at the deadline with the message and the last error', async () => {
  const failing = eventually(() => assert.equal(1, 2, 'still one'), { deadlineMs: 20, message: 'one becomes two' });
  await assert.rejects(failing, /not within 20 ms: one becomes two: still one/);
});

test('a recording logger keeps what its children say', () => {
  const log = recordingLogger();
  log.child({ pod: 'a' }).warn('careful', { n: 1 });
  assert.deepEqual(log.entries, [{ level: 'warn', message: 'careful', fields: { pod: 'a', n: 1 } }]);
});
