import type { ControllerName } from './types.ts';

/**
 * Controllers of upstream's with nothing to do here: what they look after is an alpha or beta kind that no server of ours has, a feature that
 * is off unless asked for, or a cloud. Their names are understood in `--controllers`.
 */
export const idleControllers: readonly ControllerName[] = [
  { name: 'podcertificaterequest-cleaner-controller' },
  { name: 'kube-apiserver-serving-clustertrustbundle-publisher-controller' },
  { name: 'storageversion-garbage-collector-controller', alias: 'storage-version-gc' },
  { name: 'storage-version-migrator-controller' },
  { name: 'podgroup-protection-controller' },
  { name: 'resourcepoolstatusrequest-controller' },
  { name: 'selinux-warning-controller', offByDefault: true },
  { name: 'service-lb-controller', alias: 'service' },
  { name: 'node-route-controller', alias: 'route' },
  { name: 'cloud-node-lifecycle-controller', alias: 'cloud-node-lifecycle' },
];
