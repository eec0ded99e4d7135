export { run } from './run.ts';
export type { Output, Shell } from './types.ts';
