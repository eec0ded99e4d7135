import assert from 'node:assert/strict';
import { sleep, systemClock } from '@keelson/base';
import type { KubeObject } from '@keelson/client';
import { eventually } from '@keelson/testing';
import type { ValidatingWebhookConfiguration } from '@keelson/types';
import type { Context, Question, Reply } from './context.ts';
import { type ClientConfig, serveHooks } from './hooks.ts';

/** What an API server asks an admission webhook. */
interface Request {
  readonly uid: string;
  readonly name?: string;
  readonly operation: string;
  readonly subResource?: string;
  readonly resource: { group: string; version: string; resource: string };
  readonly object: Asked | null;
  readonly oldObject: Asked | null;
}
type Asked = KubeObject & {
  metadata: { labels?: Record<string, string> };
  data?: Record<string, string>;
  stdin?: boolean;
  container?: string;
  spec?: { containers?: { name: string }[] };
};

const allowed = { allowed: true };
const denied = (message: string): object => ({ allowed: false, status: { message } });
const patch = (operations: object[]): object => ({
  ...{ allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(operations)).toString('base64') },
});

/** What Kubernetes' own sample webhook says at each of its paths. */
const verdicts: Readonly<Record<string, (request: Request) => object | undefined | Promise<object>>> = {
  '/always-deny': () => denied('this webhook denies all requests'),
  '/add-label': () => patch([{ op: 'add', path: '/metadata/labels', value: { 'added-label': 'yes' } }]),
  '/pods'({ object }) {
    const [container] = object?.spec?.containers ?? [];
    if (container?.name === 'wait-forever') return undefined;
    const faults = [
      ...(container?.name === 'webhook-disallow' ? ['the pod contains unwanted container name'] : []),
      ...(object?.metadata.labels?.['webhook-e2e-test'] === 'webhook-disallow' ? ['the pod contains unwanted label'] : []),
    ];
    return faults.length > 0 ? denied(faults.join('; ')) : allowed;
  },
  '/pods/attach'({ name, resource, subResource, object }) {
    assert.deepEqual([resource, subResource], [{ group: '', version: 'v1', resource: 'pods' }, 'attach']);
    assert.deepEqual([object?.apiVersion, object?.kind], ['v1', 'PodAttachOptions']);
    if (name !== 'to-be-attached-pod' || !object?.stdin || object.container !== 'container1') return allowed;
    return denied("attaching to pod 'to-be-attached-pod' is not allowed");
  },
  '/configmaps'({ object, oldObject }) {
    const { data } = object ?? oldObject ?? {};
    return data?.['webhook-e2e-test'] === 'webhook-disallow' ? denied('the configmap contains unwanted key and value') : allowed;
  },
  '/custom-resource'({ operation, object, oldObject }) {
    const value = (operation === 'DELETE' ? oldObject : object)?.data?.['webhook-e2e-test'];
    if (value === 'webhook-disallow' && operation !== 'DELETE') return denied('the custom resource contains unwanted data');
    if (value === 'webhook-nondeletable' && operation === 'DELETE')
      return denied('the custom resource cannot be deleted because it contains unwanted key and value');
    return allowed;
  },
  '/crd': ({ object }) =>
    object?.metadata.labels?.['webhook-e2e-test'] === 'webhook-disallow' ? denied('the crd contains unwanted label') : allowed,
  '/mutating-data'({ object }) {
    const stage = object?.data?.['mutation-stage-1'] ? 2 : object?.data?.['mutation-start'] ? 1 : undefined;
    return stage ? patch([{ op: 'add', path: `/data/mutation-stage-${stage}`, value: 'yes' }]) : allowed;
  },
  '/mutating-pods': ({ object }) =>
    object?.metadata.name === 'webhook-to-be-mutated'
      ? patch([
          {
            ...{ op: 'add', path: '/spec/initContainers' },
            value: [{ image: 'webhook-added-image', name: 'webhook-added-init-container', resources: {} }],
          },
        ])
      : allowed,
  async '/always-allow-delay-5s'() {
    await sleep(systemClock, 5000);
    return allowed;
  },
};

const answers = Object.fromEntries(
  Object.entries(verdicts).map(([path, verdict]) => [
    path,
    async ({ apiVersion, kind, request }: { apiVersion: string; kind: string; request: Request }) => {
      const said = await verdict(request);
      return said && { apiVersion, kind, response: { uid: request.uid, ...said } };
    },
  ]),
);

type WebhookKind = 'validatingwebhookconfigurations' | 'mutatingwebhookconfigurations';

/** Webhooks that look at what one spec does, and at nothing else. */
export interface Admission {
  /** The label of what the webhooks look at. */
  readonly mark: string;
  readonly client: (path: string) => ClientConfig;
  /** A webhook of that name and path for the writes that `rule` names; what `rest` says replaces what stands here. */
  hook(name: string, path: string, rule: Rule, rest?: object): object;
  /** Creates a configuration and waits until it is heeded. */
  register(kind: WebhookKind, webhooks: readonly object[], name?: string): Promise<ValidatingWebhookConfiguration>;
  /** Creates the configuration and does not wait. */
  create(kind: WebhookKind, webhooks: readonly object[], metadata?: object): Promise<Reply>;
  /** Waits until the webhook is heeded that every configuration has beside its own. */
  ready(): Promise<void>;
}

export interface Rule {
  readonly operations: readonly string[];
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly resources: readonly string[];
}

export const ofPods: Rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] };
export const ofConfigMaps: Rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] };

export const registrations = '/apis/admissionregistration.k8s.io/v1';

/** Serves the sample webhooks, and marks the spec's namespace as theirs. */
export async function admission(c: Context): Promise<Admission> {
  const mark = c.unique('mark');
  const client = await serveHooks(c, answers);
  await c.must(labelling(c.namespace, mark));
  const markers = await markerNamespace(c, mark);
  const namespaceSelector = { matchLabels: { [mark]: 'true' } };
  const common = { sideEffects: 'None', admissionReviewVersions: ['v1', 'v1beta1'] };
  const hook: Admission['hook'] = (name, path, rule, rest = {}) => ({
    ...{ name, rules: [rule], clientConfig: client(path), namespaceSelector, ...common, ...rest },
  });
  const isReady = hook('is-webhook-configuration-ready.k8s.io', '/always-deny', ofConfigMaps, {
    failurePolicy: 'Ignore',
    namespaceSelector: { matchLabels: { [`${mark}-markers`]: 'true' } },
    objectSelector: { matchLabels: { [mark]: 'true' } },
  });
  const create: Admission['create'] = (kind, webhooks, metadata = { name: mark }) => {
    const { name } = metadata as { name: string };
    c.after(() => c.ask({ method: 'DELETE', path: `${registrations}/${kind}/${name}` }));
    return c.ask({ method: 'POST', path: `${registrations}/${kind}`, body: { metadata, webhooks: [...webhooks, isReady] } });
  };
  const ready = async (): Promise<void> => {
    await eventually(() => isHeeded(c, markers, mark), { deadlineMs: 30_000, message: 'the webhooks are heeded' });
  };
  return {
    ...{ mark, client, hook, create, ready },
    async register(kind, webhooks, name = mark) {
      const made = await create(kind, webhooks, { name });
      assert.equal(made.status, 201, made.text);
      await ready();
      return made.json();
    },
  };
}

const labelling = (namespace: string, mark: string): Question => ({
  ...{ method: 'PATCH', path: `/api/v1/namespaces/${namespace}`, headers: { 'content-type': 'application/strategic-merge-patch+json' } },
  body: { metadata: { labels: { [mark]: 'true' } } },
});

async function markerNamespace(c: Context, mark: string): Promise<string> {
  return (await extraNamespace(c, { [`${mark}-markers`]: 'true' })).metadata.name ?? '';
}

/** Another namespace with those labels, deleted when the spec ends. */
export async function extraNamespace(c: Context, labels: Readonly<Record<string, string>> = {}): Promise<KubeObject> {
  const name = c.unique('conformance');
  c.after(() => c.ask({ method: 'DELETE', path: `/api/v1/namespaces/${name}` }));
  return c.must({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name, labels } } });
}

async function isHeeded(c: Context, namespace: string, mark: string): Promise<boolean> {
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const name = c.unique('marker');
  const reply = await c.ask({ method: 'POST', path, body: { metadata: { name, labels: { [mark]: 'true' } } } });
  if (reply.status === 201) await c.ask({ method: 'DELETE', path: `${path}/${name}` });
  return reply.status >= 400 && reply.text.includes('denied');
}
