import type { PersistentVolumeClaimSpec, PodSpec } from '@keelson/types';
import { everyContainer } from './pod-spec/every-container.ts';

/** Signals to stop with, groups that are scheduled together, and files from bundles and certificates that no server of 1.36 keeps by itself. */
export function dropFromPod(spec: PodSpec | undefined): void {
  if (!spec) return;
  delete spec.schedulingGroup;
  for (const [container] of everyContainer(spec)) {
    if (container.lifecycle?.stopSignal === undefined) continue;
    const { stopSignal: _stopSignal, ...hooks } = container.lifecycle;
    container.lifecycle = Object.keys(hooks).length > 0 ? hooks : undefined;
  }
  for (const { projected } of spec.volumes ?? [])
    for (const source of projected?.sources ?? []) {
      delete source.clusterTrustBundle;
      delete source.podCertificate;
    }
}

/** A claim is filled from its own namespace. What an older one says of another stays. */
export function dropFromClaim(spec: PersistentVolumeClaimSpec | undefined, old?: PersistentVolumeClaimSpec): void {
  if (spec?.dataSourceRef && !old?.dataSourceRef) delete spec.dataSourceRef.namespace;
}
