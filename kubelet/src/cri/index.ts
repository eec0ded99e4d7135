export { GrpcRuntime, type GrpcRuntimeOptions } from './grpc/index.ts';
export { type Behaviour, type LogLine, type ModelCall, type ModelOptions, ModelRuntime } from './model/index.ts';
export type * from './types.ts';
export { RuntimeError } from './types.ts';
