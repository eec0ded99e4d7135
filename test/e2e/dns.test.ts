import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually } from '@keelson/testing';
import { kubectls, onPath, RealCluster, whyNotReal } from './cluster.ts';

const skip = whyNotReal();
if (skip) process.stderr.write(`names in a real cluster: skipped, ${skip}\n`);

const server = '10.96.0.10';

const objects = `
apiVersion: v1
kind: Pod
metadata: { name: asker }
spec:
  terminationGracePeriodSeconds: 0
  containers: [{ name: main, image: 'busybox:1.37', imagePullPolicy: IfNotPresent, command: [sleep, '3600'] }]
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  clusterIP: 10.96.7.7
  ports: [{ name: http, port: 80, targetPort: 8080 }]
---
apiVersion: v1
kind: Service
metadata: { name: db }
spec:
  clusterIP: None
  selector: { app: db }
  ports: [{ name: pg, port: 5432 }]
---
apiVersion: v1
kind: Pod
metadata: { name: db-0, labels: { app: db } }
spec:
  hostname: first
  subdomain: db
  terminationGracePeriodSeconds: 0
  containers: [{ name: main, image: 'busybox:1.37', imagePullPolicy: IfNotPresent, command: [sleep, '3600'] }]
---
apiVersion: v1
kind: Service
metadata: { name: outside }
spec: { type: ExternalName, externalName: web.default.svc.cluster.local }
---
apiVersion: v1
kind: Pod
metadata: { name: own-resolver }
spec:
  terminationGracePeriodSeconds: 0
  dnsPolicy: None
  dnsConfig: { nameservers: [192.0.2.53], searches: [example.test], options: [{ name: ndots, value: '2' }] }
  containers: [{ name: main, image: 'busybox:1.37', imagePullPolicy: IfNotPresent, command: [sleep, '3600'] }]
`;

describe('names', { skip: skip ?? false, timeout: 300_000 }, () => {
  const cluster = skip ? (undefined as unknown as RealCluster) : new RealCluster('dns', ['--addons', 'dns']);
  const [kubectl] = skip ? [] : kubectls(cluster);
  const ctl = (...args: string[]): Promise<string> => kubectl?.(...args) ?? Promise.resolve('');
  const settled = (what: string, holds: () => Promise<boolean>): Promise<unknown> =>
    eventually(holds, { deadlineMs: 60_000, message: what });

  /** What busybox finds in a pod: addresses, or nothing. */
  async function lookUp(name: string): Promise<string[]> {
    const answer = await kubectl?.run(['exec', 'asker', '--', 'nslookup', name]);
    const [, found = ''] = (answer?.stdout ?? '').split(/\n\n/);
    return [...found.matchAll(/^Address(?: \d+)?: (\S+)/gm)].map(([, address = '']) => address);
  }

  before(async () => {
    await cluster.up();
    await settled(
      'the addons are applied',
      async () => (await kubectl?.run(['get', 'deployment', 'coredns', '-n', 'kube-system']))?.code === 0,
    );
    await ctl('rollout', 'status', 'deployment/coredns', '-n', 'kube-system', '--timeout=60s');
    await kubectl?.run(['apply', '-f', '-'], objects);
    await ctl('wait', 'pod', 'asker', 'db-0', 'own-resolver', '--for=condition=Ready', '--timeout=60s');
  });
  after(async () => {
    const { code, stdout, stderr } = await cluster.down();
    assert.equal(code, 0, `down: ${stdout}${stderr}`);
  });

  test('every pod has the cluster’s name server, unless it wants another', async () => {
    const conf = await ctl('exec', 'asker', '--', 'cat', '/etc/resolv.conf');
    assert.match(conf, /^nameserver 10\.96\.0\.10$/m);
    assert.match(conf, /^search default\.svc\.cluster\.local svc\.cluster\.local cluster\.local/m);
    assert.match(conf, /^options ndots:5$/m);
    const own = await ctl('exec', 'own-resolver', '--', 'cat', '/etc/resolv.conf');
    assert.deepEqual(own.trim().split('\n').sort(), ['nameserver 192.0.2.53', 'options ndots:2', 'search example.test']);
  });

  test('a pod finds services by their names, short and long', async () => {
    for (const name of [
      'web',
      'web.default.svc.cluster.local',
      'kubernetes.default.svc.cluster.local',
      'outside.default.svc.cluster.local',
    ]) {
      const wanted = name.startsWith('kubernetes') ? '10.96.0.1' : '10.96.7.7';
      await settled(name, async () => (await lookUp(name)).includes(wanted));
    }
  });

  test('a pod with a hostname and a subdomain has a name', async () => {
    const ip = (await ctl('get', 'pod', 'db-0', '-o', 'jsonpath={.status.podIP}')).trim();
    await settled('first.db', async () => (await lookUp('first.db.default.svc.cluster.local')).includes(ip));
    assert.deepEqual(await lookUp('db.default.svc.cluster.local'), [ip]);
    assert.equal((await ctl('exec', 'db-0', '--', 'hostname', '-f')).trim(), 'first.db.default.svc.cluster.local');
  });

  test('a service that is gone is gone from the names', async () => {
    await ctl('create', 'service', 'clusterip', 'brief', '--tcp=80');
    await settled('it is there', async () => (await lookUp('brief.default.svc.cluster.local')).length > 0);
    await ctl('delete', 'service', 'brief');
    await settled('it is gone', async () => (await lookUp('brief.default.svc.cluster.local')).length === 0);
  });

  test('addons that are applied again stay as they are', async () => {
    const state = (): Promise<string> =>
      ctl(
        'get',
        'deployment',
        'coredns',
        '-n',
        'kube-system',
        '-o',
        'jsonpath={.metadata.uid} {.metadata.generation} {.status.readyReplicas}',
      );
    const before = await state();
    const applied = (): number => readFileSync(join(cluster.dataDir, 'logs/addons.log'), 'utf8').split('applied dns').length;
    const times = applied();
    await cluster.up();
    await settled('they are applied again', async () => applied() > times);
    assert.equal(await state(), before);
  });

  test('dig from the node: every kind of record, UDP and TCP', { skip: onPath('dig') ? false : 'dig is not installed' }, async () => {
    const dig = async (...args: string[]): Promise<string> =>
      (await cluster.inside('dig', `@${server}`, '+time=2', '+tries=3', ...args)).stdout;
    for (const transport of ['+notcp', '+tcp']) {
      const short = async (...args: string[]): Promise<string> => (await dig('+short', transport, ...args)).trim();
      assert.equal(await short('web.default.svc.cluster.local', 'A'), '10.96.7.7');
      assert.equal(await short('_http._tcp.web.default.svc.cluster.local', 'SRV'), '0 100 80 web.default.svc.cluster.local.');
      assert.equal(await short('_pg._tcp.db.default.svc.cluster.local', 'SRV'), '0 100 5432 first.db.default.svc.cluster.local.');
      assert.equal(await short('-x', '10.96.7.7'), 'web.default.svc.cluster.local.');
      assert.equal(await short('outside.default.svc.cluster.local', 'CNAME'), 'web.default.svc.cluster.local.');
      assert.equal(await short('dns-version.cluster.local', 'TXT'), '"1.1.0"');
    }
    assert.match(await dig('gone.default.svc.cluster.local'), /status: NXDOMAIN.*\n.*flags: qr aa rd/);
    assert.match(await dig('web.default.svc.cluster.local', 'AAAA'), /status: NOERROR[\s\S]*AUTHORITY: 1[\s\S]*\tSOA\t/);
  });
});
