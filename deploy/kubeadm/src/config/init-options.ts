import { parseToken } from '@keelson/pki';
import { defaultNodeTokenGroup, tokenProblem, tokenUsages } from '../objects/tokens.ts';
import { certificateKeyProblem } from '../objects/uploaded-certs.ts';
import type { InitOptions, WantedToken } from '../options.ts';
import type { Documents } from './documents.ts';
import { checkAbsolute, checkEndpoint, checkNode, checkRange, durationAt, Problems } from './fields.ts';
import { argumentsOf, type BootstrapTokenForm, type ClusterForm, type InitForm } from './forms.ts';
import { chosen, nodeOptions } from './node-options.ts';
import { validityOf } from './periods.ts';
import { documentPhases } from './phases.ts';
import { versionProblem } from './version.ts';

/**
 * What init is asked for by a file, on top of flags that go with one; `nodeName` and the like are given where the command line said so.
 * @throws Error naming every field whose value cannot be.
 */
export function initOptions(flags: InitOptions, documents: Documents, given: ReadonlySet<string>): InitOptions {
  if (!documents.init && !documents.cluster)
    throw new Error('no InitConfiguration or ClusterConfiguration kind was found in the YAML file');
  const init: InitForm = documents.init ?? {};
  const cluster: ClusterForm = documents.cluster ?? {};
  const problems = new Problems();
  const bindPort = init.localAPIEndpoint?.bindPort || flags.apiserverBindPort;
  const validity = validityOf(cluster, problems);
  const tokens = init.bootstrapTokens?.map((token, index) => tokenOf(token, `bootstrapTokens[${index}]`, problems)) ?? [];
  check(init, cluster, problems);
  problems.refuse();
  return {
    ...flags,
    ...chosen({
      apiserverAdvertiseAddress: init.localAPIEndpoint?.advertiseAddress,
      certificateKey: init.certificateKey,
      kubeletConfiguration: documents.kubelet,
      kubeProxyConfiguration: documents.kubeProxy,
    }),
    ...nodeOptions(flags, init, given),
    ...clusterOptions(cluster, flags, bindPort),
    ...validity,
    apiserverBindPort: bindPort,
    skipPhases: given.has('skipPhases') ? flags.skipPhases : documentPhases(init.skipPhases ?? []),
    ...(tokens.length > 0 ? { bootstrapTokens: tokens } : {}),
  };
}

function clusterOptions(cluster: ClusterForm, flags: InitOptions, bindPort: number): Partial<InitOptions> {
  const { networking, etcd, apiServer, controlPlaneEndpoint: endpoint } = cluster;
  const external = etcd?.external;
  return {
    ...chosen({
      certDir: cluster.certificatesDir,
      clusterName: cluster.clusterName,
      podNetworkCidr: networking?.podSubnet,
      serviceCidr: networking?.serviceSubnet,
      serviceDnsDomain: networking?.dnsDomain,
      etcdCafile: external?.caFile,
      etcdCertfile: external?.certFile,
      etcdKeyfile: external?.keyFile,
      etcdServers: external?.endpoints,
    }),
    ...(endpoint ? { controlPlaneEndpoint: /:\d+$/.test(endpoint) ? endpoint : `${endpoint}:${bindPort}` } : {}),
    apiserverCertExtraSans: (apiServer?.certSANs ?? flags.apiserverCertExtraSans).map((name) => name.toLowerCase()),
    apiServerExtraArgs: argumentsOf(apiServer?.extraArgs),
    controllerManagerExtraArgs: argumentsOf(cluster.controllerManager?.extraArgs),
    schedulerExtraArgs: argumentsOf(cluster.scheduler?.extraArgs),
    dnsDisabled: cluster.dns?.disabled === true,
    kubeProxyDisabled: cluster.proxy?.disabled === true,
  };
}

function check(init: InitForm, cluster: ClusterForm, problems: Problems): void {
  checkNode(init.nodeRegistration ?? {}, problems);
  checkEndpoint(init.localAPIEndpoint ?? {}, 'localAPIEndpoint', problems);
  checkRange(cluster.networking?.podSubnet, 'networking.podSubnet', problems);
  checkRange(cluster.networking?.serviceSubnet, 'networking.serviceSubnet', problems);
  const key = init.certificateKey && certificateKeyProblem(init.certificateKey);
  if (key) problems.invalid('certificateKey', '', 'it must be 64 hexadecimal digits');
  const { certificatesDir, kubernetesVersion = '' } = cluster;
  checkAbsolute(certificatesDir, 'certificatesDir', problems);
  const version = versionProblem(kubernetesVersion);
  if (version !== undefined) problems.invalid('kubernetesVersion', kubernetesVersion, version);
  checkEtcd(cluster.etcd ?? {}, problems);
}

function checkEtcd({ local, external }: NonNullable<ClusterForm['etcd']>, problems: Problems): void {
  if (local && external) problems.invalid('etcd', '', '.Etcd.Local and .Etcd.External are mutually exclusive');
  if (!external) return;
  const { endpoints, caFile, certFile, keyFile } = external;
  if (!endpoints?.length) problems.required('etcd.external.endpoints', 'at least one member of etcd must be named');
  endpoints?.forEach((url, index) => {
    if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) problems.invalid(`etcd.external.endpoints[${index}]`, url, 'not a valid URL');
  });
  const files = [caFile, certFile, keyFile].filter(Boolean).length;
  if (files !== 0 && files !== 3) problems.invalid('etcd.external', '', 'caFile, certFile and keyFile go together');
}

const day = '24h0m0s';

function tokenOf(form: BootstrapTokenForm, path: string, problems: Problems): WantedToken {
  const { token, ttl, expires } = form;
  if (token && !parseToken(token)) {
    problems.invalid(`${path}.token`, '', 'the bootstrap token was not of the form "\\A([a-z0-9]{6})\\.([a-z0-9]{16})\\z"');
  }
  const usages = form.usages ?? tokenUsages;
  const groups = form.groups ?? [defaultNodeTokenGroup];
  const wrong = tokenProblem({ usages, groups });
  if (wrong !== undefined) problems.invalid(path, '', wrong.replace(/^--/, ''));
  const end = expires ? Date.parse(expires) : undefined;
  if (end !== undefined && Number.isNaN(end))
    problems.invalid(`${path}.expires`, expires, 'it must be a time such as 2026-01-02T15:04:05Z');
  return {
    ...chosen({ token, description: form.description }),
    ttl: durationAt(ttl ?? day, `${path}.ttl`, problems),
    ...(end === undefined ? {} : { expires: end }),
    usages,
    groups,
  };
}
