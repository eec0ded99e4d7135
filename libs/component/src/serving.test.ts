import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type RequestOptions, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { silentLogger as log, systemClock } from '@keelson/base';
import type { ClientRequest, ClientResponse } from '@keelson/client';
import { handClock } from '@keelson/testing';
import { Registry } from 'prom-client';
import {
  delegatedAuth,
  followPublishedClientCA,
  followServing,
  type HealthCheck,
  type HealthServerOptions,
  leaderElectionStatus,
  readServing,
  secureContext,
  serveHealth,
  workQueueMetrics,
} from './index.ts';

interface Pair {
  certPem: string;
  keyPem: string;
}
const pems: { ca: string; server: Pair; admin: Pair; prometheus: Pair; stranger: Pair } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'testdata/certificates.json'), 'utf8'),
);

type Get = (path: string, as?: Pair | string) => Promise<{ status: number | undefined; body: string }>;

async function serving(given: Partial<HealthServerOptions>, use: (get: Get, port: number) => Promise<void>): Promise<void> {
  const server = await serveHealth({
    port: 0,
    bindAddress: '127.0.0.1',
    tls: { cert: pems.server.certPem, key: pems.server.keyPem },
    clientCA: pems.ca,
    metrics: new Registry(),
    log,
    checks: [],
    authorize: async () => 200,
    ...given,
  });
  const ask: Get = (path, as) =>
    new Promise((resolve, reject) => {
      const identity: RequestOptions =
        typeof as === 'string' ? { headers: { authorization: `Bearer ${as}` } } : as ? { cert: as.certPem, key: as.keyPem } : {};
      const call = request({ host: '127.0.0.1', port: server.port, path, ca: pems.ca, agent: false, ...identity }, async (response) => {
        resolve({ status: response.statusCode, body: (await response.toArray()).join('') });
      });
      call.on('error', reject).end();
    });
  try {
    await use(ask, server.port);
  } finally {
    await server.close();
  }
}

test('health is told in Kubernetes words, to anyone', async () => {
  let etcd = true;
  const checks: HealthCheck[] = [
    { name: 'etcd', check: () => assert.ok(etcd, 'etcd is away') },
    { name: 'informer-sync', check: async () => undefined, endpoints: ['readyz'] },
  ];
  await serving({ checks, authorize: async () => 401 }, async (get) => {
    assert.deepEqual(await get('/healthz'), { status: 200, body: 'ok' });
    assert.deepEqual(await get('/readyz?verbose'), {
      status: 200,
      body: '[+]ping ok\n[+]etcd ok\n[+]informer-sync ok\nreadyz check passed\n',
    });
    assert.deepEqual(await get('/livez/ping'), { status: 200, body: 'ok' });
    assert.equal((await get('/livez/informer-sync')).status, 404);
    etcd = false;
    assert.deepEqual(await get('/livez'), { status: 500, body: '[+]ping ok\n[-]etcd failed: reason withheld\nlivez check failed\n' });
    assert.deepEqual(await get('/healthz/etcd'), { status: 500, body: 'internal server error: etcd is away\n' });
    const excluded =
      '[+]ping ok\n[+]etcd excluded: ok\nwarn: some health checks cannot be excluded: no matches for "x"\nhealthz check passed\n';
    assert.deepEqual(await get('/healthz?verbose&exclude=etcd&exclude=x'), { status: 200, body: excluded });
    assert.equal((await get('/metrics')).status, 401);
    assert.equal((await get('/healthzz')).status, 401);
  });
});

test('what the checks said is counted for those who look later', async () => {
  const checks: HealthCheck[] = [{ name: 'etcd', check: () => assert.fail('etcd is away'), endpoints: ['readyz'] }];
  await serving({ checks }, async (get) => {
    for (const path of ['/readyz', '/readyz/ping', '/livez', '/readyz?exclude=etcd']) await get(path);
    const { body } = await get('/metrics/slis');
    for (const line of [
      'kubernetes_healthcheck{name="etcd",type="readyz"} 0',
      'kubernetes_healthcheck{name="ping",type="readyz"} 1',
      'kubernetes_healthchecks_total{name="etcd",status="error",type="readyz"} 1',
      'kubernetes_healthchecks_total{name="ping",status="success",type="readyz"} 3',
      'kubernetes_healthchecks_total{name="ping",status="success",type="livez"} 1',
    ])
      assert.ok(body.split('\n').includes(line), body);
  });
});

test('metrics, version and unknown paths, for those who may', async () => {
  const metrics = new Registry();
  workQueueMetrics(metrics).adds.inc({ name: 'deployment' }, 2);
  workQueueMetrics(metrics).depth.set({ name: 'deployment' }, 1);
  leaderElectionStatus(metrics).set({ name: 'kube-scheduler' }, 1);
  await serving({ metrics }, async (get, port) => {
    const { body } = await get('/metrics');
    assert.match(body, /^workqueue_adds_total\{name="deployment"\} 2$/m);
    assert.match(body, /^leader_election_master_status\{name="kube-scheduler"\} 1$/m);
    assert.equal(JSON.parse((await get('/version')).body).minor, '36');
    assert.deepEqual(await get('/x'), { status: 404, body: '404 page not found\n' });
    await assert.rejects(
      serving({ port }, async () => undefined),
      { message: `cannot listen on 127.0.0.1:${port}: the port is in use` },
    );
  });
});

test('who may read metrics is asked of the API server, and remembered', async () => {
  let now = systemClock.now();
  const clock = { now: () => now, after: systemClock.after };
  const asked: string[] = [];
  const answerTo = (kind: string, spec: { token?: string; user?: string }): unknown => {
    asked.push(`${kind} ${spec.token ?? spec.user}`);
    if (kind === 'TokenReview')
      return spec.token === 'good' ? { authenticated: true, user: { username: 'sa', groups: [] } } : { authenticated: false };
    if (spec.user === 'broken') throw new Error('connection refused');
    return { allowed: spec.user === 'sa' || spec.user === 'prometheus' };
  };
  const raw = async (call: ClientRequest): Promise<ClientResponse> => {
    const { kind, spec } = JSON.parse(String(call.body));
    const body = Buffer.from(JSON.stringify({ kind, status: answerTo(kind, spec) }));
    return {
      status: 201,
      headers: {},
      chunks: (async function* () {
        yield body;
      })(),
      destroy: () => undefined,
    };
  };
  const { check, authorize } = delegatedAuth({ api: { raw }, clock, log });
  await serving({ authorize: check }, async (get) => {
    const status = async (as?: Pair | string): Promise<unknown> => (await get('/metrics', as)).status;
    assert.equal(await status(pems.admin), 200);
    assert.deepEqual(asked, [], 'system:masters is not asked about');
    assert.equal(await status(pems.stranger), 401);
    assert.equal(await status(pems.prometheus), 200);
    assert.equal(await status(), 403);
    assert.equal(await status('bad'), 401);
    assert.deepEqual(await Promise.all([status('good'), status('good')]), [200, 200]);
    const once = [
      'SubjectAccessReview prometheus',
      'SubjectAccessReview system:anonymous',
      'TokenReview bad',
      'TokenReview good',
      'SubjectAccessReview sa',
    ];
    assert.deepEqual(asked, once);
    now += 11_000;
    assert.equal(await status('good'), 200);
    assert.equal(asked.length, once.length + 2);
  });
  await assert.rejects(authorize({ username: 'broken', groups: [] }, { resourceAttributes: { verb: 'get' } }), /connection refused/);
});

test('authorities of client certificates come from where the cluster publishes them, and others after them', async () => {
  const answers = [
    { status: 503, body: { message: 'not yet' } },
    { status: 200, body: { data: { 'client-ca-file': pems.ca } } },
    { status: 200, body: { data: { 'client-ca-file': pems.ca } } },
    { status: 200, body: { data: { 'client-ca-file': pems.stranger.certPem } } },
  ];
  const paths: string[] = [];
  const raw = async ({ path }: ClientRequest): Promise<ClientResponse> => {
    paths.push(path);
    const { status, body } = answers.shift() ?? { status: 403, body: { message: 'no' } };
    const chunks = (async function* () {
      yield Buffer.from(JSON.stringify(body));
    })();
    return { status, headers: {}, chunks, destroy: () => undefined };
  };
  const { clock, round } = handClock();
  const taken: string[] = [];
  const { signal } = new AbortController();
  const done = followPublishedClientCA({ api: { raw }, clock, log, signal }, (clientCA) => void taken.push(clientCA));
  await round();
  await round();
  assert.deepEqual(taken, [pems.ca]);
  await round();
  assert.deepEqual(taken, [pems.ca, pems.stranger.certPem]);
  void round();
  await done;
  assert.deepEqual(new Set(paths), new Set(['/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication']));
});

test('before authorities are known nobody is believed', async () => {
  const { check } = delegatedAuth({ api: { raw: () => Promise.reject(new Error('nobody')) }, clock: systemClock, log });
  const server = await serveHealth({
    ...{ port: 0, bindAddress: '127.0.0.1', tls: { cert: pems.server.certPem, key: pems.server.keyPem }, clientCA: '' },
    ...{ metrics: new Registry(), log, checks: [], authorize: check },
  });
  const status = (): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const identity = { cert: pems.admin.certPem, key: pems.admin.keyPem, ca: pems.ca };
      const call = request({ host: '127.0.0.1', port: server.port, path: '/metrics', agent: false, ...identity }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      });
      call.on('error', reject).end();
    });
  // Without a list, and with an empty text, Node believes the authorities of the web.
  assert.deepEqual(secureContext({ clientCA: '' }).ca, []);
  try {
    assert.equal(await status(), 401);
    server.present({ clientCA: pems.ca });
    assert.equal(await status(), 200);
  } finally {
    await server.close();
  }
});

/** Whose certificate a listener shows. */
function shown(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.subject ?? '');
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

test('a certificate that is replaced is shown without a restart, once its key has followed', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'keelson-serving-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const at = (name: string): string => join(directory, name);
  const files = { cert: at('crt'), key: at('key'), clientCA: at('ca') };
  const write = (pair: Pair): void => writeFileSync(files.cert, pair.certPem);
  write(pems.server);
  writeFileSync(files.key, pems.server.keyPem);
  writeFileSync(files.clientCA, pems.stranger.certPem);
  const read = readServing(files);
  const { tls, clientCA } = read;
  assert.deepEqual([tls?.cert, clientCA], [pems.server.certPem, pems.stranger.certPem]);
  const server = await serveHealth({
    ...{ port: 0, bindAddress: '127.0.0.1', tls: tls ?? assert.fail(), clientCA: clientCA ?? '' },
    ...{ metrics: new Registry(), log, checks: [], authorize: async () => 200 },
  });
  t.after(() => server.close());
  const { clock, round } = handClock();
  const stop = new AbortController();
  const done = followServing(files, read, server.present, { clock, log, signal: stop.signal });
  const before = await shown(server.port);
  write(pems.admin);
  await round();
  assert.equal(await shown(server.port), before);
  writeFileSync(files.key, pems.admin.keyPem);
  await round();
  assert.notEqual(await shown(server.port), before);
  stop.abort();
  await done;
});

test('authorities that are none are refused, and do not take the place of those that are', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'keelson-authorities-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const files = { cert: '', key: '', clientCA: join(directory, 'ca') };
  writeFileSync(files.clientCA, 'lunch');
  assert.throws(() => readServing(files), /ca holds no certificate of an authority/);
  writeFileSync(files.clientCA, pems.ca);
  const presented: unknown[] = [];
  const { clock, round } = handClock();
  const stop = new AbortController();
  const present = (texts: unknown): void => void presented.push(texts);
  const done = followServing(files, readServing(files), present, { clock, log, signal: stop.signal });
  writeFileSync(files.clientCA, 'lunch');
  await round();
  assert.deepEqual(presented, []);
  writeFileSync(files.clientCA, pems.stranger.certPem);
  await round();
  assert.deepEqual(presented, [{ clientCA: pems.stranger.certPem }]);
  stop.abort();
  await done;
});
