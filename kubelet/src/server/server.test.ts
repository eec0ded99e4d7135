import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { seededRandom, silentLogger, systemClock } from '@keelson/base';
import { HealthRecord } from '@keelson/component';
import { createCA, issue, issueTemporary } from '@keelson/pki';
import { Registry } from 'prom-client';
import { ModelRuntime } from '../cri/model/index.ts';
import { nothing } from '../footprint/types.ts';
import { testContainer, testPod } from '../pod/testpod.ts';
import { PodRecord } from '../worker/record.ts';
import { accessFor } from './attributes.ts';
import { nodeChecks } from './health.ts';
import { modelLogs } from './logs/model.ts';
import { modelMeter } from './machine-meter.ts';
import { type KubeletServerDeps, type Listening, serveKubelet } from './server.ts';
import { Usage } from './usage.ts';

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly location: string | undefined;
  readonly body: string;
}

let server: Listening;
let directory: string;
let looked = systemClock.now();
/** Subresources that the caller is allowed. */
let allowed: readonly string[] = [];

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubelet-server-'));
  await mkdir(join(directory, 'log/pods'), { recursive: true });
  await writeFile(join(directory, 'log/a&b:c.log'), 'line\n');
  await writeFile(join(directory, 'secret'), 'secret');
  await symlink('../secret', join(directory, 'log/out'));
  await symlink('pods', join(directory, 'log/in'));
  server = await serveKubelet(
    deps(),
    { ...(await issueTemporary('n1', { dnsNames: ['n1'], ips: [] }, systemClock)), clientCA: undefined },
    '127.0.0.1',
    0,
  );
});
after(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

function deps(): KubeletServerDeps {
  const clock = systemClock;
  const runtime = new ModelRuntime({ clock, random: seededRandom(1), podCidr: '10.0.0.0/24' });
  const record = new PodRecord(testPod(), 0);
  record.observed = { sandboxes: [], containers: [testContainer()] };
  return {
    nodeName: 'n1',
    clock,
    log: silentLogger,
    runtime,
    auth: {
      authenticate: async (call) => (call.headers.authorization ? { username: 'u', groups: [] } : undefined),
      authorize: async (_, access) => 'resourceAttributes' in access && allowed.includes(access.resourceAttributes.subresource ?? ''),
      check: async () => 403,
    },
    metrics: new Registry(),
    probeMetrics: new Registry(),
    logs: modelLogs(runtime),
    systemLogs: join(directory, 'log'),
    usage: new Usage({
      nodeName: 'n1',
      clock,
      runtime,
      meter: modelMeter(0),
      footprint: async () => ({ logs: new Map(), volumes: [], rest: nothing }),
    }),
    checks: nodeChecks(clock, () => looked),
    health: new HealthRecord(),
    configuration: {
      'max-pods': 110,
      'client-ca-file': '/ca',
      'eviction-hard': 'memory.available<100Mi,nodefs.available<10%',
      'register-with-taints': ['a=b:NoSchedule', 'c:NoExecute'],
      'cluster-dns': ['10.96.0.10'],
      kubeconfig: '/secret/path',
    },
    pods: () => [record],
  };
}

function ask(path: string, method = 'GET', headers: Record<string, string> = { authorization: 'Bearer x' }): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  request({ host: '127.0.0.1', port: server.port, path, method, headers, agent: false, rejectUnauthorized: false }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () => {
      const { 'content-type': type = '', location } = response.headers;
      resolve({ status: response.statusCode ?? 0, type, location, body: Buffer.concat(chunks).toString() });
    });
  })
    .on('error', reject)
    .end();
  return promise;
}

async function told(path: string, method = 'GET'): Promise<string> {
  allowed = ['proxy', 'log', 'metrics', 'stats', 'checkpoint'];
  const { status, body } = await ask(path, method);
  return `${status} ${body}`;
}

describe('who may ask', () => {
  const cases: readonly [path: string, method: string, wanted: string][] = [
    ['/pods', 'GET', 'get pods get proxy'],
    ['/runningpods/', 'GET', 'get pods get proxy'],
    ['/healthz/ping', 'GET', 'get healthz get proxy'],
    ['/configz', 'GET', 'get configz get proxy'],
    ['/stats/summary', 'GET', 'get stats'],
    ['/metrics/cadvisor', 'GET', 'get metrics'],
    ['/logs/', 'GET', 'get log'],
    ['/checkpoint/a/b/c', 'POST', 'create checkpoint'],
    ['/exec/a/b/c', 'POST', 'create proxy'],
    ['/run/a/b/c', 'POST', 'create proxy'],
    ['/logsmith', 'GET', 'get proxy'],
    ['/constructor', 'GET', 'get proxy'],
  ];
  for (const [path, method, wanted] of cases) {
    const got = accessFor(method, path, 'n1').map(({ verb, subresource }) => `${verb} ${subresource}`);
    test(`${method} ${path}`, () => assert.equal(got.join(' '), wanted));
  }

  test('nobody unknown, not even of health; and any one of the subresources will do', async () => {
    assert.equal((await ask('/healthz', 'GET', {})).status, 401);
    allowed = ['log'];
    const refused = await ask('/healthz');
    assert.deepEqual(
      [refused.status, refused.body],
      [403, 'Forbidden (user=u, verb=get, resource=nodes, subresource(s)=[healthz proxy])\n'],
    );
    allowed = ['healthz'];
    assert.equal((await ask('/healthz')).body, 'ok');
  });
});

describe('what it shows', () => {
  test('health, by parts', async () => {
    for (const path of ['/healthz', '/healthz/ping', '/healthz/log', '/healthz/syncloop']) assert.equal(await told(path), '200 ok');
    looked = systemClock.now() - 150_000;
    assert.equal(await told('/healthz/syncloop'), '500 internal server error: sync Loop took longer than expected\n');
    looked = systemClock.now();
  });

  test('its configuration as Kubernetes has it, and nothing beside', async () => {
    assert.deepEqual(JSON.parse((await told('/configz')).slice(4)), {
      kubeletconfig: {
        authentication: { x509: { clientCAFile: '/ca' } },
        clusterDNS: ['10.96.0.10'],
        evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '10%' },
        maxPods: 110,
        registerWithTaints: [
          { key: 'a', value: 'b', effect: 'NoSchedule' },
          { key: 'c', effect: 'NoExecute' },
        ],
      },
    });
  });

  test('pods, and those that run', async () => {
    const names = async (path: string): Promise<unknown> =>
      JSON.parse((await told(path)).slice(4)).items.map((pod: { metadata: object }) => pod.metadata);
    assert.deepEqual(await names('/pods'), [testPod().metadata]);
    assert.deepEqual(await names('/runningpods/'), [{ name: 'web', namespace: 'default', uid: 'u1' }]);
  });

  test('numbers', async () => {
    for (const path of ['/metrics', '/metrics/slis', '/metrics/probes', '/metrics/resource', '/metrics/cadvisor'])
      assert.match(await told(path), /^200 /, path);
    const summary = async (query = ''): Promise<string[]> => Object.keys(JSON.parse((await told(`/stats/summary${query}`)).slice(4)).node);
    assert.deepEqual(await summary('?only_cpu_and_memory=true'), ['nodeName', 'systemContainers', 'startTime', 'cpu', 'memory']);
    assert.ok((await summary()).includes('rlimit'));
  });

  test('requests as long as Go takes them: commands may be long', async () => {
    assert.match(await told(`/pods?command=${'a'.repeat(100_000)}`), /^200 /);
  });

  test('what it has not', async () => {
    assert.equal(await told('/debug/pprof/heap'), '405 profiling endpoint is disabled.\n');
    assert.equal(await told('/pods', 'POST'), '405 Method Not Allowed\n');
    assert.equal(await told('/exec/default/web/app', 'POST'), '400 Upgrade request required\n');
    assert.equal(await told('/checkpoint/default/none/app', 'POST'), '404 pod does not exist\n');
    assert.match(
      await told('/checkpoint/default/web/app', 'POST'),
      /^500 checkpointing of default\/web\/app failed \(rpc error: code = Unimplemented/,
    );
    for (const path of ['/', '/nothing', '/constructor', '/stats', '/metrics/none'])
      assert.equal(await told(path), '404 404 page not found\n', path);
  });
});

describe('the node’s own logs', () => {
  test('a directory is a list of links', async () => {
    const links = '<a href="./a%26b%3Ac.log">a&amp;b:c.log</a>\n<a href="in">in</a>\n<a href="out">out</a>\n<a href="pods/">pods/</a>\n';
    assert.ok((await told('/logs/')).endsWith(`<pre>\n${links}</pre>\n`));
    const moved = await ask('/logs');
    assert.deepEqual([moved.status, moved.location], [301, 'logs/']);
    assert.equal((await ask('/logs/pods')).location, 'pods/');
  });

  test('a file', async () => {
    const { status, type, body } = await ask('/logs/a%26b:c.log');
    assert.deepEqual([status, type, body], [200, 'text/plain; charset=utf-8', 'line\n']);
    assert.match(await told('/logs/in/'), /^200 /);
  });

  test('nothing outside', async () => {
    for (const path of ['out', 'none', '../secret', '..%2fsecret', '%2e%2e/secret', 'in/../../secret', 'a%26b:c.log/', '%00'])
      assert.equal(await told(`/logs/${path}`), '404 404 page not found\n', path);
  });
});

test('a renewed certificate, and another authority of clients, are taken while it serves', async (t) => {
  const clock = systemClock;
  const made = async (commonName: string) => {
    const ca = await createCA({ commonName: `${commonName}-ca`, days: 1, clock });
    const { certPem: cert, keyPem: key } = await issue({ ca, commonName, usages: ['server', 'client'], days: 1, clock });
    return { cert, key, clientCA: ca.certPem };
  };
  const [first, second] = [await made('first'), await made('second')];
  const auth: KubeletServerDeps['auth'] = {
    ...deps().auth,
    authenticate: async ({ socket }) => ((socket as TLSSocket).authorized ? { username: 'u', groups: [] } : undefined),
  };
  const own = await serveKubelet({ ...deps(), auth }, first, '127.0.0.1', 0);
  t.after(() => own.close());
  /** Whose certificate is shown, and whether somebody is known whom the second authority vouches for. */
  const seen = (): Promise<readonly unknown[]> =>
    new Promise((resolve, reject) => {
      const { cert, key } = second;
      request({ host: '127.0.0.1', port: own.port, path: '/pods', agent: false, rejectUnauthorized: false, cert, key }, (response) => {
        resolve([(response.socket as TLSSocket).getPeerX509Certificate()?.subject, response.statusCode !== 401]);
        response.resume();
      })
        .on('error', reject)
        .end();
    });
  assert.deepEqual(await seen(), ['CN=first', false]);
  own.present({ tls: second });
  assert.deepEqual(await seen(), ['CN=second', false]);
  assert.throws(() => own.present({ tls: { cert: first.cert, key: second.key } }), /key values mismatch/);
  own.present({ clientCA: second.clientCA });
  assert.deepEqual(await seen(), ['CN=second', true]);
});
