import { toYaml } from '@keelson/machinery';
import { UsageError } from '../errors.ts';
import { kustomize } from '../kustomize/folder.ts';
import { defineVerb } from '../types.ts';

/** What upstream gives to plugins and to helm, neither of which is run here: taken, so that scripts need not be changed. */
const pluginFlags = {
  'as-current-user': { type: 'bool', help: 'use the uid and gid of the command executor to run the function in the container' },
  'enable-alpha-plugins': { type: 'bool', help: 'enable kustomize plugins' },
  'enable-helm': { type: 'bool', help: 'Enable use of the Helm chart inflator generator.' },
  env: { type: 'list', short: 'e', help: 'a list of environment variables to be used by functions' },
  'helm-api-versions': { type: 'list', help: 'Kubernetes api versions used by Helm for Capabilities.APIVersions' },
  'helm-command': { type: 'string', default: 'helm', help: 'helm command (path to executable)' },
  'helm-debug': { type: 'bool', help: 'Enable debug output from the Helm chart inflator generator.' },
  'helm-kube-version': { type: 'string', help: 'Kubernetes version used by Helm for Capabilities.KubeVersion' },
  mount: { type: 'list', help: 'a list of storage options read from the filesystem' },
  network: { type: 'bool', help: 'enable network access for functions that declare it' },
  'network-name': { type: 'string', default: 'bridge', help: 'the docker network to run the container in' },
} as const;

export const verb = defineVerb({
  usage: 'kustomize DIR [flags] [options]',
  description: 'Build a set of KRM resources using a kustomization.yaml file. Resources, bases and files are read from this machine only.',
  examples: [
    '# Build the current working directory',
    'kubectl kustomize',
    '# Build some shared configuration directory',
    'kubectl kustomize /home/config/production',
  ],
  flags: {
    ...pluginFlags,
    'load-restrictor': {
      type: 'string',
      default: 'LoadRestrictionsRootOnly',
      help: "if set to 'LoadRestrictionsNone', local kustomizations may load files from outside their root.",
    },
    output: { type: 'string', short: 'o', help: 'If specified, write output to this path.' },
  },
  async run({ args, flags, shell }) {
    if (!/^LoadRestrictions(?:RootOnly|None)$/.test(flags['load-restrictor']))
      throw new UsageError(
        `illegal flag value --load-restrictor ${flags['load-restrictor']}; legal values: [LoadRestrictionsRootOnly LoadRestrictionsNone]`,
        'none',
      );
    if (args.length > 1) throw new UsageError('specify one path to kustomization.yaml', 'none');
    const objects = await kustomize(args[0] ?? '.', shell);
    const text = objects.map((object) => toYaml(object)).join('---\n');
    if (flags.output === '') return void shell.stdout.write(text);
    const { writeFile } = await import('node:fs/promises');
    await writeFile(flags.output, text);
  },
});
