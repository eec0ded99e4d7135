import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CronJob, Deployment, Namespace, Pod } from '@keelson/types';
import { deploymentOf, type Fixture, podOf, startServer } from '../../testing/fixture.ts';
import { parsePodSecurity } from './configuration.ts';

const prefix = 'pod-security.kubernetes.io/';
const podSecurity = parsePodSecurity({
  ...{ apiVersion: 'pod-security.admission.config.k8s.io/v1', kind: 'PodSecurityConfiguration' },
  exemptions: { usernames: ['trusted'], runtimeClasses: ['sandboxed'], namespaces: ['exempt'] },
});
let server: Fixture;
before(async () => {
  server = await startServer({ admission: { podSecurity }, disabledAdmission: ['ServiceAccount', 'RuntimeClass'] });
});
after(() => server.close());

const plain =
  'allowPrivilegeEscalation != false (container "main" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "main" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "main" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "main" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")';
const restrictedSpec = {
  securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [{ name: 'main', image: 'x', securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }],
};

async function namespaced(name: string, labels: Record<string, string>): Promise<string> {
  const prefixed = Object.fromEntries(Object.entries(labels).map(([key, value]) => [prefix + key, value]));
  await server.api.create(Namespace, { metadata: { name, labels: prefixed } });
  return name;
}

const post = (namespace: string, object: object, path = 'api/v1') => {
  const plural = `${(object as { kind: string }).kind.toLowerCase()}s`;
  return server.send('POST', `/${path}/namespaces/${namespace}/${plural}`, object);
};
/** Texts of the `Warning` headers of an answer. */
const warningsOf = ({ headers }: { headers: Readonly<Record<string, string | string[] | undefined>> }): string[] =>
  [headers.warning ?? []].flat().map((value) => value.replace(/^299 - "|"$/g, '').replace(/\\"/g, '"'));

test('a pod that keeps not to what its namespace enforces is refused in upstream words', async () => {
  const namespace = await namespaced('strict', { enforce: 'restricted', warn: 'restricted' });
  const answer = await post(namespace, podOf('p'));
  assert.equal(answer.status, 403);
  assert.equal(answer.json().message, `pods "p" is forbidden: violates PodSecurity "restricted:latest": ${plain}`);
  assert.deepEqual(warningsOf(answer), []);
  assert.equal((await post(namespace, podOf('q', { spec: restrictedSpec }))).status, 201);
});

test('what is only warned of is taken', async () => {
  const namespace = await namespaced('warned', { warn: 'restricted', 'warn-version': 'v1.24' });
  const answer = await post(namespace, podOf('p'));
  assert.equal(answer.status, 201);
  assert.deepEqual(warningsOf(answer), [`would violate PodSecurity "restricted:v1.24": ${plain}`]);
});

test('what pods are made from is warned of, never refused', async () => {
  const namespace = await namespaced('makers', { enforce: 'restricted', warn: 'restricted' });
  const deployed = await post(namespace, deploymentOf('d'), 'apis/apps/v1');
  assert.deepEqual([deployed.status, warningsOf(deployed)], [201, [`would violate PodSecurity "restricted:latest": ${plain}`]]);
  const template = { spec: { containers: [{ name: 'main', image: 'x' }], restartPolicy: 'Never' } };
  const cron = {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'c' },
    spec: { schedule: '* * * * *', jobTemplate: { spec: { template } } },
  };
  const planned = await post(namespace, cron, 'apis/batch/v1');
  assert.deepEqual([planned.status, warningsOf(planned)], [201, [`would violate PodSecurity "restricted:latest": ${plain}`]]);
  await server.api.delete(CronJob, { name: 'c', namespace });
  await server.api.delete(Deployment, { name: 'd', namespace });
});

test('users, runtime classes and namespaces can be exempt', async () => {
  const namespace = await namespaced('guarded', { enforce: 'baseline' });
  const pod = (name: string, spec = {}): Pod => podOf(name, { metadata: { namespace }, spec: { hostNetwork: true, ...spec } }) as Pod;
  await assert.rejects(server.api.create(Pod, pod('p')), { code: 403 });
  await server.as('trusted', ['system:masters']).create(Pod, pod('q'));
  await server.api.create(Pod, pod('r', { runtimeClassName: 'sandboxed' }));
  const made = await server.send('POST', '/api/v1/namespaces', {
    metadata: { name: 'exempt', labels: { [`${prefix}enforce`]: 'restricted' } },
  });
  assert.deepEqual(warningsOf(made), [
    'namespace "exempt" is exempt from Pod Security, and the policy (enforce=restricted:latest) will be ignored',
  ]);
  assert.equal((await post('exempt', podOf('p'))).status, 201);
});

test('an update that changes nothing a profile looks at is not looked at', async () => {
  const namespace = await namespaced('later', {});
  await post(namespace, podOf('p'));
  await server.api.patch(Namespace, { name: namespace }, 'application/merge-patch+json', {
    metadata: { labels: { [`${prefix}enforce`]: 'restricted' } },
  });
  const patch = (body: object) =>
    server.send('PATCH', `/api/v1/namespaces/${namespace}/pods/p`, body, { 'content-type': 'application/strategic-merge-patch+json' });
  assert.equal((await patch({ metadata: { labels: { a: 'b' } } })).status, 200);
  const refused = await patch({ spec: { containers: [{ name: 'main', image: 'other' }] } });
  assert.deepEqual([refused.status, refused.json().reason], [403, 'Forbidden']);
  const debug = { spec: { ephemeralContainers: [{ name: 'debug', image: 'x' }] } };
  const attached = await server.send('PATCH', `/api/v1/namespaces/${namespace}/pods/p/ephemeralcontainers`, debug, {
    'content-type': 'application/strategic-merge-patch+json',
  });
  assert.equal(attached.status, 403);
});

test('who makes a namespace stricter is told of the pods in it', async () => {
  const namespace = await namespaced('tightened', {});
  const owner = { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'rs', uid: 'u', controller: true }] };
  for (const name of ['b', 'a', 'c']) await post(namespace, podOf(name, { metadata: owner, spec: { hostPID: true } }));
  await post(
    namespace,
    podOf('lone', { spec: { containers: [{ name: 'main', image: 'x', ports: [{ containerPort: 1, hostPort: 1 }] }] } }),
  );
  await post(namespace, podOf('good', { spec: restrictedSpec }));
  const label = (labels: object) =>
    server.send('PATCH', `/api/v1/namespaces/${namespace}`, { metadata: { labels } }, { 'content-type': 'application/merge-patch+json' });
  assert.deepEqual(warningsOf(await label({ [`${prefix}enforce`]: 'baseline' })), [
    'existing pods in namespace "tightened" violate the new PodSecurity enforce level "baseline:latest"',
    'a (and 2 other pods): host namespaces',
    'lone: hostPort',
  ]);
  assert.deepEqual(warningsOf(await label({ [`${prefix}enforce`]: 'privileged' })), []);
});

test('labels that say nothing that is understood are refused, and stay where they were', async () => {
  const answer = await server.send('POST', '/api/v1/namespaces', {
    metadata: { name: 'odd', labels: { [`${prefix}enforce`]: 'bogus', [`${prefix}warn-version`]: 'v2' } },
  });
  assert.equal(answer.status, 422);
  assert.equal(
    answer.json().message,
    'Namespace "odd" is invalid: [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "bogus": must be one of privileged, baseline, restricted, metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: "v2": must be "latest" or "v1.x"]',
  );
});

test('judgements are counted under upstream names', async () => {
  const text = await server.metrics.metrics();
  assert.match(
    text,
    /pod_security_evaluations_total\{decision="deny",policy_level="restricted",policy_version="latest",mode="enforce",request_operation="create",resource="pod",subresource=""\} [1-9]/,
  );
  assert.match(text, /pod_security_exemptions_total\{request_operation="create",resource="pod",subresource=""\} 3/);
});
