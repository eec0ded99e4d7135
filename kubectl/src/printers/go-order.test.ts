import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadProtobuf } from '@keelson/types/schemas';
import { goOrder, moves } from './go-order.ts';
import { objectPrinter } from './objects.ts';

test('fields come as in Go, keys of maps in their own order', async () => {
  const order = await goOrder();
  const deployment = {
    metadata: { labels: { b: '1', a: '2' }, name: 'd' },
    spec: {
      strategy: {},
      template: { spec: { restartPolicy: 'Always', containers: [{ env: [], image: 'x', envFrom: [], name: 'c' }], initContainers: [] } },
      replicas: 1,
    },
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    status: {},
  };
  const text =
    '{"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"d","labels":{"a":"2","b":"1"}},"spec":{"replicas":1,"template":';
  const spec = '{"spec":{"initContainers":[],"containers":[{"name":"c","image":"x","envFrom":[],"env":[]}],"restartPolicy":"Always"}}';
  assert.equal(JSON.stringify(order(deployment)), `${text}${spec},"strategy":{}},"status":{}}`);
  assert.match(objectPrinter('json', { order })(deployment), /^\{\n {4}"kind": "Deployment",\n {4}"apiVersion"/);
  assert.match(objectPrinter('kyaml', { order })(deployment), /^---\n\{\n {2}kind: "Deployment",\n {2}apiVersion/);
  assert.match(objectPrinter('json')(deployment), /^\{\n {4}"apiVersion"/);
});

test('what is of no known type comes in the order of its keys', async () => {
  const order = await goOrder();
  const made = { metadata: { name: 'x', labels: {} }, kind: 'Widget', apiVersion: 'ex.com/v1', b: { d: 1, c: 2 }, a: [] };
  assert.equal(
    JSON.stringify(order(made)),
    '{"kind":"Widget","apiVersion":"ex.com/v1","a":[],"b":{"c":2,"d":1},"metadata":{"labels":{},"name":"x"}}',
  );
});

test('only fields that there are stand elsewhere', async () => {
  const messages = await loadProtobuf();
  for (const [type, text] of Object.entries(moves)) {
    const names = new Set(
      messages[type]?.fields.flatMap(([, name, , inner]) => (name === '' ? messages[inner]?.fields.map((f) => f[1]) : [name])),
    );
    const asked = text.split(/[ <]/).filter(Boolean);
    assert.deepEqual(
      asked.filter((name) => !names.has(name)),
      [],
      type,
    );
  }
});
