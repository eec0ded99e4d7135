import assert from 'node:assert/strict';
import { systemClock } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import { createCA, issue } from '@keelson/pki';
import type { APIService } from '@keelson/types';
import type { Context } from '../../context.ts';
import { define, served } from '../../custom.ts';
import { until, within } from '../../resource.ts';
import type { Specs } from '../../specs.ts';
import { lasting } from '../run.ts';
import { endpointsOf, makeService, programOf, readyPods, servicePort } from './agents.ts';

const registrations = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
const apiservices = '/apis/apiregistration.k8s.io/v1/apiservices';

/** A server as a pod behind a Service of another port, as the API server is to reach it. Resolves when the Service has it. */
async function servingPod(
  c: Context,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly caBundle: string; readonly service: object }> {
  const clock = systemClock;
  const ca = await createCA({ commonName: 'hooks-ca', days: 1, clock });
  const dnsNames = [`hooks.${c.namespace}.svc`];
  const tls = await issue({ ca, commonName: 'hooks', dnsNames, usages: ['server'], days: 1, clock });
  const readinessProbe = { httpGet: { path: '/readyz', port: 8444, scheme: 'HTTPS' }, periodSeconds: 1 };
  const container = programOf('hooks.mjs', { CERT: tls.certPem, KEY: tls.keyPem, PORT: '8444', ...env }, { readinessProbe });
  await makeService(c, 'hooks', { selector: { app: 'hooks' }, ports: [servicePort(8443, 8444)] });
  await readyPods(c, lasting('hooks', [container], { terminationGracePeriodSeconds: 5 }, { labels: { app: 'hooks' } }));
  await endpointsOf(c, 'hooks', 1);
  return { caBundle: Buffer.from(ca.certPem).toString('base64'), service: { namespace: c.namespace, name: 'hooks', port: 8443 } };
}

const merge = { 'content-type': 'application/merge-patch+json' };
const text = { type: 'string' };

/** The front proxy's authority may be read, and the cluster asked who may do what, by the namespace's pods. */
async function delegated(c: Context): Promise<void> {
  const subjects = [{ kind: 'ServiceAccount', name: 'default', namespace: c.namespace }];
  const bind = async (resource: string, namespace: string | undefined, kind: string, role: string): Promise<void> => {
    const path = `/apis/rbac.authorization.k8s.io/v1/${namespace ? `namespaces/${namespace}/` : ''}${resource}`;
    const name = c.unique('wardler');
    c.after(() => c.ask({ method: 'DELETE', path: `${path}/${name}` }));
    const body = { metadata: { name }, subjects, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: role } };
    await c.must({ method: 'POST', path, body });
  };
  await bind('rolebindings', 'kube-system', 'Role', 'extension-apiserver-authentication-reader');
  await bind('clusterrolebindings', undefined, 'ClusterRole', 'system:auth-delegator');
}

export const netHooks: Specs = {
  async '[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] should be able to deny pod and configmap creation'(c) {
    const { caBundle, service } = await servingPod(c);
    const name = c.unique('e2e-test-webhook');
    const webhook = {
      name: 'deny-unwanted-configmap-data.k8s.io',
      rules: [{ operations: ['CREATE', 'UPDATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
      clientConfig: { service: { ...service, path: '/configmaps' }, caBundle },
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': c.namespace } },
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      failurePolicy: 'Fail',
    };
    c.after(() => c.ask({ method: 'DELETE', path: `${registrations}/${name}` }));
    await c.must({ method: 'POST', path: registrations, body: { metadata: { name }, webhooks: [webhook] } });
    const configMaps = within(c, 'v1', 'configmaps');
    const unwanted = { 'webhook-e2e-test': 'webhook-disallow' };
    const heeded = async (): Promise<boolean> => {
      const { status, text: said } = await configMaps.ask('POST', '', { metadata: { generateName: 'unwanted-' }, data: unwanted });
      return status >= 400 && said.includes('the configmap contains unwanted key and value');
    };
    await until(heeded, 'the webhook is heeded');
    await configMaps.create({ metadata: { name: 'wanted' }, data: { 'webhook-e2e-test': 'allow' } });
    for (const method of ['PUT', 'PATCH'] as const) {
      const path = `${configMaps.path}/wanted`;
      const body = method === 'PUT' ? { metadata: { name: 'wanted' }, data: unwanted } : { data: unwanted };
      const reply = await c.ask({ method, path, headers: method === 'PUT' ? {} : merge, body });
      assert.match(reply.text, /the configmap contains unwanted key and value/);
    }
  },

  async '[sig-api-machinery] CustomResourceConversionWebhook [Privileged:ClusterAdmin] should be able to convert from CR v1 to CR v2'(c) {
    const { caBundle, service } = await servingPod(c);
    const custom = await define(c, {
      versions: [
        served('v1', true, { type: 'object', properties: { hostPort: text } }),
        served('v2', false, { type: 'object', properties: { host: text, port: text } }),
      ],
      conversion: {
        strategy: 'Webhook',
        webhook: { clientConfig: { service: { ...service, path: '/crdconvert' }, caBundle }, conversionReviewVersions: ['v1'] },
      } as never,
    });
    const create = { method: 'POST', path: custom.path('v1'), body: custom.object('cr-instance-1', { hostPort: 'localhost:8080' }) };
    await c.must(create);
    const converted = await until(async () => {
      const reply = await c.ask({ path: `${custom.path('v2')}/cr-instance-1` });
      return reply.status === 200 && reply.json<KubeObject & { host?: string; port?: string }>();
    }, 'the webhook converts');
    assert.ok(converted);
    assert.deepEqual([converted.apiVersion, converted.host, converted.port], [custom.apiVersion('v2'), 'localhost', '8080']);
  },

  async '[sig-api-machinery] Aggregator Should be able to support the 1.17 Sample API Server using the current Aggregator [LinuxOnly]'(c) {
    const group = `${c.unique('wardle')}.example.com`;
    await delegated(c);
    const { caBundle, service } = await servingPod(c, { GROUP_VERSION: `${group}/v1alpha1` });
    const name = `v1alpha1.${group}`;
    const spec = { service, group, version: 'v1alpha1', caBundle, groupPriorityMinimum: 2000, versionPriority: 200 };
    c.after(() => c.ask({ method: 'DELETE', path: `${apiservices}/${name}` }));
    await c.must({ method: 'POST', path: apiservices, body: { metadata: { name }, spec } });
    const available = async (): Promise<boolean> => {
      const { status } = await c.must<APIService>({ path: `${apiservices}/${name}` });
      return status?.conditions?.some((condition) => condition.type === 'Available' && condition.status === 'True') ?? false;
    };
    await until(available, `${name} is available`);
    const path = `/apis/${group}/v1alpha1/namespaces/${c.namespace}/flunders`;
    await until(async () => (await c.ask({ path })).status === 200, 'flunders are served');
    const body = { apiVersion: `${group}/v1alpha1`, kind: 'Flunder', metadata: { name: 'one' } };
    assert.equal((await c.ask({ method: 'POST', path, body })).status, 201);
    assert.equal((await c.must<KubeObject & { items: unknown[] }>({ path })).items.length, 1);
    const listed = await c.kubectl(['get', `flunders.${group}`, '-n', c.namespace, '-o', 'name']);
    assert.equal(listed.trim(), `flunder.${group}/one`);
    // Who may do nothing here is told so by the server behind, whom the front proxy tells the name.
    const nobody = { 'impersonate-user': 'system:serviceaccount:default:nobody' };
    assert.equal((await c.ask({ path, headers: nobody })).status, 403);
    await c.must({ method: 'DELETE', path: `${path}/one` });
    await c.must({ method: 'DELETE', path: `${apiservices}/${name}` });
    await until(async () => (await c.ask({ path })).status === 404, 'flunders are served no more');
  },
};
