import { test } from 'node:test';
import type { Api, KubeObject } from '@keelson/client';
import { ConfigMap, CustomResourceDefinition, type Kind, kind } from '@keelson/types';
import { createCluster } from '../src/index.ts';

const namespace = 'default';
const group = 'acme.example';

type Owner = KubeObject & { metadata: { uid?: string } };

const kindOf = (plural: string): Kind<Owner> =>
  kind<Owner>({ group, kind: plural.replace(/s$/, ''), resource: plural, namespaced: false, typeName: `${group}/v1` });

/** Makes an object of a custom kind, and a ConfigMap that it owns. */
async function makeOwned(api: Api, owners: Kind<Owner>, name: string): Promise<void> {
  const { metadata } = await api.create(owners, { apiVersion: owners.apiVersion, kind: owners.kind, metadata: { name: 'owner' } });
  const ownerReferences = [{ apiVersion: owners.apiVersion, kind: owners.kind, name: 'owner', uid: metadata.uid ?? '' }];
  await api.create(ConfigMap, { metadata: { name, namespace, ownerReferences } });
}

test('what custom objects own goes with them, however often definitions come and go', async (t) => {
  const cluster = await createCluster({ nodes: 0 });
  t.after(() => cluster.stop());
  const { api, history } = cluster;
  for (const plural of ['anvils', 'rockets', 'anvils']) {
    const owners = kindOf(plural);
    const { kind: one } = owners;
    const schema = { openAPIV3Schema: { type: 'object' } };
    const name = `${plural}.${group}`;
    await api.create(CustomResourceDefinition, {
      metadata: { name },
      spec: {
        group,
        scope: 'Cluster',
        names: { plural, singular: one, kind: one, listKind: `${one}List` },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    } as CustomResourceDefinition);
    const isServed = (): boolean =>
      history
        .get(CustomResourceDefinition, name)
        ?.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') ?? false;
    await cluster.until(`${plural} are served`, isServed);
    await makeOwned(api, owners, `of-${plural}`);
    await api.delete(owners, { name: 'owner' });
    await cluster.until(`what ${plural} own is gone`, () => history.get(ConfigMap, `of-${plural}`) === undefined);
    await api.delete(CustomResourceDefinition, { name });
    await cluster.until(`${plural} are gone`, () => history.get(CustomResourceDefinition, name) === undefined);
  }
});
