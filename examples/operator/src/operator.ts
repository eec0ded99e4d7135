import { systemClock } from '@keelson/base';
import {
  ApiException,
  CustomObjectsApi,
  type Informer,
  type KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  type V1Deployment,
} from '@kubernetes/client-node';
import { childrenOf, statusOf } from './plan.ts';
import { group, plural, type Site, version } from './site.ts';
import { serveWebhook } from './webhook.ts';

/** Milliseconds before a broken watch is begun anew. */
const patience = 1000;
const manager = 'site-operator';
const ownKind = `${group}/${version}`;

/** Watches sites and what is made of them, and brings the one in line with the other until the signal. */
export class SiteOperator {
  readonly #objects: KubernetesObjectApi;
  readonly #config: KubeConfig;
  readonly #sites = new Map<string, Site>();
  readonly #deployments = new Map<string, V1Deployment>();
  /** Keys that something happened to, worked on one after the other. */
  readonly #due = new Set<string>();
  #wake: () => void = () => undefined;

  constructor(config: KubeConfig) {
    this.#config = config;
    this.#objects = KubernetesObjectApi.makeApiClient(config);
  }

  /** @param host address the API server reaches this process at. */
  async run(host: string, signal: AbortSignal): Promise<void> {
    const webhook = await serveWebhook(host, 0);
    await this.#register(webhook.url, webhook.caPem);
    const informers = [this.#watchSites(), this.#watchDeployments()];
    await Promise.all(informers.map((informer) => informer.start()));
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    while (!signal.aborted) {
      const [key] = this.#due;
      if (key === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
      else await this.#reconcile(key);
    }
    for (const informer of informers) await informer.stop();
    webhook.close();
  }

  /** Its own webhook: asked about new and changed sites. */
  async #register(url: string, caPem: string): Promise<void> {
    const rule = { apiGroups: [group], apiVersions: [version], operations: ['CREATE', 'UPDATE'], resources: [plural] };
    await this.#apply({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: manager },
      webhooks: [
        {
          name: 'sites.web.example.com',
          clientConfig: { url, caBundle: Buffer.from(caPem).toString('base64') },
          rules: [rule],
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
          timeoutSeconds: 5,
        },
      ],
    } as KubernetesObject);
  }

  #watchSites(): Informer<Site> {
    const list = () => this.#objects.list<Site>(ownKind, 'Site');
    const informer = makeInformer<Site>(this.#config, `/apis/${ownKind}/${plural}`, list);
    return this.#follow(informer, this.#sites, keyOf);
  }

  #watchDeployments(): Informer<V1Deployment> {
    const list = () => this.#objects.list<V1Deployment>('apps/v1', 'Deployment');
    const informer = makeInformer<V1Deployment>(this.#config, '/apis/apps/v1/deployments', list);
    return this.#follow(informer, this.#deployments, ownerKeyOf);
  }

  #follow<T extends KubernetesObject>(
    informer: Informer<T>,
    known: Map<string, T>,
    keyFor: (object: T) => string | undefined,
  ): Informer<T> {
    const note = (object: T, gone: boolean): void => {
      const key = keyFor(object);
      if (key === undefined) return;
      if (gone) known.delete(key);
      else known.set(key, object);
      this.#due.add(key);
      this.#wake();
    };
    for (const event of ['add', 'update'] as const) informer.on(event, (object) => note(object, false));
    informer.on('delete', (object) => note(object, true));
    // A watch that broke is begun anew, in a moment: a server that is gone must not be asked without end.
    informer.on('error', () => systemClock.after(patience, () => void informer.start()));
    return informer;
  }

  async #reconcile(key: string): Promise<void> {
    this.#due.delete(key);
    const site = this.#sites.get(key);
    if (!site || site.metadata?.deletionTimestamp) return;
    const { deployment, service } = childrenOf(site);
    await this.#apply(deployment);
    await this.#apply(service);
    const status = statusOf(site, this.#deployments.get(key));
    if (JSON.stringify(status) === JSON.stringify(site.status)) return;
    const { name = '', namespace = '' } = site.metadata ?? {};
    const api = this.#config.makeApiClient(CustomObjectsApi);
    const body = { apiVersion: ownKind, kind: 'Site', metadata: { name, namespace }, status };
    const patched = api.patchNamespacedCustomObjectStatus(
      { group, version, plural, name, namespace, body, fieldManager: manager, force: true },
      setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
    );
    await patched.catch((error: unknown) => {
      // The site may have gone meanwhile; its children go with it.
      if (!(error instanceof ApiException) || error.code !== 404) throw error;
    });
  }

  /** Server-side apply: makes it, or changes what is ours of it. */
  async #apply(object: KubernetesObject): Promise<void> {
    await this.#objects.patch(object, undefined, undefined, manager, true, PatchStrategy.ServerSideApply);
  }
}

function keyOf({ metadata }: KubernetesObject): string {
  return `${metadata?.namespace}/${metadata?.name}`;
}

/** The site that a deployment is of, if it is of one. */
function ownerKeyOf({ metadata }: KubernetesObject): string | undefined {
  const owner = metadata?.ownerReferences?.find(
    ({ apiVersion, kind, controller }) => apiVersion === ownKind && kind === 'Site' && controller,
  );
  return owner && `${metadata?.namespace}/${owner.name}`;
}
