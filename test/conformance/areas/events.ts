import assert from 'node:assert/strict';
import type { Event, EventsV1Event } from '@keelson/types';
import type { Context } from '../context.ts';
import { across, type Labelled, type Resource, within } from '../resource.ts';
import type { Specs } from '../specs.ts';

export const events: Specs = {
  async '[sig-instrumentation] Events should manage the lifecycle of an event'(c) {
    const name = 'event-test';
    const resource = within<Event>(c, 'v1', 'events');
    const listed = presence(c, across(c, 'v1', 'events'), name);
    await resource.create(coreEvent(c, name, 'testevent-constant'));
    assert.equal(await listed(), true);
    await resource.patch(name, { message: 'This is a test event - patched' });
    const patched = await resource.get(name);
    assert.equal(patched.message, 'This is a test event - patched');
    const series = { count: 100, lastObservedTime: '2017-09-19T13:49:16.000000Z' };
    await resource.replace({ ...patched, series });
    const updated = await resource.get(name);
    assert.deepEqual(bare(updated), bare({ ...patched, series }));
    await resource.remove(name);
    assert.equal(await listed(), false);
  },

  async '[sig-instrumentation] Events should delete a collection of events'(c) {
    await collection(c, within(c, 'v1', 'events'), coreEvent);
  },

  async '[sig-instrumentation] Events API should ensure that an event can be fetched, patched, deleted, and listed'(c) {
    const name = 'event-test';
    const resource = within<EventsV1Event>(c, 'events.k8s.io/v1', 'events');
    const places = [resource, across<EventsV1Event>(c, 'events.k8s.io/v1', 'events')];
    await resource.create(newEvent(c, name, 'testevent-constant'));
    for (const place of places) assert.equal(await presence(c, place, name)(), true);
    for (const [place, selector] of [
      [within(c, 'v1', 'events'), 'source=test-controller'],
      [resource, 'reportingController=test-controller'],
    ] as const) {
      const reply = await place.ask('GET', `?fieldSelector=${encodeURIComponent(selector)}`);
      const { items } = reply.json<{ items: Labelled[] } & Labelled>();
      assert.deepEqual(
        items.map(({ metadata }) => metadata.name),
        [name],
      );
    }
    const before = await resource.get(name);
    const once = { series: { count: 2, lastObservedTime: '2017-09-19T13:49:11.000000Z' } };
    await resource.patch(name, once);
    assert.deepEqual(bare(await resource.get(name)), bare({ ...before, ...once }));
    const series = { count: 100, lastObservedTime: '2017-09-19T13:49:16.000000Z' };
    const changed = { ...(await resource.get(name)), series };
    await resource.replace(changed);
    assert.deepEqual(bare(await resource.get(name)), bare(changed));
    await resource.remove(name);
    for (const place of places) assert.equal(await presence(c, place, name)(), false);
  },

  async '[sig-instrumentation] Events API should delete a collection of events'(c) {
    await collection(c, within(c, 'events.k8s.io/v1', 'events'), newEvent);
  },
};

function coreEvent(c: Context, name: string, label: string) {
  return {
    metadata: { name, labels: { [label]: 'true' } },
    ...{ message: 'This is a test event', reason: 'Test', type: 'Normal', count: 1 },
    involvedObject: { namespace: c.namespace },
  };
}

function newEvent(c: Context, name: string, label: string) {
  return {
    metadata: { name, labels: { [label]: 'true' } },
    regarding: { namespace: c.namespace },
    eventTime: '2017-09-19T13:49:16.000000Z',
    ...{ note: `This is ${name}`, action: 'Do', reason: 'Test', type: 'Normal' },
    ...{ reportingController: 'test-controller', reportingInstance: 'test-node' },
  };
}

/** What a client set, without what the server adds to it. */
function bare<T extends Labelled>({ metadata, ...rest }: T): object {
  const { name, namespace, labels, uid } = metadata;
  return { ...rest, metadata: { name, namespace, labels, uid } };
}

function presence(c: Context, resource: Resource, name: string): () => Promise<boolean> {
  return async () => {
    const items = await resource.items('testevent-constant=true');
    return items.some(({ metadata }) => metadata.name === name && metadata.namespace === c.namespace);
  };
}

async function collection(c: Context, resource: Resource, make: (c: Context, name: string, label: string) => object): Promise<void> {
  for (const number of [1, 2, 3]) await resource.create(make(c, `test-event-${number}`, 'testevent-set'));
  assert.equal((await resource.items('testevent-set=true')).length, 3);
  await resource.removeAll('testevent-set=true');
  assert.equal((await resource.items('testevent-set=true')).length, 0);
}
