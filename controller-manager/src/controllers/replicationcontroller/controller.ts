import type { Clock } from '@keelson/base';
import type { ControllerDefinition } from '@keelson/runtime';
import { ReplicationController } from '@keelson/types';
import { type Family, replicasController } from '../replicaset/controller.ts';

/** A ReplicationController is a ReplicaSet whose selector is labels only. */
const replicationControllers: Family<ReplicationController> = {
  name: 'replicationcontroller',
  kind: ReplicationController,
  statusResource: 'replicationcontrollers/status',
  view: (controller) => ({ ...controller, spec: { ...controller.spec, selector: { matchLabels: controller.spec.selector } } }),
  withStatus(controller, { terminatingReplicas: _unknown, ...status }) {
    return { ...controller, status };
  },
};

/** Keeps as many pods of each ReplicationController's template as it wants. */
export function replicationControllerController(workers: number, clock: Clock): ControllerDefinition {
  return replicasController(replicationControllers, workers, clock);
}
