import { goQuote, isDNS1123Label } from '@keelson/machinery';
import type {
  Container,
  ContainerPort,
  EnvVar,
  NodeAffinity,
  ObjectMeta,
  Pod,
  PodAffinityTerm,
  PodSpec,
  PodTemplateSpec,
  Volume,
} from '@keelson/types';
import { annotationWarnings, fractionWarnings } from '../warnings.ts';
import { nodeLabelWarning, nodeSelectorTermWarnings } from './node-labels.ts';
import { claimSpecWarnings } from './persistent-volume-claim-warnings.ts';
import { everyContainer } from './pod-spec/every-container.ts';

/* What is accepted though it is probably not what was meant, in upstream's words. */

/** Of a new pod. */
export function podWarnings({ metadata, spec }: Pod): string[] {
  return [...nameWarnings(metadata, "the Pod's hostname"), ...specWarnings(spec, metadata, '')];
}

/** Of a template, whose path is `at`. */
export function podTemplateWarnings({ metadata = {}, spec }: Partial<PodTemplateSpec>, at: string): string[] {
  return spec ? specWarnings(spec, metadata, `${at}.`) : [];
}

/** Of a name that is no DNS label, and is used in other names. */
export function nameWarnings({ name = '' }: ObjectMeta, usedIn: string): string[] {
  const why = isDNS1123Label(name);
  if (why.length === 0) return [];
  return [
    `metadata.name: this is used in ${usedIn}, which can result in surprising behavior; a DNS label is recommended: [${why.join(' ')}]`,
  ];
}

function specWarnings(spec: PodSpec, meta: ObjectMeta, at: string): string[] {
  return [
    ...placementWarnings(spec, at),
    ...annotationWarnings(meta, deadAnnotations, `${at}metadata`),
    ...(spec.volumes ?? []).flatMap((volume, i) => volumeWarnings(volume, `${at}spec.volumes[${i}]`)),
    ...tokenPathWarnings(spec.volumes ?? [], at),
    ...listWarnings(spec, at),
    ...fractions(spec.overhead, `${at}spec.overhead`),
    ...seccompWarnings(spec, meta, at),
    ...containersWarnings(spec, meta, at),
    ...portWarnings(spec, at),
    ...graceWarnings(spec, at),
    ...podAffinityWarnings(spec, at),
  ];
}

function placementWarnings({ nodeSelector = {}, affinity, topologySpreadConstraints = [] }: PodSpec, at: string): string[] {
  const selected = Object.keys(nodeSelector).flatMap((label) => told(`${at}spec.nodeSelector[${label}]`, nodeLabelWarning(label)));
  const spread = topologySpreadConstraints.flatMap(({ topologyKey, labelSelector }, i) => {
    const here = `${at}spec.topologySpreadConstraints[${i}]`;
    const why = nodeLabelWarning(topologyKey);
    return [
      ...told(`${here}.topologyKey`, why && `${topologyKey} is ${why}`),
      ...told(`${here}.labelSelector`, labelSelector ? undefined : matchesNothing),
    ];
  });
  return [...selected, ...nodeAffinityWarnings(affinity?.nodeAffinity, `${at}spec.affinity.nodeAffinity`), ...spread];
}

const matchesNothing = 'a null labelSelector results in matching no pod';

function told(path: string, why: string | undefined): string[] {
  return why === undefined ? [] : [`${path}: ${why}`];
}

function nodeAffinityWarnings(affinity: NodeAffinity | undefined, at: string): string[] {
  const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return [
    ...required.flatMap((term, i) =>
      nodeSelectorTermWarnings(term, `${at}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${i}]`),
    ),
    ...preferred.flatMap(({ preference }, i) =>
      nodeSelectorTermWarnings(preference, `${at}.preferredDuringSchedulingIgnoredDuringExecution[${i}].preference`),
    ),
  ];
}

const deadAnnotations: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
};

const deadVolumes: Readonly<Record<string, string>> = {
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  gitRepo: 'deprecated in v1.11',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
};

/** Upstream's path of one of them is spelt otherwise than its field. */
const spelling: Readonly<Record<string, string>> = { storageos: 'storageOS' };

function volumeWarnings(volume: Volume, at: string): string[] {
  const dead = Object.entries(deadVolumes).filter(([member]) => volume[member as keyof Volume] !== undefined);
  const template = volume.ephemeral?.volumeClaimTemplate;
  return [
    ...dead.map(([member, why]) => `${at}.${spelling[member] ?? member}: ${why}`),
    ...(template ? claimSpecWarnings(template.spec, `${at}.ephemeral.volumeClaimTemplate.spec`) : []),
  ];
}

/** Files that would lie where a token lies. */
function tokenPathWarnings(volumes: readonly Volume[], at: string): string[] {
  const sources = volumes.flatMap(({ projected }, i) => (projected?.sources ?? []).map((source) => ({ source, i })));
  const tokens = new Set(sources.flatMap(({ source }) => source.serviceAccountToken?.path ?? []));
  if (tokens.size === 0) return [];
  return sources.flatMap(({ source: { configMap, secret, downwardAPI }, i }) => {
    const here = `${at}spec.volumes[${i}].projected.sources`;
    const doubled = (path: string | undefined, where: string): string[] =>
      path !== undefined && tokens.has(path) ? [`${here}.${where}: has duplicated path with ServiceAccountToken ${goQuote(path)}`] : [];
    return [
      ...(configMap?.items ?? []).flatMap(({ path }, j) => doubled(path, `configMap[${j}]`)),
      ...(secret?.items ?? []).flatMap(({ path }, j) => doubled(path, `secrets[${j}]`)),
      ...(downwardAPI?.items ?? []).flatMap(({ path }, j) => doubled(path, `downwardAPI[${j}]`)),
    ];
  });
}

function listWarnings({ hostAliases = [], imagePullSecrets = [] }: PodSpec, at: string): string[] {
  const nameless = imagePullSecrets.flatMap(({ name = '' }, i) =>
    name === '' ? [`${at}spec.imagePullSecrets[${i}].name: invalid empty name ""`] : [],
  );
  return [
    ...again(hostAliases.map(({ ip }) => ip)).map(([ip, i]) => `${at}spec.hostAliases[${i}].ip: duplicate ip ${goQuote(ip)}`),
    ...again(imagePullSecrets.map(({ name = '' }) => name)).map(
      ([name, i]) => `${at}spec.imagePullSecrets[${i}].name: duplicate name ${goQuote(name)}`,
    ),
    ...nameless,
  ];
}

/** Those that stood before, with their places. */
function again(values: readonly string[]): [value: string, index: number][] {
  const seen = new Set<string>();
  return values.flatMap((value, i): [string, number][] => (seen.size === seen.add(value).size ? [[value, i]] : []));
}

function fractions(amounts: Readonly<Record<string, string | number>> | undefined, at: string): string[] {
  return ['memory', 'ephemeral-storage'].flatMap((name) => fractionWarnings(amounts?.[name], `${at}[${name}]`));
}

const seccompOfPod = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompOfContainer = 'container.seccomp.security.alpha.kubernetes.io/';
const appArmorOfContainer = 'container.apparmor.security.beta.kubernetes.io/';
const useSeccomp = 'non-functional in v1.27+; use the "seccompProfile" field instead';

function seccompWarnings({ securityContext }: PodSpec, { annotations = {} }: ObjectMeta, at: string): string[] {
  if (securityContext?.seccompProfile || !Object.hasOwn(annotations, seccompOfPod)) return [];
  return [`${at}metadata.annotations[${seccompOfPod}]: ${useSeccomp}`];
}

function containersWarnings(spec: PodSpec, meta: ObjectMeta, at: string): string[] {
  return [...everyContainer(spec)].flatMap(([container, member, index]) => [
    ...profileWarnings(container, spec, meta, at),
    ...fractions(container.resources?.limits, `${at}spec.${member}[${index}].resources.limits`),
    ...fractions(container.resources?.requests, `${at}spec.${member}[${index}].resources.requests`),
    ...hiddenVariables(container.env ?? [], `${at}spec.${member}[${index}].env`),
  ]);
}

/** Annotations in the place of fields. Of AppArmor's only templates are told: pods have theirs turned into fields. */
function profileWarnings({ name, securityContext }: Container, spec: PodSpec, { annotations }: ObjectMeta, at: string): string[] {
  if (!annotations) return [];
  const [seccomp, appArmor] = [`${seccompOfContainer}${name}`, `${appArmorOfContainer}${name}`];
  const armoured = spec.securityContext?.appArmorProfile ?? securityContext?.appArmorProfile;
  const found: string[] = [];
  if (!securityContext?.seccompProfile && Object.hasOwn(annotations, seccomp))
    found.push(`${at}metadata.annotations[${seccomp}]: ${useSeccomp}`);
  if (at !== '' && !armoured && Object.hasOwn(annotations, appArmor))
    found.push(`${at}metadata.annotations[${appArmor}]: deprecated since v1.30; use the "appArmorProfile" field instead`);
  return found;
}

/** A variable may build on an earlier one of its name; otherwise it hides it. */
function hiddenVariables(env: readonly EnvVar[], at: string): string[] {
  return again(env.map(({ name }) => name)).flatMap(([name, i]) => {
    const { value = '', valueFrom } = env[i] as EnvVar;
    const reference = `$(${name})`;
    if (!valueFrom && value !== reference && value.includes(reference)) return [];
    return [`${at}[${i}]: hides previous definition of ${goQuote(name)}, which may be dropped when using apply`];
  });
}

/** More than the head of any answer holds: whoever names one port without end is not told without end. */
const mostTold = 1_000;

function portWarnings(spec: PodSpec, at: string): string[] {
  const seen = new Map<string, { readonly place: string; readonly port: ContainerPort }[]>();
  const found: string[] = [];
  for (const [{ ports = [] }, member, index] of everyContainer(spec)) {
    for (const [i, port] of ports.entries()) {
      const place = `${at}spec.${member}[${index}].ports[${i}]`;
      if (port.hostIP && !port.hostPort) found.push(`${place}: hostIP set without hostPort: ${goPort(port)}`);
      const number = `${port.containerPort}/${port.protocol}`;
      const others = seen.get(number) ?? [];
      for (const other of others) {
        const relation = relationOf(port, other.port);
        if (relation) found.push(`${place}: ${relation} port definition with ${other.place}`);
      }
      if (found.length >= mostTold) return found;
      seen.set(number, others);
      others.push({ place, port });
    }
  }
  return found;
}

/** Of two definitions of one number and protocol. */
function relationOf(a: ContainerPort, b: ContainerPort): string | undefined {
  const [addressA, addressB, portA, portB] = [a.hostIP ?? '', b.hostIP ?? '', a.hostPort ?? 0, b.hostPort ?? 0];
  if (addressA === addressB && portA === portB) return 'duplicate';
  if (portA === 0 || portB === 0) return 'overlapping';
  return portA === portB && (addressA === '') !== (addressB === '') ? 'dangerously ambiguous' : undefined;
}

/** As Go prints the struct. */
function goPort({ name = '', hostPort = 0, containerPort, protocol = '', hostIP = '' }: ContainerPort): string {
  return `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;
}

function graceWarnings({ terminationGracePeriodSeconds: grace = 0 }: PodSpec, at: string): string[] {
  if (grace >= 0) return [];
  return [`${at}spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`];
}

function podAffinityWarnings({ affinity }: PodSpec, at: string): string[] {
  return (['podAffinity', 'podAntiAffinity'] as const).flatMap((member) => {
    const {
      requiredDuringSchedulingIgnoredDuringExecution: required = [],
      preferredDuringSchedulingIgnoredDuringExecution: preferred = [],
    } = affinity?.[member] ?? {};
    const here = `${at}spec.affinity.${member}`;
    const open = (term: PodAffinityTerm, where: string): string[] =>
      told(`${where}labelSelector`, term.labelSelector ? undefined : matchesNothing);
    return [
      ...required.flatMap((term, i) => open(term, `${here}.requiredDuringSchedulingIgnoredDuringExecution[${i}].`)),
      ...preferred.flatMap(({ podAffinityTerm }, i) =>
        open(podAffinityTerm, `${here}.preferredDuringSchedulingIgnoredDuringExecution[${i}].podAffinityTerm.`),
      ),
    ];
  });
}
