import assert from 'node:assert/strict';
import { StatefulSet } from '@keelson/types';
import { type Bench, idle, namespace, present, type Subtests, shell } from './bench.ts';

const ports = [{ containerPort: 80, hostPort: 21017 }];

/** Pods that were given to the node, by its own look at them. */
export const admission: Subtests = {
  async 'a StatefulSet’s pod whose host port is taken fails, and is made again until it is free'(bench) {
    await bench.create('holder', placed(bench, { containers: [idle({ ports })] }));
    await bench.running('holder');
    const set = statefulSet(placed(bench, { containers: [idle({ ports })] }));
    const uids = new Set<string>();
    const failed = bench.until('ss-0', 'was made again', (pod) => {
      if (pod.status?.phase === 'Failed') uids.add(present(pod.metadata?.uid));
      return uids.size >= 2;
    });
    await bench.api.create(StatefulSet, set);
    await failed;
    await bench.remove('holder', 0);
    const pod = await bench.running('ss-0');
    assert.ok(!uids.has(present(pod.metadata?.uid)));
    await bench.api.delete(StatefulSet, { namespace, name: 'ss' });
  },

  async 'a pod that is turned away says why and never runs'(bench) {
    const cases: readonly [name: string, spec: object, reason: string, message: string][] = [
      [
        'no-place',
        { nodeSelector: { disk: 'none' } },
        'NodeAffinity',
        "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
      ],
      [
        'no-sysctl',
        { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '10000000000' }] } },
        'SysctlForbidden',
        'forbidden sysctl: "kernel.msgmax" not allowlisted',
      ],
      ['no-cpu', { containers: [idle({ resources: { requests: { cpu: '4000' } } })] }, 'OutOfcpu', 'requested: 4000000,'],
    ];
    await Promise.all(
      cases.map(async ([name, spec, reason, message]) => {
        await bench.create(name, placed(bench, { containers: [idle()], ...spec }));
        const { status } = await bench.ended(name);
        assert.deepEqual([status?.phase, status?.reason, status?.containerStatuses], ['Failed', reason, undefined]);
        assert.ok(status?.message?.includes(message), status?.message);
        const { type, message: told } = await bench.event(name, reason);
        assert.deepEqual([type, `Pod was rejected: ${told}`], ['Warning', status?.message]);
        await bench.remove(name);
        await bench.gone(name);
      }),
    );
  },

  async 'safe kernel settings, with dots or slashes'(bench) {
    const sysctls = [
      { name: 'kernel/shm_rmid_forced', value: '1' },
      { name: 'net.ipv4.tcp_fin_timeout', value: '47' },
    ];
    const script = 'cat /proc/sys/kernel/shm_rmid_forced /proc/sys/net/ipv4/tcp_fin_timeout';
    assert.equal(await bench.output('safe-sysctls', { securityContext: { sysctls }, containers: [shell(script)] }), '1\n47\n');
  },
};

/** On the node without asking the scheduler. */
function placed(bench: Bench, spec: object): object {
  return { nodeName: bench.cluster.netns, terminationGracePeriodSeconds: 1, ...spec };
}

function statefulSet(spec: object): StatefulSet {
  const labels = { app: 'ss' };
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'ss', namespace },
    spec: { replicas: 1, serviceName: 'ss', selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  } as unknown as StatefulSet;
}
