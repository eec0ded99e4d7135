import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { SimulatedClock } from '@keelson/testing';
import type { Container } from '@keelson/types';
import { type Probed, ProbeManager } from './manager.ts';
import { type Prober, probeHttp, probeTcp } from './prober.ts';
import { advance, type ProbeOutcome, undecided } from './state.ts';
import { probeTarget } from './target.ts';

const success: ProbeOutcome = { result: 'success', message: '' };
const failure: ProbeOutcome = { result: 'failure', message: 'no' };

test('what a probe has to say is an event, also of one that went well and warns', async () => {
  const outcomes: ProbeOutcome[] = [
    success,
    { result: 'success', message: 'moved', warns: true },
    failure,
    { result: 'unknown', message: 'x' },
  ];
  const told: string[] = [];
  const clock = new SimulatedClock(0);
  const prober: Pick<Prober, 'probe'> = { probe: async () => outcomes.shift() ?? success };
  const event = (_: string, __: string, type: string, reason: string, message: string): void =>
    void told.push(`${type} ${reason}: ${message}`);
  const manager = new ProbeManager({ clock, prober, changed: () => undefined, event, count: () => undefined });
  const container = { name: 'app', image: 'i', livenessProbe: { exec: { command: ['x'] }, periodSeconds: 1 } } as unknown as Container;
  manager.sync('u', [{ podUid: 'u', containerId: 'c', container, podIP: '', startedAt: 0, ending: false }]);
  await clock.advance(5_000);
  manager.close();
  assert.deepEqual(told, [
    'Warning ProbeWarning: Liveness probe warning: moved',
    'Warning Unhealthy: Liveness probe failed: no',
    'Warning Unhealthy: Liveness probe errored: x',
  ]);
});

test('thresholds', () => {
  const probe = { failureThreshold: 2, successThreshold: 2 };
  const results = [success, success, failure, success, failure, failure, success, success].reduce<{
    state: typeof undecided;
    seen: unknown[];
  }>(
    ({ state, seen }, outcome) => {
      const next = advance(state, outcome, probe as never);
      return { state: next as typeof undecided, seen: [...seen, next.result] };
    },
    { state: undecided, seen: [] },
  );
  assert.deepEqual(results.seen, [undefined, 'success', 'success', 'success', 'success', 'failure', 'failure', 'success']);
});

/** A container with probes whose answers are told beforehand; what happens is written down with its second. */
async function transcript(fields: object, answer: (type: string, second: number) => ProbeOutcome, seconds: number): Promise<string[]> {
  const clock = new SimulatedClock(0);
  const lines: string[] = [];
  const container = { name: 'app', image: 'i', ...fields } as unknown as Container;
  const prober: Pick<Prober, 'probe'> = {
    probe: async (target) => {
      const type = target.type === 'exec' ? (target.command[0] ?? '') : '';
      const outcome = answer(type, clock.now() / 1000);
      lines.push(`${clock.now() / 1000} ${type} ${outcome.result}`);
      return outcome;
    },
  };
  const manager = new ProbeManager({
    clock,
    prober,
    changed: () => void lines.push(`${clock.now() / 1000} → ${JSON.stringify(manager.reading('c'))}`),
    event: () => undefined,
    count: () => undefined,
  });
  const probed: Probed = { podUid: 'u', containerId: 'c', container, podIP: '', startedAt: 0, ending: false };
  manager.sync('u', [probed]);
  await clock.advance(seconds * 1000);
  manager.close();
  return lines;
}

const exec = (name: string, more: object = {}): object => ({ exec: { command: [name] }, periodSeconds: 5, ...more });

test('startup first, then the others', async () => {
  const probes = {
    startupProbe: exec('startup', { initialDelaySeconds: 1 }),
    livenessProbe: exec('liveness'),
    readinessProbe: exec('readiness'),
  };
  assert.deepEqual(await transcript(probes, (type, second) => (type === 'startup' && second < 6 ? failure : success), 8), [
    '1 startup failure',
    '6 startup success',
    '6 → {"started":true}',
    '6 liveness success',
    '6 readiness success',
    '6 → {"started":true,"ready":true}',
  ]);
});

test('a liveness probe gives up once, after its threshold', async () => {
  assert.deepEqual(await transcript({ livenessProbe: exec('liveness', { failureThreshold: 2 }) }, () => failure, 30), [
    '0 liveness failure',
    '5 liveness failure',
    '5 → {"failed":"liveness"}',
  ]);
});

test('readiness goes and comes', async () => {
  const lines = await transcript(
    { readinessProbe: exec('readiness', { failureThreshold: 1 }) },
    (_, second) => (second === 5 ? failure : success),
    12,
  );
  assert.deepEqual(
    lines.filter((line) => line.includes('→')),
    ['0 → {"ready":true}', '5 → {"ready":false}', '10 → {"ready":true}'],
  );
});

test('targets', () => {
  const container = { name: 'app', ports: [{ name: 'web', containerPort: 8080 }] } as unknown as Container;
  assert.deepEqual(
    probeTarget({ httpGet: { port: 'web', path: 'x', httpHeaders: [{ name: 'A', value: 'b' }] } } as never, container, '10.0.0.2'),
    {
      type: 'http',
      scheme: 'http',
      host: '10.0.0.2',
      port: 8080,
      path: '/x',
      headers: [['A', 'b']],
    },
  );
  assert.throws(() => probeTarget({ tcpSocket: { port: 'none' } } as never, container, ''), /couldn't find port/);
});

test('HTTP and TCP, for real', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/moved') response.writeHead(302, { location: '/ok' }).end();
    else if (request.url === '/slow') return;
    else response.writeHead(request.url === '/ok' && request.headers['user-agent'] === 'kube-probe/1.36' ? 200 : 500).end('body');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const get = (path: string): Promise<ProbeOutcome> =>
    probeHttp({ type: 'http', scheme: 'http', host: '127.0.0.1', port, path, headers: [] }, 300);
  assert.deepEqual(await get('/ok'), { result: 'success', message: 'body' });
  assert.deepEqual(await get('/moved'), { result: 'success', message: 'body' });
  assert.deepEqual(await get('/bad'), { result: 'failure', message: 'HTTP probe failed with statuscode: 500' });
  assert.match((await get('/slow')).message, /context deadline exceeded/);
  assert.equal((await probeTcp('127.0.0.1', port, 1000)).result, 'success');
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  assert.equal((await probeTcp('127.0.0.1', port, 1000)).result, 'failure');
});
