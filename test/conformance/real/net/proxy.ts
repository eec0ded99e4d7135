import assert from 'node:assert/strict';
import { systemClock } from '@keelson/base';
import { createCA, issue } from '@keelson/pki';
import type { Context, Reply } from '../../context.ts';
import { until } from '../../resource.ts';
import type { Specs } from '../../specs.ts';
import { lasting } from '../run.ts';
import { endpointsOf, makeService, programOf, readyPods, servicePort } from './agents.ts';

const area = '[sig-network] Proxy version v1';
const labels = { app: 'proxied' };

interface Said {
  readonly text: string;
  readonly tls?: boolean;
  readonly json?: boolean;
}

/** A pod that says the same to everybody, by port. */
async function sayingPod(c: Context, says: Readonly<Record<number, Said>>, ports: readonly object[]): Promise<void> {
  const clock = systemClock;
  const ca = await createCA({ commonName: 'proxied-ca', days: 1, clock });
  const tls = await issue({ ca, commonName: 'proxied', dnsNames: ['proxied'], usages: ['server'], days: 1, clock });
  const readinessProbe = { httpGet: { path: '/', port: 80 }, periodSeconds: 1 };
  const container = programOf('agent.mjs', { SAYS: JSON.stringify(says), CERT: tls.certPem, KEY: tls.keyPem }, { ports, readinessProbe });
  await readyPods(c, lasting('saying', [container], { terminationGracePeriodSeconds: 5 }, { labels }));
}

/** The path by which the API server leads to a port of a pod or a service. */
const through = (c: Context, what: string, prefix = 'http', port = ''): string => {
  const [resource, name] = what.split('/');
  const named = prefix === '' ? [name, port].filter(Boolean) : [prefix, name, port];
  return `/api/v1/namespaces/${c.namespace}/${resource}/${named.join(':')}/proxy`;
};

/** Every method by these paths reaches the pod and is answered with its own name. */
async function allMethods(c: Context, path: (method: string) => string, methods: readonly string[]): Promise<void> {
  for (const method of methods) {
    const ask = (): Promise<Reply> => c.ask({ method, path: path(method) });
    const answered = async (): Promise<boolean> => (await ask()).status === 200;
    await until(answered, `${method} ${path(method)} is answered`).catch(async (error: Error) => {
      const { status, headers, text } = await ask();
      throw new Error(`${error.message}; last: ${status} ${headers.location ?? ''} ${text}`);
    });
    if (method !== 'HEAD') assert.deepEqual(JSON.parse((await ask()).text), { Method: method, Body: 'foo' });
  }
}

async function jsonPod(c: Context): Promise<void> {
  await sayingPod(c, { 80: { text: 'foo', json: true } }, []);
  await makeService(c, 'test-service', { selector: labels, ports: [servicePort(80)] });
}

const link = (path: string, name = 'rewriteme'): string => `<a href="${path}/${name}">test</a>`;
/** How often each path is asked, as upstream. */
const attempts = 20;

export const netProxy: Specs = {
  async [`${area} should proxy through a service and a pod`](c) {
    const says = {
      80: { text: link('') },
      1080: { text: link('') },
      160: { text: 'foo' },
      162: { text: 'bar' },
      443: { text: link('', 'tlsrewriteme'), tls: true },
      460: { text: 'tls baz', tls: true },
      462: { text: 'tls qux', tls: true },
    };
    const named = { dest1: 160, dest2: 162, tlsdest1: 460, tlsdest2: 462 };
    const ports = [{ containerPort: 80 }, ...Object.entries(named).map(([name, containerPort]) => ({ name, containerPort }))];
    const offered = [
      servicePort(80, 'dest1', { name: 'portname1' }),
      servicePort(81, 162, { name: 'portname2' }),
      servicePort(443, 'tlsdest1', { name: 'tlsportname1' }),
      servicePort(444, 462, { name: 'tlsportname2' }),
    ];
    await makeService(c, 'proxied', { selector: labels, ports: offered });
    await sayingPod(c, says, ports);
    await endpointsOf(c, 'proxied', 1);
    const service = (prefix: string, port: string): string => through(c, 'services/proxied', prefix, port);
    const pod = (prefix: string, port: string): string => through(c, 'pods/saying', prefix, port);
    const expected = new Map([
      ...['', 'http'].flatMap((prefix): [string, string][] => [
        [service(prefix, 'portname1'), 'foo'],
        [service(prefix, 'portname2'), 'bar'],
        [service(prefix, '80'), 'foo'],
        [service(prefix, '81'), 'bar'],
        [pod(prefix, '1080'), link(pod(prefix, '1080'))],
        [pod(prefix, '160'), 'foo'],
        [pod(prefix, '162'), 'bar'],
      ]),
      [pod('', ''), link(pod('', ''))],
      [service('https', 'tlsportname1'), 'tls baz'],
      [service('https', 'tlsportname2'), 'tls qux'],
      [service('https', '443'), 'tls baz'],
      [pod('https', '443'), link(pod('https', '443'), 'tlsrewriteme')],
      [pod('https', '460'), 'tls baz'],
      [pod('https', '462'), 'tls qux'],
    ]);
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const got = await Promise.all([...expected.keys()].map(async (path) => [path, await c.ask({ path: `${path}/` })] as const));
      for (const [path, { status, text }] of got) assert.deepEqual([path, status, text], [path, 200, expected.get(path)]);
    }
  },

  async [`${area} A set of valid responses are returned for both pod and service ProxyWithPath`](c) {
    await jsonPod(c);
    const methods = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];
    for (const what of ['pods/saying', 'services/test-service'])
      await allMethods(c, (method) => `${through(c, what, '')}/some/path/with/${method}`, methods);
  },

  async [`${area} A set of valid responses are returned for both pod and service Proxy`](c) {
    await jsonPod(c);
    for (const what of ['pods/saying', 'services/test-service']) {
      const path = (method: string): string => `${through(c, what, '')}?method=${method}`;
      await allMethods(c, path, ['DELETE', 'OPTIONS', 'PATCH', 'POST', 'PUT']);
      for (const method of ['GET', 'HEAD']) assert.equal((await c.ask({ method, path: path(method) })).status, 301);
    }
  },
};
