import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { TemplateError } from './evaluate.ts';
import { compileTemplate } from './template.ts';

/** What upstream's kubectl printed, or failed with, for a template over one object. */
interface Upstream {
  readonly data: unknown;
  readonly cases: readonly { readonly template: string; readonly output?: string; readonly error?: string }[];
}

const upstream = JSON.parse(readFileSync(new URL('testdata/upstream.json', import.meta.url), 'utf8')) as Upstream;

function fill(template: string, data: unknown): { output: string } | { error: string } {
  try {
    return { output: compileTemplate('output', template)(data) };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

test('templates print, and fail, as they do in upstream kubectl', () => {
  for (const { template, ...expected } of upstream.cases) assert.deepEqual(fill(template, upstream.data), expected, template);
});

const pod = {
  metadata: { name: 'update-demo-x' },
  status: { containerStatuses: [{ name: 'update-demo', image: 'nginx', state: { running: { startedAt: 'now' } } }] },
};

const conformance: readonly [template: string, output: string][] = [
  ['{{range.items}}{{.metadata.name}} {{end}}', 'update-demo-x '],
  [
    '{{range .items}}{{if (exists . "status" "containerStatuses")}}{{range .status.containerStatuses}}{{if (and (eq .name "update-demo") (exists . "state" "running"))}}true{{end}}{{end}}{{end}}{{end}}',
    'true',
  ],
  [
    '{{range .items}}{{if (exists . "status" "containerStatuses")}}{{range .status.containerStatuses}}{{if eq .name "update-demo"}}{{.image}}{{end}}{{end}}{{end}}{{end}}',
    'nginx',
  ],
  ['{{(index .items 0).metadata.name}}:{{range .items}}{{.metadata.labels}}:{{end}}', 'update-demo-x:<no value>:'],
];

test('the templates of the conformance suite', () => {
  for (const [template, output] of conformance) assert.equal(compileTemplate('output', template)({ items: [pod] }), output, template);
});

test('missing keys can be errors; what was printed before them is kept', () => {
  const print = compileTemplate('output', 'name {{.metadata.name}} {{.nope}}');
  assert.equal(print(pod), 'name update-demo-x <no value>');
  assert.throws(
    () => print(pod, { strict: true }),
    (error) =>
      error instanceof TemplateError &&
      error.message === 'template: output:1:26: executing "output" at <.nope>: map has no entry for key "nope"' &&
      error.printed === 'name update-demo-x ',
  );
});

test('templates that call themselves without end are stopped', () => {
  const print = compileTemplate('output', '{{define "x"}}{{template "x"}}{{end}}{{template "x"}}');
  assert.throws(() => print({}), /exceeded maximum template depth/);
});
