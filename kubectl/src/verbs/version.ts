import { readJson } from '@keelson/client';
import { toYaml } from '@keelson/machinery';
import { defineVerb } from '../types.ts';
import { clientVersion } from '../version.ts';

/** The kustomize that kubectl 1.36 carries. We carry none, but tools read the line. */
const kustomizeVersion = 'v5.8.1';

export const verb = defineVerb({
  usage: 'version [flags] [options]',
  flags: {
    client: { type: 'bool', help: 'If true, shows client version only (no server required).' },
    output: { type: 'string', short: 'o', help: "One of 'yaml' or 'json'." },
  },
  async run({ args, flags, cluster, shell }) {
    if (args.length > 0) throw new Error(`extra arguments: [${args.join(' ')}]`);
    if (flags.output !== '' && flags.output !== 'json' && flags.output !== 'yaml') throw new Error("--output must be 'yaml' or 'json'");
    const client = { clientVersion, kustomizeVersion };
    const serverVersion = flags.client ? undefined : await serverInfo().catch((error: unknown) => ({ failure: error }));
    const failed = serverVersion && typeof serverVersion === 'object' && 'failure' in serverVersion;
    const info = serverVersion && !failed ? { ...client, serverVersion } : client;
    if (flags.output === 'json') shell.stdout.write(`${JSON.stringify(info, null, 2)}\n`);
    else if (flags.output === 'yaml') shell.stdout.write(toYaml(info));
    else {
      shell.stdout.write(`Client Version: ${clientVersion.gitVersion}\nKustomize Version: ${kustomizeVersion}\n`);
      if (serverVersion && !failed) shell.stdout.write(`Server Version: ${(serverVersion as { gitVersion: string }).gitVersion}\n`);
    }
    if (failed) throw serverVersion.failure;

    async function serverInfo(): Promise<unknown> {
      return readJson(await cluster.api.raw({ method: 'GET', path: '/version' }));
    }
  },
});
