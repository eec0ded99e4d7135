// In a file of its own so that it can be imported late and by name: a bundle knows a CommonJS package's names only where they are imported so.
export { parse } from 'yaml';
