export * from './backoff.ts';
export * from './clock.ts';
export * from './duration.ts';
export * from './errors.ts';
export * from './heap.ts';
export * from './log.ts';
export * from './queue.ts';
export * from './random.ts';
