/** What stands after a verb: objects, kinds, names of the kubeconfig, words. */
export type Rule =
  /** Any type, then names of it; `once`: one name alone. */
  | { readonly of: 'objects'; readonly once?: boolean }
  /** One of these types, then names of it. */
  | { readonly of: 'kinds'; readonly kinds: readonly string[]; readonly once?: boolean }
  /** A pod, or something that has pods; perhaps then a container of it. */
  | { readonly of: 'pods'; readonly containers?: boolean }
  /** One name of a type. */
  | { readonly of: 'name'; readonly type: string }
  /** One name of a section of the kubeconfig. */
  | { readonly of: 'config'; readonly section: 'clusters' | 'contexts' | 'users' }
  | { readonly of: 'words'; readonly words: readonly string[] }
  /** A file, here or in a pod. */
  | { readonly of: 'copy' };

const rolledOut = { of: 'kinds', kinds: ['deployment', 'daemonset', 'statefulset'], once: true } as const;
const paused = { of: 'kinds', kinds: ['deployment'], once: true } as const;
const scaled = { of: 'kinds', kinds: ['deployment', 'replicaset', 'replicationcontroller', 'statefulset'] } as const;
const exposed = ['pod', 'service', 'replicationcontroller', 'deployment', 'replicaset'];
const withImages = ['daemonsets', 'deployments', 'pods', 'cronjobs', 'replicasets', 'replicationcontrollers', 'statefulsets'];

/** By the names of verb and subverb. Where a verb has none, file names follow. */
export const rules: Readonly<Record<string, Rule>> = {
  annotate: { of: 'objects' },
  'apply edit-last-applied': { of: 'objects' },
  'apply view-last-applied': { of: 'objects' },
  attach: { of: 'pods' },
  autoscale: scaled,
  completion: { of: 'words', words: ['bash', 'zsh', 'fish', 'powershell'] },
  'config delete-cluster': { of: 'config', section: 'clusters' },
  'config delete-context': { of: 'config', section: 'contexts' },
  'config delete-user': { of: 'config', section: 'users' },
  'config rename-context': { of: 'config', section: 'contexts' },
  'config set-context': { of: 'config', section: 'contexts' },
  'config use-context': { of: 'config', section: 'contexts' },
  cordon: { of: 'name', type: 'nodes' },
  cp: { of: 'copy' },
  'create token': { of: 'name', type: 'serviceaccounts' },
  debug: { of: 'objects', once: true },
  delete: { of: 'objects' },
  describe: { of: 'objects' },
  drain: { of: 'name', type: 'nodes' },
  edit: { of: 'objects' },
  exec: { of: 'pods' },
  expose: { of: 'kinds', kinds: exposed },
  get: { of: 'objects' },
  label: { of: 'objects' },
  logs: { of: 'pods', containers: true },
  patch: { of: 'objects' },
  'port-forward': { of: 'pods' },
  'rollout history': rolledOut,
  'rollout pause': paused,
  'rollout restart': rolledOut,
  'rollout resume': paused,
  'rollout status': rolledOut,
  'rollout undo': rolledOut,
  scale: scaled,
  'set image': { of: 'kinds', kinds: withImages, once: true },
  taint: { of: 'kinds', kinds: ['node'] },
  'top node': { of: 'name', type: 'nodes' },
  'top pod': { of: 'name', type: 'pods' },
  uncordon: { of: 'name', type: 'nodes' },
};

/** The flags a verb cannot do without: they are proposed before anything else. */
export const requiredFlags: Readonly<Record<string, readonly string[]>> = {
  autoscale: ['max'],
  'create clusterrolebinding': ['clusterrole'],
  'create cronjob': ['image', 'schedule'],
  'create deployment': ['image'],
  'create service externalname': ['external-name'],
  'kuberc set': ['section'],
  run: ['image'],
  scale: ['replicas'],
};

/** What stands before the names of things that have pods. */
export const havingPods = [
  ...['daemonsets/', 'deployments/', 'pods/', 'jobs/', 'replicasets/', 'replicationcontrollers/', 'services/', 'statefulsets/'],
] as const;
