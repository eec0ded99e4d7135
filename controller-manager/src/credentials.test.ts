import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rfc3339 } from '@keelson/base';
import { createApi, type Transport } from '@keelson/client';
import { SimulatedClock } from '@keelson/testing';
import { serviceAccountTokens } from './credentials.ts';
import { isEnabled } from './names.ts';

/** A server that knows service accounts only once they were made, and counts the tokens it gives. */
function tokenServer(clock: SimulatedClock): { transport: Transport; sent: string[] } {
  const sent: string[] = [];
  let tokens = 0;
  const answer = (method: string, path: string): { status: number; body: object } => {
    const made = sent.includes('POST /api/v1/namespaces/kube-system/serviceaccounts');
    sent.push(`${method} ${path}`);
    if (!path.endsWith('/token')) return { status: 201, body: {} };
    if (!made) return { status: 404, body: { kind: 'Status', status: 'Failure', reason: 'NotFound', code: 404 } };
    return { status: 201, body: { status: { token: `t${++tokens}`, expirationTimestamp: rfc3339(clock.now() + 3_600_000) } } };
  };
  const transport: Transport = {
    async send({ method, path }) {
      const { status, body } = answer(method, path);
      return {
        status,
        headers: {},
        chunks: (async function* () {
          yield Buffer.from(JSON.stringify(body));
        })(),
        destroy: () => undefined,
      };
    },
    close: () => undefined,
  };
  return { transport, sent };
}

test('a token is fetched once, for an account made when missing, and renewed before it runs out', async () => {
  const clock = new SimulatedClock();
  const { transport, sent } = tokenServer(clock);
  const tokens = serviceAccountTokens(createApi(transport, { clock }), 'deployment-controller', clock);
  assert.deepEqual(await Promise.all([tokens.get(), tokens.get()]), ['t1', 't1']);
  assert.equal(sent.length, 3);
  await clock.advance(2_800_000);
  assert.equal(await tokens.get(), 't1');
  await clock.advance(100_000);
  assert.equal(await tokens.get(), 't2');
  tokens.forget();
  assert.equal(await tokens.get(), 't3');
});

test('--controllers names those that run', () => {
  assert.equal(isEnabled({ name: 'a' }, ['*']), true);
  assert.equal(isEnabled({ name: 'a' }, ['*', '-a']), false);
  assert.equal(isEnabled({ name: 'a' }, ['a']), true);
  assert.equal(isEnabled({ name: 'a' }, ['b']), false);
  const rare = { name: 'a-controller', alias: 'a', offByDefault: true };
  assert.deepEqual(
    [['*'], ['*', 'a'], ['a-controller'], ['*', 'a', '-a']].map((wanted) => isEnabled(rare, wanted)),
    [false, true, true, false],
  );
});
