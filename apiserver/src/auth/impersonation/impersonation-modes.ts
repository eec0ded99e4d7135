import { forbidden, formatFieldErrors, goQuote, isDNS1123Subdomain, path, StatusError } from '@keelson/machinery';
import { domainPrefixedPath } from '../../kinds/field-checks.ts';
import { authorize, describe } from '../authorize.ts';
import { serviceAccountGroups, splitServiceAccount } from '../tokens/service-account-name.ts';
import type { AuthorizationAttributes, Authorizer, UserInfo } from '../types.ts';
import { authenticated, type Wanted } from './impersonation-headers.ts';

/** Whom a request acts as, and the verb that allowed it; none for the old `impersonate`. */
export interface Impersonation {
  readonly user: UserInfo;
  readonly constraint?: string;
}

/** One way to be somebody else. */
interface Mode {
  /** What the sender must be allowed to do to each part of who is wanted. */
  readonly verb: string;
  /** Of this in front of the action's verb, must be allowed on what is acted on; not asked where absent. */
  readonly actionPrefix?: string;
  /** What the sender must be allowed to be; undefined for users that are not of this kind. */
  identity(wanted: Wanted, sender: UserInfo): Identity | undefined;
  /** Who authorizers are told is asking, where that is not the sender as they are. */
  asking?(sender: UserInfo): UserInfo;
}

interface Identity {
  readonly parts: readonly Part[];
  readonly groups: readonly string[];
}

/** One thing the sender must be allowed to be. `refused`: why nobody ever is. */
type Part = Pick<AuthorizationAttributes, 'resource'> & Partial<AuthorizationAttributes> & { readonly refused?: string };

const nodeNameKey = 'authentication.kubernetes.io/node-name';
const everyNode = { parts: [{ resource: 'nodes', name: '*' }], groups: ['system:nodes'] };

/** For single actions. */
function constrained(name: string): Pick<Mode, 'verb' | 'actionPrefix'> {
  return { verb: `impersonate:${name}`, actionPrefix: `impersonate-on:${name}:` };
}

/** THE list of modes, in the order in which they are tried. */
const modes: readonly Mode[] = [
  {
    ...constrained('associated-node'),
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
    ...constrained('arbitrary-node'),
    identity: (wanted) => {
      const node = nodeNamed(wanted);
      return node === undefined ? undefined : { ...everyNode, parts: [{ resource: 'nodes', name: node }] };
    },
  },
  {
    ...constrained('serviceaccount'),
    identity: (wanted) => {
      const account = isNameAlone(wanted) ? splitServiceAccount(wanted.name) : undefined;
      return account && { parts: [{ resource: 'serviceaccounts', ...account }], groups: serviceAccountGroups(account.namespace) };
    },
  },
  {
    ...constrained('user-info'),
    identity: (wanted) => {
      if (nodeOf(wanted.name) !== undefined || splitServiceAccount(wanted.name)) return undefined;
      return { parts: userParts(wanted), groups: wanted.groups };
    },
  },
  { verb: 'impersonate', identity: (wanted) => ({ parts: oldParts(wanted), groups: oldGroups(wanted) }) },
];

/**
 * Whom the sender acts as: by the first mode that allows it, for this one action (`impersonate-on:<mode>:<verb>` on what is acted on, and
 * `impersonate:<mode>` on each part of who is wanted, all of the group `authentication.k8s.io`), or for all (`impersonate`).
 * @throws StatusError Forbidden, as the first of the modes that know such users says it.
 */
export async function impersonated(
  authorizers: readonly Authorizer[],
  action: AuthorizationAttributes,
  wanted: Wanted,
): Promise<Impersonation> {
  const names = lastModes.get(authorizers) ?? new Map<string, Mode>();
  lastModes.set(authorizers, names);
  const last = names.get(action.user.name);
  let refusal: StatusError | undefined;
  for (const mode of last ? [last, ...modes.filter((one) => one !== last)] : modes) {
    const found = await attempt(mode, authorizers, action, wanted);
    if (found instanceof StatusError) refusal ??= found;
    else if (found) {
      if (names.size >= mostNames) names.clear();
      names.set(action.user.name, mode);
      return found;
    }
  }
  throw refusal;
}

/** How who asks became somebody else last, by their names: it is tried first, and tells what they may not. */
const lastModes = new WeakMap<readonly Authorizer[], Map<string, Mode>>();
const mostNames = 10_000;

async function attempt(
  { verb, actionPrefix, identity, asking }: Mode,
  authorizers: readonly Authorizer[],
  action: AuthorizationAttributes,
  wanted: Wanted,
): Promise<Impersonation | StatusError | undefined> {
  const found = identity(wanted, action.user);
  if (!found) return undefined;
  const user = asking?.(action.user) ?? action.user;
  const needed = actionPrefix === undefined ? [] : [{ ...action, verb: actionPrefix + action.verb }];
  for (const part of [...needed, ...found.parts.map((one) => ({ ...nothing, ...one, verb }))]) {
    const attributes = { ...part, user };
    const refused = 'refused' in part ? part.refused : undefined;
    const { type, reason } = refused === undefined ? await authorize(authorizers, attributes) : { type: 'deny', reason: refused };
    if (type !== 'allow') return refuse(attributes, reason);
  }
  return { user: authenticated(wanted, found.groups), ...(actionPrefix === undefined ? {} : { constraint: verb }) };
}

function refuse(attributes: AuthorizationAttributes, reason: string): StatusError {
  const { group, resource, name } = attributes;
  return forbidden({ group, resource }, name, describe(attributes, reason));
}

const idGroup = 'authentication.k8s.io';
const nothing = { isResource: true, path: '', group: idGroup, version: 'v1', subresource: '', namespace: '', name: '' };

function userParts({ name, uid, groups, extra }: Wanted): Part[] {
  const badGroup = groups.includes('') ? '' : groups.find((group) => group === 'system:masters');
  const badExtra = extraProblem(extra);
  return [
    { resource: 'users', name },
    ...(uid ? [{ resource: 'uids', name: uid }] : []),
    ...(badGroup === undefined ? [] : [{ resource: 'groups', name: badGroup, refused: groupProblem(badGroup) }]),
    ...groups.map((group) => ({ resource: 'groups', name: group })),
    ...(badExtra === undefined ? [] : [{ resource: 'userextras', refused: badExtra }]),
    ...extraParts(extra),
  ];
}

function extraParts(extra: Wanted['extra']): Part[] {
  return Object.entries(extra).flatMap(([key, values]) =>
    values.map((value) => ({ resource: 'userextras', subresource: key, name: value })),
  );
}

/** Nobody becomes a superuser for a single action. */
function groupProblem(group: string): string {
  return `impersonating the ${group === '' ? 'empty string' : group} group is not allowed`;
}

function extraProblem(extra: Wanted['extra']): string | undefined {
  for (const [key, values] of Object.entries(extra)) {
    const malformed = formatFieldErrors(domainPrefixedPath(key, path('extra', 'key')));
    if (malformed) return `impersonating an invalid key in extra is not allowed: ${malformed}`;
    if (key !== key.toLowerCase()) return `impersonating a non-lowercase key in extra is not allowed: ${goQuote(key)}`;
    if (values.includes('')) return 'impersonating the empty string value in extra is not allowed';
  }
  return undefined;
}

/** What the sender must be allowed for all actions at once, as it was before there were others. */
function oldParts({ name, uid, groups, extra }: Wanted): Part[] {
  const account = splitServiceAccount(name);
  return [
    { group: '', ...(account ? { resource: 'serviceaccounts', ...account } : { resource: 'users', name }) },
    ...(uid ? [{ resource: 'uids', name: uid }] : []),
    ...groups.map((one) => ({ group: '', resource: 'groups', name: one })),
    ...extraParts(extra),
  ];
}

function oldGroups({ name, groups }: Wanted): readonly string[] {
  const account = groups.length === 0 ? splitServiceAccount(name) : undefined;
  return account ? serviceAccountGroups(account.namespace) : groups;
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
