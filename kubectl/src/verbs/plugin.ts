import { basename } from 'node:path';
import { findPlugins, type Plugin, pluginPrefix } from '../plugins.ts';
import { defineVerb, type Verb, type VerbEntry } from '../types.ts';

const list: Verb = defineVerb({
  usage: 'plugin list [flags] [options]',
  flags: { 'name-only': { type: 'bool', help: 'If true, display only the binary name of each plugin, rather than its full path' } },
  async run({ flags, shell }) {
    const { verbs } = await import('./index.ts');
    const skip = (folder: string): unknown =>
      shell.stderr.write(
        `Unable to read directory ${JSON.stringify(folder)} from your PATH: open ${folder}: no such file or directory. Skipping...\n`,
      );
    const plugins = findPlugins(shell, skip);
    if (plugins.length === 0) throw new Error('unable to find any kubectl plugins in your PATH');
    shell.stdout.write('The following compatible plugins are available:\n\n');
    let count = 0;
    for (const plugin of plugins) {
      shell.stdout.write(`${flags['name-only'] ? plugin.name : plugin.path}\n`);
      for (const problem of problemsOf(plugin, plugins, verbs)) {
        shell.stderr.write(`  - warning: ${problem}\n`);
        count++;
      }
    }
    if (count > 0) throw new Error(count === 1 ? 'one plugin warning was found' : `${count} plugin warnings were found`);
  },
});

function problemsOf({ name, path, executable }: Plugin, plugins: readonly Plugin[], verbs: readonly VerbEntry[]): string[] {
  const verb = name.slice(pluginPrefix.length);
  if (verbs.some((each) => each.name === verb)) return [`${basename(path)} overwrites existing command: "kubectl ${verb}"`];
  if (!executable) return [`${path} identified as a kubectl plugin, but it is not executable`];
  const first = plugins.find((each) => each.name === name);
  return first && first.path !== path ? [`${path} is overshadowed by a similarly named plugin: ${first.path}`] : [];
}

const subverbs: readonly VerbEntry[] = [
  { name: 'list', summary: "List all visible plugin executables on a user's PATH", load: async () => list },
];

export const verb: Verb = defineVerb({ usage: 'plugin [flags] [options]', flags: {}, subverbs });
