import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain } from './explain.ts';
import type { Schemas } from './explain-schema.ts';
import { explainPlainly } from './explain-v2.ts';

const widget = { group: 'example.com', version: 'v1', kind: 'Widget' };
const schemas: Schemas = {
  Widget: {
    description: 'A widget.  It has a size, which is told in full so that the line is long enough to be broken at last.',
    externalDocs: { description: 'More of widgets.', url: 'https://example.com/widgets' },
    properties: { size: { type: 'integer', description: 'How large.', externalDocs: { url: 'https://example.com/sizes' } } },
    'x-kubernetes-group-version-kind': [widget],
  },
};

test('a kind is told with where more is to be read, and the space between its sentences kept', () => {
  assert.equal(
    explain(schemas, widget, [], false),
    `GROUP:      example.com
KIND:       Widget
VERSION:    v1

DESCRIPTION:
    A widget.  It has a size, which is told in full so that the line is long
    enough to be broken at last.
    
EXTERNAL DOCS:
    More of widgets.
    URL: https://example.com/widgets

FIELDS:
  size\t<integer>
    How large.

    EXTERNAL DOCS:
        URL: https://example.com/sizes


`,
  );
});

test('as it was before OpenAPI v3: all with fields is an object, and only one space between words', () => {
  const parts: Schemas = {
    Widget: {
      description: 'A widget.  It has parts.',
      required: ['part'],
      properties: { part: { $ref: '#/x/Part', description: 'Its part.' }, free: { type: 'object' } },
      'x-kubernetes-group-version-kind': [widget],
    },
    Part: {
      description: 'Part is a part.',
      required: ['sizes'],
      properties: { sizes: { type: 'object', additionalProperties: { oneOf: [{ type: 'integer' }, { type: 'string' }] } } },
    },
  };
  const head = 'KIND:     Widget\nVERSION:  example.com/v1\n\n';
  assert.equal(
    explainPlainly(parts, widget, [], false),
    `${head}DESCRIPTION:\n     A widget. It has parts.\n\nFIELDS:\n   free\t<map[string]>\n\n   part\t<Object> -required-\n     Its part.\n\n`,
  );
  const described = 'DESCRIPTION:\n     Its part.\n\n     Part is a part.\n';
  assert.equal(
    explainPlainly(parts, widget, ['part'], true),
    `${head}RESOURCE: part <Object>\n\n${described}\nFIELDS:\n   sizes\t<map[string]string>\n`,
  );
  assert.equal(
    explainPlainly(parts, widget, ['part', 'sizes'], false),
    `${head}FIELD:    sizes <map[string]string>\n\nDESCRIPTION:\n     <empty>\n`,
  );
});
