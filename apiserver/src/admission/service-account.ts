import { randomSuffix, sleep } from '@keelson/base';
import { forbidden } from '@keelson/machinery';
import { type Container, Pod, ServiceAccount, type Volume } from '@keelson/types';
import type { AdmissionAttributes, AdmissionPlugin } from './types.ts';

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const mirror = 'kubernetes.io/config.mirror';
const volumePrefix = 'kube-api-access-';
/** Seconds; a bit over an hour, so that clients that reload hourly never hold an expired token. */
const tokenLife = 3607;

/** Every pod runs as a service account, and gets its token, the cluster's CA and its namespace mounted. */
export const serviceAccount: AdmissionPlugin = {
  name: 'ServiceAccount',
  async admit(attributes) {
    if (!concerns(attributes)) return;
    const pod = attributes.object as Pod;
    if (pod.metadata.annotations?.[mirror]) return refuseMirror(attributes, pod);
    const { spec } = pod;
    spec.serviceAccountName ||= 'default';
    spec.serviceAccount = spec.serviceAccountName;
    const account = await accountOf(attributes, spec.serviceAccountName);
    if (!account)
      throw forbidden(
        attributes.store.groupResource,
        attributes.name,
        `error looking up service account ${attributes.namespace}/${spec.serviceAccountName}: serviceaccount "${spec.serviceAccountName}" not found`,
      );
    if (!spec.imagePullSecrets?.length && account.imagePullSecrets?.length)
      spec.imagePullSecrets = account.imagePullSecrets.map(({ name }) => ({ name }));
    if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(pod, attributes);
  },
};

/** Looks for the account a pod gets by itself, as a namespace's first: so many times, and milliseconds between, upstream's. */
const defaultAccount = { name: 'default', looks: 10, wait: { least: 100, more: 100 } };

/** A controller is about to make the default account of a new namespace: its first pod waits for it a little. */
async function accountOf({ namespace, registry }: AdmissionAttributes, name: string): Promise<Readonly<ServiceAccount> | undefined> {
  const { clock, random } = registry.options;
  const find = (): Promise<Readonly<ServiceAccount> | undefined> => registry.readFresh(ServiceAccount, namespace, name);
  const found = await find();
  if (found || name !== defaultAccount.name) return found;
  const { looks, wait } = defaultAccount;
  const pause = wait.least + random.next() * wait.more;
  for (let look = 1; look < looks; look++) {
    await sleep(clock, pause);
    const made = await find();
    if (made) return made;
  }
  return undefined;
}

function concerns({ operation, store, subresource }: AdmissionAttributes): boolean {
  return operation === 'CREATE' && store.kind.typeName === Pod.typeName && subresource === '';
}

function refuseMirror(attributes: AdmissionAttributes, { spec }: Pod): void {
  if (spec.serviceAccountName)
    throw forbidden(attributes.store.groupResource, attributes.name, 'a mirror pod may not reference service accounts');
}

function mountToken({ spec }: Pod, { registry }: AdmissionAttributes): void {
  const existing = spec.volumes?.find(({ name }) => name.startsWith(volumePrefix));
  const name = existing?.name ?? volumePrefix + randomSuffix(registry.options.random);
  let used = false;
  for (const container of [...(spec.initContainers ?? []), ...spec.containers] as Container[]) {
    if (container.volumeMounts?.some((mount) => mount.mountPath === mountPath)) continue;
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath }];
    used = true;
  }
  if (used && !existing) spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)];
}

function tokenVolume(name: string): Volume {
  const namespaceFile = { path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } };
  return {
    name,
    projected: {
      defaultMode: 420,
      sources: [
        { serviceAccountToken: { expirationSeconds: tokenLife, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [namespaceFile] } },
      ],
    },
  };
}
