import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@keelson/testing';
import { Event, Node } from '@keelson/types';
import { idle, lines, namespace, patience, present, type Subtests, shell, statusOf } from './bench.ts';

/** Names, namespaces, rights and limits. */
export const isolation: Subtests = {
  async 'names: hostname, subdomain, FQDN, aliases, resolver'(bench) {
    const script = 'hostname; cat /etc/hosts /etc/resolv.conf';
    const hostAliases = [{ ip: '123.45.67.89', hostnames: ['foo', 'bar'] }];
    const dnsConfig = {
      nameservers: ['10.9.8.7'],
      searches: ['here.example'],
      options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
    };
    const named = await bench.output('names', {
      hostname: 'me',
      subdomain: 'sub',
      hostAliases,
      dnsPolicy: 'None',
      dnsConfig,
      containers: [shell(script)],
    });
    const ip = present(bench.pod('names')?.status?.podIP);
    assert.match(named, /^me\n# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n/);
    assert.ok(named.includes(`\n${ip}\tme.sub.default.svc.`), named);
    assert.ok(named.includes('\n# Entries added by HostAliases.\n123.45.67.89\tfoo\tbar\n'), named);
    assert.match(named, /\nsearch here.example\nnameserver 10.9.8.7\noptions ndots:2 edns0\n$/);
    const full = await bench.output('fqdn', { hostname: 'me', subdomain: 'sub', setHostnameAsFQDN: true, containers: [shell('hostname')] });
    assert.match(full, /^me\.sub\.default\.svc\./);
    assert.equal(await bench.output('hostless', { containers: [shell('hostname')] }), 'hostless\n');
  },

  async 'network and process namespaces'(bench) {
    const own = shell('ip -o -4 addr', { ports: [] });
    const host = await bench.output('host-network', { hostNetwork: true, containers: [own] });
    const { podIP, hostIP } = bench.pod('host-network')?.status ?? {};
    assert.equal(podIP, hostIP);
    assert.ok(host.includes(`inet ${hostIP}`), host);
    await bench.create('host-port', {
      containers: [{ name: 'c', image: 'keelson/hello:v1', ports: [{ containerPort: 8080, hostPort: 18_080 }] }],
    });
    await bench.running('host-port');
    const url = `http://${bench.pod('host-port')?.status?.hostIP}:18080/`;
    await eventually(async () => /hello/i.test((await bench.cluster.inside('curl', '-s', '-m', '2', url)).stdout), {
      deadlineMs: patience,
      message: `${url} answers`,
    });
    const seen = async (name: string, until: string): Promise<string> => {
      await bench.create(name, {
        shareProcessNamespace: name === 'shared-pids',
        containers: [shell(until, {}), idle({ name: 'other', command: ['sleep', '4242'] })],
      });
      return eventually(async () => ((text) => text.includes('ps -o') && text)(await bench.log(name, 'container=c')), {
        deadlineMs: patience,
      });
    };
    // The other container may still be on its way when this one runs.
    assert.match(
      await seen('shared-pids', 'while ! ps -o args | grep -v grep | grep -q "^sleep 42"; do sleep 0.1; done; ps -o args'),
      /sleep 4242/,
    );
    assert.doesNotMatch(await seen('own-pids', 'sleep 1; ps -o args'), /sleep 4242/);
    assert.match(await bench.output('host-pids', { hostPID: true, containers: [shell('ps -o args')] }), /containerd/);
    assert.equal(
      await bench.output('sysctls', {
        securityContext: { sysctls: [{ name: 'kernel.shm_rmid_forced', value: '1' }] },
        containers: [shell('cat /proc/sys/kernel/shm_rmid_forced')],
      }),
      '1\n',
    );
  },

  async 'security contexts'(bench) {
    const status = 'id; grep -E "NoNewPrivs|CapEff|Seccomp:" /proc/self/status; touch /x 2>&1 || true; ls /dev/kmsg 2>&1 || true';
    const run = (name: string, own: object, shared: object = {}): Promise<string> =>
      bench.output(name, { securityContext: shared, containers: [shell(status, { securityContext: own })] });
    const [user, shared, tight, free, add] = await Promise.all([
      run('sc-user', { runAsUser: 65_534 }),
      run('sc-shared', { runAsUser: 1002 }, { runAsUser: 1001, runAsGroup: 2002, runAsNonRoot: true }),
      run('sc-tight', {
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      }),
      run('sc-privileged', { privileged: true }),
      run('sc-add', { capabilities: { add: ['NET_ADMIN'], drop: ['CHOWN'] } }),
    ]);
    assert.match(user, /uid=65534/);
    assert.match(shared, /uid=1002.* gid=2002/);
    assert.match(tight, /CapEff:\t0+\nNoNewPrivs:\t1\nSeccomp:\t2\n.*Read-only file system/);
    assert.match(free, /NoNewPrivs:\t0\nSeccomp:\t0\n\/dev\/kmsg/);
    const bits = (text: string): bigint => BigInt(`0x${/CapEff:\t(\w+)/.exec(text)?.[1]}`);
    assert.equal((bits(add) >> 12n) & 1n, 1n, 'NET_ADMIN');
    assert.equal(bits(add) & 1n, 0n, 'CHOWN');
    assert.ok(bits(free) > bits(add));
    await bench.create('sc-root', { securityContext: { runAsNonRoot: true }, containers: [idle()] });
    const refused = await bench.until(
      'sc-root',
      'is refused',
      (pod) => statusOf(pod).state?.waiting?.reason === 'CreateContainerConfigError',
    );
    assert.match(
      statusOf(refused).state?.waiting?.message ?? '',
      /^container has runAsNonRoot and image will run as root \(pod: "sc-root_default\(.+\)", container: c\)$/,
    );
  },

  async 'all pods together have the CPU weight and the memory of their node'(bench) {
    const { status } = await bench.api.get(Node, { name: bench.cluster.netns });
    const pods = `kubepods-${bench.cluster.netns}/kubepods`;
    const limit = (file: string): number => Number(readFileSync(join('/sys/fs/cgroup', file), 'utf8'));
    if (!existsSync('/sys/fs/cgroup/cgroup.controllers')) {
      assert.equal(limit(`cpu/${pods}/cpu.shares`), Number(status?.capacity?.cpu) * 1024);
      const memory = limit(`memory/${pods}/memory.limit_in_bytes`);
      assert.equal(`${memory / 1024}Ki`, status?.capacity?.memory);
    }
    const events = await bench.api.list(Event, { namespace, fieldSelector: 'involvedObject.kind=Node,reason=NodeAllocatableEnforced' });
    assert.deepEqual(
      events.items.map(({ message }) => message),
      ['Updated Node Allocatable limit across pods'],
    );
  },

  async 'resources become cgroups; too much memory is death'(bench) {
    const resources = { requests: { cpu: '100m', memory: '16Mi' }, limits: { cpu: '200m', memory: '48Mi' } };
    const v2 = existsSync('/sys/fs/cgroup/cgroup.controllers');
    const files = v2 ? ['memory.max', 'cpu.max', 'cpu.weight'] : ['memory/memory.limit_in_bytes', 'cpu/cpu.cfs_quota_us', 'cpu/cpu.shares'];
    const script = files.map((file) => `cat /sys/fs/cgroup/${file}`).join('; ');
    const limits = await bench.output('limits', { containers: [shell(script, { resources })] });
    if (!v2) assert.deepEqual(lines(limits), [String(48 * 2 ** 20), '20000', '102']);
    assert.equal(bench.pod('limits')?.status?.qosClass, 'Burstable');
    const { limits: both } = { limits: { cpu: '100m', memory: '32Mi' } };
    await bench.create('oom', { restartPolicy: 'Never', containers: [shell('tail /dev/zero', { resources: { limits: both } })] });
    const killed = await bench.ended('oom');
    assert.deepEqual([statusOf(killed).state?.terminated?.reason, statusOf(killed).state?.terminated?.exitCode], ['OOMKilled', 137]);
    assert.equal(killed.status?.qosClass, 'Guaranteed');
    assert.equal(bench.pod('env-default')?.status?.qosClass ?? 'BestEffort', 'BestEffort');
  },
};
