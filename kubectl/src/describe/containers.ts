import { canonicalQuantity, compareStrings, parseQuantity } from '@keelson/machinery';
import type {
  Container,
  ContainerPort,
  ContainerState,
  ContainerStatus,
  EnvVar,
  Pod,
  Probe,
  ResourceFieldSelector,
  SeccompProfile,
} from '@keelson/types';
import { field, type Lines, timeOrZero } from './lines.ts';

/** The containers of a pod, with their states, or of a template, without. */
export function containersLines(label: string, containers: readonly Container[], statuses: readonly ContainerStatus[], pod?: Pod): Lines {
  const inTemplate = pod === undefined;
  const title = `${inTemplate ? '  ' : ''}${label}:`;
  if (containers.length === 0) return [`${title} <none>`];
  return [
    title,
    ...containers.flatMap((container) => {
      const status = statuses.findLast(({ name }) => name === container.name);
      return [`  ${inTemplate ? ' ' : ''}${container.name}:`, ...containerLines(container, status, pod)];
    }),
  ];
}

function containerLines(container: Container, status: ContainerStatus | undefined, pod: Pod | undefined): Lines {
  const ports = container.ports ?? [];
  const plural = ports.length > 1 ? 's' : '';
  const join = (texts: readonly string[]): string => (texts.length > 0 ? texts.join(', ') : '<none>');
  return [
    ...(status ? [field(2, 'Container ID', status.containerID)] : []),
    field(2, 'Image', container.image),
    ...(status ? [field(2, 'Image ID', status.imageID)] : []),
    field(2, `Port${plural}`, join(ports.map((port) => portText(port, port.containerPort)))),
    field(2, `Host Port${plural}`, join(ports.map((port) => portText(port, port.hostPort ?? 0)))),
    ...seccompLines(2, container.securityContext?.seccompProfile),
    ...commandLines('Command', container.command),
    ...commandLines('Args', container.args),
    ...(status ? statusLines(status) : []),
    ...amountLines(2, 'Limits', container.resources?.limits),
    ...amountLines(2, 'Requests', container.resources?.requests),
    ...probeLines('Liveness', container.livenessProbe),
    ...probeLines('Readiness', container.readinessProbe),
    ...probeLines('Startup', container.startupProbe),
    ...environmentFrom(container),
    ...environmentLines(container, pod),
    ...mountLines(container),
  ];
}

function portText({ protocol = 'TCP', name }: ContainerPort, port: number): string {
  return `${port}/${protocol}${name ? ` (${name})` : ''}`;
}

function commandLines(label: string, command: readonly string[] | undefined): Lines {
  if (!command || command.length === 0) return [];
  return [`    ${label}:`, ...command.flatMap((part) => part.split('\n').map((line) => `      ${line}`))];
}

function statusLines({ state, lastState, ready, restartCount }: ContainerStatus): Lines {
  return [
    ...stateLines('State', state),
    ...(lastState?.terminated ? stateLines('Last State', lastState) : []),
    field(2, 'Ready', ready ? 'True' : 'False'),
    field(2, 'Restart Count', restartCount),
  ];
}

function stateLines(label: string, state: ContainerState | undefined): Lines {
  if (state?.running) return [field(2, label, 'Running'), field(3, 'Started', timeOrZero(state.running.startedAt))];
  if (state?.terminated) {
    const { reason, message, exitCode, signal, startedAt, finishedAt } = state.terminated;
    return [
      field(2, label, 'Terminated'),
      ...(reason ? [field(3, 'Reason', reason)] : []),
      ...(message ? [field(3, 'Message', message)] : []),
      field(3, 'Exit Code', exitCode),
      ...(signal ? [field(3, 'Signal', signal)] : []),
      field(3, 'Started', timeOrZero(startedAt)),
      field(3, 'Finished', timeOrZero(finishedAt)),
    ];
  }
  return [field(2, label, 'Waiting'), ...(state?.waiting?.reason ? [field(3, 'Reason', state.waiting.reason)] : [])];
}

/** What is asked for of each resource, or allowed. */
export function amountLines(level: number, label: string, resources: Readonly<Record<string, string>> | undefined): Lines {
  const names = Object.keys(resources ?? {}).sort(compareStrings);
  if (!resources || names.length === 0) return [];
  return [`${'  '.repeat(level)}${label}:`, ...names.map((name) => field(level + 1, name, canonicalQuantity(resources[name] ?? '0')))];
}

/** The system calls a pod or container may make. */
export function seccompLines(level: number, profile: SeccompProfile | undefined): Lines {
  if (!profile) return [];
  const { type, localhostProfile = '' } = profile;
  const local = type === 'Localhost' ? [field(level === 0 ? 0 : level + 1, 'LocalhostProfile', localhostProfile)] : [];
  return [field(level, 'SeccompProfile', type), ...local];
}

function probeLines(label: string, probe: Probe | undefined): Lines {
  if (!probe) return [];
  const { initialDelaySeconds = 0, timeoutSeconds = 1, periodSeconds = 10, successThreshold = 1, failureThreshold = 3 } = probe;
  const times = `delay=${initialDelaySeconds}s timeout=${timeoutSeconds}s period=${periodSeconds}s #success=${successThreshold} #failure=${failureThreshold}`;
  return [field(2, label, `${probeAction(probe)} ${times}`)];
}

function probeAction({ exec, httpGet, tcpSocket, grpc }: Probe): string {
  if (exec) return `exec [${(exec.command ?? []).join(' ')}]`;
  if (httpGet) {
    const { scheme = 'HTTP', host = '', port, path = '' } = httpGet;
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    return `http-get ${scheme.toLowerCase()}://${address}${path === '' || path.startsWith('/') ? '' : '/'}${escapedPath(path)}`;
  }
  if (tcpSocket) return `tcp-socket ${tcpSocket.host ?? ''}:${tcpSocket.port}`;
  return grpc ? `grpc <pod>:${grpc.port} ${grpc.service ?? ''}` : 'unknown';
}

/** A path in a URL: what would end it, and what Go escapes beyond that, percent-encoded. */
function escapedPath(path: string): string {
  return encodeURI(path).replace(/[?#!*'()]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function environmentFrom({ envFrom }: Container): Lines {
  if (!envFrom || envFrom.length === 0) return [];
  const lines = envFrom.map(({ configMapRef, secretRef, prefix }) => {
    const from = configMapRef ?? secretRef;
    const kind = configMapRef ? 'ConfigMap' : secretRef ? 'Secret' : '';
    return `      ${from?.name ?? ''}\t${kind}${prefix ? ` with prefix '${prefix}'` : ''}\tOptional: ${from?.optional ?? false}`;
  });
  return ['    Environment Variables from:', ...lines];
}

/** What is taken from elsewhere but from these four is not told. */
function environmentLines(container: Container, pod: Pod | undefined): Lines {
  const variables = container.env ?? [];
  const lines = variables.flatMap((variable) => environmentLine(variable, container, pod));
  return [`    Environment:${variables.length === 0 ? '\t<none>' : ''}`, ...lines];
}

function environmentLine({ name, value = '', valueFrom }: EnvVar, container: Container, pod: Pod | undefined): Lines {
  if (!valueFrom) {
    const [first = '', ...rest] = value.split('\n');
    return [field(3, name, first), ...rest.map((line) => `      \t${line}`)];
  }
  const { fieldRef, resourceFieldRef, secretKeyRef, configMapKeyRef } = valueFrom;
  if (fieldRef)
    return [field(3, name, `${pod ? fieldOf(pod, fieldRef.fieldPath) : ''} (${fieldRef.apiVersion ?? 'v1'}:${fieldRef.fieldPath})`)];
  if (resourceFieldRef) return [field(3, name, `${resourceOf(container, resourceFieldRef)} (${resourceFieldRef.resource})`)];
  if (secretKeyRef) {
    return [
      field(
        3,
        name,
        `<set to the key '${secretKeyRef.key}' in secret '${secretKeyRef.name ?? ''}'>\tOptional: ${secretKeyRef.optional ?? false}`,
      ),
    ];
  }
  if (!configMapKeyRef) return [];
  const optional = configMapKeyRef.optional ?? false;
  return [field(3, name, `<set to the key '${configMapKeyRef.key}' of config map '${configMapKeyRef.name ?? ''}'>\tOptional: ${optional}`)];
}

/** What a field reference comes to: upstream looks up these two. */
function fieldOf({ metadata }: Pod, path: string): string {
  if (path === 'metadata.name') return metadata.name ?? '';
  return path === 'metadata.namespace' ? (metadata.namespace ?? '') : '';
}

/** The amount in whole divisors, rounded up; where no limit is set, the node decides. Nothing for resources that no field tells. */
function resourceOf({ resources }: Container, { resource, divisor }: ResourceFieldSelector): string {
  const [bound = '', ...name] = resource.split('.');
  if (!/^(?:limits|requests)\.(?:cpu|memory|ephemeral-storage|hugepages-.*)$/.test(resource)) return '';
  const amount = resources?.[bound as 'limits' | 'requests']?.[name.join('.')] ?? '0';
  const unit = divisor === undefined || divisor === '0' ? 1_000_000_000n : parseQuantity(divisor).nanos;
  const count = (parseQuantity(amount).nanos + unit - 1n) / unit;
  return count === 0n && /^limits\.(?:cpu|memory)$/.test(resource) ? 'node allocatable' : String(count);
}

function mountLines({ volumeMounts: mounts = [], volumeDevices: devices = [] }: Container): Lines {
  const lines = mounts
    .toSorted((a, b) => compareStrings(a.mountPath, b.mountPath))
    .map(({ mountPath, name, readOnly, subPath }) => {
      const flags = [readOnly ? 'ro' : 'rw', ...(subPath ? [`path=${JSON.stringify(subPath)}`] : [])];
      return `      ${mountPath} from ${name} (${flags.join(',')})`;
    });
  const none = lines.length === 0 ? '\t<none>' : '';
  if (devices.length === 0) return [`    Mounts:${none}`, ...lines];
  const sorted = devices.toSorted((a, b) => compareStrings(a.devicePath, b.devicePath));
  // Upstream says so of the devices, too, where there are no mounts.
  return [
    `    Mounts:${none}`,
    ...lines,
    `    Devices:${none}`,
    ...sorted.map(({ devicePath, name }) => `      ${devicePath} from ${name}`),
  ];
}
