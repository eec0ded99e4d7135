import { isHeldFor, isPodTerminal } from '@keelson/machinery';
import type { AttachedVolume, CSIDriver, Node, PersistentVolume, PersistentVolumeClaim, Pod, VolumeAttachment } from '@keelson/types';

/** What the controller sees of the cluster for one node. */
export interface View {
  readonly nodeName: string;
  /** undefined: it is gone. */
  readonly node: Node | undefined;
  /** For how many milliseconds the named attachment, which nobody wants, has been left because its node uses it. */
  waited(name: string): number;
  /** All pods of the node. Those that have ended hold nothing: what they leave mounted, the node says it uses. */
  readonly pods: readonly Pod[];
  /** The same of another node. */
  podsOn(nodeName: string): readonly Pod[];
  /** Of the whole cluster. */
  readonly attachments: readonly VolumeAttachment[];
  /** By `namespace/name`. */
  claim(key: string): PersistentVolumeClaim | undefined;
  volume(name: string): PersistentVolume | undefined;
  driver(name: string): CSIDriver | undefined;
  /** The name Kubernetes gives the attachment of a driver's volume to a node. */
  nameOf(handle: string, driver: string, nodeName: string): string;
}

/** What is to be told of a volume, to each pod that uses it. */
export interface Notice {
  readonly pod: Pod;
  readonly type: 'Normal' | 'Warning';
  readonly reason: 'FailedAttachVolume' | 'SuccessfulAttachVolume';
  readonly message: string;
}

export interface AttachPlan {
  readonly create: readonly VolumeAttachment[];
  /** Names. */
  readonly remove: readonly string[];
  readonly notices: readonly Notice[];
  /** What the node's status is to say is attached to it, before anything is removed. */
  readonly attached: readonly AttachedVolume[];
  /** Names of attachments that nobody wants any more and that the node still uses. */
  readonly waiting: readonly string[];
}

interface Wanted {
  readonly attachment: VolumeAttachment;
  readonly volume: PersistentVolume;
  readonly pods: Pod[];
}

/** What the node's pods ask to be attached to it, against what is. */
export function planAttachments(view: View): AttachPlan {
  const wanted = wantedOf(view);
  const present = new Map(view.attachments.map((one) => [one.metadata.name ?? '', one]));
  const create: VolumeAttachment[] = [];
  const notices: Notice[] = [];
  for (const [name, want] of wanted) {
    const attachment = present.get(name);
    const holders = attachment ? [] : takers(want.volume, view);
    if (!attachment && holders.length === 0) create.push(want.attachment);
    const told = holders.length > 0 ? takenElsewhere(want, holders, view) : attachment && outcome(want, attachment);
    if (told) for (const pod of want.pods) notices.push({ pod, ...told });
  }
  const ours = view.attachments.filter(({ metadata, spec }) => isOurs(spec, view) && !metadata.deletionTimestamp);
  const unwanted = ours.filter(({ metadata }) => !wanted.has(metadata.name ?? ''));
  const waiting = new Set(unwanted.filter((one) => isHeld(one, view)).map(({ metadata }) => metadata.name ?? ''));
  const remove = unwanted.map(({ metadata }) => metadata.name ?? '').filter((name) => !waiting.has(name));
  const staying = ours.filter(({ metadata, status }) => status?.attached && !remove.includes(metadata.name ?? ''));
  const attached = staying.map((one) => ({ name: nameInStatus(one, view), devicePath: '' }));
  return { create, remove, notices, attached, waiting: [...waiting] };
}

/** How the status of a node calls an attached volume. */
function nameInStatus({ spec }: VolumeAttachment, view: View): string {
  const volume = view.volume(spec.source.persistentVolumeName ?? '');
  return `kubernetes.io/csi/${spec.attacher}^${volume?.spec?.csi?.volumeHandle ?? ''}`;
}

/** As long as Kubernetes waits for a node that does not answer to let a volume go, in milliseconds. */
const patience = 360_000;

/** Whether the node has it mounted, and may still write to it. */
function isHeld(attachment: VolumeAttachment, view: View): boolean {
  const { node } = view;
  if (!node?.status?.volumesInUse?.includes(nameInStatus(attachment, view))) return false;
  if (node.spec?.taints?.some(({ key }) => key === 'node.kubernetes.io/out-of-service')) return false;
  const ready = node.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  return ready || view.waited(attachment.metadata.name ?? '') < patience;
}

function wantedOf(view: View): ReadonlyMap<string, Wanted> {
  const wanted = new Map<string, Wanted>();
  for (const pod of view.pods) {
    if (isPodTerminal(pod)) continue;
    for (const volume of volumesOf(pod, view)) {
      const { driver = '', volumeHandle = '' } = volume.spec?.csi ?? {};
      const name = view.nameOf(volumeHandle, driver, view.nodeName);
      const known = wanted.get(name);
      if (known) known.pods.push(pod);
      else wanted.set(name, { attachment: attachmentOf(name, driver, volume, view.nodeName), volume, pods: [pod] });
    }
  }
  return wanted;
}

/** The pod's volumes whose drivers attach them to nodes. A driver nobody told of does, as in Kubernetes. */
function volumesOf({ metadata, spec }: Pod, view: View): PersistentVolume[] {
  return (spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    const claimName = persistentVolumeClaim?.claimName ?? (ephemeral ? `${metadata.name}-${name}` : undefined);
    const claim = claimName === undefined ? undefined : view.claim(`${metadata.namespace}/${claimName}`);
    const volume = claim?.status?.phase === 'Bound' ? view.volume(claim.spec.volumeName ?? '') : undefined;
    if (!claim || !volume?.spec?.csi || !isHeldFor(volume, claim)) return [];
    return view.driver(volume.spec.csi.driver)?.spec.attachRequired === false ? [] : [volume];
  });
}

function attachmentOf(name: string, attacher: string, { metadata }: PersistentVolume, nodeName: string): VolumeAttachment {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'VolumeAttachment',
    metadata: { name },
    spec: { attacher, nodeName, source: { persistentVolumeName: metadata.name } },
  };
}

/** Only a volume of a claim is ours to detach, and only from this node. */
function isOurs({ nodeName, attacher, source }: VolumeAttachment['spec'], view: View): boolean {
  const volume = nodeName === view.nodeName && source.persistentVolumeName ? view.volume(source.persistentVolumeName) : undefined;
  return volume !== undefined && volume.spec?.csi?.driver === attacher;
}

/** Other nodes that a volume for one node at a time is attached to. */
function takers({ metadata, spec }: PersistentVolume, { attachments, nodeName }: View): string[] {
  const single = (spec?.accessModes ?? []).every((mode) => mode === 'ReadWriteOnce' || mode === 'ReadWriteOncePod');
  const others = attachments.filter((one) => one.spec.source.persistentVolumeName === metadata.name && one.spec.nodeName !== nodeName);
  return single ? others.map((one) => one.spec.nodeName) : [];
}

type Told = Omit<Notice, 'pod'>;

/** Names the pods that hold it, where they are there still. A volume is of one claim, so they are all of one namespace. */
function takenElsewhere({ volume }: Wanted, holders: readonly string[], view: View): Told {
  const uses = (pod: Pod): boolean => !isPodTerminal(pod) && volumesOf(pod, view).includes(volume);
  const names = holders.flatMap((nodeName) => view.podsOn(nodeName).filter(uses)).map(({ metadata }) => metadata.name);
  const why =
    names.length > 0
      ? `Volume is already used by pod(s) ${names.join(', ')}`
      : "Volume is already exclusively attached to one node and can't be attached to another";
  const message = `Multi-Attach error for volume "${volume.metadata.name}" ${why}`;
  return { type: 'Warning', reason: 'FailedAttachVolume', message };
}

function outcome({ volume }: Wanted, { status }: VolumeAttachment): Told | undefined {
  const about = `for volume "${volume.metadata.name}"`;
  if (status?.attached) return { type: 'Normal', reason: 'SuccessfulAttachVolume', message: `AttachVolume.Attach succeeded ${about} ` };
  if (!status?.attachError) return undefined;
  return {
    type: 'Warning',
    reason: 'FailedAttachVolume',
    message: `AttachVolume.Attach failed ${about} : ${status.attachError.message ?? ''}`,
  };
}
