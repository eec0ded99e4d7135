import { mergeConfig } from '@keelson/component';
import { usualCluster, usualInit, usualJoin, usualReset, usualToken, usualUpgrade, documents as written } from './defaults.ts';
import type { Documents } from './documents.ts';
import type { BootstrapTokenForm, Fields, NodeRegistration } from './forms.ts';

/** What only the machine knows on which a file is migrated. */
export interface Here {
  readonly nodeName: string;
  /** Undefined: it has no address that others could reach it under. */
  readonly address: string | undefined;
  /** A bootstrap token for the file to name, where it names none. */
  readonly token: () => string;
}

/**
 * kubeadm's documents of a file in the newest version, complete with what would be taken for unsaid, as upstream's `config migrate` writes
 * them; InitConfiguration and ClusterConfiguration come together. Those of others are left out.
 */
export function migrated({ init, cluster, join, reset, upgrade }: Documents, here: Here): string {
  const both = init || cluster ? [newInit(init ?? {}, cluster ?? {}, here), newCluster(cluster ?? {})] : [];
  const others = [...(reset ? [over(usualReset, reset)] : []), ...(upgrade ? [over(usualUpgrade, upgrade)] : [])];
  return written(...both, ...(join ? [newJoin(join, here)] : []), ...others);
}

function newInit(old: Fields, cluster: Fields, here: Here): Fields {
  const { bootstrapTokens, ...said } = old as { bootstrapTokens?: readonly BootstrapTokenForm[] };
  const tokens = (bootstrapTokens?.length ? bootstrapTokens : [{}]).map((token) => newToken(token, here));
  const { timeoutForControlPlane: patience } = (cluster.apiServer ?? {}) as { timeoutForControlPlane?: string };
  const { localAPIEndpoint: _, ...usual } = usualInit;
  const changed = over(usual, { localAPIEndpoint: endpointOf(here) }, waiting('controlPlaneComponentHealthCheck', patience), said, {
    bootstrapTokens: tokens,
  });
  return { ...changed, nodeRegistration: newNode(changed.nodeRegistration, old.nodeRegistration, here, true) };
}

/** One that ends at a time of its own lives no length of time. */
function newToken({ token, ...said }: BootstrapTokenForm, here: Here): Fields {
  const { ttl, ...usual } = usualToken;
  return { ...usual, ...(said.expires ? {} : { ttl }), ...said, token: token || here.token() };
}

function newCluster(old: Fields): Fields {
  const { timeoutForControlPlane: _, ...apiServer } = (old.apiServer ?? {}) as Fields;
  const { etcd: usualEtcd, ...usual } = usualCluster;
  const { local, external } = (old.etcd ?? {}) as { local?: Fields; external?: Fields };
  const etcd = external && !local ? { external } : { local: over(usualEtcd.local, listed(local ?? {})) };
  const { controllerManager = {}, scheduler = {} } = old as Record<string, Fields>;
  const components = { apiServer: listed(apiServer), controllerManager: listed(controllerManager), scheduler: listed(scheduler) };
  return { ...over(usual, old), ...components, etcd };
}

function newJoin(old: Fields, here: Here): Fields {
  const { timeout, ...discovery } = (old.discovery ?? {}) as {
    timeout?: string;
    bootstrapToken?: { token?: string };
    tlsBootstrapToken?: string;
  };
  const { discovery: _, ...usual } = usualJoin;
  const token = discovery.tlsBootstrapToken ?? discovery.bootstrapToken?.token;
  const changed = over(usual, waiting('discovery', timeout), old);
  return {
    ...changed,
    nodeRegistration: newNode(changed.nodeRegistration, old.nodeRegistration, here, old.controlPlane !== undefined),
    discovery: { ...discovery, ...(token === undefined ? {} : { tlsBootstrapToken: token }) },
    ...(old.controlPlane === undefined ? {} : { controlPlane: over({ localAPIEndpoint: endpointOf(here) }, old.controlPlane as Fields) }),
  };
}

function endpointOf({ address }: Here): Fields {
  return { bindPort: usualInit.localAPIEndpoint.bindPort, ...(address === undefined ? {} : { advertiseAddress: address }) };
}

const controlPlaneTaint = { effect: 'NoSchedule', key: 'node-role.kubernetes.io/control-plane' };

/** A container runtime that nobody named stays unnamed: it is a private one. */
function newNode(complete: unknown, said: unknown, { nodeName }: Here, isControlPlane: boolean): Fields {
  const { criSocket: _, ...changed } = listed(complete as Fields, 'kubeletExtraArgs');
  const { name, criSocket, taints } = (said ?? {}) as NodeRegistration;
  const usual = isControlPlane ? [controlPlaneTaint] : null;
  return { ...changed, ...(criSocket ? { criSocket } : {}), name: name ?? nodeName, taints: taints ?? usual };
}

/** With arguments as v1beta4 has them: a list, in the order of their names. */
function listed(component: Fields, field = 'extraArgs'): Fields {
  const args = component[field];
  if (typeof args !== 'object' || args === null || Array.isArray(args)) return component;
  const list = Object.entries(args).map(([name, value]) => ({ name, value: String(value) }));
  return { ...component, [field]: list.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** How long is waited for what, where v1beta3 said it elsewhere. */
function waiting(what: string, time: string | undefined): Fields {
  return time === undefined ? {} : { timeouts: { [what]: time } };
}

/** A document changed by others. */
function over(...documents: readonly Fields[]): Fields {
  return documents.reduce(mergeConfig, {}) as Fields;
}
