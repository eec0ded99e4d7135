export { program } from './commands/index.ts';
