import { ContainerAllocateResponse } from '../../cri/grpc/codec/deviceplugin.ts';
import type { Held } from './holdings.ts';

/** What outlives the kubelet: who holds what, and which resources had healthy devices. */
export interface Remembered {
  readonly held: readonly Held[];
  /** Ids by resource. */
  readonly registered: Readonly<Record<string, readonly string[]>>;
}

interface Entry {
  readonly PodUID: string;
  readonly ContainerName: string;
  readonly ResourceName: string;
  /** Ids by NUMA node. */
  readonly DeviceIDs: Readonly<Record<string, readonly string[]>>;
  /** In base64. */
  readonly AllocResp: string;
}

interface Data {
  readonly PodDeviceEntries: readonly Entry[] | null;
  readonly RegisteredDevices: Readonly<Record<string, readonly string[]>>;
}

/** The text of Kubernetes' `kubelet_internal_checkpoint`: either kubelet goes on where the other ended. */
export function checkpointText({ held, registered }: Remembered): string {
  const entries = held.map(
    ({ podUid, container, resource, devices, response }): Entry => ({
      PodUID: podUid,
      ContainerName: container,
      ResourceName: resource,
      DeviceIDs: Object.fromEntries([...devices].map(([node, ids]) => [String(node), ids])),
      AllocResp: Buffer.from(ContainerAllocateResponse.encode(response).finish()).toString('base64'),
    }),
  );
  const Data = { PodDeviceEntries: entries.length > 0 ? entries : null, RegisteredDevices: sorted(registered) };
  return JSON.stringify({ Data, Checksum: checksum(Data) });
}

/** @throws Error when it is not one, or not whole. */
export function readCheckpoint(text: string): Remembered {
  const { Data, Checksum } = JSON.parse(text) as { readonly Data: Data; readonly Checksum: number };
  if (checksum(Data) !== Checksum) throw new Error('checkpoint is corrupted');
  const held = (Data.PodDeviceEntries ?? []).map(
    (entry): Held => ({
      podUid: entry.PodUID,
      container: entry.ContainerName,
      resource: entry.ResourceName,
      devices: new Map(Object.entries(entry.DeviceIDs).map(([node, ids]) => [Number(node), ids])),
      response: ContainerAllocateResponse.decode(Buffer.from(entry.AllocResp, 'base64')),
    }),
  );
  return { held, registered: Data.RegisteredDevices ?? {} };
}

/** Kubernetes sums what Go prints of the structure, types and all, with FNV-1a. */
function checksum({ PodDeviceEntries, RegisteredDevices }: Data): number {
  const list = (ids: readonly string[]): string => `[${ids.join(' ')}]`;
  const entries = (PodDeviceEntries ?? []).map((one) => {
    const nodes = Object.keys(one.DeviceIDs)
      .map(Number)
      .sort((a, b) => a - b);
    const devices = nodes.map((node) => `${node}:${list(one.DeviceIDs[node] ?? [])}`).join(' ');
    const names = `PodUID:(string)${one.PodUID} ContainerName:(string)${one.ContainerName} ResourceName:(string)${one.ResourceName}`;
    const response = [...Buffer.from(one.AllocResp, 'base64')].join(' ');
    return `{${names} DeviceIDs:(checkpoint.DevicesPerNUMA)map[${devices}] AllocResp:([]uint8)[${response}]}`;
  });
  const shown = PodDeviceEntries ? `[${entries.join(' ')}]` : '<nil>';
  const registered = Object.entries(sorted(RegisteredDevices)).map(([resource, ids]) => `${resource}:${list(ids)}`);
  const text = `PodDeviceEntries:([]checkpoint.PodDevicesEntry)${shown} RegisteredDevices:(map[string][]string)map[${registered.join(' ')}]`;
  return fnv32a(Buffer.from(`(checkpoint.checkpointData){${text}}`));
}

function sorted<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function fnv32a(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
