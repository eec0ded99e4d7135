import assert from 'node:assert/strict';
import type { Service } from '@keelson/types';
import type { Context } from '../../context.ts';
import { podsOf } from '../../pods.ts';
import { until } from '../../resource.ts';
import type { Specs } from '../../specs.ts';
import { busybox } from '../images.ts';
import { execScript, lasting, ready } from '../run.ts';
import { clusterIPOf, ipOf, makeService, programOf, servicesOf, slicesOf } from './agents.ts';

const area = '[sig-network] DNS';
const domain = 'cluster.local';

/** One question of a pod to its own name server, by either transport. */
interface Question {
  readonly name: string;
  readonly type: 'A' | 'CNAME' | 'PTR' | 'SRV';
}

/**
 * A pod with two containers of different C libraries: one asks and shows what its name server said, one has `getent`-like lookups. Its
 * hostname and subdomain are as told.
 */
const querier = (hostname: string, subdomain: string, labels: object = {}) =>
  lasting(
    'querier',
    [
      programOf('resolver.mjs', {}, { readinessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 1 } }),
      { name: 'shell', image: busybox, command: ['sleep', '86400'] },
    ],
    { hostname, subdomain },
    { labels },
  );

/** What the pod's name server answers, as text; undefined when it has nothing. A name that ends in no dot is sought along the search list. */
async function asks(c: Context, { name, type }: Question, transport: 'udp' | 'tcp'): Promise<readonly string[]> {
  const { status, text } = await podsOf(c).ask('GET', `querier:8080/proxy/?${new URLSearchParams({ name, type, transport })}`);
  assert.equal(status, 200, text);
  return JSON.parse(text) as string[];
}

/** Waits until both transports give something that is as wanted. */
async function resolves(
  c: Context,
  question: Question,
  wanted: (answers: readonly string[]) => boolean = (all) => all.length > 0,
): Promise<void> {
  for (const transport of ['udp', 'tcp'] as const) {
    let last: readonly string[] = [];
    const asked = async (): Promise<boolean> => {
      last = await asks(c, question, transport);
      return wanted(last);
    };
    await until(asked, `${question.type} ${question.name} by ${transport}`).catch((error: Error) => {
      throw new Error(`${error.message}; last: ${JSON.stringify(last)}`);
    });
  }
}

const is =
  (...wanted: readonly string[]) =>
  (answers: readonly string[]): boolean =>
    [...answers].sort().join() === [...wanted].sort().join();

/** Hosts that the pod knows by itself. */
async function hostEntries(c: Context, ...names: readonly string[]): Promise<void> {
  const { status } = await podsOf(c).get('querier');
  for (const container of ['agent', 'shell']) {
    const hosts =
      container === 'shell'
        ? await execScript(c, 'querier', 'cat /etc/hosts', 'shell')
        : await c.kubectl(['exec', '-n', c.namespace, 'querier', '-c', 'agent', '--', '/usr/local/bin/node', '-e', printHosts]);
    const entry = hosts.split('\n').find((line) => line.startsWith(`${status?.podIP}\t`)) ?? '';
    assert.deepEqual(entry.split('\t').slice(1), names, hosts);
  }
}

const printHosts = `process.stdout.write(require('node:fs').readFileSync('/etc/hosts', 'utf8'))`;

async function query(c: Context, hostname = 'dns-querier-1', subdomain = 'dns-test-service', labels: object = {}): Promise<string> {
  await podsOf(c).create(querier(hostname, subdomain, labels));
  return ipOf(await ready(c, 'querier'));
}

const headless = (c: Context, name: string, selector: object): Promise<Service> =>
  makeService(c, name, { clusterIP: 'None', selector, ports: [{ name: 'http', port: 80, protocol: 'TCP' }] });

/** A headless service and an ordinary one for the pod that asks. */
async function twoServices(c: Context): Promise<{ readonly pod: string; readonly regular: Service }> {
  const selector = { 'dns-test': 'true' };
  await headless(c, 'dns-test-service', selector);
  const regular = await makeService(c, 'test-service-2', { selector, ports: [{ name: 'http', port: 80, protocol: 'TCP' }] });
  return { pod: await query(c, 'dns-querier-1', 'dns-test-service', selector), regular };
}

const reverse = (ip: string): string => `${ip.split('.').toReversed().join('.')}.in-addr.arpa.`;

/** The pod has a name below a headless service's. */
async function named(c: Context): Promise<{ readonly pod: string; readonly service: string; readonly host: string }> {
  const selector = { 'dns-test-hostname-attribute': 'true' };
  await headless(c, 'dns-test-service-2', selector);
  const pod = await query(c, 'dns-querier-2', 'dns-test-service-2', selector);
  const service = `dns-test-service-2.${c.namespace}.svc.${domain}`;
  return { pod, service, host: `dns-querier-2.${service}` };
}

export const netDns: Specs = {
  async [`${area} should provide DNS for the cluster`](c) {
    await query(c);
    await resolves(c, { name: `kubernetes.default.svc.${domain}`, type: 'A' }, is('10.96.0.1'));
  },

  async [`${area} should provide /etc/hosts entries for the cluster`](c) {
    await query(c);
    await hostEntries(c, `dns-querier-1.dns-test-service.${c.namespace}.svc.${domain}`, 'dns-querier-1');
  },

  async [`${area} should provide DNS for services`](c) {
    const { pod, regular } = await twoServices(c);
    const below = (name: string): string => `${name}.${c.namespace}.svc.${domain}`;
    await resolves(c, { name: below('dns-test-service'), type: 'A' }, is(pod));
    await resolves(
      c,
      { name: below('_http._tcp.dns-test-service'), type: 'SRV' },
      is(`0 100 80 dns-querier-1.${below('dns-test-service')}`),
    );
    await resolves(c, { name: below('_http._tcp.test-service-2'), type: 'SRV' }, is(`0 100 80 ${below('test-service-2')}`));
    await resolves(c, { name: reverse(clusterIPOf(regular)), type: 'PTR' }, is(below('test-service-2')));
  },

  async [`${area} should provide DNS for services / headless, of endpoints that nobody selects, that have names or are not ready`](c) {
    const below = (name: string): string => `${name}.${c.namespace}.svc.${domain}`;
    const ports = [{ name: 'http', port: 80, protocol: 'TCP' }];
    await makeService(c, 'manual', { clusterIP: 'None', ports });
    const slice = (addresses: string[], endpoint: object): Promise<unknown> =>
      slicesOf(c).create({
        metadata: { generateName: 'manual-', labels: { 'kubernetes.io/service-name': 'manual' } },
        addressType: 'IPv4',
        endpoints: [{ addresses, ...endpoint }],
        ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      });
    await slice(['192.0.2.1'], { hostname: 'first' });
    await slice(['192.0.2.2'], {});
    await slice(['192.0.2.3'], { conditions: { ready: false } });
    await query(c);
    await resolves(c, { name: below('manual'), type: 'A' }, is('192.0.2.1', '192.0.2.2'));
    await resolves(c, { name: below('first.manual'), type: 'A' }, is('192.0.2.1'));
    await resolves(
      c,
      { name: below('_http._tcp.manual'), type: 'SRV' },
      is(`0 50 8080 ${below('first.manual')}`, `0 50 8080 ${below('192-0-2-2.manual')}`),
    );
    await resolves(c, { name: reverse('192.0.2.1'), type: 'PTR' }, is(below('first.manual')));
  },

  async [`${area} should resolve DNS of partial qualified names for services [LinuxOnly]`](c) {
    const { pod, regular } = await twoServices(c);
    for (const name of ['dns-test-service', `dns-test-service.${c.namespace}`, `dns-test-service.${c.namespace}.svc`])
      await resolves(c, { name, type: 'A' }, is(pod));
    for (const service of ['dns-test-service', 'test-service-2'])
      await resolves(c, { name: `_http._tcp.${service}.${c.namespace}.svc`, type: 'SRV' });
    await resolves(c, { name: reverse(clusterIPOf(regular)), type: 'PTR' });
  },

  async [`${area} should provide DNS for pods for Hostname`](c) {
    const { host } = await named(c);
    await hostEntries(c, host, 'dns-querier-2');
    assert.equal((await execScript(c, 'querier', 'hostname', 'shell')).trim(), 'dns-querier-2');
    assert.equal((await execScript(c, 'querier', 'hostname -f', 'shell')).trim(), host);
  },

  async [`${area} should provide DNS for pods for Subdomain`](c) {
    const { pod, service, host } = await named(c);
    await resolves(c, { name: host, type: 'A' }, is(pod));
    await resolves(c, { name: service, type: 'A' }, is(pod));
  },

  async [`${area} should provide DNS for ExternalName services`](c) {
    const externalTo = (host: string): object => ({ type: 'ExternalName', externalName: `${host}.example.com` });
    await makeService(c, 'dns-test-service-3', externalTo('foo'));
    await query(c);
    const question: Question = { name: `dns-test-service-3.${c.namespace}.svc.${domain}`, type: 'CNAME' };
    await resolves(c, question, is('foo.example.com'));
    const change = (spec: object): Promise<Service> =>
      servicesOf(c).update('dns-test-service-3', (present) => ({ ...present, spec: { ...present.spec, ...spec } }) as Service);
    await change(externalTo('bar'));
    await resolves(c, question, is('bar.example.com'));
    const changed = await change({ type: 'ClusterIP', externalName: undefined, ports: [{ name: 'http', port: 80, protocol: 'TCP' }] });
    await resolves(c, { ...question, type: 'A' }, is(clusterIPOf(changed)));
  },
};
