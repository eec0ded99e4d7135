import { toYaml } from '@keelson/machinery';
import { UsageError } from '../errors.ts';
import { kustomize } from '../kustomize/folder.ts';
import { defineVerb } from '../types.ts';

export const verb = defineVerb({
  usage: 'kustomize DIR [options]',
  description: 'Build a set of KRM resources using a kustomization.yaml file. Resources, bases and files are read from this machine only.',
  examples: [
    '# Build the current working directory',
    'kubectl kustomize',
    '# Build some shared configuration directory',
    'kubectl kustomize /home/config/production',
  ],
  flags: {
    output: { type: 'string', short: 'o', help: 'If specified, write output to this path.' },
  },
  async run({ args, flags, shell }) {
    if (args.length > 1) throw new UsageError('specify one path to kustomization.yaml', 'none');
    const objects = await kustomize(args[0] ?? '.', shell);
    const text = objects.map((object) => toYaml(object)).join('---\n');
    if (flags.output === '') return void shell.stdout.write(text);
    const { writeFile } = await import('node:fs/promises');
    await writeFile(flags.output, text);
  },
});
