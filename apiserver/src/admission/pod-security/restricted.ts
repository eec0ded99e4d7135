import type { Container, Volume } from '@keelson/types';
import { procMount } from './baseline.ts';
import {
  type Check,
  containersOf,
  containersThat,
  exceptInUserNamespace,
  exceptOnWindows,
  type Finding,
  named,
  type PodShape,
  plural,
  quoted,
  setters,
  sorted,
} from './check.ts';
import { seccompRestricted } from './profiles.ts';

/** What `restricted` asks besides `baseline`: today's good practice. In the order in which its findings are told. */
export const restricted: readonly Check[] = [
  {
    id: 'allowPrivilegeEscalation',
    versions: [
      { since: 8, find: privilegeEscalation },
      { since: 25, find: exceptOnWindows(privilegeEscalation) },
    ],
  },
  {
    id: 'capabilities_restricted',
    overrides: 'capabilities_baseline',
    versions: [
      { since: 22, find: capabilities },
      { since: 25, find: exceptOnWindows(capabilities) },
    ],
  },
  { id: 'procMount_restricted', overrides: 'procMount', versions: [{ since: 35, find: procMount }] },
  { id: 'restrictedVolumes', overrides: 'hostPathVolumes', versions: [{ since: 0, find: volumes }] },
  {
    id: 'runAsNonRoot',
    versions: [
      { since: 0, find: runAsNonRoot },
      { since: 35, find: exceptInUserNamespace(runAsNonRoot) },
    ],
  },
  {
    id: 'runAsUser',
    versions: [
      { since: 23, find: runAsUser },
      { since: 35, find: exceptInUserNamespace(runAsUser) },
    ],
  },
  {
    id: 'seccompProfile_restricted',
    overrides: 'seccompProfile_baseline',
    versions: [
      { since: 19, find: seccompRestricted },
      { since: 25, find: exceptOnWindows(seccompRestricted) },
    ],
  },
];

function privilegeEscalation(pod: PodShape): Finding | undefined {
  const bad = containersThat(pod, ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false);
  if (bad.length === 0) return undefined;
  return { reason: 'allowPrivilegeEscalation != false', detail: `${named(bad)} must set securityContext.allowPrivilegeEscalation=false` };
}

function capabilities(pod: PodShape): Finding | undefined {
  const added = ({ securityContext }: Container): string[] =>
    (securityContext?.capabilities?.add ?? []).filter((one) => one !== 'NET_BIND_SERVICE');
  const keeping = containersThat(pod, ({ securityContext }) => !securityContext?.capabilities?.drop?.includes('ALL'));
  const adding = containersThat(pod, (container) => added(container).length > 0);
  const what = quoted(sorted(containersOf(pod.spec).flatMap(added)));
  const details = [
    ...(keeping.length > 0 ? [`${named(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(adding.length > 0 ? [`${named(adding)} must not include ${what} in securityContext.capabilities.add`] : []),
  ];
  return details.length > 0 ? { reason: 'unrestricted capabilities', detail: details.join('; ') } : undefined;
}

const allowedSources = [
  ...(['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image', 'persistentVolumeClaim', 'projected', 'secret'] as const),
];
/** In the order in which upstream looks, so that a volume of several sources is called the same. */
const otherSources = [
  ...(['hostPath', 'gcePersistentDisk', 'awsElasticBlockStore', 'gitRepo', 'nfs', 'iscsi', 'glusterfs', 'rbd', 'flexVolume'] as const),
  ...(['cinder', 'cephfs', 'flocker', 'fc', 'azureFile', 'vsphereVolume', 'quobyte', 'azureDisk', 'photonPersistentDisk'] as const),
  ...(['portworxVolume', 'scaleIO', 'storageos'] as const),
];

function volumes({ spec }: PodShape): Finding | undefined {
  const bad = (spec.volumes ?? []).filter((volume) => !allowedSources.some((source) => volume[source] !== undefined));
  if (bad.length === 0) return undefined;
  const types = sorted(bad.map((volume: Volume) => otherSources.find((source) => volume[source] !== undefined) ?? 'unknown'));
  const who = `${plural('volume', bad.length)} ${quoted(bad.map(({ name }) => name))}`;
  const what = `${plural('restricted volume type', types.length)} ${quoted(types)}`;
  return { reason: 'restricted volume types', detail: `${who} ${bad.length === 1 ? 'uses' : 'use'} ${what}` };
}

function runAsNonRoot(pod: PodShape): Finding | undefined {
  const reason = 'runAsNonRoot != true';
  const own = pod.spec.securityContext?.runAsNonRoot;
  const who = setters(
    own === false,
    containersThat(pod, ({ securityContext }) => securityContext?.runAsNonRoot === false),
  );
  if (who) return { reason, detail: `${who} must not set securityContext.runAsNonRoot=false` };
  const open = own ? [] : containersThat(pod, ({ securityContext }) => securityContext?.runAsNonRoot === undefined);
  return open.length > 0 ? { reason, detail: `pod or ${named(open)} must set securityContext.runAsNonRoot=true` } : undefined;
}

function runAsUser(pod: PodShape): Finding | undefined {
  const who = setters(
    pod.spec.securityContext?.runAsUser === 0,
    containersThat(pod, ({ securityContext }) => securityContext?.runAsUser === 0),
  );
  return who ? { reason: 'runAsUser=0', detail: `${who} must not set runAsUser=0` } : undefined;
}
