import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Table } from '@keelson/types';
import type { AnyObject } from '../types.ts';
import { asList, objectPrinter, tableFormats } from './objects.ts';
import { outputWithTemplate } from './result.ts';
import { sortedByPath } from './sort.ts';
import { sortTable, type TableOptions, TablePrinter } from './table.ts';
import { alignTabs, ColumnWriter } from './tabwriter.ts';
import { PrintError } from './template.ts';

const options: TableOptions = { wide: false, noHeaders: false, withNamespace: false, kindPrefix: '', showLabels: false, labelColumns: [] };

const column = (name: string, priority = 0) => ({ name, type: 'string', format: '', description: '', priority });

const table = (...rows: [name: string, ready: string, ip: string, labels?: Record<string, string>][]): Table => ({
  metadata: {},
  columnDefinitions: [column('Name'), column('Ready'), column('IP', 1)],
  rows: rows.map(([name, ready, ip, labels = {}]) => ({
    cells: [name, ready, ip],
    object: { metadata: { name, namespace: 'default', labels } },
  })),
});

test('a table: six columns wide at least, three spaces between, nothing after the last', () => {
  const printed = new TablePrinter(options).print(table(['web', '1/1', '10.0.0.1'], ['a-long-name', '0/1', '']));
  assert.equal(printed, 'NAME          READY\nweb           1/1\na-long-name   0/1\n');
  assert.equal(new TablePrinter({ ...options, wide: true, noHeaders: true }).print(table(['w', 'x', 'y'])), 'w     x     y\n');
});

test('events stand in a column wide enough for all of them', () => {
  const printer = new TablePrinter({ ...options, events: true });
  assert.equal(printer.print(table(['w', 'x', 'y']), 'ADDED'), 'EVENT      NAME   READY\nADDED      w      x\n');
  assert.equal(printer.print(table(['w', 'x', 'y']), 'MODIFIED'), 'MODIFIED   w      x\n');
});

test('namespace, kind and labels', () => {
  const all = { ...options, withNamespace: true, kindPrefix: 'pod', showLabels: true, labelColumns: ['example.com/tier'] };
  assert.equal(
    new TablePrinter(all).print(table(['a', '1', '', { app: 'x', 'example.com/tier': 'web' }], ['b', '1', ''])),
    'NAMESPACE   NAME    READY   TIER   LABELS\n' +
      'default     pod/a   1       web    app=x,example.com/tier=web\n' +
      'default     pod/b   1              <none>\n',
  );
});

test('rows of a watch line up with those before', () => {
  const printer = new TablePrinter(options);
  printer.print(table(['a-long-name', '0/1', '']));
  assert.equal(printer.print(table(['b', '1/1', ''])), 'b             1/1\n');
});

test('sorted by a field', () => {
  const sorted = sortTable(table(['b10', '', ''], ['b9', '', ''], ['a', '', '']), '.metadata.name');
  assert.deepEqual(
    sorted.rows.map(({ cells }) => cells[0]),
    ['a', 'b10', 'b9'],
  );
});

test('numbers and amounts are sorted by what they are, and what is neither these nor text is not sorted', () => {
  const items = [{ n: 10, q: '1Gi' }, { n: 9, q: '500Mi' }, { q: '2' }];
  assert.deepEqual(
    sortedByPath(items, '{.n}').map(({ n }) => n),
    [undefined, 9, 10],
  );
  assert.deepEqual(
    sortedByPath(items, '{.q}').map(({ q }) => q),
    ['2', '500Mi', '1Gi'],
  );
  const maps = [{ m: { a: 1 } }, { m: {} }];
  assert.throws(
    () => sortedByPath(maps, '{.m}'),
    /^Error: Field \{\.m\} is an unsortable type: interface, err: unsortable type: map\[string\]interface \{\}$/,
  );
});

test('what could command a terminal is written out', () => {
  assert.equal(alignTabs('a:\t\u001b[31mred\r\nb:\tc'), 'a:  ^[[31mred\\r\nb:  c');
  assert.equal(new ColumnWriter().write([['\u001b[0m', 'x']]), '^[[0m   x\n');
  // Lines without a tab part a column in two, of which the second is at least as wide.
  const many = [
    ['A', 'B'],
    ['longer one', 'y'],
    ['a\nb\nc', 'x'],
  ];
  assert.equal(new ColumnWriter().write(many), 'A            B\nlonger one   y\na\nb\nc            x\n');
});

const pod: AnyObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', managedFields: [], labels: { a: '<b>' } },
  spec: { containers: [{ name: 'x' }, { name: 'y' }], nodeName: null },
};

test('objects as json, yaml, name, jsonpath and columns', () => {
  const list = asList([pod, { ...pod, apiVersion: 'apps/v1', kind: 'Deployment' }], false);
  assert.equal(objectPrinter('name')(list), 'pod/web\ndeployment.apps/web\n');
  assert.equal(objectPrinter('jsonpath={.items[*].metadata.name}')(list), 'web web');
  assert.match(
    objectPrinter('json')(pod),
    /^\{\n {4}"apiVersion": "v1",\n {4}"kind": "Pod",\n {4}"metadata": \{\n {8}"labels": \{\n {12}"a": "\\u003cb\\u003e"/,
  );
  assert.doesNotMatch(objectPrinter('yaml')(pod), /managedFields/);
  assert.match(objectPrinter('yaml', { showManagedFields: true })(pod), /managedFields/);
  const yaml = objectPrinter('yaml');
  assert.doesNotMatch(yaml(pod), /^---/);
  assert.match(yaml(pod), /^---\n/, 'a second object is a second document');
  const columns = 'custom-columns=NAME:.metadata.name,C:.spec.containers[*].name,NODE:.spec.nodeName,X:.nope';
  assert.equal(objectPrinter(columns, { formats: tableFormats })(pod), 'NAME   C     NODE    X\nweb    x,y   <nil>   <none>\n');
  assert.throws(() => objectPrinter('bogus'), /^Error: unable to match a printer suitable for the output format "bogus"/);
});

test('a template that fails tells all there is to find the mistake by', () => {
  const print = objectPrinter('go-template=x{{.metadata.name.y}}');
  assert.throws(
    () => print(pod),
    (error) => error instanceof PrintError && /^xError executing template: .*\n\ttemplate was:\n\t\tx\{\{/.test(error.printed),
  );
  assert.throws(() => objectPrinter('template={{.x'), /^Error: error parsing template \{\{\.x, template: output:1: unclosed action$/);
  assert.throws(() => objectPrinter('go-template'), /^Error: template format specified but no template given$/);
  for (const format of ['jsonpath-file', 'go-template-file', 'templatefile'])
    assert.throws(() => objectPrinter(format), /^Error: template format specified but no template given$/);
  const file = { formats: tableFormats };
  assert.throws(() => objectPrinter('custom-columns-file', file), /^Error: custom-columns format specified but no custom columns given$/);
  assert.throws(
    () => objectPrinter('custom-columns-file=/dev/null', file),
    /^Error: invalid template, missing header line\. Expected format is/,
  );
});

test('--template chooses the format when none is given', () => {
  assert.equal(outputWithTemplate('', '{{.a}}'), 'go-template={{.a}}');
  assert.equal(outputWithTemplate('jsonpath', '{.a=b}'), 'jsonpath={.a=b}');
  assert.equal(outputWithTemplate('go-template-file', 'x.tmpl'), 'go-template-file=x.tmpl');
  assert.equal(outputWithTemplate('json', '{{.a}}'), 'json');
});

test('tabs align within consecutive lines that have them', () => {
  const text = 'Name:\tweb\nLabels:\ta=b\n\tc=d\nContainers:\n  x:\n    Image:\tnginx\n    Long label:\t1\n';
  assert.equal(
    alignTabs(text),
    'Name:    web\nLabels:  a=b\n         c=d\nContainers:\n  x:\n    Image:       nginx\n    Long label:  1\n',
  );
});
