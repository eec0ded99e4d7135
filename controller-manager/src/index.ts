export { controllers } from './controllers/index.ts';
export type { ControllerConfig, ControllerEntry } from './controllers/types.ts';
export { discover, servedKinds } from './discovery.ts';
export { type ControllerManager, type ControllerManagerDeps, createControllerManager, defaultConfig } from './manager.ts';
export { component } from './run.ts';
export { metadataOnly } from './transports.ts';
