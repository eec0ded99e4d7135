import assert from 'node:assert/strict';
import type { ConfigMap, PodTemplate, Secret } from '@keelson/types';
import { across, type Labelled, type Resource, seen, withAnnotations, within, withLabels } from '../resource.ts';
import type { Specs } from '../specs.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const templates = '[sig-node] PodTemplates';

export const config: Specs = {
  async '[sig-node] ConfigMap should fail to create ConfigMap with empty key'(c) {
    const body = { metadata: { name: c.unique('configmap') }, data: { '': 'value-1' } };
    assert.equal((await within(c, 'v1', 'configmaps').ask('POST', '', body)).status, 422);
  },

  async '[sig-node] ConfigMap should update ConfigMap successfully [NodeConformance]'(c) {
    const maps = within<ConfigMap>(c, 'v1', 'configmaps');
    const made = await maps.create({ metadata: { name: 'configmap-test' }, data: {} });
    const updated = await maps.replace({ ...made, data: { data: 'value' } });
    assert.deepEqual(updated.data, { data: 'value' });
    assert.deepEqual((await maps.get('configmap-test')).data, { data: 'value' });
  },

  async '[sig-node] ConfigMap should run through a ConfigMap lifecycle'(c) {
    const maps = within<ConfigMap>(c, 'v1', 'configmaps');
    const name = c.unique('configmap');
    const labels = { 'test-configmap-static': c.unique('true') };
    const selector = `test-configmap-static=${labels['test-configmap-static']}`;
    const following = await maps.follow({ labelSelector: selector });
    await maps.create({ metadata: { name, labels }, data: { valueName: 'value' } });
    await seen(following, ({ type }) => type === 'ADDED');
    await maps.patch(name, { metadata: { labels: { 'test-configmap': 'patched' } }, data: { valueName: 'value1' } });
    await seen(following, ({ type }) => type === 'MODIFIED');
    const present = await maps.get(name);
    assert.deepEqual(present.data, { valueName: 'value1' });
    assert.equal(present.metadata.labels?.['test-configmap'], 'patched');
    assert.equal((await across<ConfigMap>(c, 'v1', 'configmaps').items(selector)).length, 1);
    await maps.removeAll(selector);
    await seen(following, ({ type }) => type === 'DELETED');
    assert.equal((await maps.items(selector)).length, 0);
  },

  async '[sig-storage] ConfigMap should be immutable if `immutable` field is set'(c) {
    await immutable(within<ConfigMap>(c, 'v1', 'configmaps'), (value) => ({ data: { 'data-1': value } }));
  },

  async '[sig-storage] Secrets should be immutable if `immutable` field is set'(c) {
    await immutable(within<Secret>(c, 'v1', 'secrets'), (value) => ({ data: { 'data-1': base64(value) } }));
  },

  async '[sig-node] Secrets should fail to create secret due to empty secret key'(c) {
    const body = { metadata: { name: c.unique('secret') }, data: { '': base64('value-1') } };
    assert.equal((await within(c, 'v1', 'secrets').ask('POST', '', body)).status, 422);
  },

  async '[sig-node] Secrets should patch a secret'(c) {
    const secrets = within<Secret>(c, 'v1', 'secrets');
    const name = c.unique('secret');
    const mark = c.unique('constant');
    const data = { key: base64('value') };
    await secrets.create({ metadata: { name, labels: { testsecret: mark } }, data, type: 'Opaque' });
    const everywhere = across<Secret>(c, 'v1', 'secrets');
    const listed = await everywhere.items('testsecret');
    const found = listed.find(({ metadata }) => metadata.name === name && metadata.namespace === c.namespace);
    assert.deepEqual([found?.data, found?.type], [data, 'Opaque']);
    const body = { metadata: { labels: { testsecret: 'true', 'testsecret-constant': mark } }, data: { key: base64('value1') } };
    await secrets.patch(name, body);
    const present = await secrets.get(name);
    assert.equal(Buffer.from(present.data?.key ?? '', 'base64').toString(), 'value1');
    assert.equal(present.metadata.labels?.testsecret, 'true');
    await secrets.removeAll(`testsecret-constant=${mark}`);
    assert.equal((await everywhere.items(`testsecret-constant=${mark}`)).length, 0);
  },

  async [`${templates} should run the lifecycle of PodTemplates`](c) {
    const resource = within<PodTemplate>(c, 'v1', 'podtemplates');
    const name = c.unique('nginx-pod-template');
    const mark = c.unique('static');
    const selector = `podtemplate-static=${mark}`;
    await resource.create(template(name, { 'podtemplate-static': mark }));
    const everywhere = across<PodTemplate>(c, 'v1', 'podtemplates');
    assert.equal((await everywhere.items(selector)).length, 1);
    assert.equal((await resource.get(name)).metadata.name, name);
    await resource.patch(name, { metadata: { labels: { podtemplate: 'patched' } } });
    assert.equal((await resource.get(name)).metadata.labels?.podtemplate, 'patched');
    await resource.remove(name);
    assert.equal((await everywhere.items(selector)).length, 0);
  },

  async [`${templates} should delete a collection of pod templates`](c) {
    const resource = within<PodTemplate>(c, 'v1', 'podtemplates');
    for (const number of [1, 2, 3]) await resource.create(template(`test-podtemplate-${number}`, { 'podtemplate-set': 'true' }));
    assert.equal((await resource.items('podtemplate-set=true')).length, 3);
    await resource.removeAll('podtemplate-set=true');
    await resource.count('podtemplate-set=true', 0);
  },

  async [`${templates} should replace a pod template`](c) {
    const resource = within<PodTemplate>(c, 'v1', 'podtemplates');
    const name = c.unique('podtemplate');
    await resource.create(template(name, { 'podtemplate-set': 'true' }));
    const updated = await resource.update(name, (present) => withAnnotations(present, { updated: 'true' }));
    assert.equal(updated.metadata.annotations?.updated, 'true');
  },
};

const template = (name: string, labels: Record<string, string>) => ({
  metadata: { name, labels },
  template: { metadata: { labels }, spec: { containers: [{ name: 'nginx', image: 'nginx' }] } },
});

/** Data can be changed until the object says it is immutable; that cannot be taken back, and metadata stays free. */
async function immutable<T extends Labelled & { immutable?: boolean | undefined }>(
  resource: Resource<T>,
  data: (value: string) => object,
): Promise<void> {
  const name = 'immutable';
  await resource.create({ metadata: { name }, ...data('value-1') });
  await resource.update(name, (present) => ({ ...present, ...data('value-2') }));
  await resource.update(name, (present) => ({ ...present, immutable: true }));
  const present = await resource.get(name);
  const refused = async (change: object) => assert.equal((await resource.ask('PUT', name, { ...present, ...change })).status, 422);
  await refused(data('value-3'));
  await refused({ immutable: false });
  await refused({ immutable: undefined });
  await resource.update(name, (current) => withLabels(current, { label1: 'value1' }));
  const changed = await resource.get(name);
  assert.equal(changed.metadata.labels?.label1, 'value1');
  assert.equal(changed.immutable, true);
  await resource.remove(name);
}
