import assert from 'node:assert/strict';
import type { Context } from '../context.ts';
import { podsOf } from '../pods.ts';
import type { Specs } from '../specs.ts';
import { busybox } from './images.ts';
import { exec, execScript, lasting, once, output, printed, ready, says, scripted, shell, started, terminationOf, untilPod } from './run.ts';

const area = '[sig-node] Kubelet when scheduling';
/** Of the node: a runtime asks registries on it without TLS. */
const registryPort = 25_055;
const managed = '# Kubernetes-managed hosts file.';

/** A container that goes on; every file of hosts in a pod. */
const idle = (name: string, volumeMounts: readonly object[] = []) => ({ ...shell('sleep 900'), name, volumeMounts });
const original = { name: 'host-etc-hosts', mountPath: '/etc/hosts-original' };

async function hostsOf(c: Context, pod: string, container: string): Promise<{ own: string; original: string }> {
  const [own, nodes] = await Promise.all(['hosts', 'hosts-original'].map((file) => execScript(c, pod, `cat /etc/${file}`, container)));
  return { own: own ?? '', original: nodes ?? '' };
}

export const kubelet: Specs = {
  async [`${area} a busybox command in a pod should print the output to logs [NodeConformance]`](c) {
    await started(c, lasting('prints', [shell("echo 'Hello World' ; sleep 240")], { restartPolicy: 'Never' }));
    assert.equal(await printed(c, 'prints', 'Hello World'), 'Hello World\n');
  },

  async [`${area} a busybox command that always fails in a pod should have an terminated reason [NodeConformance]`](c) {
    await podsOf(c).create(once('fails', [{ name: 'fails', image: busybox, command: ['/bin/false'] }]));
    const pod = await untilPod(c, 'fails', ({ status }) => status?.containerStatuses?.[0]?.state?.terminated);
    const { exitCode, reason } = terminationOf(pod);
    assert.deepEqual([exitCode, reason], [1, 'Error']);
  },

  async [`${area} a busybox command that always fails in a pod should be possible to delete [NodeConformance]`](c) {
    await podsOf(c).create(once('fails', [{ name: 'fails', image: busybox, command: ['/bin/false'] }]));
    await podsOf(c).remove('fails');
    await podsOf(c).gone('fails');
  },

  async [`${area} a read only busybox container should not write to root filesystem [LinuxOnly] [NodeConformance]`](c) {
    const container = shell('', {
      command: ['/bin/sh', '-c', 'echo test > /file; sleep 240'],
      securityContext: { readOnlyRootFilesystem: true },
    });
    await started(c, lasting('readonly', [container], { restartPolicy: 'Never' }));
    assert.equal(await printed(c, 'readonly', '\n'), "/bin/sh: can't create /file: Read-only file system\n");
  },

  async [`${area} an agnhost Pod with hostAliases should write entries to /etc/hosts [NodeConformance]`](c) {
    const hostAliases = [{ ip: '123.45.67.89', hostnames: ['foo', 'bar'] }];
    says(await output(c, once('aliases', [shell('cat /etc/hosts')], { hostAliases })), '123.45.67.89\tfoo\tbar');
  },

  async '[sig-node] KubeletManagedEtcHosts should test kubelet managed /etc/hosts file [NodeConformance]'(c) {
    const volumes = [{ name: 'host-etc-hosts', hostPath: { path: '/etc/hosts', type: 'FileOrCreate' } }];
    const both = [idle('busybox-1', [original]), idle('busybox-2', [original])];
    const third = idle('busybox-3', [{ name: 'host-etc-hosts', mountPath: '/etc/hosts' }, original]);
    await started(c, lasting('test-pod', [...both, third], { volumes }));
    await started(c, lasting('host-network', both, { volumes, hostNetwork: true, securityContext: {} }));
    for (const name of ['busybox-1', 'busybox-2']) {
      const { own, original } = await hostsOf(c, 'test-pod', name);
      says(own, managed);
      assert.ok(!original.includes(managed));
    }
    for (const [pod, name] of [
      ['test-pod', 'busybox-3'],
      ['host-network', 'busybox-1'],
      ['host-network', 'busybox-2'],
    ] as const) {
      const { own, original } = await hostsOf(c, pod, name);
      assert.ok(!own.includes(managed), own);
      says(own, original.trim());
    }
  },

  async '[sig-node] Sysctls [LinuxOnly] [NodeConformance] should support sysctls [Environment:NotInUserNS]'(c) {
    const securityContext = { sysctls: [{ name: 'kernel.shm_rmid_forced', value: '1' }] };
    const container = shell('', { command: ['/bin/sysctl', 'kernel.shm_rmid_forced'] });
    says(await output(c, once('sysctl', [container], { securityContext })), 'kernel.shm_rmid_forced = 1');
  },

  // Needs a runtime that can: containerd 2.1, CRI-O 1.31.
  async '[sig-node] ImageVolume should succeed with pod and pull policy of Always [LinuxOnly] [MinimumKubeletVersion:1.35]'(c) {
    const registry = scripted('registry.mjs', [registryPort], { readinessProbe: { tcpSocket: { port: registryPort }, periodSeconds: 1 } });
    await podsOf(c).create(lasting('registry', [registry], { hostNetwork: true }));
    const { spec } = await ready(c, 'registry');
    const image = { reference: `127.0.0.1:${registryPort}/volume:1.0`, pullPolicy: 'Always' };
    const container = shell('while true; do echo test; sleep 1; done', { volumeMounts: [{ name: 'volume', mountPath: '/volume' }] });
    const rest = { nodeName: spec.nodeName, volumes: [{ name: 'volume', image }] };
    await started(c, lasting('test-pod', [container], rest));
    says(await exec(c, 'test-pod', ['/bin/cat', '/volume/data.json']), 'kitten.jpg');
    says(await exec(c, 'test-pod', ['/bin/cat', '/volume/etc/os-release']), 'Alpine Linux');
    await assert.rejects(execScript(c, 'test-pod', 'echo >/volume/data.json'), /Read-only file system/);
  },

  async '[sig-network] DNS should support configurable pod DNS nameservers'(c) {
    const dnsConfig = { nameservers: ['1.1.1.1'], searches: ['resolv.conf.local'] };
    await started(c, lasting('dns', [shell('sleep 600')], { dnsPolicy: 'None', dnsConfig }));
    const file = await execScript(c, 'dns', 'cat /etc/resolv.conf');
    assert.deepEqual(file.match(/^nameserver .*$/gm), ['nameserver 1.1.1.1']);
    assert.deepEqual(file.match(/^search .*$/gm), ['search resolv.conf.local']);
  },
};
