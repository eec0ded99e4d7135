import assert from 'node:assert/strict';
import { sleep, systemClock } from '@keelson/base';
import type { PodTemplate } from '@keelson/types';
import type { Context, Reply } from '../context.ts';
import type { Specs } from '../specs.ts';

const total = 400;

interface Page {
  readonly metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  readonly items: readonly PodTemplate[];
}

const templates = ({ namespace }: Context): string => `/api/v1/namespaces/${namespace}/podtemplates`;
const list = (c: Context, limit: number, token = ''): Promise<Reply> =>
  c.ask({ path: `${templates(c)}?limit=${limit}${token ? `&continue=${encodeURIComponent(token)}` : ''}` });

async function fill(c: Context): Promise<void> {
  const template = { spec: { containers: [{ name: 'test', image: 'test2' }] } };
  const all = Array.from({ length: total }, (_, number) => `template-${String(number).padStart(4, '0')}`);
  for (let start = 0; start < total; start += 20)
    await Promise.all(
      all.slice(start, start + 20).map((name) => c.must({ method: 'POST', path: templates(c), body: { metadata: { name }, template } })),
    );
}

/** That a page follows the `found` objects before it, and says what is left. Answers how many were seen now. */
function follows({ metadata, items }: Page, limit: number, found: number): number {
  assert.ok(items.length <= limit);
  const names = items.map(({ metadata: { name } }) => name);
  assert.deepEqual(
    names,
    names.map((_, index) => `template-${String(found + index).padStart(4, '0')}`),
  );
  if (metadata.continue) assert.equal((metadata.remainingItemCount ?? Number.NaN) + items.length + found, total);
  else assert.equal(metadata.remainingItemCount, undefined);
  return found + items.length;
}

/** Reads on from a page to the end: all of one version. */
async function readOn(c: Context, limit: number, first: Page, found: number): Promise<void> {
  let seen = follows(first, limit, found);
  for (let page = first; page.metadata.continue; ) {
    page = (await list(c, limit, page.metadata.continue)).json<Page & object>() as Page;
    assert.equal(page.metadata.resourceVersion, first.metadata.resourceVersion);
    seen = follows(page, limit, seen);
  }
  assert.equal(seen, total);
}

const pageOf = (reply: Reply): Page => {
  assert.equal(reply.status, 200, reply.text);
  return reply.json<Page>();
};

const area = '[sig-api-machinery] Servers with support for API chunking';

export const chunking: Specs = {
  async [`${area} should return chunks of results for list calls`](c) {
    await fill(c);
    for (let round = 0; round < 3; round++) await readOn(c, 17, pageOf(await list(c, 17)), 0);
    assert.equal(pageOf(await list(c, total + 1)).items.length, total);
  },

  async [`${area} should support continue listing from the last key if the original version has been compacted away, though the list is inconsistent [Slow]`](
    c,
  ) {
    await fill(c);
    const limit = total / 10;
    const first = pageOf(await list(c, limit));
    follows(first, limit, 0);
    const token = await expired(c, limit, first.metadata.continue ?? '');
    const second = pageOf(await list(c, limit, token));
    assert.notEqual(second.metadata.resourceVersion, first.metadata.resourceVersion);
    assert.equal(second.items.length, limit);
    await readOn(c, limit, second, limit);
  },
};

/** Waits until the token's version is compacted away; answers the token with which the list may go on nevertheless. */
async function expired(c: Context, limit: number, token: string): Promise<string> {
  const until = systemClock.now() + 660_000;
  let reply = await list(c, limit, token);
  for (; reply.status === 200 && systemClock.now() < until; reply = await list(c, limit, token)) await sleep(systemClock, 2000);
  const status = reply.json<{ code: number; reason: string; metadata: { continue?: string } }>();
  assert.deepEqual([reply.status, status.code, status.reason], [410, 410, 'Expired']);
  assert.ok(status.metadata.continue);
  return status.metadata.continue;
}
