import { errorMessage } from '@keelson/base';
import type { Api } from '@keelson/client';
import { PersistentVolume, PersistentVolumeClaim, type Pod } from '@keelson/types';
import { podSpec } from '../pod/containers.ts';
import { podNamespace } from '../pod/naming.ts';
import { claimName, type Found } from './claims.ts';

/** What the server says of a pod's claims now, by claim. Never rejects: an answer may be the message of an error. */
export async function fetchClaims(api: Pick<Api, 'get'>, pod: Pod): Promise<ReadonlyMap<string, Found>> {
  const names = new Set((podSpec(pod).volumes ?? []).flatMap((volume) => claimName(pod, volume) ?? []));
  return new Map(await Promise.all(Array.from(names, async (name) => [name, await fetchClaim(api, podNamespace(pod), name)] as const)));
}

async function fetchClaim(api: Pick<Api, 'get'>, namespace: string, name: string): Promise<Found> {
  const claim = await api.get(PersistentVolumeClaim, { namespace, name }).catch(errorMessage);
  const bound = typeof claim === 'string' ? undefined : claim.spec.volumeName;
  return { claim, volume: bound ? await api.get(PersistentVolume, { name: bound }).catch(errorMessage) : undefined };
}
