import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepFromProxies } from './proxies.ts';

const address = '10.200.1.2';
const own = '10.200.1.2,10.96.0.0/16,10.244.0.0/16,.svc,.cluster.local';

test('where there is a proxy, the cluster is excepted from it once', () => {
  const env = { https_proxy: 'http://proxy:3128' };
  assert.equal(keepFromProxies({ address }, env), own);
  assert.deepEqual(env, { https_proxy: 'http://proxy:3128', NO_PROXY: own });
  assert.equal(keepFromProxies({ address }, env), undefined);
});

test('exceptions that were there stay, in small letters too', () => {
  assert.equal(
    keepFromProxies({ address }, { HTTP_PROXY: 'p:1', no_proxy: 'example.com,.svc' }),
    `example.com,.svc,${own.replace('.svc,', '')}`,
  );
});

test('nothing is said where there is no proxy, or nothing goes through it', () => {
  assert.equal(keepFromProxies({ address }, { NO_PROXY: 'a' }), undefined);
  assert.equal(keepFromProxies({ address }, { HTTPS_PROXY: 'p:1', NO_PROXY: '*' }), undefined);
});
