import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ColumnWriter } from '../../printers/tabwriter.ts';
import { type Metrics, nodeRows, podRows } from './rows.ts';

const node = (name: string, cpu: string, memory: string): Metrics => ({ metadata: { name }, usage: { cpu, memory } });
const pod = (namespace: string, name: string, ...containers: [string, string, string][]): Metrics => ({
  metadata: { namespace, name },
  containers: containers.map(([container, cpu, memory]) => ({ name: container, usage: { cpu, memory } })),
});
const plain = { sortBy: '', headers: true };

test('top node: shares of what the node offers, the unmeasured last', () => {
  const whole = new Map([
    ['a', { cpu: '2', memory: '4Gi' }],
    ['b', { cpu: '1', memory: '1Gi' }],
    ['c', { cpu: '1', memory: '1Gi' }],
  ]);
  const metrics = [node('b', '250m', '512Mi'), node('a', '156340254n', '1536Ki')];
  assert.equal(
    new ColumnWriter().write(nodeRows(metrics, whole, plain)),
    [
      'NAME   CPU(cores)   CPU(%)      MEMORY(bytes)   MEMORY(%)',
      'a      157m         7%          1Mi             0%',
      'b      250m         25%         512Mi           50%',
      'c      <unknown>    <unknown>   <unknown>       <unknown>',
      '',
    ].join('\n'),
  );
  assert.deepEqual(
    nodeRows(metrics, new Map(), { sortBy: 'memory', headers: false }).map(([name]) => name),
    ['b', 'a'],
  );
});

test('top with swap memory: unknown of a node that does not tell, nothing of a pod', () => {
  const swapping = { metadata: { name: 'a' }, usage: { cpu: '1m', memory: '1Mi', swap: '100Mi' } };
  const whole = new Map([
    ['a', { cpu: '1', memory: '1Gi', swap: '1073741824' }],
    ['b', { cpu: '1', memory: '1Gi' }],
    ['c', {}],
  ]);
  assert.deepEqual(
    nodeRows([swapping, node('b', '1m', '1Mi')], whole, { ...plain, swap: true }).map((row) => row.slice(5).join(' ')),
    ['SWAP(bytes) SWAP(%)', '100Mi 9%', '<unknown> <unknown>', '<unknown> <unknown>'],
  );
  const pods = [pod('x', 'p', ['c', '1m', '2Mi']), { metadata: { name: 'q' }, containers: [{ name: 'c', usage: swapping.usage }] }];
  assert.deepEqual(
    podRows(pods, { ...plain, swap: true, namespaces: false, containers: false, sum: true }).map((row) => row.join('|')),
    ['NAME|CPU(cores)|MEMORY(bytes)|SWAP(bytes)', 'p|1m|2Mi|0Mi', 'q|1m|1Mi|100Mi', '||________|________', '||2m|3Mi|100Mi'],
  );
});

test('top pod: containers, namespaces, order, sum', () => {
  const metrics = [
    pod('x', 'p', ['side', '1m', '10Mi'], ['main', '5m', '1Mi']),
    pod('default', 'q', ['main', '20m', '2Mi']),
    pod('default', 'a', ['main', '3m', '3Mi']),
  ];
  const options = { ...plain, namespaces: false, containers: false, sum: false };
  const names = (more: Partial<typeof options>) => podRows(metrics, { ...options, headers: false, ...more }).map((row) => row.join(' '));
  assert.deepEqual(podRows(metrics, options)[0], ['NAME', 'CPU(cores)', 'MEMORY(bytes)']);
  assert.deepEqual(names({}), ['a 3m 3Mi', 'p 6m 11Mi', 'q 20m 2Mi']);
  assert.deepEqual(names({ namespaces: true }), ['default a 3m 3Mi', 'default q 20m 2Mi', 'x p 6m 11Mi']);
  assert.deepEqual(names({ sortBy: 'memory', containers: true }), ['p side 1m 10Mi', 'p main 5m 1Mi', 'a main 3m 3Mi', 'q main 20m 2Mi']);
  assert.deepEqual(names({ namespaces: true, sum: true }).slice(-2), ['  ________ ________', '  29m 16Mi']);
  assert.deepEqual(podRows([], { ...options, namespaces: true, containers: true })[0], [
    'NAMESPACE',
    'POD',
    'NAME',
    'CPU(cores)',
    'MEMORY(bytes)',
  ]);
});
