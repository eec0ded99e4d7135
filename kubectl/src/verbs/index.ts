import type { VerbEntry } from '../types.ts';

const beginner = 'Basic Commands (Beginner)';
const intermediate = 'Basic Commands (Intermediate)';
const deploy = 'Deploy Commands';
const management = 'Cluster Management Commands';
const debugging = 'Troubleshooting and Debugging Commands';
const advanced = 'Advanced Commands';
const settings = 'Settings Commands';
const other = 'Other Commands';

/** THE list of verbs. Each is loaded when it is called, so that start-up pays for one. */
export const verbs: readonly VerbEntry[] = [
  {
    name: 'create',
    group: beginner,
    summary: 'Create a resource from a file or from stdin',
    load: async () => (await import('./create/index.ts')).verb,
  },
  {
    name: 'expose',
    group: beginner,
    summary: 'Take a replication controller, service, deployment or pod and expose it as a new Kubernetes service',
    load: async () => (await import('./expose.ts')).verb,
  },
  { name: 'run', group: beginner, summary: 'Run a particular image on the cluster', load: async () => (await import('./run.ts')).verb },
  { name: 'set', group: beginner, summary: 'Set specific features on objects', load: async () => (await import('./set/index.ts')).verb },
  {
    name: 'explain',
    group: intermediate,
    summary: 'Get documentation for a resource',
    load: async () => (await import('./explain.ts')).verb,
  },
  {
    name: 'get',
    suggestFor: ['list', 'ps'],
    group: intermediate,
    summary: 'Display one or many resources',
    load: async () => (await import('./get.ts')).verb,
  },
  { name: 'edit', group: intermediate, summary: 'Edit a resource on the server', load: async () => (await import('./edit.ts')).verb },
  {
    name: 'delete',
    suggestFor: ['rm'],
    group: intermediate,
    summary: 'Delete resources by file names, stdin, resources and names, or by resources and label selector',
    load: async () => (await import('./delete.ts')).verb,
  },
  {
    name: 'rollout',
    group: deploy,
    summary: 'Manage the rollout of a resource',
    load: async () => (await import('./rollout/index.ts')).verb,
  },
  {
    name: 'scale',
    group: deploy,
    summary: 'Set a new size for a deployment, replica set, or replication controller',
    load: async () => (await import('./scale.ts')).verb,
  },
  {
    name: 'autoscale',
    group: deploy,
    summary: 'Auto-scale a deployment, replica set, stateful set, or replication controller',
    load: async () => (await import('./autoscale.ts')).verb,
  },
  {
    name: 'certificate',
    group: management,
    summary: 'Modify certificate resources',
    load: async () => (await import('./certificate.ts')).verb,
  },
  {
    name: 'cluster-info',
    group: management,
    summary: 'Display cluster information',
    load: async () => (await import('./cluster-info.ts')).verb,
  },
  {
    name: 'top',
    group: management,
    summary: 'Display resource (CPU/memory) usage',
    load: async () => (await import('./top/index.ts')).verb,
  },
  { name: 'cordon', group: management, summary: 'Mark node as unschedulable', load: async () => (await import('./cordon.ts')).cordon },
  { name: 'uncordon', group: management, summary: 'Mark node as schedulable', load: async () => (await import('./cordon.ts')).uncordon },
  {
    name: 'drain',
    group: management,
    summary: 'Drain node in preparation for maintenance',
    load: async () => (await import('./drain.ts')).verb,
  },
  {
    name: 'taint',
    group: management,
    summary: 'Update the taints on one or more nodes',
    load: async () => (await import('./taint.ts')).verb,
  },
  {
    name: 'describe',
    group: debugging,
    summary: 'Show details of a specific resource or group of resources',
    load: async () => (await import('./describe.ts')).verb,
  },
  {
    name: 'logs',
    aliases: ['log'],
    group: debugging,
    summary: 'Print the logs for a container in a pod',
    load: async () => (await import('./logs.ts')).verb,
  },
  { name: 'attach', group: debugging, summary: 'Attach to a running container', load: async () => (await import('./exec.ts')).attach },
  { name: 'exec', group: debugging, summary: 'Execute a command in a container', load: async () => (await import('./exec.ts')).exec },
  {
    name: 'port-forward',
    group: debugging,
    summary: 'Forward one or more local ports to a pod',
    load: async () => (await import('./port-forward.ts')).verb,
  },
  {
    name: 'proxy',
    group: debugging,
    summary: 'Run a proxy to the Kubernetes API server',
    load: async () => (await import('./proxy.ts')).verb,
  },
  {
    name: 'cp',
    group: debugging,
    summary: 'Copy files and directories to and from containers',
    load: async () => (await import('./cp.ts')).verb,
  },
  { name: 'auth', group: debugging, summary: 'Inspect authorization', load: async () => (await import('./auth/index.ts')).verb },
  {
    name: 'debug',
    group: debugging,
    summary: 'Create debugging sessions for troubleshooting workloads and nodes',
    load: async () => (await import('./debug/index.ts')).verb,
  },
  { name: 'events', group: debugging, summary: 'List events', load: async () => (await import('./events.ts')).verb },
  {
    name: 'diff',
    group: advanced,
    summary: 'Diff the live version against a would-be applied version',
    load: async () => (await import('./diff.ts')).verb,
  },
  {
    name: 'apply',
    group: advanced,
    summary: 'Apply a configuration to a resource by file name or stdin',
    load: async () => (await import('./apply.ts')).verb,
  },
  { name: 'patch', group: advanced, summary: 'Update fields of a resource', load: async () => (await import('./patch.ts')).verb },
  {
    name: 'replace',
    group: advanced,
    summary: 'Replace a resource by file name or stdin',
    load: async () => (await import('./replace.ts')).verb,
  },
  {
    name: 'wait',
    suggestFor: ['list', 'ps'],
    group: advanced,
    summary: 'Wait for a specific condition on one or many resources',
    load: async () => (await import('./wait.ts')).verb,
  },
  {
    name: 'kustomize',
    group: advanced,
    summary: 'Build a kustomization target from a directory',
    load: async () => (await import('./kustomize.ts')).verb,
  },
  { name: 'label', group: settings, summary: 'Update the labels on a resource', load: async () => (await import('./label.ts')).label },
  {
    name: 'annotate',
    group: settings,
    summary: 'Update the annotations on a resource',
    load: async () => (await import('./label.ts')).annotate,
  },
  {
    name: 'completion',
    group: settings,
    summary: 'Output shell completion code for the specified shell (bash, zsh, fish, or powershell)',
    load: async () => (await import('./completion.ts')).verb,
  },
  { name: 'config', group: other, summary: 'Modify kubeconfig files', load: async () => (await import('./config.ts')).verb },
  {
    name: 'kuberc',
    group: other,
    summary: 'Manage kuberc configuration files',
    load: async () => (await import('./kuberc.ts')).verb,
  },
  {
    name: 'plugin',
    group: other,
    summary: 'Provides utilities for interacting with plugins',
    load: async () => (await import('./plugin.ts')).verb,
  },
  {
    name: 'version',
    group: other,
    summary: 'Print the client and server version information',
    load: async () => (await import('./version.ts')).verb,
  },
  {
    name: 'api-versions',
    group: other,
    summary: 'Print the supported API versions on the server, in the form of "group/version"',
    load: async () => (await import('./api-resources.ts')).versions,
  },
  {
    name: 'api-resources',
    group: other,
    summary: 'Print the supported API resources on the server',
    load: async () => (await import('./api-resources.ts')).verb,
  },
  { name: 'options', summary: 'Print the list of flags inherited by all commands', load: async () => (await import('./options.ts')).verb },
];
