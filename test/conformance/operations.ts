import assert from 'node:assert/strict';
import type { Context, WatchEvent } from './context.ts';
import type { Labelled, PatchType, Resource } from './resource.ts';
import { discovered, seen, until, withAnnotations, withLabels } from './resource.ts';

/** How a resource is tried with every operation there is. */
export interface Trial {
  readonly group: string;
  readonly resource: Resource;
  /** The same resource in all namespaces; absent for a cluster's. */
  readonly everywhere?: Resource;
  readonly initial: Labelled;
  readonly changed: (present: Labelled) => Labelled;
  readonly patches: Readonly<Partial<Record<PatchType, unknown>>>;
  readonly withStatus?: (present: Labelled) => Labelled;
  readonly statusPatches?: Readonly<Partial<Record<PatchType, unknown>>>;
}

/** Creates, reads, updates, patches in every way, lists and deletes an object, and watches what becomes of it. */
export async function everyOperation(c: Context, trial: Trial): Promise<void> {
  const { resource, everywhere } = trial;
  const mark = c.unique('e2e');
  const label = `e2e-test.kubernetes.io=${mark}`;
  const initial = withLabels(trial.initial, { 'e2e-test.kubernetes.io': mark });
  const name = initial.metadata.name ?? '';
  await discovered(c, trial.group, 'v1', [resource.path.split('/').at(-1) ?? '']);
  const following = await (everywhere ?? resource).follow({ labelSelector: label });
  const same = (object: Labelled): void => {
    assert.equal(object.metadata.name, name);
    assert.match(object.metadata.resourceVersion ?? '', /^[1-9][0-9]*$/);
  };
  const create = async (): Promise<Labelled> => {
    const reply = await resource.ask('POST', '?fieldValidation=Strict', initial);
    assert.equal(reply.status, 201, reply.text);
    same(reply.json());
    return reply.json();
  };
  const restart = async (): Promise<Labelled> => {
    await resource.remove(name);
    const count = (wanted: string): number => following.events.filter(({ type }) => type === wanted).length;
    const deleted = count('ADDED');
    await resource.gone(name);
    await until(() => count('DELETED') === deleted, 'one more DELETED event');
    const made = await create();
    await until(() => count('ADDED') === deleted + 1, 'one more ADDED event');
    return made;
  };
  const patch = async (type: PatchType, body: unknown, subresource = ''): Promise<void> => {
    const { uid, namespace } = (await resource.get(name)).metadata;
    const identity = { apiVersion: initial.apiVersion, kind: initial.kind };
    const whole = (part: Labelled) => ({ ...identity, ...part, metadata: { ...part.metadata, name, namespace, uid } });
    const query = `?fieldValidation=Strict${type === 'apply' ? '&fieldManager=test-apply&force=true' : ''}`;
    const sent = Array.isArray(body) ? body : whole(body as Labelled);
    const reply = await resource.ask('PATCH', `${name}${subresource}${query}`, sent, type);
    assert.equal(reply.status, 200, `${type}: ${reply.text}`);
    same(reply.json());
    await modified(following.events, reply.json());
  };

  const made = await create();
  c.after(() => resource.ask('DELETE', name));
  await seen(following, ({ type }) => type === 'ADDED');
  same(await resource.get(name));
  const updated = await resource.update(name, trial.changed);
  assert.ok(Number(updated.metadata.resourceVersion) > Number(made.metadata.resourceVersion));
  await modified(following.events, updated);
  if (trial.withStatus) {
    const reported = await resource.update(name, trial.withStatus, '/status');
    await modified(following.events, reported);
    same(await resource.get(`${name}/status`));
  }
  for (const [type, body] of Object.entries(trial.patches)) {
    await restart();
    await patch(type as PatchType, body);
  }
  for (const [type, body] of Object.entries(trial.statusPatches ?? {})) {
    await restart();
    await resource.update(name, trial.changed);
    await patch(type as PatchType, body, '/status');
  }
  for (const place of everywhere ? [resource, everywhere] : [resource])
    assert.deepEqual(
      (await place.items(label)).map(({ metadata }) => metadata.name),
      [name],
    );
  await resource.removeAll(label);
  await resource.gone(name);
  await seen(following, ({ type }) => type === 'DELETED');
  const versions = following.events.map(({ object }) => Number(object.metadata.resourceVersion));
  assert.deepEqual(
    versions,
    versions.toSorted((a, b) => a - b),
  );
}

async function modified(events: readonly WatchEvent<Labelled>[], { metadata }: Labelled): Promise<void> {
  const wanted = ({ type, object }: WatchEvent<Labelled>) =>
    type === 'MODIFIED' && object.metadata.resourceVersion === metadata.resourceVersion;
  await until(() => events.some(wanted), `an event of version ${metadata.resourceVersion}`);
}

/**
 * What most of upstream's "API operations" specs do with a resource: three objects are created with generated names, one is
 * read, listed, watched, patched and updated; then it is deleted, and the others as a collection.
 * `meanwhile` runs with the living object before the deletions.
 */
export async function operations<T extends Labelled>(
  c: Context,
  { resource, everywhere }: { readonly resource: Resource<T>; readonly everywhere?: Resource<T> },
  make: (labels: Record<string, string>) => object,
  meanwhile: (object: T) => Promise<void> = async () => undefined,
): Promise<void> {
  const mark = c.unique('special');
  const label = `special-label=${mark}`;
  const template = make({ 'special-label': mark });
  c.after(() => resource.ask('DELETE', `?labelSelector=${encodeURIComponent(label)}`));
  await resource.create(template);
  await resource.create(template);
  const made = await resource.create(template);
  const name = made.metadata.name ?? '';
  assert.equal((await resource.get(name)).metadata.uid, made.metadata.uid);
  for (const place of everywhere ? [resource, everywhere] : [resource]) assert.equal((await place.items(label)).length, 3);
  const { metadata } = await resource.list(label);
  const followings = [await resource.follow({ labelSelector: label, from: metadata.resourceVersion })];
  if (everywhere) followings.push(await everywhere.follow({ labelSelector: label, from: metadata.resourceVersion }));
  const patched = await resource.patch(name, { metadata: { annotations: { patched: 'true' } } }, 'merge');
  assert.equal(patched.metadata.annotations?.patched, 'true');
  const updated = await resource.update(name, (present) => withAnnotations(present, { updated: 'true' }));
  assert.equal(updated.metadata.annotations?.updated, 'true');
  for (const following of followings)
    await seen(following, ({ type, object }) => type === 'MODIFIED' && object.metadata.annotations?.updated === 'true');
  await meanwhile(updated);
  await resource.remove(name);
  const after = await resource.ask('GET', name);
  assert.ok(after.status === 404 || after.json<Labelled>().metadata.deletionTimestamp, after.text);
  await resource.count(label, 2);
  await resource.removeAll(label);
  await resource.count(label, 0);
}

/**
 * What upstream's "lifecycle" specs of storage resources do: one object is read, labelled by a patch, listed and deleted;
 * others are labelled by an update and deleted as a collection.
 */
export async function lifecycle<T extends Labelled>(c: Context, resource: Resource<T>, make: (name: string) => object): Promise<void> {
  const first = c.unique('e2e');
  await resource.lend(make(first));
  assert.equal((await resource.get(first)).metadata.name, first);
  for (const type of ['merge', 'strategic'] as const) {
    const labels = { [first]: `patched-${type}` };
    assert.equal((await resource.patch(first, { metadata: { labels } }, type)).metadata.labels?.[first], `patched-${type}`);
    assert.equal((await resource.items(`${first}=patched-${type}`)).length, 1);
  }
  await resource.remove(first);
  await resource.gone(first);
  const updated = { 'e2e-lifecycle': c.unique('updated') };
  const others = [c.unique('e2e'), c.unique('e2e')];
  for (const name of others) {
    await resource.lend(make(name));
    const labelled = await resource.update(name, (present) => withLabels(present, updated));
    assert.equal(labelled.metadata.labels?.['e2e-lifecycle'], updated['e2e-lifecycle']);
  }
  const selector = `e2e-lifecycle=${updated['e2e-lifecycle']}`;
  assert.equal((await resource.items(selector)).length, 2);
  await resource.removeAll(selector);
  await resource.count(selector, 0);
}
