import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger, sleep } from '@keelson/base';
import { SimulatedClock } from '@keelson/testing';
import { Registry } from 'prom-client';
import type { AuditEvent } from './event.ts';
import { createAuditMetrics } from './metrics.ts';
import { type Backend, type Mode, Sink } from './sink.ts';

const eventOf = (id: number): AuditEvent => ({ auditID: String(id) }) as AuditEvent;

/** A sink whose backend writes when it is let. */
function sinkOf({ mode, buffer = 10, batch = 3, wait = 0 }: { mode: Mode; buffer?: number; batch?: number; wait?: number }) {
  const clock = new SimulatedClock();
  const registry = new Registry();
  const written: string[][] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  const backend: Backend = {
    ...{ name: 'log', batch, wait },
    write: async (events) => {
      written.push(events.map(({ auditID }) => auditID));
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      await gate.promise;
    },
    close: () => Promise.resolve(),
  };
  const metrics = createAuditMetrics(registry);
  const sink = new Sink({ backend, mode, buffer, metrics, log: silentLogger, sleep: (ms) => sleep(clock, ms) });
  const settled = async (): Promise<void> => {
    for (let i = 0; i < 10; i++) await Promise.resolve();
  };
  return { sink, written, gates, clock, settled, lost: async (plugin: string) => lostIn(registry, plugin) };
}

async function lostIn(registry: Registry, plugin: string): Promise<number> {
  const { values } = (await registry.getSingleMetric('apiserver_audit_error_total')?.get()) ?? { values: [] };
  return values.find(({ labels }) => labels.plugin === plugin)?.value ?? 0;
}

test('in batch mode nobody waits, and what does not fit is lost and counted', async () => {
  const { sink, written, gates, settled, lost } = sinkOf({ mode: 'batch', buffer: 4 });
  for (let i = 0; i < 3; i++) assert.equal(sink.process(eventOf(i)), undefined);
  await settled();
  assert.deepEqual(written, [['0', '1', '2']]);
  for (let i = 3; i < 9; i++) sink.process(eventOf(i));
  assert.equal(await lost('buffered'), 2);
  gates[0]?.resolve();
  await settled();
  assert.deepEqual(written[1], ['3', '4', '5']);
});

test('a batch waits until it is full, or has waited long enough, or all is over', async () => {
  const { sink, written, gates, clock, settled } = sinkOf({ mode: 'batch', wait: 1_000 });
  sink.process(eventOf(0));
  await settled();
  assert.deepEqual(written, []);
  await clock.advance(1_000);
  await settled();
  assert.deepEqual(written, [['0']]);
  gates[0]?.resolve();
  await settled();
  for (let i = 1; i < 4; i++) sink.process(eventOf(i));
  await settled();
  assert.deepEqual(written[1], ['1', '2', '3']);
  gates[1]?.resolve();
  await settled();
  sink.process(eventOf(4));
  const closed = sink.close();
  await settled();
  assert.deepEqual(written[2], ['4']);
  gates[2]?.resolve();
  await closed;
});

test('in blocking modes requests wait; only the strict one minds when it was for nothing', async () => {
  for (const [mode, kept] of [
    ['blocking', true],
    ['blocking-strict', false],
  ] as const) {
    const { sink, gates, settled, lost } = sinkOf({ mode });
    const pending = sink.process(eventOf(0));
    await settled();
    gates[0]?.reject(new Error('no space left on device'));
    assert.deepEqual([await pending, await lost('log')], [kept, 1]);
  }
});

test('in blocking modes new requests wait for room', async () => {
  const { sink, gates, settled } = sinkOf({ mode: 'blocking', buffer: 1, batch: 1 });
  sink.process(eventOf(0));
  await settled();
  assert.equal(sink.room(), undefined);
  sink.process(eventOf(1));
  assert.ok(sink.room());
  gates[0]?.resolve();
  await settled();
  assert.equal(sink.room(), undefined);
});
