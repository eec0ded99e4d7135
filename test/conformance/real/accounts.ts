import assert from 'node:assert/strict';
import type { ConfigMap, TokenReview } from '@keelson/types';
import { within } from '../resource.ts';
import type { Specs } from '../specs.ts';
import { execScript, lasting, once, output, shell, started } from './run.ts';

const area = '[sig-auth] ServiceAccounts';
const mounted = '/var/run/secrets/kubernetes.io/serviceaccount';

export const accounts: Specs = {
  async [`${area} should mount an API token into pods`](c) {
    await within(c, 'v1', 'serviceaccounts').create({ metadata: { name: 'mount-test' } });
    const { metadata } = await started(c, lasting('pod-service-account', [shell('sleep 100000')], { serviceAccountName: 'mount-test' }));
    const read = (file: string) => execScript(c, 'pod-service-account', `cat ${mounted}/${file}`);
    const [token, ca, namespace] = await Promise.all(['token', 'ca.crt', 'namespace'].map(read));
    const { status } = await c.must<TokenReview>({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } },
    });
    assert.ok(status?.authenticated, status?.error);
    assert.equal(status.user?.username, `system:serviceaccount:${c.namespace}:mount-test`);
    const groups = new Set(status.user?.groups);
    for (const group of ['system:authenticated', 'system:serviceaccounts', `system:serviceaccounts:${c.namespace}`])
      assert.ok(groups.has(group), group);
    assert.deepEqual(status.user?.extra?.['authentication.kubernetes.io/pod-name'], ['pod-service-account']);
    assert.deepEqual(status.user?.extra?.['authentication.kubernetes.io/pod-uid'], [metadata.uid]);
    const root = await within<ConfigMap>(c, 'v1', 'configmaps').get('kube-root-ca.crt');
    assert.equal(ca, root.data?.['ca.crt']);
    assert.equal(namespace, c.namespace);
  },

  async [`${area} should mount projected service account token`](c) {
    const source = { serviceAccountToken: { path: 'test', expirationSeconds: 3600 } };
    const volumes = [{ name: 'token', projected: { sources: [source] } }];
    const container = shell('cat /etc/sa/test; stat -L -c " %a" /etc/sa/test', { volumeMounts: [{ name: 'token', mountPath: '/etc/sa' }] });
    const [token = '', mode] = (await output(c, once('projected', [container], { volumes }))).trim().split(' ');
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    assert.deepEqual([claims.sub, claims['kubernetes.io'].pod.name], [`system:serviceaccount:${c.namespace}:default`, 'projected']);
    assert.equal(claims.exp - claims.iat, 3600);
    assert.equal(mode, '644');
  },
};
