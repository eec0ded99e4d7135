import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, afterEach, before, test } from 'node:test';
import { systemClock } from '@keelson/base';
import { createCA, issue } from '@keelson/pki';
import {
  ConfigMap,
  LimitRange,
  MutatingWebhookConfiguration,
  type Pod,
  Service,
  ServiceAccount,
  ValidatingWebhookConfiguration,
} from '@keelson/types';
import { type Fixture, podOf, startServer } from '../../testing/fixture.ts';

interface Review {
  readonly request: { uid: string; operation: string; namespace: string; name: string; object: ConfigMap | null; oldObject: object | null };
}

let server: Fixture;
let hook: ReturnType<typeof createServer>;
let caBundle = '';
let port = 0;
const seen: Review['request'][] = [];
/** What the webhook answers, by its path; undefined: nothing, ever. */
const behaviours: Record<string, (request: Review['request']) => object | undefined> = {
  '/allow': () => ({ allowed: true, warnings: ['mind the gap'] }),
  '/deny': () => ({ allowed: false, status: { message: 'the configmap contains unwanted key', code: 403, reason: 'because' } }),
  '/label': ({ object }) => {
    const labels = { ...object?.metadata.labels, touched: `${object?.metadata.labels?.touched ?? ''}x` };
    const patch = [{ op: 'add', path: '/metadata/labels', value: labels }];
    return { allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
  },
  '/sidecar': ({ object }) => {
    const { containers } = (object as unknown as Pod).spec;
    const patch = [{ op: 'add', path: '/spec/containers/-', value: { name: `side-${containers.length}`, image: 'side' } }];
    return { allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') };
  },
  '/nonsense': () => ({ allowed: true, uid: 'wrong' }),
  '/hang': () => undefined,
};
const namespace = 'default';

before(async () => {
  server = await startServer();
  const clock = systemClock;
  const ca = await createCA({ commonName: 'hook-ca', days: 1, clock });
  const tls = await issue({ ca, commonName: 'hook', dnsNames: ['hook.default.svc'], usages: ['server'], days: 1, clock });
  caBundle = Buffer.from(ca.certPem).toString('base64');
  hook = createServer({ cert: tls.certPem, key: tls.keyPem }, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { request: asked } = JSON.parse(Buffer.concat(chunks).toString()) as Review;
    seen.push(asked);
    const answer = behaviours[(request.url ?? '').split('?')[0] ?? '']?.(asked);
    if (!answer) return;
    response.end(JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', response: { uid: asked.uid, ...answer } }));
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  port = (hook.address() as AddressInfo).port;
  const spec = { type: 'ExternalName', externalName: '127.0.0.1' } as const;
  await server.api.create(Service, { metadata: { name: 'hook', namespace }, spec });
});
after(async () => {
  hook.closeAllConnections();
  hook.close();
  await server.close();
});
afterEach(async () => {
  for (const kind of [MutatingWebhookConfiguration, ValidatingWebhookConfiguration])
    await server.api.deleteCollection(kind as typeof MutatingWebhookConfiguration, {});
  seen.length = 0;
});

const rules = [{ operations: ['CREATE', 'UPDATE', 'DELETE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }];

function webhook(path: string, over: object = {}): NonNullable<ValidatingWebhookConfiguration['webhooks']>[number] {
  const clientConfig = { service: { name: 'hook', namespace, path, port }, caBundle };
  return {
    ...{ name: `${path.slice(1)}.hook.example.com`, rules, clientConfig, sideEffects: 'None', admissionReviewVersions: ['v1'] },
    ...over,
  } as NonNullable<ValidatingWebhookConfiguration['webhooks']>[number];
}

let count = 0;
const configMap = (labels?: Record<string, string>): ConfigMap => ({
  metadata: { name: `map-${count++}`, namespace, ...(labels ? { labels } : {}) },
});

async function configure(
  kind: typeof ValidatingWebhookConfiguration | typeof MutatingWebhookConfiguration,
  ...webhooks: object[]
): Promise<void> {
  await server.api.create(
    kind as typeof ValidatingWebhookConfiguration,
    { metadata: { name: 'hooks' }, webhooks } as ValidatingWebhookConfiguration,
  );
}

test('a webhook that refuses is heard, with its words and its code', async () => {
  await configure(ValidatingWebhookConfiguration, webhook('/allow'), webhook('/deny'));
  await assert.rejects(server.api.create(ConfigMap, configMap()), {
    code: 403,
    reason: 'because',
    message: 'admission webhook "deny.hook.example.com" denied the request: the configmap contains unwanted key',
  });
  const [first] = seen;
  assert.deepEqual([first?.operation, first?.namespace, first?.object?.kind, first?.oldObject], ['CREATE', namespace, 'ConfigMap', null]);
});

test('a webhook that changes things is followed by the next, and asked again where it wants to be', async () => {
  const second = webhook('/label', { name: 'second.hook.example.com' });
  await configure(MutatingWebhookConfiguration, webhook('/label', { reinvocationPolicy: 'IfNeeded' }), second);
  const made = await server.api.create(ConfigMap, configMap({ a: 'b' }));
  assert.deepEqual(made.metadata.labels, { a: 'b', touched: 'xxx' });
});

test('what a webhook adds is given what the server gives everybody: plugins before it are asked again', async () => {
  await server.api.create(ServiceAccount, { metadata: { name: 'default', namespace } });
  const limits = [{ type: 'Container', default: { cpu: '100m' } }];
  await server.api.create(LimitRange, { metadata: { name: 'limits', namespace }, spec: { limits } });
  const pods = [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }];
  await configure(MutatingWebhookConfiguration, webhook('/sidecar', { rules: pods }));
  const made = (await server.send('POST', '/api/v1/namespaces/default/pods', podOf('with-sidecar'))).json<Pod>();
  const found = made.spec.containers.map(({ name, resources, volumeMounts = [] }) => [name, resources?.limits?.cpu, volumeMounts.length]);
  assert.deepEqual(found, [
    ['main', '100m', 1],
    ['side-1', '100m', 1],
  ]);
});

test('a webhook is asked about what those before it made', async () => {
  const objectSelector = { matchLabels: { touched: 'x' } };
  const second = webhook('/label', { name: 'second.hook.example.com', objectSelector });
  await configure(MutatingWebhookConfiguration, webhook('/label'), second);
  const made = await server.api.create(ConfigMap, configMap());
  assert.deepEqual(made.metadata.labels, { touched: 'xx' });
});

test('an answer that is none is said to be none', async () => {
  const [map, problem] = [
    configMap(),
    async (path: string, over: object = {}, kind = ValidatingWebhookConfiguration) => {
      await configure(kind, webhook(path, over));
      const refused = await server.api.create(ConfigMap, map).then(String, ({ message }: Error) => message);
      await server.api.delete(kind, { name: 'hooks' });
      return refused.replace(/^Internal error occurred: failed calling webhook ".*?": /, '');
    },
  ];
  assert.equal(await problem('/label'), 'received invalid webhook response: validating webhook may not return response.patch');
  behaviours['/half'] = () => ({ allowed: true, patchType: 'JSONPatch' });
  assert.equal(
    await problem('/half', {}, MutatingWebhookConfiguration as unknown as typeof ValidatingWebhookConfiguration),
    'received invalid webhook response: webhook returned response.patchType but not response.patch',
  );
  behaviours['/bare'] = () => ({ allowed: false });
  assert.equal(await problem('/bare'), 'admission webhook "bare.hook.example.com" denied the request without explanation');
  assert.match(
    await problem('/nonsense', { admissionReviewVersions: ['v1beta1'] }),
    /^\[object Object\]$/,
    'the first version of reviews had no uid',
  );
});

test('a webhook is told how something is asked for', async () => {
  await configure(ValidatingWebhookConfiguration, webhook('/allow'));
  const maps = '/api/v1/namespaces/default/configmaps';
  await server.send('POST', `${maps}?fieldManager=me&fieldValidation=Strict`, { metadata: { name: 'asked' } });
  await server.send('DELETE', `${maps}/asked`, { propagationPolicy: 'Foreground', preconditions: {} });
  const [made, gone] = seen as unknown as { options: object }[];
  const apiVersion = 'meta.k8s.io/v1';
  assert.deepEqual(made?.options, { kind: 'CreateOptions', apiVersion, fieldManager: 'me', fieldValidation: 'Strict' });
  assert.deepEqual(gone?.options, { kind: 'DeleteOptions', apiVersion, propagationPolicy: 'Foreground', preconditions: {} });
});

test('what only the server says of a new object is not there yet when it is changed', async () => {
  await configure(MutatingWebhookConfiguration, webhook('/label'));
  const made = await server.api.create(ConfigMap, { metadata: { generateName: 'map-', namespace } });
  const [{ name, object } = assert.fail()] = seen;
  assert.deepEqual([name, object?.metadata.name, object?.metadata.uid], [undefined, undefined, undefined]);
  assert.match(made.metadata.name ?? '', /^map-.{5}$/);
});

test('selectors and conditions choose what is asked about', async () => {
  const objectSelector = { matchLabels: { asked: 'yes' } };
  const matchConditions = [{ name: 'not-me', expression: "object.metadata.name != 'skip-me'" }];
  await configure(ValidatingWebhookConfiguration, webhook('/deny', { objectSelector, matchConditions }));
  await server.api.create(ConfigMap, configMap());
  await server.api.create(ConfigMap, { metadata: { name: 'skip-me', namespace, labels: { asked: 'yes' } } });
  await assert.rejects(server.api.create(ConfigMap, configMap({ asked: 'yes' })), { code: 403 });
});

test('a webhook that hangs or lies hurts only its own request, or nobody where that is allowed', async () => {
  await configure(ValidatingWebhookConfiguration, webhook('/hang', { timeoutSeconds: 1 }));
  await assert.rejects(server.api.create(ConfigMap, configMap()), {
    code: 500,
    message: `Internal error occurred: failed calling webhook "hang.hook.example.com": failed to call webhook: Post "https://hook.default.svc:${port}/hang?timeout=1s": context deadline exceeded`,
  });
  await server.api.delete(ValidatingWebhookConfiguration, { name: 'hooks' });
  const url = `https://127.0.0.1:${port}/allow`;
  for (const [clientConfig, why] of [
    [{ url }, 'tls: failed to verify certificate: x509: certificate signed by unknown authority'],
    [{ url: 'https://127.0.0.1:1/allow' }, 'dial tcp 127.0.0.1:1: connect: connection refused'],
  ] as const) {
    await configure(ValidatingWebhookConfiguration, webhook('/allow', { clientConfig, timeoutSeconds: 1 }));
    await assert.rejects(server.api.create(ConfigMap, configMap()), {
      message: `Internal error occurred: failed calling webhook "allow.hook.example.com": failed to call webhook: Post "${clientConfig.url}?timeout=1s": ${why}`,
    });
    await server.api.delete(ValidatingWebhookConfiguration, { name: 'hooks' });
  }
  await configure(ValidatingWebhookConfiguration, webhook('/nonsense'));
  await assert.rejects(
    server.api.create(ConfigMap, configMap()),
    /failed calling webhook "nonsense\.hook\.example\.com": received invalid webhook response: expected response\.uid=/,
  );
  await server.api.delete(ValidatingWebhookConfiguration, { name: 'hooks' });
  await configure(ValidatingWebhookConfiguration, webhook('/hang', { timeoutSeconds: 1, failurePolicy: 'Ignore' }));
  await server.api.create(ConfigMap, configMap());
});

test('a webhook sees a write in the version it matches', async () => {
  const rules = [{ operations: ['CREATE'], apiGroups: ['autoscaling'], apiVersions: ['v2'], resources: ['horizontalpodautoscalers'] }];
  await configure(ValidatingWebhookConfiguration, webhook('/allow', { rules }));
  const target = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, maxReplicas: 3 };
  const create = (name: string): Promise<unknown> =>
    server.send('POST', `/apis/autoscaling/v1/namespaces/${namespace}/horizontalpodautoscalers`, {
      metadata: { name },
      spec: { ...target, targetCPUUtilizationPercentage: 50 },
    });
  seen.length = 0;
  await create('one');
  const [asked] = seen as unknown as { object: { apiVersion: string }; kind: { version: string }; requestKind: { version: string } }[];
  assert.deepEqual([asked?.object.apiVersion, asked?.kind.version, asked?.requestKind.version], ['autoscaling/v2', 'v2', 'v1']);
  await server.api.delete(ValidatingWebhookConfiguration, { name: 'hooks' });
  await configure(ValidatingWebhookConfiguration, webhook('/allow', { rules, matchPolicy: 'Exact' }));
  await create('two');
  assert.equal(seen.length, 1);
});

test('a condition that cannot be computed refuses, unless the webhook may be passed by', async () => {
  const matchConditions = [{ name: 'fails', expression: 'object.data.nothing == "a"' }];
  await configure(ValidatingWebhookConfiguration, webhook('/allow', { matchConditions }));
  await assert.rejects(server.api.create(ConfigMap, configMap()), {
    code: 403,
    message: /is forbidden: expression 'object\.data\.nothing == "a"' resulted in error: no such key: data$/,
  });
  await server.api.delete(ValidatingWebhookConfiguration, { name: 'hooks' });
  await configure(ValidatingWebhookConfiguration, webhook('/deny', { matchConditions, failurePolicy: 'Ignore' }));
  await server.api.create(ConfigMap, configMap());
});

test('webhooks are not asked about webhooks', async () => {
  const all = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }];
  await configure(ValidatingWebhookConfiguration, webhook('/deny', { rules: all }));
  await assert.rejects(server.api.create(ConfigMap, configMap()), { code: 403 });
  await server.api.delete(ValidatingWebhookConfiguration, { name: 'hooks' });
});

test('conditions that do not compile are refused with the configuration', async () => {
  const matchConditions = [{ name: 'bad', expression: 'object.metadata.name == ' }];
  await assert.rejects(configure(ValidatingWebhookConfiguration, webhook('/deny', { matchConditions })), {
    code: 422,
    message: /webhooks\[0\]\.matchConditions\[0\]\.expression: Invalid value: "object\.metadata\.name == ": compilation failed: /,
  });
});
