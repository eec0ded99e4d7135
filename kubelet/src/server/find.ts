import type { ContainerState } from '../cri/types.ts';
import { allContainers, latest } from '../pod/containers.ts';
import { podName, podNamespace } from '../pod/naming.ts';
import type { PodRecord } from '../worker/record.ts';

/** A request that cannot be answered; `code` is the HTTP status. */
export class RequestError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'RequestError';
    this.code = code;
  }
}

/** @throws RequestError 404 when no such pod is on this node, or it is another than `uid` names. */
export function findPod(records: readonly PodRecord[], namespace: string, name: string, uid?: string): PodRecord {
  // A static pod that was changed has two records of one name for a while: the later one is meant.
  const found = records.findLast(
    (record) => podName(record.pod) === name && podNamespace(record.pod) === namespace && (!uid || record.uid === uid),
  );
  if (!found) throw new RequestError(404, `pod does not exist`);
  return found;
}

/** The running instance of a container. @throws RequestError when there is none. */
export function findRunning(record: PodRecord, container: string): ContainerState {
  const instance = record.observed.containers.find((each) => each.name === container && each.phase === 'running');
  if (!instance) throw new RequestError(404, `container not found ("${container}")`);
  return instance;
}

/** The instance whose log is asked for, in Kubernetes' words when there is none. @throws RequestError */
export function findLogged(record: PodRecord, container: string, previous: boolean): ContainerState {
  const pod = podName(record.pod);
  if (!allContainers(record.pod).some((each) => each.container.name === container)) {
    throw new RequestError(404, `container "${container}" in pod "${pod}" is not available`);
  }
  if (previous) {
    const ended = record.observed.containers.filter((each) => each.name === container && each.phase === 'exited');
    const newest = latest(record.observed, container);
    // One that has ended again has had its predecessor removed: it is the previous one itself, whether or not it is shown as waiting yet.
    const standsIn = newest?.phase === 'exited' && (newest.attempt > 0 || isWaiting(record, container));
    const found = ended.find((each) => each.id !== newest?.id) ?? (standsIn ? newest : undefined);
    if (!found) throw new RequestError(400, `previous terminated container "${container}" in pod "${pod}" not found`);
    return found;
  }
  const found = record.observed.containers.find((each) => each.name === container && each.phase !== 'created');
  if (found) return found;
  const waiting = statusOf(record, container)?.state?.waiting;
  const why = waiting?.reason ? `is waiting to start: ${waiting.message || waiting.reason}` : 'is not available';
  throw new RequestError(400, `container "${container}" in pod "${pod}" ${why}`);
}

function isWaiting(record: PodRecord, container: string): boolean {
  return statusOf(record, container)?.state?.waiting !== undefined;
}

function statusOf({ status }: PodRecord, container: string) {
  return [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ].find((each) => each.name === container);
}
