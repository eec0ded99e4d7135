import { any, duration, fields, flag, idle, list, map, type Shape, text, texts, whole } from './shape.ts';

/** The versions of kubeadm's documents that are read. */
export const versions = ['v1beta4', 'v1beta3'] as const;

export type Version = (typeof versions)[number];

const endpoint = fields({ advertiseAddress: text, bindPort: whole });
const image = { imageRepository: idle(text), imageTag: idle(text) };

/** v1beta3 has arguments as a map, v1beta4 as a list in which a name can come twice. */
const args = (version: Version): Shape => (version === 'v1beta3' ? map(text) : list(fields({ name: text, value: text })));

const taint = fields({ key: text, value: text, effect: text, timeAdded: idle(text) });

function nodeRegistration(version: Version): Shape {
  return fields({
    name: text,
    criSocket: text,
    taints: list(taint),
    kubeletExtraArgs: args(version),
    ignorePreflightErrors: texts,
    imagePullPolicy: idle(text, 'IfNotPresent'),
    ...(version === 'v1beta4' ? { imagePullSerial: idle(flag, true) } : {}),
  });
}

const waits = [
  'controlPlaneComponentHealthCheck',
  'kubeletHealthCheck',
  'kubernetesAPICall',
  'etcdAPICall',
  'tlsBootstrap',
  'discovery',
  'upgradeManifests',
] as const;

/** How long kubeadm waits for what, with the times it waits usually. */
export const usualTimeouts: Readonly<Record<(typeof waits)[number], string>> = {
  controlPlaneComponentHealthCheck: '4m0s',
  kubeletHealthCheck: '4m0s',
  kubernetesAPICall: '1m0s',
  etcdAPICall: '2m0s',
  tlsBootstrap: '5m0s',
  discovery: '5m0s',
  upgradeManifests: '5m0s',
};

/** Fields that init and join have in common. */
function both(version: Version): Record<string, Shape> {
  return {
    nodeRegistration: nodeRegistration(version),
    skipPhases: texts,
    patches: idle(fields({ directory: text })),
    ...(version === 'v1beta4'
      ? { dryRun: flag, timeouts: fields(Object.fromEntries(waits.map((name) => [name, idle(duration, usualTimeouts[name])]))) }
      : {}),
  };
}

export function initShape(version: Version): Shape {
  return fields({
    ...both(version),
    bootstrapTokens: list(fields({ token: text, description: text, ttl: duration, expires: text, usages: texts, groups: texts })),
    localAPIEndpoint: endpoint,
    certificateKey: text,
  });
}

export function joinShape(version: Version): Shape {
  return fields({
    ...both(version),
    caCertPath: idle(text, '/etc/kubernetes/pki/ca.crt'),
    discovery: fields({
      bootstrapToken: fields({ token: text, apiServerEndpoint: text, caCertHashes: texts, unsafeSkipCAVerification: flag }),
      file: fields({ kubeConfigPath: text }),
      tlsBootstrapToken: text,
      ...(version === 'v1beta3' ? { timeout: idle(duration, '5m0s') } : {}),
    }),
    controlPlane: fields({ localAPIEndpoint: endpoint, certificateKey: text }),
  });
}

const volume = fields({ name: text, hostPath: text, mountPath: text, readOnly: flag, pathType: text });
const variable = fields({ name: text, value: text, valueFrom: any });

function component(version: Version): Record<string, Shape> {
  return {
    extraArgs: args(version),
    extraVolumes: idle(list(volume)),
    ...(version === 'v1beta4' ? { extraEnvs: idle(list(variable)) } : {}),
  };
}

export function clusterShape(version: Version): Shape {
  const later = version === 'v1beta4';
  return fields({
    apiServer: fields({
      ...component(version),
      certSANs: texts,
      ...(later ? {} : { timeoutForControlPlane: idle(duration, '4m0s') }),
    }),
    controllerManager: fields(component(version)),
    scheduler: fields(component(version)),
    dns: fields({ ...image, ...(later ? { disabled: flag } : {}) }),
    etcd: etcdShape(version),
    networking: fields({ dnsDomain: text, podSubnet: text, serviceSubnet: text }),
    certificatesDir: text,
    clusterName: text,
    controlPlaneEndpoint: text,
    featureGates: idle(map(flag)),
    imageRepository: idle(text, 'registry.k8s.io'),
    kubernetesVersion: text,
    ...(later ? laterCluster : {}),
  });
}

/** What v1beta4 has and v1beta3 has not. */
const laterCluster: Readonly<Record<string, Shape>> = {
  proxy: fields({ disabled: flag }),
  encryptionAlgorithm: idle(text, 'RSA-2048'),
  certificateValidityPeriod: idle(duration, '8760h0m0s'),
  caCertificateValidityPeriod: idle(duration, '87600h0m0s'),
};

function etcdShape(version: Version): Shape {
  const later = version === 'v1beta4';
  return fields({
    local: fields({
      ...image,
      dataDir: idle(text, '/var/lib/etcd'),
      extraArgs: idle(args(version)),
      serverCertSANs: idle(texts),
      peerCertSANs: idle(texts),
      ...(later ? { extraEnvs: idle(list(variable)) } : {}),
    }),
    external: fields({
      endpoints: texts,
      caFile: text,
      certFile: text,
      keyFile: text,
      ...(later ? { httpEndpoints: idle(texts) } : {}),
    }),
  });
}
