import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { crashTest } from '../conformance/crash.ts';
import { EtcdServer, etcdInstalled } from '../conformance/etcd-server.ts';
import { eventually } from '../conformance/eventually.ts';
import { type Opened, refused } from '../conformance/harness.ts';
import { Recorder } from '../conformance/recorder.ts';
import { describeStore } from '../conformance/suite.ts';
import type { Store } from '../types.ts';
import { createEtcdStore } from './etcd.ts';

if (!etcdInstalled) console.warn('SKIPPED: /usr/bin/etcd is not installed, the etcd store is not tested');

describe('etcd', { skip: !etcdInstalled && '/usr/bin/etcd is not installed' }, () => {
  let server: EtcdServer;
  const open = (): Promise<Store> => createEtcdStore({ endpoints: [server.endpoint] });
  before(async () => {
    server = await EtcdServer.start();
  });
  after(() => server.remove());

  describeStore('etcd', async (): Promise<Opened> => {
    const store = await open();
    await clear(store);
    const reopen = async (): Promise<Store> => {
      await store.close();
      await server.kill();
      await server.run();
      return open();
    };
    return { store, reopen };
  });

  crashTest('etcd', async () => {
    const own = await EtcdServer.start();
    const reopen = async (): Promise<Store> => {
      await own.kill();
      await own.run();
      return createEtcdStore({ endpoints: [own.endpoint] });
    };
    return { writer: { kind: 'etcd', endpoint: own.endpoint }, reopen, remove: () => own.remove() };
  });

  test('a watch goes on over a crash of the server, without loss or repetition', async () => {
    const store = await open();
    const { revision: start } = await store.list('', { countOnly: true });
    const watcher = new Recorder(store, '/reconnect/', start);
    for (let i = 0; i < 3; i++) {
      await watcher.reached(await store.create(`/reconnect/${i}`, Buffer.from('')));
      await server.kill();
      await refused('unavailable', store.create('/reconnect/down', Buffer.from('')));
      await refused('unavailable', store.get('/reconnect/down'));
      const late = new Recorder(store, '/reconnect/', start);
      await server.run();
      const other = await open();
      const at = await other.create(`/reconnect/other/${i}`, Buffer.from(''));
      await other.close();
      await Promise.all([watcher.reached(at), late.reached(at)]);
      assert.deepEqual(late.lines, watcher.lines);
      await late.stop();
      await eventually('writes succeed again', () => store.create(`/reconnect/again/${i}`, Buffer.from('')).then(Boolean, () => false));
    }
    await watcher.stop();
    assert.equal(watcher.error, undefined);
    await store.close();
  });

  test('a watch that a compaction overtook while the server was away is told so', async () => {
    const store = await open();
    const { revision: start } = await store.list('', { countOnly: true });
    const watcher = new Recorder(store, '/overtaken', start);
    await watcher.reached(await store.create('/overtaken', Buffer.from('1')));
    await server.kill();
    await server.run();
    const other = await open();
    await eventually('the server is back', () => other.create('/x/1', Buffer.from('')).then(Boolean, () => false));
    await watcher.stop();
    await other.compact(await other.create('/x/2', Buffer.from('')));
    const late = new Recorder(store, '/overtaken', start);
    await late.finished;
    assert.equal((late.error as { code?: string }).code, 'compacted');
    await Promise.all([store.close(), other.close()]);
  });

  test('an endpoint that does not answer is unavailable, unless another does', async () => {
    const dead = 'http://127.0.0.1:1';
    const lost = await createEtcdStore({ endpoints: [dead] });
    const watcher = new Recorder(lost, '/', 0);
    await refused('unavailable', lost.get('/a'));
    await refused('unavailable', lost.create('/a', Buffer.from('')));
    await refused('unavailable', lost.list('/'));
    assert.equal(watcher.ended, false, 'a watch waits');
    await lost.close();
    await watcher.finished;
    assert.equal(watcher.error, undefined);
    const store = await createEtcdStore({ endpoints: [dead, server.endpoint] });
    const at = await store.create('/failover', Buffer.from('1'));
    const other = new Recorder(store, '/failover', at - 1);
    await other.reached(at);
    await other.stop();
    await store.close();
  });

  test('keys with close expiry share a lease; etcdctl reads what we wrote', async () => {
    const store = await open();
    await Promise.all(
      Array.from({ length: 50 }, (_, i) => store.create(`/registry/events/a/${i}`, Buffer.from(`event ${i}`), { ttlSeconds: 3_600 })),
    );
    const etcdctl = async (...args: string[]): Promise<string> => {
      const env = { ...process.env, ETCDCTL_API: '3' };
      return (await promisify(execFile)('/usr/bin/etcdctl', ['--endpoints', server.endpoint, ...args], { env })).stdout;
    };
    const { kvs } = JSON.parse(await etcdctl('get', '--prefix', '/registry/events/', '-w', 'json')) as { kvs: Array<{ lease: number }> };
    assert.equal(kvs.length, 50);
    assert.equal(new Set(kvs.map(({ lease }) => lease)).size, 1);
    assert.equal(await etcdctl('get', '/registry/events/a/7'), '/registry/events/a/7\nevent 7\n');
    await store.close();
  });
});

/** One server serves all tests: each begins by emptying it. */
async function clear(store: Store): Promise<void> {
  const { entries } = await store.list('');
  await Promise.all(entries.map(({ key, revision }) => store.delete(key, revision)));
}
