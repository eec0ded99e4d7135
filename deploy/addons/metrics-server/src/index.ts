export { component } from './run.ts';
