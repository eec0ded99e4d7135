import assert from 'node:assert/strict';
import { test } from 'node:test';
import { servedPath } from './filter.ts';
import { listing } from './listing.ts';

test('paths that are not clean lead to clean ones, prefixes to themselves with a slash', () => {
  const prefixes = ['/custom/', '/static/'];
  const served = (path: string): string => servedPath(path, prefixes);
  assert.equal(served('//custom/healthz'), '/custom/healthz');
  assert.equal(served('/custom/a/../b/.//'), '/custom/b/');
  assert.equal(served('/static'), '/static/');
  assert.equal(served('/../..'), '/');
  for (const own of ['/', '/custom/', '/api/v1/pods', '/api/v1/']) assert.equal(served(own), own);
});

test('a folder is listed by name, with its names made safe for a page', () => {
  assert.equal(
    listing(['b/', 'a b', 'x:y', '<i>']),
    `<!doctype html>\n<meta name="viewport" content="width=device-width">\n<pre>
<a href="%3Ci%3E">&lt;i&gt;</a>\n<a href="a%20b">a b</a>\n<a href="b/">b/</a>\n<a href="./x%3Ay">x:y</a>\n</pre>\n`,
  );
});
