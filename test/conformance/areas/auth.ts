import assert from 'node:assert/strict';
import type { KubeObject } from '@keelson/client';
import type { ConfigMap, Pod, ServiceAccount, TokenRequest, TokenReview } from '@keelson/types';
import type { Context } from '../context.ts';
import { across, seen, until, within, withLabels } from '../resource.ts';
import type { Specs } from '../specs.ts';

const area = '[sig-auth] ServiceAccounts';
const accountsOf = (c: Context) => within<ServiceAccount>(c, 'v1', 'serviceaccounts');
const tokenPath = '/var/run/secrets/kubernetes.io/serviceaccount';

export const auth: Specs = {
  async [`${area} should allow opting out of API token automount`](c) {
    const accounts = accountsOf(c);
    await accounts.create({ metadata: { name: 'mount' }, automountServiceAccountToken: true });
    await accounts.create({ metadata: { name: 'nomount' }, automountServiceAccountToken: false });
    const pods = within<Pod>(c, 'v1', 'pods');
    for (const account of ['default', 'mount', 'nomount'])
      for (const wanted of [undefined, true, false]) {
        const own = wanted === undefined ? {} : { automountServiceAccountToken: wanted };
        const containers = [{ name: 'token-test', image: 'registry.k8s.io/pause' }];
        const name = `pod-${account}-${wanted}`;
        const spec = { serviceAccountName: account, restartPolicy: 'Never', containers, ...own };
        const made = await pods.create({ metadata: { name }, spec });
        const mounted = made.spec?.containers[0]?.volumeMounts?.some(({ mountPath }) => mountPath === tokenPath) ?? false;
        assert.equal(mounted, wanted ?? account !== 'nomount', name);
      }
  },

  async [`${area} should create a serviceAccountToken and ensure a successful TokenReview`](c) {
    const name = c.unique('e2e-sa');
    await accountsOf(c).create({ metadata: { name } });
    const path = `/api/v1/namespaces/${c.namespace}/serviceaccounts/${name}/token`;
    const { status } = await c.must<TokenRequest>({ method: 'POST', path, body: { spec: {} } });
    assert.ok(status?.token);
    const body = { spec: { token: status.token } };
    const review = await c.must<TokenReview>({ method: 'POST', path: '/apis/authentication.k8s.io/v1/tokenreviews', body });
    assert.equal(review.status?.authenticated, true);
    assert.ok(!review.status?.error);
    const user = review.status?.user;
    assert.equal(user?.username, `system:serviceaccount:${c.namespace}:${name}`);
    const groups = ['system:authenticated', 'system:serviceaccounts', `system:serviceaccounts:${c.namespace}`];
    assert.deepEqual(user?.groups?.toSorted(), groups);
    assert.ok(user?.uid);
  },

  async [`${area} should guarantee kube-root-ca.crt exist in any namespace`](c) {
    const maps = within<ConfigMap>(c, 'v1', 'configmaps');
    const name = 'kube-root-ca.crt';
    await until(() => maps.exists(name));
    const { data } = await maps.get(name);
    assert.match(data?.['ca.crt'] ?? '', /BEGIN CERTIFICATE/);
    await maps.remove(name);
    await until(() => maps.exists(name));
    await maps.replace({ metadata: { name }, data: { 'ca.crt': '' } } as ConfigMap);
    await maps.until(name, (present) => present.data?.['ca.crt'] === data?.['ca.crt']);
  },

  async [`${area} should run through the lifecycle of a ServiceAccount`](c) {
    const accounts = accountsOf(c);
    const mark = c.unique('static');
    const selector = `test-serviceaccount-static=${mark}`;
    const following = await accounts.follow({ labelSelector: selector });
    const name = 'testserviceaccount';
    await accounts.create({ metadata: { name, labels: { 'test-serviceaccount-static': mark } } });
    await seen(following, ({ type }) => type === 'ADDED');
    await accounts.patch(name, { automountServiceAccountToken: false });
    await seen(following, ({ type, object }) => type === 'MODIFIED' && object.automountServiceAccountToken === false);
    const found = await across<ServiceAccount>(c, 'v1', 'serviceaccounts').items(selector);
    assert.deepEqual(
      found.map(({ metadata, automountServiceAccountToken }) => [metadata.name, metadata.namespace, automountServiceAccountToken]),
      [[name, c.namespace, false]],
    );
    await accounts.removeAll('');
    await seen(following, ({ type }) => type === 'DELETED');
  },

  async [`${area} should update a ServiceAccount`](c) {
    const accounts = accountsOf(c);
    const name = c.unique('e2e-sa');
    const made = await accounts.create({ metadata: { name }, automountServiceAccountToken: false });
    assert.equal(made.automountServiceAccountToken, false);
    const updated = await accounts.update(name, (present) => ({ ...present, automountServiceAccountToken: true }));
    assert.equal(updated.automountServiceAccountToken, true);
    const labelled = await accounts.update(name, (present) => withLabels(present, { updated: 'true' }));
    assert.equal(labelled.automountServiceAccountToken, true);
  },

  async '[sig-auth] SubjectReview should support SubjectReview API operations'(c) {
    const { metadata } = await accountsOf(c).create({ metadata: { name: 'e2e' } });
    const user = `system:serviceaccount:${c.namespace}:e2e`;
    const groups = ['system:authenticated', 'system:serviceaccounts', `system:serviceaccounts:${c.namespace}`];
    const uid = metadata.uid ?? '';
    const headers = { 'impersonate-user': user, 'impersonate-uid': uid };
    const configmaps = `/api/v1/namespaces/${c.namespace}/configmaps`;
    const request = await asOneOf(c, configmaps, headers, groups);
    assert.ok(request === 200 || request === 403);
    const reviews = '/apis/authorization.k8s.io/v1';
    const resourceAttributes = { verb: 'list', resource: 'configmaps', namespace: c.namespace, version: 'v1' };
    type Review = KubeObject & { status: { allowed: boolean } };
    const review = async (path: string, as: string): Promise<boolean> => {
      const body = { metadata: { namespace: c.namespace }, spec: { resourceAttributes, user: as, groups, uid } };
      return (await c.must<Review>({ method: 'POST', path, body })).status.allowed;
    };
    assert.equal(await review(`${reviews}/namespaces/${c.namespace}/localsubjectaccessreviews`, 'e2e'), request === 200);
    const body = { spec: { resourceAttributes, user, groups, uid } };
    const { status } = await c.must<Review>({ method: 'POST', path: `${reviews}/subjectaccessreviews`, body });
    assert.equal(status.allowed, request === 200);
  },
};

/** The status of a read as a member of each group in turn; they must agree. Node's client cannot be given a header twice here. */
async function asOneOf(c: Context, path: string, headers: Record<string, string>, groups: readonly string[]): Promise<number> {
  const statuses = new Set<number>();
  for (const group of groups) statuses.add((await c.ask({ path, headers: { ...headers, 'impersonate-group': group } })).status);
  assert.equal(statuses.size, 1);
  return [...statuses][0] ?? 0;
}
