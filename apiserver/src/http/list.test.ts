import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SimulatedClock } from '@keelson/testing';
import { ConfigMap, Pod, PriorityClass, ServiceAccount, type Status } from '@keelson/types';
import { type Answer, type Fixture, podOf, startServer } from '../testing/fixture.ts';

const clock = new SimulatedClock();
let server: Fixture;
before(async () => {
  server = await startServer({ clock });
  await server.api.create(ServiceAccount, { metadata: { name: 'default', namespace } });
  for (let n = 0; n < 25; n++)
    await server.api.create(ConfigMap, {
      metadata: { name: `m${String(n).padStart(2, '0')}`, namespace, labels: { n: String(n % 5), odd: n % 2 ? 'yes' : 'no' } },
    });
});
after(() => server.close());

const namespace = 'default';
const maps = '/api/v1/namespaces/default/configmaps';

interface Page {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  readonly items: ConfigMap[];
}

const get = (query: string): Promise<Answer> => server.send('GET', `${maps}?${query}`);
const page = async (query: string): Promise<Page> => (await get(query)).json<Page>();
const names = ({ items }: Page): string[] => items.map(({ metadata }) => metadata.name ?? '');

async function refused(query: string, code: number, message: RegExp | string): Promise<void> {
  const answer = await get(query);
  assert.equal(answer.status, code, answer.text);
  const found = answer.json<Status>().message ?? '';
  if (typeof message === 'string') assert.equal(found, message);
  else assert.match(found, message);
}

test('pages are one consistent list, in order, whatever happens meanwhile', async () => {
  const first = await page('limit=10');
  assert.deepEqual([first.kind, first.apiVersion, first.items.length, first.metadata.remainingItemCount], ['ConfigMapList', 'v1', 10, 15]);
  assert.equal(first.items[0]?.kind, undefined, 'items do not repeat their kind');
  await server.api.create(ConfigMap, { metadata: { name: 'm05-new', namespace } });
  await server.api.create(ConfigMap, { metadata: { name: 'm20-new', namespace } });
  await server.api.delete(ConfigMap, { name: 'm21', namespace });
  const second = await page(`limit=10&continue=${first.metadata.continue}`);
  const third = await page(`limit=10&continue=${second.metadata.continue}`);
  assert.deepEqual(
    [second.metadata.remainingItemCount, third.metadata.remainingItemCount, third.metadata.continue],
    [5, undefined, undefined],
  );
  assert.deepEqual(
    [second.metadata.resourceVersion, third.metadata.resourceVersion],
    [first.metadata.resourceVersion, first.metadata.resourceVersion],
  );
  const all = [first, second, third].flatMap(names);
  assert.deepEqual(
    all,
    Array.from({ length: 25 }, (_, n) => `m${String(n).padStart(2, '0')}`),
  );
  await server.api.create(ConfigMap, { metadata: { name: 'm21', namespace, labels: { n: '1', odd: 'yes' } } });
  for (const name of ['m05-new', 'm20-new']) await server.api.delete(ConfigMap, { name, namespace });
});

test('pages of a selection are full, and end when nothing more matches', async () => {
  const first = await page('labelSelector=n%3D2&limit=3');
  assert.deepEqual([names(first), first.metadata.remainingItemCount], [['m02', 'm07', 'm12'], undefined]);
  const second = await page(`labelSelector=n%3D2&limit=3&continue=${first.metadata.continue}`);
  assert.deepEqual([names(second), second.metadata.continue], [['m17', 'm22'], undefined]);
  assert.equal((await page('labelSelector=n%3D2&limit=5')).metadata.continue, undefined);
});

test('a page compacted away is 410, with a way on that may be inconsistent', async () => {
  const first = await page('limit=20');
  await server.api.create(ConfigMap, { metadata: { name: 'm24-late', namespace } });
  await server.store.compact(Number((await page('limit=1')).metadata.resourceVersion));
  const gone = await get(`limit=20&continue=${first.metadata.continue}`);
  const status = gone.json<Status>();
  assert.deepEqual([gone.status, status.reason], [410, 'Expired']);
  assert.match(status.message ?? '', /^The provided continue parameter is too old to display a consistent list result\./);
  const rest = await page(`limit=20&continue=${status.metadata?.continue}`);
  assert.deepEqual(names(rest), ['m20', 'm21', 'm22', 'm23', 'm24', 'm24-late']);
  await refused(
    `resourceVersion=${first.metadata.resourceVersion}&resourceVersionMatch=Exact`,
    410,
    'The resourceVersion for the provided list is too old.',
  );
  await server.api.delete(ConfigMap, { name: 'm24-late', namespace });
});

test('continue tokens are checked', async () => {
  const token = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const bad = 'invalid continue token: continue key is not valid';
  await refused('continue=%21%21', 400, /^invalid continue token: continue key is not valid: illegal base64 data/);
  await refused('continue=abc', 400, new RegExp(bad));
  await refused(`continue=${token({ v: 'v0', rv: 1, start: 'a' })}`, 400, `${bad}: server does not recognize this encoded version v0`);
  await refused(
    `continue=${token({ v: 'meta.k8s.io/v1', rv: 0, start: 'a' })}`,
    400,
    `${bad}: incorrect encoded start resourceVersion (version meta.k8s.io/v1)`,
  );
  await refused(
    `continue=${token({ v: 'meta.k8s.io/v1', rv: 1, start: '' })}`,
    400,
    `${bad}: encoded start key empty (version meta.k8s.io/v1)`,
  );
  for (const start of ['../secrets/a', 'a/../../b', 'a//b', './a'])
    await refused(`continue=${token({ v: 'meta.k8s.io/v1', rv: -1, start })}`, 400, `${bad}: ${start}`);
  const other = await get(`continue=${token({ v: 'meta.k8s.io/v1', rv: -1, start: 'zzz/a' })}`);
  assert.deepEqual(other.json<Page>().items, []);
  assert.equal((await get(`continue=${token({ v: 'meta.k8s.io/v1', rv: 2 ** 50, start: 'a' })}`)).status, 504);
  assert.equal((await get(`continue=${token({ v: 'meta.k8s.io/v1', rv: -1, start: 'x'.repeat(100_000) })}`)).status, 200);
});

test('what resourceVersion and its match mean', async () => {
  const { metadata } = await page('limit=1');
  await server.api.create(ConfigMap, { metadata: { name: 'zz', namespace } });
  const exact = await page(`resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=Exact`);
  assert.deepEqual([exact.metadata.resourceVersion, names(exact).includes('zz')], [metadata.resourceVersion, false]);
  const paged = await page(`resourceVersion=${metadata.resourceVersion}&limit=100`);
  assert.deepEqual([paged.metadata.resourceVersion, names(paged).includes('zz')], [metadata.resourceVersion, false], 'a page is exact');
  const newer = await page(`resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=NotOlderThan`);
  assert.ok(Number(newer.metadata.resourceVersion) > Number(metadata.resourceVersion) && names(newer).includes('zz'));
  assert.equal((await page('resourceVersion=0&limit=2')).items.length, 26, 'a cached list is not cut');
  const future = get(`resourceVersion=${Number(newer.metadata.resourceVersion) + 100}`);
  await clock.advance(3_000);
  const { status, json, headers } = await future;
  assert.deepEqual([status, json<Status>().reason, headers['retry-after']], [504, 'Timeout', '1']);
  assert.match(json<Status>().message ?? '', /^Timeout: Too large resource version: \d+, current: \d+$/);
  await server.api.delete(ConfigMap, { name: 'zz', namespace });
});

test('options that contradict each other', async () => {
  const prefix = 'ListOptions.meta.k8s.io "" is invalid: ';
  await refused(
    'resourceVersionMatch=Exact',
    422,
    `${prefix}resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided`,
  );
  await refused(
    'resourceVersionMatch=Exact&resourceVersion=0',
    422,
    `${prefix}resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"`,
  );
  await refused(
    'resourceVersionMatch=Some&resourceVersion=1',
    422,
    `${prefix}resourceVersionMatch: Unsupported value: "Some": supported values: "Exact", "NotOlderThan", ""`,
  );
  await refused('sendInitialEvents=true', 422, `${prefix}sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list`);
  await refused('limit=x', 400, 'strconv.ParseInt: parsing "x": invalid syntax');
  await refused(
    'resourceVersion=x',
    400,
    'invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax',
  );
  await refused('resourceVersion=x&resourceVersionMatch=Exact', 400, /strconv\.ParseUint/);
  const next = (await page('limit=1')).metadata.continue;
  await refused(`resourceVersion=x&continue=${next}`, 400, 'specifying resource version is not allowed when using continue');
  await refused('resourceVersion=1&continue=abc', 400, /^invalid continue token: continue key is not valid/);
  await refused(`resourceVersion=1&continue=${next}`, 400, 'specifying resource version is not allowed when using continue');
});

test('label selectors', async () => {
  const count = async (selector: string): Promise<number> => (await page(`labelSelector=${encodeURIComponent(selector)}`)).items.length;
  assert.deepEqual(
    await Promise.all(['n=1', 'n!=1', 'n in (1,2)', 'n notin (1,2)', 'odd', '!odd', 'odd=yes,n=1', 'n>2', 'nothing', ''].map(count)),
    [5, 20, 10, 15, 25, 0, 3, 10, 0, 25],
  );
  assert.deepEqual(await Promise.all(['constructor', '!constructor', 'toString=x'].map(count)), [0, 25, 0]);
  await refused('labelSelector=a%3D%3D%3Db', 400, /^(found|unable to parse)/);
});

test('field selectors', async () => {
  const { api } = server;
  for (const [name, node] of [
    ['a', 'n1'],
    ['b', 'n2'],
    ['c', ''],
  ] as const)
    await api.create(Pod, podOf(name, { metadata: { namespace }, spec: node ? { nodeName: node } : {} }) as Pod);
  const pods = async (fieldSelector: string): Promise<(string | undefined)[]> =>
    (await api.list(Pod, { fieldSelector })).items.map(({ metadata }) => metadata.name);
  assert.deepEqual(await pods('spec.nodeName=n1'), ['a']);
  assert.deepEqual(await pods('spec.nodeName=,status.phase=Pending'), ['c']);
  assert.deepEqual(await pods('spec.nodeName!=n1,metadata.namespace=default'), ['b', 'c']);
  assert.deepEqual(await pods('metadata.name=b'), ['b']);
  assert.deepEqual(await pods('metadata.name=b,metadata.namespace=other'), []);
  assert.deepEqual(await pods('spec.host=n2'), ['b']);
  assert.equal((await pods('status.podIPs=')).length, 3);
  assert.deepEqual(await pods('status.podIPs=10.0.0.1'), []);
  assert.deepEqual(names(await page('fieldSelector=metadata.name%3Dm03')), ['m03']);
  await refused('fieldSelector=spec.x%3D1', 400, /field label not supported: spec\.x|is not a known field selector/);
  await refused('fieldSelector=x', 400, /invalid selector: 'x'; can't understand 'x'/);
});

test('what has no namespace can be asked for it', async () => {
  const kept = async (fieldSelector: string): Promise<number> => (await server.api.list(PriorityClass, { fieldSelector })).items.length;
  await server.api.create(PriorityClass, { metadata: { name: 'one' }, value: 1 });
  const all = await kept('metadata.namespace=');
  assert.ok(all > 0);
  assert.deepEqual(await Promise.all(['metadata.namespace!=a', 'metadata.namespace=,metadata.name=one'].map(kept)), [all, 1]);
  assert.deepEqual(await Promise.all(['metadata.namespace=a', 'metadata.namespace=a,metadata.name=one'].map(kept)), [0, 0]);
});

test('a read follows every acknowledged write', async () => {
  for (let n = 0; n < 50; n++) {
    const map = await server.api.create(ConfigMap, { metadata: { name: `read-${n}`, namespace } });
    assert.equal((await server.api.get(ConfigMap, { name: `read-${n}`, namespace })).metadata.uid, map.metadata.uid);
    await server.api.delete(ConfigMap, { name: `read-${n}`, namespace });
    assert.equal((await page(`fieldSelector=metadata.name%3Dread-${n}`)).items.length, 0);
  }
});

test('a limit below none is none, and numbers are numbers', async () => {
  assert.equal((await page('limit=-1')).items.length, (await page('')).items.length);
  for (const name of ['limit', 'timeoutSeconds']) await refused(`${name}=x`, 400, 'strconv.ParseInt: parsing "x": invalid syntax');
});

test('an empty list is a list', async () => {
  const answer = await server.send('GET', '/api/v1/namespaces/nowhere/secrets');
  assert.deepEqual([answer.status, answer.json<Page>().items, answer.json<Page>().kind], [200, [], 'SecretList']);
});

test('what old releases had in paths and queries', async () => {
  const message = async (method: 'GET' | 'POST', path: string): Promise<string> => {
    const answer = await server.send(method, path);
    return `${answer.status} ${answer.json<Status>().message}`;
  };
  assert.equal(await message('GET', `${maps}/m00?export=true`), '400 the export parameter, deprecated since v1.14, is no longer supported');
  assert.equal((await server.send('GET', `${maps}/m00?watch=true`)).json<ConfigMap>().metadata.name, 'm00');
  const watched = '/api/v1/watch/namespaces/default/configmaps';
  assert.equal(
    await message('GET', `${watched}/m00?fieldSelector=metadata.name%3Dm01`),
    "400 fieldSelector metadata.name doesn't match requested name",
  );
  assert.equal((await server.send('POST', watched)).status, 405);
  assert.equal((await server.send('GET', '/api/v1/proxy/namespaces/default/configmaps/m00')).status, 404);
  assert.equal((await server.send('GET', '/api/v1//configmaps')).status, 404);
});
