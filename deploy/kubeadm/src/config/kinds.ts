import { any, duration, type Form, flag, idle, int32, int64, listOf, mapOf, named, struct, text } from '@keelson/component';

/** The versions of kubeadm's documents that are read, the newest last. */
export const versions = ['v1beta3', 'v1beta4'] as const;

export type Version = (typeof versions)[number];

type Fields = Readonly<Record<string, Form>>;

const texts = listOf(text);

/** A struct of kubeadm's own, by the name it has in Go. */
const of = (version: Version, name: string, fields: Fields): Form => struct(`${version}.${name}`, fields);

/** What v1beta4 has and v1beta3 has not. */
const later = (version: Version, fields: Fields): Fields => (version === 'v1beta4' ? fields : {});

const endpoint = (version: Version): Form => of(version, 'APIEndpoint', { advertiseAddress: text, bindPort: int32 });
const image = { imageRepository: idle(text), imageTag: idle(text) };

/** v1beta3 has arguments as a map, v1beta4 as a list in which a name can come twice. */
const args = (version: Version): Form => (version === 'v1beta3' ? mapOf(text) : listOf(of(version, 'Arg', { name: text, value: text })));

const taint = struct('v1.Taint', { key: text, value: text, effect: named('v1.TaintEffect'), timeAdded: idle(text) });

function nodeRegistration(version: Version): Form {
  return of(version, 'NodeRegistrationOptions', {
    name: text,
    criSocket: text,
    taints: listOf(taint),
    kubeletExtraArgs: args(version),
    ignorePreflightErrors: texts,
    imagePullPolicy: idle(named('v1.PullPolicy'), 'IfNotPresent'),
    ...later(version, { imagePullSerial: idle(flag, true) }),
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

const timeouts = struct('v1beta4.Timeouts', Object.fromEntries(waits.map((name) => [name, idle(duration, usualTimeouts[name])])));

/** Fields that init and join have in common. */
function both(version: Version): Fields {
  return {
    nodeRegistration: nodeRegistration(version),
    skipPhases: texts,
    patches: of(version, 'Patches', { directory: text }),
    ...later(version, { dryRun: flag, timeouts }),
  };
}

export function initForm(version: Version): Form {
  const token = { token: text, description: text, ttl: duration, expires: text, usages: texts, groups: texts };
  return of(version, 'InitConfiguration', {
    ...both(version),
    bootstrapTokens: listOf(struct('v1.BootstrapToken', token)),
    localAPIEndpoint: endpoint(version),
    certificateKey: text,
  });
}

export function joinForm(version: Version): Form {
  const token = { token: text, apiServerEndpoint: text, caCertHashes: texts, unsafeSkipCAVerification: flag };
  return of(version, 'JoinConfiguration', {
    ...both(version),
    caCertPath: idle(text, '/etc/kubernetes/pki/ca.crt'),
    discovery: of(version, 'Discovery', {
      bootstrapToken: of(version, 'BootstrapTokenDiscovery', token),
      file: of(version, 'FileDiscovery', { kubeConfigPath: text }),
      tlsBootstrapToken: text,
      ...(version === 'v1beta3' ? { timeout: idle(duration, '5m0s') } : {}),
    }),
    controlPlane: of(version, 'JoinControlPlane', { localAPIEndpoint: endpoint(version), certificateKey: text }),
  });
}

export function resetForm(version: Version): Form {
  return of(version, 'ResetConfiguration', {
    certificatesDir: text,
    cleanupTmpDir: idle(flag),
    criSocket: text,
    dryRun: flag,
    force: flag,
    ignorePreflightErrors: texts,
    skipPhases: idle(texts),
    unmountFlags: idle(texts),
    timeouts,
  });
}

/** What an upgrade is asked for by command. There are no images to pull and no etcd to upgrade, and no version but the one that is stable. */
export function upgradeForm(version: Version): Form {
  const etcdUpgrade = idle(flag, true);
  const unstable = { allowExperimentalUpgrades: idle(flag), allowRCUpgrades: idle(flag) };
  const target = { kubernetesVersion: text };
  const node = {
    certificateRenewal: flag,
    dryRun: flag,
    etcdUpgrade,
    ignorePreflightErrors: texts,
    imagePullPolicy: idle(named('v1.PullPolicy'), 'IfNotPresent'),
    imagePullSerial: idle(flag, true),
    patches: of(version, 'Patches', { directory: text }),
    skipPhases: texts,
  };
  const plan = { ...target, ...unstable, dryRun: idle(flag), etcdUpgrade, ignorePreflightErrors: texts, printConfig: flag };
  return of(version, 'UpgradeConfiguration', {
    apply: of(version, 'UpgradeApplyConfiguration', { ...node, ...target, ...unstable, forceUpgrade: flag, printConfig: flag }),
    diff: of(version, 'UpgradeDiffConfiguration', { ...target, contextLines: int64 }),
    node: of(version, 'UpgradeNodeConfiguration', node),
    plan: of(version, 'UpgradePlanConfiguration', plan),
    timeouts,
  });
}

function component(version: Version): Fields {
  const volume = { name: text, hostPath: text, mountPath: text, readOnly: flag, pathType: named('v1.HostPathType') };
  return {
    extraArgs: args(version),
    extraVolumes: idle(listOf(of(version, 'HostPathMount', volume))),
    ...later(version, { extraEnvs: idle(listOf(variable)) }),
  };
}

const variable = struct('v1beta4.EnvVar', { name: text, value: text, valueFrom: any });
const disabled = { disabled: flag };

export function clusterForm(version: Version): Form {
  const apiServer = { ...component(version), certSANs: texts };
  const patience = version === 'v1beta3' ? { timeoutForControlPlane: idle(duration, '4m0s') } : {};
  return of(version, 'ClusterConfiguration', {
    apiServer: of(version, 'APIServer', { ...apiServer, ...patience }),
    controllerManager: of(version, 'ControlPlaneComponent', component(version)),
    scheduler: of(version, 'ControlPlaneComponent', component(version)),
    dns: of(version, 'DNS', { ...image, ...later(version, disabled) }),
    etcd: etcdForm(version),
    networking: of(version, 'Networking', { dnsDomain: text, podSubnet: text, serviceSubnet: text }),
    certificatesDir: text,
    clusterName: text,
    controlPlaneEndpoint: text,
    featureGates: idle(mapOf(flag)),
    imageRepository: idle(text, 'registry.k8s.io'),
    kubernetesVersion: text,
    ...later(version, laterCluster),
  });
}

const laterCluster: Fields = {
  proxy: struct('v1beta4.Proxy', disabled),
  encryptionAlgorithm: idle(named('v1beta4.EncryptionAlgorithmType'), 'RSA-2048'),
  certificateValidityPeriod: duration,
  caCertificateValidityPeriod: duration,
};

function etcdForm(version: Version): Form {
  return of(version, 'Etcd', {
    local: of(version, 'LocalEtcd', {
      ...image,
      dataDir: idle(text, '/var/lib/etcd'),
      extraArgs: idle(args(version)),
      serverCertSANs: idle(texts),
      peerCertSANs: idle(texts),
      ...later(version, { extraEnvs: idle(listOf(variable)) }),
    }),
    external: of(version, 'ExternalEtcd', {
      endpoints: texts,
      caFile: text,
      certFile: text,
      keyFile: text,
      ...later(version, { httpEndpoints: idle(texts) }),
    }),
  });
}
