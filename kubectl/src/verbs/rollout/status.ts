import { getCondition } from '@keelson/machinery';
import type { DaemonSet, Deployment, StatefulSet } from '@keelson/types';
import type { AnyObject } from '../../types.ts';

/** How far a rollout is, in kubectl's words. */
export interface RolloutStatus {
  readonly message: string;
  readonly done: boolean;
}

/**
 * The state of a rollout.
 * @param revision wanted; 0 for whichever is the latest.
 * @throws Error when it failed, or the kind has none.
 */
export function rolloutStatus(object: AnyObject, revision = 0): RolloutStatus {
  switch (object.kind) {
    case 'Deployment':
      return deploymentStatus(object as unknown as Deployment, revision);
    case 'DaemonSet':
      return daemonSetStatus(object as unknown as DaemonSet);
    case 'StatefulSet':
      return statefulSetStatus(object as unknown as StatefulSet);
    default: {
      const [group] = object.apiVersion?.includes('/') ? object.apiVersion.split('/') : [''];
      throw new Error(`no status viewer has been implemented for ${object.kind}${group ? `.${group}` : ''}`);
    }
  }
}

const waiting = (message: string): RolloutStatus => ({ message: `${message}\n`, done: false });
const done = (message: string): RolloutStatus => ({ message: `${message}\n`, done: true });

function deploymentStatus({ metadata, spec, status = {} }: Deployment, revision: number): RolloutStatus {
  const name = metadata.name ?? '';
  const current = Number(metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0);
  if (revision > 0 && revision !== current)
    throw new Error(`desired revision (${revision}) is different from the running revision (${current})`);
  if ((metadata.generation ?? 0) > (status.observedGeneration ?? 0)) return waiting('Waiting for deployment spec update to be observed...');
  if (getCondition(status.conditions, 'Progressing')?.reason === 'ProgressDeadlineExceeded') {
    throw new Error(`deployment "${name}" exceeded its progress deadline`);
  }
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  const prefix = `Waiting for deployment "${name}" rollout to finish:`;
  const wanted = spec?.replicas ?? 1;
  if (updatedReplicas < wanted) return waiting(`${prefix} ${updatedReplicas} out of ${wanted} new replicas have been updated...`);
  if (replicas > updatedReplicas) return waiting(`${prefix} ${replicas - updatedReplicas} old replicas are pending termination...`);
  if (availableReplicas < updatedReplicas)
    return waiting(`${prefix} ${availableReplicas} of ${updatedReplicas} updated replicas are available...`);
  return done(`deployment "${name}" successfully rolled out`);
}

function daemonSetStatus({ metadata, spec, status }: DaemonSet): RolloutStatus {
  const name = metadata.name ?? '';
  if (spec?.updateStrategy?.type === 'OnDelete') throw new Error('rollout status is only available for RollingUpdate strategy type');
  if ((metadata.generation ?? 0) > (status?.observedGeneration ?? 0))
    return waiting('Waiting for daemon set spec update to be observed...');
  const { updatedNumberScheduled = 0, desiredNumberScheduled = 0, numberAvailable = 0 } = status ?? {};
  const prefix = `Waiting for daemon set "${name}" rollout to finish:`;
  if (updatedNumberScheduled < desiredNumberScheduled) {
    return waiting(`${prefix} ${updatedNumberScheduled} out of ${desiredNumberScheduled} new pods have been updated...`);
  }
  if (numberAvailable < desiredNumberScheduled)
    return waiting(`${prefix} ${numberAvailable} of ${desiredNumberScheduled} updated pods are available...`);
  return done(`daemon set "${name}" successfully rolled out`);
}

function statefulSetStatus({ metadata, spec, status }: StatefulSet): RolloutStatus {
  if (spec?.updateStrategy?.type === 'OnDelete') throw new Error('rollout status is only available for RollingUpdate strategy type');
  if ((metadata.generation ?? 0) > (status?.observedGeneration ?? 0))
    return waiting('Waiting for statefulset spec update to be observed...');
  const wanted = spec?.replicas ?? 1;
  const { readyReplicas = 0, updatedReplicas = 0, updateRevision = '', currentRevision = '', currentReplicas = 0 } = status ?? {};
  if (readyReplicas < wanted) return waiting(`Waiting for ${wanted - readyReplicas} pods to be ready...`);
  const partition = spec?.updateStrategy?.rollingUpdate?.partition;
  if (partition !== undefined) {
    if (updatedReplicas >= wanted - partition)
      return done(`partitioned roll out complete: ${updatedReplicas} new pods have been updated...`);
    return waiting(
      `Waiting for partitioned roll out to finish: ${updatedReplicas} out of ${wanted - partition} new pods have been updated...`,
    );
  }
  if (updateRevision !== currentRevision) {
    return waiting(`waiting for statefulset rolling update to complete ${updatedReplicas} pods at revision ${updateRevision}...`);
  }
  return done(`statefulset rolling update complete ${currentReplicas} pods at revision ${currentRevision}...`);
}
