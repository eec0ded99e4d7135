import { compareQuantities, parseQuantity } from '@keelson/machinery';
import type { PersistentVolume, PersistentVolumeClaim } from '@keelson/types';

export type Expansion =
  | { readonly type: 'none' }
  /** The claim names a volume that is not bound to it, or not seen yet. */
  | { readonly type: 'unbound' }
  /** Only the volume's own driver can do it. */
  | { readonly type: 'external' };

/** What is to be done about the size a claim asks for. `volume` is the one it names. */
export function planExpansion(claim: PersistentVolumeClaim, volume: PersistentVolume | undefined): Expansion {
  if (claim.status?.phase !== 'Bound' || !wantsMore(claim)) return { type: 'none' };
  const ref = volume?.spec?.claimRef;
  const { namespace, name, uid } = claim.metadata;
  const isOurs = ref?.uid === uid && ref?.namespace === namespace && ref?.name === name;
  return isOurs ? { type: 'external' } : { type: 'unbound' };
}

function wantsMore({ spec, status }: PersistentVolumeClaim): boolean {
  const wanted = spec?.resources?.requests?.storage;
  const has = status?.capacity?.storage;
  return wanted !== undefined && compareQuantities(parseQuantity(wanted), parseQuantity(has ?? '0')) > 0;
}
