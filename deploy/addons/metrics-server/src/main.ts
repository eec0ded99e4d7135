import { runMain } from '@keelson/component';
import { component } from './run.ts';

await runMain(component);
