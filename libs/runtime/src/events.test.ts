import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@keelson/base';
import { createApi, type Transport } from '@keelson/client';
import { recordingLogger, SimulatedClock } from '@keelson/testing';
import { EventCorrelator, type Occurrence } from './event-correlator.ts';
import { createEventRecorder } from './events.ts';
import { ScriptedServer } from './scripted-server.ts';

const about = { apiVersion: 'v1', kind: 'Pod', namespace: 'n', name: 'web', uid: 'u' };
const occurrence = (message: string, reason = 'Failed'): Occurrence => ({ about, type: 'Warning', reason, message });

test('repeats count up one event; other messages are other events', () => {
  const correlator = new EventCorrelator();
  const first = correlator.correlate(occurrence('a'), 1000);
  const again = correlator.correlate(occurrence('a'), 2000);
  const other = correlator.correlate(occurrence('b'), 2000);
  assert.deepEqual(first, { message: 'a', name: first?.name, count: 1, first: 1000, last: 1000 });
  assert.match(first?.name ?? '', /^web\.3b9[a-f][0-9a-f]{4}$/, 'nanoseconds of the first second, in hexadecimal');
  assert.deepEqual(again, { ...first, count: 2, last: 2000 });
  assert.equal(other?.count, 1);
  assert.match(other?.name ?? '', /^web\.773[0-9a-f]{5}$/);
});

test('two components that tell of one object at the same time use different names', () => {
  const names = ['kubelet', 'default-scheduler'].map((source) => new EventCorrelator(source).correlate(occurrence('a'), 1000)?.name);
  assert.notEqual(names[0], names[1]);
});

test('names differ even when the clock stands', () => {
  const correlator = new EventCorrelator();
  assert.notEqual(correlator.correlate(occurrence('a'), 1000)?.name, correlator.correlate(occurrence('b'), 1000)?.name);
});

test('from the tenth message about one thing within ten minutes on, they are told as one', () => {
  const correlator = new EventCorrelator();
  const told = Array.from({ length: 12 }, (_, i) => correlator.correlate(occurrence(`m${i}`), 1000 + i));
  assert.equal(told[8]?.message, 'm8');
  assert.deepEqual([told[9]?.message, told[9]?.count], ['(combined from similar events): m9', 1]);
  assert.deepEqual([told[11]?.message, told[11]?.count, told[11]?.name], ['(combined from similar events): m11', 3, told[9]?.name]);
  assert.equal(correlator.correlate(occurrence('later'), 1011 + 600_001)?.message, 'later');
});

test('an object has 25 events at once and one more every five minutes', () => {
  const correlator = new EventCorrelator();
  const let_ = (count: number, now: number): number =>
    Array.from({ length: count }, () => correlator.correlate(occurrence('a'), now)).filter(Boolean).length;
  assert.equal(let_(40, 0), 25);
  assert.equal(let_(5, 299_999), 0);
  assert.equal(let_(5, 300_000), 1);
});

function recorder(transport: (server: ScriptedServer) => Transport = (server) => server.transport) {
  const server = new ScriptedServer(seededRandom(1));
  const clock = new SimulatedClock(Date.UTC(2026, 0, 1));
  const log = recordingLogger();
  const api = createApi(transport(server), { clock });
  return { server, clock, log, events: createEventRecorder({ api, component: 'kubelet', host: 'n1', clock, log }) };
}

const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'n', uid: 'u', resourceVersion: '7' } };

test('an event is created, then patched, then created anew when it has expired', async () => {
  const { server, clock, events } = recorder();
  const stored = (): unknown[] => [...server.objects.values()].map(({ metadata: _, ...event }) => event);
  events.event(pod, 'Normal', 'Started', 'Container started', { fieldPath: 'spec.containers{c}' });
  await clock.settle();
  const event = {
    apiVersion: 'v1',
    kind: 'Event',
    involvedObject: {
      apiVersion: 'v1',
      kind: 'Pod',
      name: 'web',
      uid: 'u',
      namespace: 'n',
      resourceVersion: '7',
      fieldPath: 'spec.containers{c}',
    },
    type: 'Normal',
    reason: 'Started',
    message: 'Container started',
    source: { component: 'kubelet', host: 'n1' },
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:00Z',
    count: 1,
    reportingComponent: 'kubelet',
    reportingInstance: 'n1',
  };
  assert.deepEqual(stored(), [event]);
  await clock.advance(5000);
  events.event(pod, 'Normal', 'Started', 'Container started', { fieldPath: 'spec.containers{c}' });
  await clock.settle();
  const counted = { ...event, count: 2, lastTimestamp: '2026-01-01T00:00:05Z' };
  assert.deepEqual(stored(), [counted]);
  for (const key of [...server.objects.keys()]) server.remove(key);
  events.event(pod, 'Normal', 'Started', 'Container started', { fieldPath: 'spec.containers{c}' });
  await clock.settle();
  assert.deepEqual(stored(), [{ ...counted, count: 3 }]);
});

test('events about nodes go to default; an unreachable server is tried again', async () => {
  let down = true;
  const { server, clock, events, log } = recorder((real) => ({
    send: (request) => (down ? Promise.reject(new Error('connection refused')) : real.transport.send(request)),
    close: () => undefined,
  }));
  events.event({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', uid: 'n1' } }, 'Normal', 'Starting', 'Starting kubelet.');
  await clock.settle();
  assert.equal(server.objects.size, 0);
  assert.equal(log.entries.at(-1)?.message, 'unable to write event (may retry after sleeping): connection refused');
  down = false;
  await clock.advance(10_000);
  assert.match([...server.objects.keys()][0] ?? '', /^events\/default\/n1\.[0-9a-f]+$/);
});

const named = (name: string) => ({ ...pod, metadata: { ...pod.metadata, name, uid: name } });

test('of a flood only the first is sent at once; the others when it is over', async () => {
  const { server, clock, events } = recorder();
  for (let i = 0; i < 40; i++) events.event(named(`a${i}`), 'Normal', 'Scheduled', 'told');
  await clock.settle();
  assert.equal(server.objects.size, 1);
  await clock.advance(99);
  events.event(named('b'), 'Normal', 'Scheduled', 'told');
  await clock.advance(99);
  assert.equal(server.objects.size, 1);
  await clock.advance(1);
  assert.equal(server.objects.size, 41);
});

test('a flood that does not end is told two seconds late', async () => {
  const { server, clock, events } = recorder();
  for (let i = 0; i < 40; i++) events.event(named(`a${i}`), 'Normal', 'Scheduled', 'told');
  for (let i = 0; i < 39; i++) {
    await clock.advance(50);
    events.event(named(`b${i}`), 'Normal', 'Scheduled', 'told');
  }
  assert.equal(server.objects.size, 1);
  await clock.advance(50);
  assert.equal(server.objects.size, 40);
});

test('a few events are sent at once', async () => {
  const { server, clock, events } = recorder();
  for (let i = 0; i < 25; i++) events.event(named(`a${i}`), 'Normal', 'Scheduled', 'told');
  await clock.settle();
  assert.equal(server.objects.size, 25);
});
