import assert from 'node:assert/strict';
import type { LimitRange, Pod } from '@keelson/types';
import { paused, pausePod, podsOf } from '../pods.ts';
import { across, seen, within } from '../resource.ts';
import type { Specs } from '../specs.ts';

const area = '[sig-scheduling] LimitRange';
const amounts = (cpu: string, memory: string, storage: string): Record<string, string> => ({
  ...(cpu && { cpu }),
  ...(memory && { memory }),
  ...(storage && { 'ephemeral-storage': storage }),
});
const limit = {
  type: 'Container',
  min: amounts('50m', '100Mi', '100Gi'),
  max: amounts('500m', '500Mi', '500Gi'),
  default: amounts('500m', '500Mi', '500Gi'),
  defaultRequest: amounts('100m', '200Mi', '200Gi'),
  maxLimitRequestRatio: {},
};

export const limitRanges: Specs = {
  async [`${area} should create a LimitRange with defaults and ensure pod has those defaults applied.`](c) {
    const ranges = within<LimitRange>(c, 'v1', 'limitranges');
    const following = await ranges.follow({ labelSelector: 'time' });
    const range = await ranges.create({ metadata: { name: 'limit-range', labels: { time: 'now' } }, spec: { limits: [limit] } });
    await seen(following, ({ type }) => type === 'ADDED');
    const kept = (await ranges.get('limit-range')).spec?.limits[0];
    assert.deepEqual([kept?.default, kept?.defaultRequest], [limit.default, limit.defaultRequest]);
    const pods = podsOf(c);
    const pod = (name: string, requests: object, limits: object = {}) =>
      pausePod(name, { containers: [paused({ resources: { requests, limits } })] });
    const resourcesOf = async (name: string): Promise<object | undefined> => {
      const { spec }: Pod = await pods.get(name);
      return spec?.containers[0]?.resources;
    };
    await pods.create(pod('pod-no-resources', {}));
    assert.deepEqual(await resourcesOf('pod-no-resources'), { requests: limit.defaultRequest, limits: limit.default });
    await pods.create(pod('pod-partial-resources', amounts('', '150Mi', '150Gi'), amounts('300m', '', '')));
    const merged = { requests: amounts('300m', '150Mi', '150Gi'), limits: amounts('300m', '500Mi', '500Gi') };
    assert.deepEqual(await resourcesOf('pod-partial-resources'), merged);
    const refused = async (requests: object) => {
      const { status, text } = await pods.ask('POST', '', pod('pod-refused', requests));
      assert.ok(status === 403 || status === 422, text);
    };
    const [small, large] = [amounts('10m', '50Mi', '50Gi'), amounts('600m', '600Mi', '600Gi')];
    await refused(small);
    await refused(large);
    const min = amounts('9m', '49Mi', '49Gi');
    await ranges.replace({ ...range, spec: { limits: [{ ...limit, min }] } });
    assert.deepEqual((await ranges.get('limit-range')).spec?.limits[0]?.min, min);
    await pods.create(pod('pod-small', small));
    await refused(large);
    await ranges.remove('limit-range', { gracePeriodSeconds: 30 });
    await ranges.gone('limit-range');
    await pods.create(pod('pod-large', large));
  },

  async [`${area} should list, patch and delete a LimitRange by collection`](c) {
    const name = c.unique('e2e-limitrange');
    const namespaces = across(c, 'v1', 'namespaces');
    await namespaces.lend({ metadata: { name } });
    const ranges = within<LimitRange>(c, 'v1', 'limitranges');
    const body = { metadata: { name, labels: { 'e2e-test': name, [name]: 'created' } }, spec: { limits: [limit] } };
    await ranges.create(body);
    await within(c, 'v1', 'limitranges', name).create(body);
    const everywhere = across<LimitRange>(c, 'v1', 'limitranges');
    assert.equal((await everywhere.items(`e2e-test=${name}`)).length, 2);
    const min = amounts('9m', '49Mi', '49Gi');
    const patched = await ranges.patch(name, { metadata: { labels: { [name]: 'patched' } }, spec: { limits: [{ ...limit, min }] } });
    assert.equal(patched.metadata.labels?.[name], 'patched');
    assert.deepEqual(patched.spec?.limits[0]?.min, min);
    await ranges.removeAll(`${name}=patched`);
    await ranges.count(`${name}=patched`, 0);
    assert.equal((await everywhere.items(`e2e-test=${name}`)).length, 1);
  },
};
