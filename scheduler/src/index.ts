export { Cycle, type Decision, type Diagnosis, type Ranking } from './cycle/cycle.ts';
export { preemptionMessage, unschedulableMessage } from './cycle/message.ts';
export type { SchedulerDeps } from './deps.ts';
export { plugins } from './plugins/index.ts';
export type { ClusterEvent, Plugin } from './plugins/types.ts';
export { component } from './run.ts';
export { createScheduler, type Scheduler } from './scheduler.ts';
