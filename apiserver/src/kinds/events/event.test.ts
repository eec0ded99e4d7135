import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Event, EventsV1Event } from '@keelson/types';
import { type Fixture, startServer } from '../../testing/fixture.ts';

const core = '/api/v1/namespaces/default/events';
const newer = '/apis/events.k8s.io/v1/namespaces/default/events';
const regarding = { kind: 'Pod', namespace: 'default', name: 'web-0' };
const base = { apiVersion: 'events.k8s.io/v1', kind: 'Event' };
const whole = {
  ...base,
  eventTime: '2026-01-02T03:04:05.000006Z',
  reportingController: 'example.com/controller',
  reportingInstance: 'node-1',
  action: 'Do',
  reason: 'Test',
  type: 'Normal',
  note: 'all is well',
  regarding,
};

let server: Fixture;
before(async () => {
  server = await startServer();
});
after(() => server.close());

test('an event of one group is read in the other', async () => {
  const created = await server.send('POST', newer, { ...whole, metadata: { name: 'a' } });
  assert.equal(created.status, 201, created.text);
  const seen = (await server.send('GET', `${core}/a`)).json<Event>();
  assert.equal(seen.apiVersion, 'v1');
  assert.deepEqual([seen.involvedObject, seen.message, seen.reportingComponent], [regarding, whole.note, whole.reportingController]);
  const old = { apiVersion: 'v1', kind: 'Event', metadata: { name: 'b' }, involvedObject: regarding, message: 'm', count: 3 };
  assert.equal((await server.send('POST', core, { ...old, source: { component: 'c' } })).status, 201);
  const back = (await server.send('GET', `${newer}/b`)).json<EventsV1Event>();
  assert.deepEqual([back.regarding, back.note, back.deprecatedCount, back.deprecatedSource?.component], [regarding, 'm', 3, 'c']);
  assert.equal(back.eventTime, null);
});

test('both are watched, and selected by their own fields', async () => {
  assert.equal((await server.send('POST', newer, { ...whole, metadata: { name: 'c' }, reason: 'Watched' })).status, 201);
  const query = 'watch=true&timeoutSeconds=1&fieldSelector=reason%3DWatched%2C';
  const [one, other] = await Promise.all([
    server.send('GET', `${newer}?${query}regarding.name%3Dweb-0%2CreportingController%3Dexample.com%2Fcontroller`),
    server.send('GET', `${core}?${query}involvedObject.name%3Dweb-0`),
  ]);
  assert.equal((JSON.parse(one.text.split('\n')[0] ?? '') as { object: EventsV1Event }).object.regarding?.name, 'web-0', one.text);
  assert.equal((JSON.parse(other.text.split('\n')[0] ?? '') as { object: Event }).object.involvedObject.name, 'web-0', other.text);
  assert.equal((await server.send('GET', `${newer}?fieldSelector=involvedObject.name%3Dx`)).status, 400);
});

test('a new event says all of itself; later only its series changes', async () => {
  const { eventTime: _, ...timeless } = whole;
  const cases: [object, string[]][] = [
    [{ ...timeless, deprecatedCount: 2 }, ['eventTime', 'count']],
    [{ ...whole, type: 'Odd', action: '' }, ['action', 'type']],
    [{ ...whole, series: { count: 1, lastObservedTime: null } }, ['series.count', 'series.lastObservedTime']],
    [{ ...whole, regarding: {}, reportingController: 'x/y/z' }, ['reportingController']],
  ];
  for (const [object, fields] of cases) {
    const answer = await server.send('POST', newer, { ...object, metadata: { name: 'bad' } });
    assert.equal(answer.status, 422, answer.text);
    const { details } = answer.json<{ details: { causes: { field: string }[] } }>();
    assert.deepEqual([...new Set(details.causes.map(({ field }) => field))], fields);
  }
  assert.equal((await server.send('POST', newer, { ...whole, metadata: { name: 'd' } })).status, 201);
  const patch = (change: object) =>
    server.send('PATCH', `${newer}/d`, change, { 'content-type': 'application/strategic-merge-patch+json' });
  assert.equal((await patch({ series: { count: 2, lastObservedTime: whole.eventTime } })).json<EventsV1Event>().series?.count, 2);
  const refused = await patch({ note: 'other' });
  assert.match(refused.json<{ message: string }>().message, /message: Invalid value: "other": field is immutable/);
  assert.equal((await server.send('DELETE', `${newer}/d`)).status, 200);
  assert.equal((await server.send('GET', `${core}/d`)).status, 404);
});

test('an event is put back as Go clients write it', async () => {
  const { text } = await server.send('POST', newer, { ...whole, metadata: { name: 'again' } });
  const again = { ...(JSON.parse(text) as object), deprecatedSource: {}, deprecatedFirstTimestamp: null, deprecatedLastTimestamp: null };
  assert.equal((await server.send('PUT', `${newer}/again`, again)).status, 200);
});

test('events are named as their server likes, the newer ones like hosts', async () => {
  const old = { apiVersion: 'v1', kind: 'Event', metadata: { name: 'Web_0' }, involvedObject: regarding };
  assert.equal((await server.send('POST', core, old)).status, 201);
  const refused = await server.send('POST', newer, { ...whole, metadata: { name: 'Web_0' } });
  assert.match(
    refused.json<{ message: string }>().message,
    /^Event "Web_0" is invalid: metadata\.name: Invalid value: "Web_0": a lowercase/,
  );
});
