import { errorMessage } from '@keelson/base';
import { runMain } from '@keelson/component';
import { apiserverOf } from './run.ts';
import { versionFlag } from './version-flag.ts';

const { argv, version } = readVersion();
process.argv = argv;
await runMain(apiserverOf(version));

function readVersion(): ReturnType<typeof versionFlag> {
  try {
    return versionFlag(process.argv);
  } catch (error) {
    process.stderr.write(`kube-apiserver: ${errorMessage(error)}\n`);
    process.exit(1);
  }
}
