import { isDNS1123Subdomain } from '@keelson/machinery';
import { authorize } from './authorize.ts';
import { authenticated, type Wanted } from './impersonation-headers.ts';
import { serviceAccountGroups, splitServiceAccount } from './service-account-name.ts';
import type { AuthorizationAttributes, Authorizer, UserInfo } from './types.ts';

/** Whom a request acts as, and the verb that allowed it; none for the old `impersonate`. */
export interface Impersonation {
  readonly user: UserInfo;
  readonly constraint?: string;
}

/** One kind of user that may be impersonated for single actions. */
interface Mode {
  readonly name: 'associated-node' | 'arbitrary-node' | 'serviceaccount' | 'user-info';
  /** What the sender must be allowed to be; undefined for users that are not of this kind. */
  identity(wanted: Wanted, sender: UserInfo): Identity | undefined;
  /** Who authorizers are told is asking, where that is not the sender as they are. */
  asking?(sender: UserInfo): UserInfo;
}

interface Identity {
  readonly parts: readonly Part[];
  readonly groups: readonly string[];
}

type Part = Pick<AuthorizationAttributes, 'resource'> & Partial<AuthorizationAttributes>;

const nodeNameKey = 'authentication.kubernetes.io/node-name';
const everyNode = { parts: [{ resource: 'nodes', name: '*' }], groups: ['system:nodes'] };

/** THE list of modes, in the order in which they are tried. */
const modes: readonly Mode[] = [
  {
    name: 'associated-node',
    // What is decided for one pod of an agent holds for all its pods: the node and the pod play no part.
    asking: (sender) => ({
      ...sender,
      extra: { 'authentication.kubernetes.io/associated-node-keys': Object.keys(sender.extra ?? {}).sort() },
    }),
    identity: (wanted, sender) => {
      const node = nodeNamed(wanted);
      const own = sender.extra?.[nodeNameKey];
      const bound = splitServiceAccount(sender.name) !== undefined && own?.length === 1 && own[0] === node;
      return node !== undefined && bound ? everyNode : undefined;
    },
  },
  {
    name: 'arbitrary-node',
    identity: (wanted) => {
      const node = nodeNamed(wanted);
      return node === undefined ? undefined : { ...everyNode, parts: [{ resource: 'nodes', name: node }] };
    },
  },
  {
    name: 'serviceaccount',
    identity: (wanted) => {
      const account = isNameAlone(wanted) ? splitServiceAccount(wanted.name) : undefined;
      return account && { parts: [{ resource: 'serviceaccounts', ...account }], groups: serviceAccountGroups(account.namespace) };
    },
  },
  {
    name: 'user-info',
    identity: (wanted) => {
      if (nodeOf(wanted.name) !== undefined || splitServiceAccount(wanted.name)) return undefined;
      return mayBeWanted(wanted) ? { parts: userParts(wanted), groups: wanted.groups } : undefined;
    },
  },
];

/**
 * Whom the sender may be for this one action: by `impersonate-on:<mode>:<verb>` on what is acted on, and `impersonate:<mode>` on each part of
 * who is wanted. Undefined when no mode allows it; all of them are asked by the group `authentication.k8s.io`.
 */
export async function constrained(
  authorizers: readonly Authorizer[],
  action: AuthorizationAttributes,
  wanted: Wanted,
): Promise<Impersonation | undefined> {
  const { user: sender, verb } = action;
  for (const mode of modes) {
    const identity = mode.identity(wanted, sender);
    if (!identity) continue;
    const user = mode.asking?.(sender) ?? sender;
    const may = async (attributes: AuthorizationAttributes): Promise<boolean> =>
      (await authorize(authorizers, attributes)).type === 'allow';
    if (!(await may({ ...action, user, verb: `impersonate-on:${mode.name}:${verb}` }))) continue;
    const constraint = `impersonate:${mode.name}`;
    if (await allOf(identity.parts, (part) => may({ ...nothing, ...part, user, verb: constraint })))
      return { user: authenticated(wanted, identity.groups), constraint };
  }
  return undefined;
}

const nothing = {
  ...{ isResource: true, path: '', group: 'authentication.k8s.io', version: 'v1' },
  ...{ subresource: '', namespace: '', name: '' },
};

async function allOf<T>(items: readonly T[], holds: (item: T) => Promise<boolean>): Promise<boolean> {
  for (const item of items) if (!(await holds(item))) return false;
  return true;
}

function userParts({ name, uid, groups, extra }: Wanted): Part[] {
  return [
    { resource: 'users', name },
    ...(uid ? [{ resource: 'uids', name: uid }] : []),
    ...groups.map((group) => ({ resource: 'groups', name: group })),
    ...Object.entries(extra).flatMap(([key, values]) => values.map((value) => ({ resource: 'userextras', subresource: key, name: value }))),
  ];
}

/** Nobody becomes a superuser this way, and keys must be such as upstream takes. */
function mayBeWanted({ groups, extra }: Wanted): boolean {
  if (groups.includes('system:masters')) return false;
  return Object.keys(extra).every(
    (key) => key === key.toLowerCase() && /^[^/]+\/./.test(key) && isDNS1123Subdomain(key.split('/')[0] ?? '').length === 0,
  );
}

/** Nodes and service accounts are what their names say; nothing may be said besides. */
function isNameAlone({ uid, groups, extra }: Wanted): boolean {
  return uid === '' && groups.length === 0 && Object.keys(extra).length === 0;
}

function nodeNamed(wanted: Wanted): string | undefined {
  return isNameAlone(wanted) ? nodeOf(wanted.name) : undefined;
}

function nodeOf(user: string): string | undefined {
  const prefix = 'system:node:';
  const node = user.startsWith(prefix) ? user.slice(prefix.length) : '';
  return node !== '' && isDNS1123Subdomain(node).length === 0 ? node : undefined;
}
