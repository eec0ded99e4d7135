import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain, type Schemas } from './explain.ts';

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
