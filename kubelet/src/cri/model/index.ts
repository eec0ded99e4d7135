export { ModelRuntime } from './model.ts';
export type { Behaviour, LogLine, ModelCall, ModelOptions } from './options.ts';
