import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type MachineFacts, planCluster, Refusal } from './cluster.ts';

const machine: MachineFacts = { hostname: 'Box', addresses: ['192.0.2.7'], ranges: ['192.0.2.0/24'] };
const options = { dataDir: '/c', foreground: false };
const same = async (port: number): Promise<number> => port;

describe('a new cluster', () => {
  test('on the machine itself', async () => {
    const cluster = await planCluster(options, undefined, machine, same);
    assert.equal(cluster.runtime, 'containerd');
    assert.equal(cluster.address, '192.0.2.7');
    assert.deepEqual(cluster.nodes, ['box']);
    assert.equal(cluster.masquerade, true);
    assert.equal(cluster.ports.api, 6443);
    assert.match(cluster.name, /^[0-9a-f]{8}$/);
  });

  test('in a namespace it has the standard ports, and a link of its own', async () => {
    const cluster = await planCluster({ ...options, netns: 'a' }, undefined, machine, () => assert.fail('asked the machine for a port'));
    assert.equal(cluster.netns?.made, true);
    assert.equal(cluster.address, cluster.netns?.link?.node);
    assert.deepEqual(cluster.nodes, ['a']);
    assert.equal(cluster.masquerade, false);
    assert.deepEqual(cluster.ports.kubelets, [10_250]);
  });

  test('in a namespace that has an address it uses that one, and does not own the namespace', async () => {
    const cluster = await planCluster({ ...options, netns: 'a' }, undefined, { ...machine, netnsAddresses: ['10.9.0.2'] }, same);
    assert.deepEqual(cluster.netns, { name: 'a', made: false });
    assert.equal(cluster.address, '10.9.0.2');
  });

  test('an empty namespace is given a link', async () => {
    const { netns } = await planCluster({ ...options, netns: 'a' }, undefined, { ...machine, netnsAddresses: [] }, same);
    assert.equal(netns?.made, false);
    assert.ok(netns?.link);
  });

  test('is a model where containers cannot run, and has as many nodes as asked for', async () => {
    const cluster = await planCluster({ ...options, nodes: 3 }, undefined, { ...machine, noContainers: 'takes root' }, same);
    assert.equal(cluster.runtime, 'model');
    assert.deepEqual(cluster.nodes, ['node-1', 'node-2', 'node-3']);
    assert.deepEqual(cluster.ports.kubelets, [10_250, 11_250, 11_251]);
  });

  test('has all addons, or those asked for; models have none', async () => {
    const addonsOf = async (asked: object): Promise<readonly string[]> =>
      (await planCluster({ ...options, ...asked }, undefined, machine, same)).addons;
    assert.ok((await addonsOf({})).includes('dns'));
    assert.deepEqual(await addonsOf({ addons: [] }), []);
    assert.deepEqual(await addonsOf({ runtime: 'model' }), []);
  });

  test('takes ports that are free, no two alike', async () => {
    const { ports } = await planCluster({ ...options, nodes: 4, runtime: 'model' }, undefined, machine, async (port) => port + 100);
    const all = [...Object.values(ports).flat()];
    assert.equal(new Set(all).size, all.length);
  });

  for (const [what, asked, facts, sentence] of [
    ['containers without root', { runtime: 'containerd' }, { ...machine, noContainers: 'takes root' }, /takes root/],
    ['several real nodes', { nodes: 2 }, machine, /--runtime model/],
    ['only loopback', {}, { ...machine, addresses: [] }, /--netns/],
  ] as const) {
    test(`${what}: refused`, async () => {
      await assert.rejects(planCluster({ ...options, ...asked }, undefined, facts, same), (error) => {
        assert.ok(error instanceof Refusal);
        assert.match(error.message, sentence);
        return true;
      });
    });
  }
});

describe('a cluster that is there', () => {
  test('stays as it was', async () => {
    const before = await planCluster({ ...options, store: 'memory', netns: 'a' }, undefined, machine, same);
    const elsewhere = { ...machine, hostname: 'other', addresses: ['198.51.100.1'] };
    assert.deepEqual(await planCluster(options, before, elsewhere, same), before);
    assert.deepEqual(await planCluster({ ...options, store: 'memory', netns: 'a', port: 6443 }, before, elsewhere, same), before);
  });

  test('is not made into another one', async () => {
    const before = await planCluster(options, undefined, machine, same);
    await assert.rejects(planCluster({ ...options, store: 'etcd' }, before, machine, same), /was made with --store sqlite: .*--purge/);
    await assert.rejects(planCluster({ ...options, netns: 'a' }, before, machine, same), /was made without --netns/);
  });
});
