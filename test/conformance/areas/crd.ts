import assert from 'node:assert/strict';
import type { KubeObject } from '@keelson/client';
import { eventually } from '@keelson/testing';
import type { CustomResourceDefinition } from '@keelson/types';
import type { Following } from '../context.ts';
import { anything, define, definePrimed, definitionOf, definitions, served } from '../custom.ts';
import type { Specs } from '../specs.ts';

const area = '[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin]';
const simple = `${area} Simple CustomResourceDefinition`;
const patchOf = { 'content-type': 'application/json-patch+json' };
type Conditions = { status: { conditions: { message?: string }[] } };
const messages = ({ status }: Conditions): (string | undefined)[] => status.conditions.map(({ message }) => message);

export const crd: Specs = {
  async [`${simple} creating/deleting custom resource definition objects works`](c) {
    const { definition } = await define(c, { scope: 'Cluster' });
    const path = `${definitions}/${definition.metadata.name}`;
    await c.must({ method: 'DELETE', path });
    await eventually(async () => (await c.ask({ path })).status === 404, { deadlineMs: 30_000 });
    const { group, versions, names } = definition.spec;
    const gone = async () => !(await c.ask({ path: `/apis/${group}/${versions[0]?.name}` })).text.includes(names.plural);
    await eventually(gone, { deadlineMs: 30_000 });
  },

  async [`${simple} listing custom resource definition objects works`](c) {
    const label = c.unique('list');
    const made = new Map<string, CustomResourceDefinition>();
    for (let number = 0; number < 10; number++) {
      const definition = definitionOf(c, { scope: 'Cluster' });
      const body = { ...definition, metadata: { ...definition.metadata, labels: { 'e2e-list-test-uuid': label } } };
      const created = await c.must<CustomResourceDefinition>({ method: 'POST', path: definitions, body });
      made.set(created.metadata.name ?? '', created);
    }
    const other = await define(c, { scope: 'Cluster' });
    const path = `${definitions}?labelSelector=${encodeURIComponent(`e2e-list-test-uuid=${label}`)}`;
    const { items } = await c.must<{ items: CustomResourceDefinition[] }>({ path });
    assert.equal(items.length, 10);
    for (const item of items) assert.deepEqual(item.spec, made.get(item.metadata.name ?? '')?.spec);
    await c.must({ method: 'DELETE', path });
    await eventually(async () => (await c.must<{ items: object[] }>({ path })).items.length === 0, { deadlineMs: 30_000 });
    await c.must({ path: `${definitions}/${other.definition.metadata.name}` });
  },

  async [`${simple} getting/updating/patching custom resource definition status sub-resource works`](c) {
    const { definition } = await define(c, { scope: 'Cluster' });
    const path = `${definitions}/${definition.metadata.name}/status`;
    // The server's own conditions come back meanwhile: who was overtaken looks again.
    const add = async (condition: object): Promise<Conditions | undefined> => {
      const present = await c.must<CustomResourceDefinition & Conditions>({ path });
      assert.deepEqual(present.spec, definition.spec);
      const conditions = [...present.status.conditions, condition];
      const reply = await c.ask({ method: 'PUT', path, body: { ...present, status: { ...present.status, conditions } } });
      if (reply.status === 409) return undefined;
      assert.equal(reply.status, 200, reply.text);
      return reply.json<Conditions & KubeObject>();
    };
    assert.ok(messages(await eventually(() => add({ message: 'updated' }))).includes('updated'));
    const body = [{ op: 'add', path: '/status/conditions', value: [{ message: 'patched' }] }];
    const patched = await c.must<Conditions>({ method: 'PATCH', path, headers: patchOf, body });
    assert.ok(messages(patched).includes('patched'));
    // What a typed client sends of an empty type, status and time.
    const typed = { type: '', status: '', lastTransitionTime: null, message: 'typed' };
    assert.ok(messages(await eventually(() => add(typed))).includes('typed'));
  },

  async [`${area} should include custom resource definition resources in discovery documents`](c) {
    const name = 'apiextensions.k8s.io';
    type Group = { name: string; versions: { version: string }[] };
    const { groups } = await c.must<{ groups: Group[] }>({ path: '/apis' });
    for (const group of [groups.find((one) => one.name === name), await c.must<Group>({ path: `/apis/${name}` })]) {
      assert.equal(group?.name, name);
      assert.ok(group.versions.some(({ version }) => version === 'v1'));
    }
    const list = await c.must<{ groupVersion: string; resources: { name: string }[] }>({ path: `/apis/${name}/v1` });
    assert.equal(list.groupVersion, `${name}/v1`);
    assert.ok(list.resources.some((resource) => resource.name === 'customresourcedefinitions'));
  },

  async [`${area} custom resource defaulting for requests and from storage works`](c) {
    const schema = { ...anything, properties: { a: { type: 'string' }, b: { type: 'string' } } };
    const custom = await define(c, { scope: 'Cluster', versions: [served('v1', true, schema)] });
    const create = (name: string) => c.must<Defaulted>({ method: 'POST', path: custom.path(), body: custom.object(name) });
    const get = (name: string) => c.must<Defaulted>({ path: `${custom.path()}/${name}` });
    const properties = '/spec/versions/0/schema/openAPIV3Schema/properties';
    const change = (...body: object[]) =>
      c.must({ method: 'PATCH', path: `${definitions}/${custom.definition.metadata.name}`, headers: patchOf, body });
    assert.equal((await create('cr-1')).a, undefined);
    await change({ op: 'add', path: `${properties}/a/default`, value: 'A' });
    await eventually(async () => (await get('cr-1')).a === 'A', { deadlineMs: 30_000 });
    assert.equal((await create('cr-2')).a, 'A');
    await change({ op: 'remove', path: `${properties}/a/default` }, { op: 'add', path: `${properties}/b/default`, value: 'B' });
    const second = await eventually(
      async () => {
        const found = await get('cr-2');
        return found.b === undefined ? undefined : found;
      },
      { deadlineMs: 30_000 },
    );
    assert.deepEqual([second.a, second.b], ['A', 'B']);
  },

  async '[sig-api-machinery] CustomResourceDefinition Watch [Privileged:ClusterAdmin] CustomResourceDefinition Watch watch on custom resource definition objects'(
    c,
  ) {
    const custom = await definePrimed(c, { scope: 'Cluster' });
    const names = ['name1', 'name2'];
    const watches = new Map<string, Following>();
    for (const name of names) {
      const path = `${custom.path()}?fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}&timeoutSeconds=600`;
      watches.set(name, await c.follow(path));
    }
    const content = { content: { key: 'value' }, num: { num1: 1, num2: 1_000_000 } };
    const expected: Record<string, string[]> = { name1: [], name2: [] };
    const step = async (name: string, type: string, act: () => Promise<KubeObject>): Promise<void> => {
      const object = await act();
      expected[name]?.push(`${type} ${name}`);
      const seen = () => (watches.get(name)?.events.length ?? 0) === expected[name]?.length;
      await eventually(seen, { deadlineMs: 30_000, message: `${type} of ${name}` });
      if (type === 'ADDED') assert.deepEqual(watches.get(name)?.events[0]?.object, object);
    };
    for (const name of names)
      await step(name, 'ADDED', async () => {
        const made = await c.must({ method: 'POST', path: custom.path(), body: custom.object(name, content) });
        assert.ok(made.metadata.uid);
        assert.deepEqual([made.apiVersion, made.kind], [custom.apiVersion(), custom.definition.spec.names.kind]);
        return made;
      });
    const body = [{ op: 'add', path: '/dummy', value: 'test' }];
    for (const name of names)
      await step(name, 'MODIFIED', () => c.must({ method: 'PATCH', path: `${custom.path()}/${name}`, headers: patchOf, body }));
    for (const name of names) await step(name, 'DELETED', () => c.must({ method: 'DELETE', path: `${custom.path()}/${name}` }));
    for (const [name, { events }] of watches)
      assert.deepEqual(
        events.map(({ type, object }) => `${type} ${object.metadata.name}`),
        expected[name],
      );
  },
};

type Defaulted = KubeObject & { a?: string; b?: string };
