import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StatusError } from '@keelson/machinery';
import { SimulatedClock } from '@keelson/testing';
import type { Node, Pod } from '@keelson/types';
import type { Point } from '../usage/parse.ts';
import type { Measured, Window } from '../usage/window.ts';
import { attributesOf, negotiate, parseRequest } from './request.ts';
import { answerMetrics, type Source } from './serve.ts';

const point = (over: Partial<Point>): Point => ({ at: 20_000, startedAt: 0, cpuSeconds: 12.5, memoryBytes: 3 * 1024 * 1024, ...over });
const window = (over: Partial<Point> = {}): Window => ({ last: point(over), before: point({ at: 5000, cpuSeconds: 10 }) });
const pod = (name: string, labels: Record<string, string> = {}, namespace = 'default'): Pod => ({
  metadata: { name, namespace, labels },
  spec: { containers: [] },
});

const measured: Measured = {
  nodes: new Map([['n1', window()]]),
  pods: new Map([
    [
      'default/a',
      new Map([
        ['main', window()],
        ['side', window({ at: 19_000 })],
      ]),
    ],
    ['default/b', new Map([['main', { last: point({}), before: undefined }]])],
    ['other/a', new Map([['main', window()]])],
  ]),
};
const nodes: Node[] = [
  { metadata: { name: 'n1', labels: { zone: 'a' } }, spec: {} },
  { metadata: { name: 'n2' }, spec: {} },
];
const pods = [pod('b'), pod('a', { app: 'web' }), pod('a', {}, 'other')];
const source: Source = {
  nodes: () => nodes,
  pods: (namespace) => pods.filter(({ metadata }) => !namespace || metadata.namespace === namespace),
  measured: () => measured,
  clock: new SimulatedClock(),
};

function ask(path: string, accept = '', method = 'GET'): Record<string, unknown> {
  const request = parseRequest(method, new URL(`https://x/apis/metrics.k8s.io/v1beta1${path}`));
  assert.ok(request, path);
  return JSON.parse(JSON.stringify(answerMetrics(source, request, accept)));
}

function refusal(path: string, method = 'GET', accept = ''): string {
  try {
    ask(path, accept, method);
    return 'no refusal';
  } catch (error) {
    assert.ok(error instanceof StatusError);
    return `${error.code} ${error.message}`;
  }
}

test('nodes and pods, one and many, as metrics-server writes them', () => {
  const { metadata, ...node } = ask('/nodes/n1') as { metadata: { name: string; labels: object } };
  assert.deepEqual([metadata.name, metadata.labels], ['n1', { zone: 'a' }]);
  assert.deepEqual(node, {
    kind: 'NodeMetrics',
    apiVersion: 'metrics.k8s.io/v1beta1',
    timestamp: '1970-01-01T00:00:20Z',
    window: '15s',
    usage: { cpu: '166666667n', memory: '3Mi' },
  });
  const list = ask('/pods') as {
    kind: string;
    items: { metadata: { namespace: string; name: string }; timestamp: string; containers: object[] }[];
  };
  assert.equal(list.kind, 'PodMetricsList');
  assert.deepEqual(
    list.items.map((item) => `${item.metadata.namespace}/${item.metadata.name}`),
    ['default/a', 'other/a'],
    'what was measured once only is left out',
  );
  assert.deepEqual([list.items[0]?.timestamp, list.items[0]?.containers.length], ['1970-01-01T00:00:19Z', 2]);
  const names = (path: string): number => (ask(path) as { items: unknown[] }).items.length;
  assert.deepEqual(
    [names('/namespaces/default/pods'), names('/pods?labelSelector=app%3Dweb'), names('/nodes?labelSelector=zone%21%3Da'), names('/nodes')],
    [1, 1, 0, 1],
  );
  assert.equal(names('/pods?fieldSelector=metadata.namespace%3Dother'), 1);
});

test('tables for kubectl get', () => {
  const table = ask('/namespaces/default/pods', 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json') as {
    kind: string;
    columnDefinitions: { name: string }[];
    rows: { cells: string[] }[];
  };
  assert.deepEqual(
    [table.kind, table.columnDefinitions.map(({ name }) => name), table.rows.map(({ cells }) => cells)],
    ['Table', ['Name', 'cpu', 'memory', 'Window'], [['a', '345238096n', '6Mi', '14s']]],
  );
});

test('refusals in Kubernetes’ words', () => {
  assert.equal(refusal('/nodes/n9'), '404 nodes "n9" not found');
  assert.equal(refusal('/nodes/n2'), '404 nodemetrics.metrics.k8s.io "n2" not found');
  assert.equal(refusal('/namespaces/default/pods/b'), '404 podmetrics.metrics.k8s.io "default/b" not found');
  assert.match(refusal('/pods?labelSelector=%3D%3D'), /^400 /);
  assert.match(refusal('/nodes', 'POST'), /^405 /);
  assert.match(refusal('/nodes?watch=true'), /^405 /);
  assert.match(refusal('/nodes', 'GET', 'application/vnd.kubernetes.protobuf'), /^406 /);
  assert.deepEqual(negotiate('application/vnd.kubernetes.protobuf, */*'), { table: undefined });
});

test('what is asked for, for authorisation', () => {
  const attributes = (path: string) => {
    const request = parseRequest('GET', new URL(`https://x/apis/metrics.k8s.io/v1beta1${path}`));
    return request && attributesOf(request);
  };
  const base = { group: 'metrics.k8s.io', version: 'v1beta1' };
  assert.deepEqual(attributes('/nodes'), { ...base, verb: 'list', resource: 'nodes' });
  assert.deepEqual(attributes('/namespaces/a/pods/b'), { ...base, verb: 'get', resource: 'pods', namespace: 'a', name: 'b' });
  for (const path of ['', '/pods/b', '/namespaces/a/nodes', '/services']) assert.equal(attributes(path), undefined, path);
});
