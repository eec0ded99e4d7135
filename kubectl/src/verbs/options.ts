import { optionsHelp } from '../help.ts';
import { defineVerb } from '../types.ts';

export const verb = defineVerb({
  usage: 'options',
  flags: {},
  async run({ shell }) {
    shell.stdout.write(optionsHelp());
  },
});
