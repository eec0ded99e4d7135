import { scripts } from '../completion/scripts.ts';
import { UsageError } from '../errors.ts';
import { defineVerb } from '../types.ts';

export const verb = defineVerb({
  usage: 'completion SHELL [options]',
  description: 'The script is to be sourced: it makes the shell complete verbs, flags, resource types and the names of objects.',
  examples: [
    '# Load the completion into the current bash',
    'source <(kubectl completion bash)',
    '# Load it into the current zsh',
    'source <(kubectl completion zsh)',
    '# Load it into the current fish',
    'kubectl completion fish | source',
    '# Load it into the current powershell',
    'kubectl completion powershell | Out-String | Invoke-Expression',
  ],
  flags: {},
  async run({ args, shell }) {
    const [name] = args;
    if (name === undefined) throw new UsageError('Shell not specified.', 'examples');
    if (args.length > 1) throw new UsageError('Too many arguments. Expected only the shell type.', 'examples');
    if (!Object.hasOwn(scripts, name)) throw new UsageError(`Unsupported shell type ${JSON.stringify(name)}.`, 'examples');
    shell.stdout.write(scripts[name as keyof typeof scripts]);
  },
});
