import type { Container, EphemeralContainer, Node, Pod } from '@keelson/types';
import type { Asked } from './flags.ts';
import { profiledContainer, profiledPod } from './profiles.ts';

/** What the flags say of the container that is added or changed. */
function asked<C extends Container>(container: C, { flags, command, env }: Asked): C {
  const words = command.length === 0 ? {} : flags['arguments-only'] ? { args: [...command] } : { args: undefined, command: [...command] };
  return {
    ...container,
    ...(env.length > 0 ? { env: env.map((each) => ({ ...each })) } : {}),
    ...(flags.image ? { image: flags.image } : {}),
    ...(flags['image-pull-policy'] ? { imagePullPolicy: flags['image-pull-policy'] } : {}),
    ...words,
    stdin: flags.stdin || undefined,
    tty: flags.tty || undefined,
  };
}

const onlyFile = { terminationMessagePolicy: 'File' };

/** The container to add to a running pod. */
export function ephemeralContainer(name: string, ask: Asked): EphemeralContainer {
  const { target, profile } = ask.flags;
  const container = asked<EphemeralContainer>({ name, ...onlyFile, ...(target ? { targetContainerName: target } : {}) }, ask);
  return profiledContainer(container, profile, 'ephemeral');
}

/** A pod in the node's namespaces, with the node's files under /host as far as the profile says so. */
export function nodePod(node: Node, namespace: string, names: { readonly pod: string; readonly container: string }, ask: Asked): Pod {
  const { profile } = ask.flags;
  const container = asked<Container>({ name: names.container, ...onlyFile }, ask);
  const spec = {
    containers: [profiledContainer(container, profile, 'node')],
    nodeName: node.metadata.name,
    restartPolicy: 'Never',
    tolerations: [{ operator: 'Exists' }],
  };
  const metadata = { name: names.pod, namespace, labels: { 'app.kubernetes.io/managed-by': 'kubectl-debug' } };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: profiledPod(spec, profile, 'node') };
}

/** A copy of a pod, and the container in it that is the debugger's; none where only images were changed. */
export interface Copy {
  readonly pod: Pod;
  readonly container: string | undefined;
  /** Whether the container is new. */
  readonly added: boolean;
}

/**
 * @param fresh a name for a container that is added without one.
 * @throws Error when there is nothing to run in the copy.
 */
export function podCopy(pod: Pod, ask: Asked, fresh: string): Copy {
  const { flags, images } = ask;
  const containers = pod.spec.containers.map((container) => imaged(container, images));
  const existing = containers.find(({ name }) => name === flags.container);
  if (!existing && flags.image === '') {
    if (images.size === 0) throw new Error('you must specify an existing container or a new image when specifying args.');
    const { annotations, labels } = pod.metadata;
    return { pod: copyOf(pod, ask, { annotations, labels }, containers), container: undefined, added: false };
  }
  const name = flags.container || fresh;
  const changed = asked<Container>(existing ?? { name, ...onlyFile }, ask);
  const all = existing ? containers.map((each) => (each === existing ? changed : each)) : [...containers, changed];
  const { profile } = flags;
  const shown = all.map((each) => trimmed(each === changed ? profiledContainer(each, profile, 'copy') : each, ask));
  const copy = copyOf(pod, ask, keptMeta(pod, ask), shown);
  const { initContainers, ...rest } = copy.spec;
  const spec = initContainers && (profile === 'legacy' || flags['keep-init-containers']) ? copy.spec : rest;
  return { pod: { ...copy, spec: profiledPod(spec, profile, 'copy') }, container: name, added: !existing };
}

/** Labels would let the copy be taken for the pod; the legacy profile keeps what is left anyway. */
function keptMeta({ metadata }: Pod, { flags }: Asked): Pick<Pod['metadata'], 'annotations' | 'labels'> {
  const legacy = flags.profile === 'legacy';
  return {
    annotations: legacy || flags['keep-annotations'] ? metadata.annotations : undefined,
    labels: !legacy && flags['keep-labels'] ? metadata.labels : undefined,
  };
}

function copyOf(
  { metadata, spec }: Pod,
  { flags, images, shareProcesses }: Asked,
  kept: Pick<Pod['metadata'], 'annotations' | 'labels'>,
  containers: Container[],
): Pod {
  const { ephemeralContainers: _e, nodeName, initContainers, ...rest } = spec;
  return {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { ...kept, name: flags['copy-to'], namespace: metadata.namespace } },
    spec: {
      ...rest,
      containers,
      ...(initContainers ? { initContainers: initContainers.map((each) => imaged(each, images)) } : {}),
      ...(flags['same-node'] && nodeName ? { nodeName } : {}),
      ...(shareProcesses === undefined ? {} : { shareProcessNamespace: shareProcesses }),
    },
  };
}

function imaged(container: Container, images: Asked['images']): Container {
  const image = images.get(container.name) ?? images.get('*');
  return image === undefined ? container : { ...container, image };
}

/** Without the probes that would stop a container that is being looked at. */
function trimmed(container: Container, { flags }: Asked): Container {
  if (flags.profile === 'legacy') return container;
  const { livenessProbe, readinessProbe, startupProbe, ...rest } = container;
  return {
    ...rest,
    ...(livenessProbe && flags['keep-liveness'] ? { livenessProbe } : {}),
    ...(readinessProbe && flags['keep-readiness'] ? { readinessProbe } : {}),
    ...(startupProbe && flags['keep-startup'] ? { startupProbe } : {}),
  };
}
