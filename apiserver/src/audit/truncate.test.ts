import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditEvent } from './event.ts';
import type { Backend } from './sink.ts';
import { truncating } from './truncate.ts';

function eventOf(auditID: string, more: Partial<AuditEvent> = {}): AuditEvent {
  return {
    ...{ kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'RequestResponse', stage: 'ResponseComplete' },
    ...{ auditID, requestURI: '/', verb: 'get', user: {}, requestReceivedTimestamp: '', stageTimestamp: '' },
    ...more,
  };
}

function kept(): { written: AuditEvent[][]; backend: Backend } {
  const written: AuditEvent[][] = [];
  const backend = {
    ...{ name: 'log', batch: 10, wait: 0 },
    write: async (events: readonly AuditEvent[]) => void written.push([...events]),
    close: async () => undefined,
  };
  return { written, backend };
}

test('what is too large loses its objects and says so', async () => {
  const { written, backend } = kept();
  const large = eventOf('a', { requestObject: 'x'.repeat(1_000), responseObject: {}, annotations: { k: 'v' } });
  await truncating(backend, { event: 600, batch: 10_000 }).write([large, eventOf('b')]);
  assert.deepEqual(written, [[eventOf('a', { annotations: { k: 'v', 'audit.k8s.io/truncated': 'true' } }), eventOf('b')]]);
});

test('what is too large even so is lost, and the others are kept', async () => {
  const { written, backend } = kept();
  const huge = eventOf('a', { requestURI: `/${'x'.repeat(1_000)}` });
  await assert.rejects(truncating(backend, { event: 600, batch: 10_000 }).write([huge, eventOf('b')]), /1 events are too large/);
  assert.deepEqual(written, [[eventOf('b')]]);
});

test('batches are no larger than they may be', async () => {
  const { written, backend } = kept();
  const one = JSON.stringify(eventOf('a')).length;
  await truncating(backend, { event: 600, batch: one * 2 }).write(['a', 'b', 'c', 'd', 'e'].map((id) => eventOf(id)));
  assert.deepEqual(
    written.map((batch) => batch.map(({ auditID }) => auditID).join('')),
    ['ab', 'cd', 'e'],
  );
});
