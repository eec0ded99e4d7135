import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Status } from '@keelson/types';
import { loadSchemas } from '@keelson/types/schemas';
import { StatusError } from '../status.ts';
import { applyConfiguration } from './apply.ts';
import { pathText } from './element.ts';
import { type FieldSet, leaf, pathsOf, setOf } from './fields.ts';
import { type FieldOwner, type FieldVersions, type ManagedEntry, trackField, trackUpdate, writeManaged } from './managed.ts';
import { MergeTypes } from './type.ts';

const types = new MergeTypes(await loadSchemas());
const versions: FieldVersions = {
  type: (apiVersion) => (apiVersion === 'apps/v1' ? types.named('apps.v1.Deployment') : undefined),
  convert: (object) => object,
};

/** An object and the account of its fields, with a clock that counts writes. */
class Thing {
  object: object | undefined;
  entries: ManagedEntry[] = [];
  #seconds = 0;

  get #now(): string {
    return `2026-01-01T00:00:${String(this.#seconds++).padStart(2, '0')}Z`;
  }

  async apply(manager: string, config: object, options: { force?: boolean; subresource?: string; reset?: FieldSet } = {}): Promise<this> {
    const { force = false, subresource = '', reset = leaf } = options;
    const owner: FieldOwner = { manager, operation: 'Apply', apiVersion: 'apps/v1', subresource };
    const { live, entries } = { live: this.object, entries: this.entries };
    const result = await applyConfiguration({ owner, versions, reset, now: this.#now, live, entries, config, force });
    this.object = result.object;
    this.entries = result.entries;
    return this;
  }

  async update(manager: string, object: object, { subresource = '', apiVersion = 'apps/v1' } = {}): Promise<this> {
    const owner: FieldOwner = { manager, operation: 'Update', apiVersion, subresource };
    this.entries = await trackUpdate(this.entries, this.object ?? {}, object, { owner, versions, reset: leaf, now: this.#now });
    this.object = object;
    return this;
  }

  /** What each manager owns. */
  get owned(): Record<string, string[]> {
    const text = ({ manager, operation, fields }: ManagedEntry) => [`${manager} ${operation}`, pathsOf(fields).map(pathText)] as const;
    return Object.fromEntries(this.entries.map(text));
  }
}

const owner = (manager: string): FieldOwner => ({ manager, operation: 'Apply', apiVersion: 'apps/v1', subresource: '' });
const scaled = (replicas: number, more: object = {}): object => ({ spec: { replicas, ...more } });
const labelled = (labels: Record<string, string>): object => ({ metadata: { labels } });

async function refusal(work: Promise<unknown>): Promise<Status> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof StatusError, String(error));
  return error.status;
}

test('an apply adds, overwrites its own, and removes what it no longer names', async () => {
  const thing = await new Thing().apply('a', { metadata: { labels: { x: '1', y: '2' } }, spec: { replicas: 1 } });
  await thing.apply('a', { metadata: { labels: { x: '3' } }, spec: { paused: true } });
  assert.deepEqual(thing.object, { metadata: { labels: { x: '3' } }, spec: { paused: true } });
  assert.deepEqual(thing.owned, { 'a Apply': ['.metadata.labels.x', '.spec.paused'] });
});

test('what somebody else owns too stays when one lets go of it', async () => {
  const thing = await new Thing().apply('a', scaled(2));
  await thing.apply('b', scaled(2));
  assert.deepEqual(thing.owned, { 'a Apply': ['.spec.replicas'], 'b Apply': ['.spec.replicas'] });
  await thing.apply('a', labelled({ x: '1' }));
  assert.deepEqual(thing.object, { metadata: { labels: { x: '1' } }, spec: { replicas: 2 } });
  await thing.apply('b', labelled({ y: '1' }));
  assert.deepEqual(thing.object, labelled({ x: '1', y: '1' }));
});

test('other values for others’ fields are conflicts; force takes the fields over', async () => {
  const thing = await new Thing().update('kubectl-client-side-apply', scaled(3, { paused: true }));
  const one = await refusal(thing.apply('me', scaled(5)));
  assert.deepEqual(
    [one.code, one.reason, one.message, one.details],
    [
      409,
      'Conflict',
      'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas',
      {
        causes: [
          { reason: 'FieldManagerConflict', message: 'conflict with "kubectl-client-side-apply" using apps/v1', field: '.spec.replicas' },
        ],
      },
    ],
  );
  await thing.apply('other', scaled(3));
  const several = await refusal(thing.apply('me', scaled(5, { paused: false })));
  assert.equal(
    several.message,
    [
      'Apply failed with 3 conflicts: conflicts with "kubectl-client-side-apply" using apps/v1:',
      '- .spec.paused',
      '- .spec.replicas',
      'conflicts with "other":',
      '- .spec.replicas',
    ].join('\n'),
  );
  await thing.apply('me', scaled(5), { force: true });
  assert.deepEqual(thing.owned, { 'kubectl-client-side-apply Update': ['.spec.paused'], 'me Apply': ['.spec.replicas'] });
});

test('an update takes what it changes, and only that', async () => {
  const thing = await new Thing().apply('a', scaled(1, { paused: true, minReadySeconds: 3 }));
  await thing.update('b', { spec: { replicas: 4, paused: true } }, { subresource: 'scale' });
  assert.deepEqual(thing.owned, { 'a Apply': ['.spec.paused'], 'b Update': ['.spec.replicas'] });
  const { message } = await refusal(thing.apply('a', scaled(1)));
  assert.match(message ?? '', /conflict with "b" with subresource "scale" using apps\/v1: .spec.replicas$/);
});

const container = (name: string, more: object = {}): object => ({ name, ...more });
const pods = (...containers: object[]): object => ({ spec: { template: { spec: { containers } } } });

test('items of lists with keys belong to whoever applied them; what a removed item held goes with it', async () => {
  const thing = await new Thing().apply('a', pods(container('x', { image: '1' }), container('y', { image: '1' })));
  await thing.apply('b', pods(container('z', { image: '1' })));
  // Somebody sets a default in an item that is not theirs.
  await thing.update('c', pods(container('x', { image: '1', tty: true }), container('y', { image: '1' }), container('z', { image: '1' })));
  await thing.apply('a', pods(container('y', { image: '2' })));
  assert.deepEqual(thing.object, pods(container('y', { image: '2' }), container('z', { image: '1' })));
  assert.deepEqual(Object.keys(thing.owned), ['b Apply', 'a Apply']);
});

test('an item two own loses what only one of them named', async () => {
  const thing = await new Thing().apply('a', pods(container('x', { image: '1', tty: true })));
  await thing.apply('b', pods(container('x', { stdin: true })));
  await thing.apply('a', { spec: { paused: true } });
  assert.deepEqual(thing.object, { spec: { paused: true, template: { spec: { containers: [container('x', { stdin: true })] } } } });
});

test('a struct that nobody has anything in any more goes, with what nobody owned in it', async () => {
  const thing = await new Thing().apply('a', { spec: { strategy: { type: 'Recreate' } } });
  await thing.update('server', { spec: { strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } } });
  thing.entries = thing.entries.filter(({ manager }) => manager === 'a');
  await thing.apply('a', { spec: { paused: true } });
  assert.deepEqual(thing.object, { spec: { paused: true } });
});

test('applied items stand in their order; those of others keep their place before the next that both have', async () => {
  const names = (object: object | undefined): string =>
    (object as { spec: { template: { spec: { containers: { name: string }[] } } } }).spec.template.spec.containers
      .map(({ name }) => name)
      .join('');
  const table = [
    ['abc', 'cba', 'cba'],
    ['ab', 'c', 'abc'],
    ['ab', 'cb', 'acb'],
    ['abcd', 'db', 'acdb'],
    ['', 'ba', 'ba'],
    ['xay', 'a', 'xay'],
  ] as const;
  for (const [live, applied, result] of table) {
    const thing = await new Thing().update('u', pods(...[...live].map((name) => container(name))));
    await thing.apply('a', pods(...[...applied].map((name) => container(name))));
    assert.equal(names(thing.object), result, `${live} + ${applied}`);
  }
});

test('items that stand twice stay where nobody applies one of their name, and give way to it', async () => {
  const env = (...values: [name: string, value: string][]): object =>
    pods(container('x', { env: values.map(([name, value]) => ({ name, value })) }));
  const thing = await new Thing().update('u', env(['A', '1'], ['P', '1'], ['P', '2']));
  const path = '.spec.template.spec.containers[name="x"].env';
  assert.ok(thing.owned['u Update']?.includes(`${path}[name="P"]`));
  assert.ok(!thing.owned['u Update']?.includes(`${path}[name="P"].value`));
  await thing.apply('a', env(['H', '1']));
  assert.deepEqual(thing.object, env(['A', '1'], ['P', '1'], ['P', '2'], ['H', '1']));
  assert.match((await refusal(thing.apply('a', env(['P', '3'])))).message ?? '', /conflict with "u" using apps\/v1: .*env\[name="P"\]$/);
  await thing.apply('a', env(['P', '3']), { force: true });
  assert.deepEqual(thing.object, env(['A', '1'], ['P', '3']));
  assert.ok(!thing.owned['u Update']?.includes(`${path}[name="P"]`));
});

test('null sets nothing: fields with it are owned, maps and lists stay', async () => {
  const thing = await new Thing().update('u', { metadata: { labels: { a: 'b' } } });
  await thing.apply('a', { metadata: { labels: null } });
  assert.deepEqual(thing.object, { metadata: { labels: { a: 'b' } } });
  assert.deepEqual(thing.owned['a Apply'], ['.metadata.labels']);
});

test('what an object had before anybody counted belongs to before-first-apply', async () => {
  const thing = new Thing();
  thing.object = { metadata: { name: 'n', uid: 'u' }, spec: { replicas: 1, paused: true } };
  const { message } = await refusal(thing.apply('a', scaled(2)));
  assert.equal(message, 'Apply failed with 1 conflict: conflict with "before-first-apply" using apps/v1: .spec.replicas');
  await thing.apply('a', scaled(1));
  assert.deepEqual(thing.owned, { 'before-first-apply Update': ['.spec.paused', '.spec.replicas'], 'a Apply': ['.spec.replicas'] });
});

test('kubectl takes over what client-side apply left as it set it, and keeps its annotation up to date', async () => {
  const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
  const applied = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'n' }, spec: { paused: true, replicas: 3 } };
  const live = { ...applied, metadata: { name: 'n', annotations: { [annotation]: JSON.stringify(applied) } } };
  const thing = await new Thing().update('kubectl-client-side-apply', live);
  const config = { ...applied, spec: { paused: true, replicas: 4 } };
  assert.equal((await refusal(thing.apply('somebody', config))).code, 409);
  await thing.apply('kubectl', config);
  const { metadata, spec } = thing.object as typeof live;
  assert.deepEqual(spec, { paused: true, replicas: 4 });
  assert.equal(metadata.annotations[annotation], `${JSON.stringify(config)}\n`);
  // Somebody scaled meanwhile: that is no client-side apply's doing.
  await thing.update('scaler', { ...thing.object, spec: { replicas: 9, paused: true } });
  assert.match((await refusal(thing.apply('kubectl', config))).message ?? '', /conflict with "scaler" using apps\/v1: .spec.replicas$/);
});

test('what a write resets it neither owns nor conflicts over', async () => {
  const reset = setOf(['f:status']);
  const thing = await new Thing().update('controller', { spec: { replicas: 1 }, status: { replicas: 1 } }, { subresource: 'status' });
  await thing.apply('a', { spec: { paused: true }, status: { replicas: 7 } }, { reset });
  assert.deepEqual(thing.owned, { 'controller Update': ['.spec.replicas', '.status.replicas'], 'a Apply': ['.spec.paused'] });
});

test('times move with what an owner does, and not without', async () => {
  const times = (): Record<string, string | undefined> =>
    Object.fromEntries(thing.entries.map(({ manager, time }) => [manager, time?.slice(17, 19)]));
  const thing = await new Thing().apply('a', scaled(1));
  await thing.apply('a', scaled(1));
  assert.deepEqual(times(), { a: '00' });
  await thing.apply('b', scaled(1));
  assert.deepEqual(times(), { a: '00', b: undefined });
  await thing.update('c', scaled(1));
  await thing.update('c', scaled(5));
  assert.deepEqual(times(), { c: '04' });
  await thing.update('c', scaled(6));
  assert.deepEqual(times(), { c: '05' });
});

test('what an applier drops is all that goes: what says which object it is stays, and so does what nobody owns', async () => {
  const thing = new Thing();
  thing.object = { metadata: { name: 'x', uid: 'u', labels: { a: '1' } }, spec: { paused: true } };
  thing.entries = [{ ...owner('a'), time: undefined, fields: setOf(['f:metadata', 'f:labels', 'f:a']) }];
  await thing.apply('a', { metadata: { name: 'x' }, spec: { replicas: 1 } });
  assert.deepEqual(thing.object, { metadata: { name: 'x', uid: 'u' }, spec: { paused: true, replicas: 1 } });
});

test('what another version owns is put back, and with it what nobody owns', async () => {
  const both: FieldVersions = { type: () => types.named('apps.v1.Deployment'), convert: (object) => object };
  const live = { metadata: { name: 'x', uid: 'u', labels: { a: '1' } }, spec: { paused: true, replicas: 1, minReadySeconds: 1 } };
  const entries: ManagedEntry[] = [
    { ...owner('a'), time: undefined, fields: setOf(['f:metadata', 'f:labels', 'f:a'], ['f:spec', 'f:replicas'], ['f:spec', 'f:paused']) },
    { ...owner('b'), apiVersion: 'apps/v2', time: undefined, fields: setOf(['f:spec', 'f:replicas']) },
  ];
  const asked = {
    owner: owner('a'),
    versions: both,
    reset: leaf,
    now: '',
    live,
    entries,
    config: { metadata: { name: 'x' } },
    force: false,
  };
  const { object } = await applyConfiguration(asked);
  assert.deepEqual(object, { metadata: { name: 'x', uid: 'u' }, spec: { replicas: 1, minReadySeconds: 1 } });
});

test('what stays though all it held is dropped is null', async () => {
  const thing = await new Thing().apply('a', labelled({ x: '1' }));
  await thing.apply('a', labelled({}));
  assert.deepEqual(thing.object, { metadata: { labels: null } });
});

test('items of both lists keep the order of the configuration, the others stand where they are met', async () => {
  const of = (...finalizers: string[]): object => ({ metadata: { finalizers } });
  for (const [live, config, merged] of [
    [
      ['d', 'b', 'a'],
      ['b', 'd'],
      ['b', 'a', 'd'],
    ],
    [['a', 'b'], ['c'], ['a', 'b', 'c']],
    [
      ['a', 'b', 'c'],
      ['c', 'x', 'a'],
      ['b', 'c', 'x', 'a'],
    ],
    [
      ['a', 'a', 'c'],
      ['a', 'd'],
      ['a', 'd', 'c'],
    ],
  ] as const) {
    const thing = await new Thing().update('u', of(...live));
    await thing.apply('a', of(...config), { force: true });
    assert.deepEqual(thing.object, of(...merged));
  }
});

test('an empty map is no value of a live object: who sets it beside its owner meets a conflict', async () => {
  const thing = new Thing();
  thing.object = { spec: { replicas: 1 } };
  thing.entries = [{ ...owner('a'), time: undefined, fields: setOf(['f:metadata', 'f:annotations']) }];
  const { message } = await refusal(thing.apply('b', { metadata: { annotations: {} } }));
  assert.equal(message, 'Apply failed with 1 conflict: conflict with "a": .metadata.annotations');
});

test('conflicts stand in the order of upstream’s identifiers: the writers of a subresource first', async () => {
  const thing = await new Thing().apply('b', scaled(1));
  await thing.apply('b', { spec: { paused: true } }, { subresource: 'status' });
  const { message } = await refusal(thing.apply('a', scaled(2, { paused: false })));
  const lines = ['conflicts with "b" with subresource "status":', '- .spec.paused', 'conflicts with "b":', '- .spec.replicas'];
  assert.equal(message, `Apply failed with 2 conflicts: ${lines.join('\n')}`);
});

test('a scale takes the replicas from whoever has them, and without a time', () => {
  const replicas = ['f:spec', 'f:replicas'];
  const entries: ManagedEntry[] = [{ ...owner('a'), time: 't', fields: setOf(replicas, ['f:spec', 'f:paused']) }];
  const scaler = { manager: 'hpa', operation: 'Update', apiVersion: 'apps/v1', subresource: 'scale' } as const;
  assert.deepEqual(trackField(entries, replicas, scaler), [
    { ...owner('a'), time: 't', fields: setOf(['f:spec', 'f:paused']) },
    { ...scaler, time: undefined, fields: setOf(replicas) },
  ]);
  assert.deepEqual(trackField([], replicas, scaler), []);
});

test('entries of a version that is served no more are dropped, fields of another one are compared in it', async () => {
  const thing = await new Thing().update('old', scaled(1), { apiVersion: 'apps/v0' });
  assert.deepEqual(thing.entries, []);
  thing.entries = [
    { manager: 'old', operation: 'Update', apiVersion: 'apps/v0', subresource: '', time: undefined, fields: setOf(['f:x']) },
  ];
  await thing.update('new', scaled(2));
  assert.deepEqual(thing.owned, { 'new Update': ['.spec.replicas'] });
});

test('an object keeps ten entries of updates; the oldest are put together', async () => {
  const thing = new Thing();
  const labels: Record<string, string> = {};
  for (let i = 0; i < 14; i++) {
    labels[`l${i}`] = 'x';
    await thing.update(`m${String(i).padStart(2, '0')}`, { metadata: { labels: { ...labels } } });
  }
  assert.equal(thing.entries.length, 10);
  const { 'ancient-changes Update': ancient = [], ...others } = thing.owned;
  assert.deepEqual(ancient, ['.metadata.labels', ...[0, 1, 2, 3, 4].map((i) => `.metadata.labels.l${i}`)]);
  assert.equal(Object.keys(others).length, 9);
  const written = writeManaged(thing.entries) ?? [];
  assert.deepEqual([written[0]?.manager, written[0]?.time], ['ancient-changes', '2026-01-01T00:00:04Z']);
});

test('entries are written appliers first, then by time', async () => {
  const thing = await new Thing().update('u', scaled(1));
  await thing.apply('b', { spec: { paused: true } });
  await thing.apply('a', { spec: { minReadySeconds: 1 } });
  assert.deepEqual(writeManaged(thing.entries)?.[0], {
    manager: 'b',
    operation: 'Apply',
    apiVersion: 'apps/v1',
    time: '2026-01-01T00:00:01Z',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:spec': { 'f:paused': {} } },
  });
  assert.deepEqual(
    writeManaged(thing.entries)?.map(({ manager }) => manager),
    ['b', 'a', 'u'],
  );
  assert.equal(writeManaged([]), undefined);
});
