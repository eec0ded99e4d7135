import { parseFieldSelector } from '@keelson/machinery';
import { defaultRules } from '../rbac/bootstrap.ts';
import { grants } from '../rbac/rules.ts';
import type { AuthorizationAttributes, Authorizer, UserInfo } from '../types.ts';
import type { NodeGraph } from './node-graph.ts';
import { referenceTo } from './node-references.ts';

const userPrefix = 'system:node:';
const group = 'system:nodes';

/** The node a kubelet asks as: users `system:node:<name>` in the group `system:nodes`; empty when it names none. Undefined for others. */
export function nodeNameOf({ name, groups }: UserInfo): string | undefined {
  return name.startsWith(userPrefix) && groups.includes(group) ? name.slice(userPrefix.length) : undefined;
}

/** Why a node may not, or undefined when it may. */
type Check = (node: string, asked: AuthorizationAttributes, graph: NodeGraph) => string | undefined;

/** Resources of which a node may do only what concerns it. Of all others, what the role `system:node` says. */
const checks: Readonly<Record<string, Check>> = {
  secrets: checkReference,
  configmaps: checkReference,
  persistentvolumeclaims: (node, asked, graph) => (asked.subresource === 'status' ? checkStatus : checkGet)(node, asked, graph),
  persistentvolumes: checkGet,
  'resourceclaims.resource.k8s.io': checkGet,
  'volumeattachments.storage.k8s.io': checkGet,
  serviceaccounts: checkServiceAccount,
  'leases.coordination.k8s.io': checkLease,
  'csinodes.storage.k8s.io': checkCSINode,
  'resourceslices.resource.k8s.io': checkSlice,
  pods: checkPod,
  nodes: checkNode,
};

/**
 * Kubelets: what every node may do, and of objects that pods refer to, those that pods bound to this node refer to. What is refused here
 * may still be granted by RBAC.
 */
export function nodeAuthorizer(graph: NodeGraph): Authorizer {
  const rules = defaultRules('system:node');
  return {
    name: 'Node',
    knownRules: (user) => ({
      rules: [],
      problems: nodeNameOf(user) === undefined ? [] : ['node authorizer does not support user rule resolution'],
    }),
    authorize(asked) {
      const node = nodeNameOf(asked.user);
      if (node === undefined) return { type: 'noOpinion', reason: '' };
      if (node === '') return { type: 'noOpinion', reason: `unknown node for user ${JSON.stringify(asked.user.name)}` };
      const check = asked.isResource ? checks[asked.group ? `${asked.resource}.${asked.group}` : asked.resource] : undefined;
      if (check) {
        const reason = check(node, asked, graph);
        return reason === undefined ? { type: 'allow', reason: '' } : { type: 'noOpinion', reason };
      }
      return { type: rules.some((rule) => grants(rule, asked)) ? 'allow' : 'noOpinion', reason: '' };
    },
  };
}

function checkReference(node: string, asked: AuthorizationAttributes, graph: NodeGraph): string | undefined {
  if (!['get', 'list', 'watch'].includes(asked.verb)) return 'can only read resources of this type';
  if (asked.subresource !== '') return 'cannot read subresource';
  if (asked.namespace === '') return 'can only read namespaced object of this type';
  return relationship(node, asked, graph);
}

function checkGet(node: string, asked: AuthorizationAttributes, graph: NodeGraph): string | undefined {
  if (asked.verb !== 'get') return 'can only get individual resources of this type';
  if (asked.subresource !== '') return 'cannot get subresource';
  return relationship(node, asked, graph);
}

function checkStatus(node: string, asked: AuthorizationAttributes, graph: NodeGraph): string | undefined {
  if (!['get', 'update', 'patch'].includes(asked.verb)) return 'can only get/update/patch this type';
  return relationship(node, asked, graph);
}

function checkServiceAccount(node: string, asked: AuthorizationAttributes, graph: NodeGraph): string | undefined {
  if (asked.verb === 'get' && asked.subresource === '') return relationship(node, asked, graph);
  if (asked.verb !== 'create' || asked.subresource !== 'token') return 'can only create tokens for individual service accounts';
  return relationship(node, asked, graph);
}

const ownVerbs = ['get', 'create', 'update', 'patch', 'delete'];

function checkLease(node: string, { verb, namespace, name }: AuthorizationAttributes): string | undefined {
  if (!ownVerbs.includes(verb)) return 'can only get, create, update, patch, or delete a node lease';
  if (namespace !== 'kube-node-lease') return 'can only access leases in the "kube-node-lease" system namespace';
  // A create names its object in the body alone: admission looks there.
  if (verb !== 'create' && name !== node) return 'can only access node lease with the same name as the requesting node';
  return undefined;
}

function checkCSINode(node: string, { verb, subresource, name }: AuthorizationAttributes): string | undefined {
  if (subresource !== '') return 'cannot authorize CSINode subresources';
  if (!ownVerbs.includes(verb)) return 'can only get, create, update, patch, or delete a CSINode';
  if (verb !== 'create' && name !== node) return 'can only access CSINode with the same name as the requesting node';
  return undefined;
}

function checkSlice(node: string, asked: AuthorizationAttributes, graph: NodeGraph): string | undefined {
  if (asked.subresource !== '') return 'cannot authorize ResourceSlice subresources';
  if (asked.verb === 'create') return undefined;
  if (ownVerbs.includes(asked.verb)) return relationship(node, asked, graph);
  return isPinned(asked, node) ? undefined : 'can only list/watch/deletecollection resourceslices with spec.nodeName field selector';
}

function checkPod(node: string, asked: AuthorizationAttributes, graph: NodeGraph): string | undefined {
  const { verb, subresource } = asked;
  if (subresource === '' && verb === 'get') return relationship(node, asked, graph);
  if (subresource === '' && (verb === 'list' || verb === 'watch'))
    return isPinned(asked, node) ? undefined : 'can only list/watch pods with spec.nodeName field selector';
  // Whose pod it is, admission looks at.
  const may = { '': ['create', 'delete'], status: ['update', 'patch'], eviction: ['create'] }[subresource] ?? [];
  return may.includes(verb) ? undefined : '';
}

function checkNode(node: string, { verb, subresource, name }: AuthorizationAttributes): string | undefined {
  // Whose Node it is that is written, admission looks at.
  const may = { '': ['create', 'update', 'patch'], status: ['update', 'patch'] }[subresource] ?? [];
  if (may.includes(verb)) return undefined;
  if (subresource !== '' || !['get', 'list', 'watch'].includes(verb)) return '';
  if (name === node) return undefined;
  return `node '${node}' cannot read ${name === '' ? 'all nodes' : `'${name}'`}, only its own Node object`;
}

/** Whether a list is narrowed to what is on the node. A selector that cannot be read narrows nothing. */
function isPinned({ query }: AuthorizationAttributes, node: string): boolean {
  try {
    return parseFieldSelector(query?.get('fieldSelector') ?? '').exactly('spec.nodeName') === node;
  } catch {
    return false;
  }
}

function relationship(node: string, { resource, namespace, name }: AuthorizationAttributes, graph: NodeGraph): string | undefined {
  if (name === '') return 'No Object name found';
  return graph.reaches(node, referenceTo(resource, namespace, name))
    ? undefined
    : `no relationship found between node '${node}' and this object`;
}
