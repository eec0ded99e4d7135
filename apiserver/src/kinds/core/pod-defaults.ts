import { formatQuantity, podRequests } from '@keelson/machinery';
import type { Container, DownwardAPIVolumeFile, HTTPGetAction, Pod, PodSpec, PodTemplateSpec, Probe, Volume } from '@keelson/types';
import { defaultDisks } from './disk-defaults.ts';
import { isHugePages } from './resource-names.ts';

/** Fills in what Kubernetes assumes of a pod itself, besides what it assumes of every pod spec: templates do not have these. */
export function defaultPod(spec: PodSpec): void {
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  if (spec.hostNetwork) for (const container of containers) defaultHostPorts(container);
  for (const container of containers) defaultRequests(container);
  defaultPodRequests(spec);
  spec.enableServiceLinks ??= true;
  defaultPodSpec(spec);
}

/** What is limited is requested, unless told otherwise. */
function defaultRequests({ resources }: Container): void {
  for (const [name, limit] of Object.entries(resources?.limits ?? {}))
    if (resources) resources.requests = { [name]: limit, ...resources.requests };
}

/** A pod limited as a whole asks for what its containers ask for together, and for its limits where they ask for nothing. */
function defaultPodRequests({ overhead: _overhead, resources, ...spec }: PodSpec): void {
  if (!resources || Object.keys(resources.limits ?? {}).length === 0) return;
  const shared = ([name]: readonly [string, unknown]): boolean => name === 'cpu' || name === 'memory';
  const together = Object.entries(podRequests({ spec } as Pod)).filter(shared);
  const asked = Object.fromEntries(together.map(([name, amount]) => [name, formatQuantity(amount)]));
  const limits = Object.entries(resources.limits ?? {}).filter((limit) => shared(limit) || isHugePages(limit[0]));
  resources.requests = { ...Object.fromEntries(limits), ...asked, ...resources.requests };
}

/** Fills a pod spec, of a pod or a template, with what Kubernetes assumes. */
export function defaultPodSpec(spec: PodSpec): void {
  spec.dnsPolicy ??= 'ClusterFirst';
  spec.restartPolicy ??= 'Always';
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  if (spec.terminationGracePeriodSeconds < 0) spec.terminationGracePeriodSeconds = 1;
  spec.schedulerName ??= 'default-scheduler';
  if (spec.serviceAccountName) spec.serviceAccount ??= spec.serviceAccountName;
  else if (spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount;
  for (const container of spec.containers ?? []) defaultContainer(container);
  for (const container of spec.initContainers ?? []) defaultContainer(container);
  for (const container of spec.ephemeralContainers ?? []) defaultContainer(container as Container);
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
}

/** The creationTimestamp a template carries in stored objects is null upstream and absent here. */
export function defaultPodTemplate(template: PodTemplateSpec | undefined): void {
  if (template?.spec) defaultPodSpec(template.spec);
}

function defaultHostPorts(container: Container): void {
  for (const port of container.ports ?? []) port.hostPort ??= port.containerPort;
}

function defaultContainer(container: Container): void {
  container.imagePullPolicy ??= pullPolicy(container.image ?? '');
  container.terminationMessagePath ??= '/dev/termination-log';
  container.terminationMessagePolicy ??= 'File';
  container.resources ??= {};
  for (const port of container.ports ?? []) port.protocol ??= 'TCP';
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef) valueFrom.fieldRef.apiVersion ??= 'v1';
    if (valueFrom?.resourceFieldRef) valueFrom.resourceFieldRef.divisor ??= '0';
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) if (probe) defaultProbe(probe);
  for (const hook of [container.lifecycle?.postStart, container.lifecycle?.preStop]) if (hook?.httpGet) defaultRequest(hook.httpGet);
}

const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const isReference = new RegExp(`^(?:[a-zA-Z0-9.-]+(?::[0-9]+)?/)?${component}(?:/${component})*(?::\\w[\\w.-]{0,127})?$`);

/** `Always` for `latest` or no tag, `IfNotPresent` for everything pinned, and for what is no image's name. */
function pullPolicy(image: string): string {
  if (image.includes('@') || !isReference.test(image)) return 'IfNotPresent';
  const name = image.slice(image.lastIndexOf('/') + 1);
  const tag = name.includes(':') ? name.slice(name.indexOf(':') + 1) : 'latest';
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function defaultProbe(probe: Probe): void {
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  if (probe.httpGet) defaultRequest(probe.httpGet);
  if (probe.grpc) probe.grpc.service ??= '';
}

function defaultRequest(request: HTTPGetAction): void {
  request.path ||= '/';
  request.scheme ??= 'HTTP';
}

/** Octal 0644, as Kubernetes writes it: in decimal. */
const defaultMode = 420;

function defaultVolume(volume: Volume): void {
  if (Object.keys(volume).every((key) => key === 'name')) volume.emptyDir = {};
  if (volume.secret) volume.secret.defaultMode ??= defaultMode;
  if (volume.configMap) volume.configMap.defaultMode ??= defaultMode;
  defaultDisks(volume);
  if (volume.downwardAPI) {
    volume.downwardAPI.defaultMode ??= defaultMode;
    defaultItems(volume.downwardAPI.items);
  }
  if (volume.image) volume.image.pullPolicy ||= pullPolicy(volume.image.reference ?? '');
  const claim = volume.ephemeral?.volumeClaimTemplate?.spec;
  if (claim) claim.volumeMode ??= 'Filesystem';
  if (volume.projected) {
    volume.projected.defaultMode ??= defaultMode;
    for (const { serviceAccountToken, downwardAPI } of volume.projected.sources ?? []) {
      if (serviceAccountToken) serviceAccountToken.expirationSeconds ??= 3600;
      defaultItems(downwardAPI?.items);
    }
  }
}

function defaultItems(items: readonly DownwardAPIVolumeFile[] | undefined): void {
  for (const { fieldRef, resourceFieldRef } of items ?? []) {
    if (fieldRef) fieldRef.apiVersion ??= 'v1';
    if (resourceFieldRef) resourceFieldRef.divisor ??= '0';
  }
}
