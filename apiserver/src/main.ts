import { runMain } from '@keelson/component';
import { apiserver } from './run.ts';

await runMain(apiserver);
