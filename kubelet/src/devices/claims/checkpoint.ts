import { crc32 } from 'node:zlib';
import type { Claim, ClaimDevice } from './book.ts';

interface DeviceEntry {
  readonly PoolName: string;
  readonly DeviceName: string;
  readonly ShareID?: string;
  readonly RequestNames: readonly string[] | null;
  readonly CDIDeviceIDs: readonly string[] | null;
}

interface Entry {
  readonly ClaimUID: string;
  readonly ClaimName: string;
  readonly Namespace: string;
  readonly PodUIDs: Readonly<Record<string, object>>;
  readonly DriverState: Readonly<Record<string, { readonly Devices: readonly DeviceEntry[] | null }>>;
}

const kind = 'DRACheckpoint';
const apiVersion = 'checkpoint.dra.kubelet.k8s.io/v1';

/** The text of Kubernetes' `dra_manager_state`: either kubelet goes on where the other ended. */
export function checkpointText(claims: readonly Claim[]): string {
  const Entries = claims.map(
    ({ uid, name, namespace, pods, drivers }): Entry => ({
      ClaimUID: uid,
      ClaimName: name,
      Namespace: namespace,
      PodUIDs: Object.fromEntries([...pods].sort().map((pod) => [pod, {}])),
      DriverState: Object.fromEntries(
        [...drivers].sort(([a], [b]) => (a < b ? -1 : 1)).map(([driver, devices]) => [driver, { Devices: listed(devices.map(entryOf)) }]),
      ),
    }),
  );
  const Data = JSON.stringify({ kind, apiVersion, Entries: listed(Entries) });
  return JSON.stringify({ Data, Checksum: crc32(Data) });
}

/** @throws Error when it is not one, or not whole. */
export function readCheckpoint(text: string): readonly Claim[] {
  const { Data, Checksum } = JSON.parse(text) as { readonly Data: string; readonly Checksum: number };
  if (crc32(Data) !== Checksum) throw new Error('checkpoint is corrupted');
  const { Entries } = JSON.parse(Data) as { readonly Entries: readonly Entry[] | null };
  return (Entries ?? []).map((entry) => ({
    uid: entry.ClaimUID,
    name: entry.ClaimName,
    namespace: entry.Namespace,
    pods: new Set(Object.keys(entry.PodUIDs)),
    drivers: new Map(Object.entries(entry.DriverState).map(([driver, { Devices }]) => [driver, (Devices ?? []).map(deviceOf)])),
    prepared: false,
  }));
}

function entryOf({ pool, device, shareId, requests, cdi }: ClaimDevice): DeviceEntry {
  const share = shareId === undefined ? {} : { ShareID: shareId };
  return { PoolName: pool, DeviceName: device, ...share, RequestNames: listed(requests), CDIDeviceIDs: listed(cdi) };
}

function deviceOf({ PoolName, DeviceName, ShareID, RequestNames, CDIDeviceIDs }: DeviceEntry): ClaimDevice {
  const share = ShareID === undefined ? {} : { shareId: ShareID };
  return { pool: PoolName, device: DeviceName, ...share, requests: RequestNames ?? [], cdi: CDIDeviceIDs ?? [] };
}

/** Go writes a list that was never filled as null. */
function listed<T>(list: readonly T[]): readonly T[] | null {
  return list.length > 0 ? list : null;
}
